# SPDX-License-Identifier: Apache-2.0
# Guest b answers; guest a does the asking.
say() { echo "lab: $ROLE: $*"; }
bad() { say "error: $*"; exit 1; }
answers() { ping -c 1 -W 1 "$@" >/dev/null 2>&1; }
until_answers() { for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do answers "$@" && return 0; done; return 1; }

sysctl -qw net.ipv6.conf.all.disable_ipv6=1
[ "$ROLE" = a ] && me=2 || me=3
ip addr add 10.9.0.1$me/24 dev eth0
ip addr add 10.9.20.1$me/24 dev eth1
ip link set eth0 up
ip link set eth1 up
[ "$(cat /sys/class/net/eth0/mtu)" = 9000 ] || bad "eth0 came with MTU $(cat /sys/class/net/eth0/mtu), not 9000"

until_answers 10.9.0.1 || bad "the outside does not answer through the card"
answers -s 8972 10.9.0.1 || bad "no 9000-byte packets to the outside"
if [ "$ROLE" = b ]; then
	say "the outside answers, with 9000-byte packets too"
	say ready
	sleep 1000
fi
until_answers 10.9.0.13 || bad "guest b does not answer through the switch"
answers -s 8972 10.9.0.13 || bad "no 9000-byte packets to guest b"
say "guest b and the outside answer, with 9000-byte packets too"

until_answers 10.9.20.1 || bad "VLAN 20 does not reach the outside"
! answers 10.9.20.13 || bad "guest b's VLAN 30 answered on VLAN 20"
! answers 10.9.20.3 || bad "the outside's VLAN 30 answered on VLAN 20"
say "VLAN 20 reaches the outside's VLAN 20 and neither VLAN 30"

[ "$(nc 10.9.0.1 5003 </dev/null)" = sent ] || bad "the outside sends no frames to a foreign address"

mac=$(cat /sys/class/net/eth0/address)
ip link set eth0 down
ip link set eth0 address 52:54:00:66:66:66
ip link set eth0 up
ip addr add 10.9.0.12/24 dev eth0 2>/dev/null
! ping -c 3 -W 1 10.9.0.1 >/dev/null 2>&1 || bad "the outside answered a spoofed MAC"
ip link set eth0 down
ip link set eth0 address "$mac"
ip link set eth0 up
until_answers 10.9.0.1 || bad "the outside does not answer the right MAC again"
say "a spoofed MAC gets no answer"
say done
sleep 1000
