// SPDX-License-Identifier: Apache-2.0
/*
 * The VT-d of the machine that a model is a card of. x-pci-proxy-dev passes by QEMU's, so what it
 * would do is done here from the guest's own tables: second-level translation of DMA (legacy mode)
 * and remapping of interrupts. After Intel's "Virtualization Technology for Directed I/O", rev. 3.x,
 * chapters 3, 5, 9 and 10.
 *
 * Nothing is cached: a translation that the guest has taken away is away at once, as after an
 * invalidation.
 */
#include "internal.h"

#include <errno.h>

#define STATUS_TES	(1ull << 63)	/* the status register is the upper half */
#define STATUS_IRES	(1ull << 57)
#define STATUS_CFIS	(1ull << 55)
#define ROOT_MODE	0xc00ull	/* 0: root entries of 128 bits with one context table each */
#define PRESENT		1ull
#define ADDRESS		0x000ffffffffff000ull
#define CONTEXT_TYPE	0xcull
#define CONTEXT_PASS	0x8ull		/* pass-through */
#define PTE_READ	1ull
#define PTE_WRITE	2ull
#define PTE_LARGE	0x80ull

/* Where QEMU's intel-iommu is: command and status, root table, interrupt table. */
const uint64_t vtd_register_address[VTD_REGISTERS] = {0xfed90018, 0xfed90020, 0xfed900b8};

static int entry128(struct model *m, uint64_t at, uint64_t e[2])
{
	int r = dma_physical(m, at, e, 16, false);

	return r ? r : e[0] & PRESENT ? 0 : -EFAULT;
}

/* The second level of the card: where its table is, and of how many levels; 0: pass-through. */
static int find_table(struct model *m, uint64_t root, uint64_t *table, unsigned int *levels)
{
	uint64_t e[2];
	int r = root & ROOT_MODE ? -EFAULT : 0;

	if (!r)
		r = entry128(m, (root & ADDRESS) + (m->source_id >> 8) * 16, e);
	if (!r)
		r = entry128(m, (e[0] & ADDRESS) + (m->source_id & 0xff) * 16, e);
	if (r)
		return r;
	*table = e[0] & ADDRESS;
	*levels = (e[0] & CONTEXT_TYPE) == CONTEXT_PASS ? 0 : 2 + (e[1] & 7);
	return *levels > 5 ? -EFAULT : 0;
}

static int walk(struct model *m, uint64_t table, unsigned int levels, uint64_t iova, uint64_t need,
		uint64_t *at, uint64_t *run)
{
	if (levels < 5 && iova >> (12 + 9 * levels))
		return -EFAULT;
	for (unsigned int level = levels; level; level--) {
		unsigned int shift = 12 + 9 * (level - 1);
		uint64_t pte, mask = (1ull << shift) - 1;
		int r = dma_physical(m, table + (iova >> shift & 511) * 8, &pte, 8, false);

		if (r)
			return r;
		if ((pte & need) != need)
			return -EFAULT;
		if (level == 1 || (level <= 3 && pte & PTE_LARGE)) {
			*at = (pte & ADDRESS & ~mask) | (iova & mask);
			*run = mask + 1 - (iova & mask);
			return 0;
		}
		table = pte & ADDRESS;
	}
	return -EFAULT;
}

int vtd_translate(struct model *m, uint64_t iova, bool write, uint64_t *at, uint64_t *run)
{
	uint64_t v[VTD_REGISTERS], table;
	unsigned int levels;
	int r = proxy_vtd_registers(m, v);

	*at = iova;
	*run = UINT64_MAX;
	if (r || !(v[0] & STATUS_TES))
		return r;
	r = find_table(m, v[1], &table, &levels);
	if (r || !levels)
		return r;
	return walk(m, table, levels, iova, write ? PTE_WRITE : PTE_READ, at, run);
}

/*
 * The interrupt remapping table entry as the message that QEMU's APICs take without VT-d: what comes
 * by qtest is nobody's, so VT-d would not look its entry up.
 */
static int from_entry(struct model *m, const uint64_t e[2], bool x2apic, uint64_t *address,
		      uint32_t *data)
{
	uint32_t destination = (uint32_t)(e[0] >> 32);
	unsigned int verify = e[1] >> 18 & 3;

	if (!x2apic)
		destination = destination >> 8 & 0xff;
	if (destination > 0xff || (verify == 1 && (uint16_t)e[1] != m->source_id))
		return -EFAULT;
	*address = 0xfee00000 | destination << 12 | (e[0] & 0xc);	/* hint and mode */
	*data = (uint32_t)((e[0] >> 16 & 0xff) |		/* vector */
			   (e[0] >> 5 & 7) << 8 |		/* delivery */
			   (e[0] >> 4 & 1) << 15);		/* trigger */
	return 0;
}

int vtd_interrupt(struct model *m, uint64_t *address, uint32_t *data)
{
	uint64_t v[VTD_REGISTERS], e[2];
	uint32_t index;
	int r = proxy_vtd_registers(m, v);

	if (r || !(v[0] & STATUS_IRES))
		return r;
	if (!(*address & 0x10))	/* compatibility format */
		return v[0] & STATUS_CFIS ? 0 : -EFAULT;
	index = (uint32_t)((*address >> 5 & 0x7fff) | (*address >> 2 & 1) << 15);
	if (*address & 8)
		index += *data & 0xffff;
	if (index >= 2u << (v[2] & 0xf))
		return -EFAULT;
	r = entry128(m, (v[2] & ADDRESS) + index * 16ull, e);
	if (!r)
		r = from_entry(m, e, v[2] & 0x800, address, data);
	return r;
}
