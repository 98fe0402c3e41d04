// SPDX-License-Identifier: Apache-2.0
/* Frames from the wire: to the exchange they belong to, or into receive queues. */
#include "rx.h"

#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "queue.h"

#define WAITING_MAX	64	/* frames that the port's own memory holds for lack of a buffer */

struct in_frame {
	struct in_frame *next;
	size_t size;
	uint8_t sof, eof;
	uint8_t bytes[];
};

static bool addressed(const struct card *c, uint32_t d_id)
{
	if (d_id >= FC_ADDR_WELL_KNOWN)
		return true;
	for (unsigned int i = 0; i < VPIS; i++)
		if (c->vpi[i].registered && c->vpi[i].nport_id == d_id)
			return true;
	return false;
}

static struct sq *queue_for(struct card *c, const uint8_t *frame, uint16_t *id)
{
	const struct fcfi *f = &c->fcfi[0];

	for (int i = 0; f->registered && i < RQ_FILTERS; i++) {
		const struct rq_filter *t = &f->filter[i];

		if (t->rq_id == SLI_NONE || ((frame[0] ^ t->rctl_match) & t->rctl_mask) ||
		    ((frame[8] ^ t->type_match) & t->type_mask))
			continue;
		*id = t->rq_id;
		/* The queues may have been destroyed since the filter was set. */
		return c->rq[*id].used && c->rq[*id + 1].used ? &c->rq[*id] : NULL;
	}
	return NULL;
}

static void post_receive(struct card *c, uint16_t id, const struct in_frame *f, uint8_t status,
			 size_t placed)
{
	const struct sq *q = &c->rq[id];
	uint32_t cqe[4] = {
		(q->ring.index & 0xfff) << 16 | (uint32_t)status << 8, 0, (uint32_t)placed << 16,
		(uint32_t)FC_HEADER_SIZE << 24 | (uint32_t)f->eof << 8 | f->sof,
	};

	if (q->version) {
		cqe[2] |= id;
		cqe[3] |= CQE_RECEIVE_V1 << 16;
	} else {
		cqe[2] |= (uint32_t)id << 6;
		cqe[3] |= CQE_RECEIVE << 16;
	}
	cq_post(c, q->cq_id, cqe);
}

/* The address of the next buffer of a receive queue. 0: it cannot be read. */
static uint64_t next_buffer(struct card *c, const struct sq *q)
{
	uint32_t rqe[2];

	if (words_read(c, ring_address(&q->ring), rqe, 2))
		return 0;
	return (uint64_t)rqe[0] << 32 | rqe[1];
}

static void take(struct sq *q)
{
	ring_advance(&q->ring);
	q->ring.waiting--;
}

/* Puts a frame into the next buffers of a pair of queues that have one each. */
static void place(struct card *c, uint16_t id, const struct in_frame *f)
{
	struct sq *header = &c->rq[id], *data = &c->rq[id + 1];
	uint64_t to_header = next_buffer(c, header), to_data = next_buffer(c, data);
	size_t n = f->size - FC_HEADER_SIZE - (fc_get24(f->bytes + 9) & FC_FCTL_FILL);
	size_t placed = n < data->buffer_size ? n : data->buffer_size;

	if (header->buffer_size < FC_HEADER_SIZE || !to_header || !to_data ||
	    model_dma_write(c->model, to_data, f->bytes + FC_HEADER_SIZE, placed) ||
	    model_dma_write(c->model, to_header, f->bytes, FC_HEADER_SIZE))
		return;		/* the frame is lost, the buffers stay */
	post_receive(c, id, f, placed < n ? RCQE_TRUNCATED : RCQE_SUCCESS, placed);
	take(header);
	take(data);
}

static bool deliver(struct card *c, const struct in_frame *f)
{
	uint16_t id = 0;
	struct sq *q = queue_for(c, f->bytes, &id);

	if (!q)
		return true;	/* nobody wants it */
	if (!q->ring.waiting || !c->rq[id + 1].ring.waiting)
		return false;
	place(c, id, f);
	return true;
}

