// SPDX-License-Identifier: Apache-2.0
/* Entries that send one sequence in an exchange of the far end's, and are done with that. */
#include <errno.h>
#include <stdlib.h>

#include "card.h"
#include "tx.h"
#include "wqe.h"

#define FRAME_MAX	2048		/* to a port whose parameters are not known */
#define SEQUENCE_LAST	0x80u		/* XMIT_SEQUENCE64, word 5 */
#define SEQUENCE_ORIGINATOR 0x40u
#define SEQUENCE_INITIATIVE 0x04u
#define BLS_ORIGINATOR	0x80000000u	/* XMIT_BLS_RSP64, word 5 */
#define BLS_REJECT	0x40000000u
#define RESPONSE	(FC_FCTL_RESPONDER | FC_FCTL_LAST_SEQ)

/* Fills in the addresses of an entry; *frame_max is what the far end takes. 0, or a LOCAL_*. */
static uint32_t address(struct card *c, const struct wqe *w, uint32_t remote, struct fc_header *h,
			size_t *frame_max)
{
	uint16_t id = wqe_context(w);
	const struct rpi *p;

	*frame_max = FRAME_MAX;
	if (!c->link_up)
		return LOCAL_LINK_DOWN;
	if (wqe_context_type(w) == WQE_CT_RPI) {
		p = rpi_find(c, id);
		if (!p)
			return LOCAL_INVALID_RPI;
		h->d_id = p->nport_id;
		h->s_id = c->vpi[p->vpi].nport_id;
		*frame_max = p->frame_max;
		return 0;
	}
	if (id >= VPIS)
		return LOCAL_INVALID_VPI;
	h->d_id = remote & 0xffffff;
	h->s_id = c->vpi[id].nport_id;
	return 0;
}

static void complete(struct card *c, const struct wqe *w, int sent, uint32_t n)
{
	if (sent)
		wqe_reject(c, w, sent == -ENOLINK ? LOCAL_LINK_DOWN : LOCAL_NO_RESOURCES);
	else
		wqe_complete(c, w, &(struct completion){.status = WCQE_SUCCESS, .placed = n});
}

static void send_payload(struct card *c, const struct wqe *w, const struct fc_header *h,
			 uint32_t n, size_t frame_max)
{
	uint32_t why = 0;
	uint8_t *payload = wqe_payload(c, w, n, NULL, &why);

	if (!payload) {
		wqe_reject(c, w, why);
		return;
	}
	complete(c, w, tx_sequence(c, h, payload, n, frame_max), n);
	free(payload);
}

void reply_els(struct card *c, const struct wqe *w)
{
	struct fc_header h = {
		.r_ctl = FC_RCTL_ELS_REPLY, .type = FC_TYPE_ELS, .f_ctl = RESPONSE,
		.ox_id = (uint16_t)(w->word[9] >> 16), .rx_id = wqe_xri(w),
	};
	size_t frame_max;
	uint32_t why = address(c, w, w->word[5], &h, &frame_max);

	if (why) {
		wqe_reject(c, w, why);
		return;
	}
	if (wqe_context_type(w) != WQE_CT_RPI)
		h.s_id = wqe_s_id(c, w, wqe_context(w));
	send_payload(c, w, &h, w->word[3], frame_max);
}

/* BA_ACC or BA_RJT (FC-FS, Basic link services): the entry has the payload's fields. */
static size_t bls_payload(const struct wqe *w, bool reject, uint8_t p[12])
{
	if (reject) {
		fc_put32(p, w->word[0] & 0xffffff);
		return 4;
	}
	p[0] = (uint8_t)(w->word[0] >> 24);
	p[1] = (uint8_t)(w->word[0] >> 16);
	fc_put16(p + 2, 0);
	fc_put32(p + 4, w->word[1]);		/* OX_ID, RX_ID */
	fc_put32(p + 8, w->word[2]);		/* low and high SEQ_CNT */
	return 12;
}

void reply_bls(struct card *c, const struct wqe *w)
{
	bool reject = w->word[5] & BLS_REJECT;
	struct fc_header h = {
		.r_ctl = reject ? FC_RCTL_BLS_RJT : FC_RCTL_BLS_ACC, .type = FC_TYPE_BLS,
		.f_ctl = FC_FCTL_LAST_SEQ | FC_FCTL_END_SEQ,
		.ox_id = (uint16_t)(w->word[1] >> 16), .rx_id = (uint16_t)w->word[1],
	};
	uint8_t payload[12];
	size_t n = bls_payload(w, reject, payload), frame_max;
	uint32_t why = address(c, w, w->word[5], &h, &frame_max);

	if (!(w->word[5] & BLS_ORIGINATOR))
		h.f_ctl |= FC_FCTL_RESPONDER;
	if (why)
		wqe_reject(c, w, why);
	else
		complete(c, w, tx_send(c, &h, payload, n), (uint32_t)n);
}

void reply_sequence(struct card *c, const struct wqe *w)
{
	uint32_t control = w->word[5];
	bool originator = control & SEQUENCE_ORIGINATOR;
	struct fc_header h = {
		.r_ctl = (uint8_t)(control >> 24), .type = (uint8_t)(control >> 16),
		.df_ctl = (uint8_t)(control >> 8), .parameter = w->word[4],
		.ox_id = (uint16_t)(w->word[9] >> 16), .rx_id = wqe_xri(w),
		.f_ctl = (originator ? 0 : FC_FCTL_RESPONDER) |
			 (control & SEQUENCE_LAST ? FC_FCTL_LAST_SEQ : 0) |
			 (control & SEQUENCE_INITIATIVE ? FC_FCTL_SEQ_INITIATIVE : 0),
	};
	size_t frame_max;
	uint32_t why = address(c, w, 0, &h, &frame_max);

	if (why)
		wqe_reject(c, w, why);
	else if (wqe_context_type(w) != WQE_CT_RPI)
		wqe_reject(c, w, LOCAL_INVALID_RPI);
	else
		send_payload(c, w, &h, w->word[12], frame_max);
}
