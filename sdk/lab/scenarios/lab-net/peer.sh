# SPDX-License-Identifier: Apache-2.0
# Runs at the wire's far end, in its network namespace; w0 is the wire, w0.7 its VLAN 7.
set -e
sysctl -qw net.ipv6.conf.all.disable_ipv6=1
ip addr add 10.9.0.1/24 dev w0
ip addr add 10.9.7.1/24 dev w0.7
"$LAB_BUILD/sdk/lab/xfer-server" 0.0.0.0 5000
touch "$LAB_READY"
sleep 600
