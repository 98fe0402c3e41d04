#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. /lab/lib.sh
. /lab/xfer.sh
bytes=$((${SIZE_MIB:-4} << 20))

modprobe e1000e || fail "e1000e does not load"
modprobe 8021q
[ "$(basename "$(readlink /sys/class/net/eth0/device/driver)")" = e1000e ] || fail "e1000e does not bind"
[ "$(cat /sys/class/net/eth0/address)" = 52:54:00:12:34:50 ] || fail "not the model's address"
sysctl -qw net.ipv6.conf.all.disable_ipv6=1
ip addr add 10.9.0.2/24 dev eth0
ip link set eth0 up
wait_for 20 grep -q 1 /sys/class/net/eth0/carrier || fail "no link"
say "e1000e: link up, $(cat /sys/class/net/eth0/speed) Mbit/s, $(grep -c eth0 /proc/interrupts) MSI-X vectors"
vconfig add eth0 7 >/dev/null
ip addr add 10.9.7.2/24 dev eth0.7
ip link set eth0.7 up

wait_for 20 ping -c 1 -W 1 10.9.0.1 || fail "10.9.0.1 does not answer"
ping -c 5 -A 10.9.0.1 >/results/ping || fail "ping: $(tail -2 /results/ping | head -1)"
say "ping: $(tail -1 /results/ping)"
ping -c 3 10.9.7.1 | grep -q ' 3 packets received' || fail "no tagged frames"
for peer in 10.9.0.1 10.9.7.1; do
	xfer_fetch $peer 5000 $bytes >/tmp/said || fail "$(cat /tmp/said)"
	say "$(cat /tmp/said)"
	xfer_send $peer 5000 $bytes >/tmp/said || fail "$(cat /tmp/said)"
	say "$(cat /tmp/said)"
done
ethtool -S eth0 >/results/counters || fail "ethtool -S fails"
[ "$(sed -n 's/^ *rx_packets: //p' /results/counters)" -gt 1000 ] || fail "rx_packets stands still"
# Not rx_no_buffer_count: frames that waited in the card, whose pause frames kept them from loss.
wrong=$(grep -E '(err|drop|fail|miss|timeout|over|abort|hung|restart)[a-z_]*: [1-9]' /results/counters)
[ -z "$wrong" ] || fail "error counters:" $wrong
say "$(grep -c : /results/counters) counters, none of an error moved"
# The priorities below 5 are warnings and worse.
wrong=$(dmesg -r | grep -E '^<[0-4]>.*(e1000e|eth0)')
[ -z "$wrong" ] || fail "the kernel log: $(echo "$wrong" | head -1)"
[ "$(dmar_faults)" = 0 ] || fail "DMAR faults: $(dmesg | grep -m1 'fault addr')"
