/* SPDX-License-Identifier: Apache-2.0 */
/* Giving a batch of frames to a packed receive queue; compiled for each set of features. */
#ifndef KERNEL_NET_PACKED_GIVE_H
#define KERNEL_NET_PACKED_GIVE_H

#include "kernel/net/packed.h"

/*
 * How many of the next n buffers are plain: available, one descriptor, in the cached region, long
 * enough. *more: the one behind them is available too, but takes the long way.
 */
static ALWAYS_INLINE uint32_t packed_give_plain(struct vq *vq, uint8_t **dst, struct vq_done *done,
						const struct vmhi_pkt *pkt, uint32_t n, bool *more)
{
	const uint16_t odd = VRING_DESC_F_NEXT | VRING_DESC_F_WRITE | VRING_DESC_F_INDIRECT;
	uint32_t i;

	*more = false;
	for (i = 0; i < n; i++) {
		uint16_t at = (uint16_t)(vq->last_avail + i);
		struct vring_packed_desc *d = &vq->ring[at & vq->mask];
		uint64_t word = __atomic_load_n(packed_word(vq, at), __ATOMIC_ACQUIRE), addr;
		uint16_t flags = (uint16_t)(word >> 48);
		uint32_t len = pkt[i].len + VQ_HDR;

		if (!packed_is_fresh(vq, at, flags))
			break;
		if (!(at & 3))
			prefetch_write(d + 8);
		addr = __atomic_load_n(&d->addr, __ATOMIC_RELAXED);
		dst[i] = guestmem_cached(&vq->cache, addr, (uint32_t)word);
		if (unlikely((flags & odd) != VRING_DESC_F_WRITE || !dst[i] ||
			     (uint32_t)word < len)) {
			*more = true;
			break;
		}
		ring_prefetch_write(dst[i]);
		done[i] = (struct vq_done){.len = len, .id = (uint16_t)(word >> 32), .skip = 1};
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
	uint32_t given = 0, used = 0;
	uint8_t *dst[VQ_BATCH];
	bool more = true;

	while (more && given < n) {
		uint32_t plain;
		int r;

		if (unlikely(used > VQ_BATCH)) {	/* room for a batch, and a frame's chains */
			packed_publish(vq, used, event_idx);
			used = 0;
		}
		plain = packed_give_plain(vq, dst, done + used, pkt + given, n - given, &more);
		for (uint32_t i = 0; i < plain; i++)
			ring_give_one(vq, dst[i], &pkt[given + i]);
		vq->last_avail = (uint16_t)(vq->last_avail + plain);
		given += plain;
		used += plain;
		if (likely(!more))
			break;
		r = vq_give_chain(vq, &pkt[given], 0, done + used);
		if (r <= 0)
			break;
		for (int i = 0; i < r; i++)
			vq->last_avail = (uint16_t)(vq->last_avail + done[used++].skip);
		given++;
	}
	if (used)
		packed_publish(vq, used, event_idx);
	return given;
}

#endif
