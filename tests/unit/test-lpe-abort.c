// SPDX-License-Identifier: Apache-2.0
/* Commands of the LPe31000 model that do not come to their end: aborts, time-outs, a lost link. */
#include <string.h>

#include "tests/unit/cunit.h"
#include "tests/unit/lpe-fcp.h"
#include "tests/unit/model-clock.h"

#define ABORT_TAG	0x456

static struct wqe abort_wqe(uint8_t criteria, uint32_t tag, uint32_t flags)
{
	return (struct wqe){
		.words = 16, .wq_id = FAKE_WQ,
		.word = {
			[3] = (uint32_t)criteria << 8 | flags,
			[7] = WQE_ABORT_XRI << 8,
			[8] = tag,
			[9] = ABORT_TAG,
		},
	};
}

static void expect_abort_done(struct fake *f, uint8_t status, uint32_t parameter)
{
	const uint32_t *e = fake_entry(f);

	CU_ASSERT_PTR_NOT_NULL_FATAL(e);
	CU_ASSERT_EQUAL(e[0], (uint32_t)ABORT_TAG << 16 | (uint32_t)status << 8);
	CU_ASSERT_EQUAL(e[2], parameter);
	CU_ASSERT_EQUAL(e[3] & ENTRY_BUSY, 0);
}

/* The target answers; what it sends of the command after the ABTS is not looked at. */
static void test_abort(void)
{
	struct fake *f = fcp_reading(4096);
	struct wqe w = abort_wqe(1, 9, 0);
	uint8_t data[1024] = {0};

	fcp_data_frame(f, 9, 1, 0, 0, data, 1024, false);
	abort_request(&f->c, &w);
	fcp_expect_abort(f, WCQE_LOCAL_REJECT, LOCAL_ABORT_REQUESTED);
	expect_abort_done(f, WCQE_SUCCESS, 0);
	fcp_data_frame(f, 9, 1, 1, 1024, data, 1024, true);
	fcp_response(f, 9, 0, 0, 0);
	CU_ASSERT_EQUAL(*fake_at(f, DATA + 1024), 0xdd);
	CU_ASSERT_EQUAL(*fake_at(f, RESPONSE), 0xee);
	CU_ASSERT_PTR_NULL(fake_entry(f));
	abort_request(&f->c, &w);
	expect_abort_done(f, WCQE_LOCAL_REJECT, LOCAL_ABORT_IN_PROGRESS);
	abort_exchange(&f->c, exchange_find(&f->c, 9),
		       &(struct completion){.status = WCQE_LOCAL_REJECT});
	CU_ASSERT_PTR_NULL(fake_frame(f));
	fcp_abts_answer(f, 9, true);
	CU_ASSERT_EQUAL(f->entry[f->entries_read][2] >> 16, 0x77);	/* the target's id */
	fcp_expect_aborted(f, 9, WCQE_SUCCESS, 0, 0);
	abort_request(&f->c, &w);
	expect_abort_done(f, WCQE_LOCAL_REJECT, LOCAL_NO_XRI);
	CU_ASSERT_PTR_NULL(fake_frame(f));
	fake_stop(f);
}

/* Before the target said a word: its exchange id comes with the BA_ACC. */
static void test_abort_early(void)
{
	struct fake *f = fcp_reading(4096);
	struct wqe w = abort_wqe(3, FCP_TAG, 0);

	abort_request(&f->c, &w);
	fcp_expect_abort(f, WCQE_LOCAL_REJECT, LOCAL_ABORT_REQUESTED);
	expect_abort_done(f, WCQE_SUCCESS, 0);
	fcp_abts_answer(f, 9, true);
	CU_ASSERT_EQUAL(f->entry[f->entries_read][2] >> 16, 0x77);
	fcp_expect_aborted(f, 9, WCQE_SUCCESS, 0, 0);
	fake_stop(f);

	f = fcp_reading(4096);
	w = abort_wqe(2, 0xab0009, 0);
	abort_request(&f->c, &w);
	fcp_expect_abort(f, WCQE_LOCAL_REJECT, LOCAL_ABORT_REQUESTED);
	expect_abort_done(f, WCQE_SUCCESS, 0);
	fcp_abts_answer(f, 9, false);
	fcp_expect_aborted(f, 9, WCQE_SUCCESS,
			   FC_BA_RJT_LOGICAL_ERROR << 16 | FC_BA_EXPLAIN_INVALID_OX_RX << 8,
			   XRI_ABORTED_BA_RJT);
	w = abort_wqe(2, 0xab0009, 0);
	abort_request(&f->c, &w);
	expect_abort_done(f, WCQE_LOCAL_REJECT, LOCAL_NO_ABORT_MATCH);
	fake_stop(f);
}

