// SPDX-License-Identifier: Apache-2.0
/* The DMA pool's control memory: pieces apart, aligned, refused when wrong, kept when PERSIST. */
#include <errno.h>
#include <string.h>
#include <vmhi/core.h>

#include "kernel/bus/dma-pool.h"
#include "tests/unit/cunit.h"

static struct bus bus;
static struct dma_pool pool;

static void begin(void)
{
	struct err e;

	bus_init(&bus);
	CU_ASSERT_EQUAL_FATAL(dma_pool_open(&pool, &bus, 4 << 20, &e), 0);
}

static int alloc(uint64_t len, uint64_t align, uint32_t flags, uint32_t tag, struct dma_request *q)
{
	*q = (struct dma_request){.dev = 1, .len = len, .align = align, .flags = flags, .tag = tag};
	return dma_pool_alloc(&pool, q);
}

static void pieces(void)
{
	struct dma_request a, b, c;

	begin();
	CU_ASSERT_EQUAL(pool.iova % (2 << 20), 0);
	CU_ASSERT(pool.iova + pool.len <= 1ull << 32);
	CU_ASSERT(bus_dma_ptr(&bus, pool.iova, pool.len) == pool.va);
	CU_ASSERT(bus_dma_ptr(&bus, pool.iova + 1, pool.len) == NULL);
	CU_ASSERT_EQUAL(alloc(100, 0, VMHI_DMA_LOW32, 0, &a), 0);
	CU_ASSERT_EQUAL(alloc(5000, 0, 0, 0, &b), 0);
	CU_ASSERT_EQUAL(a.len, 4096);
	CU_ASSERT_EQUAL(b.len, 8192);
	CU_ASSERT(b.off >= a.off + a.len);
	CU_ASSERT_EQUAL(b.iova, pool.iova + b.off);
	CU_ASSERT_EQUAL(alloc(1, 2 << 20, 0, 0, &c), 0);
	CU_ASSERT_EQUAL(c.iova % (2 << 20), 0);
	CU_ASSERT(c.off + c.len <= pool.control_len);
	CU_ASSERT_EQUAL(dma_pool_free(&pool, 1, a.handle), 0);
	CU_ASSERT_EQUAL(dma_pool_free(&pool, 1, a.handle), -EINVAL);
	CU_ASSERT_EQUAL(dma_pool_free(&pool, 2, b.handle), -EINVAL);
	CU_ASSERT_EQUAL(dma_pool_free(&pool, 1, 0), -EINVAL);
	CU_ASSERT_EQUAL(dma_pool_free(&pool, 1, ~0u), -EINVAL);
	CU_ASSERT_EQUAL(alloc(4096, 0, 0, 0, &c), 0);
	CU_ASSERT_EQUAL(c.off, a.off);
	dma_pool_close(&pool, &bus);
}

static void refused(void)
{
	struct dma_request q;

	begin();
	CU_ASSERT_EQUAL(alloc(0, 0, 0, 0, &q), -EINVAL);
	CU_ASSERT_EQUAL(alloc(1, 3, 0, 0, &q), -EINVAL);
	CU_ASSERT_EQUAL(alloc(1, 4 << 20, 0, 0, &q), -EINVAL);
	CU_ASSERT_EQUAL(alloc(1, 0, 4, 0, &q), -EINVAL);
	CU_ASSERT_EQUAL(alloc(1, 0, 0, 5, &q), -EINVAL);
	CU_ASSERT_EQUAL(alloc(~0ull, 0, 0, 0, &q), -ENOMEM);
	CU_ASSERT_EQUAL(alloc(pool.control_len + 1, 0, 0, 0, &q), -ENOMEM);
	dma_pool_close(&pool, &bus);
}

static void full(void)
{
	struct dma_request q;
	int n = 0;

	begin();
	while (alloc(4096, 0, 0, 0, &q) == 0)
		n++;
	CU_ASSERT_EQUAL(n, POOL_PIECES);
	CU_ASSERT_EQUAL(alloc(4096, 0, 0, 0, &q), -ENOMEM);
	dma_pool_close(&pool, &bus);
	begin();
	CU_ASSERT_EQUAL(alloc(pool.control_len, 0, 0, 0, &q), 0);
	CU_ASSERT_EQUAL(alloc(1, 0, 0, 0, &q), -ENOMEM);
	dma_pool_close(&pool, &bus);
}

static void persist(void)
{
	struct dma_request a, b, plain;

	begin();
	CU_ASSERT_EQUAL(alloc(4096, 0, VMHI_DMA_PERSIST, 7, &a), 0);
	CU_ASSERT_EQUAL(a.kept, 0);
	CU_ASSERT_EQUAL(alloc(4096, 0, 0, 0, &plain), 0);
	/* A tag names one piece. */
	CU_ASSERT_EQUAL(alloc(4096, 0, VMHI_DMA_PERSIST, 7, &b), -EINVAL);
	dma_pool_worker_died(&pool);
	CU_ASSERT_EQUAL(dma_pool_free(&pool, 1, a.handle), -EINVAL);
	CU_ASSERT_EQUAL(dma_pool_free(&pool, 1, plain.handle), -EINVAL);
	/* Another size is another thing. */
	CU_ASSERT_EQUAL(alloc(8192, 0, VMHI_DMA_PERSIST, 7, &b), -EINVAL);
	CU_ASSERT_EQUAL(alloc(4096, 0, VMHI_DMA_PERSIST, 7, &b), 0);
	CU_ASSERT_EQUAL(b.kept, 1);
	CU_ASSERT_EQUAL(b.off, a.off);
	CU_ASSERT_EQUAL(dma_pool_free(&pool, 1, b.handle), 0);
	dma_pool_close(&pool, &bus);
}

static const struct unit_test tests[] = {
	{"pieces", pieces},
	{"what is refused", refused},
	{"a full pool", full},
	{"memory that outlives a worker", persist},
};

UNIT_MAIN("DMA pool", tests)
