# SPDX-License-Identifier: Apache-2.0
. /lab/xfer.sh
wait_link()
{
	for _ in $(seq 50); do
		[ "$(cat /sys/class/net/eth0/carrier 2>/dev/null)" = 1 ] && return 0
		sleep 0.2
	done
	return 1
}
sysctl -qw net.ipv6.conf.all.disable_ipv6=1
ip addr add 10.9.0.2/24 dev eth0 && ip link set eth0 up || exit 1
wait_link || { echo "guest: eth0 has no carrier"; exit 1; }
# bit 34 of the features
case $(cut -c 35 /sys/class/net/eth0/device/features) in
1) echo "guest: eth0 has packed virtqueues" ;;
*) echo "guest: eth0 has split virtqueues" ;;
esac
ping -c 3 -W 2 10.9.0.1 || exit 1
xfer_fetch 10.9.0.1 5000 $((${SIZE_MIB:-8} << 20)) && xfer_send 10.9.0.1 5000 $((${SIZE_MIB:-8} << 20))
