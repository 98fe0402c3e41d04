// SPDX-License-Identifier: Apache-2.0
#include "kernel/vm/sregs.h"

#include <string.h>

#define PTE_TABLE 0x03		/* present, writable */
#define PTE_PAGE  0x83		/* present, writable, 2 MiB */

#define CR0_PE	 0x00000001ULL
#define CR0_MP	 0x00000002ULL
#define CR0_ET	 0x00000010ULL
#define CR0_NE	 0x00000020ULL
#define CR0_PG	 0x80000000ULL
#define CR4_PAE	 0x020ULL
#define CR4_FXSR 0x600ULL	/* OSFXSR and OSXMMEXCPT: SSE works */
#define EFER_LME 0x100ULL
#define EFER_LMA 0x400ULL

void sregs_page_tables(void *mem, uint64_t gpa)
{
	uint64_t *pml4 = mem, *pdpt = pml4 + 512, *pd = pdpt + 512;

	memset(mem, 0, SREGS_TABLES_SIZE);
	pml4[0] = (gpa + 0x1000) | PTE_TABLE;
	for (uint64_t i = 0; i < 4; i++)
		pdpt[i] = (gpa + 0x2000 + i * 0x1000) | PTE_TABLE;
	for (uint64_t i = 0; i < 4 * 512; i++)
		pd[i] = i << 21 | PTE_PAGE;
}

void sregs_gdt(void *mem, int long_mode)
{
	uint64_t gdt[SREGS_GDT_SIZE / 8] = {0};

	gdt[SREGS_CODE_SEL / 8] = long_mode ? 0x00af9b000000ffffULL : 0x00cf9b000000ffffULL;
	gdt[SREGS_DATA_SEL / 8] = 0x00cf93000000ffffULL;
	gdt[SREGS_TSS_SEL / 8] = 0x00008b0000000067ULL;
	memcpy(mem, gdt, sizeof(gdt));
}

static void flat(struct kvm_sregs *s, int long_mode)
{
	struct kvm_segment data = {.limit = 0xffffffff, .selector = SREGS_DATA_SEL, .type = 3,
				   .present = 1, .db = 1, .s = 1, .g = 1};
	struct kvm_segment code = data, tss = {.limit = 0x67, .selector = SREGS_TSS_SEL,
					       .type = 11, .present = 1};

	code.selector = SREGS_CODE_SEL;
	code.type = 11;
	code.db = !long_mode;
	code.l = (uint8_t)long_mode;
	s->cs = code;
	s->ds = s->es = s->fs = s->gs = s->ss = data;
	s->tr = tss;
}

void sregs_long_mode(struct kvm_sregs *s, uint64_t page_tables)
{
	flat(s, 1);
	s->cr3 = page_tables;
	s->cr4 = CR4_PAE | CR4_FXSR;
	s->cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_PG;
	s->efer = EFER_LME | EFER_LMA;
}

void sregs_protected_mode(struct kvm_sregs *s)
{
	flat(s, 0);
	s->cr0 = CR0_PE | CR0_ET;
	s->cr4 = 0;
	s->efer = 0;
}
