/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vhost-user messages over a socket whose other end is not trusted: it may answer anything, late,
 * by halves or never. Every wait has a limit.
 */
#ifndef KERNEL_VM_VHOST_USER_WIRE_H
#define KERNEL_VM_VHOST_USER_WIRE_H

#include <stdint.h>

#include "kernel/lib/err.h"
#include "kernel/vm/vhost-user-proto.h"

#define VHOST_WIRE_TIMEOUT_MS 5000

struct vhost_wire {
	int fd;			/* -1: not connected */
	int timeout_ms;		/* for one message to go out, or its answer to be complete */
};

/* Connects to the back end that listens at path. */
int vhost_wire_connect(struct vhost_wire *w, const char *path, struct err *e);
void vhost_wire_close(struct vhost_wire *w);

/* Sends one message; flags beside the version (VHOST_USER_NEED_REPLY or 0). */
int vhost_wire_send(struct vhost_wire *w, enum vhost_user_request request, uint32_t flags,
		    const void *payload, uint32_t size, const int *fds, int nfd, struct err *e);

/*
 * Receives the answer to request: its payload is min to max bytes, *got of them (got may be NULL).
 * With fd given exactly one descriptor must come along, without it none may.
 */
int vhost_wire_reply(struct vhost_wire *w, enum vhost_user_request request, void *payload,
		     uint32_t min, uint32_t max, uint32_t *got, int *fd, struct err *e);

/* "SET_MEM_TABLE" */
const char *vhost_user_request_name(enum vhost_user_request request);

#endif
