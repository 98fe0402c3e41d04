#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The same kernel, initramfs, memory and console under each, in turn. A line a boot goes to
# /results/times: who, seconds from the command to init, the guest's clock at init.
. /lab/lib.sh

now() { cut -d' ' -f1 /proc/uptime; }

cmdline="console=ttyS0 quiet"

# boot WHO COMMAND...: one boot, its console read line by line
boot()
{
	local who=$1 start line
	shift
	start=$(now)
	"$@" </dev/null 2>/results/$who.err | while IFS= read -r line; do
		case $line in
		"guest: Linux"*"init after"*)
			line=${line##*init after }
			echo "$who $start $(now) ${line%% s*}"
			killall -q lkvm # which halts, and does not end, when its guest powers off
			;;
		esac
	done | awk '{ printf "%s %.2f %s\n", $1, $3 - $2, $4; n++ } END { exit n != 1 }' \
		>>/results/times || fail "$who did not reach its guest's init: $(tail -1 /results/$who.err)"
	say "$(tail -1 /results/times | awk '{ print $1 ": init after " $2 " s, the guest says " $3 " s" }')"
}

ours()
{
	boot vmhi vmhi run /tmp/VM.json
}

# without what a guest of ours has not: no option ROM, no legacy timer or interrupt controller
qemu()
{
	boot microvm timeout 100 qemu-system-x86_64 -M microvm,pit=off,pic=off,rtc=off -accel kvm \
		-cpu host -m 256 -nodefaults -display none -no-reboot -serial stdio \
		-kernel /guest/vmlinux -initrd /guest/initramfs -append "$cmdline"
}

kvmtool()
{
	boot kvmtool timeout 100 lkvm run --cpus 1 --mem 256 --console serial --network mode=none \
		--kernel /guest/vmlinuz --initrd /guest/initramfs --params "$cmdline"
}

modprobe kvm-amd && [ -c /dev/kvm ] || fail "no KVM on the server"
echo '{"name": "vm", "memory": "256M", "kernel": "/guest/vmlinux", "initrd": "/guest/initramfs",
       "cmdline": "'"$cmdline"'"}' >/tmp/VM.json
round=0
while [ $round -lt ${ROUNDS:-3} ]; do
	ours
	qemu
	[ ! -x /usr/bin/lkvm ] || kvmtool
	round=$((round + 1))
done
