/* SPDX-License-Identifier: Apache-2.0 */
/* Taking a batch of frames from a split transmit queue; compiled for each set of features. */
#ifndef KERNEL_NET_SPLIT_TAKE_H
#define KERNEL_NET_SPLIT_TAKE_H

#include "kernel/net/split.h"

/* A batch on its way: where frames are (a null pointer: the long way), and their lengths. */
struct split_batch {
	uint16_t head[VQ_BATCH];
	uint32_t len[VQ_BATCH];
	const uint8_t *src[VQ_BATCH];
};

/* Reads the heads and fetches the descriptors; false: a head outside the ring. */
static ALWAYS_INLINE bool split_take_heads(struct vq *vq, struct split_batch *b, uint32_t n)
{
	uint32_t worst = 0;

	for (uint32_t i = 0; i < n; i++) {
		b->head[i] = split_head(vq, (uint16_t)(vq->last_avail + i));
		__builtin_prefetch(&vq->desc[b->head[i] & vq->mask]);
		worst = b->head[i] > worst ? b->head[i] : worst;
	}
	if (unlikely(worst >= vq->size))
		return vq_break(vq, "available ring names descriptor", worst);
	return true;
}

/* Reads the descriptors and fetches the frames. */
static ALWAYS_INLINE void split_take_descs(struct vq *vq, struct split_batch *b, uint32_t n)
{
	const uint16_t odd = VRING_DESC_F_NEXT | VRING_DESC_F_WRITE | VRING_DESC_F_INDIRECT;
	uint32_t frame_max = vq->frame_max;

	for (uint32_t i = 0; i < n; i++) {
		struct split_desc d = split_load(&vq->desc[b->head[i]]);

		b->len[i] = d.len - VQ_HDR;
		b->src[i] = guestmem_cached(&vq->cache, d.addr, d.len);
		if (unlikely((d.flags & odd) || b->len[i] - 14 > frame_max - 14))
			b->src[i] = NULL;
		ring_prefetch(b->src[i]);
	}
}

static ALWAYS_INLINE uint32_t split_take(struct vq *vq, struct pool *pool, struct vmhi_pkt *pkt,
					 uint32_t max, bool in_order, bool event_idx)
{
	uint32_t out = 0, i, n;
	struct split_batch b;
	uint64_t *top;

	if (unlikely(pool->nfree < max))
		max = pool->nfree;
	n = split_avail(vq, max);
	if (!n || !split_take_heads(vq, &b, n))
		return 0;
	split_prefetch_used(vq, n);
	split_take_descs(vq, &b, n);
	top = pool_top(pool) - 1;
	for (i = 0; i < n; i++) {
		uint64_t cookie = *(top - out), hdr;

		if (!in_order)
			split_used(vq, (uint16_t)(vq->used_idx + i), b.head[i], 0);
		if (unlikely(!b.src[i])) {
			struct vq_done done;
			int r = vq_take_chain(vq, b.head[i], pool, cookie, &pkt[out], &done);

			if (r < 0)
				break;
			out += (uint32_t)r;
			n = vq_gso_waits(vq) ? i + 1 : n;
			continue;
		}
		pool_describe(pool, cookie, b.len[i], 1, &pkt[out]);
		hdr = load64(b.src[i]);
		copy_frame(pool_data(pool, cookie), b.src[i] + VQ_HDR, b.len[i]);
		if (unlikely(hdr & 0xffff) &&
		    !vq_take_offload(vq, hdr, load16(b.src[i] + 8), &pkt[out])) {
			n = vq_gso_waits(vq) ? i + 1 : n;
			continue;
		}
		out++;
	}
	pool->nfree -= out;
	if (!i)
		return 0;
	if (in_order)	/* one entry, of the last chain, stands for the batch (2.7.9) */
		split_used(vq, vq->used_idx, b.head[i - 1], 0);
	vq->last_avail = (uint16_t)(vq->last_avail + i);
	split_publish(vq, i, event_idx);
	return out;
}

#endif
