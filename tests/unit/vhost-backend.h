/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vhost-user back end in a thread of the test: it does what the protocol asks and remembers it,
 * and at one chosen request it misbehaves in a chosen way.
 */
#ifndef TESTS_UNIT_VHOST_BACKEND_H
#define TESTS_UNIT_VHOST_BACKEND_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel/vm/vhost-user-proto.h"

#define BACKEND_RINGS 8

enum fault {
	FAULT_NONE,
	FAULT_SILENT,		/* no answer */
	FAULT_CLOSE,		/* closes instead of answering */
	FAULT_HALF_HEADER,	/* six bytes of the answer, then closes */
	FAULT_HALF_PAYLOAD,	/* the header and half of the rest, then nothing */
	FAULT_WRONG_REQUEST,	/* answers something else */
	FAULT_UNKNOWN_REQUEST,	/* a request id that does not exist */
	FAULT_SHORT,		/* an answer that is too short */
	FAULT_HUGE,		/* a header that promises 4 GiB */
	FAULT_NOT_REPLY,	/* without the reply flag */
	FAULT_VERSION,		/* of another protocol version */
	FAULT_EXTRA_FD,		/* a descriptor that nobody asked for */
	FAULT_NO_FD,		/* without the descriptor that was asked for */
	FAULT_REFUSE,		/* says no, where an answer can */
	FAULTS,
};

struct backend_ring {
	uint32_t num, base, stopped;
	struct vhost_user_vring_addr addr;
	int kick, call, err;
	bool enabled;
};

struct backend {
	char dir[64], path[96];
	int listen_fd, stop_fd;
	pthread_t thread;
	pthread_mutex_t lock;

	/* set before backend_start() */
	uint64_t features, protocol, queues;
	uint64_t inflight_size;
	uint8_t config[256];
	enum fault fault;
	uint32_t fault_request;
	int fault_skip;		/* good answers before it */

	/* what it was told */
	uint64_t acked, acked_protocol;
	unsigned int counts[64];	/* of each request */
	unsigned int regions;
	struct vhost_user_region region[8];
	struct backend_ring rings[BACKEND_RINGS];
	struct vhost_user_inflight inflight;
	uint8_t written_config;
	bool connected;
	int hang_up;			/* close the connection at once */
};

void backend_start(struct backend *b);
void backend_stop(struct backend *b);

/* Closes the present connection; the next one is accepted as the first was. */
void backend_hang_up(struct backend *b);

unsigned int backend_count(struct backend *b, enum vhost_user_request request);

#endif
