# SPDX-License-Identifier: Apache-2.0
# Runs at the wire's far end, in its network namespace.
set -e
sysctl -qw net.ipv6.conf.all.disable_ipv6=1
sysctl -qw net.ipv4.conf.all.arp_ignore=1 # an address answers on its own VLAN only
ip addr add 10.9.0.1/24 dev w0
ip addr add 10.9.20.1/24 dev w0.20
ip addr add 10.9.20.3/24 dev w0.30
"$LAB_BUILD/sdk/lab/xfer-server" 0.0.0.0 5000
busybox nc -ll -p 5001 -e sh -c 'cat >/dev/null' &
busybox nc -ll -p 5002 -e sh -c 'cat /dev/zero' &
# a guest asks for 100 frames to an address that is nobody's
ip neigh add 10.9.0.99 lladdr 52:54:00:99:99:99 dev w0
busybox nc -ll -p 5003 -e sh -c 'ping -q -c 100 -i 0.01 -W 1 10.9.0.99 >/dev/null; echo sent' &
touch "$LAB_READY"
sleep 900
