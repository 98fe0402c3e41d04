// SPDX-License-Identifier: Apache-2.0
/* FCP commands of the LPe31000 model: what goes onto the fibre, what comes to the host. */
#include <string.h>

#include "tests/unit/cunit.h"
#include "tests/unit/lpe-fcp.h"

static void test_no_data(void)
{
	struct fake *f = fcp_start(2048);
	struct wqe w = fcp_wqe(WQE_FCP_ICMND64, 3, 0);
	const struct fake_frame *g;
	const uint32_t *e;

	fcp_command(&f->c, &w);
	g = fake_frame(f);
	CU_ASSERT_PTR_NOT_NULL_FATAL(g);
	CU_ASSERT_EQUAL(g->h.r_ctl, FC_RCTL_DATA_UNSOLICITED_CMD);
	CU_ASSERT_EQUAL(g->h.type, FC_TYPE_FCP);
	CU_ASSERT_EQUAL(g->h.f_ctl, FC_FCTL_FIRST_SEQ | FC_FCTL_END_SEQ | FC_FCTL_SEQ_INITIATIVE);
	CU_ASSERT_EQUAL(g->h.s_id, FAKE_HOST_ID);
	CU_ASSERT_EQUAL(g->h.d_id, FAKE_FAR_ID);
	CU_ASSERT_EQUAL(g->h.ox_id, 3);
	CU_ASSERT_EQUAL(g->h.rx_id, FC_ID_NONE);
	CU_ASSERT_EQUAL(g->sof, FC_SOF_I3);
	CU_ASSERT_EQUAL(g->eof, FC_EOF_T);
	CU_ASSERT_EQUAL(g->n, 32);
	CU_ASSERT_EQUAL(memcmp(g->data, fake_at(f, COMMAND), 32), 0);
	CU_ASSERT_PTR_NULL(fake_entry(f));
	fcp_response(f, 3, 0, 0, 0);
	e = fake_entry(f);
	CU_ASSERT_PTR_NOT_NULL_FATAL(e);
	CU_ASSERT_EQUAL(entry_code(e), CQE_WQE_DONE);
	CU_ASSERT_EQUAL(e[0], (uint32_t)FCP_TAG << 16 | WCQE_SUCCESS << 8);
	CU_ASSERT_EQUAL(e[1], 0);
	CU_ASSERT_EQUAL(e[3] & ENTRY_BUSY, 0);
	CU_ASSERT_EQUAL(*fake_at(f, RESPONSE), 0xee);	/* "all well" is not delivered */
	CU_ASSERT_PTR_NULL(exchange_find(&f->c, 3));
	fake_stop(f);
}

/* The command is in the entry, or where the list that the entry tells of says. */
static void test_command_forms(void)
{
	struct fake *f = fcp_start(2048);
	struct wqe w = fcp_wqe(WQE_FCP_ICMND64, 3, 0);
	const struct fake_frame *g;

	w.words = 32;
	w.word[0] = (uint32_t)BDE_IMMEDIATE << 24 | 32;
	w.word[1] = 88;
	w.word[10] = 0;
	memset(&w.word[22], 0x5a, 32);
	fcp_command(&f->c, &w);
	g = fake_frame(f);
	CU_ASSERT_PTR_NOT_NULL_FATAL(g);
	CU_ASSERT_EQUAL(g->n, 32);
	CU_ASSERT_EQUAL(memcmp(g->data, &w.word[22], 32), 0);

	w = fcp_wqe(WQE_FCP_ICMND64, 4, 0);
	w.word[10] = 0;
	fcp_command(&f->c, &w);
	g = fake_frame(f);
	CU_ASSERT_PTR_NOT_NULL_FATAL(g);
	CU_ASSERT_EQUAL(memcmp(g->data, fake_at(f, COMMAND), 32), 0);

	w = fcp_wqe(WQE_FCP_ICMND64, 5, 0);
	fake_sge(f, 0x8000, SCATTER_COMMAND, fake_address(COMMAND + 64), 0, 36, SGE_DATA, false);
	memset(fake_at(f, COMMAND + 64), 0xc3, 36);
	w.word[0] = (uint32_t)BDE_LIST << 24 | 48;
	w.word[1] = (uint32_t)fake_address(0x8000);
	w.word[10] = 0x800;
	fcp_command(&f->c, &w);
	g = fake_frame(f);
	CU_ASSERT_PTR_NOT_NULL_FATAL(g);
	CU_ASSERT_EQUAL(g->n, 36);
	CU_ASSERT_EQUAL(memcmp(g->data, fake_at(f, COMMAND + 64), 36), 0);
	CU_ASSERT_PTR_NULL(fake_entry(f));
	fake_stop(f);
}

