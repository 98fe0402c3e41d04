/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the functions of the packed ring share (VIRTIO 1.2, 2.8). Descriptors are marked used from
 * the batch's last to its first, which is what the guest waits for: it sees all of a batch at once,
 * and a process that dies in between has shown nothing.
 */
#ifndef KERNEL_NET_PACKED_H
#define KERNEL_NET_PACKED_H

#include "kernel/net/ring.h"

#define PACKED_AVAIL (1u << VRING_PACKED_DESC_F_AVAIL)
#define PACKED_USED  (1u << VRING_PACKED_DESC_F_USED)

/* A descriptor's last 8 bytes, which change at once: len, id, flags. */
static ALWAYS_INLINE uint64_t *packed_word(const struct vq *vq, uint16_t at)
{
	return (uint64_t *)((uint8_t *)&vq->ring[at & vq->mask] + 8);
}

/* Of the two bits of flags, those that say available, and used, in the lap of this place. */
static ALWAYS_INLINE uint16_t packed_fresh(const struct vq *vq, uint16_t at)
{
	return at & vq->size ? PACKED_USED : PACKED_AVAIL;
}

static ALWAYS_INLINE uint16_t packed_done(const struct vq *vq, uint16_t at)
{
	return at & vq->size ? 0 : PACKED_AVAIL | PACKED_USED;
}

/* How many places there are from this one to the ring's end: what holds for one flag holds for all. */
static ALWAYS_INLINE uint32_t packed_run(const struct vq *vq, uint16_t at)
{
	return vq->size - (at & vq->mask);
}

/* All of a descriptor's flags as they are in the same lap, of one that is a frame of its own. */
#define PACKED_SHAPE                                                                               \
	(PACKED_AVAIL | PACKED_USED | VRING_DESC_F_NEXT | VRING_DESC_F_WRITE | VRING_DESC_F_INDIRECT)

static ALWAYS_INLINE bool packed_is_fresh(const struct vq *vq, uint16_t at, uint16_t flags)
{
	return (flags & (PACKED_AVAIL | PACKED_USED)) == packed_fresh(vq, at);
}

static ALWAYS_INLINE bool packed_available(const struct vq *vq, uint16_t at)
{
	uint64_t word = __atomic_load_n(packed_word(vq, at), __ATOMIC_ACQUIRE);

	return packed_is_fresh(vq, at, (uint16_t)(word >> 48));
}

static ALWAYS_INLINE void packed_mark(struct vq *vq, uint16_t at, const struct vq_done *d)
{
	uint64_t word = d->len | (uint64_t)d->id << 32 | (uint64_t)packed_done(vq, at) << 48;

	__atomic_store_n(packed_word(vq, at), word, __ATOMIC_RELEASE);
}

/*
 * Fetches the lines of the descriptors behind the first that a batch is about to read and mark, all
 * at once: they come from the guest's cache. No more than were there last time: lines that the
 * guest is still writing are better left with it.
 */
static ALWAYS_INLINE void packed_fetch(struct vq *vq, uint32_t n)
{
	struct vring_packed_desc *d = &vq->ring[vq->last_avail & vq->mask];

	n = n < vq->expected ? n : vq->expected;
	for (uint32_t i = 4; i < n; i += 4)
		prefetch_write(d + i);
}

/* An entry of the journal with one place, by its descriptor's last 8 bytes. */
static ALWAYS_INLINE void packed_note(struct vq_done *done, uint64_t word, uint32_t len)
{
	store64(done, len | (word & 0xffff00000000) | 1ull << 48);
}

/* As in vring_need_event(), but places are known in two laps only. */
static ALWAYS_INLINE bool packed_wanted(const struct vq *vq, uint16_t off_wrap, uint16_t old)
{
	uint16_t laps = (uint16_t)(2 * vq->size - 1);
	uint16_t at = (uint16_t)((off_wrap & 0x7fff) + (off_wrap >> 15 ? 0 : vq->size));

	return (uint16_t)((vq->used_idx - at - 1) & laps) < (uint16_t)((vq->used_idx - old) & laps);
}

static ALWAYS_INLINE void packed_notify(struct vq *vq, uint16_t old, bool event_idx)
{
	uint32_t event;
	uint16_t flags;

	if (vq->call_fd < 0)
		return;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	event = __atomic_load_n((uint32_t *)vq->driver_event, __ATOMIC_RELAXED);
	flags = (uint16_t)(event >> 16);
	if (flags == VRING_PACKED_EVENT_FLAG_DISABLE)
		return;
	if (event_idx && flags == VRING_PACKED_EVENT_FLAG_DESC &&
	    !packed_wanted(vq, (uint16_t)event, old))
		return;
	ring_signal(vq);
}

/* Marks the n entries of the journal, from the last to the first; returns the place behind them. */
static ALWAYS_INLINE uint16_t packed_mark_all(struct vq *vq, uint32_t n)
{
	const struct vq_done *done = vq->journal->done;
	uint16_t place[VQ_DONE_MAX], at = vq->used_idx;

	for (uint32_t i = 0; i < n; i++) {
		place[i] = at;
		at = (uint16_t)(at + done[i].skip);
	}
	while (n--)
		packed_mark(vq, place[n], &done[n]);
	return at;
}

/* The same, of entries that have one place each, all in one lap. */
static ALWAYS_INLINE uint16_t packed_mark_run(struct vq *vq, uint32_t n)
{
	const struct vq_done *done = vq->journal->done;
	uint64_t flags = (uint64_t)packed_done(vq, vq->used_idx) << 48;
	uint64_t *word = packed_word(vq, vq->used_idx);

	for (uint32_t i = n; i--;)
		__atomic_store_n(word + 2 * i, (load64(&done[i]) & 0xffffffffffff) | flags,
				 __ATOMIC_RELEASE);
	return (uint16_t)(vq->used_idx + n);
}

/*
 * The end of a batch: n entries of the journal are marked used; last_avail is behind them. plain:
 * each has one place.
 */
static ALWAYS_INLINE void packed_publish(struct vq *vq, uint32_t n, bool plain, bool event_idx)
{
	uint16_t old = vq->used_idx;

	__atomic_store_n(&vq->journal->at, vq_journal_word(vq->last_avail, old, n),
			 __ATOMIC_RELEASE);
	if (likely(plain && n <= packed_run(vq, old)))
		vq->used_idx = packed_mark_run(vq, n);
	else
		vq->used_idx = packed_mark_all(vq, n);
	ring_commit(vq);
	packed_notify(vq, old, event_idx);
}

#endif
