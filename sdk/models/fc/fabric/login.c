// SPDX-License-Identifier: Apache-2.0
/* Fabric logins: FLOGI, FDISC for further N_Ports behind one port (NPIV), and their end. */
#include "fabric.h"

#include <stdlib.h>

#include <vmhi-model/model.h>

#define BB_CREDIT 16

struct refusal {
	uint8_t reason, explanation;
};

static bool refused(const struct port *p, const struct fc_login *l, struct refusal *why)
{
	const struct nport *same = fabric_find_wwpn(p->f, l->wwpn);

	if (!l->class3)
		*why = (struct refusal){FC_LS_RJT_LOGICAL_ERROR, FC_LS_EXPLAIN_OPTIONS};
	else if (l->frame_size < 256)
		*why = (struct refusal){FC_LS_RJT_LOGICAL_ERROR, FC_LS_EXPLAIN_FRAME_SIZE};
	else if (!l->wwpn || (same && same->port != p))
		*why = (struct refusal){FC_LS_RJT_LOGICAL_ERROR, FC_LS_EXPLAIN_INVALID_WWPN};
	else if (!l->wwnn)
		*why = (struct refusal){FC_LS_RJT_LOGICAL_ERROR, FC_LS_EXPLAIN_INVALID_WWNN};
	else
		return false;
	return true;
}

static struct nport *admit(struct port *p, unsigned int al_pa, const struct fc_login *l)
{
	struct nport *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->port = p;
	n->id = DOMAIN | (p->number + 1) << 8 | al_pa;
	n->login = *l;
	n->wwnn = l->wwnn;
	n->port_type = 1;	/* N_Port */
	n->classes = 1u << 3;
	p->nport[al_pa] = n;
	model_log("port %u: %016llx logs in as %06x", p->number, (unsigned long long)l->wwpn, n->id);
	changes_add(p->f, n->id, l->wwpn, false);
	return n;
}

static void accept_login(struct port *p, const struct fc_header *request, const struct nport *n)
{
	const struct fc_login ours = {
		.command = FC_ELS_LS_ACC,
		.features = FC_LOGIN_F_PORT | FC_LOGIN_NPIV_GIVE,
		.bb_credit = BB_CREDIT, .frame_size = FC_PAYLOAD_MAX, .class3_size = FC_PAYLOAD_MAX,
		.wwpn = F_PORT_WWPN + p->number, .wwnn = FABRIC_WWNN,
	};
	struct fc_header h = *request;
	uint8_t payload[FC_LOGIN_SIZE];

	h.s_id = n->id;		/* the answer's D_ID is the address that it gives */
	fc_login_put(payload, &ours);
	fc_exchange_reply(p->x, &h, payload, sizeof(payload), 0);
}

/* The AL_PA for a further N_Port: the one it had, or a free one; 0: none is left. */
static unsigned int place(struct port *p, uint64_t wwpn)
{
	struct nport *had = fabric_find_wwpn(p->f, wwpn);
	unsigned int al_pa = 1;

	if (had && had->id & 0xff) {
		al_pa = had->id & 0xff;
		login_end(had);
		return al_pa;
	}
	while (al_pa < NPORTS_MAX && p->nport[al_pa])
		al_pa++;
	return al_pa < NPORTS_MAX ? al_pa : 0;
}

void login_request(struct port *p, const struct fc_sequence *s)
{
	bool first = s->payload[0] == FC_ELS_FLOGI;
	const struct nport *known = fabric_find(p->f, s->h.s_id);
	struct nport *n = NULL;
	struct refusal why;
	unsigned int al_pa = 0;
	struct fc_login l;

	if (fc_login_get(&l, s->payload, s->n))
		why = (struct refusal){FC_LS_RJT_LOGICAL_ERROR, FC_LS_EXPLAIN_PAYLOAD};
	else if (s->h.s_id && (!first || !known || known->port != p))
		why = (struct refusal){FC_LS_RJT_PROTOCOL_ERROR, FC_LS_EXPLAIN_NONE};
	else if (!first && (!p->nport[0] || p->nport[0]->login.wwpn == l.wwpn))
		why = (struct refusal){FC_LS_RJT_UNABLE, FC_LS_EXPLAIN_LOGIN_REQUIRED};
	else if (!refused(p, &l, &why)) {
		if (first)
			login_end_all(p);	/* FC-LS-2: FLOGI logs out all that was */
		else
			al_pa = place(p, l.wwpn);
		n = first || al_pa ? admit(p, al_pa, &l) : NULL;
		why = (struct refusal){FC_LS_RJT_UNABLE, FC_LS_EXPLAIN_NO_RESOURCES};
	}
	if (n)
		accept_login(p, &s->h, n);
	else
		fc_exchange_ls_rjt(p->x, &s->h, why.reason, why.explanation);
}

void login_end(struct nport *n)
{
	struct port *p = n->port;

	p->nport[n->id & 0xff] = NULL;
	changes_add(p->f, n->id, n->login.wwpn, false);
	model_log("port %u: %016llx (%06x) is logged out", p->number,
		  (unsigned long long)n->login.wwpn, n->id);
	free(n);
}

void login_end_all(struct port *p)
{
	fc_exchanges_reset(p->x);
	for (int i = 0; i < NPORTS_MAX; i++)
		if (p->nport[i])
			login_end(p->nport[i]);
}
