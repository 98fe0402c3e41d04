// SPDX-License-Identifier: Apache-2.0
#include "kernel/net/virtqueue.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <stddef.h>
#include <sys/eventfd.h>

#include "kernel/net/ring.h"

#ifndef VIRTIO_F_IN_ORDER
#define VIRTIO_F_IN_ORDER 35
#endif

static bool has(uint64_t features, int bit)
{
	return features >> bit & 1;
}

void vq_set_features(struct vq *vq, uint64_t features)
{
	vq->event_idx = has(features, VIRTIO_RING_F_EVENT_IDX);
	vq->in_order = has(features, VIRTIO_F_IN_ORDER);
	vq->indirect = has(features, VIRTIO_RING_F_INDIRECT_DESC);
	vq->mergeable = has(features, VIRTIO_NET_F_MRG_RXBUF);
	vq->guest_csum = has(features, VIRTIO_NET_F_GUEST_CSUM);
	vq->csum = has(features, VIRTIO_NET_F_CSUM);
	vq->tso = vq->csum && has(features, VIRTIO_NET_F_HOST_TSO4);
	vq->packed = has(features, VIRTIO_F_RING_PACKED);
	vq->take = (vq->packed ? packed_take_fn : split_take_fn)(vq->in_order, vq->event_idx);
	vq->give = (vq->packed ? packed_give_fn : split_give_fn)(vq->event_idx);
}

struct vq_areas vq_areas(uint64_t features, uint16_t size)
{
	if (has(features, VIRTIO_F_RING_PACKED))
		return (struct vq_areas){16ull * size, sizeof(struct vring_packed_desc_event),
					 sizeof(struct vring_packed_desc_event)};
	return (struct vq_areas){16ull * size, 6 + 2ull * size, 6 + 8ull * size};
}

/* A place in a packed ring, as vhost-user tells it, and as it is counted here. */
static uint16_t from_place(uint16_t place, uint16_t size)
{
	return (uint16_t)((place & 0x7fff) + (place & 0x8000 ? 0 : size));
}

static uint16_t to_place(uint16_t at, uint16_t size)
{
	return (uint16_t)((at & (size - 1)) | (at & size ? 0 : 0x8000));
}

bool vq_aligned(const struct vq *vq, const void *desc, const void *avail, const void *used)
{
	return !((uintptr_t)desc & 15) && !((uintptr_t)avail & (vq->packed ? 3 : 1)) &&
	       !((uintptr_t)used & 3);
}

static int attach(struct vq *vq, const struct guestmem *mem, void *desc, void *avail, void *used,
		  uint16_t size, struct vq_state at)
{
	if (!size || size > VQ_SIZE_MAX || (size & (size - 1)))
		return -EINVAL;
	if (!desc || !avail || !used || !vq_aligned(vq, desc, avail, used))
		return -EFAULT;
	if (vq->packed && ((at.avail & 0x7fff) >= size || (at.used & 0x7fff) >= size))
		return -ERANGE;
	vq->mem = mem;
	vq->cache = (struct guestmem_cache){0};
	vq->desc = desc;
	vq->avail = avail;
	vq->used = used;
	vq->size = size;
	vq->mask = (uint16_t)(size - 1);
	if (vq->packed) {
		vq->last_avail = from_place(at.avail, size);
		vq->used_idx = from_place(at.used, size);
	} else {
		vq->last_avail = vq->seen_avail = at.avail;
		vq->used_idx = __atomic_load_n(&vq->used->idx, __ATOMIC_RELAXED);
	}
	if (!vq->journal)
		vq->journal = &vq->own;
	vq->signalled_valid = false;
	vq->broken = NULL;
	vq->reported = false;
	return 0;
}

int vq_start(struct vq *vq, const struct guestmem *mem, void *desc, void *avail, void *used,
	     uint16_t size, struct vq_state at)
{
	int r = attach(vq, mem, desc, avail, used, size, at);

	if (!r)
		ring_commit(vq);
	return r;
}

