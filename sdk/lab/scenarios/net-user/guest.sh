# SPDX-License-Identifier: Apache-2.0
# passt gives the guest the host's own address and its gateway.
. /lab/xfer.sh
bytes=$((${SIZE_MIB:-8} << 20))

sysctl -qw net.ipv6.conf.all.disable_ipv6=1
ip addr add 10.0.2.15/24 dev eth0 && ip link set eth0 up && ip route add default via 10.0.2.2 || exit 1
xfer_fetch 10.5.0.1 5000 "$bytes" && xfer_send 10.5.0.1 5000 "$bytes" || exit 1
# the gateway is no way to what listens on the host's loopback only
if [ "$(echo "sum 1" | timeout 3 nc 10.0.2.2 5001)" ]; then
	echo "guest: the gateway's address leads to the host's loopback"
	exit 1
fi
