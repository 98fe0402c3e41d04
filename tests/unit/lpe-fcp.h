/* SPDX-License-Identifier: Apache-2.0 */
/* FCP on the fake LPe31000: work queue entries of the host, frames of the target. */
#ifndef TESTS_LPE_FCP_H
#define TESTS_LPE_FCP_H

#include "plugins/hba/emulex/lpe31000/model/scatter.h"
#include "tests/unit/lpe-fake.h"

/* In the fake's memory. Each XRI from 0 to 15 has two pages for its list. */
#define COMMAND		0x0000u
#define RESPONSE	0x1000u
#define RESPONSE_SIZE	128u
#define LIST(xri)	(0x10000u + (xri) * 0x2000u)
#define DATA		0x100000u

#define FCP_TAG		0x123

/* The memory is filled: the command with 0xcc, the response with 0xee, the data with 0xdd. Lists
 * have their entries for command and response. */
struct fake *fcp_start(uint16_t frame_max);
/* As lpfc and Broadcom's driver for user space make them: the command told by the BDE. */
struct wqe fcp_wqe(uint8_t command, uint16_t xri, uint32_t length);
/* The data of an XRI are one stretch. */
void fcp_one_part(struct fake *f, uint16_t xri, uint32_t n);
void fcp_pattern(uint8_t *p, uint32_t n);

/* The target. */
void fcp_data_frame(struct fake *f, uint16_t xri, uint8_t seq_id, uint16_t seq_cnt,
		    uint32_t offset, const uint8_t *data, uint32_t n, bool last);
/* A sequence of frames of at most max bytes. */
void fcp_send_data(struct fake *f, uint16_t xri, uint8_t seq_id, uint16_t seq_cnt, uint32_t offset,
		   const uint8_t *data, uint32_t n, uint32_t max);
void fcp_xfer_rdy(struct fake *f, uint16_t xri, uint32_t offset, uint32_t n);
void fcp_response(struct fake *f, uint16_t xri, uint8_t flags, uint8_t status, uint32_t residual);
/* CHECK CONDITION with so many bytes of sense. */
void fcp_sense(struct fake *f, uint16_t xri, uint32_t n);
/* An answer to an ABTS: BA_ACC, or BA_RJT. */
void fcp_abts_answer(struct fake *f, uint16_t xri, bool accept);

/* lpe-expect.c. The next entry completes the command of FCP_TAG so, and nothing of it is left. */
void fcp_expect(struct fake *f, uint8_t status, uint32_t parameter, uint32_t placed);
/* The same with an exchange that stays busy: its ABTS is the next frame. */
void fcp_expect_abort(struct fake *f, uint8_t status, uint32_t parameter);
/* The next entry, and no other, is XRI_ABORTED, and the XRI is free. */
void fcp_expect_aborted(struct fake *f, uint16_t xri, uint8_t status, uint32_t parameter,
			uint32_t flags);
/* A card with a read, or a write, of n bytes on XRI 9 whose command has gone out. */
struct fake *fcp_reading(uint32_t n);
struct fake *fcp_writing(uint32_t n);

#endif
