// SPDX-License-Identifier: Apache-2.0
/* A target and a host that do not keep the rules, at the FCP part of the LPe31000 model. */
#include <string.h>

#include "tests/unit/cunit.h"
#include "tests/unit/lpe-fcp.h"

/* Frames of a target that does not keep the rules of FCP. */
static void test_bad_target(void)
{
	static const struct {
		bool write;
		struct fc_header h;
		uint32_t word[2], n, local;
	} bad[] = {
		{false, {.r_ctl = FC_RCTL_DATA_SOLICITED, .parameter = 4096,
			 .f_ctl = FC_FCTL_REL_OFFSET}, {0}, 4, LOCAL_INVALID_RELOFFSET},
		{false, {.r_ctl = FC_RCTL_DATA_SOLICITED, .parameter = 4093,
			 .f_ctl = FC_FCTL_REL_OFFSET}, {0}, 4, LOCAL_INVALID_RELOFFSET},
		{false, {.r_ctl = FC_RCTL_DATA_SOLICITED, .parameter = 0xfffffffe,
			 .f_ctl = FC_FCTL_REL_OFFSET}, {0}, 4, LOCAL_INVALID_RELOFFSET},
		{false, {.r_ctl = FC_RCTL_DATA_SOLICITED}, {0}, 4, LOCAL_MISSING_RELOFFSET},
		{false, {.r_ctl = FC_RCTL_DATA_SOLICITED, .df_ctl = 1,
			 .f_ctl = FC_FCTL_REL_OFFSET}, {0}, 4, LOCAL_ILLEGAL_FRAME},
		{false, {.r_ctl = FC_RCTL_DATA_DESCRIPTOR}, {0, 512}, 12, LOCAL_ILLEGAL_FRAME},
		{false, {.r_ctl = FC_RCTL_DATA_CMD_STATUS, .f_ctl = FC_FCTL_END_SEQ},
			 {0}, 20, LOCAL_ILLEGAL_FRAME},
		{false, {.r_ctl = FC_RCTL_DATA_CMD_STATUS}, {0}, 24, LOCAL_ILLEGAL_FRAME},
		{false, {.r_ctl = FC_RCTL_DATA_UNSOLICITED_CMD}, {0}, 32, LOCAL_ILLEGAL_FRAME},
		{true, {.r_ctl = FC_RCTL_DATA_SOLICITED, .f_ctl = FC_FCTL_REL_OFFSET},
			 {0}, 4, LOCAL_ILLEGAL_FRAME},
		{true, {.r_ctl = FC_RCTL_DATA_DESCRIPTOR}, {0, 512}, 8, LOCAL_ILLEGAL_FRAME},
		{true, {.r_ctl = FC_RCTL_DATA_DESCRIPTOR}, {0, 0}, 12, LOCAL_INVALID_RELOFFSET},
		{true, {.r_ctl = FC_RCTL_DATA_DESCRIPTOR}, {4095, 2}, 12,
			 LOCAL_INVALID_RELOFFSET},
		{true, {.r_ctl = FC_RCTL_DATA_DESCRIPTOR}, {0xffffffff, 2}, 12,
			 LOCAL_INVALID_RELOFFSET},
	};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct fake *f = bad[i].write ? fcp_writing(4096) : fcp_reading(4096);
		struct fc_header h = bad[i].h;
		uint8_t payload[32] = {0};

		h.type = FC_TYPE_FCP;
		h.rx_id = 0x77;
		fc_put32(payload, bad[i].word[0]);
		fc_put32(payload + 4, bad[i].word[1]);
		fake_send(f, 9, &h, payload, bad[i].n);
		fcp_expect_abort(f, WCQE_LOCAL_REJECT, bad[i].local);
		CU_ASSERT_EQUAL(*fake_at(f, DATA), 0xdd);
		fcp_abts_answer(f, 9, true);
		fcp_expect_aborted(f, 9, WCQE_SUCCESS, 0, 0);
		fake_stop(f);
	}
}

/* The target asks for more while it has not got what it asked for; offsets that jump back. */
static void test_bad_order(void)
{
	struct fake *f = fcp_writing(2u << 20);
	uint8_t data[1024] = {0};

	fc_wire_pause(f->far, true);
	fcp_xfer_rdy(f, 9, 0, 2u << 20);
	fcp_xfer_rdy(f, 9, 0, 512);
	fc_wire_pause(f->far, false);
	CU_ASSERT_EQUAL(entry_status(f->entry[0]), WCQE_LOCAL_REJECT);
	CU_ASSERT_EQUAL(f->entry[0][2], LOCAL_ILLEGAL_FRAME);
	fake_stop(f);

	f = fcp_reading(4096);
	fcp_data_frame(f, 9, 1, 0, 0, data, 1024, false);
	fcp_data_frame(f, 9, 1, 1, 512, data, 1024, false);
	fcp_expect_abort(f, WCQE_LOCAL_REJECT, LOCAL_INVALID_RELOFFSET);
	fake_stop(f);
}

