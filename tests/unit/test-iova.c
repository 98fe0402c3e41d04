// SPDX-License-Identifier: Apache-2.0
/* IOVA ranges: what an IOMMU leaves, and that nothing outside of it is ever handed out. */
#include <errno.h>
#include <string.h>

#include "kernel/bus/iova.h"
#include "tests/unit/cunit.h"

static void takes_inside_ranges(void)
{
	struct iova_ranges r;
	uint64_t a;

	iova_init(&r);
	CU_ASSERT_EQUAL(iova_take(&r, 4096, 4096, ~0ull, &a, NULL), 0);
	CU_ASSERT_EQUAL(a, 0x100000);
	CU_ASSERT_EQUAL(iova_take(&r, 4096, 2 << 20, ~0ull, &a, NULL), 0);
	CU_ASSERT_EQUAL(a, 0x200000);
	/* The gap that alignment left is still there. */
	CU_ASSERT_EQUAL(iova_take(&r, 0xff000, 4096, ~0ull, &a, NULL), 0);
	CU_ASSERT_EQUAL(a, 0x101000);
	CU_ASSERT_EQUAL(iova_take(&r, 4096, 4096, ~0ull, &a, NULL), 0);
	CU_ASSERT_EQUAL(a, 0x201000);
}

static void keeps_off_the_interrupt_window(void)
{
	struct iova_ranges r;
	uint64_t a;

	iova_init(&r);
	/* Does not fit below 4 GiB in one piece: goes above the window, never across it. */
	CU_ASSERT_EQUAL(iova_take(&r, 0xfed00001, 4096, ~0ull, &a, NULL), 0);
	CU_ASSERT(a >= 0xfef00000);
	CU_ASSERT_EQUAL(iova_take(&r, 0xfed00001, 4096, 1ull << 32, &a, NULL), -ENOSPC);
}

static void respects_the_limit(void)
{
	struct iova_ranges r;
	struct err e;
	uint64_t a;

	iova_init(&r);
	CU_ASSERT_EQUAL(iova_take(&r, 0x100000, 4096, 0x200000, &a, &e), 0);
	CU_ASSERT_EQUAL(iova_take(&r, 4096, 4096, 0x200000, &a, &e), -ENOSPC);
	CU_ASSERT(strstr(e.msg, "IOVA") != NULL);
	CU_ASSERT_EQUAL(iova_take(&r, 0, 4096, ~0ull, &a, &e), -ENOSPC);
	CU_ASSERT_EQUAL(iova_take(&r, ~0ull, 4096, ~0ull, &a, &e), -ENOSPC);
}

static void intersects(void)
{
	const struct iova_range vtd[] = {{0, 0xfedfffff}, {0xfef00000, 0x7fffffffff}};
	const struct iova_range odd[] = {{0x150000, 0x1fffff}, {0x300000, 0x300fff}};
	const struct iova_range bad[] = {{0x2000, 0x2fff}, {0x1000, 0x1fff}};
	struct iova_ranges r;
	uint64_t a;

	iova_init(&r);
	CU_ASSERT_EQUAL(iova_intersect(&r, vtd, 2, NULL), 0);
	CU_ASSERT_EQUAL(r.n, 2);
	CU_ASSERT_EQUAL(iova_intersect(&r, odd, 2, NULL), 0);
	CU_ASSERT_EQUAL(r.n, 2);
	CU_ASSERT_EQUAL(r.range[0].first, 0x150000);
	CU_ASSERT_EQUAL(r.range[1].last, 0x300fff);
	CU_ASSERT_EQUAL(iova_take(&r, 0x1000, 4096, ~0ull, &a, NULL), 0);
	CU_ASSERT_EQUAL(a, 0x150000);
	CU_ASSERT_EQUAL(iova_take(&r, 0x1000, 0x100000, ~0ull, &a, NULL), 0);
	CU_ASSERT_EQUAL(a, 0x300000);
	CU_ASSERT_EQUAL(r.n, 1);
	CU_ASSERT_EQUAL(iova_intersect(&r, bad, 2, NULL), -EINVAL);
	CU_ASSERT_EQUAL(iova_intersect(&r, NULL, 0, NULL), 0);
	CU_ASSERT_EQUAL(r.n, 0);
}

/* Takes pieces at random until nothing is left: none overlaps another. */
static void never_overlaps(void)
{
	static struct iova_range got[4096];
	const struct iova_range small = {0x100000, 0x4fffff};
	struct iova_ranges r;
	unsigned int n = 0, seed = 1, fails = 0;

	iova_init(&r);
	iova_intersect(&r, &small, 1, NULL);
	while (fails < 200 && n < 4096) {
		uint64_t len, align, a;

		seed = seed * 1103515245u + 12345u;
		len = 0x1000u * (1 + (seed >> 16) % 8);
		align = 0x1000ull << (seed >> 24) % 5;
		if (iova_take(&r, len, align, ~0ull, &a, NULL)) {
			fails++;
			continue;
		}
		CU_ASSERT_EQUAL_FATAL(a % align, 0);
		CU_ASSERT_FATAL(a >= small.first && a + len - 1 <= small.last);
		for (unsigned int i = 0; i < n; i++)
			CU_ASSERT_FATAL(a > got[i].last || a + len - 1 < got[i].first);
		got[n++] = (struct iova_range){a, a + len - 1};
	}
	CU_ASSERT(n > 100);
}

static const struct unit_test tests[] = {
	{"takes inside the ranges, aligned", takes_inside_ranges},
	{"keeps off the interrupt window", keeps_off_the_interrupt_window},
	{"respects the limit", respects_the_limit},
	{"intersects", intersects},
	{"never hands out anything twice", never_overlaps},
};

UNIT_MAIN("iova", tests)
