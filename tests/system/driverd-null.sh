# SPDX-License-Identifier: Apache-2.0
# vmhi-driverd with the null driver: what it refuses, the worker's sandbox, a front end that is
# served, and that whatever is killed, nothing stays behind.
. "$(dirname "$0")/lib.sh"

null=$build/plugins/nic/vmhi/null/null.so
conf=$tmp/lan0.json
command -v jq >/dev/null || skip "jq is missing"

# make_conf JSON: the configuration of set lan0, with more members
make_conf() { jq -n --arg d "$null" "{name: \"lan0\", driver: \$d} + $1" >"$conf"; }

# begin: starts the set, waits until it is ready
begin()
{
	rm -f "$tmp/ready"
	mkfifo "$tmp/ready"
	vmhi-driverd --config "$conf" --ready-fd 9 9>"$tmp/ready" 2>"$tmp/log" &
	keeper=$!
	started=($keeper)
	read -t 20 -r word <"$tmp/ready"
	[ "$word" = ready ] || die "the set does not start: $(tail -1 "$tmp/log")"
	worker=$(worker_of lan0)
}

# finished STATUS WHAT: the keeper ends with this status, and nothing is left
finished()
{
	local rc=0
	wait_for 10 eval "! kill -0 $keeper" || die "$2: the keeper does not end"
	wait $keeper || rc=$?
	[ $rc = "$1" ] || fault "$2: the keeper's status is $rc, not $1: $(tail -1 "$tmp/log")"
	started=()
	wait_for 5 eval "! kill -0 $worker" || fault "$2: the worker lives on"
	nothing_left "$2"
}

port() { vmhi port list --json | jq ".[] | select(.name == \"$1\") | $2"; }

# 1. Refused before anything runs: one line.
d="vmhi-driverd --config $conf"
refused 'usage' vmhi-driverd
refused 'absent.json' vmhi-driverd --config "$tmp/absent.json"
echo '{"name": "lan0", ' >"$conf" && refused 'lan0.json' $d
make_conf '{colour: 1}' && refused 'unknown key "colour"' $d
make_conf '{mtu: 9}' && refused 'mtu' $d
make_conf '{params: {mode: "fast"}}' && refused 'parameter "mode"' $d
make_conf '{params: {frame_len: 5}}' && refused '5 is not from 60 to 1514' $d
make_conf '{devices: ["0000:00:1f.7"]}' && refused 'leave "devices" out' $d
make_conf '{driver: "/absent.so"}' && refused '/absent.so' $d
make_conf "{driver: \"/bin/true\"}" && refused 'one-export|imports' $d
make_conf '{acceptance: "certified"}' && refused 'acceptance' $d

# 2. The worker has no file, no capability, no network, no way to get any of it.
make_conf '{params: {mode: "loop"}, ports: [{name: "p0"}]}'
begin
grep -q '^CapEff:	0000000000000000$' /proc/$worker/status || fault "the worker has capabilities"
grep -q '^NoNewPrivs:	1$' /proc/$worker/status || fault "the worker may gain privileges"
[ -z "$(ls -A /proc/$worker/root/)" ] || fault "the worker sees $(ls -A /proc/$worker/root/)"
for ns in user mnt pid net ipc uts; do
	[ "$(readlink /proc/$worker/ns/$ns)" != "$(readlink /proc/self/ns/$ns)" ] ||
		fault "the worker shares our $ns namespace"
done
for fd in /proc/$worker/fd/*; do
	case ${fd##*/}:$(readlink "$fd") in
	0:/dev/null | [12]:pipe:* | *:socket:* | *:anon_inode:*) ;;
	*) fault "the worker has ${fd##*/}: $(readlink "$fd")" ;;
	esac
done

# 3. A second keeper of the same set, and a front end that is served.
$d 2>"$tmp/err" && fault "a second keeper of one set"
grep -q "runs already (process $keeper)" "$tmp/err" || fault "a second keeper said $(cat "$tmp/err")"
client=$("$build/bench/ringclient" "$VMHI_RUN_DIR/sets/lan0/ports/p0" echo 1) ||
	fault "ringclient: $client"
