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

# nothing_left WHAT: no process of ours with our run folder, no socket in it
nothing_left()
{
	local left p
	left=$(find "$VMHI_RUN_DIR" -type s)
	[ -z "$left" ] || fault "'$1' left $left"
	for p in $(grep -lzx "VMHI_RUN_DIR=$VMHI_RUN_DIR" /proc/[0-9]*/environ 2>/dev/null); do
		p=${p%/environ}
		case $(cat "$p/comm" 2>/dev/null) in
		vmhi* | qemu-storage* | passt*) fault "'$1' left process ${p#/proc/}: $(tr '\0' ' ' <"$p/cmdline")" ;;
		esac
	done
}

# worker_of SET: the worker that serves it, by its process id
worker_of() { vmhi set list --json | sed -n "/\"name\": \"$1\"/,/}/ s/.*\"worker\": *\([0-9]*\).*/\1/p"; }

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
