#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. /lab/lib.sh

port() { vmhi port list --json | jq ".[] | select(.name == \"$1\") | $2"; }
master() { echo $(($(od -An -tu1 -j4 -N1 "/sys/bus/pci/devices/$card/config") & 4)); }
status() { vmhi set list --json | jq ".[0] | $1"; }
ended() { ! pidof "$1"; }

# begin LOG: starts set lan0 and waits for its link
begin()
{
	vmhi-driverd --config /tmp/lan0.json 2>/results/"$1" &
	keeper=$!
	wait_for 30 test -S /run/vmhi/sets/lan0/control || fail "the set does not start: $(tail -1 /results/"$1")"
	wait_for 20 eval '[ "$(port uplink0 .up)" = true ]' || fail "the link stays down: $(tail -1 /results/"$1")"
}

# sends: frames leave through the card
sends()
{
	local before
	before=$(port uplink0 .tx_packets)
	ringclient /run/vmhi/sets/lan0/ports/p0 sink 1 >/tmp/client || fail "ringclient: $(cat /tmp/client)"
	sent=$(($(port uplink0 .tx_packets) - before))
	[ $sent -gt 100 ] || fail "$sent frames went out: $(cat /tmp/client)"
}

the_card
cat >/tmp/lan0.json <<END
{"name": "lan0", "driver": "/vmhi/82574.so", "devices": ["$card"], "ports": [{"name": "p0"}]}
END
vmhi-driverd --config /tmp/lan0.json 2>/tmp/err && fail "a card that is not bound was taken"
grep -q "vmhi device bind $card" /tmp/err || fail "unbound: $(cat /tmp/err)"
vmhi device bind "$card" || fail "$card cannot be bound"

begin stop.log
worker=$(status .worker)
[ "$(master)" = 4 ] || fail "Bus Master is off while the set runs"
ls -l /proc/"$worker"/fd | grep -q vfio && fail "the worker holds a VFIO descriptor"
grep -q '^CapEff:	0000000000000000$' /proc/"$worker"/status || fail "the worker has capabilities"
[ -z "$(ls -A /proc/"$worker"/root/)" ] || fail "the worker sees files"
sends
say "$sent frames went out through the card"
vmhi-driverd --config /tmp/lan0.json 2>/tmp/err && fail "one set was started twice"
sed 's/lan0/lan1/' /tmp/lan0.json >/tmp/lan1.json
vmhi-driverd --config /tmp/lan1.json 2>/tmp/err && fail "one card was given to two sets"
grep -q 'another process has it open' /tmp/err || fail "a busy card: $(cat /tmp/err)"
vmhi set stop lan0 || fail "the set does not stop"
wait $keeper || fail "a stopped keeper's status: $(tail -1 /results/stop.log)"
[ "$(master)" = 0 ] || fail "Bus Master stays on after a stop"

begin worker.log
wait_for 10 eval '[ "$(status .spare)" -gt 0 ]' || fail "there is no spare worker"
kill -KILL "$(status .worker)"
wait_for 20 eval '[ "$(port uplink0 .up)" = true ]' || fail "no link after a worker's death"
grep -q 'restart 1: the worker died: signal 9' /results/worker.log || fail "$(tail -1 /results/worker.log)"
[ "$(status .restarts)" = 1 ] || fail "$(status .restarts) restarts, after one kill"
[ "$(master)" = 4 ] || fail "Bus Master stays off after a take-over"
sends
say "a killed worker: another took over, and sent $sent frames"
vmhi set stop lan0 || fail "the set does not stop"
wait $keeper || fail "a stopped keeper's status: $(tail -1 /results/worker.log)"

begin keeper.log
kill -KILL $keeper
wait_for 10 ended vmhi-worker || fail "the worker outlived its keeper"
begin again.log
sends
say "a killed keeper: its successor sent $sent frames"
vmhi set stop lan0 || fail "the set does not stop"
wait $keeper
[ -z "$(find /run/vmhi -type s)" ] || fail "left behind: $(find /run/vmhi -type s)"
vmhi device unbind "$card" || fail "$card cannot be given back"
[ "$(dmar_faults)" = 0 ] || fail "DMAR faults: $(dmesg | grep -m1 'fault addr')"
