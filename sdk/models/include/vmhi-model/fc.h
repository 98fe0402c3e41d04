/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fibre Channel frames as bytes: the header, and the numbers of FC-FS-3 (framing), FC-LS-2 (link
 * services) and FC-GS-6 (generic services). Everything on the fibre is big-endian.
 */
#ifndef VMHI_MODEL_FC_H
#define VMHI_MODEL_FC_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FC_HEADER_SIZE	24
#define FC_PAYLOAD_MAX	2112
#define FC_FRAME_MAX	(FC_HEADER_SIZE + FC_PAYLOAD_MAX)

/* Delimiters, by the code points that FC-BB-5 gives them for FCoE. */
#define FC_SOF_F	0x28
#define FC_SOF_I2	0x2d
#define FC_SOF_I3	0x2e	/* first frame of a class 3 sequence */
#define FC_SOF_N2	0x35
#define FC_SOF_N3	0x36	/* the frames after it */
#define FC_EOF_N	0x41	/* more frames follow */
#define FC_EOF_T	0x42	/* last frame of the sequence */
#define FC_EOF_NI	0x49
#define FC_EOF_A	0x50	/* aborted: to be discarded */

/* R_CTL (FC-FS-3, Routing Control). */
#define FC_RCTL_DATA_UNCATEGORIZED	0x00
#define FC_RCTL_DATA_SOLICITED		0x01	/* FCP_DATA */
#define FC_RCTL_DATA_UNSOLICITED_CTL	0x02	/* CT request */
#define FC_RCTL_DATA_SOLICITED_CTL	0x03	/* CT answer */
#define FC_RCTL_DATA_UNSOLICITED	0x04
#define FC_RCTL_DATA_DESCRIPTOR		0x05	/* FCP_XFER_RDY */
#define FC_RCTL_DATA_UNSOLICITED_CMD	0x06	/* FCP_CMND */
#define FC_RCTL_DATA_CMD_STATUS		0x07	/* FCP_RSP */
#define FC_RCTL_ELS_REQUEST		0x22
#define FC_RCTL_ELS_REPLY		0x23
#define FC_RCTL_BLS_NOP			0x80
#define FC_RCTL_BLS_ABTS		0x81
#define FC_RCTL_BLS_ACC			0x84
#define FC_RCTL_BLS_RJT			0x85
#define FC_RCTL_ACK_1			0xc0
#define FC_RCTL_P_RJT			0xc2
#define FC_RCTL_F_RJT			0xc3
#define FC_RCTL_P_BSY			0xc4
#define FC_RCTL_F_BSY_DATA		0xc5

/* TYPE (FC-FS-3, Data structure type). */
#define FC_TYPE_BLS	0x00
#define FC_TYPE_ELS	0x01
#define FC_TYPE_FCP	0x08
#define FC_TYPE_CT	0x20

/* F_CTL (FC-FS-3, Frame Control), 24 bits. */
#define FC_FCTL_RESPONDER	0x800000u	/* sent by the exchange's responder */
#define FC_FCTL_SEQ_RECIPIENT	0x400000u	/* sent by the sequence's recipient */
#define FC_FCTL_FIRST_SEQ	0x200000u
#define FC_FCTL_LAST_SEQ	0x100000u
#define FC_FCTL_END_SEQ		0x080000u
#define FC_FCTL_SEQ_INITIATIVE	0x010000u	/* hands the initiative over */
#define FC_FCTL_REL_OFFSET	0x000008u	/* the parameter is a relative offset */
#define FC_FCTL_FILL		0x000003u	/* fill bytes at the payload's end */

/* Addresses (FC-FS-3, Well-known addresses). */
#define FC_ADDR_BROADCAST	0xffffffu
#define FC_ADDR_F_PORT		0xfffffeu	/* FLOGI */
#define FC_ADDR_CONTROLLER	0xfffffdu	/* SCR, RSCN */
#define FC_ADDR_DIRECTORY	0xfffffcu	/* name server */
#define FC_ADDR_MANAGEMENT	0xfffffau	/* FDMI and configuration */
#define FC_ADDR_WELL_KNOWN	0xfffff0u	/* the first of them */

#define FC_ID_NONE		0xffffu		/* an OX_ID or RX_ID not assigned */

struct fc_header {
	uint8_t r_ctl, cs_ctl, type, seq_id, df_ctl;
	uint32_t d_id, s_id;		/* 24 bits */
	uint32_t f_ctl;			/* 24 bits */
	uint16_t seq_cnt, ox_id, rx_id;
	uint32_t parameter;
};

