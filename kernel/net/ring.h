/* SPDX-License-Identifier: Apache-2.0 */
/* What the functions of split and packed rings share. */
#ifndef KERNEL_NET_RING_H
#define KERNEL_NET_RING_H

#include <sys/eventfd.h>
#include <unistd.h>

#include "kernel/net/copy.h"
#include "kernel/net/virtqueue.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))
#define likely(x)     __builtin_expect(!!(x), 1)
#define unlikely(x)   __builtin_expect(!!(x), 0)

/* The lines of header and a short frame; a null pointer does no harm. */
static ALWAYS_INLINE void ring_prefetch(const void *p)
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

static ALWAYS_INLINE void ring_prefetch_write(void *p)
{
	prefetch_write(p);
	prefetch_write((void *)((uintptr_t)p + 64));
}

/*
 * What a front end keeps for a back end that dies: a ring's part of vhost-user's in-flight area,
 * before what it has for each descriptor. Frames are copied and marked used in one batch, so all
 * that it ever tells is where used stood.
 */
struct vq_inflight {
	uint64_t features;
	uint16_t version, desc_num;
	union {
		struct {
			uint16_t last_batch_head, used_idx;
		} split;
		struct {
			uint16_t free_head, old_free_head, used_idx, old_used_idx;
			uint8_t used_wrap, old_used_wrap, zero[7];
		} packed;
	};
};

static ALWAYS_INLINE void vq_record(struct vq *vq)
{
	if (!vq->packed) {
		vq->inflight->split.used_idx = vq->used_idx;
		return;
	}
	vq->inflight->packed.used_idx = vq->used_idx & vq->mask;
	vq->inflight->packed.used_wrap = !(vq->used_idx & vq->size);
}

/* Signals the guest, if it is to be. */
static ALWAYS_INLINE void ring_signal(struct vq *vq)
{
	if (unlikely(eventfd_write(vq->call_fd, 1)))
		vq_unsignalled(vq);
}

/* The end of a batch of which everything is visible to the guest: for who goes on after us. */
static ALWAYS_INLINE void ring_commit(struct vq *vq)
{
	__atomic_store_n(&vq->journal->at, vq_journal_word(vq->last_avail, vq->used_idx, 0),
			 __ATOMIC_RELEASE);
	if (unlikely(vq->inflight != NULL))
		vq_record(vq);
}

/*
 * The long way, for chains, indirect tables and buffers in another region. start: of a split ring
 * the chain's head, of a packed one its place. cookie: the buffer to fill. 1: *pkt is a frame; 0:
 * it was refused and counted, or is one to be cut (vq_gso_waits()); -1: the queue was stopped.
 * Unless -1, *done is filled but for len.
 */
int vq_take_chain(struct vq *vq, uint16_t start, const struct pool *pool, uint64_t cookie,
		  struct vmhi_pkt *pkt, struct vq_done *done);

/*
 * Gives one frame, from last_avail on; of a split ring avail entries are there. Returns how many
 * chains that took, at most VQ_CHAINS, and describes them in done; 0: no room; -1: stopped.
 */
int vq_give_chain(struct vq *vq, struct vmhi_pkt *pkt, uint32_t avail, struct vq_done *done);

/*
 * virtio_net_hdr to packet, for a header that asks for something: its first 8 bytes and its
 * csum_offset. false: it asks for what was not offered, which is counted; or the frame is to be cut
 * (vq_gso_waits()).
 */
bool vq_take_offload(struct vq *vq, uint64_t hdr, uint16_t offset, struct vmhi_pkt *pkt);

/* Whether a frame was taken that is to be cut: the batch ends behind it, for there is room for one. */
static ALWAYS_INLINE bool vq_gso_waits(const struct vq *vq)
{
	return vq->gso && vq->gso->len;
}

/* The first 8 bytes of the header for a frame; sets *csum_offset, which follows them. */
uint64_t vq_give_offload(const struct vq *vq, struct vmhi_pkt *pkt, uint16_t *csum_offset);

/* A frame behind its header into a buffer that holds both. */
static ALWAYS_INLINE void ring_give_one(struct vq *vq, uint8_t *dst, struct vmhi_pkt *pkt)
{
	uint16_t csum_offset = 0;
	uint64_t hdr = 0;

	if (unlikely(pkt->flags & (VMHI_PKT_CSUM | VMHI_PKT_CSUM_OK)))
		hdr = vq_give_offload(vq, pkt, &csum_offset);
	store64(dst, hdr);
	store32(dst + 8, 1u << 16 | csum_offset);	/* num_buffers is 1 */
	copy_frame(dst + VQ_HDR, (const uint8_t *)(uintptr_t)pkt->va + pkt->data_off, pkt->len);
}

#endif