got=$(echo "$client" | sed -n 's/.*received \([0-9]*\) .*/\1/p')
[ "${got:-0}" -gt 1000 ] || fault "too little came back: $client"
echo "echo through switch and driver: $client"
wait_for 5 eval '[ "$(port p0 .connected)" = false ]' || fault "the front end's end went unnoticed"
[ "$(port p0 .rx_packets)" -ge "$got" ] || fault "the port counted $(port p0 .rx_packets)"
[ "$(port p0 .ring_errors)" = 0 ] || fault "ring errors were counted"
[ "$(port uplink0 .up)" = true ] || fault "the uplink is down"
# The port can be connected again.
"$build/bench/ringclient" "$VMHI_RUN_DIR/sets/lan0/ports/p0" echo 0.2 >/dev/null ||
	fault "the port serves no second front end"
vmhi set stop lan0 >/dev/null || fault "vmhi set stop"
finished 0 "a stop"

# 4. A worker that is killed: the keeper says how, and another one takes over.
begin
kill -KILL "$worker"
wait_for 5 grep -q 'restart 1: the worker died: signal 9 (Killed); back after' "$tmp/log" ||
	fault "it said: $(tail -1 "$tmp/log")"
kill -0 "$worker" 2>/dev/null && fault "the worker that was killed lives"
worker=$(worker_of lan0)
kill -0 "$worker" || fault "no worker took over"
vmhi set list --json | jq -e '.[] | select(.name == "lan0") | .restarts == 1 and
	.state == "running" and .cause == "the worker died: signal 9 (Killed)"' >/dev/null ||
	fault "set list: $(vmhi set list --json)"
"$build/bench/ringclient" "$VMHI_RUN_DIR/sets/lan0/ports/p0" echo 0.2 >/dev/null ||
	fault "the port serves nobody after a restart"
kill -TERM $keeper
finished 0 "a set whose worker was killed"

# An error after the worker was started leaves as little.
make_conf '{ports: [{name: "p0", socket: "/absent/p0"}]}'
$d 2>"$tmp/log" && fault "a socket in a folder that is absent"
tail -1 "$tmp/log" | grep -q 'error: port p0: /absent/p0' || fault "it said: $(tail -1 "$tmp/log")"
nothing_left "an error after the start"
make_conf '{params: {mode: "loop"}, ports: [{name: "p0"}]}'

# 5. A keeper that is killed takes its worker along; its successor cleans.
begin
{ kill -KILL $keeper && wait $keeper; } 2>/dev/null
wait $keeper 2>/dev/null
wait_for 5 eval "! kill -0 $worker" || fault "the worker outlived its keeper"
[ -S "$VMHI_RUN_DIR/sets/lan0/control" ] || fault "the killed keeper left no socket to clean"
begin
grep -q 'removed 2 sockets' "$tmp/log" || fault "cleaning: $(head -1 "$tmp/log")"
kill -TERM $keeper
finished 0 "SIGTERM"

# 6. A private set dies with whom it serves.
mkfifo "$tmp/leash"
exec 8<>"$tmp/leash" 7>"$tmp/leash" 6<"$tmp/leash" 8>&-
vmhi-driverd --config fd:5 --exit-with-fd 6 5<"$conf" 7>&- 2>"$tmp/log" &
keeper=$!
started=($keeper)
wait_for 10 serves lan0 || die "no set: $(tail -1 "$tmp/log")"
worker=$(worker_of lan0)
exec 7>&- 6<&-
finished 0 "the end of a private set"

# 7. Neither needs root, but for what root gives.
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	chmod 755 "$tmp"
	mkdir -p "$tmp/nobody" && chown 65534:65534 "$tmp/nobody"
	chmod 644 "$conf"
	if setpriv --reuid 65534 --regid 65534 --clear-groups test -x "$build/vmhi-worker"; then
		VMHI_RUN_DIR=$tmp/nobody setpriv --reuid 65534 --regid 65534 --clear-groups \
			vmhi-driverd --config "$conf" 2>"$tmp/log" &
		keeper=$!
		started=($keeper)
		VMHI_RUN_DIR=$tmp/nobody wait_for 10 serves lan0 ||
			fault "no set as nobody: $(tail -1 "$tmp/log")"
		worker=$(VMHI_RUN_DIR=$tmp/nobody worker_of lan0)
		[ -z "$(ls -A /proc/"$worker"/root/)" ] || fault "nobody's worker sees files"
		kill -TERM $keeper
		finished 0 "a set of nobody's"
		echo "a set without root: $(tail -1 "$tmp/log")"
	fi
fi
ended