/* frame has at least FC_HEADER_SIZE bytes. */
void fc_header_get(struct fc_header *h, const uint8_t *frame);
void fc_header_put(uint8_t *frame, const struct fc_header *h);

/* Extended link services (FC-LS-2): the first byte of the payload. */
#define FC_ELS_LS_RJT	0x01
#define FC_ELS_LS_ACC	0x02
#define FC_ELS_PLOGI	0x03
#define FC_ELS_FLOGI	0x04
#define FC_ELS_LOGO	0x05
#define FC_ELS_RTV	0x0e
#define FC_ELS_RLS	0x0f
#define FC_ELS_ECHO	0x10
#define FC_ELS_RRQ	0x12
#define FC_ELS_REC	0x13
#define FC_ELS_PRLI	0x20
#define FC_ELS_PRLO	0x21
#define FC_ELS_FDISC	0x51
#define FC_ELS_ADISC	0x52
#define FC_ELS_RSCN	0x61
#define FC_ELS_SCR	0x62
#define FC_ELS_RNID	0x78

/* LS_RJT reason codes (FC-LS-2, LS_RJT) and the explanations used here. */
#define FC_LS_RJT_INVALID_COMMAND	0x01
#define FC_LS_RJT_LOGICAL_ERROR		0x03
#define FC_LS_RJT_LOGICAL_BUSY		0x05
#define FC_LS_RJT_PROTOCOL_ERROR	0x07
#define FC_LS_RJT_UNABLE		0x09
#define FC_LS_RJT_NOT_SUPPORTED		0x0b
#define FC_LS_EXPLAIN_NONE		0x00
#define FC_LS_EXPLAIN_OPTIONS		0x01	/* service parameters: options */
#define FC_LS_EXPLAIN_FRAME_SIZE	0x07	/* service parameters: receive data field size */
#define FC_LS_EXPLAIN_INVALID_WWPN	0x0d
#define FC_LS_EXPLAIN_INVALID_WWNN	0x0e
#define FC_LS_EXPLAIN_INVALID_OX_RX	0x17
#define FC_LS_EXPLAIN_LOGIN_REQUIRED	0x1e
#define FC_LS_EXPLAIN_NO_RESOURCES	0x29
#define FC_LS_EXPLAIN_UNAVAILABLE	0x2a
#define FC_LS_EXPLAIN_PAYLOAD		0x2d	/* invalid payload length */

/* BA_RJT, P_RJT and F_RJT reason codes (FC-FS-3). */
#define FC_BA_RJT_LOGICAL_ERROR		0x03
#define FC_BA_RJT_UNABLE		0x09
#define FC_BA_EXPLAIN_INVALID_OX_RX	0x03
#define FC_RJT_INVALID_D_ID		0x01
#define FC_RJT_INVALID_S_ID		0x02
#define FC_RJT_UNAVAILABLE_TEMPORARILY	0x03
#define FC_RJT_CLASS_NOT_SUPPORTED	0x06
#define FC_RJT_LOGIN_REQUIRED		0x13

/* PRLI (FC-LS-2, PRLI) with the service parameters of FCP-4. */
#define FC_PRLI_IMAGE_PAIR	0x2000	/* flags: establish, in an answer: established */
#define FC_PRLI_ACC_EXECUTED	0x01	/* response code, bits 11-8 of the flags */
#define FC_FCP_INITIATOR	0x20u
#define FC_FCP_TARGET		0x10u
#define FC_FCP_RETRY		0x100u
#define FC_FCP_CONFIRM		0x80u
#define FC_FCP_READ_XRDY_OFF	0x02u	/* no XFER_RDY before read data */

static inline uint16_t fc_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t fc_get24(const uint8_t *p)
{
	return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

static inline uint32_t fc_get32(const uint8_t *p)
{
	return (uint32_t)fc_get16(p) << 16 | fc_get16(p + 2);
}

static inline uint64_t fc_get64(const uint8_t *p)
{
	return (uint64_t)fc_get32(p) << 32 | fc_get32(p + 4);
}

static inline void fc_put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void fc_put24(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 16);
	fc_put16(p + 1, (uint16_t)v);
}

static inline void fc_put32(uint8_t *p, uint32_t v)
{
	fc_put16(p, (uint16_t)(v >> 16));
	fc_put16(p + 2, (uint16_t)v);
}

static inline void fc_put64(uint8_t *p, uint64_t v)
{
	fc_put32(p, (uint32_t)(v >> 32));
	fc_put32(p + 4, (uint32_t)v);
}

#ifdef __cplusplus
}
#endif

#endif
