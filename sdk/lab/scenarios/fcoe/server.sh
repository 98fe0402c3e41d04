#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. /lab/lib.sh

host_is() { [ "$(cat /sys/class/fc_host/host*/port_state 2>/dev/null)" = "$1" ]; }
logins() { [ "$(dmesg | grep -c 'Assigned Port ID')" = "$1" ]; }
# sum FILE MIB SKIP: of so many MiB, past the page cache
sum() { dd if="$1" bs=1M count="$2" skip="$3" iflag=direct 2>/dev/null | md5sum | cut -d' ' -f1; }
reads_back() { [ "$(sum /dev/sda 4 0)" = "$LUN_SUM" ]; }

modprobe virtio_net
modprobe sd_mod
modprobe fcoe || fail "fcoe does not load"
ip link set eth0 mtu 2500 up || fail "no MTU of 2500"
echo eth0 >/sys/module/libfcoe/parameters/create || fail "no FCoE interface on eth0"
wait_for 30 host_is Online || fail "fcoe.ko does not log in: $(cat /sys/class/fc_host/host*/port_state)"
cd /sys/class/fc_host/host*
say "fcoe.ko is $(cat port_name) at $(cat port_id), fabric $(cat fabric_name), $(cat port_type)"
[ "$(cat port_id)" = 0x010200 ] || fail "an N_Port_ID that the fabric does not give: $(cat port_id)"
wait_for 20 test -b /dev/sda || fail "no LUN: $(dmesg | tail -1)"
say "the LUN: $(cat /sys/block/sda/device/vendor /sys/block/sda/device/model | tr -s ' \n' ' ')$(cat /sys/block/sda/size) blocks"
reads_back || fail "what is read is not what is on the LUN"
dd if=/dev/urandom of=/tmp/data bs=1M count=4 2>/dev/null
dd if=/tmp/data of=/dev/sda bs=64k seek=512 oflag=direct conv=fsync 2>/dev/null || fail "no write"
[ "$(sum /dev/sda 4 32)" = "$(md5sum </tmp/data | cut -d' ' -f1)" ] || fail "what was written is not read"
md5sum </tmp/data | cut -d' ' -f1 >/results/written
say "4 MiB read, 4 MiB written and read again: the same"

# Links cleared: everything is logged out, and comes back when the port may log in again.
(printf 'ask: bounce 1 1500\n'; head -c 493 /dev/zero) | dd of=/dev/sda bs=512 count=1 iflag=fullblock oflag=direct \
	seek=$(($(cat /sys/block/sda/size) - 1)) conv=fsync 2>/dev/null
wait_for 40 logins 2 || fail "fcoe.ko does not log in again"
wait_for 20 reads_back || fail "the LUN does not read as before; the target's port is" $(cat /sys/class/fc_remote_ports/*/port_state)
for p in /sys/class/fc_remote_ports/*; do
	echo "${p##*/} $(cat "$p/port_id" "$p/roles" "$p/port_state" | tr '\n' ' ')"
done >/results/rports
say "Clear Virtual Links: logged out, logged in again, the LUN reads as before"
echo eth0 >/sys/module/libfcoe/parameters/destroy || fail "the FCoE interface does not go"
