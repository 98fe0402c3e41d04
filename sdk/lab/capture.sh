# SPDX-License-Identifier: Apache-2.0
# For after.sh: tshark's verdict on a capture of a wire.

capture_fail() { echo "lab: error: $*"; exit 1; }

# capture_count PCAP FILTER: how many frames match. Payloads of TCP and UDP are read as data: a
# transfer's random bytes would be taken for some protocol, and malformed.
capture_count()
{
	local frames
	frames=$(TZ=UTC tshark -n -Q -r "$1" -d tcp.port==1-65535,data -d udp.port==1-65535,data \
		-o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE -o udp.check_checksum:TRUE \
		-Y "$2" -T fields -e frame.number 2>&1) ||
		capture_fail "tshark does not read $1: $frames" >&2
	printf '%s' "$frames" | grep -c '^[0-9]' || true
}

# capture_has PCAP FILTER WHAT
capture_has()
{
	local n
	n=$(capture_count "$1" "$2") || exit 1
	[ "$n" -gt 0 ] || capture_fail "no $3 in $1"
}

# capture_lacks PCAP FILTER WHAT
capture_lacks()
{
	local n
	n=$(capture_count "$1" "$2") || exit 1
	[ "$n" = 0 ] || capture_fail "$n frames with $3 in $1 (tshark -r it -Y '$2')"
}

# capture_sound PCAP: frames there are, none malformed, and every checksum is right
capture_sound()
{
	[ -s "$1" ] || capture_fail "there is no capture $1"
	capture_has "$1" frame frames
	capture_lacks "$1" _ws.malformed 'malformed contents'
	# 0xffff and 0 are the same sum (RFC 1624 section 3): cards write either, tshark wants the latter
	capture_lacks "$1" '(ip.checksum.status == "Bad" && ip.checksum != 0xffff) || (tcp.checksum.status == "Bad" && tcp.checksum != 0xffff) || (udp.checksum.status == "Bad" && udp.checksum != 0xffff) || icmp.checksum.status == "Bad"' \
		'a wrong checksum'
}
