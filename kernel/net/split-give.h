/* SPDX-License-Identifier: Apache-2.0 */
/* Giving a batch of frames to a split receive queue; compiled for each set of features. */
#ifndef KERNEL_NET_SPLIT_GIVE_H
#define KERNEL_NET_SPLIT_GIVE_H

#include "kernel/net/split.h"

struct split_room {
	uint16_t head[VQ_BATCH];
	uint8_t *dst[VQ_BATCH];
};

/* How many of the next n buffers are plain: one descriptor, in the cached region, long enough. */
static ALWAYS_INLINE uint32_t split_give_plain(struct vq *vq, struct split_room *b,
					       const struct vmhi_pkt *pkt, uint32_t n)
{
	const uint16_t odd = VRING_DESC_F_NEXT | VRING_DESC_F_WRITE | VRING_DESC_F_INDIRECT;
	uint32_t i;

	for (i = 0; i < n; i++) {
		b->head[i] = split_head(vq, (uint16_t)(vq->last_avail + i));
		__builtin_prefetch(&vq->desc[b->head[i] & vq->mask]);
	}
	split_prefetch_used(vq, n);
	for (i = 0; i < n; i++) {
		struct split_desc d;

		if (unlikely(b->head[i] >= vq->size))
			break;
		d = split_load(&vq->desc[b->head[i]]);
		b->dst[i] = guestmem_cached(&vq->cache, d.addr, d.len);
		if (unlikely((d.flags & odd) != VRING_DESC_F_WRITE || !b->dst[i] ||
			     d.len < pkt[i].len + VQ_HDR))
			break;
		ring_prefetch_write(b->dst[i]);
	}
	return i;
}

static ALWAYS_INLINE uint32_t split_give(struct vq *vq, struct vmhi_pkt *pkt, uint32_t n,
					 bool event_idx)
{
	uint32_t given = 0, done = 0, avail = split_avail(vq, n);
	struct split_room b;

	while (given < n && avail) {
		uint32_t want = n - given < avail ? n - given : avail;
		uint32_t plain = split_give_plain(vq, &b, pkt + given, want);
		struct vq_done chain[VQ_CHAINS];
		int r;

		for (uint32_t i = 0; i < plain; i++) {
			ring_give_one(vq, b.dst[i], &pkt[given + i]);
			split_used(vq, (uint16_t)(vq->used_idx + done + i), b.head[i],
				   pkt[given + i].len + VQ_HDR);
		}
		vq->last_avail = (uint16_t)(vq->last_avail + plain);
		given += plain;
		done += plain;
		avail -= plain;
		if (likely(plain == want))
			break;
		avail = split_avail(vq, VQ_SIZE_MAX);
		r = vq_give_chain(vq, &pkt[given], avail, chain);
		if (r <= 0)
			break;
		for (int i = 0; i < r; i++)
			split_used(vq, (uint16_t)(vq->used_idx + done + (uint32_t)i), chain[i].id,
				   chain[i].len);
		vq->last_avail = (uint16_t)(vq->last_avail + r);
		given++;
		done += (uint32_t)r;
		avail -= (uint32_t)r;
	}
	if (done)
		split_publish(vq, done, event_idx);
	return given;
}

#endif
