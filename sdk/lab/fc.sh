# SPDX-License-Identifier: Apache-2.0
# For host.sh: a Fibre Channel fabric and a target behind it, on this machine.

# fc_wait SOCKET LOG: until somebody has made it
fc_wait()
{
	for _ in $(seq 50); do
		[ ! -S "$1" ] || return 0
		sleep 0.1
	done
	echo "$1 does not appear: $(tail -1 "$2")" >&2
	exit 1
}

# fc_fabric PORT...: F_Ports, sockets in $LAB_WIRES; what they forward is in fabric.pcap, unless
# FC_CAPTURE=no, for what moves gigabytes
fc_fabric()
{
	local ports= capture=(--pcap "$LAB_OUT/fabric.pcap")
	[ "${FC_CAPTURE:-yes}" = yes ] || capture=()
	for p; do
		ports=$ports${ports:+,}$LAB_WIRES/$p
	done
	"$LAB_BUILD/fc-fabric" --port "$ports" --control "$LAB_WIRES/fabric" "${capture[@]}" \
		>"$LAB_OUT/fabric.log" 2>&1 </dev/null &
	fc_wait "$LAB_WIRES/$1" "$LAB_OUT/fabric.log"
}

# fc_target PORT LUN...: a disk array at a port of the fabric; each LUN as fc-target has it
fc_target()
{
	local args=() port=$1
	shift
	for l; do
		args+=(--lun "$l")
	done
	"$LAB_BUILD/fc-target" --wire "fc:$LAB_WIRES/$port" --wwpn 5000000000000a01 \
		--wwnn 5000000000000a00 "${args[@]}" --control "$LAB_WIRES/target" \
		>"$LAB_OUT/target.log" 2>&1 </dev/null &
	fc_wait "$LAB_WIRES/target" "$LAB_OUT/target.log"
}
