#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Parameters: BACKEND=driverd (default) starts a set of ours with a tap as its uplink;
# BACKEND=testpmd starts DPDK's back end instead, to tell a fault of ours from one of QEMU;
# PACKED=off takes packed virtqueues away from the guest;
# PORT_SOCKET=PATH uses a port that is already there, with 10.9.0.1 port 5000 behind it.
. "$LAB_SRC/sdk/lab/local-lib.sh"
own_network
socket=${PORT_SOCKET:-$LAB_WIRES/port}

start_driverd()
{
	ip tuntap add dev tap0 mode tap
	start_set "{\"name\": \"qemu-guest\", \"tap\": \"tap0\", \"ports\": [{\"name\": \"p0\", \"socket\": \"$socket\"}]}"
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

qemu_guest 190 "$socket" "packed=${PACKED:-on}"
rings=$([ "${PACKED:-on}" = on ] && echo packed || echo split)
grep -q "eth0 has $rings virtqueues" "$LAB_OUT/guest.log" || fail "the guest did not take $rings virtqueues"
