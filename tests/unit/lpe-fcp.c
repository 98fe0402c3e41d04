// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/lpe-fcp.h"

#include <string.h>

#define RSP_SIZE	24
#define RX_ID		0x77

struct fake *fcp_start(uint16_t frame_max)
{
	struct fake *f = fake_start(frame_max);

	memset(fake_at(f, 0), 0, DATA);
	memset(fake_at(f, COMMAND), 0xcc, 64);
	memset(fake_at(f, RESPONSE), 0xee, 512);
	memset(fake_at(f, DATA), 0xdd, 0x10000);
	for (uint16_t i = 0; i < 16; i++) {
		f->c.xri[i].sgl[0] = fake_address(LIST(i));
		f->c.xri[i].sgl[1] = fake_address(LIST(i) + SLI_PAGE);
		fake_sge(f, LIST(i), SCATTER_COMMAND, fake_address(COMMAND), 0, 32, SGE_DATA,
			 false);
		fake_sge(f, LIST(i), SCATTER_RESPONSE, fake_address(RESPONSE), 0, RESPONSE_SIZE,
			 SGE_DATA, true);
	}
	return f;
}

struct wqe fcp_wqe(uint8_t command, uint16_t xri, uint32_t length)
{
	uint64_t at = fake_address(COMMAND);

	return (struct wqe){
		.words = 16, .wq_id = FAKE_WQ,
		.word = {
			[0] = (uint32_t)BDE_64 << 24 | 32,
			[1] = (uint32_t)at,
			[2] = (uint32_t)(at >> 32),
			[4] = length,
			[6] = (uint32_t)FAKE_RPI << 16 | xri,
			[7] = (uint32_t)command << 8 | 2u << 16,
			[8] = 0xab0000u + xri,
			[9] = FCP_TAG,
			[10] = 0x4000,
		},
	};
}

void fcp_one_part(struct fake *f, uint16_t xri, uint32_t n)
{
	fake_sge(f, LIST(xri), SCATTER_DATA, fake_address(DATA), 0, n, SGE_DATA, true);
}

void fcp_pattern(uint8_t *p, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		p[i] = (uint8_t)(i * 7 + (i >> 8));
}

void fcp_data_frame(struct fake *f, uint16_t xri, uint8_t seq_id, uint16_t seq_cnt,
		    uint32_t offset, const uint8_t *data, uint32_t n, bool last)
{
	struct fc_header h = {
		.r_ctl = FC_RCTL_DATA_SOLICITED, .type = FC_TYPE_FCP, .seq_id = seq_id,
		.seq_cnt = seq_cnt, .rx_id = RX_ID, .parameter = offset,
		.f_ctl = FC_FCTL_REL_OFFSET | (last ? FC_FCTL_END_SEQ : 0),
	};

	fake_send(f, xri, &h, data, n);
}

void fcp_send_data(struct fake *f, uint16_t xri, uint8_t seq_id, uint16_t seq_cnt, uint32_t offset,
		   const uint8_t *data, uint32_t n, uint32_t max)
{
	for (uint32_t part; n; n -= part, data += part, offset += part) {
		part = n < max ? n : max;
		fcp_data_frame(f, xri, seq_id, seq_cnt++, offset, data, part, part == n);
	}
}

static void send_iu(struct fake *f, uint16_t xri, uint8_t r_ctl, const void *iu, uint32_t n)
{
	struct fc_header h = {
		.r_ctl = r_ctl, .type = FC_TYPE_FCP, .rx_id = RX_ID,
		.f_ctl = FC_FCTL_END_SEQ | FC_FCTL_SEQ_INITIATIVE,
	};

	fake_send(f, xri, &h, iu, n);
}

void fcp_xfer_rdy(struct fake *f, uint16_t xri, uint32_t offset, uint32_t n)
{
	uint8_t iu[12] = {0};

	fc_put32(iu, offset);
	fc_put32(iu + 4, n);
	send_iu(f, xri, FC_RCTL_DATA_DESCRIPTOR, iu, sizeof(iu));
}

void fcp_response(struct fake *f, uint16_t xri, uint8_t flags, uint8_t status, uint32_t residual)
{
	uint8_t iu[RSP_SIZE] = {[10] = flags, [11] = status};

	fc_put32(iu + 12, residual);
	send_iu(f, xri, FC_RCTL_DATA_CMD_STATUS, iu, sizeof(iu));
}

void fcp_sense(struct fake *f, uint16_t xri, uint32_t n)
{
	uint8_t iu[RSP_SIZE + 256] = {[10] = 0x02, [11] = 2, [RSP_SIZE] = 0x70};

	fc_put32(iu + 16, n);
	send_iu(f, xri, FC_RCTL_DATA_CMD_STATUS, iu, RSP_SIZE + n);
}

void fcp_abts_answer(struct fake *f, uint16_t xri, bool accept)
{
	struct fc_header h = {
		.r_ctl = accept ? FC_RCTL_BLS_ACC : FC_RCTL_BLS_RJT, .type = FC_TYPE_BLS,
		.rx_id = RX_ID, .f_ctl = FC_FCTL_LAST_SEQ | FC_FCTL_END_SEQ,
	};
	uint8_t iu[12] = {0, FC_BA_RJT_LOGICAL_ERROR, FC_BA_EXPLAIN_INVALID_OX_RX};

	if (accept) {
		memset(iu, 0, sizeof(iu));
		fc_put16(iu + 4, xri);
		fc_put16(iu + 6, RX_ID);
		fc_put16(iu + 10, 0xffff);
	}
	fake_send(f, xri, &h, iu, accept ? 12 : 4);
}
