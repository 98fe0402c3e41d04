/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers of SLI-4: registers, mailbox commands, work queue entries and what completes them. */
#ifndef LPE31000_SLI4_H
#define LPE31000_SLI4_H

#define SLI_NONE		0xffff	/* no id */
#define SLI_PAGE		4096

/* Config space */
#define CFG_SLI_INTF		0x58

/* BAR 0 */
#define REG_WQ_DOORBELL		0x040
#define REG_RQ_DOORBELL		0x0a0
#define REG_EQCQ_DOORBELL	0x120
#define REG_MQ_DOORBELL		0x140
#define REG_BMBX		0x160
#define REG_SEMAPHORE		0x400
#define REG_STATUS		0x404
#define REG_CONTROL		0x408
#define REG_ERROR1		0x40c
#define REG_ERROR2		0x410
#define REG_PHYSDEV_CONTROL	0x414
#define REG_EQ_DELAY		0x418

#define SEMAPHORE_READY		0xc000u
#define STATUS_ERROR		0x80000000u
#define STATUS_RESET_NEEDED	0x01000000u
#define STATUS_READY		0x00800000u
#define STATUS_BIG_ENDIAN	0x40000000u
#define CONTROL_BIG_ENDIAN	0x40000000u
#define CONTROL_INIT_PORT	0x08000000u
#define PHYSDEV_DEVICE_RESET	0x1u
#define PHYSDEV_FUNCTION_RESET	0x2u

#define BMBX_READY		0x1u
#define BMBX_HIGH		0x2u

#define EQCQ_ARM		0x20000000u
#define EQCQ_IS_EQ		0x00000400u

/* Completion queue entries */
#define CQE_VALID		0x80000000u
#define CQE_WQE_DONE		0x01
#define CQE_WQE_RELEASE		0x02
#define CQE_RECEIVE		0x04
#define CQE_XRI_ABORTED		0x05
#define CQE_RECEIVE_V1		0x09

#define WCQE_SUCCESS		0x00
#define WCQE_FCP_RSP_FAILURE	0x01
#define WCQE_REMOTE_STOP	0x02
#define WCQE_LOCAL_REJECT	0x03
#define WCQE_NPORT_RJT		0x04
#define WCQE_FABRIC_RJT		0x05
#define WCQE_NPORT_BSY		0x06
#define WCQE_FABRIC_BSY		0x07
#define WCQE_LS_RJT		0x09
#define WCQE_CMD_REJECT		0x0b
#define WCQE_FCP_TGT_LENCHECK	0x0c
#define WCQE_FCP_RSP_TRUNCATED	0x15
#define WCQE_BA_RJT		0x17

#define WCQE_HW_UNDERRUN	0x1
#define WCQE_HW_OVERRUN		0x2

/* The parameter of WCQE_LOCAL_REJECT */
#define LOCAL_SEQUENCE_TIMEOUT	0x02
#define LOCAL_INTERNAL_ERROR	0x03
#define LOCAL_INVALID_RPI	0x04
#define LOCAL_NO_XRI		0x05
#define LOCAL_ILLEGAL_COMMAND	0x06
#define LOCAL_XCHG_DROPPED	0x07
#define LOCAL_ILLEGAL_FIELD	0x08
#define LOCAL_RPI_SUSPENDED	0x09
#define LOCAL_NO_ABORT_MATCH	0x0c
#define LOCAL_TX_DMA_FAILED	0x0d
#define LOCAL_RX_DMA_FAILED	0x0e
#define LOCAL_ILLEGAL_FRAME	0x0f
#define LOCAL_NO_RESOURCES	0x11
#define LOCAL_ILLEGAL_LENGTH	0x13
#define LOCAL_UNSUPPORTED	0x14
#define LOCAL_ABORT_IN_PROGRESS	0x15
#define LOCAL_ABORT_REQUESTED	0x16
#define LOCAL_LINK_DOWN		0x1a
#define LOCAL_INVALID_VPI	0x2e
#define LOCAL_INVALID_RELOFFSET	0x40
#define LOCAL_MISSING_RELOFFSET	0x41
#define LOCAL_INSUFF_BUFFER	0x42

/* CQE_XRI_ABORTED: who aborted (IA), how it was answered (BR), whose exchange it was (EO) */
#define XRI_ABORTED_LOCAL	0x40000000u
#define XRI_ABORTED_BA_RJT	0x20000000u
#define XRI_ABORTED_ORIGINATOR	0x10000000u

#define RCQE_SUCCESS		0x10
#define RCQE_TRUNCATED		0x11
#define RCQE_NEED_BUFFER	0x12
#define RCQE_DISCARDED		0x13

/* Work queue entries */
#define WQE_ABORT_XRI		0x0f
#define WQE_XMIT_SEQUENCE64	0x82
#define WQE_ELS_REQUEST64	0x8a
#define WQE_XMIT_ELS_RSP64	0x95
#define WQE_XMIT_BLS_RSP64	0x97
#define WQE_FCP_IWRITE64	0x98
#define WQE_FCP_IREAD64		0x9a
#define WQE_FCP_ICMND64		0x9c
#define WQE_GEN_REQUEST64	0xc2

/* Word 2 of a buffer descriptor: flags and length */
#define BDE_64			0x00
#define BDE_IMMEDIATE		0x01
#define BDE_LIST		0x40	/* BLP: the exchange's scatter list, or one at an address */

#define SGE_DATA		0x0
#define SGE_DIF			0x4
#define SGE_LSP			0x5
#define SGE_DISEED		0x8
#define SGE_SKIP		0xc

#endif
