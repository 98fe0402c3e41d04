/* SPDX-License-Identifier: Apache-2.0 */
/* Linux's bzImage, entered in 64-bit mode (the kernel's Documentation/arch/x86/boot.rst). */
#ifndef KERNEL_VM_BZIMAGE_H
#define KERNEL_VM_BZIMAGE_H

#include "kernel/vm/boot.h"

struct bzimage {
	uint64_t offset, size;		/* the protected-mode part in the file */
	uint64_t preferred, align;	/* where it wants to be */
	bool relocatable;
	uint64_t init_size;		/* memory it needs from there on */
	uint64_t initrd_max;
	uint32_t cmdline_max;
	size_t header_end;		/* of the setup header, in the file's head */
};

bool bzimage_is(const struct kernel_file *k);
int bzimage_parse(const struct kernel_file *k, struct bzimage *z, struct err *e);

/* Where it goes, given where low RAM ends; 0 with *e worded when it does not fit. */
uint64_t bzimage_place(const struct kernel_file *k, const struct bzimage *z, uint64_t low_end,
		       struct err *e);

/* First loads the kernel; then, when b->initrd is known, writes the zero page. */
int bzimage_load(struct boot *b, struct bzimage *z, struct boot_entry *entry, struct err *e);
int bzimage_finish(struct boot *b, const struct bzimage *z, struct err *e);

#endif
