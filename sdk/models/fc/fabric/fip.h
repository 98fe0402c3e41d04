/* SPDX-License-Identifier: Apache-2.0 */
/* FIP frames (FC-BB-5, FCoE Initialization Protocol): their operations and descriptors as bytes. */
#ifndef SDK_MODELS_FC_FIP_H
#define SDK_MODELS_FC_FIP_H

#include <stddef.h>
#include <stdint.h>

#include "fcoe-frame.h"

#define FIP_FRAME_MAX	(14 + 2158)	/* a solicited advertisement, which tries the way out */

/* Operation code in the high half, subcode in the low one. */
#define FIP_SOLICITATION	0x00010001u
#define FIP_ADVERTISEMENT	0x00010002u
#define FIP_LS_REQUEST		0x00020001u
#define FIP_LS_REPLY		0x00020002u
#define FIP_KEEP_ALIVE		0x00030001u
#define FIP_CLEAR_LINKS		0x00030002u
#define FIP_VLAN_REQUEST	0x00040001u
#define FIP_VLAN_NOTIFICATION	0x00040002u

#define FIP_FLAG_FPMA		0x8000	/* addresses are given by the fabric */
#define FIP_FLAG_AVAILABLE	0x0004	/* for login */
#define FIP_FLAG_SOLICITED	0x0002
#define FIP_FLAG_FCF		0x0001	/* from a forwarder, not an ENode */

/* Descriptor types; those below 128 must be understood. */
#define FIP_PRIORITY		1
#define FIP_MAC			2
#define FIP_FC_MAP		3
#define FIP_NAME		4
#define FIP_FABRIC		5
#define FIP_MAX_SIZE		6
#define FIP_FLOGI		7
#define FIP_FDISC		8
#define FIP_LOGO		9
#define FIP_VN_PORT		11
#define FIP_FKA_PERIOD		12
#define FIP_VENDOR_ID		13
#define FIP_VLAN		14

/* What a frame says; pointers are into it, NULL for a descriptor that is not there. */
struct fip {
	uint32_t operation;
	uint16_t flags, max_size;	/* 0: not said */
	const uint8_t *source;		/* of the Ethernet frame */
	const uint8_t *mac;
	uint8_t els_type;		/* FIP_FLOGI, FIP_FDISC, FIP_LOGO; 0: none */
	const uint8_t *els;		/* FC header and payload */
	size_t els_n;			/* a multiple of 4, 24 and up */
};

/* 0, or -EINVAL when any part of it is wrong; size counts the Ethernet header. */
int fip_get(struct fip *f, const uint8_t *in, size_t size);

/* A frame being made. */
struct fip_out {
	uint8_t bytes[FIP_FRAME_MAX];
	size_t n;
};

void fip_begin(struct fip_out *o, const uint8_t to[6], const uint8_t from[6], uint32_t operation,
	       uint16_t flags);
/* A descriptor of type and n bytes behind it; n + 2 is a multiple of 4. */
void fip_add(struct fip_out *o, uint8_t type, const void *bytes, size_t n);
/* Fills in the length of the list; pads the frame to at least size bytes. */
void fip_end(struct fip_out *o, size_t size);

#endif