/* Scatter lists of a host that lies, met on the way in and on the way out. */
static void test_bad_lists(void)
{
	static const struct {
		uint64_t address;
		uint32_t offset, length;
		uint8_t type;
		bool last;
		uint32_t read, write;
	} bad[] = {
		{FAKE_BASE + DATA, 0, 512, SGE_DATA, true, LOCAL_INSUFF_BUFFER,
		 LOCAL_INSUFF_BUFFER},
		{FAKE_BASE + DATA, 0, 0, SGE_SKIP, true, LOCAL_INSUFF_BUFFER,
		 LOCAL_INSUFF_BUFFER},
		{FAKE_BASE + DATA, 4, 1024, SGE_DATA, true, LOCAL_ILLEGAL_FIELD,
		 LOCAL_ILLEGAL_FIELD},
		{FAKE_BASE + DATA, 0, 1024, SGE_DIF, true, LOCAL_ILLEGAL_FIELD,
		 LOCAL_ILLEGAL_FIELD},
		{FAKE_BASE + DATA, 0, 0xffffffff, SGE_DATA, true, LOCAL_ILLEGAL_FIELD,
		 LOCAL_ILLEGAL_FIELD},
		{FAKE_BASE + FAKE_SIZE - 4, 0, 1024, SGE_DATA, true, LOCAL_RX_DMA_FAILED,
		 LOCAL_TX_DMA_FAILED},
		{FAKE_BASE + FAKE_SIZE, 0, 1024, SGE_LSP, false, LOCAL_RX_DMA_FAILED,
		 LOCAL_TX_DMA_FAILED},
		{FAKE_BASE + DATA, 0, 8, SGE_LSP, false, LOCAL_INSUFF_BUFFER,
		 LOCAL_INSUFF_BUFFER},
		{FAKE_BASE + LIST(9) + 32, 0, 4096, SGE_LSP, false, LOCAL_INSUFF_BUFFER,
		 LOCAL_INSUFF_BUFFER},		/* a list that points to itself */
	};
	uint8_t data[1024] = {0};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct fake *f = fcp_reading(1024);

		fake_sge(f, LIST(9), 2, bad[i].address, bad[i].offset, bad[i].length, bad[i].type,
			 bad[i].last);
		fcp_data_frame(f, 9, 1, 0, 0, data, 1024, true);
		fcp_expect_abort(f, WCQE_LOCAL_REJECT, bad[i].read);
		fake_stop(f);

		f = fcp_writing(1024);
		fake_sge(f, LIST(9), 2, bad[i].address, bad[i].offset, bad[i].length, bad[i].type,
			 bad[i].last);
		fcp_xfer_rdy(f, 9, 0, 1024);
		fcp_expect_abort(f, WCQE_LOCAL_REJECT, bad[i].write);
		fake_stop(f);
	}
}

static void test_bad_entries(void)
{
	static const struct {
		unsigned int word;
		uint32_t value, local;
	} bad[] = {
		{0, 31, LOCAL_ILLEGAL_LENGTH},
		{0, 0xffffff, LOCAL_ILLEGAL_LENGTH},
		{0, (uint32_t)BDE_LIST << 24 | 32, LOCAL_ILLEGAL_FIELD},
		{0, (uint32_t)BDE_IMMEDIATE << 24 | 32, LOCAL_ILLEGAL_FIELD},
		{2, 0, LOCAL_TX_DMA_FAILED},
		{4, (1u << 27) + 1, LOCAL_ILLEGAL_LENGTH},
		{6, (uint32_t)(FAKE_RPI + 1) << 16 | 9, LOCAL_INVALID_RPI},
		{6, (uint32_t)FAKE_RPI << 16 | XRIS, LOCAL_NO_XRI},
		{7, (uint32_t)WQE_FCP_IREAD64 << 8 | WQE_CT_VPI << 2, LOCAL_ILLEGAL_FIELD},
		{7, (uint32_t)WQE_FCP_IREAD64 << 8 | 1, LOCAL_UNSUPPORTED},
		{10, 0x5000, LOCAL_UNSUPPORTED},
	};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct fake *f = fcp_start(2048);
		struct wqe w = fcp_wqe(WQE_FCP_IREAD64, 9, 4096);

		w.word[bad[i].word] = bad[i].value;
		fcp_command(&f->c, &w);
		fcp_expect(f, WCQE_LOCAL_REJECT, bad[i].local, 0);
		CU_ASSERT_PTR_NULL(fake_frame(f));
		CU_ASSERT_PTR_NULL(exchange_find(&f->c, 9));
		fake_stop(f);
	}
}

static void test_bad_response_buffer(void)
{
	struct fake *f = fcp_reading(4096);

	fake_sge(f, LIST(9), SCATTER_RESPONSE, fake_address(FAKE_SIZE), 0, 128, SGE_DATA, false);
	fcp_response(f, 9, 0, 2, 0);
	fcp_expect(f, WCQE_LOCAL_REJECT, LOCAL_RX_DMA_FAILED, 0);
	fake_stop(f);
}

static const struct unit_test tests[] = {
	{"a target against the rules", test_bad_target},
	{"a target out of order", test_bad_order},
	{"bad scatter lists", test_bad_lists},
	{"bad entries", test_bad_entries},
	{"no buffer for the response", test_bad_response_buffer},
};

UNIT_MAIN("LPe31000 against hostile ends", tests)
