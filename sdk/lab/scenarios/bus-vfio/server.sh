#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. /lab/lib.sh

the_card

# Before it is bound: one line that says what to do.
/vmhi/bus-vfio "$card" 2>/tmp/err && fail "an unbound card was opened"
grep -q "vmhi device bind $card" /tmp/err || fail "unbound: $(cat /tmp/err)"

/vmhi/bus-vfio --bind "$card" || fail "it cannot be bound"
/vmhi/bus-vfio "$card" || fail "see above"
# Nothing was left behind that hinders the next one.
/vmhi/bus-vfio "$card" >/dev/null || fail "the second time it cannot be used"
/vmhi/bus-vfio --unbind "$card" || fail "it cannot be given back"
[ "$(basename "$(readlink /sys/bus/pci/devices/"$card"/driver)")" != vfio-pci ] || fail "it is still bound"
[ "$(dmar_faults)" = 0 ] || fail "DMAR faults: $(dmesg | grep -m1 "fault addr")"