/*
 * All that is taken is marked used before anything else is done with it, so a split ring goes on
 * where it tells itself, whatever the journal says. The journal of a packed one is copied first: it may be this queue's own.
 */
int vq_adopt(struct vq *vq, const struct guestmem *mem, void *desc, void *avail, void *used,
	     uint16_t size, const struct vq_journal *dead)
{
	struct vq_journal was = *dead;
	uint32_t marking = vq->packed ? (uint32_t)(was.at >> 32) : 0;
	struct vq_state at = {0};
	int r;

	if (vq->packed && size && !(size & (size - 1))) {
		at.avail = to_place((uint16_t)was.at, size);
		at.used = to_place((uint16_t)(was.at >> 16), size);
	} else if (used && !((uintptr_t)used & 3)) {
		at.avail = __atomic_load_n(&((struct vring_used *)used)->idx, __ATOMIC_RELAXED);
	}
	if (marking > VQ_DONE_MAX)
		return -EINVAL;
	r = attach(vq, mem, desc, avail, used, size, at);
	if (r)
		return r;
	*vq->journal = was;	/* we may die too */
	if (marking)
		packed_mark_again(vq, marking);
	ring_commit(vq);
	return 0;
}

struct vq_state vq_state(const struct vq *vq)
{
	if (vq->packed)
		return (struct vq_state){.avail = to_place(vq->last_avail, vq->size),
					 .used = to_place(vq->used_idx, vq->size)};
	return (struct vq_state){.avail = vq->last_avail, .used = vq->used_idx};
}

void vq_unsignalled(struct vq *vq)
{
	if (errno != EINTR)
		return;		/* full, but it does not block: there is a signal in it already */
	vq->blocked = true;
	vq->run = false;
	if (vq->trouble)
		*vq->trouble = true;
}

uint32_t vq_break(struct vq *vq, const char *why, uint64_t arg)
{
	if (!vq->broken) {
		vq->broken = why;
		vq->broken_arg = arg;
		if (vq->trouble)
			*vq->trouble = true;
		if (vq->error_fd && *vq->error_fd >= 0 && eventfd_write(*vq->error_fd, 1))
			vq_unsignalled(vq);
	}
	vq->run = false;
	return 0;
}

bool vq_pending(const struct vq *vq)
{
	if (vq->packed)
		return packed_pending(vq);
	return __atomic_load_n(&vq->avail->idx, __ATOMIC_ACQUIRE) != vq->last_avail;
}

uint32_t vq_room(const struct vq *vq)
{
	uint16_t n;

	if (vq->packed)
		return packed_room(vq);
	n = (uint16_t)(__atomic_load_n(&vq->avail->idx, __ATOMIC_ACQUIRE) - vq->last_avail);
	return n < VQ_ROOM_MAX ? n : VQ_ROOM_MAX;
}

bool vq_arm(struct vq *vq)
{
	if (vq->packed)
		__atomic_store_n(&vq->device_event->flags, VRING_PACKED_EVENT_FLAG_ENABLE,
				 __ATOMIC_RELAXED);
	else if (vq->event_idx)
		__atomic_store_n((uint16_t *)&vq->used->ring[vq->size], vq->last_avail,
				 __ATOMIC_RELAXED);
	else
		__atomic_store_n(&vq->used->flags, 0, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return vq_pending(vq);
}

void vq_disarm(struct vq *vq)
{
	if (vq->packed)
		__atomic_store_n(&vq->device_event->flags, VRING_PACKED_EVENT_FLAG_DISABLE,
				 __ATOMIC_RELAXED);
	/* With the event index the value armed last is soon behind, which asks for nothing. */
	else if (!vq->event_idx)
		__atomic_store_n(&vq->used->flags, VRING_USED_F_NO_NOTIFY, __ATOMIC_RELAXED);
}
