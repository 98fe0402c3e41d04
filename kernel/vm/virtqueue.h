/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device's side of a split virtqueue that is served in this process (entropy, console, control
 * queues: nothing fast). The ring is the guest's and hostile: whatever is wrong in it makes the
 * ring broken, with one reason, and it is not touched again before the next virtq_init().
 */
#ifndef KERNEL_VM_VIRTQUEUE_H
#define KERNEL_VM_VIRTQUEUE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "kernel/vm/virtio.h"

#define VIRTQ_SEGMENTS 64	/* of one chain, whether in the ring or in an indirect table */

struct virtq {
	struct vm *vm;
	uint16_t size, last_avail, used_idx, signalled;
	bool event_idx, indirect;
	struct vring_desc *desc;
	uint16_t *avail;	/* flags, idx, ring[size], used_event */
	uint16_t *used;		/* flags, idx, ring[size] of 8 bytes, avail_event */
	const char *broken;	/* why, or NULL */
};

/* What one chain gives to read (out) and to write (in). */
struct virtq_chain {
	uint16_t head;
	unsigned int nout, nin;
	uint64_t out_len, in_len;
	struct iovec out[VIRTQ_SEGMENTS], in[VIRTQ_SEGMENTS];
};

/* For an enabled queue whose areas were checked; accepted features say what may occur in it. */
void virtq_init(struct virtq *r, const struct virtio_queue *q);

/* 1: a chain was taken; 0: none is there, and the next one will be kicked; -EPROTO: broken. */
int virtq_pop(struct virtq *r, struct virtq_chain *c);

/* Gives the chain back with len bytes written into it. */
void virtq_push(struct virtq *r, const struct virtq_chain *c, uint32_t len);

/* Does the driver want an interrupt for what was pushed since the last call? */
bool virtq_interrupt_wanted(struct virtq *r);

/* Copy between a chain and a buffer, from off within the chain; how much was copied. */
size_t virtq_read(const struct virtq_chain *c, size_t off, void *to, size_t n);
size_t virtq_write(const struct virtq_chain *c, size_t off, const void *from, size_t n);

#endif
