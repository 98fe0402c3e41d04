// SPDX-License-Identifier: Apache-2.0
/*
 * FCP_DATA both ways, and the FCP_XFER_RDY that asks for it (FCP-4, clause 9). Data are placed by
 * their relative offset as they come and fetched as they go; none of them is kept.
 */
#include <errno.h>

#include "fcp.h"

#define XFER_RDY_SIZE		12
#define FRAME_MIN		256u	/* FC-LS-2: no port may want smaller frames than that */

/* What a failure of the scatter list is to the host. */
static uint32_t scatter_error(int r, uint32_t dma_failed)
{
	return r == -EFAULT ? dma_failed : r == -ERANGE ? LOCAL_INSUFF_BUFFER : LOCAL_ILLEGAL_FIELD;
}

/*
 * Does this frame continue the sequence, or begin one? In class 3 nobody repeats a frame, so after
 * a gap nothing more of the sequence counts; the host learns of it by the count of what was placed.
 */
static bool in_sequence(struct fcp_arriving *in, const struct fc_header *h)
{
	bool last = h->f_ctl & FC_FCTL_END_SEQ;
	bool good;

	if (!in->open || in->seq_id != h->seq_id)
		*in = (struct fcp_arriving){.seq_id = h->seq_id, .seq_cnt = h->seq_cnt,
					    .offset = h->parameter};
	good = !in->broken && in->seq_cnt == h->seq_cnt;
	in->broken = !good;
	in->seq_cnt++;
	in->open = !last;
	return good;
}

void fcp_data_in(struct card *c, struct fcp *f, const struct fc_header *h, const uint8_t *data,
		 size_t n)
{
	uint32_t offset = h->parameter;
	int r;

	if (f->direction != FCP_READ || h->df_ctl) {
		fcp_fail(c, f, LOCAL_ILLEGAL_FRAME);
		return;
	}
	if (!(h->f_ctl & FC_FCTL_REL_OFFSET)) {
		fcp_fail(c, f, LOCAL_MISSING_RELOFFSET);
		return;
	}
	if (!in_sequence(&f->in, h))
		return;
	if (offset != f->in.offset || offset > f->length || n > f->length - offset) {
		fcp_fail(c, f, LOCAL_INVALID_RELOFFSET);
		return;
	}
	r = scatter_write(c, &f->scatter, offset, data, (uint32_t)n);
	if (r) {
		fcp_fail(c, f, scatter_error(r, LOCAL_RX_DMA_FAILED));
		return;
	}
	f->in.offset = offset + (uint32_t)n;
	f->moved += n;
}

void fcp_transfer_ready(struct card *c, struct fcp *f, const uint8_t *payload, size_t n)
{
	uint32_t offset, length;

	if (f->direction != FCP_WRITE || n < XFER_RDY_SIZE || f->out.at != f->out.end) {
		fcp_fail(c, f, LOCAL_ILLEGAL_FRAME);
		return;
	}
	offset = fc_get32(payload);
	length = fc_get32(payload + 4);
	if (!length || offset > f->length || length > f->length - offset) {
		fcp_fail(c, f, LOCAL_INVALID_RELOFFSET);
		return;
	}
	fcp_burst_begin(c, f, offset, length);
}

void fcp_burst_begin(struct card *c, struct fcp *f, uint32_t offset, uint32_t n)
{
	f->out = (struct fcp_burst){.at = offset, .end = offset + n, .seq_id = f->x->seq_id++};
	fcp_burst_send(c, f);
}

/* One frame of the burst; a LOCAL_*, or 0. */
static uint32_t send_frame(struct card *c, struct fcp *f, uint32_t max)
{
	struct fcp_burst *b = &f->out;
	uint32_t n = b->end - b->at < max ? b->end - b->at : max;
	struct fc_header h = {
		.r_ctl = FC_RCTL_DATA_SOLICITED, .type = FC_TYPE_FCP, .seq_id = b->seq_id,
		.seq_cnt = b->seq_cnt, .f_ctl = FC_FCTL_REL_OFFSET, .parameter = b->at,
	};
	uint8_t data[FC_PAYLOAD_MAX];
	int r = scatter_read(c, &f->scatter, b->at, data, n);

	if (r)
		return scatter_error(r, LOCAL_TX_DMA_FAILED);
	if (b->at + n == b->end)
		h.f_ctl |= FC_FCTL_END_SEQ | FC_FCTL_SEQ_INITIATIVE;
	r = exchange_send(c, f->x, &h, data, n);
	if (r)
		return r == -ENOLINK ? LOCAL_LINK_DOWN : LOCAL_NO_RESOURCES;
	b->at += n;
	b->seq_cnt++;
	f->moved += n;
	return 0;
}

void fcp_burst_send(struct card *c, struct fcp *f)
{
	uint32_t max = f->x->frame_max & ~3u;

	if (max < FRAME_MIN)
		max = FRAME_MIN;
	if (max > FC_PAYLOAD_MAX)
		max = FC_PAYLOAD_MAX;
	while (f->out.at != f->out.end && card_send_waiting(c) < CARD_SEND_HIGH) {
		uint32_t local = send_frame(c, f, max);

		if (local) {
			fcp_fail(c, f, local);
			return;
		}
	}
}
