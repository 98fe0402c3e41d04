# SPDX-License-Identifier: Apache-2.0
# The three kinds of uplink that need no card: a tap device, passt, and a card's model over
# vfio-user, which then dies.
. "$(dirname "$0")/lib.sh"

conf=$tmp/lan0.json
command -v jq >/dev/null || skip "jq is missing"

# begin JSON: a set with port p0 and these members
begin()
{
	jq -n "{name: \"lan0\", ports: [{name: \"p0\"}]} + $1" >"$conf"
	rm -f "$tmp/ready"
	mkfifo "$tmp/ready"
	vmhi-driverd --config "$conf" --ready-fd 9 9>"$tmp/ready" 2>"$tmp/log" &
	keeper=$!
	started+=($keeper)
	read -t 20 -r word <"$tmp/ready"
	[ "$word" = ready ] || die "the set does not start: $(tail -1 "$tmp/log")"
}

# finish WHAT: the set stops, and nothing of it is left
finish()
{
	local rc=0
	vmhi set stop lan0 >/dev/null || fault "$1: vmhi set stop"
	wait_for 10 eval "! kill -0 $keeper" || die "$1: the keeper does not end"
	wait $keeper || rc=$?
	[ $rc = 0 ] || fault "$1: the keeper's status is $rc: $(tail -1 "$tmp/log")"
}

port() { vmhi port list --json | jq ".[] | select(.name == \"$1\") | $2"; }
sends() { "$build/bench/ringclient" "$VMHI_RUN_DIR/sets/lan0/ports/p0" sink "$1"; }

tap=vt$$
if [ "$(id -u)" = 0 ] && [ -c /dev/net/tun ] && begin "{tap: \"$tap\"}"; then
	client=$(sends 0.5) || fault "tap: $client"
	got=$(cat /sys/class/net/$tap/statistics/rx_packets)
	[ "$got" -gt 100 ] || fault "$got frames reached the tap device: $client"
	[ "$(port $tap .kind)" = '"tap"' ] || fault "the tap's counters are missing"
	finish tap
	[ ! -e /sys/class/net/$tap ] || fault "$tap is still there"
	nothing_left tap
	echo "tap: $got frames"
fi
jq -n '{name: "lan0", tap: "../x"}' >"$conf"
refused 'tap ../x|"tap"' vmhi-driverd --config "$conf"

if command -v passt >/dev/null; then
	begin '{passt: true}'
	[ "$(port passt .kind)" = '"passt"' ] || fault "passt is no uplink"
	pgrep -P $keeper -x 'passt.*' >/dev/null || fault "passt does not run"
	finish passt
	nothing_left passt
	# passt that ends takes nothing along
	begin '{passt: true}'
	pkill -P $keeper -x 'passt.*'
	wait_for 5 grep -q 'passt ended' "$tmp/log" || fault "passt's end went unnoticed"
	wait_for 5 eval '[ "$(port passt .up)" = false ]' || fault "the link of a dead passt is up"
	[ "$(port p0 .kind)" = '"port"' ] || fault "the set did not go on without passt"
	sends 0.3 >/dev/null || fault "the port is not served any more without passt"
	[ "$(grep -c 'passt ended' "$tmp/log")" = 1 ] || fault "passt's end was said more than once"
	finish "passt's end"
	nothing_left "passt's end"
	# one that does not want to end is killed
	mkdir "$tmp/bin"
	printf '#!/bin/sh\ntrap "" TERM\necho $$ >"%s/passt-pid"\nexec sleep 1000\n' "$tmp" >"$tmp/bin/passt"
	chmod 755 "$tmp/bin/passt"
	PATH=$tmp/bin:$PATH begin '{passt: true}'
	wait_for 5 test -s "$tmp/passt-pid" || die "no process was started for passt"
	finish "a passt that does not end"
	! kill -0 "$(cat "$tmp/passt-pid")" 2>/dev/null || fault "a passt that ignores SIGTERM lives on"
	nothing_left "a passt that does not end"
else
	echo "passt is not there: left out"
fi

card=$build/plugins/nic/intel/82574/model/82574-model
driver=$build/plugins/nic/intel/82574/82574.so
"$card" --socket "$tmp/card" --wire "dgram:$tmp/near,$tmp/far" &
model=$!
started+=($model)
wait_for 5 test -S "$tmp/card" || die "the model does not start"
begin "{driver: \"$driver\", devices: [{\"vfio-user\": \"$tmp/card\"}]}"
wait_for 5 eval '[ "$(port uplink0 .up)" = true ]' || fault "the model's link stays down"
client=$(sends 0.5) || fault "model: $client"
got=$(port uplink0 .tx_packets)
[ "$got" -gt 100 ] || fault "$got frames went to the model: $client"
echo "model: $got frames"
{ kill -KILL $model && wait $model; } 2>/dev/null
wait_for 10 grep -q 'the device is gone; the set goes on' "$tmp/log" ||
	fault "the model's death went unnoticed: $(tail -1 "$tmp/log")"
wait_for 5 eval '[ "$(port uplink0 .up)" = false ]' || fault "the link of a dead model is up"
sends 0.3 >/dev/null || fault "the port is not served any more"
finish "the model's death"
nothing_left "the model's death"

# Two cards, one driver: when the active one's model dies, the other carries the traffic.
models=()
for n in 1 2; do
	"$card" --socket "$tmp/card$n" --wire "dgram:$tmp/near$n,$tmp/far$n" &
	models+=($!)
	started+=($!)
	wait_for 5 test -S "$tmp/card$n" || die "model $n does not start"
done
begin "{driver: \"$driver\", devices: [{\"vfio-user\": \"$tmp/card1\"}, {\"vfio-user\": \"$tmp/card2\"}]}"
wait_for 5 eval '[ "$(port uplink0 .up) $(port uplink1 .up)" = "true true" ]' || fault "a link stays down"
[ "$(port uplink0 .active) $(port uplink1 .active)" = "true false" ] || fault "not one is active"
{ kill -KILL "${models[0]}" && wait "${models[0]}"; } 2>/dev/null
wait_for 10 eval '[ "$(port uplink0 .active) $(port uplink1 .active)" = "false true" ]' ||
	fault "the standby does not take over: $(tail -1 "$tmp/log")"
client=$(sends 0.5) || fault "standby: $client"
got=$(port uplink1 .tx_packets)
[ "$got" -gt 100 ] || fault "$got frames went to the standby: $client"
echo "standby: $got frames"
finish "a takeover"
nothing_left "a takeover"

# One that is not there, and one that is something else: a line each.
jq -n "{name: \"lan0\", driver: \"$driver\", devices: [{\"vfio-user\": \"$tmp/card\"}]}" >"$conf"
refused "vfio-user:$tmp/card: no server answers" vmhi-driverd --config "$conf"
jq -n "{name: \"lan0\", driver: \"$driver\", devices: [\"0000:77:00.0\"]}" >"$conf"
refused '0000:77:00.0: there is no such PCI device' vmhi-driverd --config "$conf"
ended
