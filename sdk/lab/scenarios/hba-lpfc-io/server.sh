#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# FIO_SECONDS=600: how long fio writes and verifies.
. /lab/lib.sh
. /lab/lpfc.sh
. /lab/disk.sh

# sg COMMAND...: one of sg3-utils, which must succeed
sg() { "$@" >/tmp/said 2>&1 || fail "$*: status $?, $(tail -1 /tmp/said)"; }

# has TEXT: what the last sg said
has() { grep -q "$1" /tmp/said || fail "no \"$1\" in what sg3-utils said: $(head -3 /tmp/said)"; }

# zeros BLOCK: is that block of LUN 1 nothing but zeros?
zeros() { dd if=/dev/$lun1 bs=512 skip="$1" count=1 iflag=direct 2>/dev/null | cmp -s - /tmp/zeros; }

modprobe sg
lpfc_load
disks_wait 0 1
lun0=$(disk 0)
lun1=$(disk 1)
dd if=/dev/zero of=/tmp/zeros bs=512 count=1 2>/dev/null
dd if=/dev/urandom of=/tmp/random bs=512 count=64 2>/dev/null

sg sg_luns /dev/$lun0
has 'Number of luns = 2\|Lun list length = 16'
sg sg_inq /dev/$lun0
for page in sv sn di bl lbpv; do
	sg sg_vpd -p $page /dev/$lun0
done
sg sg_readcap --16 /dev/$lun0
has "Number of logical blocks=$((256 << 11))"
sg sg_turs -n 50 /dev/$lun0
sg sg_sync /dev/$lun0

# blocks that are written, set alike, unmapped, compared
dd if=/tmp/random of=/dev/$lun1 bs=512 oflag=direct 2>/dev/null || fail "LUN 1 cannot be written"
! zeros 5 || fail "random blocks that are zeros"
sg sg_write_same --lba=4 --num=4 --in=/tmp/zeros --xferlen=512 /dev/$lun1
zeros 4 && zeros 7 && ! zeros 8 || fail "WRITE SAME"
sg sg_unmap --lba=16 --num=8 --force /dev/$lun1
zeros 16 && zeros 23 && ! zeros 24 || fail "UNMAP"
dd if=/tmp/random bs=512 skip=30 count=1 2>/dev/null >/tmp/pair
cat /tmp/zeros >>/tmp/pair
sg sg_compare_and_write --in=/tmp/pair --lba=30 --num=1 /dev/$lun1
zeros 30 || fail "COMPARE AND WRITE wrote nothing"
! sg_compare_and_write --in=/tmp/pair --lba=30 --num=1 /dev/$lun1 >/tmp/said 2>&1 ||
	fail "COMPARE AND WRITE of something else"
sg sg_persist --out --register --param-sark=abc /dev/$lun1
sg sg_persist --out --reserve --param-rk=abc --prout-type=1 /dev/$lun1
sg sg_persist --in --read-reservation /dev/$lun1
has 'Write Exclusive'
sg sg_persist --out --clear --param-rk=abc /dev/$lun1
say "sg3-utils: LUNs, INQUIRY pages, WRITE SAME, UNMAP, COMPARE AND WRITE, reservations"

fio --name=verify --filename=/dev/$lun0 --direct=1 --ioengine=libaio --iodepth=16 --rw=randrw \
	--bsrange=512-256k --blockalign=512 --verify=crc32c --verify_fatal=1 --verify_backlog=64 \
	--runtime="${FIO_SECONDS:-60}" --time_based --group_reporting >/results/fio 2>&1 ||
	fail "fio: $(grep -m1 -i 'verify:\|error' /results/fio)"
grep -q 'err= 0' /results/fio || fail "fio: $(grep -m1 'err=' /results/fio)"
say "fio --verify: $(sed -n 's/^ *\(READ\|WRITE\): bw=\([^ ]*\) .* io=\([^ ]*\) .*/\1 \3 at \2,/p' /results/fio | tr '\n' ' ')no byte wrong"

wrong=$(lpfc_wrong)
[ -z "$wrong" ] || fail "the kernel log: $(echo "$wrong" | head -1)"
wrong=$(dmesg -r | grep -E '^<[0-4]>.*(sd[a-z]|I/O error)')
[ -z "$wrong" ] || fail "the kernel log: $(echo "$wrong" | head -1)"
