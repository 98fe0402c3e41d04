/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The LPe31000's port with a host played by the test: registers are written, mailboxes lie in an
 * array that stands for the host's memory, interrupts are counted. The far end of the fibre is the
 * test's too.
 */
#ifndef TESTS_LPE_HOST_H
#define TESTS_LPE_HOST_H

#include "plugins/hba/emulex/lpe31000/model/card.h"
#include "plugins/hba/emulex/lpe31000/model/mbox.h"

#define HOST_BASE	0x340000000ull	/* above 4 GiB: both halves of an address count */
#define HOST_SIZE	(1u << 20)
#define HOST_BMBX	0x0u		/* where the bootstrap mailbox is */

struct host {
	struct card c;
	uint8_t memory[HOST_SIZE];
	unsigned int interrupts[VECTORS];
	struct fc_wire *far;
	unsigned int frames;		/* that the far end got; the last of them: */
	struct fc_header frame;
	uint8_t data[FC_PAYLOAD_MAX];
	size_t data_size;		/* without fill bytes */
};

/* One port after power-on; the memory is zeros. */
struct host *host_start(void);
void host_stop(struct host *h);
uint64_t host_address(uint32_t offset);
/* A word of the memory. */
uint32_t *host_word(struct host *h, uint32_t offset);
uint32_t host_read(struct host *h, uint32_t offset);
void host_write(struct host *h, uint32_t offset, uint32_t v);
/* Waits until the port is ready after a reset; false: it is not within a second. */
bool host_ready(struct host *h);

/* Lets what is on the fibre arrive. */
void host_run(struct host *h);
/* A frame from the far end. */
void host_frame(struct host *h, const struct fc_header *header, const void *data, size_t n);

/* Puts a command into the bootstrap mailbox, runs it, and brings the words back. The status of the
 * completion, -1 when there is none. */
int host_mailbox(struct host *h, uint32_t w[MBX_WORDS]);
/* The same for an embedded subcommand: n words of payload in p, answered there. */
int host_config(struct host *h, uint8_t subsystem, uint8_t opcode, uint8_t version, uint32_t *p,
		size_t n);

/* lpe-queues.c: an event queue, a completion queue of it, and ids as the port gave them. */
#define HOST_EQ		0x10000u
#define HOST_CQ		0x11000u
#define HOST_MQ		0x20000u
#define HOST_WQ		0x30000u
#define HOST_RQ		0x40000u
uint32_t host_eq(struct host *h);
uint32_t host_cq(struct host *h, uint32_t eq);
uint32_t host_mq(struct host *h, uint32_t cq);
uint32_t host_wq(struct host *h, uint32_t cq);
/* A pair; the header queue's id. */
uint32_t host_rq(struct host *h, uint32_t cq);

#endif