/* Until there are so many entries, five seconds at most; the milliseconds that it took. */
static unsigned int wait_entries(struct fake *f, unsigned int n)
{
	uint64_t begin = model_now_ns();

	while (f->entries < n && model_now_ns() - begin < 5000000000u)
		clock_turn(f->c.loop, 1);
	return (unsigned int)((model_now_ns() - begin) / 1000000);
}

static void test_abort_unanswered(void)
{
	struct fake *f = fcp_reading(4096);
	struct wqe w = abort_wqe(1, 9, 0);
	const struct fake_frame *g;

	f->c.ra_tov_ms = 20;
	abort_request(&f->c, &w);
	CU_ASSERT(wait_entries(f, 3) >= 2 * 2 * 20);
	fcp_expect_abort(f, WCQE_LOCAL_REJECT, LOCAL_ABORT_REQUESTED);
	expect_abort_done(f, WCQE_SUCCESS, 0);
	g = fake_frame(f);
	CU_ASSERT_PTR_NOT_NULL_FATAL(g);
	CU_ASSERT_EQUAL(g->h.r_ctl, FC_RCTL_BLS_ABTS);
	CU_ASSERT_PTR_NULL(fake_frame(f));
	fcp_expect_aborted(f, 9, WCQE_LOCAL_REJECT, LOCAL_SEQUENCE_TIMEOUT, 0);
	fake_stop(f);

	f = fcp_reading(4096);		/* and one that must not be sent twice */
	f->c.ra_tov_ms = 20;
	w = abort_wqe(1, 9, 2);
	abort_request(&f->c, &w);
	CU_ASSERT(wait_entries(f, 3) >= 2 * 20);
	fcp_expect_abort(f, WCQE_LOCAL_REJECT, LOCAL_ABORT_REQUESTED);
	expect_abort_done(f, WCQE_SUCCESS, 0);
	CU_ASSERT_PTR_NULL(fake_frame(f));
	fcp_expect_aborted(f, 9, WCQE_LOCAL_REJECT, LOCAL_SEQUENCE_TIMEOUT, 0);
	fake_stop(f);
}

/* IA: nothing goes onto the fibre, the XRI is free at once. */
static void test_abort_inhibited(void)
{
	struct fake *f = fcp_reading(4096);
	struct wqe w = abort_wqe(1, 9, 1);

	abort_request(&f->c, &w);
	CU_ASSERT_EQUAL(entry_status(f->entry[0]), WCQE_LOCAL_REJECT);
	CU_ASSERT_EQUAL(f->entry[0][2], LOCAL_ABORT_REQUESTED);
	CU_ASSERT_EQUAL(f->entry[0][3] & ENTRY_BUSY, 0);
	f->entries_read = 1;
	expect_abort_done(f, WCQE_SUCCESS, 0);
	CU_ASSERT_PTR_NULL(fake_frame(f));
	CU_ASSERT_PTR_NULL(exchange_find(&f->c, 9));
	fake_stop(f);
}

static void test_abort_refused(void)
{
	struct fake *f = fcp_reading(4096);
	struct wqe w = abort_wqe(4, 9, 0);

	abort_request(&f->c, &w);
	expect_abort_done(f, WCQE_LOCAL_REJECT, LOCAL_ILLEGAL_FIELD);
	w = abort_wqe(1, 9, 0);
	w.word[5] = 1;
	abort_request(&f->c, &w);
	expect_abort_done(f, WCQE_LOCAL_REJECT, LOCAL_UNSUPPORTED);
	CU_ASSERT_PTR_NOT_NULL(exchange_find(&f->c, 9));
	fake_stop(f);
}

/* The middle of a write: what was not sent yet is not sent any more. */
static void test_abort_write(void)
{
	struct fake *f = fcp_writing(2u << 20);
	struct wqe w = abort_wqe(1, 9, 0);
	const struct fake_frame *g, *last = NULL;

	fc_wire_pause(f->far, true);
	fcp_xfer_rdy(f, 9, 0, 2u << 20);
	abort_request(&f->c, &w);
	fc_wire_pause(f->far, false);
	while ((g = fake_frame(f)))
		last = g;
	CU_ASSERT_PTR_NOT_NULL_FATAL(last);
	CU_ASSERT_EQUAL(last->h.r_ctl, FC_RCTL_BLS_ABTS);
	CU_ASSERT(f->frames < 1024);
	fake_stop(f);
}

/* The link was away while the far end had no credit: its address may be another's by now. */
static void test_suspended(void)
{
	struct fake *f = fcp_writing(2u << 20);

	fc_wire_pause(f->far, true);
	fcp_xfer_rdy(f, 9, 0, 2u << 20);
	f->c.rpi[FAKE_RPI].suspended = true;
	fc_wire_pause(f->far, false);
	for (int i = 0; i < 100; i++)
		fake_run(f);
	CU_ASSERT_EQUAL(card_send_waiting(&f->c), 0);
	CU_ASSERT(f->frames < 1024);
	CU_ASSERT_PTR_NULL(fake_entry(f));
	fake_stop(f);
}

