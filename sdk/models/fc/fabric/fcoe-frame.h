/* SPDX-License-Identifier: Apache-2.0 */
/* A Fibre Channel frame in an Ethernet frame (FC-BB-5, FCoE frame format). */
#ifndef SDK_MODELS_FC_FCOE_FRAME_H
#define SDK_MODELS_FC_FCOE_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include <vmhi-model/fc.h>

#define ETHERTYPE_FCOE	0x8906
#define ETHERTYPE_FIP	0x8914
#define FC_MAP		0x0efc00u	/* the prefix of a fabric-provided MAC address */

#define FCOE_HEADER_SIZE	28	/* Ethernet, version, 12 bytes reserved, SOF */
#define FCOE_TRAILER_SIZE	8	/* CRC, EOF, 3 bytes reserved */
#define FCOE_FRAME_MAX		(FCOE_HEADER_SIZE + FC_FRAME_MAX + FCOE_TRAILER_SIZE)

/* The address that the fabric gives with an N_Port_ID. */
void fcoe_fpma(uint8_t mac[6], uint32_t id);
/* Everything but the two MAC addresses; the size. out has FCOE_FRAME_MAX bytes. */
size_t fcoe_frame_put(uint8_t *out, uint8_t sof, const uint8_t *frame, size_t n, uint8_t eof);
/* The FC frame in it: 0, or -EINVAL, or -EBADMSG for a wrong CRC. */
int fcoe_frame_get(const uint8_t *in, size_t size, uint8_t *sof, const uint8_t **frame, size_t *n,
		   uint8_t *eof);

#endif
