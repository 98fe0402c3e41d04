/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What x-pci-proxy-dev of QEMU 5.2 to 8 sends: the layouts of its machine, 64 bits and little-endian.
 * Its documentation (docs/devel/multi-process.rst) has the idea; the numbers are what it sends.
 */
#ifndef SDK_MODELS_PROXY_H
#define SDK_MODELS_PROXY_H

#include <stdint.h>

#define PROXY_SYNC_SYSMEM	0	/* the memory there is now, a descriptor each; no answer */
#define PROXY_RET		1	/* the answer to the others: a 64-bit value */
#define PROXY_CONFIG_WRITE	2
#define PROXY_CONFIG_READ	3
#define PROXY_BAR_WRITE		4
#define PROXY_BAR_READ		5
#define PROXY_SET_IRQFD		6	/* two eventfds for INTx; no answer */
#define PROXY_RESET		7

#define PROXY_SECTIONS		8

struct proxy_header {
	int32_t command;
	uint32_t unused;
	uint64_t size;			/* of what follows */
};

struct proxy_sysmem {
	uint64_t address[PROXY_SECTIONS];	/* guest-physical */
	uint64_t size[PROXY_SECTIONS];
	uint64_t offset[PROXY_SECTIONS];	/* in the descriptor's file */
};

struct proxy_config {
	uint32_t offset;
	uint32_t value;
	int32_t size;
};

struct proxy_bar {
	uint64_t address;	/* of the bus, not of the BAR */
	uint64_t value;
	uint32_t size;
	uint8_t memory;		/* 0: I/O */
	uint8_t unused[3];
};

_Static_assert(sizeof(struct proxy_header) == 16, "header");
_Static_assert(sizeof(struct proxy_sysmem) == 192, "memory");
_Static_assert(sizeof(struct proxy_config) == 12, "config space");
_Static_assert(sizeof(struct proxy_bar) == 24, "BAR");

#endif
