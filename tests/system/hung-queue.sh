# SPDX-License-Identifier: Apache-2.0
# A card whose transmit queue stands still: the driver notices within two seconds and gives the card up, its
# set fences it and starts the driver anew, and the guest's stream goes on without a new connection.
. "$(dirname "$0")/lib.sh"

command -v jq >/dev/null || skip "jq is missing"
command -v perl >/dev/null || skip "perl is missing"
"$build/plugins/nic/intel/82574/model/82574-model" --socket "$tmp/card" --faults "$tmp/faults" \
	--wire "dgram:$tmp/near,$tmp/far" --mac 52:54:00:12:34:50 2>"$tmp/model" &
model=$!
started+=($model)
wait_for 5 test -S "$tmp/card" || die "the model does not start"
cat >"$tmp/lan0.json" <<END
{"name": "lan0", "driver": "$build/plugins/nic/intel/82574/82574.so",
 "devices": [{"vfio-user": "$tmp/card"}], "ports": [{"name": "p0"}]}
END
vmhi-driverd --config "$tmp/lan0.json" 2>"$tmp/log" &
keeper=$!
started+=($keeper)
wait_for 10 test -S "$VMHI_RUN_DIR/sets/lan0/control" || die "no set: $(tail -1 "$tmp/log")"
coproc stream { exec "$build/bench/stream" "$VMHI_RUN_DIR/sets/lan0/ports/p0" "$tmp/far" \
	"$tmp/near" 1000 2>"$tmp/stream"; }

ask()
{
	echo "$1" >&"${stream[1]}" && read -r -t 40 answer <&"${stream[0]}" ||
		die "the stream ended: $(tail -1 "$tmp/stream"); $(tail -1 "$tmp/log")"
}

status() { vmhi set list --json | jq -r ".[0].$1"; }

ask "settle 10000"
[ "${answer%% *}" = runs ] || die "at the start the stream $answer: $(tail -1 "$tmp/log")"
wait_for 5 eval '[ "$(status spare)" != 0 ]' || die "no spare at the start"
ask watch
perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Type => SOCK_DGRAM, Peer => $ARGV[0])->send("tx hang 0")' \
	"$tmp/faults" || die "the model takes no faults"
wait_for 15 eval '[ "$(status restarts)" = 1 ]' ||
	die "$(status restarts) restarts in 15 s: $(tail -1 "$tmp/log")"
ask "settle 10000"
[ "${answer%% *}" = runs ] || die "after the restart the stream $answer: $(tail -1 "$tmp/log")"
echo "$answer"
grep -q 'a transmit queue stands still' "$tmp/log" || fault "the driver does not say why"
ask total
echo "$answer"
grep -q ' twice 0 corrupt 0 overtaken [0-9]* ring_faults 0 ' <<<"$answer" || fault "the stream: $answer"
exec {stream[1]}>&-
kill -TERM $keeper
wait $keeper || fault "the keeper's end: $?"
started=($model)
nothing_left "a set whose card hung"
ended
