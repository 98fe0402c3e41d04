// SPDX-License-Identifier: Apache-2.0
#include "kernel/net/pool.h"

#include <errno.h>
#include <stdlib.h>

/* Beyond the count, so that a batch can be written behind the top before it is checked. */
#define POOL_SLACK 128

/* Newton's way: x * x = 1 modulo 8 for odd numbers, and each step doubles the bits that are right. */
static uint64_t reciprocal(uint64_t odd)
{
	uint64_t r = odd;

	for (int bits = 3; bits < 64; bits *= 2)
		r *= 2 - odd * r;
	return r;
}

/*
 * Neighbouring huge pages need not be neighbours in the host's memory. A card does not mind, but
 * one that is emulated may take a buffer in one piece only, as QEMU's e1000e does: it drops the
 * frame. Such a buffer on top of the stack would lose every packet of a slow stream.
 */
static int in_one_page(uint64_t at, uint32_t len)
{
	const uint64_t huge = 2u << 20;

	return at / huge == (at + len - 1) / huge;
}

int pool_init(struct pool *p, void *va, uint64_t iova, uint64_t len, uint32_t mtu)
{
	uint32_t room = pool_room(mtu), stride = room + POOL_HEADROOM;
	uint64_t count = len / stride;

	if (!va || ((uintptr_t)va & 63) || count < 64 || count > 1u << 24)
		return -EINVAL;
	*p = (struct pool){.first = {iova + POOL_HEADROOM, (uintptr_t)va + POOL_HEADROOM}, .va = va, .iova = iova, .room = room, .stride = stride,
			   .reciprocal = reciprocal(stride / 64), .count = (uint32_t)count};
	p->free = calloc(count + POOL_SLACK, sizeof(*p->free));
	if (!p->free)
		return -ENOMEM;
	while (count-- > 0)
		if (in_one_page((uintptr_t)va + count * stride, stride))
			p->free[p->nfree++] = count * stride;
	p->usable = p->nfree;
	return 0;
}

void pool_free(struct pool *p)
{
	free(p->free);
	*p = (struct pool){0};
}
