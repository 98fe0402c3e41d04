#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every fault ends with the same question: is what was written there, byte for byte?
. /lab/lib.sh
. /lab/lpfc.sh
. /lab/disk.sh

MIB=1

for p in /sys/class/virtio-ports/*; do
	[ "$(cat "$p/name" 2>/dev/null)" != switches ] || switches=/dev/${p##*/}
done
[ -n "$switches" ] || fail "no port to the switches"

# ask NAME COMMAND...: of the target or the fabric; it takes effect within a moment
ask()
{
	echo "$*" >"$switches"
	sleep 1
}

# round WHAT: new bytes to LUN 0 and back, past the page cache, however long it takes
round()
{
	local begin
	begin=$(cut -d. -f1 /proc/uptime)
	dd if=/dev/urandom of=/tmp/out bs=1M count=$MIB 2>/dev/null
	dd if=/tmp/out of=/dev/$lun0 bs=256k oflag=direct conv=fsync 2>/tmp/dd ||
		fail "$1: writing: $(tail -1 /tmp/dd)"
	dd if=/dev/$lun0 of=/tmp/in bs=256k count=$((MIB * 4)) iflag=direct 2>/tmp/dd ||
		fail "$1: reading: $(tail -1 /tmp/dd)"
	cmp /tmp/out /tmp/in || fail "$1: what was read is not what was written"
	say "$1: $MIB MiB written and read back in $(($(cut -d. -f1 /proc/uptime) - begin)) s"
}

modprobe sg
lpfc_load
disks_wait 0 1
lun0=$(disk 0)
# a command that is lost is missed after so many seconds
echo 4 >/sys/block/$lun0/device/timeout
round "without a fault"

# First, as it takes longest: the port sends the ABTS again after 2 R_A_TOV, of 10 s.
ask target drop-rsp 1
ask fabric drop 0 1 bls
round "a response that never comes, and no answer to its ABTS"
again=$(($(cut -d. -f1 /proc/uptime) + 22))
ask target full 6
round "TASK SET FULL for six commands"
ask target busy 4
round "BUSY for four"
ask target drop-rsp 1
round "a response that never comes"
ask target drop-data 1
round "a data frame that is lost"
ask fabric drop 0 1 xfer-rdy
round "an FCP_XFER_RDY that is lost"
ask fabric drop 1 1 cmnd
round "a command that is lost"

sg_reset -d /dev/$lun0 >/tmp/said 2>&1 || fail "sg_reset -d: $(tail -1 /tmp/said)"
round "after a LUN reset"
sg_reset -t /dev/$lun0 >/tmp/said 2>&1 || fail "sg_reset -t: $(tail -1 /tmp/said)"
round "after a target reset"

ask target check 3 1100 1
! dd if=/dev/$lun0 of=/dev/null bs=4k count=1 iflag=direct 2>/dev/null ||
	fail "a medium error was not told"
round "after a medium error"

now=$(cut -d. -f1 /proc/uptime)
[ "$now" -ge "$again" ] || sleep $((again - now))
ask target bounce 3000
round "the target's link was away"
ask fabric bounce 0 2000
round "the card's link was away"
ask target logo
round "the target logged out"

# 1305: link down. 0713, 0723: the resets.
wrong=$(lpfc_wrong 1305 0713 0723)
[ -z "$wrong" ] || fail "the kernel log: $(echo "$wrong" | head -1)"
wrong=$(dmesg -r | grep -E '^<[0-4]>.*(sd[a-z]|I/O error)' | grep -v 'critical medium error')
[ -z "$wrong" ] || fail "the kernel log: $(echo "$wrong" | head -1)"
say "nothing in the kernel log but what was provoked"
