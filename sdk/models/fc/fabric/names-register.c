// SPDX-License-Identifier: Apache-2.0
/* What an N_Port tells the name server of itself (FC-GS-6, registrations). */
#include <string.h>

#include "names.h"

/* An N_Port registers for itself only. */
static bool own_id(const struct names *q)
{
	return fc_get24(q->args + 1) == q->from->id;
}

static uint8_t node_name(struct names *q)
{
	if (!own_id(q))
		return NAMES_BAD_ID;
	q->from->wwnn = fc_get64(q->args + 4);
	return NAMES_OK;
}

static uint8_t port_name(struct names *q)
{
	/* It is the login's: another is refused. */
	return own_id(q) && fc_get64(q->args + 4) == q->from->login.wwpn ? NAMES_OK : NAMES_BAD_ID;
}

static uint8_t classes(struct names *q)
{
	if (!own_id(q))
		return NAMES_BAD_ID;
	q->from->classes = fc_get32(q->args + 4);
	return NAMES_OK;
}

static uint8_t port_type(struct names *q)
{
	if (!own_id(q))
		return NAMES_BAD_ID;
	q->from->port_type = q->args[4];
	return NAMES_OK;
}

static void others_hear(struct names *q)
{
	changes_add(q->f, q->from->id, q->from->login.wwpn, false);
}

static uint8_t fc4_types(struct names *q)
{
	if (!own_id(q))
		return NAMES_BAD_ID;
	if (memcmp(q->from->fc4_types, q->args + 4, FC4_TYPES_SIZE)) {
		memcpy(q->from->fc4_types, q->args + 4, FC4_TYPES_SIZE);
		others_hear(q);
	}
	return NAMES_OK;
}

static uint8_t fc4_features(struct names *q)
{
	uint8_t features = q->args[6] & 0xf, type = q->args[7], was, *at;
	unsigned int shift = type % 2 * 4;

	if (!own_id(q))
		return NAMES_BAD_ID;
	at = &q->from->fc4_features[type / 8 * 4 + 3 - type % 8 / 2];
	was = *at;
	*at = (uint8_t)((was & ~(0xf << shift)) | features << shift);
	if (*at != was)
		others_hear(q);
	return NAMES_OK;
}

static uint8_t symbolic(char *to, const uint8_t *from, size_t n)
{
	size_t len = from[0];

	if (len + 1 > n)
		return NAMES_EMPTY;
	memset(to, 0, 256);
	memcpy(to, from, len + 1);
	return NAMES_OK;
}

static uint8_t symbolic_port(struct names *q)
{
	return own_id(q) ? symbolic(q->from->port_symbol, q->args + 4, q->n - 4) : NAMES_BAD_ID;
}

static uint8_t symbolic_node(struct names *q)
{
	if (fc_get64(q->args) != q->from->wwnn)
		return NAMES_NO_NODE_NAME;
	return symbolic(q->from->node_symbol, q->args + 8, q->n - 8);
}

static uint8_t deregister(struct names *q)
{
	struct nport *n = q->from;

	if (!own_id(q))
		return NAMES_BAD_ID;
	memset(n->fc4_types, 0, sizeof(n->fc4_types));
	memset(n->fc4_features, 0, sizeof(n->fc4_features));
	memset(n->port_symbol, 0, sizeof(n->port_symbol));
	memset(n->node_symbol, 0, sizeof(n->node_symbol));
	n->wwnn = n->login.wwnn;
	others_hear(q);
	return NAMES_OK;
}

const struct names_command names_registrations[] = {
	{0x0212, 12, port_name},		/* RPN_ID */
	{0x0213, 12, node_name},		/* RNN_ID */
	{0x0214, 8, classes},			/* RCS_ID */
	{0x0217, 4 + FC4_TYPES_SIZE, fc4_types}, /* RFT_ID */
	{0x0218, 5, symbolic_port},		/* RSPN_ID */
	{0x021a, 8, port_type},			/* RPT_ID */
	{0x021f, 8, fc4_features},		/* RFF_ID */
	{0x0239, 9, symbolic_node},		/* RSNN_NN */
	{0x0300, 4, deregister},		/* DA_ID */
	{0, 0, NULL},
};
