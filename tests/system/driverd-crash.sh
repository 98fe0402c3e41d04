# SPDX-License-Identifier: Apache-2.0
# A driver that crashes takes its worker along and nothing else: while it is attached, on the data
# thread, and when it jumps into nowhere. The keeper says how it ended, and in which operation;
# another worker takes over, until it happens too often. What breaks the ABI without a crash is
# refused by its name.
. "$(dirname "$0")/lib.sh"

conf=$tmp/lan0.json
src=$top/plugins/nic/vmhi/null
segv='signal 11 (Segmentation fault)'
# AddressSanitizer takes that signal, and ends the process itself
grep -q __asan_init "$build/vmhi-worker" && segv='exit status 1'

# altered NAME FILE SED: a null driver with that file edited
altered()
{
	mkdir -p "$tmp/$1/build"
	cp "$src"/* "$tmp/$1/"
	sed -i "$3" "$tmp/$1/$2"
	cmp -s "$src/$2" "$tmp/$1/$2" && die "$1: $2 has no line that $3 changes"
	PKG_CONFIG_PATH=$build/sdk make -s -C "$tmp/$1/build" -f "$tmp/$1/Makefile" \
		SRC="$tmp/$1" >"$tmp/make" 2>&1 || die "$(tail -1 "$tmp/make")"
	cat >"$conf" <<-END
	{"name": "lan0", "driver": "$tmp/$1/build/$1.so", "ports": [{"name": "p0"}],
	 "restart": {"limit": 2}}
	END
}

# crashing NAME FILE PATTERN STATEMENT: one with that statement before the pattern
crashing() { altered "$1" "$2" "/$3/i $4"; }

# ends PATTERN: the keeper ends with 1, its last line matches, nothing is left
ends()
{
	local rc=0
	wait $keeper || rc=$?
	started=()
	[ $rc = 1 ] || fault "the keeper's status is $rc"
	tail -1 "$tmp/log" | grep -qF "error: $1" || fault "it said: $(tail -1 "$tmp/log")"
	nothing_left "$1"
}

crashing attach driver.c 'if (at->nparam != 4)' '*(volatile int *)8 = 1;'
timeout 20 vmhi-driverd --config "$conf" 2>"$tmp/log" &
keeper=$!
ends "the worker died: $segv in the driver's attach()"

crashing trap driver.c 'if (at->nparam != 4)' '__builtin_trap();'
timeout 20 vmhi-driverd --config "$conf" 2>"$tmp/log" &
keeper=$!
ends "the worker died: signal 4 (Illegal instruction) in the driver's attach()"

# on the data thread, once a frame arrives
crashing tx queue.c 'store(&rx->fill, fill);' 'fill = *(volatile uint32_t *)16;'
vmhi-driverd --config "$conf" 2>"$tmp/log" &
keeper=$!
started=($keeper)
wait_for 10 serves lan0 || die "no set: $(tail -1 "$tmp/log")"
"$build/bench/ringclient" "$VMHI_RUN_DIR/sets/lan0/ports/p0" sink 30 >/dev/null 2>&1 &
client=$!
wait_for 20 grep -q 'the set has failed' "$tmp/log"
kill $client
wait $client
for n in 1 2; do
	grep -qE "warning: restart $n: the worker died: ${segv//[()]/.}; (back after [0-9.]+ ms|but:)" "$tmp/log" ||
		fault "no restart $n in: $(cat "$tmp/log")"
done
tail -1 "$tmp/log" | grep -qF "the set has failed: it was restarted 2 times within 60 s; last: the worker died: $segv" ||
	fault "a data thread that crashes for ever: $(tail -1 "$tmp/log")"
[ "$segv" = 'exit status 1' ] || [ "$(grep -c '^vmhi-worker.*: error: signal 11 in the data thread, address 0x10, in the driver at 0x' "$tmp/log")" = 3 ] ||
	fault "where it crashed: $(grep '^vmhi-worker.*signal' "$tmp/log")"
# it is there to be asked, and nobody can connect to it
vmhi set list --json | grep -q failed || fault "set list: $(vmhi set list)"
vmhi port list lan0 2>"$tmp/err" && fault "port list of a set that has failed"
grep -q 'set lan0 has failed: .*; stop it and start it anew' "$tmp/err" || fault "port list: $(cat "$tmp/err")"
[ -S "$VMHI_RUN_DIR/sets/lan0/ports/p0" ] && fault 'a port of a set that has failed is there'
vmhi set stop lan0 || fault 'set stop of a set that has failed'
wait $keeper && fault 'the keeper of a set that has failed ends with 0'
started=()
nothing_left 'a set that has failed'

crashing hang driver.c 'if (at->nparam != 4)' 'for (;;) __asm__ volatile("pause");'
SECONDS=0 # counts by itself
timeout 40 vmhi-driverd --config "$conf" 2>"$tmp/log" &
keeper=$!
wait $keeper
tail -1 "$tmp/log" | grep -q "the driver's attach() did not return within 12 s: killed" ||
	fault "a driver that hangs: $(tail -1 "$tmp/log")"
[ $SECONDS -lt 22 ] || fault "a driver that hangs held the keeper for $SECONDS s"
nothing_left "a driver that hangs"

# says NAME FILE SED WANTED: the null driver after that edit is refused, and the last line has WANTED
says()
{
	altered "$1" "$2" "$3"
	timeout 20 vmhi-driverd --config "$conf" 2>"$tmp/log" && fault "$1: it starts"
	tail -1 "$tmp/log" | grep -qF "$4" || fault "$1: it said: $(tail -1 "$tmp/log")"
	nothing_left "$1"
}

says positive driver.c '/if (at->nparam != 4)/i return 13;' \
	'attach() returned 13: must be 0 or a negative VMHI_E value'
says nodevice driver.c '/if (at->nparam != 4)/i return -VMHI_ENXIO;' \
	"the driver's attach() failed: No such device or address"
says noinfo queue.c '/\.info = /d' "the driver's NIC table has no info: all 13 operations are needed"
says nostats queue.c '/\.stats = /d' "the driver's NIC table has no stats: all 13"
says depth queue.c 's/depth_min = DEPTH_MIN;/depth_min = 100;/' 'depth_min 100 is not a power of two'
says features queue.c 's/features = 0;/features = 1ull << 40;/' \
	'offers features that this host did not name: 0x10000000000'
says configure queue.c 's/conf->mtu < 68/conf->mtu > 68/' \
	"uplink uplink0: the driver's configure() failed: Invalid argument"

# A fault among more events than there is room for is not lost.
crashing fault driver.c 'dev->host->raise' 'struct vmhi_event f = {.type = VMHI_EV_FAULT};\
	for (int i = 0; i < 40; i++) dev->host->raise(dev->hc, i == 31 ? &f : &ev);'
timeout 20 vmhi-driverd --config "$conf" 2>"$tmp/log" &
keeper=$!
ends 'null: the driver gives it up, code 0x0'

# A worker that dies, or does not answer, while the keeper waits for its answer: another takes over,
# and who asked is answered all the same, by then.
cat >"$conf" <<-END
{"name": "lan0", "driver": "$build/plugins/nic/vmhi/null/null.so", "ports": [{"name": "p0"}]}
END
# ask_stopped: starts the set, stops its worker, and asks for what only the worker knows
ask_stopped()
{
	vmhi-driverd --config "$conf" 2>"$tmp/log" &
	keeper=$!
	started=($keeper)
	wait_for 10 eval 'worker=$(worker_of lan0) && [ -n "$worker" ]' || die "no set: $(tail -1 "$tmp/log")"
	kill -STOP "$worker"
	vmhi port list lan0 >"$tmp/out" 2>&1 &
	asker=$!
	sleep 0.5
}

# goes_on CAUSE: another worker serves the set
goes_on()
{
	wait_for 5 grep -qE "warning: restart 1: $1; back after" "$tmp/log" ||
		fault "no restart for '$1': $(tail -1 "$tmp/log")"
	vmhi port list lan0 >/dev/null || fault "no port list after '$1'"
	kill $keeper
	wait $keeper || fault "the keeper's status after '$1' is $?"
	started=()
	nothing_left "$1"
}

# answered WHOSE: the answer came, and has the port
answered()
{
	wait $asker && grep -q '^lan0  *p0  *port' "$tmp/out" ||
		fault "port list of a set whose worker $1: $(cat "$tmp/out")"
}

ask_stopped
kill -KILL "$worker"
answered died
goes_on 'the worker died: signal 9 .Killed.'

ask_stopped
answered hangs
# its data thread stands still just as long
goes_on 'the worker(.s data thread hangs| did not answer within 5 s): killed'
ended
