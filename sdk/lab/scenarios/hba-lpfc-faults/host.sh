# SPDX-License-Identifier: Apache-2.0
# A fabric, a target with two LUNs, and what passes the server's wishes on to both. FC_CAPTURE=no:
# without a capture of every frame.
set -e
cd "$LAB_WIRES"

# wait_socket PATH LOG: until somebody listens there
wait_socket()
{
	local i
	for i in $(seq 50); do
		[ ! -S "$1" ] || return 0
		sleep 0.1
	done
	echo "nobody listens at $1: $(tail -1 "$2")" >&2
	exit 1
}

truncate -s 256M lun0
truncate -s 16M lun1
: >asked
capture=(--pcap "$LAB_OUT/fabric.pcap")
[ "${FC_CAPTURE:-yes}" = yes ] || capture=()
"$LAB_BUILD/fc-fabric" --port "$PWD/card.port,$PWD/target.port" --control "$PWD/fabric" \
	"${capture[@]}" >"$LAB_OUT/fabric.log" 2>&1 </dev/null &
wait_socket target.port "$LAB_OUT/fabric.log"
"$LAB_BUILD/fc-target" --wire "fc:$PWD/target.port" --wwpn 5000000000000a01 --wwnn 5000000000000a00 \
	--lun "0=$PWD/lun0" --lun "1=$PWD/lun1" --control "$PWD/target" \
	>"$LAB_OUT/target.log" 2>&1 </dev/null &
wait_socket target "$LAB_OUT/target.log"
tail -n +1 -f asked 2>/dev/null | "$LAB_BUILD/sdk/lab/switches" "$PWD" >"$LAB_OUT/switches.log" 2>&1 &
