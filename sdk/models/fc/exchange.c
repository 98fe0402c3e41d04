// SPDX-License-Identifier: Apache-2.0
/* Exchanges of link and generic services: those of ours that wait for an answer, and answers. */
#include "exchange.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OPEN_BITS	6
#define OPEN_MAX	(1 << OPEN_BITS)

struct open {
	struct fc_exchanges *x;
	bool used;
	uint16_t ox_id;		/* slot, and above it a count: a late answer finds another */
	uint32_t s_id, d_id;
	uint8_t type;
	void (*done)(void *arg, int status, const struct fc_sequence *reply);
	void *arg;
	struct model_timer timer;
};

struct fc_exchanges {
	struct model_loop *loop;
	struct fc_exchanges_ops ops;
	struct fc_assembly *assembly;
	struct open open[OPEN_MAX];
	uint16_t turn;
};

static void end(struct open *o, int status, const struct fc_sequence *reply)
{
	model_timer_cancel(o->x->loop, &o->timer);
	o->used = false;
	o->done(o->arg, status, reply);
}

static void on_timeout(void *arg)
{
	end(arg, -ETIMEDOUT, NULL);
}

struct fc_exchanges *fc_exchanges_new(struct model_loop *l, const struct fc_exchanges_ops *ops)
{
	struct fc_exchanges *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	x->loop = l;
	x->ops = *ops;
	x->assembly = fc_assembly_new();
	if (!x->assembly) {
		free(x);
		return NULL;
	}
	for (int i = 0; i < OPEN_MAX; i++) {
		x->open[i].x = x;
		x->open[i].timer = (struct model_timer){.fn = on_timeout, .arg = &x->open[i]};
	}
	return x;
}

void fc_exchanges_free(struct fc_exchanges *x)
{
	if (!x)
		return;
	for (int i = 0; i < OPEN_MAX; i++)
		model_timer_cancel(x->loop, &x->open[i].timer);
	fc_assembly_free(x->assembly);
	free(x);
}

void fc_exchanges_reset(struct fc_exchanges *x)
{
	struct {
		void (*done)(void *arg, int status, const struct fc_sequence *reply);
		void *arg;
	} was[OPEN_MAX];
	int n = 0;

	/* done() may originate anew: that one is not to be ended here. */
	for (int i = 0; i < OPEN_MAX; i++) {
		struct open *o = &x->open[i];

		if (!o->used)
			continue;
		model_timer_cancel(x->loop, &o->timer);
		o->used = false;
		was[n].done = o->done;
		was[n++].arg = o->arg;
	}
	fc_assembly_reset(x->assembly);
	for (int i = 0; i < n; i++)
		was[i].done(was[i].arg, -ECANCELED, NULL);
}

static struct open *find(struct fc_exchanges *x, const struct fc_header *h)
{
	struct open *o = &x->open[h->ox_id % OPEN_MAX];

	if (!o->used || o->ox_id != h->ox_id || o->d_id != h->s_id)
		return NULL;
	/* Who has no address yet (FLOGI, FDISC) hears of it as the answer's D_ID. */
	return !o->s_id || o->s_id == h->d_id ? o : NULL;
}

static bool take_reject(struct fc_exchanges *x, const struct fc_header *h)
{
	struct open *o = find(x, h);

	if (!o)
		return false;
	end(o, -EHOSTUNREACH, NULL);
	return true;
}

bool fc_exchanges_receive(struct fc_exchanges *x, const uint8_t *frame, size_t n)
{
	struct fc_sequence s;
	struct fc_header h;
	struct open *o;
	size_t fill;
	bool asks;

	fc_header_get(&h, frame);
	if (h.r_ctl == FC_RCTL_P_RJT || h.r_ctl == FC_RCTL_F_RJT)
		return take_reject(x, &h);
	asks = h.r_ctl == FC_RCTL_ELS_REQUEST || h.r_ctl == FC_RCTL_DATA_UNSOLICITED_CTL;
	if (!asks && h.r_ctl != FC_RCTL_ELS_REPLY && h.r_ctl != FC_RCTL_DATA_SOLICITED_CTL)
		return false;
	if (h.type != (h.r_ctl & 0xf0 ? FC_TYPE_ELS : FC_TYPE_CT))
		return false;
	fill = h.f_ctl & FC_FCTL_FILL;
	n -= FC_HEADER_SIZE;
	if (fill > n || h.df_ctl)
		return true;	/* nobody sends optional headers with these */
	if (!fc_assembly_add(x->assembly, &h, frame + FC_HEADER_SIZE, n - fill, &s))
		return true;
	if (asks) {
		x->ops.request(x->ops.out.dev, &s);
		return true;
	}
	o = find(x, &h);
	if (o && o->type == h.type)
		end(o, 0, &s);
	return true;
}

