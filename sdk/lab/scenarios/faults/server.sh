#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. /lab/lib.sh

huge_pages 8
modprobe vfio_iommu_type1
modprobe vfio-pci || fail "vfio-pci does not load"
modprobe e1000e || fail "e1000e does not load"
vfio_bind 0000:00:04.0 >/dev/null
ip link set eth0 up 2>/dev/null || ip link set eth1 up || fail "the far end's card has no interface"
wire=$(basename /sys/bus/pci/devices/0000:00:05.0/net/*)
wait_for 20 grep -q 1 /sys/class/net/$wire/carrier || fail "the far end's card has no link"

/vmhi/tests/faults/campaign --build /vmhi --device 0000:00:04.0 --wire $wire --rate 200 \
	--count ${COUNT:-20} --log /results/faults.log >/results/campaign 2>&1
status=$?
cp /tmp/vmhi-faults.*/*.log /results/ 2>/dev/null # of what was lost
while IFS= read -r line; do
	say "$line"
done </results/campaign
[ $status = 0 ] || fail "the campaign: $(tail -1 /results/campaign)"
say "the IOMMU kept the card from foreign memory $(dmar_faults) times"
