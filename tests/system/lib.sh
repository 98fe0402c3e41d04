# SPDX-License-Identifier: Apache-2.0
# For the tests of this folder: each is run as "bash TEST BUILD-FOLDER", ends in 0, 1, or 77 when it
# cannot run here, and leaves nothing behind.
set -u
build=$(readlink -f "$1")
top=$(readlink -f "$(dirname "${BASH_SOURCE[0]}")/../..")
tmp=$(mktemp -d "${TMPDIR:-/tmp}/vmhi-test.XXXXXX")
export VMHI_RUN_DIR=$tmp/run VMHI_CONFIG_DIR=$tmp/etc
mkdir -p "$VMHI_RUN_DIR" "$VMHI_CONFIG_DIR/sets"
PATH=$build:$PATH:/usr/sbin:/sbin
started=()
failures=0

clean()
{
	[ ${#started[@]} = 0 ] || kill "${started[@]}" 2>/dev/null
	wait
	rm -rf "$tmp"
}
trap clean EXIT

skip() { echo "$*"; exit 77; }
die() { echo "$*"; exit 1; }
fault() { echo "not so: $*"; failures=$((failures + 1)); }
ended() { [ $failures = 0 ] || die "$failures checks failed"; exit 0; }

# refused PATTERN COMMAND...: it fails with one line on standard error that matches, in 10 s
refused()
{
	local pattern=$1 rc=0
	shift
	timeout 10 "$@" >"$tmp/out" 2>"$tmp/err" </dev/null || rc=$?
	[ $rc != 0 ] && [ $rc != 124 ] || fault "'$*' ended with $rc"
	[ "$(wc -l <"$tmp/err")" = 1 ] || fault "'$*' said $(wc -l <"$tmp/err") lines: $(cat "$tmp/err")"
	grep -qE "$pattern" "$tmp/err" || fault "'$*' said '$(cat "$tmp/err")', not '$pattern'"
	nothing_left "$*"
}

# remains: the sockets in our run folder, and the processes of ours that have it
remains()
{
	local p
	find "$VMHI_RUN_DIR" -type s
	for p in $(grep -lzx "VMHI_RUN_DIR=$VMHI_RUN_DIR" /proc/[0-9]*/environ 2>/dev/null); do
		p=${p%/environ}
		case $(cat "$p/comm" 2>/dev/null) in
		vmhi* | qemu-storage* | passt*) echo "process ${p#/proc/}: $(tr '\0' ' ' <"$p/cmdline")" ;;
		esac
	done
}

# nothing_left WHAT: no process, no socket; one that was killed may still be ending
nothing_left() { wait_for 2 eval '[ -z "$(remains)" ]' || fault "'$1' left $(remains)"; }

# worker_of SET: the worker that serves it, by its process id
worker_of() { vmhi set list --json | sed -n "/\"name\": \"$1\"/,/}/ s/.*\"worker\": *\([0-9]*\).*/\1/p"; }

# serves SET: its keeper answers
serves() { [ -n "$(worker_of "$1")" ]; }

# wait_for SECONDS COMMAND...
wait_for()
{
	local n=$(($1 * 10))
	shift
	until "$@" >/dev/null 2>&1; do
		n=$((n - 1))
		[ $n -gt 0 ] || return 1
		sleep 0.1
	done
}

status() { vmhi set list --json | jq -r ".[0].$1"; }

# card [OPTION...]: the model of an 82574, at $tmp/card, with the process id in $model
card()
{
	"$build/plugins/nic/intel/82574/model/82574-model" --socket "$tmp/card" "$@" \
		--wire "dgram:$tmp/near,$tmp/far" --mac 52:54:00:12:34:50 2>"$tmp/model" &
	model=$!
	started+=($model)
	wait_for 5 test -S "$tmp/card" || die "the model does not start"
}

# stream_over DRIVER [MEMBER,...]: set lan0 on the card, its process id in $keeper, and a guest's packets
# through its one port
stream_over()
{
	cat >"$tmp/lan0.json" <<-END
	{"name": "lan0", "driver": "$1", "devices": [{"vfio-user": "$tmp/card"}], ${2:-}
	 "ports": [{"name": "p0"}]}
	END
	vmhi-driverd --config "$tmp/lan0.json" 2>"$tmp/log" &
	keeper=$!
	started=($model $keeper)
	wait_for 10 serves lan0 || die "no set: $(tail -1 "$tmp/log")"
	coproc stream { exec "$build/bench/stream" "$VMHI_RUN_DIR/sets/lan0/ports/p0" "$tmp/far" \
		"$tmp/near" 1000 2>"$tmp/stream"; }
	started+=($stream_PID)
	flows "the start"
}

# ask WORD...: of the stream; its answer is in $answer
ask()
{
	echo "$*" >&"${stream[1]}" && read -r -t 40 answer <&"${stream[0]}" ||
		die "the stream ended: $(tail -1 "$tmp/stream"); $(tail -1 "$tmp/log")"
}

# flows AFTER: the stream runs both ways
flows()
{
	ask settle 10000
	[ "${answer%% *}" = runs ] || die "after $1 the stream $answer: $(tail -1 "$tmp/log")"
	echo "$1: $answer"
}

# stream_ends: nothing of it came twice or damaged
stream_ends()
{
	ask total
	echo "$answer"
	grep -q ' twice 0 corrupt 0 overtaken [0-9]* ring_faults 0 ' <<<"$answer" || fault "the stream: $answer"
	exec {stream[1]}>&-
}

# keeper_ends WHAT: it is stopped, in good order; only the card's model is left
keeper_ends()
{
	kill -TERM $keeper
	wait $keeper || fault "the keeper's end: $?"
	started=($model)
	nothing_left "$1"
}
