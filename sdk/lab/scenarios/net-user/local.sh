#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A set with passt as its uplink, in a network of its own whose only other machine is this one.
set -euo pipefail

say() { echo "lab: $*"; }
fail() { echo "lab: error: $*"; exit 1; }

if [ "${1:-}" != inside ]; then
	flags=-n
	[ "$(id -u)" = 0 ] || flags=-rn
	exec unshare $flags --kill-child bash "$0" inside
fi
command -v passt >/dev/null || fail "no passt: install passt"

keeper=
trap '[ -z "$keeper" ] || { kill $keeper && wait $keeper; } 2>/dev/null || true' EXIT
socket=$LAB_WIRES/port
export VMHI_RUN_DIR=$LAB_WIRES/run

# passt tells the guest the address and the gateway of the interface with the default route
ip link set lo up
ip tuntap add dev t0 mode tap
ip addr add 10.0.2.15/24 dev t0
ip link set t0 up
ip route add default via 10.0.2.2
ip addr add 10.5.0.1/24 dev lo
"$LAB_BUILD/sdk/lab/xfer-server" 10.5.0.1 5000 >/dev/null
"$LAB_BUILD/sdk/lab/xfer-server" 127.0.0.1 5001 >/dev/null

echo "{\"name\": \"user\", \"passt\": true, \"ports\": [{\"name\": \"p0\", \"socket\": \"$socket\"}]}" \
	>"$LAB_OUT/set.json"
"$LAB_BUILD/vmhi-driverd" --config "$LAB_OUT/set.json" >"$LAB_OUT/keeper.log" 2>&1 </dev/null &
keeper=$!
for _ in $(seq 100); do
	[ ! -S "$socket" ] || break
	sleep 0.1
done
[ -S "$socket" ] || fail "no port: $(tail -n 1 "$LAB_OUT/keeper.log")"

# QEMU 7.2 crashes on MSI-X of a vhost-user card under software emulation: vectors=0
log=$LAB_OUT/guest.log
timeout 90 qemu-system-x86_64 -accel tcg,thread=multi -smp 2 -cpu max -m 256 -nodefaults -no-reboot \
	-M q35,memory-backend=m0 -object memory-backend-memfd,id=m0,size=256M,share=on \
	-kernel "$LAB_GUEST/vmlinux" -initrd "$LAB_GUEST/initramfs" \
	-append "console=ttyS0 quiet nokaslr mitigations=off cryptomgr.notests panic=-1" \
	-display none -serial "file:$log" \
	-chardev "socket,id=c0,path=$socket" -netdev vhost-user,id=n0,chardev=c0 \
	-device virtio-net-pci,netdev=n0,vectors=0,romfile=,mac=52:54:00:12:34:60 \
	</dev/null >"$LAB_OUT/qemu.log" 2>&1 || fail "QEMU ended with status $?: $(tail -n 1 "$LAB_OUT/qemu.log")"
tr -d '\r' <"$log" | sed -n 's/^guest: /lab: guest: /p; s/^xfer: /lab: guest: /p'
grep -q '^guest-status: 0' "$log" ||
	fail "guest.sh failed, and said last: $(tr -d '\r' <"$log" | grep -v -e '^guest-status' -e '^\[' | tail -1)"

"$LAB_BUILD/vmhi" port list --json >"$LAB_OUT/ports.json"
jq -e 'all(.[]; .drops.nobuf == 0 and .drops.bad == 0)' "$LAB_OUT/ports.json" >/dev/null ||
	fail "frames were dropped: $(jq -c 'map({name, drops})' "$LAB_OUT/ports.json")"
sent=$(jq '.[] | select(.name == "passt") | .rx_bytes' "$LAB_OUT/ports.json")
say "passt sent $sent bytes"
