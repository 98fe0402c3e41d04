/* SPDX-License-Identifier: Apache-2.0 */
/* What the functions of the split ring share (VIRTIO 1.2, 2.7). */
#ifndef KERNEL_NET_SPLIT_H
#define KERNEL_NET_SPLIT_H

#include "kernel/net/ring.h"

/* The entries of used that a batch of n will fill: the guest read them last. */
static ALWAYS_INLINE void split_prefetch_used(const struct vq *vq, uint32_t n)
{
	for (uint32_t i = 0; i < n + 7; i += 8)
		prefetch_write(&vq->used->ring[(vq->used_idx + i) & vq->mask]);
}

/* A descriptor, read once. */
struct split_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};

static ALWAYS_INLINE struct split_desc split_load(const struct vring_desc *d)
{
	uint64_t addr = load64(d), rest = load64((const uint8_t *)d + 8);

	/* In registers from here on: the compiler may not read them again. */
	__asm__ volatile("" : "+r"(addr), "+r"(rest));
	return (struct split_desc){addr, (uint32_t)rest, (uint16_t)(rest >> 32),
				   (uint16_t)(rest >> 48)};
}

/* How many entries of avail there are, at most max. */
static ALWAYS_INLINE uint32_t split_avail(struct vq *vq, uint32_t max)
{
	uint32_t n = (uint16_t)(vq->seen_avail - vq->last_avail);

	if (n < max) {
		vq->seen_avail = __atomic_load_n(&vq->avail->idx, __ATOMIC_ACQUIRE);
		n = (uint16_t)(vq->seen_avail - vq->last_avail);
		if (unlikely(n > vq->size))
			return vq_break(vq, "available index jumped by", n);
	}
	return n < max ? n : max;
}

static ALWAYS_INLINE uint16_t split_head(const struct vq *vq, uint16_t i)
{
	return __atomic_load_n(&vq->avail->ring[i & vq->mask], __ATOMIC_RELAXED);
}

static ALWAYS_INLINE void split_used(struct vq *vq, uint16_t i, uint32_t id, uint32_t len)
{
	store64(&vq->used->ring[i & vq->mask], (uint64_t)len << 32 | id);
}

static ALWAYS_INLINE void split_notify(struct vq *vq, bool event_idx)
{
	uint16_t old = vq->signalled;
	bool need;

	if (vq->call_fd < 0)
		return;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (event_idx) {
		uint16_t at = __atomic_load_n(&vq->avail->ring[vq->size], __ATOMIC_RELAXED);

		need = !vq->signalled_valid || vring_need_event(at, vq->used_idx, old);
		vq->signalled = vq->used_idx;
		vq->signalled_valid = true;
	} else {
		need = !(__atomic_load_n(&vq->avail->flags, __ATOMIC_RELAXED) &
			 VRING_AVAIL_F_NO_INTERRUPT);
	}
	if (need)
		ring_signal(vq);
}

/* One index publish, one kick check: the end of a batch that filled n entries of used. */
static ALWAYS_INLINE void split_publish(struct vq *vq, uint32_t n, bool event_idx)
{
	vq->used_idx = (uint16_t)(vq->used_idx + n);
	__atomic_store_n(&vq->used->idx, vq->used_idx, __ATOMIC_RELEASE);
	ring_commit(vq);
	split_notify(vq, event_idx);
}

#endif
