/* SPDX-License-Identifier: Apache-2.0 */
/* The queues of a port without hardware: what is sent comes back, is dropped, or is made up. */
#ifndef QUEUE_H
#define QUEUE_H

#include <vmhi/nic.h>

#define QUEUES	  8
#define DEPTH_MIN 64u
#define DEPTH_MAX 4096u

#define MODE_LOOP     0	/* what transmit queue n sends, receive queue n receives */
#define MODE_DROP     1	/* what is sent is gone */
#define MODE_GENERATE 2	/* receive queues always have packets */

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
	uint32_t mode, frame_len, gone;
	uint64_t frame_dst;
	uint8_t frame[64];	/* how each generated frame begins; zeros follow */
	struct vmhi_nic_conf conf;
	struct queue *tx[QUEUES], *rx[QUEUES];
};

extern const struct vmhi_nic nic_ops;

#endif
