/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions of one kind of ring: an instance of its take and give for each set of features that
 * changes their code. Only the file of that kind includes this.
 */
#ifndef KERNEL_NET_RING_INSTANCES_H
#define KERNEL_NET_RING_INSTANCES_H

#include "kernel/net/virtqueue.h"

#define RING_TAKE(kind, name, in_order, event_idx)                                                 \
	static uint32_t name(struct vq *vq, struct pool *pool, struct vmhi_pkt *pkt, uint32_t max) \
	{                                                                                          \
		return kind##_take(vq, pool, pkt, max, in_order, event_idx);                       \
	}
#define RING_GIVE(kind, name, event_idx)                                                           \
	static uint32_t name(struct vq *vq, struct vmhi_pkt *pkt, uint32_t n)                      \
	{                                                                                          \
		return kind##_give(vq, pkt, n, event_idx);                                         \
	}

/* KIND_take_fn() and KIND_give_fn(), which choose one */
#define RING_INSTANCES(kind)                                                                       \
	RING_TAKE(kind, take_plain, false, false)                                                  \
	RING_TAKE(kind, take_event, false, true)                                                   \
	RING_TAKE(kind, take_in_order, true, false)                                                \
	RING_TAKE(kind, take_in_order_event, true, true)                                           \
	RING_GIVE(kind, give_plain, false)                                                         \
	RING_GIVE(kind, give_event, true)                                                          \
                                                                                                   \
	vq_take_fn kind##_take_fn(bool in_order, bool event_idx)                                   \
	{                                                                                          \
		static const vq_take_fn fn[2][2] = {{take_plain, take_event},                      \
						    {take_in_order, take_in_order_event}};         \
                                                                                                   \
		return fn[in_order][event_idx];                                                    \
	}                                                                                          \
                                                                                                   \
	vq_give_fn kind##_give_fn(bool event_idx)                                                  \
	{                                                                                          \
		return event_idx ? give_event : give_plain;                                        \
	}

#endif
