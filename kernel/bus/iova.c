// SPDX-License-Identifier: Apache-2.0
#include "kernel/bus/iova.h"

#include <errno.h>
#include <string.h>

#define IOVA_BITS 39

void iova_init(struct iova_ranges *r)
{
	*r = (struct iova_ranges){
		.n = 2,
		.range = {
			{0x100000, 0xfedfffff},
			{0xfef00000, (1ull << IOVA_BITS) - 1},
		},
	};
}

int iova_intersect(struct iova_ranges *r, const struct iova_range *other, uint32_t n,
		   struct err *e)
{
	struct iova_ranges out = {0};

	for (uint32_t j = 0; j < n; j++)
		if (other[j].first > other[j].last || (j && other[j].first <= other[j - 1].last))
			return err_set(e, -EINVAL, "the IOVA ranges are out of order");
	for (uint32_t i = 0; i < r->n; i++) {
		for (uint32_t j = 0; j < n; j++) {
			uint64_t first = r->range[i].first, last = r->range[i].last;

			if (other[j].first > first)
				first = other[j].first;
			if (other[j].last < last)
				last = other[j].last;
			if (first > last)
				continue;
			if (out.n == IOVA_RANGES_MAX)
				return err_set(e, -E2BIG, "more than %d IOVA ranges",
					       IOVA_RANGES_MAX);
			out.range[out.n++] = (struct iova_range){first, last};
		}
	}
	*r = out;
	return 0;
}

/* Cuts [first, last] out of range i, which contains it. */
static int cut(struct iova_ranges *r, uint32_t i, uint64_t first, uint64_t last)
{
	struct iova_range was = r->range[i];
	int before = was.first < first, after = last < was.last;
	int grow = before + after - 1;

	if (r->n + grow > IOVA_RANGES_MAX)
		return -ENOSPC;
	memmove(&r->range[(int)i + 1 + grow], &r->range[i + 1],
		(r->n - i - 1) * sizeof(r->range[0]));
	r->n = (uint32_t)((int)r->n + grow);
	if (before)
		r->range[i++] = (struct iova_range){was.first, first - 1};
	if (after)
		r->range[i] = (struct iova_range){last + 1, was.last};
	return 0;
}

int iova_take(struct iova_ranges *r, uint64_t len, uint64_t align, uint64_t limit, uint64_t *iova,
	      struct err *e)
{
	for (uint32_t i = 0; i < r->n && len; i++) {
		uint64_t first = (r->range[i].first + align - 1) & ~(align - 1);
		uint64_t last = first + len - 1;

		if (first < r->range[i].first || last < first || last > r->range[i].last ||
		    last >= limit)
			continue;
		if (cut(r, i, first, last))
			break;
		*iova = first;
		return 0;
	}
	return err_set(e, -ENOSPC,
		       "no %llu bytes of IOVA below 0x%llx are free in what the IOMMU offers",
		       (unsigned long long)len, (unsigned long long)limit);
}
