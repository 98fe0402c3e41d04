// SPDX-License-Identifier: Apache-2.0
/* The functions of the split ring: one instance for each set of features that changes the code. */
#include "kernel/net/split-give.h"
#include "kernel/net/split-take.h"

/*
 * Whether chains and indirect tables are allowed is asked by the long way only, so the instances
 * differ where the short way does.
 */
#define TAKE(name, in_order, event_idx)                                                            \
	static uint32_t name(struct vq *vq, struct pool *pool, struct vmhi_pkt *pkt, uint32_t max) \
	{                                                                                          \
		return split_take(vq, pool, pkt, max, in_order, event_idx);                        \
	}
#define GIVE(name, event_idx)                                                                      \
	static uint32_t name(struct vq *vq, struct vmhi_pkt *pkt, uint32_t n)                      \
	{                                                                                          \
		return split_give(vq, pkt, n, event_idx);                                          \
	}

TAKE(take_plain, false, false)
TAKE(take_event, false, true)
TAKE(take_in_order, true, false)
TAKE(take_in_order_event, true, true)
GIVE(give_plain, false)
GIVE(give_event, true)

vq_take_fn split_take_fn(bool in_order, bool event_idx)
{
	static const vq_take_fn fn[2][2] = {{take_plain, take_event},
					    {take_in_order, take_in_order_event}};

	return fn[in_order][event_idx];
}

vq_give_fn split_give_fn(bool event_idx)
{
	return event_idx ? give_event : give_plain;
}
