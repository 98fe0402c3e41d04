#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. /lab/lib.sh
. /lab/xfer.sh
bytes=$((${SIZE_MIB:-8} << 20))

modprobe e1000e || fail "e1000e does not load"
modprobe 8021q
sysctl -qw net.ipv6.conf.all.disable_ipv6=1
ip addr add 10.0.2.15/24 dev eth0
ip link set eth0 up
ip addr add 10.9.0.2/24 dev eth1
ip link set eth1 mtu 9000 up
vconfig add eth1 7 >/dev/null
ip addr add 10.9.7.2/24 dev eth1.7
ip link set eth1.7 up
wait_for 10 ping -c 1 -W 1 10.0.2.2 || fail "10.0.2.2 does not answer on the user network"

xfer_fetch 10.0.2.2 "$XFER_PORT" $bytes >/tmp/said || fail "$(cat /tmp/said)"
say "user network: $(cat /tmp/said)"
xfer_send 10.0.2.2 "$XFER_PORT" $bytes >/tmp/said || fail "$(cat /tmp/said)"
say "user network: $(cat /tmp/said)"

wait_for 10 ping -c 1 -W 1 10.9.0.1 || fail "10.9.0.1 does not answer on the wire"
ping -c 3 -s 8972 10.9.0.1 | grep -q ' 3 packets received' || fail "no jumbo frames on the wire"
ping -c 3 -s 8968 10.9.7.1 | grep -q ' 3 packets received' || fail "no tagged frames on the wire"
say "wire: frames of 9000 bytes and VLAN 7 pass"
xfer_fetch 10.9.0.1 5000 $bytes >/tmp/said || fail "$(cat /tmp/said)"
say "wire: $(cat /tmp/said)"
xfer_send 10.9.7.1 5000 $bytes >/tmp/said || fail "$(cat /tmp/said)"
say "wire, VLAN 7: $(cat /tmp/said)"
[ "$(dmar_faults)" = 0 ] || fail "DMAR faults: $(dmesg | grep -m1 'fault addr')"
