#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. /lab/lib.sh

modprobe kvm-amd && [ -c /dev/kvm ] || fail "no KVM on the server"
mount -t debugfs debugfs /sys/kernel/debug

serve_disk()
{
	rm -f /tmp/blk.sock
	qemu-storage-daemon --blockdev file,filename=/tmp/disk,node-name=disk \
		--export type=vhost-user-blk,id=e,node-name=disk,addr.type=unix,addr.path=/tmp/blk.sock,writable=on,num-queues=2 &
	qsd=$!
	echo $qsd >/tmp/qsd.pid
	wait_for 10 test -S /tmp/blk.sock || fail "qemu-storage-daemon does not start"
}

mib()	# mib N: the checksum of the Nth quarter of the disk
{
	dd if=/tmp/disk bs=4M skip="$1" count=1 2>/dev/null | md5sum | cut -c1-32
}

exits() { cat /sys/kernel/debug/kvm/mmio_exits; }

head -c 16777216 /dev/urandom >/tmp/disk
first=$(mib 0)
serve_disk
cat >/tmp/vm.json <<'END'
{"name": "guest", "cpus": 2, "memory": "192M", "kernel": "/guest/vmlinux", "initrd": "/guest/initramfs",
 "cmdline": "console=hvc0 quiet panic=-1", "disks": [{"vhost-user": "/tmp/blk.sock"}], "rng": true, "console": "virtio"}
END
say "starting the guest: disk on qemu-storage-daemon, entropy, virtio console"
vmhi-vm --config /tmp/vm.json --console stdio 2>/results/vmhi.log </dev/null | while IFS= read -r line; do
	line=$(echo "$line" | tr -d '\r')
	echo "$line" >>/results/guest.log
	case $line in
	"lab: i/o begins"*) exits >/tmp/exits.before ;;
	"lab: i/o ends"*)
		exits >/tmp/exits.after
		vm_memory >/tmp/memory
		;;
	"lab: kill the back end"*)
		kill -9 "$(cat /tmp/qsd.pid)"
		serve_disk
		;;
	esac
	case $line in
	"lab: "*) echo "lab: guest: ${line#*: }" ;;
	esac
done
value() { sed -n "s/^lab: $1: //p" /results/guest.log; }

[ "$(value status)" = 0 ] || fail "the guest failed: $(tail -1 /results/vmhi.log) $(tail -1 /results/guest.log)"
[ "$(value read)" = "$first" ] || fail "the guest read $(value read), $first is on the disk"
[ "$(value wrote)" = "$(mib 1)" ] || fail "the guest wrote $(value wrote), $(mib 1) is on the disk"
[ "$(value 'wrote later')" = "$(mib 2)" ] || fail "after the back end's death the guest wrote $(value 'wrote later'), $(mib 2) is on the disk"
grep -q 'disk0: device needs a reset: .*back end closed the connection' /results/vmhi.log ||
	fail "vmhi-vm did not say that the back end went: $(cat /results/vmhi.log)"
grep -q 'disk0: .*back end is there again' /results/vmhi.log ||
	fail "vmhi-vm did not find the new back end: $(cat /results/vmhi.log)"
more=$(($(cat /tmp/exits.after) - $(cat /tmp/exits.before)))
[ "$more" -le 8 ] || fail "$more accesses came to vmhi-vm while a running disk was read and written"
[ "$(cat /tmp/memory)" -le 8192 ] || fail "vmhi-vm holds $(cat /tmp/memory) KiB beside the guest's memory"
say "checksums match; $more exits to vmhi-vm during 8 MiB of disk I/O; it holds $(cat /tmp/memory) KiB itself"
