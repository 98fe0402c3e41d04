// SPDX-License-Identifier: Apache-2.0
/* The functions of the packed ring: one instance for each set of features that changes the code. */
#include "kernel/net/packed-give.h"
#include "kernel/net/packed-take.h"

#define TAKE(name, in_order, event_idx)                                                            \
	static uint32_t name(struct vq *vq, struct pool *pool, struct vmhi_pkt *pkt, uint32_t max) \
	{                                                                                          \
		return packed_take(vq, pool, pkt, max, in_order, event_idx);                       \
	}
#define GIVE(name, event_idx)                                                                      \
	static uint32_t name(struct vq *vq, struct vmhi_pkt *pkt, uint32_t n)                      \
	{                                                                                          \
		return packed_give(vq, pkt, n, event_idx);                                         \
	}

TAKE(take_plain, false, false)
TAKE(take_event, false, true)
TAKE(take_in_order, true, false)
TAKE(take_in_order_event, true, true)
GIVE(give_plain, false)
GIVE(give_event, true)

vq_take_fn packed_take_fn(bool in_order, bool event_idx)
{
	static const vq_take_fn fn[2][2] = {{take_plain, take_event},
					    {take_in_order, take_in_order_event}};

	return fn[in_order][event_idx];
}

vq_give_fn packed_give_fn(bool event_idx)
{
	return event_idx ? give_event : give_plain;
}

bool packed_pending(const struct vq *vq)
{
	return packed_available(vq, vq->last_avail);
}

uint32_t packed_room(const struct vq *vq)
{
	uint32_t most = vq->size < VQ_ROOM_MAX ? vq->size : VQ_ROOM_MAX, n = 0;

	while (n < most && packed_available(vq, (uint16_t)(vq->last_avail + n)))
		n++;
	return n;
}

void packed_mark_again(struct vq *vq, uint32_t n)
{
	uint16_t at = vq->used_idx;

	if (!packed_available(vq, at)) {	/* the first is marked, so all are */
		while (n--)
			at = (uint16_t)(at + vq->journal->done[n].skip);
	} else {
		at = packed_mark_all(vq, n);
	}
	vq->used_idx = at;
}
