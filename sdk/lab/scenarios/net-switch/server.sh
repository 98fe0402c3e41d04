#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. /lab/lib.sh

modprobe kvm-amd && [ -c /dev/kvm ] || fail "no KVM on the server"
huge_pages 32
the_card
set_on_card '"mtu": 9000'
say "set lan0 runs, MTU 9000"

# Both guests: eth0 untagged; eth1 on VLAN 20 for a, 30 for b, with addresses of one subnet.
guest()
{
	cat >"/tmp/$1.json" <<END
{"name": "$1", "memory": "192M", "kernel": "/guest/vmlinux", "initrd": "/guest/initramfs",
 "cmdline": "console=ttyS0 quiet ROLE=$1",
 "nets": [{"set": "lan0", "mac": "52:54:00:00:00:0$2", "mtu": 9000},
          {"set": "lan0", "mac": "52:54:00:00:01:0$2", "mtu": 9000, "vlan": $3}]}
END
	vmhi run "/tmp/$1.json" >"/results/$1.log" 2>&1 </dev/null &
}
# one after the other: two that boot at once take longer than two in turn
guest b 2 30
wait_for 60 grep -q '^lab: b: \(ready\|error\)' /results/b.log || fail "guest b: $(tail -1 /results/b.log)"
tr -d '\r' </results/b.log | grep '^lab: '
guest a 1 20
follow_guest /results/a.log 100 '^lab: a: \(done\|error\)'
grep -q '^lab: a: done' /results/a.log || fail "guest a: $(tr -d '\r' </results/a.log | grep '^lab: ' | tail -1)"

vmhi port list --json >/results/ports.json
vmhi port list >/results/ports.txt
spoof=$(jq '[.[] | select(.name == "a.0")][0].drops.spoof' /results/ports.json)
[ "$spoof" -ge 3 ] || fail "3 spoofed frames were sent, $spoof counted"
say "$spoof frames with a spoofed MAC dropped and counted"
# nothing else was lost or wrong anywhere
bad=$(jq -c '[.[] | select(.ring_errors + .drops.rate + .drops.bad > 0)]' /results/ports.json)
[ "$bad" = '[]' ] || fail "error counters moved: $bad"
vmhi vm kill a
vmhi vm kill b
wait
vmhi set stop lan0 || fail "the set does not stop"
[ "$(dmar_faults)" = 0 ] || fail "DMAR faults: $(dmesg | grep -m1 'fault addr')"
