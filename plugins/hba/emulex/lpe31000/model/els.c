// SPDX-License-Identifier: Apache-2.0
/* Requests that get one sequence as their answer: extended link services and CT. */
#include <stdlib.h>

#include "card.h"
#include "tx.h"
#include "wqe.h"

#define SECOND_NS	1000000000ull
#define WORD_MAX_ANSWER	15	/* of the entry: the most that the answer may have */

struct request {
	struct card *card;
	struct exchange *x;
	struct model_timer timer;
	uint8_t r_ctl, type;		/* of the answer */
	uint8_t seq_id;
	uint16_t seq_cnt;		/* of its next frame */
	unsigned int first_sge;		/* where it goes */
	uint32_t room, got;
	uint8_t answer[];
};

static void reject(struct card *c, struct exchange *x, uint32_t local)
{
	exchange_complete(c, x, &(struct completion){
		.status = WCQE_LOCAL_REJECT, .parameter = local});
}

/* Writes the answer where the scatter list wants it. 0, or a LOCAL_*. */
static uint32_t place(struct card *c, const struct exchange *x, const struct request *q)
{
	unsigned int i = q->first_sge;
	struct sge e;

	for (uint32_t at = 0; at < q->got; i++) {
		uint32_t part;

		if (sgl_entry(c, x, i, &e))
			return LOCAL_INSUFF_BUFFER;
		part = e.length < q->got - at ? e.length : q->got - at;
		if (model_dma_write(c->model, e.address, q->answer + at, part))
			return LOCAL_RX_DMA_FAILED;
		at += part;
		if (e.last && at < q->got)
			return LOCAL_INSUFF_BUFFER;
	}
	return 0;
}

static void finish(struct card *c, struct exchange *x, const struct fc_header *h)
{
	struct request *q = x->data;
	struct completion done = {.placed = q->got, .parameter = h->d_id};
	uint32_t why = place(c, x, q);

	if (why) {
		reject(c, x, why);
		return;
	}
	if (q->type == FC_TYPE_ELS && q->got && q->answer[0] == FC_ELS_LS_RJT) {
		done.status = WCQE_LS_RJT;
		done.parameter = q->got >= 8 ? fc_get32(q->answer + 4) : 0;
	}
	exchange_complete(c, x, &done);
}

static void receive(struct card *c, struct exchange *x, const struct fc_header *h,
		    const uint8_t *payload, size_t n)
{
	struct request *q = x->data;

	/* Not the answer, or a frame of it was lost: in class 3 only the time-out follows. */
	if (!x->pending || h->r_ctl != q->r_ctl || h->type != q->type || h->df_ctl ||
	    h->seq_cnt != q->seq_cnt || (q->seq_cnt && h->seq_id != q->seq_id))
		return;
	if (n > q->room - q->got) {
		abort_exchange(c, x, &(struct completion){
			.status = WCQE_LOCAL_REJECT, .parameter = LOCAL_INSUFF_BUFFER});
		return;
	}
	for (size_t i = 0; i < n; i++)
		q->answer[q->got + i] = payload[i];
	q->got += (uint32_t)n;
	q->seq_id = h->seq_id;
	q->seq_cnt++;
	if (h->f_ctl & FC_FCTL_END_SEQ)
		finish(c, x, h);
}

static void release(struct card *c, struct exchange *x)
{
	struct request *q = x->data;

	if (!q)
		return;
	model_timer_cancel(c->loop, &q->timer);
	free(q);
}

static const struct exchange_ops ops = {.receive = receive, .release = release};

static void timed_out(void *arg)
{
	struct request *q = arg;

	abort_exchange(q->card, q->x, &(struct completion){
		.status = WCQE_LOCAL_REJECT, .parameter = LOCAL_SEQUENCE_TIMEOUT});
}

/* The state of a request whose exchange has begun. NULL: the entry was completed with the reason. */
static struct request *prepare(struct card *c, const struct wqe *w, struct exchange *x)
{
	uint32_t room = w->word[WORD_MAX_ANSWER];
	struct request *q;

	if (!room || room > WQE_PAYLOAD_MAX)
		room = WQE_PAYLOAD_MAX;
	q = calloc(1, sizeof(*q) + room);
	if (!q) {
		reject(c, x, LOCAL_NO_RESOURCES);
		return NULL;
	}
	*q = (struct request){.card = c, .x = x, .room = room,
			      .timer = {.fn = timed_out, .arg = q}};
	x->data = q;
	return q;
}

/* Sends the request: h says what kind it is. */
static void send(struct card *c, const struct wqe *w, struct exchange *x, struct fc_header *h,
		 uint32_t n)
{
	struct request *q = x->data;
	uint32_t why = 0;
	uint8_t *payload = wqe_payload(c, w, n, &q->first_sge, &why);

	if (!payload) {
		reject(c, x, why);
		return;
	}
	h->d_id = x->d_id;
	h->s_id = x->s_id;
	h->ox_id = x->xri;
	h->rx_id = FC_ID_NONE;
	h->seq_id = x->seq_id++;
	h->f_ctl = FC_FCTL_FIRST_SEQ | FC_FCTL_SEQ_INITIATIVE;
	if (tx_sequence(c, h, payload, n, x->frame_max))
		reject(c, x, LOCAL_NO_RESOURCES);
	else if (wqe_timeout(w))
		model_timer_set(c->loop, &q->timer, wqe_timeout(w) * SECOND_NS);
	free(payload);
}

void els_request(struct card *c, const struct wqe *w)
{
	struct fc_header h = {.r_ctl = FC_RCTL_ELS_REQUEST, .type = FC_TYPE_ELS};
	struct exchange *x = exchange_begin(c, w, &ops);
	struct request *q = x ? prepare(c, w, x) : NULL;

	if (!q)
		return;
	q->r_ctl = FC_RCTL_ELS_REPLY;
	q->type = FC_TYPE_ELS;
	if (wqe_context_type(w) != WQE_CT_RPI) {
		x->d_id = w->word[5] & 0xffffff;
		x->s_id = wqe_s_id(c, w, x->vpi);
	}
	send(c, w, x, &h, w->word[3]);
}

void gen_request(struct card *c, const struct wqe *w)
{
	struct fc_header h = {
		.r_ctl = (uint8_t)(w->word[5] >> 24), .type = (uint8_t)(w->word[5] >> 16),
		.df_ctl = (uint8_t)(w->word[5] >> 8),
	};
	struct exchange *x = exchange_begin(c, w, &ops);
	struct request *q = x ? prepare(c, w, x) : NULL;

	if (!q)
		return;
	q->r_ctl = h.type == FC_TYPE_ELS ? FC_RCTL_ELS_REPLY : FC_RCTL_DATA_SOLICITED_CTL;
	q->type = h.type;
	send(c, w, x, &h, w->word[3]);
}
