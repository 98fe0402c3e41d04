# SPDX-License-Identifier: Apache-2.0
# A card whose transmit queue stands still: the driver notices within two seconds and gives the card up, its
# set fences it and starts the driver anew, and the guest's stream goes on without a new connection.
. "$(dirname "$0")/lib.sh"

command -v jq >/dev/null || skip "jq is missing"
command -v perl >/dev/null || skip "perl is missing"
card --faults "$tmp/faults"
stream_over "$build/plugins/nic/intel/82574/82574.so"
wait_for 5 eval '[ "$(status spare)" != 0 ]' || die "no spare at the start"
ask watch
perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Type => SOCK_DGRAM, Peer => $ARGV[0])->send("tx hang 0")' \
	"$tmp/faults" || die "the model takes no faults"
wait_for 15 eval '[ "$(status restarts)" = 1 ]' ||
	die "$(status restarts) restarts in 15 s: $(tail -1 "$tmp/log")"
flows "the restart"
grep -q 'a transmit queue stands still' "$tmp/log" || fault "the driver does not say why"
stream_ends
keeper_ends "a set whose card hung"
ended
