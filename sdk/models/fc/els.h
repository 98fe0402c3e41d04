/* SPDX-License-Identifier: Apache-2.0 */
/* The payloads of logins (FC-LS-2) and of generic services (FC-GS-6), to and from bytes. */
#ifndef SDK_MODELS_FC_ELS_H
#define SDK_MODELS_FC_ELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vmhi-model/fc.h>

#define FC_LOGIN_SIZE	116

/* Common features: the upper half of word 1 of the common service parameters. */
#define FC_LOGIN_CIRO		0x8000	/* PLOGI: continuously increasing relative offset */
#define FC_LOGIN_NPIV_ASK	0x8000	/* FLOGI: several addresses wanted */
#define FC_LOGIN_NPIV_GIVE	0x2000	/* answer to FLOGI: several addresses are to be had */
#define FC_LOGIN_F_PORT		0x1000	/* the sender is a fabric port */
#define FC_LOGIN_ALT_CREDIT	0x0800

/* FLOGI, FDISC, PLOGI and their LS_ACC. Class 3 only. */
struct fc_login {
	uint8_t command;	/* FC_ELS_*, LS_ACC in an answer */
	uint16_t features, bb_credit;
	uint16_t frame_size;	/* payload bytes of a frame that the sender takes */
	bool class3;		/* it has class 3; implied by a size for fc_login_put() */
	uint16_t class3_size;	/* the same for class 3; in FLOGI and FDISC reserved, 0 from some */
	uint64_t wwpn, wwnn;
};

/* 0, or -EINVAL when n is too short for a login. */
int fc_login_get(struct fc_login *l, const uint8_t *payload, size_t n);
/* payload has FC_LOGIN_SIZE bytes. The timeouts are FC_E_D_TOV_MS and FC_R_A_TOV_MS. */
void fc_login_put(uint8_t *payload, const struct fc_login *l);
/* The payload bytes of a frame to whoever logged in so: at least 256, a multiple of 4. */
size_t fc_login_frame_size(const struct fc_login *l);

/* The preamble of CT_IU, 16 bytes. */
#define FC_CT_SIZE		16
#define FC_CT_DIRECTORY		0xfc
#define FC_CT_MANAGEMENT	0xfa
#define FC_CT_NAME_SERVER	0x02	/* subtype of the directory */
#define FC_CT_CONFIGURATION	0x01	/* subtypes of management */
#define FC_CT_FDMI		0x10
#define FC_CT_REJECT		0x8001	/* command codes of answers */
#define FC_CT_ACCEPT		0x8002

/* Reason codes, and explanations of the name server. */
#define FC_CT_RJT_INVALID_COMMAND	0x01
#define FC_CT_RJT_LOGICAL_ERROR		0x03
#define FC_CT_RJT_INVALID_SIZE		0x04
#define FC_CT_RJT_BUSY			0x05
#define FC_CT_RJT_UNABLE		0x09
#define FC_CT_RJT_NOT_SUPPORTED		0x0b

struct fc_ct {
	uint8_t gs_type, gs_subtype;
	uint16_t command;	/* in an answer FC_CT_ACCEPT or FC_CT_REJECT */
	uint16_t size;		/* words after the preamble: most wanted, or left over */
	uint8_t reason, explanation;
};

/* iu has FC_CT_SIZE bytes. */
void fc_ct_get(struct fc_ct *c, const uint8_t *iu);
void fc_ct_put(uint8_t *iu, const struct fc_ct *c);

#endif
