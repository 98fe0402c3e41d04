# SPDX-License-Identifier: Apache-2.0
# vmhi driver replace, under a guest's packet stream: a good driver stays; one that cannot be attached,
# passes no packets, crashes or hangs is taken back; one that is not admitted, of another class or for
# other devices changes nothing. The guest's connection lasts through all of it.
. "$(dirname "$0")/lib.sh"

grep -q __asan_init "$build/vmhi-worker" && skip "the drivers here are built without sanitizers"
command -v jq >/dev/null || skip "jq is missing"
faulty() { "$top/tests/faulty-82574/build" "$build" "$tmp" "$@" 2>>"$tmp/make" || die "$(tail -1 "$tmp/make")"; }
# edited NAME SED: the driver "new" with its note changed
edited()
{
	cp -r "$tmp/new" "$tmp/$1" && rm -f "$tmp/$1"/build/*
	sed -i "$2" "$tmp/$1/driver.c"
	PKG_CONFIG_PATH=$build/sdk make -s -C "$tmp/$1/build" -f "$tmp/$1/Makefile" SRC="$tmp/$1" \
		>>"$tmp/make" 2>&1 || die "$(tail -1 "$tmp/make")"
	echo "$tmp/$1/build/$1.so"
}
old=$(faulty old 0.2.0) || die "$old"
new=$(faulty new 0.2.1) || die "$new"
unattached=$(faulty unattached 0.3.1 -DFAULT_ATTACH) || die "$unattached"
mute=$(faulty mute 0.3.2 -DFAULT_MUTE) || die "$mute"
late=$(faulty late 0.3.3 -DFAULT_LATE=300) || die "$late"
stuck=$(faulty stuck 0.3.4 -DFAULT_STUCK=300) || die "$stuck"

card
stream_over "$old" '"restart": {"limit": 0},'

# driven_by VERSION AFTER
driven_by()
{
	local v
	v=$(status version)
	[ "$v" = "$1" ] || fault "after $2 the driver is $v, not $1"
}

# fails PATTERN FILE [OPTION...]: it is not kept, one line says why, and the stream runs on with the
# driver before
fails()
{
	local was
	was=$(status version)
	ask watch
	timeout 60 vmhi driver replace lan0 "${@:2}" >"$tmp/out" 2>"$tmp/err" && fault "$2 is kept"
	[ "$(wc -l <"$tmp/err")" = 1 ] || fault "$2: it said $(cat "$tmp/err")"
	grep -qE "$1" "$tmp/err" || fault "$2: it said '$(cat "$tmp/err")', not '$1'"
	flows "$(basename "$2")"
	driven_by "$was" "$2"
}

# Half of the trial passes without a packet only if the machine stands still for so long.
vmhi driver replace lan0 "$new" --trial 4000 >"$tmp/out" 2>"$tmp/err" || die "a good driver: $(cat "$tmp/err")"
grep -qE '^lan0: driver intel-82574 0.2.1 stays; it took over in [0-9.]+ ms$' "$tmp/out" ||
	fault "it said $(cat "$tmp/out")"
flows "a good driver"
driven_by 0.2.1 "a good driver"
# what serves from now on is the new one, also after its worker's death
wait_for 5 eval '[ "$(status spare)" != 0 ]' || fault "no spare"
worker=$(status worker)
[ "$worker" -gt 1 ] || die "no worker: $(tail -1 "$tmp/log")"
kill -KILL "$worker"
flows "the new driver's restart"
driven_by 0.2.1 "its restart"

back='^vmhi: set "lan0" went back to driver intel-82574 0.2.1: '
keeps='^vmhi: set "lan0" keeps its driver: '
fails "${back}.*attach\\(\\) failed" "$unattached"
fails "${back}no packet came in for 500 ms" "$mute"
fails "${back}the worker died: signal 11" "$late" --trial 4000 # it ends with the crash
fails "$back(no packet came in for 500 ms|the worker's data thread hangs)" "$stuck"
fails "$keeps.*drives no device" "$build/plugins/nic/vmhi/null/null.so"
fails "$keeps" /bin/true
fails "$keeps.*class" "$(edited hba 's/"class=nic\/1/"class=hba\/1/')"
fails "$keeps.*is not for 8086:10d3" "$(edited other 's/"pci=8086:10d3/"pci=8086:10d2/')"
fails 'vmhi: /absent.so: ' /absent.so

# one at a time; and a set that stops in the middle of it leaves nothing
on_trial() { [ "$(status replace.state)" = trial ]; }
vmhi driver replace lan0 "$old" --trial 5000 >"$tmp/out" 2>&1 &
first=$!
wait_for 10 on_trial || fault "no trial: $(tail -1 "$tmp/log")"
vmhi driver replace lan0 "$new" >"$tmp/err" 2>&1 && fault "two at once"
grep -q 'is replacing the driver now' "$tmp/err" || fault "two at once: $(cat "$tmp/err")"
flows "two at once"
stream_ends
# packets end in the middle of it or after it
wait "${started[2]}" $first || :
vmhi driver replace lan0 "$new" >"$tmp/out" 2>"$tmp/err" || fault "without packets: $(cat "$tmp/err")"
grep -q ' ms; no packets passed, so that was not judged$' "$tmp/out" || fault "unjudged: $(cat "$tmp/out")"
vmhi driver replace lan0 "$old" --trial 60000 >"$tmp/out" 2>&1 &
first=$!
wait_for 10 on_trial || fault "no trial: $(tail -1 "$tmp/log")"
kill -TERM $keeper
wait $keeper || fault "the keeper's end in the middle of it: $?"
wait $first && fault "a replacement in a set that stopped"
started=($model)
nothing_left "a stop in the middle of it"
ended
