/* SPDX-License-Identifier: Apache-2.0 */
/* Giving a batch of frames to a packed receive queue; compiled for each set of features. */
#ifndef KERNEL_NET_PACKED_GIVE_H
#define KERNEL_NET_PACKED_GIVE_H

#include "kernel/net/packed.h"

/*
 * How many of the next n buffers, which are in one lap, are plain: available, one descriptor, in the
 * cached region, long enough. *more: the one behind them is available too, but takes the long way.
 */
static ALWAYS_INLINE uint32_t packed_give_plain(struct vq *vq, uint8_t **dst, struct vq_done *done,
						const struct vmhi_pkt *pkt, uint32_t n, bool *more)
{
	struct vring_packed_desc *d = &vq->ring[vq->last_avail & vq->mask];
	uint16_t fresh = packed_fresh(vq, vq->last_avail);
	uint32_t i;

	*more = false;
	for (i = 0; i < n; i++) {
		uint64_t word = __atomic_load_n((uint64_t *)&d[i] + 1, __ATOMIC_ACQUIRE), addr;
		uint32_t len = pkt[i].len + VQ_HDR;

		if (((uint16_t)(word >> 48) & PACKED_SHAPE) != (fresh | VRING_DESC_F_WRITE)) {
			*more = packed_is_fresh(vq, vq->last_avail, (uint16_t)(word >> 48));
			break;
		}
		addr = __atomic_load_n(&d[i].addr, __ATOMIC_RELAXED);
		dst[i] = guestmem_cached(&vq->cache, addr, (uint32_t)word);
		if (unlikely(!dst[i] || (uint32_t)word < len)) {
			*more = true;
			break;
		}
		ring_prefetch_write(dst[i]);
		packed_note(&done[i], word, len);
	}
	return i;
}

/*
 * With in-order use too, each buffer is marked: one entry for several would not tell how long the
 * frames are.
 */
static ALWAYS_INLINE uint32_t packed_give(struct vq *vq, struct vmhi_pkt *pkt, uint32_t n,
					  bool event_idx)
{
	struct vq_done *done = vq->journal->done;
	uint32_t given = 0, used = 0, plain, run;
	bool more, simple = true;
	uint8_t *dst[VQ_BATCH];
	int r;

	while (given < n) {
		if (unlikely(used > VQ_BATCH)) {	/* room for a batch, and a frame's chains */
			packed_publish(vq, used, false, event_idx);
			used = 0;
		}
		run = packed_run(vq, vq->last_avail);
		run = run < n - given ? run : n - given;
		if (!packed_available(vq, vq->last_avail))
			break;
		packed_fetch(vq, run);
		plain = packed_give_plain(vq, dst, done + used, pkt + given, run, &more);
		for (uint32_t i = 0; i < plain; i++)
			ring_give_one(vq, dst[i], &pkt[given + i]);
		vq->last_avail = (uint16_t)(vq->last_avail + plain);
		given += plain;
		used += plain;
		if (plain == run)
			continue;	/* the ring's end, or the batch's */
		if (likely(!more))
			break;
		simple = false;
		r = vq_give_chain(vq, &pkt[given], 0, done + used);
		if (r <= 0)
			break;
		for (int i = 0; i < r; i++)
			vq->last_avail = (uint16_t)(vq->last_avail + done[used++].skip);
		given++;
	}
	if (used)
		packed_publish(vq, used, simple, event_idx);
	vq->expected = (uint16_t)(given + 4);
	return given;
}

#endif
