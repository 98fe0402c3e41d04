// SPDX-License-Identifier: Apache-2.0
/*
 * Our own way into the fabric: FLOGI, a login to the name server, and what it is to know of us
 * (FC-GS-6), one request after the other. One that fails begins it all again a second later.
 */
#include "target.h"

#include <string.h>

#include <vmhi-model/model.h>

#define AGAIN_NS 1000000000ull

#define RNN_ID 0x0213
#define RFT_ID 0x0217
#define RSPN_ID 0x0218
#define RFF_ID 0x021f
#define FCP_BIT 0x01		/* type 8 in the map of types: its third byte */
#define FEATURE_TARGET 0x01

#define NAME "OpenVMHI model target"

static void plogi_put(const struct target *t, uint8_t *payload, uint8_t command)
{
	const struct fc_login l = {
		.command = command, .features = FC_LOGIN_CIRO, .bb_credit = 16,
		.frame_size = FC_PAYLOAD_MAX, .class3_size = FC_PAYLOAD_MAX,
		.wwpn = t->wwpn, .wwnn = t->wwnn,
	};

	fc_login_put(payload, &l);
}

static size_t flogi(const struct target *t, uint8_t *payload)
{
	plogi_put(t, payload, FC_ELS_FLOGI);
	return FC_LOGIN_SIZE;
}

static size_t plogi(const struct target *t, uint8_t *payload)
{
	plogi_put(t, payload, FC_ELS_PLOGI);
	return FC_LOGIN_SIZE;
}

/* The preamble, and our address, which every registration begins with. */
static uint8_t *registration(const struct target *t, uint8_t *payload, uint16_t command)
{
	const struct fc_ct ct = {
		.gs_type = FC_CT_DIRECTORY, .gs_subtype = FC_CT_NAME_SERVER, .command = command,
	};

	fc_ct_put(payload, &ct);
	fc_put32(payload + FC_CT_SIZE, t->id);
	return payload + FC_CT_SIZE + 4;
}

static size_t node_name(const struct target *t, uint8_t *payload)
{
	fc_put64(registration(t, payload, RNN_ID), t->wwnn);
	return FC_CT_SIZE + 12;
}

static size_t types(const struct target *t, uint8_t *payload)
{
	registration(t, payload, RFT_ID)[2] = FCP_BIT;
	return FC_CT_SIZE + 36;
}

static size_t features(const struct target *t, uint8_t *payload)
{
	uint8_t *p = registration(t, payload, RFF_ID);

	p[2] = FEATURE_TARGET;
	p[3] = FC_TYPE_FCP;
	return FC_CT_SIZE + 8;
}

static size_t symbol(const struct target *t, uint8_t *payload)
{
	uint8_t *p = registration(t, payload, RSPN_ID);

	p[0] = sizeof(NAME) - 1;
	memcpy(p + 1, NAME, sizeof(NAME) - 1);
	return FC_CT_SIZE + 4 + sizeof(NAME);
}

static const struct {
	uint32_t d_id;
	size_t (*put)(const struct target *t, uint8_t *payload);
	const char *name;
} steps[] = {
	{FC_ADDR_F_PORT, flogi, "FLOGI"}, {FC_ADDR_DIRECTORY, plogi, "PLOGI to the name server"},
	{FC_ADDR_DIRECTORY, node_name, "RNN_ID"}, {FC_ADDR_DIRECTORY, types, "RFT_ID"},
	{FC_ADDR_DIRECTORY, features, "RFF_ID"}, {FC_ADDR_DIRECTORY, symbol, "RSPN_ID"},
};

#define STEPS (sizeof(steps) / sizeof(steps[0]))
#define FIRST_CT 2

static void step(struct target *t);

static bool accepted(const struct target *t, const struct fc_sequence *reply)
{
	struct fc_login l;
	struct fc_ct ct;

	if (t->step >= FIRST_CT) {
		if (reply->n >= FC_CT_SIZE)
			fc_ct_get(&ct, reply->payload);
		return reply->n >= FC_CT_SIZE && ct.command == FC_CT_ACCEPT;
	}
	if (fc_login_get(&l, reply->payload, reply->n) || l.command != FC_ELS_LS_ACC)
		return false;
	/* Without a fabric there is nobody who gives addresses. */
	return t->step || (l.features & FC_LOGIN_F_PORT && reply->h.d_id);
}

static void on_reply(void *arg, int status, const struct fc_sequence *reply)
{
	struct target *t = arg;

	if (status || !accepted(t, reply)) {
		if (fc_wire_up(t->out.wire)) {
			model_log("%s failed: %s", steps[t->step].name,
				  status ? "no answer" : "rejected");
			model_timer_set(t->loop, &t->again, AGAIN_NS);
		}
		return;
	}
	if (!t->step)
		t->id = reply->h.d_id;
	if (++t->step < STEPS)
		step(t);
	else
		model_log("in the fabric as %06x", t->id);
}

static void step(struct target *t)
{
	uint8_t payload[FC_LOGIN_SIZE] = {0};
	struct fc_request r = {
		.s_id = t->id, .d_id = steps[t->step].d_id, .payload = payload,
		.r_ctl = FC_RCTL_ELS_REQUEST, .type = FC_TYPE_ELS, .done = on_reply, .arg = t,
	};

	if (t->step >= FIRST_CT) {
		r.r_ctl = FC_RCTL_DATA_UNSOLICITED_CTL;
		r.type = FC_TYPE_CT;
	}
	r.n = steps[t->step].put(t, payload);
	if (fc_exchange_originate(t->x, &r) < 0)
		model_timer_set(t->loop, &t->again, AGAIN_NS);
}

static void begin_again(void *arg)
{
	struct target *t = arg;

	login_end(t);
	login_begin(t);
}

void login_begin(struct target *t)
{
	t->step = 0;
	step(t);
}

/* Out of the fabric: whoever was logged in with us is no longer. */
void login_end(struct target *t)
{
	t->again.fn = begin_again;
	t->again.arg = t;
	model_timer_cancel(t->loop, &t->again);
	session_end_all(t);
	outq_flush(&t->out);
	t->id = 0;
	if (t->x)
		fc_exchanges_reset(t->x);
	model_timer_cancel(t->loop, &t->again);
}
