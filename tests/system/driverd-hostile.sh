# SPDX-License-Identifier: Apache-2.0
# A driver that wants out: whatever system call it tries fails, is named in the keeper's log, and
# changes nothing; one that keeps at it, takes another system call ABI, or touches memory that is not
# its set's, dies, and the log says of what. With namespaces and without.
. "$(dirname "$0")/lib.sh"

conf=$tmp/lan0.json
src=$top/plugins/nic/vmhi/null
attacks=$top/tests/hostile
made=$tmp/made
wide=
grep -q __asan_init "$build/vmhi-worker" && wide=yes
sleep 1000 &
victim=$!
started=($victim)

# hostile NAME DEFINE...: a null driver that attacks in its attach()
hostile()
{
	local name=$1
	shift
	mkdir -p "$tmp/$name/build"
	cp "$src"/* "$attacks"/calls.c "$attacks"/hostile.h "$tmp/$name/"
	sed -i 's/#include "modes.h"/&\n#include "hostile.h"/
		s/\*out = &null->dev;/&\n\treturn hostile(host, hc);/' "$tmp/$name/driver.c"
	PKG_CONFIG_PATH=$build/sdk make -s -C "$tmp/$name/build" -f "$tmp/$name/Makefile" \
		SRC="$tmp/$name" CFLAGS="-O1 $*" >"$tmp/make" 2>&1 || die "$(tail -1 "$tmp/make")"
	cat >"$conf" <<-END
	{"name": "lan0", "driver": "$tmp/$name/build/$name.so", "ports": [{"name": "p0"}]}
	END
}

# begin [WRAPPER...]: the set, until it is ready
begin()
{
	: >"$tmp/log" # the last set was ready, too
	"$@" vmhi-driverd --config "$conf" 2>"$tmp/log" &
	keeper=$!
	started+=($keeper)
	wait_for 10 grep -q ready: "$tmp/log" || die "no set: $(tail -1 "$tmp/log")"
}

finish()
{
	vmhi set stop lan0 >/dev/null || fault "the set does not stop"
	wait $keeper || fault "the keeper's status is $?: $(tail -1 "$tmp/log")"
	started=($victim)
}

# unharmed: each attempt was refused, is in the log, and left nothing behind; the set works
unharmed()
{
	local name n=0 worker
	for name in $(sed -n 's/^\tTRY(\([a-z0-9_]*\)[,)].*/\1/p' "$attacks/calls.c"); do
		n=$((n + 1))
		grep -q "the worker tried $name(.* in the driver's attach(): denied" "$tmp/log" ||
			fault "$1: no line of $name"
	done
	grep -q "null: all refused 0x$(printf %x $n)\$" "$tmp/log" ||
		fault "$1: $(grep 'error: null' "$tmp/log")"
	[ -e "$made" ] && fault "$1: it made a file"
	kill -0 $victim 2>/dev/null || fault "$1: its victim is dead"
	worker=$(worker_of lan0)
	[ -z "$(pgrep -P "$worker")" ] || fault "$1: it has a child"
	grep -q '^TracerPid:	0$' /proc/$victim/status || fault "$1: it traces its victim"
	"$build/bench/ringclient" "$VMHI_RUN_DIR/sets/lan0/ports/p0" echo 0.3 >"$tmp/client" 2>&1 ||
		fault "$1: no traffic afterwards: $(tail -1 "$tmp/client")"
	[ "$(grep -c denied "$tmp/log")" = $n ] || fault "$1: traffic needs calls that are denied: \
$(grep denied "$tmp/log" | tail -1)"
	vmhi set list --json | grep -q "\"denied\": $n\b" || fault "$1: the set's status counts otherwise"
	echo "$1: $n attempts, all denied and logged"
}

# dies PATTERN: the set does not start, or ends, for this
dies()
{
	local rc=0
	timeout 20 vmhi-driverd --config "$conf" 2>"$tmp/log" || rc=$?
	[ $rc = 1 ] || fault "the keeper's status is $rc"
	tail -1 "$tmp/log" | grep -qE "$1" || fault "wanted '$1', it said: $(tail -1 "$tmp/log")"
}

[ -z "$wide" ] || skip "a sanitizer build's worker may do more"
hostile calls -DATTACK_CALLS -DVICTIM=$victim "-DMADE='\"$made\"'"
begin
unharmed "in namespaces"
worker=$(worker_of lan0)
grep -q 'runs without them' "$tmp/log" || for ns in mnt pid net ipc user uts; do
	[ "$(readlink /proc/$worker/ns/$ns)" != "$(readlink /proc/$keeper/ns/$ns)" ] ||
		fault "the worker shares its $ns namespace"