static void test_read(void)
{
	static const uint32_t parts[] = {100, 1, 4096, 3, 1896};
	struct fake *f = fcp_start(2048);
	struct wqe w = fcp_wqe(WQE_FCP_IREAD64, 9, 6096);
	uint8_t data[6096];
	uint32_t at = 0;

	for (unsigned int i = 0; i < 5; at += parts[i++])
		fake_sge(f, LIST(9), SCATTER_DATA + i, fake_address(DATA + 2 * at), at, parts[i],
			 SGE_DATA, i == 4);
	fcp_pattern(data, sizeof(data));
	fcp_command(&f->c, &w);
	fcp_send_data(f, 9, 1, 0, 0, data, 6096, 2048);
	fcp_response(f, 9, 0, 0, 0);
	fcp_expect(f, WCQE_SUCCESS, 0, 6096);
	at = 0;
	for (unsigned int i = 0; i < 5; at += parts[i++])
		CU_ASSERT_EQUAL(memcmp(fake_at(f, DATA + 2 * at), data + at, parts[i]), 0);
	CU_ASSERT_EQUAL(*fake_at(f, DATA + 100), 0xdd);	/* between the parts: as it was */
	CU_ASSERT_EQUAL(*fake_at(f, DATA + 2 * 4197 + 3), 0xdd);
	fake_stop(f);
}

/* Two sequences, the second half first: the offset says where data belong. */
static void test_read_by_offset(void)
{
	struct fake *f = fcp_start(2048);
	struct wqe w = fcp_wqe(WQE_FCP_IREAD64, 9, 8192);
	uint8_t data[8192];

	fcp_one_part(f, 9, 8192);
	fcp_pattern(data, sizeof(data));
	fcp_command(&f->c, &w);
	fcp_send_data(f, 9, 1, 0, 4096, data + 4096, 4096, 1024);
	fcp_send_data(f, 9, 2, 4, 0, data, 4096, 1000);	/* SEQ_CNT goes on: allowed */
	fcp_response(f, 9, 0, 0, 0);
	fcp_expect(f, WCQE_SUCCESS, 0, 8192);
	CU_ASSERT_EQUAL(memcmp(fake_at(f, DATA), data, 8192), 0);
	fake_stop(f);
}

/* A list that fills its first page and half of the next, and one of segments. */
static void test_long_lists(void)
{
	struct fake *f = fcp_start(2048);
	struct wqe w = fcp_wqe(WQE_FCP_IREAD64, 9, 380 * 16);
	uint8_t data[380 * 16];

	fcp_pattern(data, sizeof(data));
	for (unsigned int i = 0; i < 380; i++)
		fake_sge(f, LIST(9), 2 + i, fake_address(DATA + 32 * i), 16 * i, 16, SGE_DATA,
			 i == 379);
	fcp_command(&f->c, &w);
	fcp_send_data(f, 9, 1, 0, 0, data, sizeof(data), 2048);
	fcp_response(f, 9, 0, 0, 0);
	fcp_expect(f, WCQE_SUCCESS, 0, sizeof(data));
	for (unsigned int i = 0; i < 380; i++)
		CU_ASSERT_EQUAL(memcmp(fake_at(f, DATA + 32 * i), data + 16 * i, 16), 0);

	fake_sge(f, LIST(10), 2, 0, 0, 0, SGE_SKIP, false);
	fake_sge(f, LIST(10), 3, fake_address(DATA), 0, 512, SGE_DATA, false);
	fake_sge(f, LIST(10), 4, fake_address(0x9000), 0, 32, SGE_LSP, false);
	fake_sge(f, 0x9000, 0, fake_address(DATA + 512), 512, 512, SGE_DATA, false);
	fake_sge(f, 0x9000, 1, fake_address(0x9800), 0, 16, SGE_LSP, false);
	fake_sge(f, 0x9800, 0, fake_address(DATA + 1024), 1024, 1024, SGE_DATA, true);
	w = fcp_wqe(WQE_FCP_IREAD64, 10, 2048);
	fcp_command(&f->c, &w);
	fcp_send_data(f, 10, 1, 0, 0, data, 2048, 2048);
	fcp_response(f, 10, 0, 0, 0);
	fcp_expect(f, WCQE_SUCCESS, 0, 2048);
	CU_ASSERT_EQUAL(memcmp(fake_at(f, DATA), data, 2048), 0);
	fake_stop(f);
}

