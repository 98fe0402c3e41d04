#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. /lab/lib.sh

modprobe kvm-amd && [ -c /dev/kvm ] || fail "no KVM on the server"
# QEMU's card loses a frame whose buffer is not contiguous in the server's memory (doc/lab.md)
sysctl -qw vm.nr_hugepages=32
[ "$(cat /proc/sys/vm/nr_hugepages)" = 32 ] || fail "no 32 hugepages to be had"
modprobe vfio_iommu_type1
modprobe vfio-pci
card=$(pci_devices 8086:10d3)
vmhi device bind "$card" || fail "$card cannot be bound"
mkdir -p /etc/vmhi/sets
cat >/etc/vmhi/sets/lan0.json <<END
{"name": "lan0", "driver": "/vmhi/82574.so", "devices": ["$card"], "mtu": 9000}
END
vmhi set start lan0 || fail "the set does not start: $(tail -1 /run/vmhi/sets/lan0/log)"
say "set lan0 runs, MTU 9000"

# Both guests: eth0 untagged; eth1 on VLAN 20 for a, 30 for b, with addresses of one subnet.
guest()
{
	cat >"/tmp/$1.json" <<END
{"name": "$1", "cpus": 2, "memory": "256M", "kernel": "/guest/vmlinux", "initrd": "/guest/initramfs",
 "cmdline": "console=ttyS0 quiet ROLE=$1",
 "nets": [{"set": "lan0", "mac": "52:54:00:00:00:0$2", "mtu": 9000},
          {"set": "lan0", "mac": "52:54:00:00:01:0$2", "mtu": 9000, "vlan": $3}]}
END
	vmhi run "/tmp/$1.json" >"/results/$1.log" 2>&1 </dev/null &
}
guest b 2 30
guest a 1 20
wait_for 90 grep -q '^lab: b: ready' /results/b.log || fail "guest b: $(tail -1 /results/b.log)"
say "both guests start, 2 vCPUs each"
seen=0
n=0
while ! grep -q '^guest-status:' /results/a.log; do
	n=$((n + 1))
	[ $n -lt 1500 ] || fail "guest a does not come to its end: $(tail -1 /results/a.log)"
	now=$(grep -c '^lab: ' /results/a.log)
	[ "$now" = $seen ] || tr -d '\r' </results/a.log | grep '^lab: ' | tail -n +$((seen + 1)) | head -n $((now - seen))
	seen=$now
	sleep 0.2
done
tr -d '\r' </results/a.log | grep '^lab: ' | tail -n +$((seen + 1))
grep -q '^guest-status: 0' /results/a.log || fail "guest a: $(tr -d '\r' </results/a.log | grep '^lab: ' | tail -1)"

vmhi port list --json >/results/ports.json
vmhi port list >/results/ports.txt
spoof=$(jq '[.[] | select(.name == "a.0")][0].drops.spoof' /results/ports.json)
[ "$spoof" -ge 3 ] || fail "3 spoofed frames were sent, $spoof counted"
say "$spoof frames with a spoofed MAC dropped and counted"
# nothing else was lost or wrong anywhere
bad=$(jq -c '[.[] | select(.ring_errors + .drops.rate + .drops.bad > 0)]' /results/ports.json)
[ "$bad" = '[]' ] || fail "error counters moved: $bad"
rss=$(for p in $(pidof vmhi-vm); do
	awk '/^[0-9a-f]+-[0-9a-f]+ / { ram = /memfd:/ } /^Rss:/ { if (!ram) n += $2 } END { print n }' /proc/$p/smaps
done | sort -n | tail -1)
[ -n "$rss" ] && [ "$rss" -le 8192 ] || fail "vmhi-vm takes $rss KiB beside its guest's memory"
say "vmhi-vm: $rss KiB resident beside its guest's memory"
vmhi vm kill a
vmhi vm kill b
wait
vmhi set stop lan0 || fail "the set does not stop"
[ "$(dmar_faults)" = 0 ] || fail "DMAR faults: $(dmesg | grep -m1 'fault addr')"
