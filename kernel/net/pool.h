/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packet buffers: equal pieces of one DMA-able memory, handed out last in, first out, so that the
 * next packet goes where the caches are warm. A buffer is named by its byte offset (the cookie
 * that drivers give back). Each has headroom before the packet, for a VLAN tag, and an odd number
 * of cache lines, so that the first lines of the packets do not all fall into a few cache sets.
 * Data thread only, or while it is paused.
 */
#ifndef KERNEL_NET_POOL_H
#define KERNEL_NET_POOL_H

#include <emmintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vmhi/nic.h>

#define POOL_HEADROOM 64

struct pool {
	uint64_t first[2];	/* where the first packet begins: iova, va */
	uint8_t *va;
	uint64_t iova;
	uint32_t room;		/* bytes behind the headroom: 2048, 4096, 8192 or 16384 */
	uint32_t stride;	/* 64 times an odd number */
	uint64_t reciprocal;	/* of that number, modulo 2^64 */
	uint32_t count;		/* pieces */
	uint32_t usable;	/* of these, buffers that are handed out; see pool_init() */
	uint32_t nfree;
	uint64_t *free;		/* stack of cookies */
};

/* What a buffer must have for frames of this MTU: Ethernet header, tag, and room to spare. */
static inline uint32_t pool_room(uint32_t mtu)
{
	uint32_t room = 2048;

	while (room < mtu + 18 + 32)
		room *= 2;
	return room;
}

int pool_init(struct pool *p, void *va, uint64_t iova, uint64_t len, uint32_t mtu);
void pool_free(struct pool *p);

static inline uint8_t *pool_data(const struct pool *p, uint64_t cookie)
{
	return p->va + cookie + POOL_HEADROOM;
}

/*
 * The number of the buffer that this cookie names; count or more if it names none. The product
 * with the reciprocal divides what is a multiple of the odd number, and the rotation the rest by
 * 64: each cookie gives another result, so those below count are those of buffers.
 */
static inline uint64_t pool_number(const struct pool *p, uint64_t cookie)
{
	uint64_t n = cookie * p->reciprocal;

	return n >> 6 | n << 58;
}

/*
 * Describes a packet of len bytes at the start of a buffer; with len and nseg 0, a buffer as
 * rx_post() wants it. Four stores: this is done for each packet.
 */
static inline void pool_describe(const struct pool *p, uint64_t cookie, uint32_t len, uint16_t nseg,
				 struct vmhi_pkt *pkt)
{
	__m128i *to = (__m128i *)pkt, c = _mm_set1_epi64x((long long)cookie);

	_Static_assert(offsetof(struct vmhi_pkt, va) == 8 &&
		       offsetof(struct vmhi_pkt, cookie) == 16 &&
		       offsetof(struct vmhi_pkt, room) == 28 &&
		       offsetof(struct vmhi_pkt, nseg) == 52, "the stores below");
	_mm_storeu_si128(to, _mm_add_epi64(c, _mm_loadu_si128((const __m128i *)p->first)));
	_mm_storeu_si128(to + 1, _mm_unpacklo_epi64(c, _mm_cvtsi64_si128(
					 (long long)((uint64_t)p->room << 32 | len))));
	_mm_storeu_si128(to + 2, _mm_setzero_si128());
	_mm_storeu_si128(to + 3, _mm_set_epi64x(0, (long long)((uint64_t)nseg << 32)));
}

static inline void pool_put(struct pool *p, const struct vmhi_pkt *pkt, uint32_t n)
{
	uint64_t *top = p->free + p->nfree;

	for (uint32_t i = 0; i < n; i++)
		top[i] = pkt[i].cookie;
	p->nfree += n;
}

/*
 * Cookies from a driver, already written behind the top of the stack (pool_top()). A cookie that
 * is none of ours, or more of them than are missing, is the driver's error: nothing is taken.
 */
static inline uint64_t *pool_top(struct pool *p)
{
	return p->free + p->nfree;
}

static inline bool pool_accept(struct pool *p, uint32_t n)
{
	uint64_t most = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t number = pool_number(p, p->free[p->nfree + i]);

		most = number > most ? number : most;
	}
	if (most >= p->count || n > p->usable - p->nfree)
		return false;
	p->nfree += n;
	return true;
}

#endif
