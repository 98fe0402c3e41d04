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
 * A ring with one thread that puts and one that takes. A loop's transmit queue takes from the
 * posted buffers of its receive queue and puts into the received ones, and the two queues may have
 * two threads.
 */
struct ring {
	uint32_t put __attribute__((aligned(64)));
	uint32_t take __attribute__((aligned(64)));
};

struct queue {
	struct dev *dev;
	struct vmhi_mem mem;
	uint32_t kind, idx, mask, running;
	struct ring posted, ready;	/* transmit queues have only ready: cookies */
	struct vmhi_pkt *posted_pkt, *ready_pkt;
	uint64_t *cookie;
	uint64_t packets, bytes, lost;
};

struct dev {
	const struct vmhi_host *host;
	vmhi_hc hc;
	struct vmhi_mem mem;
	uint32_t mode, frame_len, gone;
	uint64_t frame_dst;
	struct vmhi_nic_conf conf;
	struct queue *tx[QUEUES], *rx[QUEUES];
};

extern const struct vmhi_nic nic_ops;

#endif
