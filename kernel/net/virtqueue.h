/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One virtqueue of a network device as the back end sees it (VIRTIO 1.2, 2.6 and 5.1): frames are
 * taken from a guest's transmit queue and given to its receive queue, in batches. What depends on
 * negotiated features is compiled once for each combination, and chosen by vq_set_features().
 *
 * Rings and descriptors are the guest's to scribble on at any time: each word is read once, and
 * checked before it is used. What cannot be right stops the queue with a reason, and nothing else.
 * Data thread only, or while it is paused.
 */
#ifndef KERNEL_NET_VIRTQUEUE_H
#define KERNEL_NET_VIRTQUEUE_H

#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel/net/guestmem.h"
#include "kernel/net/pool.h"

#define VQ_BATCH    32
#define VQ_SIZE_MAX 1024
#define VQ_HDR	    12	/* struct virtio_net_hdr_v1 */

struct vq;
struct inflight_queue;

/*
 * take: frames that the guest sent, at most max (at most VQ_BATCH), into buffers of the pool; both
 * copied and marked used before it returns.
 * give: copies n (at most VQ_BATCH) frames into the guest's buffers, and returns how many found
 * room, from the first on.
 */
typedef uint32_t (*vq_take_fn)(struct vq *vq, struct pool *pool, struct vmhi_pkt *pkt,
			       uint32_t max);
typedef uint32_t (*vq_give_fn)(struct vq *vq, struct vmhi_pkt *pkt, uint32_t n);

/*
 * Where a queue stands, at a batch's end. Split ring: avail is the index of the next entry of avail
 * to take, and used of the next to fill. Packed ring: places in the ring, with the wrap counter in
 * bit 15, as in the halves of vhost-user's SET_VRING_BASE and in off_wrap (VIRTIO 1.2, 2.8.10).
 */
struct vq_state {
	uint16_t avail, used;
};

struct vq {
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	uint16_t size, mask;
	uint16_t last_avail;	/* next entry of avail to take */
	uint16_t seen_avail;	/* avail->idx when it was last read */
	uint16_t used_idx;	/* next entry of used to fill; published at the batch's end */
	uint16_t signalled;	/* used_idx of the last notification */
	bool signalled_valid;
	bool event_idx, in_order, indirect, mergeable;
	bool guest_csum;	/* the guest takes frames whose checksum is left to it */
	bool csum;		/* the guest may leave checksums to us */
	bool run;		/* set up, enabled and not stopped */
	uint32_t frame_max;	/* longest frame taken */
	int call_fd;		/* -1: the front end polls */
	const int *error_fd;	/* an eventfd to tell when it is stopped, or -1; may be NULL */
	bool blocked;		/* one of the two blocked: the front end has filled it */
	struct guestmem_cache cache;
	const struct guestmem *mem;
	vq_take_fn take;
	vq_give_fn give;
	struct inflight_queue *inflight;
	bool *trouble;		/* set when the queue is stopped; may be a null pointer */
	const char *broken;	/* why the queue was stopped, or a null pointer */
	uint64_t broken_arg;
	bool reported;
	uint64_t bad;		/* frames refused */
};

/* Chooses the functions. features: those negotiated (VIRTIO_F_*, VIRTIO_NET_F_*). */
void vq_set_features(struct vq *vq, uint64_t features);

/*
 * Attaches the rings: desc of size * 16 bytes, avail of 6 + size * 2, used of 6 + size * 8; checks
 * the alignment. at: where to go on; what a split ring's used index is the ring itself says.
 */
int vq_start(struct vq *vq, const struct guestmem *mem, void *desc, void *avail, void *used,
	     uint16_t size, struct vq_state at);

/* Where it stands now, to go on from with vq_start(), here or in another process. */
struct vq_state vq_state(const struct vq *vq);

/*
 * An eventfd of the front end could not be written to. The other end of it can be filled and made
 * to block at any time: the data thread's timer then interrupts the call, and this is the end.
 */
void vq_unsignalled(struct vq *vq);

/* Stops it for good, until it is started anew: why is a constant text. Returns 0. */
uint32_t vq_break(struct vq *vq, const char *why, uint64_t arg);

/* Asks the guest to kick when it adds buffers; true if there are some already. */
bool vq_arm(struct vq *vq);
/* Asks it not to: it is polled. */
void vq_disarm(struct vq *vq);

/* Whether the guest has added buffers. */
static inline bool vq_pending(const struct vq *vq)
{
	return __atomic_load_n(&vq->avail->idx, __ATOMIC_ACQUIRE) != vq->last_avail;
}

/* The functions of the split ring, by features; see split.c. */
vq_take_fn split_take_fn(bool in_order, bool event_idx);
vq_give_fn split_give_fn(bool event_idx);

#endif
