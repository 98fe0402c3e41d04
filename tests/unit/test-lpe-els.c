// SPDX-License-Identifier: Apache-2.0
/* The LPe31000 model between host and fibre: requests and their answers, replies, received frames. */
#include <string.h>

#include "tests/unit/cunit.h"
#include "tests/unit/lpe-host.h"
#include "tests/unit/model-clock.h"

#define LIST	0x50000u	/* the scatter list of XRI 3 */
#define REQUEST	0x51000u
#define ANSWER	0x52000u
#define BUFFER	0x60000u	/* of the receive queues: 0x1000 each, headers at even ones */
#define TAG	0x321
#define FAR	0xfffffeu
#define HERE	0x010100u

struct rig {
	struct host *h;
	uint32_t cq, wq, rq;
	unsigned int seen;		/* completions */
	unsigned int posted;		/* work queue entries */
	unsigned int buffers;		/* receive buffers */
};

static void buffers(struct rig *r, unsigned int n)
{
	for (unsigned int i = r->buffers; i < r->buffers + n; i++)
		for (uint32_t k = 0; k < 2; k++) {
			uint32_t *rqe = host_word(r->h, HOST_RQ + k * SLI_PAGE + i * 8);

			rqe[0] = (uint32_t)(host_address(0) >> 32);
			rqe[1] = (uint32_t)host_address(BUFFER + (2 * i + k) * 0x1000);
		}
	r->buffers += n;
	host_write(r->h, REG_RQ_DOORBELL, n << 16 | r->rq);
}

/* A port that is up, with an address and no receive buffers yet. */
static struct rig start(void)
{
	uint32_t fcfi[MBX_WORDS] = {MBX_REG_FCFI << 8}, link[MBX_WORDS] = {MBX_INIT_LINK << 8};
	uint32_t vfi[MBX_WORDS] = {MBX_REG_VFI << 8, 1u << 28, [10] = HERE};
	struct rig r = {.h = host_start()};

	r.cq = host_cq(r.h, host_eq(r.h));
	r.wq = host_wq(r.h, r.cq);
	r.rq = host_rq(r.h, r.cq);
	fcfi[2] = r.rq << 16 | 0xffff;
	fcfi[3] = UINT32_MAX;
	CU_ASSERT_EQUAL(host_mailbox(r.h, fcfi), 0);
	CU_ASSERT_EQUAL(host_mailbox(r.h, link), 0);
	CU_ASSERT_EQUAL(host_mailbox(r.h, vfi), 0);
	host_run(r.h);
	CU_ASSERT(r.h->c.link_up);
	r.h->c.xri[3].sgl[0] = host_address(LIST);
	return r;
}

static void sge(struct rig *r, unsigned int i, uint32_t offset, uint32_t n, bool last)
{
	uint32_t *w = host_word(r->h, LIST + i * 16);

	w[0] = (uint32_t)(host_address(0) >> 32);
	w[1] = (uint32_t)host_address(offset);
	w[2] = (uint32_t)last << 31;
	w[3] = n;
}

/* An ELS request of 12 bytes to the fabric on XRI 3, its answer in two pieces of 8 and 100 bytes. */
static void post_request(struct rig *r, uint8_t timeout)
{
	uint32_t *w = host_word(r->h, HOST_WQ + r->posted++ * 64);

	sge(r, 0, REQUEST, 12, false);
	sge(r, 1, ANSWER, 8, false);
	sge(r, 2, ANSWER + 0x100, 100, true);
	memcpy(host_word(r->h, REQUEST), "\x04request....", 12);
	memset(w, 0, 64);
	w[0] = 12;
	w[1] = (uint32_t)host_address(REQUEST);
	w[2] = (uint32_t)(host_address(0) >> 32);
	w[3] = 12;
	w[4] = 1u << 24;		/* S_ID 0 */
	w[5] = FAR;
	w[6] = 3;
	w[7] = WQE_ELS_REQUEST64 << 8 | 1u << 2 | (uint32_t)timeout << 24;
	w[9] = TAG;
	w[10] = 0x4000;
	w[15] = 108;
	host_write(r->h, REG_WQ_DOORBELL, 1u << 24 | r->wq);
	host_run(r->h);
}

/* The next completion, or NULL. */
static const uint32_t *entry(struct rig *r)
{
	const uint32_t *e = host_word(r->h, HOST_CQ + r->seen * 16);

	if (!(e[3] & CQE_VALID))
		return NULL;
	r->seen++;
	return e;
}

static void expect(struct rig *r, uint8_t status, uint32_t placed, uint32_t parameter)
{
	const uint32_t *e = entry(r);

	CU_ASSERT_PTR_NOT_NULL_FATAL(e);
	CU_ASSERT_EQUAL(e[0], TAG << 16 | (uint32_t)status << 8);
	CU_ASSERT_EQUAL(e[1], placed);
	CU_ASSERT_EQUAL(e[2], parameter);
	CU_ASSERT_EQUAL(e[3] >> 16 & 0xff, CQE_WQE_DONE);
}

