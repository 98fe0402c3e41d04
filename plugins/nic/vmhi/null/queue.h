/* SPDX-License-Identifier: Apache-2.0 */
/* The queues of a port without hardware: what transmit queue n sends, receive queue n receives. */
#ifndef QUEUE_H
#define QUEUE_H

#include <vmhi/nic.h>

#define QUEUES	  8
#define DEPTH_MIN 64u
#define DEPTH_MAX 4096u
#define UC_MAX	  1024u
#define MTU_MAX	  9000u

struct dev;

/*
 * A transmit queue's ring holds cookies to give back, a receive queue's the buffers posted. Each
 * index grows by one for each element and is written by one thread: put and take by the queue's
 * own, fill (receive only: buffers before it hold packets) by that of the transmit queue whose
 * packets come back here, which may be another.
 */
struct queue {
	struct dev *dev;
	struct vmhi_mem mem;
	uint32_t kind, idx, mask, running;
	uint32_t put, take;
	struct vmhi_pkt *pkt;
	uint64_t *cookie;
	uint64_t packets, bytes;
	uint32_t fill __attribute__((aligned(64)));
	uint64_t filled_packets, filled_bytes, lost;
};

struct dev {
	const struct vmhi_host *host;
	vmhi_hc hc;
	struct vmhi_mem mem;
	uint32_t gone;		/* set by forget(): what waits for hardware ends */
	struct vmhi_nic_conf conf;
	struct queue *tx[QUEUES], *rx[QUEUES];
};

extern const struct vmhi_nic nic_ops;

/* Puts the cookies of up to n elements, whole packets, into a transmit ring; returns how many. */
uint32_t queue_sent(struct queue *q, const struct vmhi_pkt *pkt, uint32_t n);
/* Takes n posted buffers off a receive ring, with the packets that are in them. */
uint32_t queue_take(struct queue *q, struct vmhi_pkt *pkt, uint32_t n);

#endif
