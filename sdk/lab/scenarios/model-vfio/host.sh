# SPDX-License-Identifier: Apache-2.0
# The far end of the card's wire; it asks the model for faults.
set -e
"$LAB_BUILD/tests/plugin-host/plugin-peer" --pcap "$LAB_OUT/w0.pcap" \
	--faults "$LAB_WIRES/model0.faults" "$LAB_WIRES/w0.peer" "$LAB_WIRES/w0.server" \
	>"$LAB_OUT/peer.log" 2>&1 </dev/null &
for _ in $(seq 50); do
	[ ! -S "$LAB_WIRES/w0.peer" ] || exit 0
	sleep 0.1
done
exit 1
