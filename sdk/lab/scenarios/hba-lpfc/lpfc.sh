# SPDX-License-Identifier: Apache-2.0
# For server.sh: lpfc and what it says.

# lpfc_load [PARAMETER...]: FCP only (the port has no NVMe), commands as the port has exchanges
lpfc_load()
{
	modprobe lpfc lpfc_enable_fc4_type=1 lpfc_hba_queue_depth=512 "$@" || fail "lpfc does not load"
	host=$(ls -d /sys/class/fc_host/host* 2>/dev/null | head -1)
	[ -n "$host" ] || fail "lpfc does not take the card: $(dmesg | grep lpfc | tail -1)"
}

# lpfc_online: the fabric has given the port an address
lpfc_online()
{
	[ "$(cat "$host/port_state")" = Online ] && [ "$(cat "$host/port_id")" != 0x000000 ]
}

# lpfc_wrong: what lpfc said with the priority of a warning or worse. Three messages of its own have
# that priority on every healthy card: 2574 (how many queues), 6468 (the time was set, status 0) and
# 1303 (link up). Arguments: numbers of others that a fault explains.
lpfc_wrong()
{
	local n explained='2574|1303'
	for n in "$@"; do
		explained="$explained|$n"
	done
	dmesg -r | grep -E '^<[0-4]>.*lpfc' | grep -vE "[0-9]+:(\([0-9]+\):)?($explained) " |
		grep -v '6468 Set host date / time: Status x0:'
}
