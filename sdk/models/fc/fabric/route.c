// SPDX-License-Identifier: Apache-2.0
/* Where a frame goes: to a service, to the N_Port of its D_ID, or nowhere. */
#include "fabric.h"

#include <stddef.h>

struct nport *fabric_find(const struct fabric *f, uint32_t id)
{
	uint32_t area = (id >> 8 & 0xff) - 1, al_pa = id & 0xff;

	if ((id & 0xff0000) != DOMAIN || area >= PORTS_MAX || al_pa >= NPORTS_MAX || !f->port[area])
		return NULL;
	return f->port[area]->nport[al_pa];
}

struct nport *fabric_next(const struct fabric *f, const struct nport *n)
{
	uint32_t at = n ? n->port->number * NPORTS_MAX + (n->id & 0xff) + 1 : 0;

	for (; at < PORTS_MAX * NPORTS_MAX; at++) {
		const struct port *p = f->port[at / NPORTS_MAX];

		if (p && p->nport[at % NPORTS_MAX])
			return p->nport[at % NPORTS_MAX];
	}
	return NULL;
}

struct nport *fabric_find_wwpn(const struct fabric *f, uint64_t wwpn)
{
	struct nport *n = NULL;

	while ((n = fabric_next(f, n)))
		if (n->login.wwpn == wwpn)
			break;
	return n;
}

/*
 * In class 3 what cannot be delivered is discarded without a word. Classes 1 and 2, which we do not
 * offer, are told (FC-FS-3, F_RJT).
 */
static void reject_class(struct port *p, const struct fc_header *h)
{
	struct fc_header r = *h;
	uint8_t frame[FC_HEADER_SIZE];

	if ((h->r_ctl & 0xf0) == (FC_RCTL_F_RJT & 0xf0))
		return;		/* never a reject of a reject */
	r.r_ctl = FC_RCTL_F_RJT;
	r.d_id = h->s_id;
	r.s_id = h->d_id;
	r.type = FC_TYPE_BLS;
	r.f_ctl = (h->f_ctl ^ (FC_FCTL_RESPONDER | FC_FCTL_SEQ_RECIPIENT)) &
		  (FC_FCTL_RESPONDER | FC_FCTL_SEQ_RECIPIENT);
	r.df_ctl = 0;
	r.parameter = 2u << 24 | FC_RJT_CLASS_NOT_SUPPORTED << 16;	/* 2: not to be retried */
	fc_header_put(frame, &r);
	capture_frame(p->f, FC_SOF_N2, frame, sizeof(frame), FC_EOF_T);
	port_send(p, NULL, FC_SOF_N2, frame, sizeof(frame), FC_EOF_T);
}

static bool is_service(uint32_t id)
{
	return id == FC_ADDR_F_PORT || id == FC_ADDR_CONTROLLER || id == FC_ADDR_DIRECTORY ||
	       id == FC_ADDR_MANAGEMENT;
}

static void to_service(struct port *p, const struct fc_header *h, const uint8_t *frame, size_t n)
{
	const struct fc_sender out = fabric_sender(p);

	if (!is_service(h->d_id))
		p->f->discarded++;
	else if (h->r_ctl == FC_RCTL_BLS_ABTS)	/* services answer at once: nothing is left to abort */
		fc_bls_accept(&out, h, h->rx_id);
	else if (!fc_exchanges_receive(p->x, frame, n))
		p->f->discarded++;
}

void fabric_receive(struct port *p, uint8_t sof, const uint8_t *frame, size_t n, uint8_t eof)
{
	struct nport *from, *to;
	struct fc_header h;

	capture_frame(p->f, sof, frame, n, eof);
	fc_header_get(&h, frame);
	from = fabric_find(p->f, h.s_id);
	if (from && from->port != p)
		from = NULL;
	if ((eof != FC_EOF_N && eof != FC_EOF_T) || (!from && h.d_id != FC_ADDR_F_PORT)) {
		p->f->discarded++;
		return;
	}
	if (sof != FC_SOF_I3 && sof != FC_SOF_N3) {
		reject_class(p, &h);
		return;
	}
	if (h.d_id >= FC_ADDR_WELL_KNOWN) {
		to_service(p, &h, frame, n);
		return;
	}
	to = fabric_find(p->f, h.d_id);
	if (from && to && zone_allows(p->f, from->login.wwpn, to->login.wwpn))
		port_send(to->port, p, sof, frame, n, eof);
	else
		p->f->discarded++;
}
