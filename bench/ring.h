/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The smallest vhost-user front end: one memory region, one receive and one transmit ring,
 * split or packed, set up over a connected socket. bench/ringclient drives it; tests abuse it.
 */
#ifndef BENCH_RING_H
#define BENCH_RING_H

#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stdint.h>

#define RING_GPA    0x100000000ull	/* the region's guest-physical address */
#define RING_UADDR  0x7000000000ull	/* and its address in the front end, as far as it is told */
#define RING_STRIDE 2176		/* from one buffer to the next: 34 cache lines */
#define RING_HDR    12

/* Negotiated if both know it. */
#define RING_VERSION_1 (1ull << 32)
#define RING_MERGEABLE (1ull << 15)
#define RING_EVENT_IDX (1ull << 29)
#define RING_INDIRECT  (1ull << 28)
#define RING_IN_ORDER  (1ull << 35)
#define RING_PACKED    (1ull << 34)
#define RING_PROTOCOL  (1ull << 30)

struct ring_queue {
	union {
		struct {
			struct vring_desc *desc;
			struct vring_avail *avail;
			struct vring_used *used;
		};
		struct {
			struct vring_packed_desc *packed;
			struct vring_packed_desc_event *driver_event, *device_event;
		};
	};
	uint8_t *buf;		/* of descriptor 0; RING_STRIDE to the next */
	uint64_t buf_gpa;
	uint16_t size;
	uint16_t avail_idx, used_idx;	/* they count on and on, in packed rings too */
	int kick, call;
};

struct ring_client {
	void (*pump)(void);	/* runs a back end of the same thread before an answer is awaited,
				   or a null pointer; set before ring_open() */
	int sock, memfd;
	uint8_t *mem;
	uint64_t mem_len, features, protocol;
	struct ring_queue rx, tx;
};

/* One message with its descriptors, and its answer: of n bytes into reply (0: none is expected).
 * 0 or -errno; -EPIPE: the back end hung up. */
int ring_send(struct ring_client *c, uint32_t request, uint32_t flags, const void *payload,
	      uint32_t size, const int *fds, int nfds);
int ring_ask(struct ring_client *c, uint32_t request, const void *payload, uint32_t size,
	     void *reply, uint32_t n);
/* A message whose answer is the back end's acknowledgement: 0, or what it said. */
int64_t ring_call(struct ring_client *c, uint32_t request, const void *payload, uint32_t size,
		  const int *fds, int nfds);

/* Takes over the socket, negotiates wanted & offered features, and sets up rings of size entries
 * whose descriptors all name their own buffers, written by nobody yet. 0 or -errno. */
int ring_open(struct ring_client *c, int sock, uint64_t wanted, uint16_t size);
/* Lets the back end at the rings. */
int ring_start(struct ring_client *c);
void ring_close(struct ring_client *c);

#endif
