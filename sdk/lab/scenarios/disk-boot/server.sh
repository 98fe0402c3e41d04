#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. /lab/lib.sh

modprobe kvm-amd && [ -c /dev/kvm ] || fail "no KVM on the server"
modprobe virtio_blk
[ -b /dev/vda ] || fail "the server has no disk"
qemu-img create -q -f qcow2 -b /dev/vda -F raw /tmp/disk.qcow2 || fail "no disk.qcow2"
cat >/tmp/vm.json <<END
{"name": "disk", "cpus": 2, "memory": "512M", "cmdline": "console=ttyS0 lab.report",
 "disks": [{"image": "/tmp/disk.qcow2"}]}
END
say "vmhi run: a VM with nothing but disk.qcow2"
vmhi run /tmp/vm.json >/results/vm.log 2>&1 </dev/null &
vm=$!
shown=0
while kill -0 $vm 2>/dev/null; do
	sleep 2
	# the report may stand behind the login prompt
	tr -d '\r' </results/vm.log | grep -ao '^diskboot: .*\|disk-report: .*' >/tmp/lines
	tail -n +$((shown + 1)) /tmp/lines | sed 's/^/lab: /'
	shown=$(wc -l </tmp/lines)
done
wait $vm || fail "vmhi run ended with status $?: $(tr -d '\r' </results/vm.log | grep -a . | tail -1)"
grep -q '^diskboot: booting .* from vda1: /boot/vmlinuz-.* root=UUID=.* ro ' /results/vm.log ||
	fail "the image's kernel was not taken from its grub.cfg"
grep -aq 'disk-report: Debian GNU/Linux 12.*root /dev/vda1 ext4 *rw, 0 failed units' /results/vm.log ||
	fail "the image's system did not come up whole: $(grep -ao 'disk-report: .*' /results/vm.log)"
[ -z "$(find /run/vmhi -type s 2>/dev/null)" ] || fail "left behind: $(find /run/vmhi -type s)"
left=$(pidof vmhi vmhi-vm qemu-storage-daemon)
[ -z "$left" ] || fail "still running: $left"
