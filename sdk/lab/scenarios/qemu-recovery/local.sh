#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The guest's card is a port of a set of ours, whose driver has the model of an 82574 by vfio-user, and
# that a tap as its wire. While TCP runs both ways the driver's process is killed three times, crashes
# twice, hangs once, is replaced under load and killed once more. The driver has the faults of
# tests/faulty-82574: ping tells it to crash or to hang. Restarts are limited and delayed as by default.
. "$LAB_SRC/sdk/lab/local-lib.sh"
own_network
socket=$LAB_WIRES/port
vmhi=$LAB_BUILD/vmhi
restarts=0

driver()
{
	"$LAB_SRC/tests/faulty-82574/build" "$LAB_BUILD" "$LAB_OUT" "$@" 2>>"$LAB_OUT/make.log" ||
		fail "the driver does not build: $(tail -1 "$LAB_OUT/make.log")"
}
status() { "$vmhi" set list --json | jq -r ".[0].$1"; }
device() { "$vmhi" device list --json | jq -r ".[] | select(.set == \"lan0\").$1"; }
is() { [ "$("${@:2}")" = "$1" ]; }

start_card()
{
	"$LAB_BUILD/plugins/nic/intel/82574/model/82574-model" --socket "$LAB_WIRES/card" --wire tap:tap0 \
		--mac 52:54:00:12:34:50 >"$LAB_OUT/model.log" 2>&1 </dev/null &
	wait_for "no model" test -S "$LAB_WIRES/card"
}

# connection FIELD: the guest's port of the connection of which that counter is past 100000
connection()
{
	ss -tinHO 'sport = 5000' | sed -n "s/^ESTAB .*10.9.0.2:\([0-9]*\) .* $1:[0-9]\{6,\} .*/\1/p"
}
# moved PORT FIELD: that counter of the connection; nothing if there is no such connection any more
moved() { ss -tinHO "sport = 5000 and dport = $1" | sed -n "s/^ESTAB .* $2:\([0-9]*\) .*/\1/p"; }
both() { echo "$(moved "$down" bytes_acked) $(moved "$up" bytes_received)"; }

# more_than DOWN UP: both connections are there, and have moved 128 KiB and more since
more_than()
{
	local now
	read -r -a now <<<"$(both)"
	[ ${#now[@]} = 2 ] || fail "of the guest's two connections ${#now[@]} is left"
	[ "${now[0]}" -gt $(($1 + 131072)) ] && [ "${now[1]}" -gt $(($2 + 131072)) ]
}

# qemu: its process, when that was started, and its sockets: a new connection would be another one
qemu()
{
	local pid
	pid=$(cat "$LAB_OUT/qemu.pid") && cut -d' ' -f1,22 "/proc/$pid/stat" &&
		find "/proc/$pid/fd" -lname 'socket:*' -printf '%f %l\n' | sort
}

# qemu_is_left AFTER: it is what it was, and has logged nothing
qemu_is_left()
{
	[ "$(qemu)" = "$before" ] || fail "after $1 QEMU is another process, or has other connections"
	[ "$(cat "$LAB_OUT/qemu.log")" = "$said" ] ||
		fail "after $1 QEMU said: $(tail -n 1 "$LAB_OUT/qemu.log")"
}

# goes_on AFTER: the same two connections do, and the next worker is ready
goes_on()
{
	local since
	since=$(both)
	wait_for "after $1 the guest's connections stand still" more_than $since
	wait_for "no spare after $1" eval '! is 0 status spare'
	qemu_is_left "$1"
}

# survives WHAT CAUSE [PROCESS]: one more restart, with that cause; ends the process that brought it
survives()
{
	restarts=$((restarts + 1))
	wait_for "$1 is no restart" is "$restarts" device restarts
	[ -z "${3:-}" ] || kill "$3" || :
	device cause | grep -q "$2" || fail "$1 was told as $(device cause)"
	goes_on "$1"
	say "$1: $(device cause); back after $(status 'recoveries[-1].ms') ms"
}

kill_worker()
{
	local pid
	pid=$(status worker)
	[ "$pid" -gt 1 ] || fail "there is no worker to kill"
	kill -KILL "$pid"
	survives "a SIGKILL" 'signal 9'
}

# fault_in WORD CAUSE: a ping may be lost, among the frames that find the guest's ring full
fault_in()
{
	ping -c 3 -i 8 -p "$(printf '%-16s' "vmhi:$1" | od -An -tx1 | tr -d ' \n')" 10.9.0.2 >/dev/null &
	survives "a $1" "$2" $!
}

ip link set lo up
ip tuntap add dev tap0 mode tap
ip addr add 10.9.0.1/24 dev tap0
ip link set tap0 up
start_card
first=$(driver first 0.2.0)
second=$(driver second 0.2.1)
start_set "{\"name\": \"lan0\", \"driver\": \"$first\", \"devices\": [{\"vfio-user\": \"$LAB_WIRES/card\"}],
	\"ports\": [{\"name\": \"p0\", \"socket\": \"$socket\"}]}"
wait_for "no socket $socket" test -S "$socket"
"$LAB_BUILD/sdk/lab/xfer-server" 10.9.0.1 5000 "$LAB_WIRES/stop" >/dev/null
qemu_guest 200 "$socket" &
guest=$!
# begun: the guest's transfers; a guest that has ended has said why
begun()
{
	kill -0 $guest || { wait $guest; fail "the guest ended before its transfers"; }
	down=$(connection bytes_acked) up=$(connection bytes_received)
	[ -n "$down" ] && [ -n "$up" ]
}
patience=100
wait_for "the guest's transfers do not begin" begun
patience=30
before=$(qemu) said=$(cat "$LAB_OUT/qemu.log")
say "TCP both ways: connections $down and $up"
for _ in 1 2 3; do
	kill_worker
done
fault_in crash 'signal 11'
fault_in crash 'signal 11'
fault_in hang 'hangs: killed'
# longer on trial than a connection may rest until it repeats what was lost
"$vmhi" driver replace lan0 "$second" --trial 2000 >"$LAB_OUT/replace.log" 2>&1 ||
	fail "the replacement: $(tail -1 "$LAB_OUT/replace.log")"
goes_on "the replacement"
say "replaced under load: $(cat "$LAB_OUT/replace.log")"
kill_worker
is 0.2.1 status version || fail "the driver is $(status version) again"
"$vmhi" port list --json >"$LAB_OUT/ports.json"
[ "$(jq 'map(.ring_errors) | add' "$LAB_OUT/ports.json")" = 0 ] || fail "ring errors: see ports.json"
touch "$LAB_WIRES/stop"
wait $guest || exit 1
say "QEMU is the process that it was, with the connections that it had, and said nothing"
