/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The register ring: how a worker reaches registers that it cannot map. It lies in memory that
 * worker and keeper share, one for each device. Any thread of the worker posts writes; its control
 * thread posts a read and waits for the answer. The keeper carries them out in order, and believes
 * nothing that stands there: each entry is copied first, and checked by bus_read() and bus_write().
 * They wake each other by pipes, not eventfds: an eventfd is one open file for both, and a worker
 * could make it block the keeper.
 */
#ifndef KERNEL_BUS_RING_H
#define KERNEL_BUS_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/lib/err.h"

#define REG_RING_ENTRIES 1024u
#define REG_RING_BYTES	 65536u

#define REG_OP_WRITE 1u
#define REG_OP_READ  2u

struct reg_entry {
	uint32_t seq;		/* the entry's number + 1 once it is whole */
	uint8_t op, bar, width, zero;
	uint64_t off, value;
	uint64_t zero2;
};

struct reg_ring {
	uint32_t head __attribute__((aligned(64)));	/* next entry number: taken by posters */
	uint32_t sleeping;	/* 1: the keeper wants a kick */
	uint32_t done __attribute__((aligned(64)));	/* entries whose place is free again */
	uint32_t read_seq;	/* number + 1 of the last read that was answered */
	uint64_t read_value;
	struct reg_entry entry[REG_RING_ENTRIES] __attribute__((aligned(64)));
};

_Static_assert(sizeof(struct reg_ring) <= REG_RING_BYTES, "the ring fits its memory");

/* The worker's side. */
struct reg_client {
	struct reg_ring *ring;
	int kick, answer;	/* pipes: to the keeper, from it */
	bool dead;		/* the keeper made no room in time: nothing is posted any more */
};

/* Any thread may ask. */
bool reg_dead(const struct reg_client *c);

/*
 * All that was posted has reached a device of which some is mapped: a register there may be touched
 * without asking.
 */
bool reg_idle(const struct reg_client *c);
void reg_write(struct reg_client *c, uint32_t bar, uint64_t off, uint32_t width, uint64_t value);
/* All ones if the keeper does not answer within timeout_ms. */
uint64_t reg_read(struct reg_client *c, uint32_t bar, uint64_t off, uint32_t width, int timeout_ms);

/* The keeper's side. */
struct bus_device;
struct reg_server {
	struct bus_device *dev;
	struct reg_ring *ring;
	bool maps;		/* the worker maps some of its registers */
	int memfd;
	int kick, answer;	/* our ends */
	int again;		/* kicks ourselves: an open file of our own */
	int client_kick, client_answer;	/* the worker's */
	uint32_t tail;		/* next entry number: ours alone */
	uint32_t sent;		/* writes since the device last answered */
};

int reg_server_init(struct reg_server *s, struct bus_device *dev, struct err *e);
void reg_server_free(struct reg_server *s);
/* To be called when kick can be read: carries out what is posted. */
void reg_server_run(struct reg_server *s);

#endif
