# SPDX-License-Identifier: Apache-2.0
# A guest's packet stream over a card outlives its driver: killed, crashed and hanging, on the queue's
# thread and on the control thread. The front end's connection lasts, nothing arrives twice or damaged,
# each restart is told with its cause. A driver that dies too often is given up, and the guest is told.
. "$(dirname "$0")/lib.sh"

grep -q __asan_init "$build/vmhi-worker" && skip "the drivers here are built without sanitizers"
command -v jq >/dev/null || skip "jq is missing"
driver=$("$top/tests/faulty-82574/build" "$build" "$tmp" faulty 0.2.0 2>"$tmp/make") || die "$(tail -1 "$tmp/make")"
card

# kill_one worker|spare: leaves its process id in $killed; never process 0, which would be all of ours
kill_one()
{
	killed=$(status "$1")
	[ "$killed" -gt 1 ] || die "there is no $1 to kill: $(tail -1 "$tmp/log")"
	kill -KILL "$killed"
}

restarts=0

# survives WHAT PATTERN: one more restart, with a cause that matches, and a spare for the next
survives()
{
	restarts=$((restarts + 1))
	wait_for 10 eval '[ "$(status restarts)" = $restarts ]' ||
		die "after $1: $(status restarts) restarts, not $restarts"
	flows "$1"
	status 'recoveries[-1].cause' | grep -qE "$2" || fault "$1 was told as $(status 'recoveries[-1].cause')"
	grep -E "restart $restarts: .*; back after [0-9.]+ ms" "$tmp/log" | grep -qE "$2" ||
		fault "$1: the log has no such line: $(tail -1 "$tmp/log")"
	wait_for 5 eval '[ "$(status spare)" != 0 ]' || die "no spare after $1"
}

stream_over "$driver" '"restart": {"limit": 0},'
wait_for 5 eval '[ "$(status spare)" != 0 ]' || die "no spare at the start"
for i in 1 2 3; do
	ask watch
	kill_one worker
	survives "kill $i" 'signal 9'
done
# fault_in WORD PATTERN: one in the driver; the control thread meets its own when the cable is pulled
fault_in()
{
	ask watch
	for _ in $(seq 50); do
		ask fault "$1"
		[ "$answer" = sent ] && break
		sleep 0.1 # a ring that is full empties
	done
	[ "$answer" = sent ] || die "$1: $answer"
	case $1 in *-event)
		ask passed 10000
		[ "$answer" = passed ] || die "$1: $answer"
		kill -USR1 $model
		sleep 0.2
		kill -USR2 $model
		;;
	esac
	survives "$1" "$2"
}
fault_in crash 'signal 11'
fault_in crash-event "signal 11 .*in the driver's event"
fault_in overrun 'signal 11'
fault_in hang 'data thread hangs'
fault_in hang-event "control thread hangs|driver's event\(\) did not return"
kill_one spare
wait_for 15 eval '[ "$(status spare)" != 0 ] && [ "$(status spare)" != $killed ]' ||
	die "a spare that dies is not replaced"
flows "the spare's death"
[ "$(status restarts)" = $restarts ] || fault "the spare's death counted as a restart"
stream_ends
keeper_ends "a set that was restarted"

# Too often.
stream_over "$driver" '"restart": {"limit": 3, "seconds": 60},'
for i in 1 2 3; do
	wait_for 5 eval '[ "$(status worker)" != 0 ] && [ "$(status spare)" != 0 ]'
	kill_one worker
	wait_for 10 eval '[ "$(status restarts)" = $i ]' || die "$(status restarts) restarts, not $i"
done
kill_one worker
wait_for 10 eval '[ "$(status state)" = failed ]' ||
	fault "after 4 deaths with a limit of 3 the set is $(status state)"
ask settle 1000
[ "${answer%% *}" = disconnected ] || fault "the guest of a set that failed sees: $answer"
exec {stream[1]}>&-
kill -TERM $keeper
wait $keeper
[ $? = 1 ] || fault "a set that failed ends with $?"
started=($model)
nothing_left "a set that failed"
ended
