/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vhost-user front end: gives a back end the guest's memory and the rings of one device. No
 * function blocks for longer than the wire's limit. After any error the connection is of no more
 * use: close it.
 */
#ifndef KERNEL_VM_VHOST_USER_FE_H
#define KERNEL_VM_VHOST_USER_FE_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/lib/err.h"
#include "kernel/vm/vhost-user-wire.h"

struct vm;

/*
 * A back end knows guest memory by "user addresses" that are ours to choose. It needs none of this
 * process's pointers: they are guest-physical addresses plus a constant.
 */
#define VHOST_USER_ADDR_BASE 0x10000000000ULL

struct vhost_fe {
	struct vhost_wire wire;
	struct vm *vm;
	uint64_t features;	/* what the back end offers */
	uint64_t protocol;	/* what both know */
	uint64_t queues;	/* how many it serves; for a NIC: pairs */
	bool memory_set;	/* once for a connection: guest memory stays as it is */
	struct vhost_user_inflight inflight;
	int inflight_fd;	/* -1: none */
};

/* One ring; addresses are guest-physical. */
struct vhost_ring {
	unsigned int index;
	uint16_t size;
	uint32_t base;		/* where to go on: next available index */
	uint64_t desc, avail, used;
	int kick, call, err;
	bool enable;
};

void vhost_fe_init(struct vhost_fe *fe, struct vm *vm);

/* Connects and settles features and limits; memory and rings come with vhost_fe_start(). */
int vhost_fe_connect(struct vhost_fe *fe, const char *path, struct err *e);
/* The same over a connection that is already there; fd is then fe's. */
int vhost_fe_hello(struct vhost_fe *fe, int fd, struct err *e);
void vhost_fe_close(struct vhost_fe *fe);
static inline bool vhost_fe_connected(const struct vhost_fe *fe)
{
	return fe->wire.fd >= 0;
}
static inline bool vhost_fe_has(const struct vhost_fe *fe, enum vhost_user_protocol_feature bit)
{
	return fe->protocol & (1ULL << bit);
}

int vhost_fe_get_config(struct vhost_fe *fe, void *data, uint32_t n, struct err *e);
int vhost_fe_set_config(struct vhost_fe *fe, uint32_t off, const void *data, uint32_t n,
			struct err *e);

/* features: what the driver accepted, of those that the back end offers. */
int vhost_fe_start(struct vhost_fe *fe, uint64_t features, const struct vhost_ring *rings,
		   unsigned int n, struct err *e);

/* The back end no longer touches the ring when it returns 0; *base is where it stopped. */
int vhost_fe_stop_ring(struct vhost_fe *fe, unsigned int index, uint32_t *base, struct err *e);
int vhost_fe_enable(struct vhost_fe *fe, unsigned int index, bool on, struct err *e);

/*
 * The back end's own record of requests in flight, kept here so that its successor can go on. It
 * lives from the first start after a reset to vhost_fe_forget_inflight().
 */
void vhost_fe_forget_inflight(struct vhost_fe *fe);
/*
 * Where a packed ring goes on by that record, as SET_VRING_BASE has it: nothing else tells, since
 * the back end is the only one to know. -ENODATA: it does not say.
 */
int vhost_fe_packed_base(const struct vhost_fe *fe, unsigned int index, uint32_t *base);

#endif
