// SPDX-License-Identifier: Apache-2.0
/* Logins and CT preambles, to and from bytes. */
#include "els.h"

#include "exchange.h"

#include <errno.h>
#include <string.h>

/* Offsets in the payload of FLOGI, FDISC and PLOGI (FC-LS-2, Login). */
enum {
	AT_VERSION = 4,
	AT_CREDIT = 6,
	AT_FEATURES = 8,
	AT_FRAME_SIZE = 10,
	AT_R_A_TOV = 12,	/* of an F_Port */
	AT_SEQUENCES = 12,	/* of an N_Port: sequences at once, then offset by category */
	AT_OFFSETS = 14,
	AT_E_D_TOV = 16,
	AT_WWPN = 20,
	AT_WWNN = 28,
	AT_CLASS3 = 68,
};

#define FC_PH_3_VERSION		0x2020
#define SIZE_MASK		0x0fff
#define CLASS_VALID		0x8000
#define CLASS_IN_ORDER		0x0800
#define FRAME_SIZE_MIN		256	/* smaller is not allowed */

int fc_login_get(struct fc_login *l, const uint8_t *payload, size_t n)
{
	const uint8_t *class3 = payload + AT_CLASS3;

	if (n < FC_LOGIN_SIZE)
		return -EINVAL;
	l->command = payload[0];
	l->features = fc_get16(payload + AT_FEATURES);
	l->bb_credit = fc_get16(payload + AT_CREDIT);
	l->frame_size = fc_get16(payload + AT_FRAME_SIZE) & SIZE_MASK;
	l->class3 = fc_get16(class3) & CLASS_VALID;
	l->class3_size = l->class3 ? fc_get16(class3 + 6) & SIZE_MASK : 0;
	l->wwpn = fc_get64(payload + AT_WWPN);
	l->wwnn = fc_get64(payload + AT_WWNN);
	return 0;
}

void fc_login_put(uint8_t *payload, const struct fc_login *l)
{
	uint8_t *class3 = payload + AT_CLASS3;

	memset(payload, 0, FC_LOGIN_SIZE);
	payload[0] = l->command;
	fc_put16(payload + AT_VERSION, FC_PH_3_VERSION);
	fc_put16(payload + AT_CREDIT, l->bb_credit);
	fc_put16(payload + AT_FEATURES, l->features);
	fc_put16(payload + AT_FRAME_SIZE, l->frame_size);
	if (l->features & FC_LOGIN_F_PORT) {
		fc_put32(payload + AT_R_A_TOV, FC_R_A_TOV_MS);
	} else {
		fc_put16(payload + AT_SEQUENCES, 255);
		fc_put16(payload + AT_OFFSETS, 0x1f);
	}
	fc_put32(payload + AT_E_D_TOV, FC_E_D_TOV_MS);
	fc_put64(payload + AT_WWPN, l->wwpn);
	fc_put64(payload + AT_WWNN, l->wwnn);
	if (l->class3 || l->class3_size) {
		fc_put16(class3, CLASS_VALID | CLASS_IN_ORDER);
		fc_put16(class3 + 6, l->class3_size);
		fc_put16(class3 + 8, 255);	/* sequences at once */
		fc_put16(class3 + 12, 1);	/* open sequences in an exchange */
	}
}

size_t fc_login_frame_size(const struct fc_login *l)
{
	size_t n = l->frame_size;

	if (l->class3_size && l->class3_size < n)
		n = l->class3_size;
	if (n < FRAME_SIZE_MIN)
		n = FRAME_SIZE_MIN;
	return n > FC_PAYLOAD_MAX ? FC_PAYLOAD_MAX : n / 4 * 4;
}

void fc_ct_get(struct fc_ct *c, const uint8_t *iu)
{
	c->gs_type = iu[4];
	c->gs_subtype = iu[5];
	c->command = fc_get16(iu + 8);
	c->size = fc_get16(iu + 10);
	c->reason = iu[13];
	c->explanation = iu[14];
}

void fc_ct_put(uint8_t *iu, const struct fc_ct *c)
{
	memset(iu, 0, FC_CT_SIZE);
	iu[0] = 1;	/* revision */
	iu[4] = c->gs_type;
	iu[5] = c->gs_subtype;
	fc_put16(iu + 8, c->command);
	fc_put16(iu + 10, c->size);
	iu[13] = c->reason;
	iu[14] = c->explanation;
}
