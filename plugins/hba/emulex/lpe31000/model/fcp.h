/* SPDX-License-Identifier: Apache-2.0 */
/* An FCP command on its way: what fcp.c, which begins and ends it, shares with fcp-data.c. */
#ifndef LPE31000_FCP_H
#define LPE31000_FCP_H

#include "card.h"
#include "scatter.h"

enum fcp_direction { FCP_NO_DATA, FCP_READ, FCP_WRITE };

/* The sequence of read data that is arriving. */
struct fcp_arriving {
	bool open;
	bool broken;			/* a frame of it was missed: the rest is not taken */
	uint8_t seq_id;
	uint16_t seq_cnt;		/* of the next frame */
	uint32_t offset;		/* of the next frame */
};

/* The sequence of write data that is being sent. */
struct fcp_burst {
	uint32_t at, end;		/* offsets; the same: none */
	uint16_t seq_cnt;
	uint8_t seq_id;
};

struct fcp {
	struct card *card;
	struct exchange *x;
	struct model_timer timer;	/* the entry's own limit */
	enum fcp_direction direction;
	uint32_t length;		/* bytes that the host wants moved */
	uint64_t moved;			/* and that were, both ways counted as they came or went */
	struct scatter scatter;
	struct fcp_arriving in;
	struct fcp_burst out;
};

/* fcp.c: ends the command with WCQE_LOCAL_REJECT and a LOCAL_*, and the exchange with an ABTS. */
void fcp_fail(struct card *c, struct fcp *f, uint32_t local);

/* fcp-data.c. Each may end the command: nothing of it may be touched after. */
void fcp_data_in(struct card *c, struct fcp *f, const struct fc_header *h, const uint8_t *data,
		 size_t n);
void fcp_transfer_ready(struct card *c, struct fcp *f, const uint8_t *payload, size_t n);
/* Begins a burst of write data; f->out is idle and the range lies within the transfer. */
void fcp_burst_begin(struct card *c, struct fcp *f, uint32_t offset, uint32_t n);
/* Sends on as far as the far end has credit. */
void fcp_burst_send(struct card *c, struct fcp *f);

#endif
