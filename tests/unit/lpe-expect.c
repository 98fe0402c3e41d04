// SPDX-License-Identifier: Apache-2.0
/* What a test of the fake LPe31000 expects of the end of a command. */
#include <CUnit/Basic.h>

#include "tests/unit/lpe-fcp.h"

static const uint32_t *expect_done(struct fake *f, uint8_t status, uint32_t parameter)
{
	const uint32_t *e = fake_entry(f);

	CU_ASSERT_PTR_NOT_NULL_FATAL(e);
	CU_ASSERT_EQUAL(entry_code(e), CQE_WQE_DONE);
	CU_ASSERT_EQUAL(e[0] >> 16, FCP_TAG);
	CU_ASSERT_EQUAL(entry_status(e), status);
	CU_ASSERT_EQUAL(e[2], parameter);
	return e;
}

void fcp_expect(struct fake *f, uint8_t status, uint32_t parameter, uint32_t placed)
{
	const uint32_t *e = expect_done(f, status, parameter);

	CU_ASSERT_EQUAL(e[1], placed);
	CU_ASSERT_EQUAL(e[3] & ENTRY_BUSY, 0);
	CU_ASSERT_PTR_NULL(fake_entry(f));
}

void fcp_expect_abort(struct fake *f, uint8_t status, uint32_t parameter)
{
	const uint32_t *e = expect_done(f, status, parameter);
	const struct fake_frame *g;

	CU_ASSERT_EQUAL(e[3] & ENTRY_BUSY, ENTRY_BUSY);
	g = fake_frame(f);
	CU_ASSERT_PTR_NOT_NULL_FATAL(g);
	CU_ASSERT_EQUAL(g->h.r_ctl, FC_RCTL_BLS_ABTS);
	CU_ASSERT_EQUAL(g->h.type, FC_TYPE_BLS);
	CU_ASSERT_EQUAL(g->h.parameter, 0);
	CU_ASSERT_EQUAL(g->n, 0);
}

void fcp_expect_aborted(struct fake *f, uint16_t xri, uint8_t status, uint32_t parameter,
			uint32_t flags)
{
	const uint32_t *e = fake_entry(f);

	CU_ASSERT_PTR_NOT_NULL_FATAL(e);
	CU_ASSERT_EQUAL(entry_code(e), CQE_XRI_ABORTED);
	CU_ASSERT_EQUAL(entry_status(e), status);
	CU_ASSERT_EQUAL(e[1], parameter);
	CU_ASSERT_EQUAL(e[2] & 0xffff, xri);
	CU_ASSERT_EQUAL(e[3] & 0x70000000, flags | XRI_ABORTED_LOCAL | XRI_ABORTED_ORIGINATOR);
	CU_ASSERT_PTR_NULL(fake_entry(f));
	CU_ASSERT_PTR_NULL(exchange_find(&f->c, xri));
}

static struct fake *begun(uint8_t command, uint32_t n)
{
	struct fake *f = fcp_start(2048);
	struct wqe w = fcp_wqe(command, 9, n);

	fcp_one_part(f, 9, n);
	fcp_command(&f->c, &w);
	CU_ASSERT_PTR_NOT_NULL(fake_frame(f));
	return f;
}

struct fake *fcp_reading(uint32_t n)
{
	return begun(WQE_FCP_IREAD64, n);
}

struct fake *fcp_writing(uint32_t n)
{
	return begun(WQE_FCP_IWRITE64, n);
}
