#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. /lab/lib.sh

modprobe kvm-amd && [ -c /dev/kvm ] || fail "no KVM on the server"

# the guest's initramfs with one more archive behind it, and a root file system of the same programs
mkdir /tmp/more
cp /lab/first-init /tmp/more/first-init
chmod 755 /tmp/more/first-init /lab/root-init
(cd /tmp/more && echo first-init | cpio -o -H newc 2>/dev/null) >/tmp/more.cpio
cat /guest/initramfs /tmp/more.cpio >/tmp/initramfs
mkdir -p /tmp/root/bin /tmp/root/dev /tmp/root/proc /tmp/root/sys
cp /bin/busybox /tmp/root/bin/
for c in sh mount cat awk head sha256sum sync poweroff echo; do
	ln -s busybox "/tmp/root/bin/$c"
done
cp /lab/root-init /tmp/root/root-init
/usr/bin/mke2fs -q -t ext4 -d /tmp/root /tmp/root.raw 128M || fail "no root file system could be made"
qemu-img convert -O qcow2 /tmp/root.raw /tmp/root.qcow2 || fail "qemu-img fails"
rm -rf /tmp/root /tmp/root.raw

# boot NAME CONSOLE: runs it to its end; its "lab: " lines are shown
boot()
{
	cat >/tmp/vm.json <<END
{"name": "$1", "memory": "256M", "kernel": "/guest/vmlinux", "initrd": "initramfs",
 "cmdline": "console=$2 quiet rdinit=/first-init WANT_CONSOLE=$2", "console": "$3", "rng": true,
 "disks": [{"image": "root.qcow2"}]}
END
	timeout 90 vmhi run /tmp/vm.json >"/results/$1.log" 2>&1 </dev/null || fail "$1: $(tail -1 "/results/$1.log")"
	tr -d '\r' <"/results/$1.log" | sed -n "s/^lab: /lab: $1: /p"
	grep -q '^lab: .*; ok' "/results/$1.log" || fail "$1: $(tr -d '\r' <"/results/$1.log" | grep '^lab: ' | tail -1)"
}
boot first ttyS0 serial
boot second hvc0 virtio
qemu-img check /tmp/root.qcow2 >/results/qemu-img 2>&1 || fail "the image is damaged: $(tail -1 /results/qemu-img)"

export programs="vmhi vmhi-vm vmhi-driverd vmhi-worker qemu-storage-daemon"

# nothing_left WHAT
nothing_left()
{
	wait_for 10 sh -c '[ -z "$(find /run/vmhi -type s)$(pidof $programs)" ]' ||
		fail "$1 left: $(find /run/vmhi -type s) $(pidof $programs)"
}
nothing_left "a VM that ended"
say "a VM that ends leaves nothing behind"

# Each program in turn is killed; the next start clears what is left and runs.
vmhi_run() { vmhi run --name v --memory 128M --kernel /guest/vmlinux --initrd /guest/initramfs --disk /tmp/root.qcow2 --net lan0 --detach; }
cat >/tmp/lan0.json <<END
{"name": "lan0", "driver": "/vmhi/null.so"}
END
for victim in vmhi vmhi-vm qemu-storage-daemon; do
	[ -S /run/vmhi/sets/lan0/control ] || vmhi set start /tmp/lan0.json >/dev/null || fail "no set"
	vmhi_run >/tmp/said 2>&1 || fail "before $victim is killed: $(tail -1 /tmp/said)"
	pid=$(pidof "$victim")
	[ -n "$pid" ] || fail "no process $victim"
	kill -9 $pid
	# without its disk's server a VM lives on; without vmhi or vmhi-vm nothing of it does
	[ "$victim" != qemu-storage-daemon ] || vmhi vm kill v || fail "the VM without its disk cannot be ended"
	# a VM whose vmhi died presses its power button, and ends by force after 30 s
	wait_for 45 sh -c '! pidof vmhi vmhi-vm' || fail "a VM is left after $victim was killed"
	vmhi_run >/tmp/said 2>&1 || fail "after $victim was killed: $(tail -1 /tmp/said)"
	vmhi vm kill v || fail "the VM after $victim was killed does not end"
	wait_for 10 sh -c '! pidof vmhi' || fail "vmhi stays after its VM"
done
kill -9 "$(pidof vmhi-driverd)"
wait_for 5 sh -c '! pidof vmhi-worker' || fail "the worker outlives its keeper"
vmhi set start /tmp/lan0.json >/dev/null || fail "the set does not start after its keeper was killed"
kill -9 $(pidof vmhi-worker) # the one that serves and the spare
wait_for 10 sh -c 'vmhi port list >/tmp/said 2>&1 && pidof vmhi-worker' || fail "no worker after both were killed: $(tail -1 /tmp/said)"
vmhi set stop lan0 || fail "the set does not stop"
nothing_left "all of it"
say "each program was killed once: the next start works, and nothing is left in the end"
