#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. /lab/lib.sh

modprobe kvm-amd && [ -c /dev/kvm ] || fail "no KVM on the server"
huge_pages 32
the_card
set_on_card '"mtu": 9000'
say "set lan0 runs, MTU 9000"
cat >/tmp/guest.json <<END
{"name": "guest", "cpus": 2, "memory": "256M", "kernel": "/guest/vmlinux", "initrd": "/guest/initramfs",
 "cmdline": "console=ttyS0 quiet", "nets": [{"set": "lan0", "mtu": 9000, "queues": 2}]}
END
vmhi run /tmp/guest.json >/results/guest.log 2>&1 </dev/null &
follow_guest /results/guest.log 200 '^lab: \(done\|error\)'
grep -q '^lab: done' /results/guest.log || fail "the guest: $(tr -d '\r' </results/guest.log | grep '^lab: ' | tail -1)"

vmhi port list --json >/results/ports.json
vmhi port list >/results/ports.txt
bad=$(jq -c '[.[] | select(.ring_errors + ([.drops[]] | add) > 0)]' /results/ports.json)
[ "$bad" = '[]' ] || fail "error counters moved: $bad"
say "no error counter of a port or of the card moved"
rss=$(vm_memory)
[ -n "$rss" ] && [ "$rss" -le 8192 ] || fail "vmhi-vm takes $rss KiB beside its guest's memory"
say "vmhi-vm: $rss KiB resident beside its guest's memory"
vmhi vm kill guest
wait
vmhi set stop lan0 || fail "the set does not stop"
[ "$(dmar_faults)" = 0 ] || fail "DMAR faults: $(dmesg | grep -m1 'fault addr')"
