// SPDX-License-Identifier: Apache-2.0
/*
 * State change notification (FC-LS-2, RSCN): changes are gathered for a moment, then each N_Port
 * that registered hears of those that it may see.
 */
#include "fabric.h"

#include <vmhi-model/model.h>

#define GATHER_NS	20000000u
#define PAGE_PORT	0x00	/* address formats of a page */
#define PAGE_FABRIC	0x03

static void tell_soon(struct fabric *f)
{
	if (!f->tell.armed)
		model_timer_set(f->loop, &f->tell, GATHER_NS);
}

void changes_add(struct fabric *f, uint32_t id, uint64_t wwpn, bool by_nport)
{
	tell_soon(f);
	for (unsigned int i = 0; i < f->changes; i++)
		if (f->change[i].id == id && f->change[i].wwpn == wwpn &&
		    f->change[i].by_nport == by_nport)
			return;
	if (f->changes == CHANGES_MAX)
		f->all_changed = true;
	else
		f->change[f->changes++] = (struct change){id, wwpn, by_nport};
}

void changes_add_all(struct fabric *f)
{
	f->all_changed = true;
	tell_soon(f);
}

static bool concerns(const struct fabric *f, const struct nport *n, const struct change *c)
{
	return n->scr & (c->by_nport ? FC_SCR_N_PORT : FC_SCR_FABRIC) &&
	       n->login.wwpn != c->wwpn && zone_allows(f, n->login.wwpn, c->wwpn);
}

static void on_answer(void *arg, int status, const struct fc_sequence *reply)
{
	/* Nobody waits for it, and class 3 promises no delivery. */
}

static void tell(struct fabric *f, struct nport *n)
{
	uint8_t payload[4 + 4 * CHANGES_MAX] = {FC_ELS_RSCN, 4};	/* pages of 4 bytes */
	bool whole = f->all_changed && n->scr & FC_SCR_FABRIC;
	struct fc_request r = {
		.s_id = FC_ADDR_CONTROLLER, .d_id = n->id, .r_ctl = FC_RCTL_ELS_REQUEST,
		.type = FC_TYPE_ELS, .payload = payload, .n = 4, .done = on_answer,
	};

	if (whole) {
		payload[4] = PAGE_FABRIC;
		r.n += 4;
	}
	for (unsigned int i = 0; i < f->changes && !whole; i++) {
		if (concerns(f, n, &f->change[i])) {
			fc_put32(payload + r.n, PAGE_PORT << 24 | f->change[i].id);
			r.n += 4;
		}
	}
	if (r.n == 4)
		return;
	fc_put16(payload + 2, (uint16_t)r.n);
	if (fc_exchange_originate(n->port->x, &r) < 0)
		model_log("port %u: %06x answers no RSCN and gets no more for now",
			  n->port->number, n->id);
}

void changes_tell(void *fabric)
{
	struct fabric *f = fabric;
	struct nport *n = NULL;

	while ((n = fabric_next(f, n)))
		if (n->scr)
			tell(f, n);
	f->changes = 0;
	f->all_changed = false;
}
