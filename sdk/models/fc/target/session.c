// SPDX-License-Identifier: Apache-2.0
/* Requests of other N_Ports (FC-LS-2): PLOGI, PRLI and how they end, ADISC, RRQ, REC, RTV. */
#include "target.h"

#include <string.h>

#include <vmhi-model/model.h>

#define PRLI_SIZE 20		/* with one page */
#define PAGE 4			/* where it begins */
#define PAGE_SIZE 16
#define PAGE_FLAGS 2
#define PAGE_PARAMETERS 12
#define EXPLAIN_NOT_SUPPORTED 0x2c	/* request not supported */

struct session *session_find(struct target *t, uint32_t id)
{
	for (unsigned int i = 0; i < SESSIONS; i++)
		if (t->session[i].used && t->session[i].id == id)
			return &t->session[i];
	return NULL;
}

void session_transport_id(uint8_t id[SCSI_TRANSPORT_ID], uint64_t wwpn)
{
	memset(id, 0, SCSI_TRANSPORT_ID);	/* format 0, protocol 0: FCP */
	fc_put64(id + 8, wwpn);
}

/* PRLO, and what implies it: the nexus is lost, and every exchange of it ended (FCP-4 6.3). */
static void process_end(struct session *s)
{
	if (s->process)
		scsi_nexus_lost(s->nexus);
	s->process = false;
}

void session_end(struct session *s)
{
	process_end(s);
	model_log("%016llx (%06x) is logged out", (unsigned long long)s->wwpn, s->id);
	s->used = false;
}

void session_end_all(struct target *t)
{
	for (unsigned int i = 0; i < SESSIONS; i++)
		if (t->session[i].used)
			session_end(&t->session[i]);
}

static void on_logo(void *arg, int status, const struct fc_sequence *reply)
{
	/* It will log in when it wants to; there is nothing to wait for. */
}

void session_logo(struct target *t, uint32_t id)
{
	uint8_t payload[16] = {FC_ELS_LOGO};
	const struct fc_request r = {
		.s_id = t->id, .d_id = id, .r_ctl = FC_RCTL_ELS_REQUEST, .type = FC_TYPE_ELS,
		.payload = payload, .n = sizeof(payload), .done = on_logo, .arg = t,
	};

	fc_put24(payload + 5, t->id);
	fc_put64(payload + 8, t->wwpn);
	/* With too many unanswered it is not sent: a port that goes on asks for it again. */
	fc_exchange_originate(t->x, &r);
}

/* Of the same port under another address, or of another under the same: neither can go on. */
static struct session *place(struct target *t, uint32_t id, uint64_t wwpn)
{
	struct session *free = NULL;

	for (unsigned int i = 0; i < SESSIONS; i++) {
		struct session *s = &t->session[i];

		if (s->used && (s->id == id || s->wwpn == wwpn))
			session_end(s);
		if (!s->used)
			free = s;
	}
	return free;
}

static void do_plogi(struct target *t, const struct fc_sequence *q)
{
	struct fc_login l, ours = {
		.command = FC_ELS_LS_ACC, .features = FC_LOGIN_CIRO,
		.frame_size = FC_PAYLOAD_MAX, .class3_size = FC_PAYLOAD_MAX,
		.wwpn = t->wwpn, .wwnn = t->wwnn,
	};
	uint8_t payload[FC_LOGIN_SIZE];
	struct session *s = NULL;

	if (fc_login_get(&l, q->payload, q->n) || !l.class3_size) {
		fc_exchange_ls_rjt(t->x, &q->h, FC_LS_RJT_LOGICAL_ERROR, FC_LS_EXPLAIN_PAYLOAD);
		return;
	}
	if (!l.wwpn || l.wwpn == t->wwpn) {
		fc_exchange_ls_rjt(t->x, &q->h, FC_LS_RJT_LOGICAL_ERROR,
				   FC_LS_EXPLAIN_INVALID_WWPN);
		return;
	}
	s = place(t, q->h.s_id, l.wwpn);
	if (!s) {
		fc_exchange_ls_rjt(t->x, &q->h, FC_LS_RJT_UNABLE, FC_LS_EXPLAIN_NO_RESOURCES);
		return;
	}
	*s = (struct session){.used = true, .id = q->h.s_id, .wwpn = l.wwpn,
			      .frame_size = fc_login_frame_size(&l)};
	model_log("%016llx (%06x) is logged in", (unsigned long long)s->wwpn, s->id);
	fc_login_put(payload, &ours);
	fc_exchange_reply(t->x, &q->h, payload, sizeof(payload), 0);
}

/* One page of PRLI or PRLO, whole and of FCP; else the request has been rejected. */
static bool page_good(struct target *t, const struct fc_sequence *q)
{
	if (q->n < PRLI_SIZE || q->payload[1] != PAGE_SIZE ||
	    fc_get16(q->payload + 2) != PRLI_SIZE) {
		fc_exchange_ls_rjt(t->x, &q->h, FC_LS_RJT_LOGICAL_ERROR, FC_LS_EXPLAIN_PAYLOAD);
		return false;
	}
	if (q->payload[PAGE] != FC_TYPE_FCP)
		fc_exchange_ls_rjt(t->x, &q->h, FC_LS_RJT_UNABLE, EXPLAIN_NOT_SUPPORTED);
	return q->payload[PAGE] == FC_TYPE_FCP;
}

static void accept_page(struct target *t, const struct fc_sequence *q, uint16_t flags,
			uint32_t parameters)
{
	uint8_t payload[PRLI_SIZE] = {FC_ELS_LS_ACC, PAGE_SIZE, 0, PRLI_SIZE, FC_TYPE_FCP};

	fc_put16(payload + PAGE + PAGE_FLAGS, (uint16_t)(flags | FC_PRLI_ACC_EXECUTED << 8));
	fc_put32(payload + PAGE + PAGE_PARAMETERS, parameters);
	fc_exchange_reply(t->x, &q->h, payload, sizeof(payload), 0);
}