/* No buffer: the host is told once; when our own memory is full too, each time. */
static void wait_for_buffer(struct card *c, struct in_frame *f)
{
	uint16_t id = 0;

	if (!queue_for(c, f->bytes, &id)) {
		free(f);
		return;
	}
	if (c->in_count == WAITING_MAX) {
		c->counts.dropped_no_buffer++;
		post_receive(c, id, f, RCQE_DISCARDED, 0);
		free(f);
		return;
	}
	if (!c->in_count)
		post_receive(c, id, f, RCQE_NEED_BUFFER, 0);
	*c->in_end = f;
	c->in_end = &f->next;
	c->in_count++;
}

static void unsolicited(struct card *c, uint8_t sof, const uint8_t *frame, size_t n, uint8_t eof)
{
	struct in_frame *f = malloc(sizeof(*f) + n);

	if (!f)
		return;
	*f = (struct in_frame){.size = n, .sof = sof, .eof = eof};
	memcpy(f->bytes, frame, n);
	if (c->in || !deliver(c, f))
		wait_for_buffer(c, f);
	else
		free(f);
}

static void take_first(struct card *c)
{
	struct in_frame *f = c->in;

	c->in = f->next;
	if (!c->in)
		c->in_end = &c->in;
	c->in_count--;
	free(f);
}

void rx_resume(struct card *c)
{
	while (c->in && deliver(c, c->in))
		take_first(c);
}

void rx_drop(struct card *c)
{
	while (c->in)
		take_first(c);
}

/* A link control frame that refuses one of ours: the exchange is over, and so is its abort. */
static bool refused(struct card *c, struct exchange *x, const struct fc_header *h)
{
	struct completion done = {.parameter = h->parameter};

	switch (h->r_ctl) {
	case FC_RCTL_P_RJT:
		done.status = WCQE_NPORT_RJT;
		break;
	case FC_RCTL_F_RJT:
		done.status = WCQE_FABRIC_RJT;
		break;
	case FC_RCTL_P_BSY:
		done.status = WCQE_NPORT_BSY;
		break;
	case FC_RCTL_F_BSY_DATA:
		done.status = WCQE_FABRIC_BSY;
		break;
	default:
		return false;
	}
	if (x->abort)
		abort_refused(c, x, done.status, done.parameter);
	else
		exchange_complete(c, x, &done);
	return true;
}

/* A frame of the far end in an exchange that we originated. False: that is not known here. */
static bool solicited(struct card *c, const struct fc_header *h, const uint8_t *payload, size_t n)
{
	struct exchange *x = exchange_find(c, h->ox_id);

	if (!x || x->d_id != h->s_id || (x->s_id && x->s_id != h->d_id))
		return false;
	if (h->r_ctl == FC_RCTL_BLS_ACC || h->r_ctl == FC_RCTL_BLS_RJT) {
		if (x->abort)
			abort_answered(c, x, h, payload, n);
		return true;
	}
	if (refused(c, x, h))
		return true;
	if (x->rx_id == FC_ID_NONE)
		x->rx_id = h->rx_id;
	else if (x->rx_id != h->rx_id)
		return true;	/* late, of an exchange that had the XRI before */
	x->ops->receive(c, x, h, payload, n);
	return true;
}

void rx_frame(void *card, uint8_t sof, const uint8_t *frame, size_t n, uint8_t eof)
{
	struct card *c = card;
	struct fc_header h;
	size_t fill;

	fc_header_get(&h, frame);
	fill = h.f_ctl & FC_FCTL_FILL;
	if (!c->link_up || n < FC_HEADER_SIZE + fill || (eof != FC_EOF_N && eof != FC_EOF_T))
		return;
	c->counts.bytes_received += n - FC_HEADER_SIZE;
	if (h.f_ctl & FC_FCTL_RESPONDER && h.r_ctl != FC_RCTL_BLS_ABTS) {
		solicited(c, &h, frame + FC_HEADER_SIZE, n - FC_HEADER_SIZE - fill);
		return;		/* an answer to nothing is dropped */
	}
	if (addressed(c, h.d_id))
		unsolicited(c, sof, frame, n, eof);
}
