// SPDX-License-Identifier: Apache-2.0
/*
 * ENodes: their logins come in FIP frames and are answered so; all else goes in FCoE frames between
 * our address and the one that was given with each N_Port_ID.
 */
#include "fcoe.h"

#include <stdlib.h>
#include <string.h>

#include <vmhi-model/model.h>

#define EXPIRE_NS (FKA_PERIOD_MS * 2500000ull)

struct enode *enode_find(const struct fcoe *e, const uint8_t mac[6])
{
	struct enode *n = e->enodes;

	while (n && memcmp(n->mac, mac, 6))
		n = n->next;
	return n;
}

/* The FIP request that this frame answers; its type, or 0. */
static uint8_t answers(struct enode *n, const uint8_t *frame)
{
	struct fc_header h;

	fc_header_get(&h, frame);
	if (h.s_id != FC_ADDR_F_PORT || h.r_ctl != FC_RCTL_ELS_REPLY)
		return 0;
	for (int i = 0; i < ASKED_MAX; i++) {
		if (n->asked[i].type && n->asked[i].ox_id == h.ox_id) {
			uint8_t type = n->asked[i].type;

			n->asked[i].type = 0;
			return type;
		}
	}
	return 0;
}

static void reply(struct enode *n, uint8_t type, const uint8_t *frame, size_t len)
{
	bool accepted = len > FC_HEADER_SIZE && frame[FC_HEADER_SIZE] == FC_ELS_LS_ACC;
	uint8_t els[2 + FC_HEADER_SIZE + FC_LOGIN_SIZE] = {0}, mac[6] = {0};
	struct fip_out o;

	if (len > sizeof(els) - 2)
		return;
	memcpy(els + 2, frame, len);
	if (accepted && type != FIP_LOGO)
		fcoe_fpma(mac, fc_get24(frame + 1));
	fip_begin(&o, n->mac, n->fcoe->mac, FIP_LS_REPLY, FIP_FLAG_FPMA | FIP_FLAG_FCF);
	fip_add(&o, type, els, 2 + len);
	fip_add(&o, FIP_MAC, mac, 6);
	fip_end(&o, 0);
	model_wire_send(n->fcoe->wire, o.bytes, o.n);
}

static int enode_send(struct port *p, uint8_t sof, const uint8_t *frame, size_t len, uint8_t eof,
		      bool corrupt)
{
	struct enode *n = p->link;
	uint8_t out[FCOE_FRAME_MAX], type = answers(n, frame);
	size_t size;

	if (type) {
		reply(n, type, frame, len);
		return 0;
	}
	size = fcoe_frame_put(out, sof, frame, len, eof);
	fcoe_fpma(out, fc_get24(frame + 1));
	memcpy(out + 6, n->fcoe->mac, 6);
	out[size - FCOE_TRAILER_SIZE] ^= corrupt ? 1 : 0;
	return model_wire_send(n->fcoe->wire, out, size);
}

/* One wire, and one pause, for all that are on it. */
static void enode_pause(struct port *p, bool pause)
{
	struct fcoe *e = ((struct enode *)p->link)->fcoe;
	bool any = pause;

	for (const struct enode *n = e->enodes; n && !any; n = n->next)
		any = n->port->stopped_by != NULL;
	model_wire_pause(e->wire, any);
}

/* FC-BB-5, Clear Virtual Links: what logged in here is logged out. */
static void clear_links(struct enode *n)
{
	uint8_t name[10] = {0};
	struct fip_out o;

	fc_put64(name + 2, FABRIC_WWNN);
	fip_begin(&o, n->mac, n->fcoe->mac, FIP_CLEAR_LINKS, FIP_FLAG_FPMA | FIP_FLAG_FCF);
	fip_add(&o, FIP_MAC, n->fcoe->mac, 6);
	fip_add(&o, FIP_NAME, name, sizeof(name));
	for (int i = 0; i < NPORTS_MAX; i++) {
		const struct nport *np = n->port->nport[i];
		uint8_t vn[18] = {0};

		if (!np)
			continue;
		fcoe_fpma(vn, np->id);
		fc_put24(vn + 7, np->id);
		fc_put64(vn + 10, np->login.wwpn);
		fip_add(&o, FIP_VN_PORT, vn, sizeof(vn));
	}
	fip_end(&o, 0);
	model_wire_send(n->fcoe->wire, o.bytes, o.n);
	login_end_all(n->port);
}

