// SPDX-License-Identifier: Apache-2.0
/* What the name server tells (FC-GS-6, queries): of what the asker's zones let it see. */
#include <string.h>

#include "names.h"

#define LAST_ENTRY	0x80	/* control byte of the last in a list */
#define NX_PORTS	0x7f	/* port type of GID_PT: N_Ports of any kind */

static void put(struct names *q, const void *bytes, size_t n)
{
	memcpy(q->out + q->out_n, bytes, n);
	q->out_n += n;
}

static void put64(struct names *q, uint64_t v)
{
	fc_put64(q->out + q->out_n, v);
	q->out_n += 8;
}

static void put32(struct names *q, uint32_t v)
{
	fc_put32(q->out + q->out_n, v);
	q->out_n += 4;
}

/* The N_Port of the id in the arguments, if the asker may see it. */
static const struct nport *by_id(const struct names *q)
{
	const struct nport *n = fabric_find(q->f, fc_get24(q->args + 1));

	return n && names_visible(q, n) ? n : NULL;
}

static void tell_port_name(struct names *q, const struct nport *n)
{
	put64(q, n->login.wwpn);
}

static void tell_node_name(struct names *q, const struct nport *n)
{
	put64(q, n->wwnn);
}

static void tell_classes(struct names *q, const struct nport *n)
{
	put32(q, n->classes);
}

static void tell_types(struct names *q, const struct nport *n)
{
	put(q, n->fc4_types, sizeof(n->fc4_types));
}

static void tell_port_symbol(struct names *q, const struct nport *n)
{
	put(q, n->port_symbol, sizeof(n->port_symbol));
}

static void tell_port_type(struct names *q, const struct nport *n)
{
	put32(q, (uint32_t)n->port_type << 24);
}

static void tell_f_port_name(struct names *q, const struct nport *n)
{
	put64(q, F_PORT_WWPN + n->port->number);
}

static void tell_features(struct names *q, const struct nport *n)
{
	put(q, n->fc4_features, sizeof(n->fc4_features));
}

static uint8_t tell_by_id(struct names *q, void (*tell)(struct names *q, const struct nport *n))
{
	const struct nport *n = by_id(q);

	if (!n)
		return NAMES_NO_ID;
	tell(q, n);
	return NAMES_OK;
}

#define BY_ID(name, tell)                                                                          \
	static uint8_t name(struct names *q)                                                       \
	{                                                                                          \
		return tell_by_id(q, tell);                                                        \
	}

BY_ID(gpn_id, tell_port_name)
BY_ID(gnn_id, tell_node_name)
BY_ID(gcs_id, tell_classes)
BY_ID(gft_id, tell_types)
BY_ID(gspn_id, tell_port_symbol)
BY_ID(gpt_id, tell_port_type)
BY_ID(gfpn_id, tell_f_port_name)
BY_ID(gff_id, tell_features)

/* The first after the given id, round and round: how a walk through the database goes. */
static uint8_t ga_nxt(struct names *q)
{
	const struct nport *n = NULL, *first = NULL, *next = NULL;
	uint32_t id = fc_get24(q->args + 1);

	while ((n = fabric_next(q->f, n))) {
		if (!names_visible(q, n))
			continue;
		first = first ? first : n;
		if (n->id > id && !next)
			next = n;
	}
	n = next ? next : first;
	put32(q, (uint32_t)n->port_type << 24 | n->id);
	tell_port_name(q, n);
	tell_port_symbol(q, n);
	tell_node_name(q, n);
	put(q, n->node_symbol, sizeof(n->node_symbol));
	memset(q->out + q->out_n, 0, 8 + 16);	/* initial process associator, node's IP address */
	q->out_n += 8 + 16;
	tell_classes(q, n);
	tell_types(q, n);
	memset(q->out + q->out_n, 0, 16);	/* port's IP address */
	q->out_n += 16;
	tell_f_port_name(q, n);
	put32(q, 0);				/* hard address */
	return NAMES_OK;
}

static uint8_t gid_pn(struct names *q)
{
	const struct nport *n = fabric_find_wwpn(q->f, fc_get64(q->args));

	if (!n || !names_visible(q, n))
		return NAMES_NO_PORT_NAME;
	put32(q, n->id);
	return NAMES_OK;
}

static bool node_is(const struct names *q, const struct nport *n)
{
	return n->wwnn == fc_get64(q->args);
}

static bool in_scope(const uint8_t *domain_area, const struct nport *n)
{
	return (!domain_area[0] || domain_area[0] == n->id >> 16) &&
	       (!domain_area[1] || domain_area[1] == (n->id >> 8 & 0xff));
}

static bool type_is(const struct names *q, const struct nport *n)
{
	return in_scope(q->args + 1, n) && names_has_type(n, q->args[3]);
}

static bool port_type_is(const struct names *q, const struct nport *n)
{
	return in_scope(q->args + 1, n) &&
	       (q->args[0] == n->port_type || (q->args[0] == NX_PORTS && n->port_type < 0x80));
}

/* A list of ids of those that match, each with its name when that is asked for (name may be NULL). */
static uint8_t list(struct names *q, bool (*matches)(const struct names *q, const struct nport *n),
		    void (*name)(struct names *q, const struct nport *n), uint8_t none)
{
	size_t last = SIZE_MAX;
	const struct nport *n = NULL;

	while ((n = fabric_next(q->f, n))) {
		if (!names_visible(q, n) || !matches(q, n))
			continue;
		last = q->out_n;
		put32(q, n->id);
		if (name) {
			put32(q, 0);
			name(q, n);
		}
	}
	if (last == SIZE_MAX)
		return none;
	q->out[last] = LAST_ENTRY;
	return NAMES_OK;
}

static uint8_t gid_nn(struct names *q)
{
	return list(q, node_is, NULL, NAMES_NO_NODE_NAME);
}

static uint8_t gid_ft(struct names *q)
{
	return list(q, type_is, NULL, NAMES_NO_TYPES);
}

static uint8_t gpn_ft(struct names *q)
{
	return list(q, type_is, tell_port_name, NAMES_NO_TYPES);
}

static uint8_t gnn_ft(struct names *q)
{
	return list(q, type_is, tell_node_name, NAMES_NO_TYPES);
}

static uint8_t gid_pt(struct names *q)
{
	return list(q, port_type_is, NULL, NAMES_NO_PORT_TYPE);
}

static uint8_t gsnn_nn(struct names *q)
{
	const struct nport *n = NULL;

	while ((n = fabric_next(q->f, n))) {
		if (names_visible(q, n) && node_is(q, n)) {
			put(q, n->node_symbol, sizeof(n->node_symbol));
			return NAMES_OK;
		}
	}
	return NAMES_NO_NODE_NAME;
}

const struct names_command names_queries[] = {
	{0x0100, 4, ga_nxt}, {0x0112, 4, gpn_id}, {0x0113, 4, gnn_id}, {0x0114, 4, gcs_id},
	{0x0117, 4, gft_id}, {0x0118, 4, gspn_id}, {0x011a, 4, gpt_id}, {0x011c, 4, gfpn_id},
	{0x011f, 4, gff_id}, {0x0121, 8, gid_pn}, {0x0131, 8, gid_nn}, {0x0139, 8, gsnn_nn},
	{0x0171, 4, gid_ft}, {0x0172, 4, gpn_ft}, {0x0173, 4, gnn_ft}, {0x01a1, 4, gid_pt},
	{0, 0, NULL},
};
