// SPDX-License-Identifier: Apache-2.0
#include "kernel/bus/dma-pool.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <vmhi/core.h>

#define HUGE_PAGE   (2ull << 20)
#define CONTROL_LEN (8ull << 20)
#define LOW_LIMIT   (1ull << 32)

/* A memfd of p->len bytes, mapped; with huge pages only if all of them are there now. */
static int make_memory(struct dma_pool *p, unsigned int flags)
{
	int flag = MAP_SHARED | (flags & MFD_HUGETLB ? MAP_POPULATE : 0);
	int r;

	p->fd = memfd_create("vmhi-pool", MFD_CLOEXEC | MFD_ALLOW_SEALING | flags);
	if (p->fd < 0)
		return -errno;
	if (ftruncate(p->fd, (off_t)p->len) == 0 &&
	    fcntl(p->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0) {
		p->va = mmap(NULL, p->len, PROT_READ | PROT_WRITE, flag, p->fd, 0);
		if (p->va != MAP_FAILED)
			return 0;
	}
	r = -errno;
	p->va = NULL;
	close(p->fd);
	p->fd = -1;
	return r;
}

int dma_pool_open(struct dma_pool *p, struct bus *b, uint64_t packet_len, struct err *e)
{
	int r;

	memset(p, 0, sizeof(*p));
	p->control_len = CONTROL_LEN;
	p->len = (CONTROL_LEN + packet_len + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
	p->huge = make_memory(p, MFD_HUGETLB | MFD_HUGE_2MB) == 0;
	r = p->huge ? 0 : make_memory(p, 0);
	if (r)
		return err_set(e, r, "%llu MiB for the DMA pool: %s",
			       (unsigned long long)(p->len >> 20), strerror(-r));
	/* Below 4 GiB, since some devices reach no further; anywhere, if that is not to be had. */
	r = iova_take(&b->ranges, p->len, HUGE_PAGE, LOW_LIMIT, &p->iova, e);
	if (r)
		r = iova_take(&b->ranges, p->len, HUGE_PAGE, ~0ull, &p->iova, e);
	if (r == 0)
		r = bus_dma_map(b, p->fd, 0, p->va, p->iova, p->len, e);
	if (r)
		dma_pool_close(p, b);
	return r;
}

void dma_pool_close(struct dma_pool *p, struct bus *b)
{
	if (!p->va)
		return;
	bus_dma_unmap(b, p->iova);
	munmap(p->va, p->len);
	close(p->fd);
	p->va = NULL;
}

/* The first place for len bytes that no piece touches, or -1. */
static int64_t find_room(const struct dma_pool *p, uint64_t len, uint64_t align)
{
	uint64_t at = 0;

	for (bool moved = true; moved && at + len <= p->control_len;) {
		moved = false;
		for (int i = 0; i < POOL_PIECES; i++) {
			const struct pool_piece *q = &p->piece[i];

			if (!q->len || at >= q->off + q->len || q->off >= at + len)
				continue;
			at = (q->off + q->len + align - 1) & ~(align - 1);
			moved = true;
		}
	}
	return at + len <= p->control_len ? (int64_t)at : -1;
}

static struct pool_piece *find_tag(struct dma_pool *p, uint32_t dev, uint32_t tag)
{
	for (int i = 0; i < POOL_PIECES; i++) {
		struct pool_piece *q = &p->piece[i];

		if (q->len && q->flags & VMHI_DMA_PERSIST && q->dev == dev && q->tag == tag)
			return q;
	}
	return NULL;
}

static void tell(const struct dma_pool *p, const struct pool_piece *piece, struct dma_request *q)
{
	q->off = piece->off;
	q->iova = p->iova + piece->off;
	q->len = piece->len;
	q->handle = (uint32_t)(piece - p->piece) + 1;
}

int dma_pool_alloc(struct dma_pool *p, struct dma_request *q)
{
	uint64_t align = q->align ? q->align : 4096, len;
	struct pool_piece *piece = NULL;
	int64_t at;

	if (!q->len || align & (align - 1) || align > HUGE_PAGE ||
	    q->flags & ~(VMHI_DMA_LOW32 | VMHI_DMA_PERSIST) ||
	    (!(q->flags & VMHI_DMA_PERSIST) && q->tag))
		return -EINVAL;
	if (q->len > p->control_len)
		return -ENOMEM;
	/* Whole pages of its own: an overrun of one driver structure stays in sight. */
	len = (q->len + 4095) & ~4095ull;
	if (align < 4096)
		align = 4096;
	if (q->flags & VMHI_DMA_PERSIST)
		piece = find_tag(p, q->dev, q->tag);
	if (piece) {
		if (!piece->orphan || piece->len != len || (p->iova + piece->off) % align)
			return -EINVAL;
		piece->orphan = false;
		q->kept = 1;
		tell(p, piece, q);
		return 0;
	}
	if (q->flags & VMHI_DMA_LOW32 && p->iova + p->control_len > LOW_LIMIT)
		return -ENOMEM;
	for (int i = 0; i < POOL_PIECES && !piece; i++)
		if (!p->piece[i].len)
			piece = &p->piece[i];
	at = find_room(p, len, align);
	if (!piece || at < 0)
		return -ENOMEM;
	*piece = (struct pool_piece){(uint64_t)at, len, q->dev, q->flags, q->tag, false};
	q->kept = 0;
	tell(p, piece, q);
	return 0;
}

int dma_pool_free(struct dma_pool *p, uint32_t dev, uint32_t handle)
{
	struct pool_piece *piece = &p->piece[(handle - 1) % POOL_PIECES];

	if (!handle || handle > POOL_PIECES || !piece->len || piece->dev != dev || piece->orphan)
		return -EINVAL;
	piece->len = 0;
	return 0;
}

void dma_pool_worker_died(struct dma_pool *p)
{
	for (int i = 0; i < POOL_PIECES; i++) {
		struct pool_piece *q = &p->piece[i];

		if (q->flags & VMHI_DMA_PERSIST)
			q->orphan = true;
		else
			q->len = 0;
	}
}
