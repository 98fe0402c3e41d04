# SPDX-License-Identifier: Apache-2.0
# One TCP connection each way at once, until the far end ends what it sends. Then: are the checksums the
# same, and did this kernel see anything?
. /lab/xfer.sh
far=10.9.0.1
most=$((1 << 32))
eth0=/sys/class/net/eth0

sysctl -qw net.ipv6.conf.all.disable_ipv6=1
ip addr add 10.9.0.2/24 dev eth0 && ip link set eth0 up || exit 1
n=0
until ping -c 1 -W 1 $far >/dev/null 2>&1; do
	n=$((n + 1))
	[ $n -lt 20 ] || { echo "guest: $far does not answer"; exit 1; }
done
dmesg -c >/dev/null
changes=$(cat $eth0/carrier_changes)

mkfifo /tmp/in /tmp/out
sha256sum </tmp/in >/tmp/in.sum &
in_sum=$!
sha256sum </tmp/out >/tmp/out.sum &
out_sum=$!
blocks() { while [ ! -e /tmp/stop ]; do head -c 65536 /dev/urandom; done; }
{ echo "put $most"; blocks | tee /tmp/out; } | nc $far 5000 >/tmp/answer &
sender=$!
t=$(xfer_clock)
xfer_talk $far 5000 300 echo "get $most" | tee /tmp/in | wc -c >/tmp/in.bytes
touch /tmp/stop
wait $sender $in_sum $out_sum

bytes=$(cat /tmp/in.bytes)
xfer_done fetched "$bytes" "$t" "$(xfer_talk $far 5000 60 echo "sum $bytes")" "$(cut -d' ' -f1 /tmp/in.sum)" &&
	xfer_done sent "all its" "$t" "$(cut -d' ' -f1 /tmp/out.sum)" "$(cat /tmp/answer)" || exit 1
changes=$(($(cat $eth0/carrier_changes) - changes))
said=$(dmesg | grep -e eth0 -e virtio -e 'NETDEV WATCHDOG')
[ $changes = 0 ] || { echo "guest: eth0's link changed $changes times"; exit 1; }
[ -z "$said" ] || { echo "guest: its kernel said: $said"; exit 1; }
echo "guest: eth0's link never changed, and the kernel said nothing of it"
