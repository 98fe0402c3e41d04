#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Parameters: BACKEND=driverd (default) starts a set of ours with a tap as its uplink;
# BACKEND=testpmd starts DPDK's back end instead, to tell a fault of ours from one of QEMU;
# PACKED=off takes packed virtqueues away from the guest;
# PORT_SOCKET=PATH uses a port that is already there, with 10.9.0.1 port 5000 behind it.
set -euo pipefail

say() { echo "lab: $*"; }
fail() { echo "lab: error: $*"; exit 1; }

# a network namespace of our own, for the far end; without privilege as root of a user namespace
if [ "${1:-}" != inside ]; then
	flags=-n
	[ "$(id -u)" = 0 ] || flags=-rn
	exec unshare $flags --kill-child bash "$0" inside
fi

backend=
trap '[ -z "$backend" ] || { kill $backend && wait $backend; } 2>/dev/null || true' EXIT
socket=${PORT_SOCKET:-$LAB_WIRES/port}

wait_for()
{
	for _ in $(seq 100); do
		"${@:2}" 2>/dev/null && return 0
		sleep 0.1
	done
	fail "$1; the back end said last: $(tail -n 1 "$LAB_OUT/backend.log")"
}

start_driverd()
{
	[ -x "$LAB_BUILD/vmhi-driverd" ] || fail "no $LAB_BUILD/vmhi-driverd: build first"
	ip tuntap add dev tap0 mode tap
	cat >"$LAB_OUT/set.json" <<-EOF
	{ "name": "qemu-guest", "tap": "tap0",
	  "ports": [ { "name": "p0", "socket": "$socket" } ] }
	EOF
	VMHI_RUN_DIR=$LAB_WIRES/run "$LAB_BUILD/vmhi-driverd" --config "$LAB_OUT/set.json" \
		>"$LAB_OUT/backend.log" 2>&1 </dev/null &
	backend=$!
}

start_testpmd()
{
	dpdk-testpmd -l 0,1 --no-pci --in-memory --single-file-segments -m 128 \
		--vdev "net_vhost0,iface=$socket" --vdev net_tap0,iface=tap0 -- \
		--forward-mode=io --auto-start --total-num-mbufs=8192 --stats-period 5 \
		>"$LAB_OUT/backend.log" 2>&1 </dev/null &
	backend=$!
}

ip link set lo up
if [ -z "${PORT_SOCKET:-}" ]; then
	"start_${BACKEND:-driverd}"
	wait_for "no socket $socket" test -S "$socket"
	wait_for "no tap0" test -e /proc/sys/net/ipv4/conf/tap0
	ip addr add 10.9.0.1/24 dev tap0
	ip link set tap0 up
	"$LAB_BUILD/sdk/lab/xfer-server" 0.0.0.0 5000 >/dev/null
	say "back end: ${BACKEND:-driverd}"
fi

# QEMU 7.2 crashes on MSI-X of a vhost-user card under software emulation: vectors=0
log=$LAB_OUT/guest.log
timeout 190 qemu-system-x86_64 -accel tcg,thread=multi -smp 2 -cpu max -m 256 -nodefaults -no-reboot \
	-M q35,memory-backend=m0 -object memory-backend-memfd,id=m0,size=256M,share=on \
	-kernel "$LAB_GUEST/vmlinux" -initrd "$LAB_GUEST/initramfs" \
	-append "console=ttyS0 quiet nokaslr mitigations=off cryptomgr.notests panic=-1" \
	-display none -serial "file:$log" \
	-chardev "socket,id=c0,path=$socket,reconnect=1" \
	-netdev vhost-user,id=n0,chardev=c0 \
	-device "virtio-net-pci,netdev=n0,vectors=0,romfile=,mac=52:54:00:12:34:60,packed=${PACKED:-on}" \
	</dev/null >"$LAB_OUT/qemu.log" 2>&1 || fail "QEMU ended with status $?: $(tail -n 1 "$LAB_OUT/qemu.log")"
tr -d '\r' <"$log" | sed -n 's/^guest: /lab: guest: /p; s/^xfer: /lab: guest: /p; s/^round-trip/lab: guest: ping: &/p'
grep -q '^guest-status: 0' "$log" || fail "guest.sh failed, and said last: $(tr -d '\r' <"$log" | grep -v '^guest-status' | tail -1)"
rings=$([ "${PACKED:-on}" = on ] && echo packed || echo split)
grep -q "eth0 has $rings virtqueues" "$log" || fail "the guest did not take $rings virtqueues"
[ -z "$backend" ] || kill -0 "$backend" || fail "the back end died: $(tail -n 1 "$LAB_OUT/backend.log")"
