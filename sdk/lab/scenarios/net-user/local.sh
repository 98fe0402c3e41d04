#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A set with passt as its uplink, in a network of its own whose only other machine is this one.
. "$LAB_SRC/sdk/lab/local-lib.sh"
own_network
command -v passt >/dev/null || fail "no passt: install passt"
socket=$LAB_WIRES/port

# passt tells the guest the address and the gateway of the interface with the default route
ip link set lo up
ip tuntap add dev t0 mode tap
ip addr add 10.0.2.15/24 dev t0
ip link set t0 up
ip route add default via 10.0.2.2
ip addr add 10.5.0.1/24 dev lo
"$LAB_BUILD/sdk/lab/xfer-server" 10.5.0.1 5000 >/dev/null
"$LAB_BUILD/sdk/lab/xfer-server" 127.0.0.1 5001 >/dev/null

start_set "{\"name\": \"user\", \"passt\": true, \"ports\": [{\"name\": \"p0\", \"socket\": \"$socket\"}]}"
wait_for "no port" test -S "$socket"
qemu_guest 90 "$socket"

"$LAB_BUILD/vmhi" port list --json >"$LAB_OUT/ports.json"
jq -e 'all(.[]; .drops.nobuf == 0 and .drops.bad == 0)' "$LAB_OUT/ports.json" >/dev/null ||
	fail "frames were dropped: $(jq -c 'map({name, drops})' "$LAB_OUT/ports.json")"
sent=$(jq '.[] | select(.name == "passt") | .rx_bytes' "$LAB_OUT/ports.json")
say "passt sent $sent bytes"
