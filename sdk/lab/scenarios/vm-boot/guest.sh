#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# MODE comes from the kernel's command line.

info()
{
	echo "guest-kernel: $(cat /proc/version)"
	[ -d /sys/bus/pci/devices/0000:00:00.0 ] && echo "guest-pci: ok"
	grep -q ttyS0 /proc/interrupts && echo "guest-serial-irq: ok"
	grep -q kvm-clock /sys/devices/system/clocksource/clocksource0/current_clocksource &&
		echo "guest-clock: ok"
}

# addresses that belong to nobody, within the PCI windows and beside them
abuse()
{
	local a width v
	for a in 0xc0000000 0xd0000ff8 0xfec01000 0xfed00000 0xfee10000 0x4000100000 0x7ffffffff0; do
		for width in 8 16 32 64; do
			devmem $a $width 0xa5 || echo "guest-abuse: write to $a fails"
			v=$(devmem $a $width)
			case $v in 0xFF|0xFFFF|0xFFFFFFFF|0xFFFFFFFFFFFFFFFF) ;;
			*) echo "guest-abuse: $a reads $v" ;;
			esac
		done
	done
	# the ports below 4 KiB, but those that power off or reset, whatever is behind them
	dd if=/dev/port of=/tmp/ports bs=1 skip=0 count=1536 2>/dev/null
	dd if=/dev/port of=/tmp/ports bs=1 skip=1540 count=2600 2>/dev/null
	echo "guest-abuse: done"
}

button()
{
	local i
	modprobe evdev
	modprobe button
	for i in 1 2 3 4 5 6 7 8 9 10; do [ -e /dev/input/event0 ] && break; sleep 0.2; done
	echo "guest-button: ready"
	# blocks until the button's event is there, 24 bytes of it: key 116 is KEY_POWER
	dd if=/dev/input/event0 of=/tmp/event bs=24 count=1 2>/dev/null
	echo "guest-button: key $(hexdump -s 18 -n 2 -e '1/2 "%d"' /tmp/event)"
}

case $MODE in
abuse)
	info
	abuse
	reboot -f
	;;
button)
	info
	button
	;;
reset)
	echo "guest-reset: now"
	reboot -f
	;;
echo)
	echo "guest-echo: ready"
	read -r line
	echo "guest-echo: got $line"
	;;
esac
