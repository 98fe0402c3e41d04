// SPDX-License-Identifier: Apache-2.0
/*
 * Requests to the well-known addresses (FC-LS-2): the F_Port's at FFFFFE, the fabric controller's
 * at FFFFFD, and logins to the name and management servers at FFFFFC and FFFFFA.
 */
#include "fabric.h"

#include <string.h>

#define SCR_CLEAR 255

static void do_plogi(struct port *p, struct nport *from, const struct fc_sequence *s)
{
	const struct fc_login ours = {
		.command = FC_ELS_LS_ACC, .features = FC_LOGIN_CIRO, .bb_credit = 0,
		.frame_size = FC_PAYLOAD_MAX, .class3_size = FC_PAYLOAD_MAX,
		.wwpn = SERVICE_WWPN + (s->h.d_id & 0xff), .wwnn = FABRIC_WWNN,
	};
	uint8_t payload[FC_LOGIN_SIZE];
	struct fc_login l;

	if (fc_login_get(&l, s->payload, s->n) || !l.class3) {
		fc_exchange_ls_rjt(p->x, &s->h, FC_LS_RJT_LOGICAL_ERROR, FC_LS_EXPLAIN_PAYLOAD);
		return;
	}
	if (l.wwpn != from->login.wwpn) {
		fc_exchange_ls_rjt(p->x, &s->h, FC_LS_RJT_LOGICAL_ERROR,
				   FC_LS_EXPLAIN_INVALID_WWPN);
		return;
	}
	if (s->h.d_id == FC_ADDR_DIRECTORY)
		from->directory = true;
	if (s->h.d_id == FC_ADDR_MANAGEMENT)
		from->management = true;
	from->frame_size = fc_login_frame_size(&l);
	fc_login_put(payload, &ours);
	fc_exchange_reply(p->x, &s->h, payload, sizeof(payload), 0);
}

static void do_logo(struct port *p, struct nport *from, const struct fc_sequence *s)
{
	fc_exchange_ls_acc(p->x, &s->h);
	if (s->h.d_id == FC_ADDR_DIRECTORY)
		from->directory = false;
	else if (s->h.d_id == FC_ADDR_MANAGEMENT)
		from->management = false;
	else
		login_end(from);
}

static void do_scr(struct port *p, struct nport *from, const struct fc_sequence *s)
{
	uint8_t function = s->n >= 8 ? s->payload[7] : 0;

	if (function == SCR_CLEAR) {
		from->scr = FC_SCR_NONE;
	} else if (function >= FC_SCR_FABRIC && function <= FC_SCR_FULL) {
		from->scr = function;
	} else {
		fc_exchange_ls_rjt(p->x, &s->h, FC_LS_RJT_LOGICAL_ERROR, FC_LS_EXPLAIN_PAYLOAD);
		return;
	}
	fc_exchange_ls_acc(p->x, &s->h);
}

/* What an N_Port reports is passed on to those who asked for such reports. */
static void do_rscn(struct port *p, struct nport *from, const struct fc_sequence *s)
{
	size_t n = s->n >= 4 ? fc_get16(s->payload + 2) : 0;

	if (n < 8 || n > s->n || n % 4 || s->payload[1] != 4) {
		fc_exchange_ls_rjt(p->x, &s->h, FC_LS_RJT_LOGICAL_ERROR, FC_LS_EXPLAIN_PAYLOAD);
		return;
	}
	fc_exchange_ls_acc(p->x, &s->h);
	changes_add(p->f, from->id, from->login.wwpn, true);
}

static void do_rtv(struct port *p, struct nport *from, const struct fc_sequence *s)
{
	uint8_t payload[16] = {FC_ELS_LS_ACC};

	fc_put32(payload + 4, FC_R_A_TOV_MS);
	fc_put32(payload + 8, FC_E_D_TOV_MS);
	fc_exchange_reply(p->x, &s->h, payload, sizeof(payload), 0);
}

static void do_echo(struct port *p, struct nport *from, const struct fc_sequence *s)
{
	uint8_t payload[FC_PAYLOAD_MAX] = {0};
	size_t n = s->n < sizeof(payload) ? s->n : sizeof(payload);

	memcpy(payload, s->payload, n);
	payload[0] = FC_ELS_LS_ACC;
	fc_exchange_reply(p->x, &s->h, payload, n, from->frame_size);
}

static const struct {
	uint32_t d_id;
	uint8_t command;
	void (*fn)(struct port *p, struct nport *from, const struct fc_sequence *s);
} served[] = {
	{FC_ADDR_F_PORT, FC_ELS_LOGO, do_logo},
	{FC_ADDR_F_PORT, FC_ELS_RTV, do_rtv},
	{FC_ADDR_F_PORT, FC_ELS_ECHO, do_echo},
	{FC_ADDR_CONTROLLER, FC_ELS_PLOGI, do_plogi},
	{FC_ADDR_CONTROLLER, FC_ELS_SCR, do_scr},
	{FC_ADDR_CONTROLLER, FC_ELS_RSCN, do_rscn},
	{FC_ADDR_DIRECTORY, FC_ELS_PLOGI, do_plogi},
	{FC_ADDR_DIRECTORY, FC_ELS_LOGO, do_logo},
	{FC_ADDR_DIRECTORY, FC_ELS_ECHO, do_echo},
	{FC_ADDR_MANAGEMENT, FC_ELS_PLOGI, do_plogi},
	{FC_ADDR_MANAGEMENT, FC_ELS_LOGO, do_logo},
};

static void els_request(struct port *p, struct nport *from, const struct fc_sequence *s)
{
	uint8_t command = s->n ? s->payload[0] : 0;

	if (s->h.d_id == FC_ADDR_F_PORT && (command == FC_ELS_FLOGI || command == FC_ELS_FDISC)) {
		login_request(p, s);
		return;
	}
	if (!from) {
		fc_exchange_ls_rjt(p->x, &s->h, FC_LS_RJT_UNABLE, FC_LS_EXPLAIN_LOGIN_REQUIRED);
		return;
	}
	for (size_t i = 0; i < sizeof(served) / sizeof(served[0]); i++) {
		if (served[i].d_id == s->h.d_id && served[i].command == command) {
			served[i].fn(p, from, s);
			return;
		}
	}
	fc_exchange_ls_rjt(p->x, &s->h, FC_LS_RJT_NOT_SUPPORTED, FC_LS_EXPLAIN_NONE);
}

void services_request(void *dev, const struct fc_sequence *s)
{
	struct port *p = dev;
	struct nport *from = fabric_find(p->f, s->h.s_id);

	if (from && from->port != p)
		from = NULL;
	if (s->h.type == FC_TYPE_ELS)
		els_request(p, from, s);
	else if (from)
		names_request(p, from, s);
}
