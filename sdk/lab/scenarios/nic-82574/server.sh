#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. /lab/lib.sh
the_card
vfio_bind "$card" >/dev/null
huge_pages 40
# QEMU 7.2 counts multicast frames twice (mended in 8.0), and on this wire cuts TSO into IP fragments.
/vmhi/tests/plugin-host/plugin-host --mac 52:54:00:12:34:50 --speed 1000 --takeover 3 --multicast-twice \
	--ip-fragments --huge --vfio "$card" \
	/vmhi/plugins/nic/intel/82574/82574.so $TESTS 2>&1 | tee /results/tests |
while read -r line; do
	say "$line"
done
grep -q '^[1-9][0-9]* passed, 0 failed' /results/tests ||
	fail "$(grep -m 1 '^FAIL' /results/tests || tail -1 /results/tests)"
skipped=$(grep '^skip' /results/tests | grep -v -e 'send-tso-vlan: the card cuts into IP fragments' \
	-e 'plugin-peer has no fault switches')
[ -z "$skipped" ] || fail "$skipped"
[ "$(dmar_faults)" = 0 ] || fail "DMAR faults: $(dmesg | grep -m1 'fault addr')"