/* Less than was asked for, as the target says itself; then a check condition with sense. */
static void test_responses(void)
{
	struct fake *f = fcp_start(2048);
	struct wqe w = fcp_wqe(WQE_FCP_IREAD64, 9, 255);
	uint8_t data[36];

	fcp_one_part(f, 9, 255);
	fcp_pattern(data, sizeof(data));
	fcp_command(&f->c, &w);
	fcp_send_data(f, 9, 1, 0, 0, data, 36, 2048);
	fcp_response(f, 9, 0x08, 0, 219);
	fcp_expect(f, WCQE_FCP_RSP_FAILURE, 24, 36);
	CU_ASSERT_EQUAL(fake_at(f, RESPONSE)[10], 0x08);
	CU_ASSERT_EQUAL(fc_get32(fake_at(f, RESPONSE + 12)), 219);

	fcp_command(&f->c, &w);
	fcp_sense(f, 9, 18);
	fcp_expect(f, WCQE_FCP_RSP_FAILURE, 24 + 18, 0);
	CU_ASSERT_EQUAL(fake_at(f, RESPONSE)[11], 2);
	CU_ASSERT_EQUAL(fake_at(f, RESPONSE)[24], 0x70);

	fcp_command(&f->c, &w);
	fcp_sense(f, 9, 252);		/* the buffer has 128 */
	fcp_expect(f, WCQE_FCP_RSP_TRUNCATED, 128, 0);
	CU_ASSERT_EQUAL(*fake_at(f, RESPONSE + 128), 0xee);
	fake_stop(f);
}

static void test_confirm(void)
{
	struct fake *f = fcp_start(2048);
	struct wqe w = fcp_wqe(WQE_FCP_ICMND64, 9, 0);
	const struct fake_frame *g;

	fcp_command(&f->c, &w);
	fake_frame(f);
	fcp_response(f, 9, 0x10, 0, 0);
	g = fake_frame(f);
	CU_ASSERT_PTR_NOT_NULL_FATAL(g);
	CU_ASSERT_EQUAL(g->h.r_ctl, FC_RCTL_DATA_SOLICITED_CTL);
	CU_ASSERT_EQUAL(g->h.f_ctl, FC_FCTL_LAST_SEQ | FC_FCTL_END_SEQ);
	CU_ASSERT_EQUAL(g->n, 0);
	fcp_expect(f, WCQE_SUCCESS, 0, 0);
	fake_stop(f);
}

/* A frame is lost: what follows in its sequence is not placed, and the count tells. */
static void test_lost_frame(void)
{
	struct fake *f = fcp_start(2048);
	struct wqe w = fcp_wqe(WQE_FCP_IREAD64, 9, 4096);
	uint8_t data[4096];

	fcp_one_part(f, 9, 4096);
	fcp_pattern(data, sizeof(data));
	fcp_command(&f->c, &w);
	fcp_data_frame(f, 9, 1, 0, 0, data, 1024, false);
	fcp_data_frame(f, 9, 1, 2, 2048, data + 2048, 1024, false);
	fcp_data_frame(f, 9, 1, 3, 3072, data + 3072, 1024, true);
	fcp_response(f, 9, 0, 0, 0);
	fcp_expect(f, WCQE_FCP_RSP_FAILURE, 24, 1024);
	CU_ASSERT_EQUAL(memcmp(fake_at(f, DATA), data, 1024), 0);
	CU_ASSERT_EQUAL(*fake_at(f, DATA + 2048), 0xdd);
	CU_ASSERT_EQUAL(*fake_at(f, DATA + 3072), 0xdd);
	fake_stop(f);
}

static void expect_data(struct fake *f, uint32_t at, uint32_t n, uint32_t max)
{
	uint32_t end = at + n;
	uint16_t cnt = 0;

	for (; at < end; cnt++) {
		const struct fake_frame *g = fake_frame(f);
		uint32_t want = end - at < max ? end - at : max;
		bool last = at + want == end;

		CU_ASSERT_PTR_NOT_NULL_FATAL(g);
		CU_ASSERT_EQUAL(g->h.r_ctl, FC_RCTL_DATA_SOLICITED);
		CU_ASSERT_EQUAL(g->h.parameter, at);
		CU_ASSERT_EQUAL(g->h.seq_cnt, cnt);
		CU_ASSERT_EQUAL(g->h.rx_id, 0x77);
		CU_ASSERT_EQUAL(g->h.f_ctl, FC_FCTL_REL_OFFSET | (-want & 3) |
				(last ? FC_FCTL_END_SEQ | FC_FCTL_SEQ_INITIATIVE : 0));
		CU_ASSERT_EQUAL(g->sof, cnt ? FC_SOF_N3 : FC_SOF_I3);
		CU_ASSERT_EQUAL(g->eof, last ? FC_EOF_T : FC_EOF_N);
		CU_ASSERT_EQUAL(g->n, (want + 3) / 4 * 4);
		CU_ASSERT_EQUAL(memcmp(g->data, fake_at(f, DATA + at), want), 0);
		at += want;
	}
}

