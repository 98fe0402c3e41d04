/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One virtqueue of a network device as the back end sees it, split or packed (VIRTIO 1.2, 2.7, 2.8
 * and 5.1): frames are taken from a guest's transmit queue and given to its receive queue, in batches. What depends on
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

#include "kernel/net/gso.h"
#include "kernel/net/guestmem.h"
#include "kernel/net/pool.h"

#define VQ_BATCH    32
#define VQ_SIZE_MAX 1024
#define VQ_HDR	    12	/* struct virtio_net_hdr_v1 */
#define VQ_CHAINS   64	/* that one frame is spread over at most */

struct vq;
struct vq_inflight;

/*
 * take: frames that the guest sent, at most max (at most VQ_BATCH), into buffers of the pool; both
 * copied and marked used before it returns. The last may be one to be cut: it is in vq->gso then,
 * and not among those returned. There must be none in it before.
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

/* What goes back to the guest: a chain's name, how many places of a packed ring it has, its bytes. */
struct vq_done {
	uint32_t len;
	uint16_t id, skip;
};

/*
 * What another process needs to go on when this one dies at any point: between batches where the
 * queue stands; and while a batch is marked used in a packed ring, which takes several stores, all
 * of it. at: last_avail, used_idx and the number of entries of done that are being marked, 16 bits
 * each from bit 0 on, in one word so that it changes at once.
 */
#define VQ_DONE_MAX (2 * VQ_BATCH + VQ_CHAINS)
struct vq_journal {
	uint64_t at;
	struct vq_done done[VQ_DONE_MAX];
};

static inline uint64_t vq_journal_word(uint16_t last_avail, uint16_t used_idx, uint32_t marking)
{
	return last_avail | (uint64_t)used_idx << 16 | (uint64_t)marking << 32;
}

struct vq {
	union {
		struct {	/* split */
			struct vring_desc *desc;
			struct vring_avail *avail;
			struct vring_used *used;
		};
		struct {	/* packed: the ring, and who wants to be told what */
			struct vring_packed_desc *ring;
			struct vring_packed_desc_event *driver_event, *device_event;
		};
	};
	uint16_t size, mask;
	/*
	 * Both count on and on. In a packed ring the place is what mask leaves, and the next bit is
	 * the wrap counter's inverse.
	 */
	uint16_t last_avail;	/* next entry of avail, or place, to take */
	uint16_t used_idx;	/* next entry of used, or place, to fill; published at a batch's end */
	uint16_t seen_avail;	/* split: avail->idx when it was last read */
	uint16_t expected;	/* packed: a few more places than the last batch had */
	bool packed;
	uint16_t signalled;	/* used_idx of the last notification */
	bool signalled_valid;
	bool event_idx, in_order, indirect, mergeable;
	bool guest_csum;	/* the guest takes frames whose checksum is left to it */
	bool csum;		/* the guest may leave checksums to us */
	bool tso;		/* and segmentation of TCP over IPv4 */
	bool run;		/* set up, enabled and not stopped */
	uint32_t frame_max;	/* longest frame taken */
	int call_fd;		/* -1: the front end polls */
	const int *error_fd;	/* an eventfd to tell when it is stopped, or -1; may be NULL */
	bool blocked;		/* one of the two blocked: the front end has filled it */
	bool nudge;		/* the guest is to be notified once, whatever happened */
	struct guestmem_cache cache;
	const struct guestmem *mem;
	struct gso *gso;	/* for frames to be cut, or a null pointer: they are refused */
	vq_take_fn take;
	vq_give_fn give;
	struct vq_journal *journal;	/* the owner's, or a null pointer before vq_start() */
	struct vq_inflight *inflight;
	bool *trouble;		/* set when the queue is stopped; may be a null pointer */
	const char *broken;	/* why the queue was stopped, or a null pointer */
	uint64_t broken_arg;
	bool reported;
	uint64_t bad;		/* frames refused */
	struct vq_journal own;	/* journal's, if the owner has none */
};

/* Chooses the functions. features: those negotiated (VIRTIO_F_*, VIRTIO_NET_F_*). */
void vq_set_features(struct vq *vq, uint64_t features);

/* The bytes of its three areas; the same order as vq_start() has. */
struct vq_areas {
	uint64_t desc, avail, used;
};
struct vq_areas vq_areas(uint64_t features, uint16_t size);

/*
 * Attaches the rings, of such many bytes: desc, avail and used, or a packed ring with the driver's
 * and the device's event suppression; checks the alignment. size is a power of two, which a packed
 * ring's need not be, but is with every guest that takes the size it is told. at: where to go on;
 * what a split ring's used index is the ring itself says.
 */
int vq_start(struct vq *vq, const struct guestmem *mem, void *desc, void *avail, void *used,
	     uint16_t size, struct vq_state at);

/* Whether the areas are aligned as VIRTIO 1.2, 2.7 and 2.8, asks. */
bool vq_aligned(const struct vq *vq, const void *desc, const void *avail, const void *used);

/*
 * Goes on from where a process that died left the queue, by its journal (not believed: a wrong one
 * stops the queue or does what the guest could do to itself), and finishes the batch that it may
 * have been marking. Attaches the rings as vq_start() does; vq->journal may be dead.
 */
int vq_adopt(struct vq *vq, const struct guestmem *mem, void *desc, void *avail, void *used,
	     uint16_t size, const struct vq_journal *dead);

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
bool vq_pending(const struct vq *vq);

/* How many buffers the guest has added, or VQ_ROOM_MAX if it is more than these. */
#define VQ_ROOM_MAX 64
uint32_t vq_room(const struct vq *vq);

/* How many a frame may need: mergeable ones hold a frame of the usual MTU at least. */
static inline uint32_t vq_need(uint32_t len)
{
	return (len + VQ_HDR + 1535) / 1536;
}

/* The functions of the two kinds of rings, by features; see split.c and packed.c. */
vq_take_fn split_take_fn(bool in_order, bool event_idx);
vq_give_fn split_give_fn(bool event_idx);
vq_take_fn packed_take_fn(bool in_order, bool event_idx);
vq_give_fn packed_give_fn(bool event_idx);
/* Marks n entries of the journal used, which are done but maybe for some of the marks. */
void packed_mark_again(struct vq *vq, uint32_t n);
bool packed_pending(const struct vq *vq);
uint32_t packed_room(const struct vq *vq);

#endif
