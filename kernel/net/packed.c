// SPDX-License-Identifier: Apache-2.0
/* The packed ring: its functions, and what is asked of it outside of them. */
#include "kernel/net/packed-give.h"
#include "kernel/net/packed-take.h"
#include "kernel/net/ring-instances.h"

RING_INSTANCES(packed)

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
