# SPDX-License-Identifier: Apache-2.0
# The near end of a transfer, for the server and the guest: ". /lab/xfer.sh". Needs busybox only.

xfer_clock() { cut -d' ' -f1 /proc/uptime; }

# xfer_done WHAT BYTES SINCE WANTED GOT: one line; fails if the checksums differ
xfer_done()
{
	[ -n "$4" ] && [ "$4" = "$5" ] || {
		echo "xfer: $1 $2 bytes: SHA-256 differs: sent '$4', arrived '$5'"
		return 1
	}
	echo "xfer: $1 $2 bytes in $(xfer_clock | awk -v a="$3" '{ print $1 - a }') s, SHA-256 $4"
}

# xfer_fetch ADDRESS PORT BYTES: fetches them to /tmp/xfer
xfer_fetch()
{
	local t
	t=$(xfer_clock)
	echo "get $3" | timeout 300 nc "$1" "$2" >/tmp/xfer
	xfer_done fetched "$3" "$t" "$(echo "sum $3" | timeout 60 nc "$1" "$2")" \
		"$(sha256sum </tmp/xfer | cut -d' ' -f1)"
}

# xfer_send ADDRESS PORT BYTES: sends /tmp/xfer, which holds that many
xfer_send()
{
	local t got
	t=$(xfer_clock)
	got=$({ echo "put $3"; cat /tmp/xfer; } | timeout 300 nc "$1" "$2")
	xfer_done sent "$3" "$t" "$(sha256sum </tmp/xfer | cut -d' ' -f1)" "$got"
}
