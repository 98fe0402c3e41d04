/* SPDX-License-Identifier: Apache-2.0 */
/* Taking a batch of frames from a packed transmit queue; compiled for each set of features. */
#ifndef KERNEL_NET_PACKED_TAKE_H
#define KERNEL_NET_PACKED_TAKE_H

#include "kernel/net/packed.h"

struct packed_batch {
	const uint8_t *src[VQ_BATCH];
	uint32_t len[VQ_BATCH];
};

/*
 * How many of the next n descriptors, which are in one lap, are plain: available, a frame of their
 * own, in the cached region. *more: the one behind them is available too, but takes the long way.
 */
static ALWAYS_INLINE uint32_t packed_take_plain(struct vq *vq, struct packed_batch *b,
						struct vq_done *done, uint32_t n, bool *more)
{
	struct vring_packed_desc *d = &vq->ring[vq->last_avail & vq->mask];
	uint16_t fresh = packed_fresh(vq, vq->last_avail);
	uint32_t frame_max = vq->frame_max, i;

	*more = false;
	for (i = 0; i < n; i++) {
		uint64_t word = __atomic_load_n((uint64_t *)&d[i] + 1, __ATOMIC_ACQUIRE), addr;
		uint32_t len = (uint32_t)word;

		if (((uint16_t)(word >> 48) & PACKED_SHAPE) != fresh) {
			*more = packed_is_fresh(vq, vq->last_avail, (uint16_t)(word >> 48));
			break;
		}
		addr = __atomic_load_n(&d[i].addr, __ATOMIC_RELAXED);
		b->len[i] = len - VQ_HDR;
		b->src[i] = guestmem_cached(&vq->cache, addr, len);
		if (unlikely(!b->src[i] || b->len[i] - 14 > frame_max - 14)) {
			*more = true;
			break;
		}
		ring_prefetch(b->src[i]);
		packed_note(&done[i], word, 0);
	}
	return i;
}

/* Copies *n plain frames, or up to one that is to be cut; returns how many of them were good. */
static ALWAYS_INLINE uint32_t packed_take_copy(struct vq *vq, const struct packed_batch *b,
					       struct pool *pool, struct vmhi_pkt *pkt, uint32_t *n)
{
	const uint64_t *top = pool_top(pool) - 1;
	uint32_t out = 0;

	for (uint32_t i = 0; i < *n; i++) {
		uint64_t cookie = *(top - out), hdr = load64(b->src[i]);

		pool_describe(pool, cookie, b->len[i], 1, &pkt[out]);
		copy_frame(pool_data(pool, cookie), b->src[i] + VQ_HDR, b->len[i]);
		if (unlikely(hdr & 0xffff) &&
		    !vq_take_offload(vq, hdr, load16(b->src[i] + 8), &pkt[out])) {
			*n = vq_gso_waits(vq) ? i + 1 : *n;
			continue;
		}
		out++;
	}
	pool->nfree -= out;
	return out;
}

/* One entry, of the last chain, stands for all n (2.8.4). */
static ALWAYS_INLINE uint32_t packed_merge(struct vq_done *done, uint32_t n)
{
	for (uint32_t i = 0; i + 1 < n; i++)
		done[n - 1].skip = (uint16_t)(done[n - 1].skip + done[i].skip);
	done[0] = done[n - 1];
	return 1;
}

static ALWAYS_INLINE uint32_t packed_take(struct vq *vq, struct pool *pool, struct vmhi_pkt *pkt,
					  uint32_t max, bool in_order, bool event_idx)
{
	struct vq_done *done = vq->journal->done;
	uint32_t taken = 0, out = 0, n, run;
	bool more, plain = true;
	struct packed_batch b;
	int r;

	if (unlikely(pool->nfree < max))
		max = pool->nfree;
	while (taken < max) {
		run = packed_run(vq, vq->last_avail);
		run = run < max - taken ? run : max - taken;
		if (!packed_available(vq, vq->last_avail))
			break;
		packed_fetch(vq, run);
		n = packed_take_plain(vq, &b, done + taken, run, &more);
		out += packed_take_copy(vq, &b, pool, pkt + out, &n);
		taken += n;
		vq->last_avail = (uint16_t)(vq->last_avail + n);
		if (unlikely(vq_gso_waits(vq)))
			break;
		if (n == run)
			continue;	/* the ring's end, or the batch's */
		if (likely(!more))
			break;
		plain = false;
		r = vq_take_chain(vq, vq->last_avail, pool, *(pool_top(pool) - 1), &pkt[out],
				  &done[taken]);
		if (r < 0)
			break;
		out += (uint32_t)r;
		pool->nfree -= (uint32_t)r;
		vq->last_avail = (uint16_t)(vq->last_avail + done[taken++].skip);
		if (vq_gso_waits(vq))
			break;
	}
	if (!taken)
		return 0;
	vq->expected = (uint16_t)(taken + 4);
	if (in_order) {
		plain = false;
		taken = packed_merge(done, taken);
	}
	packed_publish(vq, taken, plain, event_idx);
	return out;
}

#endif
