# SPDX-License-Identifier: Apache-2.0
. /lab/xfer.sh
say() { echo "lab: $*"; }
bad() { say "error: $*"; exit 1; }
seconds=${TCP_SECONDS:-5}
eth0=/sys/class/net/eth0

ip addr add 10.9.0.12/24 dev eth0
ip link set eth0 up
[ "$(cat $eth0/mtu)" = 9000 ] || bad "eth0 came with MTU $(cat $eth0/mtu), not 9000"
[ "$(nproc)" = 2 ] || bad "$(nproc) CPUs, not 2"
[ -e $eth0/queues/rx-1 ] && [ -e $eth0/queues/tx-1 ] || bad "eth0 has one queue pair"
n=0
until ping -c 1 -W 1 -s 8972 10.9.0.1 >/dev/null 2>&1; do
	n=$((n + 1))
	[ $n -lt 15 ] || bad "the outside does not answer through the card"
done
say "2 CPUs, 2 queue pairs, 9000-byte packets to the outside"

# Windows that the rings hold (256 buffers, 6 a frame): with larger ones the outside outruns a guest
# this slow, and what it loses then is no error. Within them nothing may be lost.
sysctl -qw net.ipv4.tcp_rmem="4096 131072 131072"
# nothing of these may move
errors()
{
	cat $eth0/statistics/*_errors $eth0/statistics/*_dropped
	awk '$1 == "Tcp:" { if (n) print $n; for (i = 1; !n && i <= NF; i++) if ($i == "InErrs") n = i }' /proc/net/snmp
	awk '$1 == "Tcp:" { if (n) print $n; for (i = 1; !n && i <= NF; i++) if ($i == "InCsumErrors") n = i }' /proc/net/snmp
}
before=$(errors | tr '\n' ' ')
stat() { cat $eth0/statistics/$1; }
# tcp WHAT COUNTER COMMAND...: two connections at once
tcp()
{
	local what=$1 counter=$2 from to
	shift 2
	from=$(stat "$counter")
	"$@" &
	"$@"
	wait
	to=$(stat "$counter")
	[ $((to - from)) -gt 1000000 ] || bad "TCP $what moved only $((to - from)) bytes"
	say "$seconds s of TCP $what: $(awk -v b=$((to - from)) -v s="$seconds" 'BEGIN { printf "%.1f Mbit/s", b * 8 / s / 1e6 }')"
}
send() { timeout "$seconds" nc 10.9.0.1 5001 </dev/zero >/dev/null; }
receive() { sleep "$seconds" | timeout "$seconds" nc 10.9.0.1 5002 >/dev/null; }
tcp "to the outside" tx_bytes send
tcp "from the outside" rx_bytes receive
bytes=$((${SIZE_MIB:-2} << 20))
xfer_fetch 10.9.0.1 5000 "$bytes" >/tmp/said || bad "$(cat /tmp/said)"
say "$(cat /tmp/said)"
xfer_send 10.9.0.1 5000 "$bytes" >/tmp/said || bad "$(cat /tmp/said)"
say "$(cat /tmp/said)"
after=$(errors | tr '\n' ' ')
[ "$before" = "$after" ] || bad "error counters moved: $before to $after"
say "no error counter of the guest moved"
say done
sleep 1000