static struct open *take_slot(struct fc_exchanges *x)
{
	for (int i = 0; i < OPEN_MAX; i++) {
		x->turn++;
		if (x->turn == FC_ID_NONE)
			x->turn = 0;
		if (!x->open[x->turn % OPEN_MAX].used) {
			struct open *o = &x->open[x->turn % OPEN_MAX];

			o->ox_id = x->turn;
			return o;
		}
	}
	return NULL;
}

int fc_exchange_originate(struct fc_exchanges *x, const struct fc_request *r)
{
	struct open *o = take_slot(x);
	struct fc_header h = {
		.r_ctl = r->r_ctl, .d_id = r->d_id, .s_id = r->s_id, .type = r->type,
		.f_ctl = FC_FCTL_FIRST_SEQ | FC_FCTL_END_SEQ | FC_FCTL_SEQ_INITIATIVE,
		.rx_id = FC_ID_NONE,
	};
	uint64_t ms = r->timeout_ms ? r->timeout_ms : 2 * FC_R_A_TOV_MS;

	if (!o)
		return -ENOSPC;
	o->used = true;
	o->s_id = r->s_id;
	o->d_id = r->d_id;
	o->type = r->type;
	o->done = r->done;
	o->arg = r->arg;
	h.ox_id = o->ox_id;
	model_timer_set(x->loop, &o->timer, ms * 1000000u);
	fc_sequence_send(&x->ops.out, &h, r->payload, r->n, r->max_payload);
	return h.ox_id;
}

void fc_exchange_reply(struct fc_exchanges *x, const struct fc_header *request,
		       const void *payload, size_t n, size_t max_payload)
{
	const struct fc_header h = {
		.r_ctl = (uint8_t)(request->r_ctl + 1), .d_id = request->s_id,
		.s_id = request->d_id, .type = request->type,
		.f_ctl = FC_FCTL_RESPONDER | FC_FCTL_LAST_SEQ | FC_FCTL_END_SEQ,
		.ox_id = request->ox_id, .rx_id = request->rx_id,
	};

	fc_sequence_send(&x->ops.out, &h, payload, n, max_payload);
}

void fc_exchange_ls_rjt(struct fc_exchanges *x, const struct fc_header *request, uint8_t reason,
			uint8_t explanation)
{
	const uint8_t payload[8] = {FC_ELS_LS_RJT, 0, 0, 0, 0, reason, explanation, 0};

	fc_exchange_reply(x, request, payload, sizeof(payload), 0);
}

void fc_exchange_ls_acc(struct fc_exchanges *x, const struct fc_header *request)
{
	const uint8_t payload[4] = {FC_ELS_LS_ACC};

	fc_exchange_reply(x, request, payload, sizeof(payload), 0);
}

static void bls_reply(const struct fc_sender *out, const struct fc_header *abts, uint8_t r_ctl,
		      uint16_t rx_id, const uint8_t payload[], size_t n)
{
	const struct fc_header h = {
		.r_ctl = r_ctl, .d_id = abts->s_id, .s_id = abts->d_id, .type = FC_TYPE_BLS,
		/* Whoever did not originate the exchange is its responder. */
		.f_ctl = ((abts->f_ctl ^ FC_FCTL_RESPONDER) & FC_FCTL_RESPONDER) |
			 FC_FCTL_LAST_SEQ | FC_FCTL_END_SEQ,
		.seq_id = abts->seq_id, .ox_id = abts->ox_id, .rx_id = rx_id,
	};

	fc_sequence_send(out, &h, payload, n, 0);
}

void fc_bls_accept(const struct fc_sender *out, const struct fc_header *abts, uint16_t rx_id)
{
	uint8_t payload[12] = {0};	/* no sequence named; SEQ_CNT 0 to 0xffff: all of it */

	fc_put16(payload + 4, abts->ox_id);
	fc_put16(payload + 6, rx_id);
	fc_put16(payload + 10, 0xffff);
	bls_reply(out, abts, FC_RCTL_BLS_ACC, rx_id, payload, sizeof(payload));
}

void fc_bls_reject(const struct fc_sender *out, const struct fc_header *abts, uint8_t reason,
		   uint8_t explanation)
{
	const uint8_t payload[4] = {0, reason, explanation, 0};

	bls_reply(out, abts, FC_RCTL_BLS_RJT, abts->rx_id, payload, sizeof(payload));
}
