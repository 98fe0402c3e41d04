# SPDX-License-Identifier: Apache-2.0
# The fabric: the card plugs into port0.
set -e
"$LAB_BUILD/fc-fabric" --port "$LAB_WIRES/port0" --control "$LAB_WIRES/fabric" \
	--pcap "$LAB_OUT/fabric.pcap" >"$LAB_OUT/fabric.log" 2>&1 &
for _ in $(seq 50); do
	[ ! -S "$LAB_WIRES/port0" ] || exit 0
	sleep 0.1
done
echo "fc-fabric does not listen: $(tail -1 "$LAB_OUT/fabric.log")" >&2
exit 1
