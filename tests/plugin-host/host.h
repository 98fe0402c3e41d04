/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host for one plugin: the table of functions that the driver ABI promises, over kernel/bus, and
 * a judge of how the plugin uses it. Single-threaded; what a thread rule forbids is noted as a
 * complaint, and each test ends by asking for those.
 */
#ifndef PLUGIN_HOST_HOST_H
#define PLUGIN_HOST_HOST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <vmhi/core.h>

#include "kernel/bus/bus.h"

#define HOST_DMA_BYTES (64u << 20)
#define HOST_PIECES    256	/* of a driver */
#define HOST_ALLOCS    (HOST_PIECES + 8)
#define HOST_EVENTS    64
#define HOST_TIMERS    16

#define HOST_LIE_ONES	1u
#define HOST_LIE_ZEROS	2u
#define HOST_LIE_RANDOM 3u

struct host_alloc {
	uint64_t off, len;	/* len 0: free */
};

struct vmhi_host_context {
	struct bus bus;
	struct bus_device *dev;
	uint16_t vendor, device;	/* what the driver is told it is */
	const struct vmhi_param *param;
	uint32_t nparam;
	uint8_t *bar[BUS_BARS];		/* mapped; NULL: asked of the bus */
	struct bus_area area[BUS_BARS];
	int irq[BUS_VECTORS_MAX];
	uint32_t nvec;
	bool huge;			/* set before host_open(): memory in huge pages if there are */
	uint8_t *dma;
	uint64_t dma_iova;
	struct host_alloc alloc[HOST_ALLOCS];
	uint64_t timer[HOST_TIMERS];	/* when; 0: not set */
	struct vmhi_event event[HOST_EVENTS];
	uint32_t nevent;
	_Atomic bool gone;
	const char *queue_call;		/* the one that runs; NULL: none */
	int fail_alloc;			/* this many succeed, then one fails; -1: none does */
	uint32_t lie;			/* HOST_LIE_*: what the card's registers answer; its log is not shown */
	char complaint[256];		/* the first thing the plugin did wrong */
	uint64_t rd_count, wr_count, wait_ns;	/* what it did, and how long it asked to wait */
};

extern const struct vmhi_host host_table;

/* Opens "0000:00:04.0" (vfio) or a socket's path (vfio-user), with interrupts wired. */
int host_open(struct vmhi_host_context *h, const char *name, bool vfio_user, struct err *e);
void host_close(struct vmhi_host_context *h);
void host_attach_args(const struct vmhi_host_context *h, struct vmhi_attach *at, uint32_t flags);

/* How many pieces of memory the plugin holds. */
uint32_t host_allocs(const struct vmhi_host_context *h);

/* Memory of the test's own, that the device reaches too. */
int host_dma(struct vmhi_host_context *h, uint64_t len, struct vmhi_mem *out);

/* An interrupt that came since the last call: its vector is taken. */
bool host_irq_taken(struct vmhi_host_context *h, uint32_t vec);

/* Ids of timers that are due, one a call; -1: none. */
int host_timer_due(struct vmhi_host_context *h);

uint64_t host_clock(void);

void host_complain(struct vmhi_host_context *h, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
