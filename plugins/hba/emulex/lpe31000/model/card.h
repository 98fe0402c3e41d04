/* SPDX-License-Identifier: Apache-2.0 */
/* An Emulex LPe31000: one SLI-4 port, its state, and what its parts ask of one another. */
#ifndef LPE31000_CARD_H
#define LPE31000_CARD_H

#include <vmhi-model/fc-wire.h>
#include <vmhi-model/fc.h>
#include <vmhi-model/model.h>

#include "exchange.h"
#include "ring.h"
#include "sli4.h"

#define VECTORS		32
#define EQS		VECTORS		/* EQ n interrupts by vector n */
#define CQS		128
#define WQS		64
#define RQS		64
#define MQS		4
#define XRIS		1024
#define RPIS		512
#define VPIS		64
#define VFIS		8
#define FCFIS		1
#define MBX_SIZE	256
#define RQ_FILTERS	4
#define UNKNOWN_LOGGED	16	/* accesses to what is not modelled that the log names */

struct eq {
	bool used, armed;
	struct ring ring;
};

struct cq {
	bool used, armed;
	uint16_t eq_id;
	struct ring ring;
};

/* Work, receive and mailbox queues: the host posts, completions go to cq_id. */
struct sq {
	bool used;
	uint8_t version;		/* of the command that made it */
	uint16_t cq_id;
	uint16_t buffer_size;		/* receive queues: of each buffer */
	uint32_t events;		/* mailbox queues: asynchronous events asked for */
	struct ring ring;
};

struct vfi {
	bool initialized, registered;
	uint16_t vpi;
};

struct vpi {
	bool initialized, registered;
	uint16_t vfi;
	uint32_t nport_id;
	uint8_t wwpn[8];
};

/* A remote port that the host logged in to, or is about to. */
struct rpi {
	bool registered, suspended;
	uint16_t vpi;
	uint32_t nport_id;
	uint16_t frame_max;		/* receive data field size of its class 3 parameters */
};

/* Which receive queue takes a frame: the first whose masked R_CTL and TYPE match. */
struct fcfi {
	bool registered;
	struct rq_filter {
		uint16_t rq_id;		/* header queue; the data queue is the next id */
		uint8_t rctl_mask, rctl_match, type_mask, type_match;
	} filter[RQ_FILTERS];
};

struct out_frame;
struct in_frame;

struct counts {
	uint64_t bytes_sent, bytes_received;
	uint32_t exchanges, link_failures, dropped_no_buffer;
};

struct card {
	struct model_loop *loop;
	struct model *model;
	struct fc_wire *wire;
	uint8_t wwpn[8], wwnn[8];

	uint32_t control, error1, error2;
	bool resetting;			/* POST has not ended */
	uint64_t bmbx;			/* the bootstrap mailbox's address, as its halves came */
	unsigned int unknown;		/* accesses to what is not modelled */

	struct eq eq[EQS];
	struct cq cq[CQS];
	struct sq wq[WQS], rq[RQS], mq[MQS];

	struct vfi vfi[VFIS];
	struct vpi vpi[VPIS];
	struct rpi rpi[RPIS];
	struct fcfi fcfi[FCFIS];
	struct exchange xri[XRIS];

	bool link_wanted;		/* INIT_LINK came, DOWN_LINK did not since */
	bool cable_pulled;		/* by a signal */
	bool link_up;			/* wanted, not pulled, and the far end has light */
	uint32_t event_tag;		/* of the last link event */
	uint32_t ra_tov_ms;		/* R_A_TOV by CONFIG_LINK; 0: nobody has said */
	uint32_t features;		/* granted by REQUEST_FEATURES */

	struct out_frame *out, **out_end;
	size_t out_bytes;
	struct in_frame *in, **in_end;	/* unsolicited frames without a receive buffer */
	unsigned int in_count;
	struct model_timer reset_timer;	/* until the port is ready again */
	struct counts counts;
};

/* card.c */
extern const struct model_pci card_pci;
extern const struct model_ops card_ops;
int card_init(struct card *c);		/* what stays over resets: capabilities, tables */
void card_free(struct card *c);
/* Everything that the host set up is gone; our light too, until INIT_LINK. */
void card_port_reset(struct card *c);
/* POST is over and no error is up: commands are taken. */
bool card_ready(const struct card *c);

/* link.c */
void link_wire(void *card, bool up);		/* from the wire */
void link_cable(struct card *c, bool plugged);
void link_reset(struct card *c);

/* resource.c: what the host's ids mean. NULL: out of range, or not registered. */
struct rpi *rpi_find(struct card *c, uint16_t id);
struct vpi *vpi_find(struct card *c, uint16_t id);
/* Takes back the exchanges of a port that is going, on the port's own account. */
void resource_abort_rpi(struct card *c, uint16_t rpi);
void resource_reset(struct card *c);

#endif
