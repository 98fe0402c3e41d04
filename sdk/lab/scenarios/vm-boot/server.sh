#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. /lab/lib.sh

control=/run/vmhi/vms/a/control

# config CPUS KERNEL MODE
config()
{
	cat >/tmp/VM.json <<-END
	{"name": "a", "cpus": $1, "memory": "192M", "kernel": "/guest/$2",
	 "initrd": "/guest/initramfs", "cmdline": "console=ttyS0 quiet panic=-1 MODE=$3"}
	END
}

# start [OPTION...]: in the background, its console in /results/$log
start()
{
	vmhi-vm --config /tmp/VM.json --console stdio "$@" >/results/$log 2>/results/$log.err \
		</dev/null &
	pid=$!
}

# ends STATUS: waits for it
ends()
{
	wait $pid
	status=$?
	[ $status = $1 ] || fail "$log: vmhi-vm ended with $status, not $1: $(tail -1 /results/$log.err)"
	[ ! -e $control ] || fail "$log: vmhi-vm left its control socket behind"
}

# has TEXT: the console holds it, now or soon
has() { wait_for 60 grep -q "$1" /results/$log || fail "$log: the guest did not say '$1'"; }

modprobe kvm-amd || fail "kvm-amd does not load"
vmhi-vm --probe >/results/probe 2>&1 || fail "the probe refuses this KVM: $(cat /results/probe)"
say "the KVM probe: $(cat /results/probe)"

# judge: what every guest that said its info must have said
judge()
{
	for ok in pci serial-irq clock; do
		grep -q "guest-$ok: ok" /results/$log || fail "$log: no 'guest-$ok: ok' on the console"
	done
	grep -q 'guest-kernel: .*Debian' /results/$log || fail "$log: not Debian's kernel"
	say "$1: $(sed -n 's/^guest: //p' /results/$log | tr -d '\r')"
}

log=pvh
config 1 vmlinux button
start
has 'guest-button: ready'
judge "vmlinux by PVH"
rss=$(vm_memory)
[ "$rss" -le 8192 ] || fail "vmhi-vm takes $rss KiB beside the guest's memory; 8192 are the limit"
say "vmhi-vm takes $rss KiB beside the guest's memory"
vmhi vm list >/results/list || fail "vmhi vm list"
grep -q '^a ' /results/list || fail "vmhi vm list does not show the VM"
vmhi-vm --config /tmp/VM.json 2>/results/second && fail "a second VM of that name started"
grep -q 'runs already' /results/second || fail "second VM of a name: $(cat /results/second)"
vmhi vm stop a >/results/stop.out 2>&1 || fail "vmhi vm stop: $(cat /results/stop.out)"
has 'guest-button: key 116'
ends 0
say "stop: the guest saw its power button and powered off"

log=bzimage
config 2 vmlinuz abuse
start --no-reboot
has ', 2 CPU, init after'
has 'guest-abuse: done'
ends 4
judge "bzImage"
! grep 'guest-abuse: 0x\|guest-abuse: write' /results/$log || fail "an unclaimed address does not read as all-ones"
say "unclaimed addresses and ports: the guest goes on"
say "--no-reboot: a reset ends the VM with status 4"

log=term
start --stop-timeout 1
wait_for 20 [ -S $control ] || fail "no control socket"
kill -TERM $pid
ends 3
grep -q 'not powered off within 1 s' /results/$log.err || fail "no word of the stop's time-out"
say "SIGTERM: a guest that ignores its button is ended after the time-out"

log=killed
start
wait_for 20 [ -S $control ] || fail "no control socket"
kill -KILL $pid
wait $pid
[ -S $control ] || fail "SIGKILL should have left the socket for the next start to replace"
say "SIGKILL left the control socket"

log=reboot
config 1 vmlinux reset
vmhi-vm --config /tmp/VM.json --console none 2>/results/$log.err &
pid=$!
mkfifo /tmp/keys
exec 5<>/tmp/keys
wait_for 20 sh -c 'vmhi vm list 2>/dev/null | grep -q "^a "' || fail "no VM after a predecessor's SIGKILL"
vmhi vm console a <&5 >/results/$log 2>&1 &
config 1 vmlinux echo	# for the next boot; this one's is read already
has 'guest-reset: now'
wait $!
say "after a SIGKILL the name is free; the console shows a guest that resets itself"

log=rebooted
wait_for 20 sh -c 'vmhi vm list 2>/dev/null | grep -q "^a "' || fail "no VM after its reset"
vmhi vm console a <&5 >/results/$log 2>&1 &
has 'guest-echo: ready'
echo 'some words' >&5
has 'guest-echo: got some words'
ends 0
say "a reset is a reboot, with VM.json read anew; the console carries both ways"

[ -z "$(ls -A /run/vmhi/vms)" ] || fail "left behind: $(ls -A /run/vmhi/vms)"
! pidof vmhi-vm >/dev/null || fail "a vmhi-vm is still running"
