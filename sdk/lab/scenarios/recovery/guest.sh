# SPDX-License-Identifier: Apache-2.0
# Fetches and sends, and says when it begins and when it is through: the server kills in between.
. /lab/xfer.sh
bytes=$((${SIZE_MIB:-24} << 20))

ip addr add 10.0.2.15/24 dev eth0 && ip link set eth0 up || exit 1
n=0
while ! ping -c 1 -W 1 10.0.2.2 >/dev/null 2>&1; do
	n=$((n + 1))
	[ $n -lt 20 ] || { echo "lab: 10.0.2.2 does not answer"; exit 1; }
done
echo "lab: transfer begins"
set -o pipefail
xfer_fetch 10.0.2.2 "$XFER_PORT" "$bytes" | sed 's/^/lab: /' || exit 1
xfer_send 10.0.2.2 "$XFER_PORT" "$bytes" | sed 's/^/lab: /' || exit 1
