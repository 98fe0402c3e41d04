# SPDX-License-Identifier: Apache-2.0
# A transfer server for the user network, where this machine is 10.0.2.2, and a wire with a peer.
set -e
port=$("$LAB_BUILD/sdk/lab/xfer-server" 127.0.0.1 0)
echo "XFER_PORT=$port"
export LAB_READY=$LAB_WIRES/ready
"$LAB_BUILD/sdk/lab/wire-peer" --pcap "$LAB_OUT" \
	--wire "w0=$LAB_WIRES/w0.peer:$LAB_WIRES/w0.server" --vlan w0.7 -- sh "$LAB_SCENARIO/peer.sh" \
	>"$LAB_OUT/peer.log" 2>&1 </dev/null &
for _ in $(seq 50); do
	[ ! -e "$LAB_READY" ] || exit 0
	sleep 0.1
done
cat "$LAB_OUT/peer.log" >&2
exit 1
