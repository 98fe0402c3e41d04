/* SPDX-License-Identifier: Apache-2.0 */
/* An uncompressed kernel (vmlinux) entered by the PVH protocol that Xen defined. */
#ifndef KERNEL_VM_PVH_H
#define KERNEL_VM_PVH_H

#include "kernel/vm/boot.h"

#define PVH_SEGMENTS 16

struct pvh {
	struct {
		uint64_t offset, file_size, gpa, mem_size;
	} segment[PVH_SEGMENTS];
	unsigned int nsegments;
	uint64_t entry, end;
};

bool pvh_is(const struct kernel_file *k);
int pvh_parse(const struct kernel_file *k, uint64_t low_end, struct pvh *p, struct err *e);

/* First loads the kernel; then, when b->initrd is known, writes the start info. */
int pvh_load(struct boot *b, struct boot_entry *entry, struct err *e);
int pvh_finish(struct boot *b, struct err *e);

#endif
