#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# after.sh judges. TESTS=Read10: only that family. The SANITIZE tests stay off: this tool dies of them on
# a device of SG_IO.
. /lab/lib.sh
. /lab/lpfc.sh

modprobe sd_mod
modprobe sg
# The tests' longest commands have their data in 65 pages; lpfc takes 64 without being asked.
lpfc_load lpfc_sg_seg_cnt=256
wait_for 60 lpfc_online || fail "no login"
wait_for 30 [ -b /dev/sda ] || fail "no disk"
timeout 400 iscsi-test-cu --dataloss --verbose --test="${TESTS:-ALL}" /dev/sda \
	>/results/tests 2>&1
# 1: a test failed
[ $? -le 1 ] || fail "iscsi-test-cu: $(tail -1 /results/tests)"
wrong=$(lpfc_wrong)
[ -z "$wrong" ] || fail "the kernel log: $(echo "$wrong" | head -1)"
