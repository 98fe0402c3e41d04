# SPDX-License-Identifier: Apache-2.0
# A worker that was killed and does not end, since something holds it in the Linux kernel: the keeper
# answers meanwhile, gives its place to no other, and does so once it has ended. Ports that come and go
# meanwhile are there, or not, with the next worker.
. "$(dirname "$0")/lib.sh"

[ "$(id -u)" = 0 ] || skip "to trace a worker takes root"
command -v jq >/dev/null || skip "jq is missing"
command -v socat >/dev/null || skip "socat is missing"
echo '{"name": "lan0", "ports": [{"name": "p0", "mac": "52:54:00:00:00:01"}, {"name": "p1"}]}' >"$tmp/lan0.json"
vmhi-driverd --config "$tmp/lan0.json" 2>"$tmp/log" &
keeper=$!
started+=($keeper)
wait_for 10 serves lan0 || die "no set: $(tail -1 "$tmp/log")"
# tell REQUEST: its answer
tell() { timeout 10 socat -t 10 - "UNIX-CONNECT:$VMHI_RUN_DIR/sets/lan0/control" <<<"$1"; }
ports() { tell '{"op": "ports"}' | jq -r '[.ports[].name] | sort | join(" ")'; }
# ok REQUEST
ok() { tell "$1" | jq -e .ok >"$tmp/ok" || fault "$1: $(cat "$tmp/ok")"; }
status() { timeout 10 vmhi set list --json | jq -r ".[0].$1"; }
wait_for 10 eval '[ "$(status spare)" != 0 ]' || die "no spare: $(tail -1 "$tmp/log")"

worker=$(status worker)
[ "$worker" -gt 1 ] || die "no worker: $(tail -1 "$tmp/log")"
"$build/tests/system/hold-thread" "$worker" >"$tmp/held" 2>&1 &
holder=$!
started+=($holder)
wait_for 10 grep -q held "$tmp/held" || skip "a worker cannot be traced here: $(cat "$tmp/held")"
kill -KILL "$worker"
wait_for 10 grep -q "worker $worker was killed and does not end: waiting for it" "$tmp/log" ||
	fault "the corpse was not told of: $(tail -1 "$tmp/log")"
ok '{"op": "port-add", "name": "p2"}'
ok '{"op": "port-add", "name": "twin", "mac": "52:54:00:00:00:01"}'
ok '{"op": "port-del", "name": "p1"}'
[ "$(ports)" = "p0 p2 twin" ] || fault "with a corpse there are ports $(ports)"
for i in 1 2 3; do
	[ "$(status worker) $(status restarts)" = "0 0" ] || fault "with a corpse: worker $(status worker), $(status restarts) restarts"
	sleep 0.1
done
kill $holder
wait_for 10 eval '[ "$(status restarts)" = 1 ]' || fault "no restart when it had ended: $(tail -1 "$tmp/log")"
[ "$(status worker)" -gt 1 ] || fault "no worker took its place"
[ "$(ports)" = "p0 p2" ] || fault "the next worker has ports $(ports)"
grep -q "port twin is removed: .*its address is another port's" "$tmp/log" || fault "the twin went silently"
kill -TERM $keeper
wait $keeper || fault "the keeper's end: $?"
started=()
nothing_left "a set with a corpse"
ended