static void test_no_light(void)
{
	struct fake *f = fcp_reading(4096);
	struct wqe w = fcp_wqe(WQE_FCP_ICMND64, 3, 0), a = abort_wqe(1, 9, 0);
	const uint32_t *e;

	fc_wire_set_light(f->far, false);
	fake_run(f);
	fcp_command(&f->c, &w);
	fcp_expect(f, WCQE_LOCAL_REJECT, LOCAL_LINK_DOWN, 0);
	abort_request(&f->c, &a);
	e = fake_entry(f);
	CU_ASSERT_PTR_NOT_NULL_FATAL(e);
	CU_ASSERT_EQUAL(e[3] & ENTRY_BUSY, ENTRY_BUSY);
	e = fake_entry(f);
	CU_ASSERT_PTR_NOT_NULL_FATAL(e);
	CU_ASSERT_EQUAL(entry_code(e), CQE_XRI_ABORTED);
	CU_ASSERT_EQUAL(e[1], LOCAL_LINK_DOWN);
	expect_abort_done(f, WCQE_SUCCESS, 0);
	CU_ASSERT_PTR_NULL(exchange_find(&f->c, 9));
	fake_stop(f);
}

/* The entry's own limit, in seconds. */
static void test_timeout(void)
{
	struct fake *f = fcp_start(2048);
	struct wqe w = fcp_wqe(WQE_FCP_ICMND64, 9, 0);

	w.word[7] |= 1u << 24;
	fcp_command(&f->c, &w);
	fake_frame(f);
	CU_ASSERT(wait_entries(f, 1) > 900);
	fcp_expect_abort(f, WCQE_LOCAL_REJECT, LOCAL_SEQUENCE_TIMEOUT);
	fcp_abts_answer(f, 9, true);
	fcp_expect_aborted(f, 9, WCQE_SUCCESS, 0, 0);
	fake_stop(f);
}

/* Of the command that had the XRI before: another RX_ID. */
static void test_late_frame(void)
{
	struct fake *f = fcp_reading(4096);
	struct fc_header h = {
		.r_ctl = FC_RCTL_DATA_CMD_STATUS, .type = FC_TYPE_FCP, .rx_id = 0x76,
		.f_ctl = FC_FCTL_END_SEQ,
	};
	uint8_t data[4096] = {0};

	fcp_data_frame(f, 9, 1, 0, 0, data, 2048, false);
	fake_send(f, 9, &h, data, 24);
	CU_ASSERT_PTR_NULL(fake_entry(f));
	fcp_data_frame(f, 9, 1, 1, 2048, data, 2048, true);
	fcp_response(f, 9, 0, 0, 0);
	fcp_expect(f, WCQE_SUCCESS, 0, 4096);
	fake_stop(f);
}

static void test_rejected_frame(void)
{
	static const uint8_t r_ctl[] = {FC_RCTL_P_RJT, FC_RCTL_F_RJT, FC_RCTL_P_BSY,
					FC_RCTL_F_BSY_DATA};
	static const uint8_t status[] = {WCQE_NPORT_RJT, WCQE_FABRIC_RJT, WCQE_NPORT_BSY,
					 WCQE_FABRIC_BSY};

	for (unsigned int i = 0; i < 4; i++) {
		struct fake *f = fcp_reading(4096);
		struct fc_header h = {.r_ctl = r_ctl[i], .type = FC_TYPE_FCP,
				      .rx_id = FC_ID_NONE, .parameter = 0x02030000};
		struct wqe w = fcp_wqe(WQE_FCP_ICMND64, 10, 0), a = abort_wqe(1, 10, 0);

		fake_send(f, 9, &h, "", 0);
		fcp_expect(f, status[i], 0x02030000, 0);
		CU_ASSERT_PTR_NULL(exchange_find(&f->c, 9));

		fcp_command(&f->c, &w);
		CU_ASSERT_PTR_NOT_NULL(fake_frame(f));
		abort_request(&f->c, &a);
		fcp_expect_abort(f, WCQE_LOCAL_REJECT, LOCAL_ABORT_REQUESTED);
		expect_abort_done(f, WCQE_SUCCESS, 0);
		fake_send(f, 10, &h, "", 0);
		fcp_expect_aborted(f, 10, status[i], 0x02030000, 0);
		fake_stop(f);
	}
}

static const struct unit_test tests[] = {
	{"an abort", test_abort},
	{"aborts by tag, and a rejected one", test_abort_early},
	{"an abort that nobody answers", test_abort_unanswered},
	{"an abort without ABTS", test_abort_inhibited},
	{"aborts that are refused", test_abort_refused},
	{"an abort of a write", test_abort_write},
	{"a remote port that is suspended", test_suspended},
	{"no light", test_no_light},
	{"the limit of an entry", test_timeout},
	{"a late frame", test_late_frame},
	{"frames that were rejected", test_rejected_frame},
};

UNIT_MAIN("LPe31000 aborts", tests)
