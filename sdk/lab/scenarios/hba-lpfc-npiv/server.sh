#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. /lab/lib.sh
. /lab/lpfc.sh

# luns HOST: "LUN=disk" of every disk of that SCSI host
luns()
{
	local d
	for d in /sys/class/scsi_device/"${1#host}":*/device/block/*; do
		[ ! -e "$d" ] || echo "$(readlink -f "$d" | sed 's,.*:\([0-9]*\)/block/.*,\1,')=$(basename "$d")"
	done | sort
}

has_luns() { [ "$(luns "$1" | cut -d= -f1 | tr '\n' ' ')" = "$2" ]; }

# mark DISK TEXT: to its first block, and back
mark()
{
	echo "$2" | dd of=/dev/$1 bs=512 conv=sync,fsync 2>/dev/null || fail "$1 cannot be written"
	echo 3 >/proc/sys/vm/drop_caches
	[ "$(head -c ${#2} /dev/$1)" = "$2" ] || fail "$1 does not give back what was written"
}

modprobe sd_mod
lpfc_load
wait_for 60 lpfc_online || fail "no login"
port=$(basename "$host")
wait_for 30 has_luns "$port" "0 " || fail "the port sees LUNs: $(luns "$port" | tr '\n' ' ')"

echo 10000000c9000042:20000000c9000042 >"$host/vport_create" || fail "no virtual port"
virtual=$(basename "$(ls -d /sys/class/fc_host/host* | grep -v "/$port\$")")
wait_for 30 grep -q Online "/sys/class/fc_host/$virtual/port_state" ||
	fail "the virtual port is $(cat "/sys/class/fc_host/$virtual/port_state")"
wait_for 30 has_luns "$virtual" "1 " || fail "the virtual port sees LUNs: $(luns "$virtual" | tr '\n' ' ')"
has_luns "$port" "0 " || fail "the port sees LUNs: $(luns "$port" | tr '\n' ' ')"
[ "$(cat "/sys/class/fc_host/$virtual/port_id")" != "$(cat "$host/port_id")" ] || fail "one address for two ports"
say "port $(cat "$host/port_id") sees LUN 0, virtual port $(cat "/sys/class/fc_host/$virtual/port_id") sees LUN 1"
mark "$(luns "$port" | cut -d= -f2)" "of the port"
mark "$(luns "$virtual" | cut -d= -f2)" "of the virtual port"

echo 10000000c9000042:20000000c9000042 >"$host/vport_delete" || fail "the virtual port stays"
wait_for 20 [ ! -e "/sys/class/fc_host/$virtual" ] || fail "the virtual port does not go"
lpfc_online || fail "the port went with it"
mark "$(luns "$port" | cut -d= -f2)" "still of the port"
say "the virtual port is gone, the port works on"

# 1825, 1828: a virtual port was made, and deleted.
wrong=$(lpfc_wrong 1825 1828)
[ -z "$wrong" ] || fail "the kernel log: $(echo "$wrong" | head -1)"
