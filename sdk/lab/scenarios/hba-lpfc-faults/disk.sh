# SPDX-License-Identifier: Apache-2.0
# For server.sh: the disks behind an HBA, by their LUN.

# disk LUN: the name of its block device, once it is there
disk()
{
	local d
	for d in /sys/block/sd*; do
		[ "$(basename "$(readlink -f "$d/device")" | cut -d: -f4)" != "$1" ] || basename "$d"
	done
}

disk_there() { [ -n "$(disk "$1")" ]; }

# disks_wait LUN...: until they are all there
disks_wait()
{
	local l
	modprobe sd_mod
	for l; do
		wait_for 40 disk_there "$l" || fail "LUN $l does not come"
	done
}
