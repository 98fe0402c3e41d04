/* SPDX-License-Identifier: Apache-2.0 */
/* A vfio-user server for tests, in a thread: 4 KiB of registers, one fault at a time on demand. */
#ifndef TESTS_FAKE_DEVICE_H
#define TESTS_FAKE_DEVICE_H

#include <pthread.h>
#include <stdint.h>

#include "kernel/bus/vfio-user.h"

#define FAKE_BAR0 0x3000ull	/* page 1 may be mapped, the others are reached by messages */

/* What it does wrong. */
enum fake_fault {
	FAKE_GOOD,
	FAKE_VERSION_MAJOR,	/* speaks 1.0 */
	FAKE_VERSION_JSON,	/* version data is not JSON */
	FAKE_VERSION_UNENDED,	/* version data without its NUL */
	FAKE_SHORT_HEADER,	/* a message of 8 bytes */
	FAKE_LONG_MESSAGE,	/* claims 1 GiB */
	FAKE_SHORT_REPLY,	/* region info of 4 bytes */
	FAKE_WRONG_ID,
	FAKE_WRONG_COMMAND,
	FAKE_FD_FLOOD,		/* 16 descriptors with an answer that may have none */
	FAKE_SILENT_CLOSE,	/* hangs up in the middle */
	FAKE_NOT_PCI,
	FAKE_REGION_INDEX,	/* answers for another region */
	FAKE_CONFIG_HUGE,	/* 1 MiB of configuration space */
	FAKE_CAP_LOOP,		/* region capabilities that point to themselves */
	FAKE_CAP_OUTSIDE,	/* ... beyond the message */
	FAKE_AREAS_MANY,	/* 2^31 sparse areas */
	FAKE_AREA_OUTSIDE,	/* a sparse area beyond the BAR: not mapped, no error */
	FAKE_AREA_SHORT_FILE,	/* ... beyond its file */
	FAKE_AREA_UNSEALED,	/* a file that can shrink */
	FAKE_READ_OTHER,	/* answers a read for another offset */
	FAKE_ERROR_REPLY,	/* every command but VERSION fails with EACCES */
	FAKE_UNASKED_REPLY,	/* a reply before any command */
	FAKE_DMA_OUTSIDE,	/* asks for memory that is not mapped: refused, no fault */
	FAKE_DMA_INSIDE,	/* writes to what is mapped, reads it back, during a read */
	FAKE_SILENT,		/* answers nothing */
	FAKE_CAPS_CYCLE,	/* a PCI capability list that is a ring */
	FAKE_MULTI,		/* takes several writes in one message: no fault */
	FAKE_MULTI_LESS,	/* carries out all of these but one */
	FAKE_FAULTS
};

struct fake_device {
	enum fake_fault fault;
	int sock;		/* the server's end */
	pthread_t thread;
	unsigned int nap_us;	/* before it answers an access */
	uint8_t config[256];
	uint8_t bar0[FAKE_BAR0];
	int memfd;		/* page 1 */
	int vector[16];
	uint32_t nvector;	/* wired */
	uint32_t resets, writes, no_reply, multi;
	uint64_t dma_iova, dma_len;
	int dma_fd;
	uint32_t dma_refused, dma_done;
};

/* Starts it; the client's end of the connection. */
int fake_start(struct fake_device *f, enum fake_fault fault);
/* Waits for its end: the client's side must be closed. */
void fake_stop(struct fake_device *f);

#endif
