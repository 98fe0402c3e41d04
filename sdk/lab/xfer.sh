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

# xfer_talk ADDRESS PORT SECONDS COMMAND...: the server hears what COMMAND says; prints its answer.
# Our side stays open until then: passt does not bear connections that are closed by half.
xfer_talk()
{
	local address=$1 port=$2 limit=$3 pipe talker rc=0
	shift 3
	pipe=$(mktemp -u /tmp/xfer.XXXXXX)
	mkfifo "$pipe" || return 1
	{ "$@"; exec sleep "$limit"; } >"$pipe" &
	talker=$!
	timeout "$limit" nc "$address" "$port" <"$pipe" || rc=$?
	{ kill $talker && wait $talker; } 2>/dev/null
	rm -f "$pipe"
	return $rc
}

# xfer_fetch ADDRESS PORT BYTES: fetches them to /tmp/xfer
xfer_fetch()
{
	local t
	t=$(xfer_clock)
	xfer_talk "$1" "$2" 300 echo "get $3" >/tmp/xfer
	xfer_done fetched "$3" "$t" "$(xfer_talk "$1" "$2" 60 echo "sum $3")" \
		"$(sha256sum </tmp/xfer | cut -d' ' -f1)"
}

xfer_put() { echo "put $1"; cat /tmp/xfer; }

# xfer_send ADDRESS PORT BYTES: sends /tmp/xfer, which holds that many
xfer_send()
{
	local t got
	t=$(xfer_clock)
	got=$(xfer_talk "$1" "$2" 300 xfer_put "$3")
	xfer_done sent "$3" "$t" "$(sha256sum </tmp/xfer | cut -d' ' -f1)" "$got"
}
