/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The addresses that devices may use for memory (IOVA): ranges that an IOMMU offers, and what of
 * them is taken. The host chooses every address; no guest's physical address is ever used as one.
 */
#ifndef KERNEL_BUS_IOVA_H
#define KERNEL_BUS_IOVA_H

#include <stdint.h>

#include "kernel/lib/err.h"

#define IOVA_RANGES_MAX 32

struct iova_range {
	uint64_t first, last;	/* both included */
};

/* Sorted, apart from each other. What is taken is cut out of them. */
struct iova_ranges {
	uint32_t n;
	struct iova_range range[IOVA_RANGES_MAX];
};

/*
 * What is assumed where nothing is said: 39 bits without the interrupt window, and without the
 * first MiB, so that no address is ever 0.
 */
void iova_init(struct iova_ranges *r);

/* Keeps what is also in one of the n ranges of other, which must be sorted and apart. */
int iova_intersect(struct iova_ranges *r, const struct iova_range *other, uint32_t n,
		   struct err *e);

/* Takes len bytes at an address aligned to align (a power of two), ending below limit. */
int iova_take(struct iova_ranges *r, uint64_t len, uint64_t align, uint64_t limit, uint64_t *iova,
	      struct err *e);

#endif
