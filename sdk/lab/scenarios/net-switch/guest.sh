# SPDX-License-Identifier: Apache-2.0
# Guest b answers; guest a does the asking.
. /lab/xfer.sh
say() { echo "lab: $ROLE: $*"; }
bad() { say "error: $*"; exit 1; }
seconds=${SECONDS_OF_TCP:-30}

sysctl -qw net.ipv6.conf.all.disable_ipv6=1
[ "$ROLE" = a ] && me=2 peer_b=3 || me=3
[ "$ROLE" = a ] && other=12 || other=13
ip addr add 10.9.0.1$me/24 dev eth0
ip addr add 10.9.20.$other/24 dev eth1
ip link set eth0 up
ip link set eth1 up
[ "$(cat /sys/class/net/eth0/mtu)" = 9000 ] || bad "eth0 came with MTU $(cat /sys/class/net/eth0/mtu), not 9000"
[ "$(nproc)" = 2 ] || bad "$(nproc) CPUs, not 2"

if [ "$ROLE" = b ]; then
	nc -ll -p 5001 -e sh -c 'cat >/dev/null' &
	nc -ll -p 5002 -e sh -c 'cat /dev/zero' &
	say ready
	sleep 1000
fi

answers() { ping -c 1 -W 1 "$@" >/dev/null 2>&1; }
until_answers() { for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do answers "$@" && return 0; done; return 1; }

until_answers 10.9.0.13 || bad "guest b does not answer through the switch"
until_answers 10.9.0.1 || bad "the outside does not answer through the card"
answers -s 8972 10.9.0.13 || bad "no 9000-byte packets to guest b"
answers -s 8972 10.9.0.1 || bad "no 9000-byte packets to the outside"
say "guest b and the outside answer, with 9000-byte packets too"

until_answers 10.9.20.1 || bad "VLAN 20 does not reach the outside"
! answers 10.9.20.13 || bad "guest b's VLAN 30 answered on VLAN 20"
! answers 10.9.20.3 || bad "the outside's VLAN 30 answered on VLAN 20"
say "VLAN 20 reaches the outside's VLAN 20 and neither VLAN 30"

# counters before the TCP runs; nothing of these may move
errors() { cat /sys/class/net/eth0/statistics/*_errors /sys/class/net/eth0/statistics/*_dropped | tr '\n' ' '; }
before=$(errors)
rate() { awk -v a="$1" -v b="$2" -v s="$seconds" 'BEGIN { printf "%.1f Mbit/s", (b - a) * 8 / s / 1e6 }'; }
stat() { cat /sys/class/net/eth0/statistics/$1; }
tcp()
{
	local rx tx
	rx=$(stat rx_bytes) tx=$(stat tx_bytes)
	case $2 in
	out) timeout "$seconds" nc "$3" "$4" </dev/zero >/dev/null ;;
	in) sleep "$seconds" | timeout "$seconds" nc "$3" "$4" >/dev/null ;;
	esac
	case $2 in
	out) rx=$tx rate_now=$(stat tx_bytes) ;;
	in) rate_now=$(stat rx_bytes) ;;
	esac
	[ $((rate_now - rx)) -gt 1000000 ] || bad "TCP $1 moved only $((rate_now - rx)) bytes"
	say "$seconds s of TCP $1: $(rate "$rx" "$rate_now")"
}
tcp "to the outside" out 10.9.0.1 5001
tcp "from the outside" in 10.9.0.1 5002
seconds=10
tcp "to guest b" out 10.9.0.13 5001
tcp "from guest b" in 10.9.0.13 5002
xfer_fetch 10.9.0.1 5000 $((64 << 20)) >/tmp/said || bad "$(cat /tmp/said)"
say "$(cat /tmp/said)"
xfer_send 10.9.0.1 5000 $((64 << 20)) >/tmp/said || bad "$(cat /tmp/said)"
say "$(cat /tmp/said)"
after=$(errors)
[ "$before" = "$after" ] || bad "eth0's error counters moved: $before to $after"

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
