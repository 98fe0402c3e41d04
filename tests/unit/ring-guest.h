/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest for tests of rings of both kinds: its memory, a pool of buffers, and one queue. Included by
 * one test program each, which says where in the memory its ring lies.
 */
#ifndef TESTS_UNIT_RING_GUEST_H
#define TESTS_UNIT_RING_GUEST_H

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/net/virtqueue.h"
#include "tests/unit/cunit.h"

#define GPA	0x40000000ull
#define MEM	(2u << 20)
#define SIZE	64u
#define BUF_AT	65536u
#define F_CSUM	3ull
#define F_MRG	(1ull << 15)
#define F_IND	(1ull << 28)
#define F_EVENT (1ull << 29)
#define F_V1	(1ull << 32)
#define F_ORDER (1ull << 35)

static struct guestmem mem;
static struct pool pool;
static struct vq vq;
static uint8_t *base, *room;
static struct vmhi_pkt pkt[VQ_BATCH];

static inline void guest_memory(void)
{
	int fd = memfd_create("guest", 0);

	CU_ASSERT_FATAL(fd >= 0 && !ftruncate(fd, MEM));
	CU_ASSERT_FATAL(!guestmem_add(&mem, GPA, MEM / 2, 0, fd, 0, NULL));
	/* The second region goes on where the first ends, but lies elsewhere here. */
	CU_ASSERT_FATAL(!guestmem_add(&mem, GPA + MEM / 2, MEM / 2, MEM, fd, MEM / 2, NULL));
	close(fd);
	base = mem.region[0].hva;
	room = aligned_alloc(64, 1u << 20);
	CU_ASSERT_FATAL(!pool_init(&pool, room, 0, 1u << 20, 1500));
}

/* desc, avail and used, or what a packed ring has in their place */
static inline void guest_queue(uint64_t features, void *desc, void *avail, void *used,
			       struct vq_state from)
{
	memset(&vq, 0, sizeof(vq));
	vq.call_fd = -1;
	vq.frame_max = 1518;
	vq_set_features(&vq, F_V1 | features);
	CU_ASSERT_FATAL(!vq_start(&vq, &mem, desc, avail, used, SIZE, from));
	vq.run = true;
}

static inline void tear_down(void)
{
	guestmem_clear(&mem);
	pool_free(&pool);
	free(room);
}

/* A frame whose bytes tell its number, with a header, at buffer n. */
static inline uint64_t frame_at(uint32_t n, uint32_t len)
{
	uint8_t *p = base + BUF_AT + n * 4096;

	memset(p, 0, VQ_HDR);
	for (uint32_t i = 0; i < len; i++)
		p[VQ_HDR + i] = (uint8_t)(n + i);
	return GPA + BUF_AT + n * 4096;
}

static inline bool is_frame(const struct vmhi_pkt *p, uint32_t n, uint32_t len)
{
	const uint8_t *d = (const uint8_t *)(uintptr_t)p->va;
	bool same = p->len == len;

	for (uint32_t i = 0; same && i < len; i++)
		same = d[i] == (uint8_t)(n + i);
	return same;
}

#endif