done
grep -q '^NoNewPrivs:	1$' /proc/$worker/status || fault "it may gain privileges"
grep -q '^Seccomp:	2$' /proc/$worker/status || fault "it has no filter"
grep -q '^CapBnd:	0000000000000000$' /proc/$worker/status ||
	grep -q '^CapEff:	0000000000000000$' /proc/$worker/status || fault "it has capabilities"
for field in NoNewPrivs:1 Seccomp:2; do
	grep -q "^${field%:*}:	${field#*:}\$" /proc/$keeper/status || fault "the keeper is not confined: $field"
done
finish

# Where no namespace is to be had, all but the empty root is the same.
without='echo 0 >/proc/sys/user/max_user_namespaces &&
	exec setpriv --bounding-set=-all --inh-caps=-all --no-new-privs "$@"'
if unshare -Ur sh -c "$without" sh true 2>/dev/null; then
	begin unshare -Ur sh -c "$without" sh
	grep -q 'warning: namespaces are not permitted here' "$tmp/log" || fault "nothing said of namespaces"
	unharmed "without namespaces"
	finish
else
	echo "no user namespaces here: not tried without them"
fi

# The log: what the driver writes is the worker's word, and no more of it is there than fits.
hostile forger -DATTACK_LOG
begin
for name in open ftruncate fcntl; do
	grep -q "^vmhi-driverd\[lan0\]: warning: the worker tried $name(.* in the driver's attach(): denied" "$tmp/log" ||
		fault "the forger: no line of $name"
done
grep -qE '^vmhi-driverd.*(level certified|all is well)' "$tmp/log" && fault "it forged a line of the keeper's"
[ "$(grep -c '^vmhi-worker\[lan0\]: vmhi-driverd\[lan0\]: .*level certified$' "$tmp/log")" = 2 ] ||
	fault "its own lines are not there as its own"
grep -qP '[^\x20-\x7e]' "$tmp/log" && fault "the log has control characters"
[ "$(grep -c noise "$tmp/log")" -le 200 ] || fault "it drowned the log: $(wc -l <"$tmp/log") lines"
wait_for 5 grep -q 'the worker says too much: [0-9]* of its lines or more were left out' "$tmp/log" ||
	fault "nothing said of lines that were left out"
echo "a forger: $(grep -c '^vmhi-worker' "$tmp/log") lines of it, all marked as the worker's"
finish

hostile flood -DATTACK_FLOOD
dies 'the worker tried 100 forbidden system calls: killed'
[ "$(grep -c 'tried getppid' "$tmp/log")" = 1 ] || fault "a flood of lines: $(wc -l <"$tmp/log")"

hostile i386 -DATTACK_I386
dies "the worker died: signal 31 \(Bad system call\) in the driver's attach\(\)"
hostile x32 -DATTACK_X32
dies "the worker died: signal 31 \(Bad system call\) in the driver's attach\(\)"

# The memory of a front end of another set, by its address there.
sed 's/lan0/lan1/; s|"driver": "[^"]*"|"driver": "'"$build/plugins/nic/vmhi/null/null.so"'"|' "$conf" >"$tmp/lan1.json"
vmhi-driverd --config "$tmp/lan1.json" 2>"$tmp/log1" &
other=$!
started+=($other)
wait_for 10 grep -q ready: "$tmp/log1" || die "no second set: $(tail -1 "$tmp/log1")"
"$build/bench/ringclient" "$VMHI_RUN_DIR/sets/lan1/ports/p0" echo 8 >"$tmp/client" 2>&1 &
client=$!
wait_for 5 grep -q 'a front end connected' "$tmp/log1" || die "no front end"
stray=$(awk '$2 ~ /s$/ && /memfd/ { sub("-.*", ""); print "0x" $0; exit }' /proc/$client/maps)
[ -n "$stray" ] || die "the front end shares no memory"
hostile stray -DATTACK_STRAY=$stray
dies "the worker died: signal 11 \(Segmentation fault\) in the driver's attach\(\)"
grep -q "^vmhi-worker\[lan0\]: error: signal 11 in the control thread, address $stray, in the driver at 0x" "$tmp/log" ||
	fault "the address is not in the log: $(grep '^vmhi-worker' "$tmp/log" | tail -1)"
wait $client || fault "the other set's front end: $(tail -1 "$tmp/client")"
kill -0 $other 2>/dev/null || fault "the other set died"
vmhi set stop lan1 >/dev/null
wait $other
started=($victim)
nothing_left "hostile drivers"
echo "a stranger's memory at $stray: the worker died, the other set went on"
ended
