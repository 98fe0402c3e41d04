// SPDX-License-Identifier: Apache-2.0
/* Discovery (FC-BB-5, FIP): who solicits is told of us, and all are at every period. */
#include "fcoe.h"

#include <stdlib.h>
#include <string.h>

#include <vmhi-model/model.h>

#define PRIORITY	128

static const uint8_t own_mac[6] = {0x02, 'V', 'M', 'H', 'I', 0x01};
static const uint8_t all_fcfs[6] = {0x01, 0x10, 0x18, 0x01, 0x00, 0x02};
static const uint8_t all_enodes[6] = {0x01, 0x10, 0x18, 0x01, 0x00, 0x01};

static void advertise_to(struct fcoe *e, const uint8_t to[6], uint16_t more_flags, size_t size)
{
	uint8_t priority[2] = {0, PRIORITY}, name[10] = {0}, fabric[14] = {0}, fka[6] = {0};
	struct fip_out o;

	fc_put64(name + 2, FABRIC_WWNN);
	fc_put24(fabric + 3, FC_MAP);
	fc_put64(fabric + 6, FABRIC_WWNN);
	fc_put32(fka + 2, FKA_PERIOD_MS);
	fip_begin(&o, to, e->mac, FIP_ADVERTISEMENT,
		  FIP_FLAG_FPMA | FIP_FLAG_AVAILABLE | FIP_FLAG_FCF | more_flags);
	fip_add(&o, FIP_PRIORITY, priority, sizeof(priority));
	fip_add(&o, FIP_MAC, e->mac, 6);
	fip_add(&o, FIP_NAME, name, sizeof(name));
	fip_add(&o, FIP_FABRIC, fabric, sizeof(fabric));
	fip_add(&o, FIP_FKA_PERIOD, fka, sizeof(fka));
	fip_end(&o, size);
	model_wire_send(e->wire, o.bytes, o.n);
}

static void on_period(void *arg)
{
	struct fcoe *e = arg;

	advertise_to(e, all_enodes, 0, 0);
	enodes_expire(e, model_now_ns());
	model_timer_set(e->f->loop, &e->advertise, FKA_PERIOD_MS * 1000000ull);
}

/* Untagged frames are where we are: VLAN 0. */
static void tell_vlan(struct fcoe *e, const uint8_t to[6])
{
	const uint8_t vlan[2] = {0, 0};
	struct fip_out o;

	fip_begin(&o, to, e->mac, FIP_VLAN_NOTIFICATION, FIP_FLAG_FPMA | FIP_FLAG_FCF);
	fip_add(&o, FIP_MAC, e->mac, 6);
	fip_add(&o, FIP_VLAN, vlan, sizeof(vlan));
	fip_end(&o, 0);
	model_wire_send(e->wire, o.bytes, o.n);
}

static void on_fip(struct fcoe *e, const uint8_t *in, size_t size)
{
	struct enode *n;
	struct fip f;

	if (fip_get(&f, in, size) || f.flags & FIP_FLAG_FCF || f.source[0] & 1) {
		e->f->discarded++;
		return;
	}
	n = enode_find(e, f.source);
	if (n)
		n->heard_ns = model_now_ns();
	switch (f.operation) {
	case FIP_SOLICITATION:	/* the answer is as long as the longest frame: it shows that it fits */
		advertise_to(e, f.source, FIP_FLAG_SOLICITED, f.max_size ? 14u + f.max_size : 0);
		break;
	case FIP_LS_REQUEST:
		enode_els(e, &f);
		break;
	case FIP_VLAN_REQUEST:
		tell_vlan(e, f.source);
		break;
	case FIP_KEEP_ALIVE:
		break;
	default:
		e->f->discarded++;
	}
}

void fcoe_receive(void *fcoe, const uint8_t *in, size_t size)
{
	struct fcoe *e = fcoe;
	uint16_t type = fc_get16(in + 12);

	if (memcmp(in, e->mac, 6) && memcmp(in, all_fcfs, 6))
		return;
	if (type == ETHERTYPE_FIP)
		on_fip(e, in, size);
	else if (type == ETHERTYPE_FCOE)
		enode_frame(e, in, size);
}

static void on_link(void *dev, bool up)
{
	struct fcoe *e = dev;

	while (!up && e->enodes)
		enode_free(e->enodes);
}

static void on_ready(void *dev)
{
	struct fcoe *e = dev;

	for (struct enode *n = e->enodes; n; n = n->next)
		port_ready(n->port);
}

static const struct model_wire_ops ops = {
	.receive = fcoe_receive, .link = on_link, .ready = on_ready,
};

struct fcoe *fcoe_open(struct fabric *f, const char *wire, char *why, size_t why_size)
{
	struct fcoe *e = calloc(1, sizeof(*e));

	if (!e) {
		snprintf(why, why_size, "--fcoe %s: out of memory", wire);
		return NULL;
	}
	e->f = f;
	memcpy(e->mac, own_mac, 6);
	e->advertise = (struct model_timer){.fn = on_period, .arg = e};
	e->wire = model_wire_open(f->loop, wire, &ops, e, why, why_size);
	if (!e->wire) {
		free(e);
		return NULL;
	}
	model_timer_set(f->loop, &e->advertise, 0);
	return e;
}

void fcoe_close(struct fcoe *e)
{
	if (!e)
		return;
	while (e->enodes)
		enode_free(e->enodes);
	model_timer_cancel(e->f->loop, &e->advertise);
	model_wire_close(e->wire);
	free(e);
}
