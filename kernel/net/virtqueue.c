// SPDX-License-Identifier: Apache-2.0
#include "kernel/net/virtqueue.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <stddef.h>
#include <sys/eventfd.h>

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
	vq->take = split_take_fn(vq->in_order, vq->event_idx);
	vq->give = split_give_fn(vq->event_idx);
}

int vq_start(struct vq *vq, const struct guestmem *mem, void *desc, void *avail, void *used,
	     uint16_t size, struct vq_state at)
{
	if (!size || size > VQ_SIZE_MAX || (size & (size - 1)))
		return -EINVAL;
	if (!desc || !avail || !used || (uintptr_t)desc & 15 || (uintptr_t)avail & 1 ||
	    (uintptr_t)used & 3)
		return -EFAULT;
	vq->mem = mem;
	vq->cache = (struct guestmem_cache){0};
	vq->desc = desc;
	vq->avail = avail;
	vq->used = used;
	vq->size = size;
	vq->mask = (uint16_t)(size - 1);
	vq->last_avail = vq->seen_avail = at.avail;
	vq->used_idx = __atomic_load_n(&vq->used->idx, __ATOMIC_RELAXED);
	vq->signalled_valid = false;
	vq->broken = NULL;
	vq->reported = false;
	return 0;
}

struct vq_state vq_state(const struct vq *vq)
{
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

bool vq_arm(struct vq *vq)
{
	if (vq->event_idx)
		__atomic_store_n((uint16_t *)&vq->used->ring[vq->size], vq->last_avail,
				 __ATOMIC_RELAXED);
	else
		__atomic_store_n(&vq->used->flags, 0, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return vq_pending(vq);
}

void vq_disarm(struct vq *vq)
{
	/* With the event index the value armed last is soon behind, which asks for nothing. */
	if (!vq->event_idx)
		__atomic_store_n(&vq->used->flags, VRING_USED_F_NO_NOTIFY, __ATOMIC_RELAXED);
}
