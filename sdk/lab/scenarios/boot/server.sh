#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. /lab/lib.sh

modprobe kvm-amd || fail "kvm-amd does not load"
[ -c /dev/kvm ] || fail "kvm-amd loaded, but there is no /dev/kvm"
say "/dev/kvm is there"

dmesg | grep -q 'DMAR: IOMMU enabled' || fail "the kernel did not enable the IOMMU"
dmesg | grep -q 'DMAR-IR: Enabled IRQ remapping' || fail "no interrupt remapping"
say "DMAR: IOMMU and interrupt remapping enabled"

the_card
group=$(vfio_bind "$card")
[ -c "/dev/vfio/$group" ] || fail "$card is bound, but there is no /dev/vfio/$group"
say "$card is VFIO group $group"
