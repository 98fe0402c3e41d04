// SPDX-License-Identifier: Apache-2.0
/*
 * Takes exchanges back: ABORT_XRI entries of the host, and what the port itself gives up. The far
 * end is told by ABTS (FC-FS-3, Abort Sequence); the XRI stays busy until it answered, or did not
 * answer twice.
 */
#include <errno.h>
#include <stdlib.h>

#include "card.h"

#define ABORT_CRITERIA(w)	((w)->word[3] >> 8 & 0xff)
#define ABORT_INHIBIT_ABTS	0x1u
#define ABORT_INHIBIT_RETRY	0x2u
#define ABORT_MASK(w)		((w)->word[5])
#define ABORT_TAG(w)		((w)->word[8])

enum { BY_XRI = 1, BY_ABORT_TAG, BY_REQUEST_TAG };

#define RA_TOV_DEFAULT_MS	10000u	/* FC-FS-3: what holds before a fabric says otherwise */
#define BA_ACC_SIZE		12

/* An ABTS that was not answered yet. */
struct abort {
	struct card *card;
	struct exchange *x;
	struct model_timer timer;
	bool again;		/* one more ABTS when this one is not answered */
};

static void over(struct card *c, struct exchange *x, uint8_t status, uint32_t parameter,
		 uint32_t flags)
{
	exchange_post_aborted(c, x, status, parameter,
			      flags | XRI_ABORTED_LOCAL | XRI_ABORTED_ORIGINATOR);
	exchange_end(c, x);
}

static void send_abts(struct abort *a)
{
	struct card *c = a->card;
	struct exchange *x = a->x;
	uint32_t wait_ms = 2 * (c->ra_tov_ms ? c->ra_tov_ms : RA_TOV_DEFAULT_MS);
	struct fc_header h = {
		.r_ctl = FC_RCTL_BLS_ABTS, .type = FC_TYPE_BLS, .seq_id = x->seq_id++,
		.f_ctl = FC_FCTL_END_SEQ | FC_FCTL_SEQ_INITIATIVE,
	};
	int r = exchange_send(c, x, &h, NULL, 0);

	if (r)
		over(c, x, WCQE_LOCAL_REJECT,
		     r == -ENOLINK ? LOCAL_LINK_DOWN : LOCAL_NO_RESOURCES, 0);
	else
		model_timer_set(c->loop, &a->timer, wait_ms * 1000000ull);
}

static void not_answered(void *arg)
{
	struct abort *a = arg;

	if (!a->again) {
		over(a->card, a->x, WCQE_LOCAL_REJECT, LOCAL_SEQUENCE_TIMEOUT, 0);
		return;
	}
	a->again = false;
	send_abts(a);
}

static void begin(struct card *c, struct exchange *x, const struct completion *why, bool again)
{
	struct completion done = *why;
	struct abort *a = calloc(1, sizeof(*a));

	done.busy = true;
	exchange_complete(c, x, &done);
	if (!a) {
		over(c, x, WCQE_LOCAL_REJECT, LOCAL_NO_RESOURCES, 0);
		return;
	}
	*a = (struct abort){.card = c, .x = x, .again = again,
			    .timer = {.fn = not_answered, .arg = a}};
	x->abort = a;
	send_abts(a);
}

void abort_exchange(struct card *c, struct exchange *x, const struct completion *why)
{
	if (x->pending)
		begin(c, x, why, true);
}

void abort_local(struct card *c, struct exchange *x, uint32_t local)
{
	struct completion done = {.status = WCQE_LOCAL_REJECT, .parameter = local};

	if (x->pending)
		exchange_complete(c, x, &done);
	else
		over(c, x, WCQE_LOCAL_REJECT, local, 0);
}

void abort_release(struct card *c, struct exchange *x)
{
	struct abort *a = x->abort;

	model_timer_cancel(c->loop, &a->timer);
	free(a);
	x->abort = NULL;
}

void abort_answered(struct card *c, struct exchange *x, const struct fc_header *h,
		    const uint8_t *payload, size_t n)
{
	if (h->r_ctl == FC_RCTL_BLS_RJT) {
		over(c, x, WCQE_SUCCESS, n >= 4 ? fc_get32(payload) : 0, XRI_ABORTED_BA_RJT);
		return;
	}
	if (n < BA_ACC_SIZE || fc_get16(payload + 4) != x->xri) {
		model_log("XRI 0x%x: a BA_ACC of another exchange, or too short; not taken", x->xri);
		return;
	}
	if (x->rx_id == FC_ID_NONE)
		x->rx_id = fc_get16(payload + 6);
	over(c, x, WCQE_SUCCESS, 0, 0);
}

void abort_refused(struct card *c, struct exchange *x, uint8_t status, uint32_t parameter)
{
	over(c, x, status, parameter, 0);
}

static bool matches(const struct exchange *x, const struct wqe *w)
{
	switch (ABORT_CRITERIA(w)) {
	case BY_XRI:
		return x->xri == ABORT_TAG(w);
	case BY_ABORT_TAG:
		return x->abort_tag == ABORT_TAG(w);
	default:
		return x->request_tag == ABORT_TAG(w);
	}
}

/* 0, or the LOCAL_* of an entry that cannot be carried out. */
static uint32_t check_request(const struct wqe *w)
{
	if (ABORT_CRITERIA(w) < BY_XRI || ABORT_CRITERIA(w) > BY_REQUEST_TAG)
		return LOCAL_ILLEGAL_FIELD;
	return ABORT_MASK(w) ? LOCAL_UNSUPPORTED : 0;
}

static void take_back(struct card *c, struct exchange *x, const struct wqe *w)
{
	struct completion done = {.status = WCQE_LOCAL_REJECT,
				  .parameter = LOCAL_ABORT_REQUESTED};

	if (w->word[3] & ABORT_INHIBIT_ABTS)
		abort_local(c, x, LOCAL_ABORT_REQUESTED);
	else
		begin(c, x, &done, !(w->word[3] & ABORT_INHIBIT_RETRY));
}

void abort_request(struct card *c, const struct wqe *w)
{
	struct completion done = {.status = WCQE_SUCCESS};
	uint32_t why = check_request(w);
	unsigned int taken = 0, late = 0;

	if (why) {
		wqe_reject(c, w, why);
		return;
	}
	for (uint32_t i = 0; i < XRIS; i++) {
		struct exchange *x = exchange_find(c, (uint16_t)i);

		if (!x || !matches(x, w))
			continue;
		late += !x->pending;
		taken += x->pending;
		if (x->pending)
			take_back(c, x, w);
	}
	if (taken)
		wqe_complete(c, w, &done);
	else
		wqe_reject(c, w, late ? LOCAL_ABORT_IN_PROGRESS :
			   ABORT_CRITERIA(w) == BY_XRI ? LOCAL_NO_XRI : LOCAL_NO_ABORT_MATCH);
}