static void answer(struct rig *r, uint16_t cnt, bool last, const void *data, size_t n)
{
	struct fc_header h = {
		.r_ctl = FC_RCTL_ELS_REPLY, .type = FC_TYPE_ELS, .d_id = HERE, .s_id = FAR,
		.ox_id = 3, .rx_id = 0x55, .seq_cnt = cnt,
		.f_ctl = FC_FCTL_RESPONDER | (last ? FC_FCTL_LAST_SEQ | FC_FCTL_END_SEQ : 0),
	};

	host_frame(r->h, &h, data, n);
}

static void test_request(void)
{
	struct rig r = start();

	post_request(&r, 0);
	CU_ASSERT_EQUAL(r.h->frames, 1);
	CU_ASSERT_EQUAL(r.h->frame.r_ctl, FC_RCTL_ELS_REQUEST);
	CU_ASSERT_EQUAL(r.h->frame.d_id, FAR);
	CU_ASSERT_EQUAL(r.h->frame.s_id, 0);
	CU_ASSERT_EQUAL(r.h->frame.ox_id, 3);
	CU_ASSERT_EQUAL(r.h->frame.f_ctl & ~FC_FCTL_FILL,
			FC_FCTL_FIRST_SEQ | FC_FCTL_END_SEQ | FC_FCTL_SEQ_INITIATIVE);
	CU_ASSERT_EQUAL(r.h->data_size, 12);
	CU_ASSERT_EQUAL(memcmp(r.h->data, "\x04request....", 12), 0);
	CU_ASSERT_PTR_NULL(entry(&r));
	answer(&r, 0, false, "\x02\0\0\0abcd", 8);
	answer(&r, 1, true, "efghij", 6);
	expect(&r, WCQE_SUCCESS, 14, HERE);
	CU_ASSERT_EQUAL(memcmp(host_word(r.h, ANSWER), "\x02\0\0\0abcd", 8), 0);
	CU_ASSERT_EQUAL(memcmp(host_word(r.h, ANSWER + 0x100), "efghij", 6), 0);
	/* What comes late is nobody's. */
	answer(&r, 0, true, "\x02\0\0\0", 4);
	CU_ASSERT_PTR_NULL(entry(&r));
	host_stop(r.h);
}

static void test_refusal(void)
{
	struct rig r = start();

	post_request(&r, 0);
	answer(&r, 0, true, "\x01\0\0\0\0\x09\x29\x07", 8);
	expect(&r, WCQE_LS_RJT, 8, 0x092907);
	host_stop(r.h);
}

/* A frame is missing; the answer is longer than its room. Both end in an abort. */
static void test_bad_answers(void)
{
	struct rig r = start();
	uint8_t large[112] = {FC_ELS_LS_ACC};
	const uint32_t *e;

	post_request(&r, 0);
	answer(&r, 1, true, "\x02\0\0\0", 4);
	CU_ASSERT_PTR_NULL(entry(&r));
	answer(&r, 0, true, large, sizeof(large));
	e = entry(&r);
	CU_ASSERT_PTR_NOT_NULL_FATAL(e);
	CU_ASSERT_EQUAL(e[0], TAG << 16 | WCQE_LOCAL_REJECT << 8);
	CU_ASSERT_EQUAL(e[2], LOCAL_INSUFF_BUFFER);
	CU_ASSERT(e[3] & 0x10000000u);
	CU_ASSERT_EQUAL(r.h->frame.r_ctl, FC_RCTL_BLS_ABTS);
	host_stop(r.h);
}

static void test_timeout(void)
{
	struct rig r = start();
	const uint32_t *e = NULL;

	post_request(&r, 1);
	for (int i = 0; !e && i < 200; i++) {
		clock_turn(r.h->c.loop, 10);
		e = entry(&r);
	}
	CU_ASSERT_PTR_NOT_NULL_FATAL(e);
	CU_ASSERT_EQUAL(e[2], LOCAL_SEQUENCE_TIMEOUT);
	host_stop(r.h);
}

static void test_no_link(void)
{
	struct rig r = start();

	fc_wire_set_light(r.h->far, false);
	host_run(r.h);
	post_request(&r, 0);
	expect(&r, WCQE_LOCAL_REJECT, 0, LOCAL_LINK_DOWN);
	host_stop(r.h);
}

static void send_unsolicited(struct rig *r, uint32_t d_id, const void *data, size_t n)
{
	struct fc_header h = {
		.r_ctl = FC_RCTL_ELS_REQUEST, .type = FC_TYPE_ELS, .d_id = d_id, .s_id = 0x010203,
		.ox_id = 0x11, .rx_id = FC_ID_NONE,
		.f_ctl = FC_FCTL_FIRST_SEQ | FC_FCTL_END_SEQ | FC_FCTL_SEQ_INITIATIVE,
	};

	host_frame(r->h, &h, data, n);
}

