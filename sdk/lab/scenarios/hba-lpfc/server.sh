#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. /lab/lib.sh
. /lab/lpfc.sh

modprobe sd_mod
lpfc_load
[ "$(cat "$host/port_name")" = 0x100000109b000001 ] || fail "not the model's name: $(cat "$host/port_name")"
wait_for 60 lpfc_online || fail "no login: $(cat "$host/port_state"), $(dmesg | grep lpfc | tail -1)"
say "lpfc: link $(cat "$host/speed"), $(cat "$host/port_type"), address $(cat "$host/port_id")," \
	"$(grep -c lpfc: /proc/interrupts) MSI-X vectors"
[ "$(cat "$host/port_type")" = "NPort (fabric via point-to-point)" ] || fail "not a port of a fabric"
[ "$(cat "$host/fabric_name")" != 0xffffffffffffffff ] || fail "the fabric has no name"

# the driver lets go of the card in good order, and takes it again
rmmod lpfc || fail "lpfc does not unload"
lpfc_load
wait_for 60 lpfc_online || fail "no login when loaded again"
say "unloaded and loaded again: address $(cat "$host/port_id")"

dmesg >/results/dmesg
wrong=$(lpfc_wrong)
[ -z "$wrong" ] || fail "the kernel log: $(echo "$wrong" | head -1)"