static void test_write(void)
{
	struct fake *f = fcp_start(514);	/* no multiple of 4: 512 */
	struct wqe w = fcp_wqe(WQE_FCP_IWRITE64, 9, 5001);

	fcp_one_part(f, 9, 5001);
	fcp_pattern(fake_at(f, DATA), 5001);
	fcp_command(&f->c, &w);
	fake_frame(f);
	fcp_xfer_rdy(f, 9, 0, 3000);
	expect_data(f, 0, 3000, 512);
	CU_ASSERT_PTR_NULL(fake_frame(f));
	fcp_xfer_rdy(f, 9, 3000, 2001);
	expect_data(f, 3000, 2001, 512);
	fcp_response(f, 9, 0, 0, 0);
	fcp_expect(f, WCQE_SUCCESS, 0, 5001);

	/* The target takes a part and says so. */
	fcp_command(&f->c, &w);
	fake_frame(f);
	fcp_xfer_rdy(f, 9, 0, 512);
	expect_data(f, 0, 512, 512);
	fcp_response(f, 9, 0x08, 0, 5001 - 512);
	fcp_expect(f, WCQE_FCP_RSP_FAILURE, 24, 512);
	fake_stop(f);
}

static void test_first_burst(void)
{
	struct fake *f = fcp_start(2048);
	struct wqe w = fcp_wqe(WQE_FCP_IWRITE64, 9, 4096);
	const struct fake_frame *g;

	fcp_one_part(f, 9, 4096);
	w.word[5] = 2048;
	fcp_command(&f->c, &w);
	g = fake_frame(f);
	CU_ASSERT_PTR_NOT_NULL_FATAL(g);
	CU_ASSERT_EQUAL(g->h.f_ctl, FC_FCTL_FIRST_SEQ | FC_FCTL_END_SEQ);
	g = fake_frame(f);
	CU_ASSERT_PTR_NOT_NULL_FATAL(g);
	CU_ASSERT_EQUAL(g->h.r_ctl, FC_RCTL_DATA_SOLICITED);
	CU_ASSERT_EQUAL(g->n, 2048);
	CU_ASSERT(g->h.f_ctl & FC_FCTL_SEQ_INITIATIVE);
	fcp_xfer_rdy(f, 9, 2048, 2048);
	expect_data(f, 2048, 2048, 2048);
	fcp_response(f, 9, 0, 0, 0);
	fcp_expect(f, WCQE_SUCCESS, 0, 4096);
	fake_stop(f);
}

/* The far end takes nothing for a while: the data stay in the host's memory, not in ours. */
static void test_no_credit(void)
{
	const uint32_t total = 2u << 20;
	struct fake *f = fcp_start(2048);
	struct wqe w = fcp_wqe(WQE_FCP_IWRITE64, 9, total);
	unsigned int before;

	fcp_one_part(f, 9, total);
	fcp_pattern(fake_at(f, DATA), total);
	fcp_command(&f->c, &w);
	fake_frame(f);
	fc_wire_pause(f->far, true);
	fcp_xfer_rdy(f, 9, 0, total);
	CU_ASSERT(card_send_waiting(&f->c) >= CARD_SEND_HIGH);
	CU_ASSERT(card_send_waiting(&f->c) < CARD_SEND_HIGH + FC_FRAME_MAX);
	before = f->frames;
	fc_wire_pause(f->far, false);
	for (int i = 0; i < 500 && f->frames - before < total / 2048; i++) {
		fake_run(f);
		while (f->frames_read != f->frames) {
			const struct fake_frame *g = &f->frame[f->frames_read++ % FAKE_KEPT];

			CU_ASSERT_EQUAL(memcmp(g->data, fake_at(f, DATA + g->h.parameter), 2048),
					0);
		}
	}
	CU_ASSERT_EQUAL(f->frames - before, total / 2048);
	CU_ASSERT_EQUAL(card_send_waiting(&f->c), 0);
	fcp_response(f, 9, 0, 0, 0);
	fcp_expect(f, WCQE_SUCCESS, 0, total);
	fake_stop(f);
}

static const struct unit_test tests[] = {
	{"a command without data", test_no_data},
	{"where the command is", test_command_forms},
	{"a read into parts", test_read},
	{"a read by its offsets", test_read_by_offset},
	{"long scatter lists", test_long_lists},
	{"responses that say more", test_responses},
	{"a confirmed response", test_confirm},
	{"a lost frame", test_lost_frame},
	{"a write", test_write},
	{"a first burst", test_first_burst},
	{"a far end without credit", test_no_credit},
};

UNIT_MAIN("LPe31000 FCP", tests)