static void expect_received(struct rig *r, uint8_t status, uint32_t n)
{
	const uint32_t *e = entry(r);

	CU_ASSERT_PTR_NOT_NULL_FATAL(e);
	CU_ASSERT_EQUAL(e[3] >> 16 & 0xff, CQE_RECEIVE_V1);
	CU_ASSERT_EQUAL(e[0] >> 8 & 0xff, status);
	CU_ASSERT_EQUAL(e[2], n << 16 | r->rq);
}

static void test_receive(void)
{
	struct rig r = start();
	uint8_t large[2100] = {0};

	buffers(&r, 2);
	send_unsolicited(&r, HERE + 1, "not ours", 8);
	CU_ASSERT_PTR_NULL(entry(&r));
	send_unsolicited(&r, HERE, "seven b", 7);
	expect_received(&r, RCQE_SUCCESS, 7);
	CU_ASSERT_EQUAL(fc_get24((uint8_t *)host_word(r.h, BUFFER) + 1), HERE);
	CU_ASSERT_EQUAL(memcmp(host_word(r.h, BUFFER + 0x1000), "seven b", 7), 0);
	send_unsolicited(&r, HERE, large, sizeof(large));
	expect_received(&r, RCQE_TRUNCATED, 2048);
	/* No buffer: the host is told once, and the frames come when it has posted some. */
	send_unsolicited(&r, HERE, "one", 3);
	send_unsolicited(&r, HERE, "two..", 5);
	expect_received(&r, RCQE_NEED_BUFFER, 0);
	CU_ASSERT_PTR_NULL(entry(&r));
	buffers(&r, 2);
	expect_received(&r, RCQE_SUCCESS, 3);
	expect_received(&r, RCQE_SUCCESS, 5);
	host_stop(r.h);
}

/* LS_ACC and BA_ACC for the far end's exchange 0x11. */
static void test_replies(void)
{
	struct rig r = start();
	uint32_t *w = host_word(r.h, HOST_WQ);

	memcpy(host_word(r.h, REQUEST), "\x02\0\0\0", 4);
	w[0] = 4;
	w[1] = (uint32_t)host_address(REQUEST);
	w[2] = (uint32_t)(host_address(0) >> 32);
	w[3] = 4;
	w[5] = 0x010203;
	w[6] = 3;
	w[7] = WQE_XMIT_ELS_RSP64 << 8 | 1u << 2;
	w[9] = 0x11u << 16 | TAG;
	w[10] = 0x4000;
	host_write(r.h, REG_WQ_DOORBELL, 1u << 24 | r.wq);
	host_run(r.h);
	expect(&r, WCQE_SUCCESS, 4, 0);
	CU_ASSERT_EQUAL(r.h->frame.r_ctl, FC_RCTL_ELS_REPLY);
	CU_ASSERT_EQUAL(r.h->frame.ox_id, 0x11);
	CU_ASSERT_EQUAL(r.h->frame.d_id, 0x010203);
	CU_ASSERT_EQUAL(r.h->frame.s_id, HERE);
	CU_ASSERT_EQUAL(r.h->frame.f_ctl, FC_FCTL_RESPONDER | FC_FCTL_LAST_SEQ | FC_FCTL_END_SEQ);
	w = host_word(r.h, HOST_WQ + 64);
	w[1] = 0x11u << 16 | 0x77;
	w[2] = 0xffff;
	w[5] = 0x010203;
	w[7] = WQE_XMIT_BLS_RSP64 << 8 | 1u << 2;
	w[9] = TAG;
	host_write(r.h, REG_WQ_DOORBELL, 1u << 24 | r.wq);
	host_run(r.h);
	expect(&r, WCQE_SUCCESS, 12, 0);
	CU_ASSERT_EQUAL(r.h->frame.r_ctl, FC_RCTL_BLS_ACC);
	CU_ASSERT_EQUAL(r.h->frame.rx_id, 0x77);
	CU_ASSERT_EQUAL(memcmp(r.h->data, "\0\0\0\0\0\x11\0\x77\0\0\xff\xff", 12), 0);
	host_stop(r.h);
}

/* Unregistering, and destroying the work queue, take an exchange along. */
static void test_taken_away(void)
{
	uint32_t destroy[1];
	struct rig r = start();

	post_request(&r, 10);
	CU_ASSERT_PTR_NOT_NULL(exchange_find(&r.h->c, 3));
	destroy[0] = r.wq;
	CU_ASSERT_EQUAL(host_config(r.h, 0x0c, 0x02, 0, destroy, 1), 0);
	CU_ASSERT_PTR_NULL(exchange_find(&r.h->c, 3));
	CU_ASSERT_PTR_NULL(entry(&r));
	host_write(r.h, REG_WQ_DOORBELL, 1u << 24 | r.wq);
	host_stop(r.h);
}

static const struct unit_test tests[] = {
	{"a request and its answer", test_request},
	{"LS_RJT", test_refusal},
	{"answers that are none", test_bad_answers},
	{"no answer", test_timeout},
	{"no link", test_no_link},
	{"frames nobody asked for", test_receive},
	{"replies", test_replies},
	{"a work queue that goes", test_taken_away},
};

UNIT_MAIN("LPe31000: link services", tests)
