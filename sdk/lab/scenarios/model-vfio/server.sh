#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. /lab/lib.sh
modprobe vfio_iommu_type1
modprobe vfio-pci || fail "vfio-pci does not load"
card=$(pci_devices 8086:10d3)
[ -n "$card" ] || fail "no 82574L (8086:10d3) on the bus"
vfio_bind "$card" >/dev/null
/vmhi/bus-vfio "$card" || fail "see above"
/vmhi/tests/plugin-host/plugin-host --mac 52:54:00:12:34:50 --speed 1000 --takeover 3 --vfio "$card" \
	/vmhi/plugins/nic/intel/82574/82574.so $TESTS 2>&1 | tee /results/tests |
while read -r line; do
	say "$line"
done
grep -q '^[1-9][0-9]* passed, 0 failed' /results/tests ||
	fail "$(grep -m 1 '^FAIL' /results/tests || tail -1 /results/tests)"
skipped=$(grep '^skip' /results/tests | grep -v 'plugin-peer has no switch for the cable')
[ -z "$skipped" ] || fail "$skipped"
[ "$(dmar_faults)" = 0 ] || fail "DMAR faults: $(dmesg | grep -m1 'fault addr')"
