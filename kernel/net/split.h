/* SPDX-License-Identifier: Apache-2.0 */
/* What the functions of the split ring share (VIRTIO 1.2, 2.7). */
#ifndef KERNEL_NET_SPLIT_H
#define KERNEL_NET_SPLIT_H

#include <sys/eventfd.h>
#include <unistd.h>

#include "kernel/net/copy.h"
#include "kernel/net/virtqueue.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))
#define likely(x)     __builtin_expect(!!(x), 1)
#define unlikely(x)   __builtin_expect(!!(x), 0)

/* The lines of header and a short frame; a null pointer does no harm. */
static ALWAYS_INLINE void split_prefetch(const void *p)
{
	__builtin_prefetch(p);
	__builtin_prefetch((const void *)((uintptr_t)p + 64));
}

/*
 * For writing: every 64-bit processor takes the instruction, if only as a hint to ignore, but the
 * compiler does not emit it for the baseline.
 */
static ALWAYS_INLINE void prefetch_write(const void *p)
{
	__asm__ volatile("prefetchw %0" : : "m"(*(const char *)p));
}

static ALWAYS_INLINE void split_prefetch_write(void *p)
{
	prefetch_write(p);
	prefetch_write((void *)((uintptr_t)p + 64));
}

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
	if (need && unlikely(eventfd_write(vq->call_fd, 1)))
		vq_unsignalled(vq);
}

/* What a front end keeps for a back end that dies (vhost-user, inflight buffers of a split ring). */
struct inflight_queue {
	uint64_t features;
	uint16_t version, desc_num, last_batch_head, used_idx;
};

/* One index publish, one kick check: the end of a batch that filled n entries of used. */
static ALWAYS_INLINE void split_publish(struct vq *vq, uint32_t n, bool event_idx)
{
	vq->used_idx = (uint16_t)(vq->used_idx + n);
	__atomic_store_n(&vq->used->idx, vq->used_idx, __ATOMIC_RELEASE);
	if (vq->inflight)
		vq->inflight->used_idx = vq->used_idx;
	split_notify(vq, event_idx);
}

/*
 * The long way, for chains, indirect tables and buffers in another region. cookie: the buffer to
 * fill. 1: *pkt is a frame; 0: it was refused and counted; -1: the queue was stopped.
 */
int split_take_chain(struct vq *vq, uint16_t head, const struct pool *pool, uint64_t cookie,
		     struct vmhi_pkt *pkt);

/*
 * Gives one frame, from entry last_avail of avail on, of which avail entries are there; fills used
 * from entry used_idx + done on. Returns how many entries that took; 0: no room; -1: stopped.
 */
int split_give_chain(struct vq *vq, struct vmhi_pkt *pkt, uint32_t avail, uint32_t done);

/*
 * virtio_net_hdr to packet, for a header that asks for something: its first 8 bytes and its
 * csum_offset. false: it asks for what was not offered.
 */
bool split_take_offload(const struct vq *vq, uint64_t hdr, uint16_t offset, struct vmhi_pkt *pkt);

/* The first 8 bytes of the header for a frame; sets *csum_offset, which follows them. */
uint64_t split_give_offload(const struct vq *vq, struct vmhi_pkt *pkt, uint16_t *csum_offset);

#endif