static void relight(void *arg)
{
	struct enode *n = arg;

	n->dark = false;
}

static void enode_light(struct port *p, bool on, unsigned int ms)
{
	struct enode *n = p->link;

	if (!on && !n->dark)
		clear_links(n);
	n->dark = !on;
	model_timer_cancel(p->f->loop, &n->relight);
	if (!on && ms)
		model_timer_set(p->f->loop, &n->relight, ms * 1000000ull);
}

static const struct port_ops on_fcoe = {
	.send = enode_send, .pause = enode_pause, .light = enode_light,
};

static struct enode *enode_new(struct fcoe *e, const uint8_t mac[6])
{
	struct enode *n = calloc(1, sizeof(*n));
	char name[32], why[160];

	if (!n)
		return NULL;
	snprintf(name, sizeof(name), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		 mac[3], mac[4], mac[5]);
	n->port = fabric_add_port(e->f, &on_fcoe, name, why, sizeof(why));
	if (!n->port) {
		model_log("%s", why);
		free(n);
		return NULL;
	}
	n->port->link = n;
	n->fcoe = e;
	memcpy(n->mac, mac, 6);
	n->heard_ns = model_now_ns();
	n->relight = (struct model_timer){.fn = relight, .arg = n};
	n->next = e->enodes;
	e->enodes = n;
	return n;
}

void enode_free(struct enode *n)
{
	struct enode **at = &n->fcoe->enodes;

	while (*at != n)
		at = &(*at)->next;
	*at = n->next;
	model_timer_cancel(n->fcoe->f->loop, &n->relight);
	fabric_remove_port(n->port);
	free(n);
}

static bool has_logins(const struct port *p)
{
	for (int i = 0; i < NPORTS_MAX; i++)
		if (p->nport[i])
			return true;
	return false;
}

/* The request that the descriptor should hold. */
static bool els_fits(const struct fip *f)
{
	static const uint8_t command[] = {
		[FIP_FLOGI] = FC_ELS_FLOGI, [FIP_FDISC] = FC_ELS_FDISC, [FIP_LOGO] = FC_ELS_LOGO,
	};

	return f->els && f->els_n > FC_HEADER_SIZE && f->els_n <= FC_FRAME_MAX &&
	       f->els[0] == FC_RCTL_ELS_REQUEST && fc_get24(f->els + 1) == FC_ADDR_F_PORT &&
	       f->els[FC_HEADER_SIZE] == command[f->els_type];
}

void enode_els(struct fcoe *e, const struct fip *f)
{
	struct enode *n = enode_find(e, f->source);
	unsigned int i;

	if (els_fits(f) && !n && f->els_type == FIP_FLOGI)
		n = enode_new(e, f->source);
	if (!els_fits(f) || !n || n->dark) {
		e->f->discarded++;
		return;
	}
	i = n->turn++ % ASKED_MAX;
	n->asked[i].type = f->els_type;
	n->asked[i].ox_id = fc_get16(f->els + 16);
	fabric_receive(n->port, FC_SOF_I3, f->els, f->els_n, FC_EOF_T);
	if (!n->port->waiting)
		n->asked[i].type = 0;	/* answered by now, or never */
	if (!has_logins(n->port) && !n->port->waiting)
		enode_free(n);
}

void enode_frame(struct fcoe *e, const uint8_t *in, size_t size)
{
	const struct nport *np;
	const uint8_t *frame;
	uint8_t sof, eof, mac[6];
	size_t n;

	if (memcmp(in, e->mac, 6) || fcoe_frame_get(in, size, &sof, &frame, &n, &eof)) {
		e->f->discarded++;
		return;
	}
	np = fabric_find(e->f, fc_get24(frame + 5));
	fcoe_fpma(mac, fc_get24(frame + 5));
	if (!np || np->port->ops != &on_fcoe || memcmp(in + 6, mac, 6)) {
		e->f->discarded++;
		return;
	}
	fabric_receive(np->port, sof, frame, n, eof);
}

void enodes_expire(struct fcoe *e, uint64_t now_ns)
{
	struct enode *n = e->enodes, *next;

	for (; n; n = next) {
		next = n->next;
		if (now_ns < n->heard_ns + EXPIRE_NS)
			continue;
		model_log("port %u (%s): no keep-alive for %u ms", n->port->number, n->port->name,
			  FKA_PERIOD_MS * 5 / 2);
		clear_links(n);
		enode_free(n);
	}
}
