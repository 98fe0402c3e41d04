# SPDX-License-Identifier: Apache-2.0
# The far end of the wire: a Linux host in a network namespace of its own, with VLANs 20 and 30.
set -e
export LAB_READY=$LAB_WIRES/ready
"$LAB_BUILD/sdk/lab/wire-peer" --pcap "$LAB_OUT" \
	--wire "w0=$LAB_WIRES/w0.peer:$LAB_WIRES/w0.server" --vlan w0.20 --vlan w0.30 \
	-- sh "$LAB_SCENARIO/peer.sh" >"$LAB_OUT/peer.log" 2>&1 </dev/null &
for _ in $(seq 50); do
	[ ! -e "$LAB_READY" ] || exit 0
	sleep 0.1
done
cat "$LAB_OUT/peer.log" >&2
exit 1