/* FCP-4 6.3. Another PRLI of the same port ends what the last one began. */
static void do_prli(struct target *t, struct session *s, const struct fc_sequence *q)
{
	const uint8_t *page = q->payload + PAGE;
	uint8_t id[SCSI_TRANSPORT_ID];

	if (!page_good(t, q))
		return;
	process_end(s);
	if (fc_get16(page + PAGE_FLAGS) & FC_PRLI_IMAGE_PAIR &&
	    fc_get32(page + PAGE_PARAMETERS) & FC_FCP_INITIATOR) {
		session_transport_id(id, s->wwpn);
		s->nexus = scsi_nexus_get(t->scsi, id, 1);
		s->process = s->nexus;
		if (!s->nexus) {
			fc_exchange_ls_rjt(t->x, &q->h, FC_LS_RJT_UNABLE,
					   FC_LS_EXPLAIN_NO_RESOURCES);
			return;
		}
	}
	accept_page(t, q, s->process ? FC_PRLI_IMAGE_PAIR : 0,
		    FC_FCP_TARGET | FC_FCP_READ_XRDY_OFF);
}

static void do_prlo(struct target *t, struct session *s, const struct fc_sequence *q)
{
	if (!page_good(t, q))
		return;
	process_end(s);
	accept_page(t, q, 0, 0);
}

static void do_logo(struct target *t, struct session *s, const struct fc_sequence *q)
{
	fc_exchange_ls_acc(t->x, &q->h);
	session_end(s);
}

static void do_adisc(struct target *t, struct session *s, const struct fc_sequence *q)
{
	uint8_t payload[28] = {FC_ELS_LS_ACC};

	if (q->n < sizeof(payload) || fc_get64(q->payload + 8) != s->wwpn) {
		fc_exchange_ls_rjt(t->x, &q->h, FC_LS_RJT_LOGICAL_ERROR,
				   FC_LS_EXPLAIN_INVALID_WWPN);
		return;
	}
	fc_put64(payload + 8, t->wwpn);
	fc_put64(payload + 16, t->wwnn);
	fc_put24(payload + 25, t->id);
	fc_exchange_reply(t->x, &q->h, payload, sizeof(payload), 0);
}

/* We use no exchange's ids again before it is done with them, so there is nothing to free. */
static void do_rrq(struct target *t, struct session *s, const struct fc_sequence *q)
{
	fc_exchange_ls_acc(t->x, &q->h);
}

/* FC-LS-2, REC: how far a command has come, for an initiator that misses something. */
static void do_rec(struct target *t, struct session *s, const struct fc_sequence *q)
{
	uint8_t payload[24] = {FC_ELS_LS_ACC};
	const struct exchange *x = NULL;

	if (q->n >= 12)
		x = exchange_find(t, fc_get24(q->payload + 5), fc_get16(q->payload + 8));
	if (!x || x->session != s) {
		fc_exchange_ls_rjt(t->x, &q->h, FC_LS_RJT_LOGICAL_ERROR,
				   FC_LS_EXPLAIN_INVALID_OX_RX);
		return;
	}
	fc_put16(payload + 4, x->h.ox_id);
	fc_put16(payload + 6, x->rx_id);
	fc_put24(payload + 9, s->id);
	fc_put24(payload + 13, t->id);
	fc_put32(payload + 16, x->moved);
	/* E_STAT: we are the responder; whose initiative it is: the sender's of write data */
	fc_put32(payload + 20, 0x80000000u | (x->bursting ? 0 : 0x40000000u));
	fc_exchange_reply(t->x, &q->h, payload, sizeof(payload), 0);
}

static void do_rtv(struct target *t, struct session *s, const struct fc_sequence *q)
{
	uint8_t payload[16] = {FC_ELS_LS_ACC};

	fc_put32(payload + 4, FC_R_A_TOV_MS);
	fc_put32(payload + 8, FC_E_D_TOV_MS);
	fc_exchange_reply(t->x, &q->h, payload, sizeof(payload), 0);
}

static const struct {
	uint8_t command;
	void (*fn)(struct target *t, struct session *s, const struct fc_sequence *q);
} served[] = {
	{FC_ELS_PRLI, do_prli}, {FC_ELS_PRLO, do_prlo}, {FC_ELS_LOGO, do_logo},
	{FC_ELS_ADISC, do_adisc}, {FC_ELS_RRQ, do_rrq}, {FC_ELS_REC, do_rec}, {FC_ELS_RTV, do_rtv},
};

void session_request(void *target, const struct fc_sequence *q)
{
	struct target *t = target;
	struct session *s = session_find(t, q->h.s_id);
	uint8_t command = q->n ? q->payload[0] : 0;

	if (!t->id || q->h.d_id != t->id || q->h.type != FC_TYPE_ELS)
		return;
	if (command == FC_ELS_PLOGI) {
		do_plogi(t, q);
		return;
	}
	for (unsigned int i = 0; i < sizeof(served) / sizeof(served[0]); i++) {
		if (served[i].command != command)
			continue;
		if (s)
			served[i].fn(t, s, q);
		else
			fc_exchange_ls_rjt(t->x, &q->h, FC_LS_RJT_UNABLE,
					   FC_LS_EXPLAIN_LOGIN_REQUIRED);
		return;
	}
	fc_exchange_ls_rjt(t->x, &q->h, FC_LS_RJT_NOT_SUPPORTED, FC_LS_EXPLAIN_NONE);
}
