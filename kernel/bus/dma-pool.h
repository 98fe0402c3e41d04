/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The DMA pool: one memfd that the worker and the devices of a set share. Its first part is for the
 * driver's control memory, handed out piece by piece; the rest is packet buffers. The keeper owns
 * it, so that it outlives a worker; its size is sealed.
 */
#ifndef KERNEL_BUS_DMA_POOL_H
#define KERNEL_BUS_DMA_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/bus/bus.h"

#define POOL_PIECES 256

/* What a driver asks for (vmhi_host.dma_alloc), and what it gets. */
struct dma_request {
	uint32_t dev, flags, tag, handle;
	uint64_t len, align;
	uint64_t off, iova;	/* in the pool's memfd; for the device */
	uint32_t kept;		/* 1: PERSIST memory that came back */
	uint32_t zero;
};

/* Control memory that was handed out. */
struct pool_piece {
	uint64_t off, len;	/* len 0: this entry is free */
	uint32_t dev, flags, tag;
	bool orphan;		/* PERSIST, and the worker that had it died */
};

struct dma_pool {
	int fd;
	char *va;
	bool huge;
	uint64_t len, iova;
	uint64_t control_len;	/* then packet buffers up to len */
	struct pool_piece piece[POOL_PIECES];
};

/* Makes it for so many bytes of packet buffers and lets every device of the bus reach it. */
int dma_pool_open(struct dma_pool *p, struct bus *b, uint64_t packet_len, struct err *e);
void dma_pool_close(struct dma_pool *p, struct bus *b);

/* struct vmhi_host's dma_alloc and dma_free, as a worker asks for them. */
int dma_pool_alloc(struct dma_pool *p, struct dma_request *q);
int dma_pool_free(struct dma_pool *p, uint32_t dev, uint32_t handle);

/* The worker is dead and the devices are fenced: only what is PERSIST stays. */
void dma_pool_worker_died(struct dma_pool *p);

#endif
