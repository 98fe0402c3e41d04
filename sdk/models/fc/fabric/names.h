/* SPDX-License-Identifier: Apache-2.0 */
/* The name server's parts (FC-GS-6, Name server): a request under way, and who serves which. */
#ifndef SDK_MODELS_FC_NAMES_H
#define SDK_MODELS_FC_NAMES_H

#include "fabric.h"

/* Explanations of a reject with the reason "unable to perform". */
#define NAMES_OK		0x00
#define NAMES_NO_ID		0x01
#define NAMES_NO_PORT_NAME	0x02
#define NAMES_NO_NODE_NAME	0x03
#define NAMES_NO_TYPES		0x07
#define NAMES_NO_PORT_TYPE	0x0a
#define NAMES_BAD_ID		0x11
#define NAMES_EMPTY		0x12

#define NAMES_ANSWER_MAX	(PORTS_MAX * NPORTS_MAX * 16)

struct names {
	struct fabric *f;
	struct nport *from;
	const uint8_t *args;	/* behind the preamble; at least what the table says */
	size_t n;
	uint8_t *out;		/* the answer behind its preamble, NAMES_ANSWER_MAX bytes */
	size_t out_n;
};

struct names_command {
	uint16_t code, args;	/* the least length of its arguments */
	uint8_t (*fn)(struct names *q);	/* NAMES_OK or an explanation */
};

/* Ends with code 0. */
extern const struct names_command names_queries[], names_registrations[];

bool names_visible(const struct names *q, const struct nport *n);

#endif
