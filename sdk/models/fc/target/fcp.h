/* SPDX-License-Identifier: Apache-2.0 */
/* The information units of FCP-4 9, as offsets and bits. */
#ifndef MODELS_FC_TARGET_FCP_H
#define MODELS_FC_TARGET_FCP_H

#define FCP_CMND_SIZE		32	/* without additional CDB bytes */
#define FCP_CMND_ATTRIBUTE	9	/* the low three bits */
#define FCP_CMND_MANAGE		10
#define FCP_CMND_DIRECTION	11	/* and above it the additional CDB's words */
#define FCP_CMND_CDB		12
#define FCP_CMND_DL		28

#define FCP_WRDATA		0x01
#define FCP_RDDATA		0x02

#define FCP_SIMPLE		0
#define FCP_HEAD_OF_QUEUE	1
#define FCP_ORDERED		2
#define FCP_ACA			4
#define FCP_UNTAGGED		5	/* obsolete: as simple */

#define FCP_ABORT_TASK_SET	0x02
#define FCP_CLEAR_TASK_SET	0x04
#define FCP_LUN_RESET		0x10
#define FCP_TARGET_RESET	0x20
#define FCP_CLEAR_ACA		0x40

#define FCP_XFER_RDY_SIZE	12	/* DATA_RO, BURST_LEN, reserved */

#define FCP_RSP_SIZE		24	/* before RSP_INFO and SNS_INFO */
#define FCP_RSP_FLAGS		10
#define FCP_RSP_STATUS		11
#define FCP_RSP_RESID		12
#define FCP_RSP_SNS_LEN		16
#define FCP_RSP_RSP_LEN		20
#define FCP_RSP_INFO_SIZE	8

#define FCP_RSP_LEN_VALID	0x01
#define FCP_SNS_LEN_VALID	0x02
#define FCP_RESID_OVER		0x04
#define FCP_RESID_UNDER		0x08

/* RSP_CODE */
#define FCP_MANAGED		0x00	/* task management function complete */
#define FCP_BURST_DIFFERS	0x01	/* FCP_DATA length different from FCP_BURST_LEN */
#define FCP_CMND_INVALID	0x02
#define FCP_OFFSET_DIFFERS	0x03	/* FCP_DATA RO mismatch with FCP_XFER_RDY DATA_RO */
#define FCP_MANAGE_REJECTED	0x04
#define FCP_WRONG_LUN		0x09

#endif
