#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. /lab/lib.sh

modprobe kvm-amd && [ -c /dev/kvm ] || fail "no KVM on the server"
huge_pages 8
the_card

vmhi driver inspect /vmhi/82574.so >/results/inspect || fail "82574.so: $(tail -1 /results/inspect)"
say "82574.so: $(grep -o '[0-9]* rules kept.*' /results/inspect)"
set_on_card
say "$card is with vfio-pci, IOMMU group $(basename "$(readlink /sys/bus/pci/devices/"$card"/iommu_group)")"
say "set lan0 runs: the plugin drives $card over VFIO"

say "starting the guest: Debian's kernel under KVM, its eth0 on set lan0"
run="vmhi run --name guest --memory 256M --kernel /guest/vmlinux --initrd /guest/initramfs --net lan0"
if [ "$LAB_SHELL" = 1 ]; then
	$run --cmdline "console=ttyS0 quiet"
	exit
fi
# the guest's own lines ("lab: ") are shown as they come
$run --cmdline "console=ttyS0 quiet" 2>/results/vmhi.log </dev/null | tee /results/guest.log | while IFS= read -r line; do
	line=$(echo "$line" | tr -d '\r')
	case $line in
	"lab: "* | "guest: "*) echo "lab: guest: ${line#*: }" ;;
	esac
done
grep -q '^guest-status: 0' /results/guest.log ||
	fail "the guest failed: $(cat /results/vmhi.log | tail -1) $(tr -d '\r' </results/guest.log | grep . | tail -1)"

vmhi port list --json >/results/ports.json || fail "no port list"
vmhi port list
cp /run/vmhi/sets/lan0/log /results/lan0.log
vmhi set stop lan0 || fail "the set does not stop"
[ -z "$(find /run/vmhi -type s)" ] || fail "left behind: $(find /run/vmhi -type s)"
left=$(pidof vmhi vmhi-vm vmhi-driverd vmhi-worker)
[ -z "$left" ] || fail "still running: $left"
vmhi device unbind "$card" || fail "$card cannot be given back"
[ "$(dmar_faults)" = 0 ] || fail "DMAR faults: $(dmesg | grep -m1 'fault addr')"
errors=$(jq '[.[] | select(.ring_errors > 0)] | length' /results/ports.json)
[ "$errors" = 0 ] || fail "ring errors were counted: see ports.json"
say "no DMA fault, no ring error, nothing left behind"
