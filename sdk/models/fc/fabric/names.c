// SPDX-License-Identifier: Apache-2.0
/* CT requests (FC-GS-6): to the name server, and port speeds of the configuration server. */
#include "names.h"

#include <stdlib.h>
#include <string.h>

#define GPSC		0x0127
#define SPEEDS		0x0a00	/* 8 and 32 Gb/s, by GPSC's bits; the fibre of a model has none */
#define SPEED_NOW	0x0200

bool names_visible(const struct names *q, const struct nport *n)
{
	return zone_allows(q->f, q->from->login.wwpn, n->login.wwpn);
}

bool names_has_type(const struct nport *n, uint8_t type)
{
	return n->fc4_types[type / 32 * 4 + 3 - type % 32 / 8] >> type % 8 & 1;
}

static void answer(struct port *p, const struct nport *from, const struct fc_sequence *s,
		   const struct fc_ct *c, uint8_t *iu, size_t n)
{
	struct fc_ct a = *c;
	size_t most = (size_t)c->size * 4;

	a.size = 0;
	if (most && n > most) {	/* the rest is only counted */
		a.size = (uint16_t)((n - most + 3) / 4);
		n = most;
	}
	fc_ct_put(iu, &a);
	fc_exchange_reply(p->x, &s->h, iu, FC_CT_SIZE + n, from->frame_size);
}

static void reject(struct port *p, const struct nport *from, const struct fc_sequence *s,
		   struct fc_ct c, uint8_t reason, uint8_t explanation)
{
	uint8_t iu[FC_CT_SIZE];

	c.command = FC_CT_REJECT;
	c.reason = reason;
	c.explanation = explanation;
	answer(p, from, s, &c, iu, 0);
}

/* GPSC: speeds of a port named by its F_Port's name or by its own. */
static uint8_t get_speeds(struct names *q)
{
	uint64_t wwn = fc_get64(q->args);
	bool known = fabric_find_wwpn(q->f, wwn) != NULL;

	for (unsigned int i = 0; i < PORTS_MAX && !known; i++)
		known = q->f->port[i] && wwn == F_PORT_WWPN + i;
	if (!known)
		return NAMES_NO_PORT_NAME;
	fc_put16(q->out, SPEEDS);
	fc_put16(q->out + 2, SPEED_NOW);
	q->out_n = 4;
	return NAMES_OK;
}

static const struct names_command speeds[] = {{GPSC, 8, get_speeds}, {0, 0, NULL}};

static const struct names_command *find(const struct fc_ct *c)
{
	const struct names_command *tables[2] = {names_queries, names_registrations};
	int n = 2;

	if (c->gs_type == FC_CT_MANAGEMENT) {
		tables[0] = speeds;
		n = c->gs_subtype == FC_CT_CONFIGURATION ? 1 : 0;
	} else if (c->gs_subtype != FC_CT_NAME_SERVER) {
		n = 0;
	}
	for (int i = 0; i < n; i++)
		for (const struct names_command *k = tables[i]; k->code; k++)
			if (k->code == c->command)
				return k;
	return NULL;
}

static void serve(struct port *p, struct nport *from, const struct fc_sequence *s,
		  const struct names_command *k, struct fc_ct c)
{
	uint8_t *iu = malloc(FC_CT_SIZE + NAMES_ANSWER_MAX), explanation;
	struct names q = {
		.f = p->f, .from = from, .args = s->payload + FC_CT_SIZE, .n = s->n - FC_CT_SIZE,
	};

	if (!iu) {
		reject(p, from, s, c, FC_CT_RJT_BUSY, 0);
		return;
	}
	q.out = iu + FC_CT_SIZE;
	explanation = k->fn(&q);
	if (explanation) {
		reject(p, from, s, c, FC_CT_RJT_UNABLE, explanation);
	} else {
		c.command = FC_CT_ACCEPT;
		c.reason = c.explanation = 0;
		answer(p, from, s, &c, iu, q.out_n);
	}
	free(iu);
}

void names_request(struct port *p, struct nport *from, const struct fc_sequence *s)
{
	const struct names_command *k;
	struct fc_ct c;

	/* Who has not logged in to the server gets no answer (class 3). */
	if (!(s->h.d_id == FC_ADDR_DIRECTORY ? from->directory : from->management) ||
	    s->n < FC_CT_SIZE) {
		p->f->discarded++;
		return;
	}
	fc_ct_get(&c, s->payload);
	k = find(&c);
	if (c.gs_type != (s->h.d_id & 0xff) || !k)
		reject(p, from, s, c, FC_CT_RJT_NOT_SUPPORTED, 0);
	else if (s->n - FC_CT_SIZE < k->args)
		reject(p, from, s, c, FC_CT_RJT_INVALID_SIZE, 0);
	else
		serve(p, from, s, k, c);
}
