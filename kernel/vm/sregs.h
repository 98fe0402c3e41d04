/* SPDX-License-Identifier: Apache-2.0 */
/* The processor states that a guest is started in: flat 32-bit for PVH, 64-bit with paging. */
#ifndef KERNEL_VM_SREGS_H
#define KERNEL_VM_SREGS_H

#include <linux/kvm.h>
#include <stdint.h>

#define SREGS_TABLES_SIZE 0x6000
#define SREGS_CODE_SEL	  0x10	/* as Linux's boot protocol wants them */
#define SREGS_DATA_SEL	  0x18
#define SREGS_TSS_SEL	  0x20
#define SREGS_GDT_SIZE	  0x30

/* Page tables of six pages at mem (guest address gpa): the first 4 GiB, each at its own address. */
void sregs_page_tables(void *mem, uint64_t gpa);

/* The descriptor table that matches the selectors; 64-bit or 32-bit code. */
void sregs_gdt(void *mem, int long_mode);

void sregs_long_mode(struct kvm_sregs *s, uint64_t page_tables);
void sregs_protected_mode(struct kvm_sregs *s);

#endif
