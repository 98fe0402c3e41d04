# SPDX-License-Identifier: Apache-2.0
# Runs in the guest, an unmodified Debian kernel with busybox.
. /lab/xfer.sh
bytes=$((${SIZE_MIB:-64} << 20))

[ -e /sys/class/net/eth0 ] || { echo "lab: no eth0"; exit 1; }
ip addr add 10.0.2.15/24 dev eth0
ip link set eth0 up
echo "lab: eth0 is $(basename "$(readlink /sys/class/net/eth0/device/driver)"), $(cat /sys/class/net/eth0/address)"
n=0
while ! ping -c 1 -W 1 10.0.2.2 >/dev/null 2>&1; do
	n=$((n + 1))
	[ $n -lt 20 ] || { echo "lab: 10.0.2.2 does not answer"; exit 1; }
done
echo "lab: 10.0.2.2 answers to ping"
if [ "$LAB_SHELL" = 1 ]; then
	echo "This is the guest. eth0 is 10.0.2.15; the development host is 10.0.2.2. \"poweroff -f\" ends it."
	exit 0
fi
set -o pipefail
xfer_fetch 10.0.2.2 "$XFER_PORT" "$bytes" | sed 's/^/lab: /' || exit 1
xfer_send 10.0.2.2 "$XFER_PORT" "$bytes" | sed 's/^/lab: /' || exit 1
