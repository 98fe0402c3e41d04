/* SPDX-License-Identifier: Apache-2.0 */
/* The queues of a port without hardware: what transmit queue n sends, receive queue n receives. */
#ifndef QUEUE_H
#define QUEUE_H

#include <vmhi/nic.h>
#include <stddef.h>

#define QUEUES	  8
#define DEPTH_MIN 64u
#define DEPTH_MAX 4096u
#define UC_MAX	  1024u
#define MTU_MAX	  9000u

void *memcpy(void *restrict to, const void *restrict from, size_t n);

struct dev;

/* What a receive ring keeps of a posted buffer: the first half of struct vmhi_pkt. */
struct posted {
	uint64_t iova, va, cookie;
	uint32_t len, room;
};

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
	struct posted *posted;
	uint64_t *cookie;
	uint64_t packets, bytes;
	uint32_t fill __attribute__((aligned(64)));
	uint64_t filled_packets, filled_bytes, lost;
};

struct dev {
	const struct vmhi_host *host;
	vmhi_hc hc;
	struct vmhi_mem mem;
	uint32_t gone;		/* set by forget(), from any thread: nothing is begun any more */
	struct vmhi_nic_conf conf;
	struct queue *tx[QUEUES], *rx[QUEUES];
	uint64_t total[VMHI_STAT_TX_ERR + 1];	/* of queues that were freed */
};

extern const struct vmhi_nic nic_ops;

static inline int dev_is_gone(const struct dev *dev)
{
	return __atomic_load_n(&dev->gone, __ATOMIC_RELAXED) != 0;
}

/* Counters are written by one thread, and read by stats() on another while that one goes on. */
static inline void queue_count(uint64_t *counter, uint64_t more)
{
	__atomic_store_n(counter, *counter + more, __ATOMIC_RELAXED);
}

/* Puts the cookies of up to n elements, whole packets, into a transmit ring; returns how many. */
uint32_t queue_sent(struct queue *q, const struct vmhi_pkt *pkt, uint32_t n);
/* Takes n posted buffers off a receive ring, with the packets that are in them. */
uint32_t queue_take(struct queue *q, struct vmhi_pkt *pkt, uint32_t n);

/* Writes all of *pkt: this buffer, with one segment. */
static inline void queue_describe(struct vmhi_pkt *pkt, const struct posted *buf)
{
	static const struct vmhi_pkt one = {.nseg = 1};

	_Static_assert(offsetof(struct vmhi_pkt, flags) == sizeof(*buf) &&
		       offsetof(struct vmhi_pkt, len) == offsetof(struct posted, len) &&
		       sizeof(*pkt) == 2 * sizeof(*buf), "two halves");
	__builtin_memcpy(pkt, buf, sizeof(*buf));
	__builtin_memcpy(&pkt->flags, &one.flags, sizeof(*buf));
}

/* A driver is built for a freestanding environment: only builtins are compiled in line there. */
static inline void queue_copy(uint8_t *to, const uint8_t *from, uint32_t len)
{
	if (len <= 64 && len >= 32) {	/* two halves that may overlap */
		__builtin_memcpy(to, from, 32);
		__builtin_memcpy(to + len - 32, from + len - 32, 32);
	} else {
		memcpy(to, from, len);
	}
}

#endif
