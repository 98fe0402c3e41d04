// SPDX-License-Identifier: Apache-2.0
/* Sequences and exchanges of link services between two ends in one loop; logins and CT preambles. */
#include <errno.h>
#include <string.h>

#include "sdk/models/fc/els.h"
#include "sdk/models/fc/exchange.h"
#include "tests/unit/cunit.h"

#define FRAMES 64

struct frame {
	uint8_t sof, eof, bytes[FC_FRAME_MAX];
	size_t n;
};

static struct {
	struct model_loop *loop;
	struct fc_exchanges *x;
	struct frame frame[FRAMES];	/* what was sent */
	unsigned int frames, requests, answers;
	struct fc_header asked;
	size_t asked_n, answer_n;
	uint8_t payload[FC_SEQUENCE_MAX];	/* of the last request or answer */
	int status;
} t;

static void on_send(void *dev, uint8_t sof, const uint8_t *frame, size_t n, uint8_t eof)
{
	CU_ASSERT_FATAL(t.frames < FRAMES && n <= FC_FRAME_MAX);
	t.frame[t.frames] = (struct frame){.sof = sof, .eof = eof, .n = n};
	memcpy(t.frame[t.frames++].bytes, frame, n);
}

static void on_request(void *dev, const struct fc_sequence *s)
{
	t.requests++;
	t.asked = s->h;
	t.asked_n = s->n;
	memcpy(t.payload, s->payload, s->n);
}

static void on_done(void *arg, int status, const struct fc_sequence *reply)
{
	t.answers++;
	t.status = status;
	CU_ASSERT_EQUAL(!reply, status != 0);
	if (reply) {
		t.answer_n = reply->n;
		memcpy(t.payload, reply->payload, reply->n);
	}
}

static const struct fc_exchanges_ops ops = {
	.out = {.send = on_send, .dev = &t}, .request = on_request,
};

static void start(void)
{
	memset(&t, 0, sizeof(t));
	t.loop = model_loop_new();
	t.x = fc_exchanges_new(t.loop, &ops);
	CU_ASSERT_PTR_NOT_NULL_FATAL(t.x);
}

static void stop(void)
{
	fc_exchanges_free(t.x);
	model_loop_free(t.loop);
}

static void header_of(unsigned int i, struct fc_header *h)
{
	fc_header_get(h, t.frame[i].bytes);
}

/* Everything sent so far comes back in, as if two ends shared one table. */
static void loop_back(void)
{
	unsigned int n = t.frames;

	for (unsigned int i = 0; i < n; i++)
		CU_ASSERT_TRUE(fc_exchanges_receive(t.x, t.frame[i].bytes, t.frame[i].n));
	memmove(t.frame, t.frame + n, (t.frames - n) * sizeof(t.frame[0]));
	t.frames -= n;
}

static int ask(const void *payload, size_t n, size_t max_payload, unsigned int ms)
{
	const struct fc_request r = {
		.s_id = 0x010100, .d_id = FC_ADDR_DIRECTORY, .r_ctl = FC_RCTL_DATA_UNSOLICITED_CTL,
		.type = FC_TYPE_CT, .payload = payload, .n = n, .max_payload = max_payload,
		.timeout_ms = ms, .done = on_done,
	};

	return fc_exchange_originate(t.x, &r);
}

static void test_frames(void)
{
	const struct fc_header h = {
		.r_ctl = FC_RCTL_DATA_SOLICITED, .type = FC_TYPE_FCP, .parameter = 1000,
		.f_ctl = FC_FCTL_RESPONDER | FC_FCTL_REL_OFFSET | FC_FCTL_END_SEQ,
	};
	uint8_t data[1025];
	struct fc_header got;

	start();
	memset(data, 0x5a, sizeof(data));
	fc_sequence_send(&ops.out, &h, data, sizeof(data), 515);
	CU_ASSERT_EQUAL(t.frames, 3);
	for (unsigned int i = 0; i < 3; i++) {
		header_of(i, &got);
		CU_ASSERT_EQUAL(t.frame[i].sof, i ? FC_SOF_N3 : FC_SOF_I3);
		CU_ASSERT_EQUAL(t.frame[i].eof, i == 2 ? FC_EOF_T : FC_EOF_N);
		CU_ASSERT_EQUAL(got.seq_cnt, i);
		CU_ASSERT_EQUAL(got.parameter, 1000 + 512 * i);
		CU_ASSERT_EQUAL(t.frame[i].n, i == 2 ? 24 + 4 : 24 + 512);
	}
	CU_ASSERT_EQUAL(got.f_ctl, h.f_ctl | 3);
	CU_ASSERT_EQUAL(memcmp(t.frame[2].bytes + 24, "\x5a\0\0", 4), 0);
	header_of(0, &got);
	CU_ASSERT_EQUAL(got.f_ctl, FC_FCTL_RESPONDER | FC_FCTL_REL_OFFSET);
	t.frames = 0;
	fc_sequence_send(&ops.out, &h, NULL, 0, 0);
	CU_ASSERT_EQUAL(t.frames, 1);
	CU_ASSERT_EQUAL(t.frame[0].n, 24);
	stop();
}

/* A request in pieces, an answer in pieces, each whole at the other end. */
static void test_exchange(void)
{
	uint8_t big[6001];
	int ox;

	start();
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (uint8_t)(i ^ i >> 8);
	ox = ask(big, sizeof(big), 256, 0);
	CU_ASSERT_FATAL(ox >= 0);
	CU_ASSERT_EQUAL(t.frames, 24);
	loop_back();
	CU_ASSERT_EQUAL(t.requests, 1);
	CU_ASSERT_EQUAL(t.asked_n, sizeof(big));
	CU_ASSERT_EQUAL(t.asked.ox_id, ox);
	CU_ASSERT_EQUAL(memcmp(t.payload, big, sizeof(big)), 0);
	memset(t.payload, 0, sizeof(t.payload));
	fc_exchange_reply(t.x, &t.asked, big, 3001, 2048);
	CU_ASSERT_EQUAL(t.frames, 2);
	loop_back();
	CU_ASSERT_EQUAL(t.answers, 1);
	CU_ASSERT_EQUAL(t.status, 0);
	CU_ASSERT_EQUAL(t.answer_n, 3001);
	CU_ASSERT_EQUAL(memcmp(t.payload, big, 3001), 0);
	/* The same answer again belongs to nothing. */
	fc_exchange_reply(t.x, &t.asked, big, 8, 0);
	loop_back();
	CU_ASSERT_EQUAL(t.answers, 1);
	stop();
}

static void test_ends(void)
{
	struct fc_header h;

	start();
	CU_ASSERT(ask("abcd", 4, 0, 1) >= 0);
	while (!t.answers)
		model_loop_once(t.loop, 100);
	CU_ASSERT_EQUAL(t.status, -ETIMEDOUT);
	CU_ASSERT(ask("abcd", 4, 0, 0) >= 0);
	fc_exchanges_reset(t.x);
	CU_ASSERT_EQUAL(t.answers, 2);
	CU_ASSERT_EQUAL(t.status, -ECANCELED);
	t.frames = 0;
	CU_ASSERT(ask("abcd", 4, 0, 0) >= 0);
	header_of(0, &h);
	h.r_ctl = FC_RCTL_F_RJT;
	h.s_id = h.d_id;
	h.d_id = 0x010100;
	fc_header_put(t.frame[0].bytes, &h);
	CU_ASSERT_TRUE(fc_exchanges_receive(t.x, t.frame[0].bytes, 24));
	CU_ASSERT_EQUAL(t.answers, 3);
	CU_ASSERT_EQUAL(t.status, -EHOSTUNREACH);
	CU_ASSERT_FALSE(fc_exchanges_receive(t.x, t.frame[0].bytes, 24));
	for (int i = 0; i < 64; i++) {
		t.frames = 0;
		CU_ASSERT(ask("abcd", 4, 0, 0) >= 0);
	}
	CU_ASSERT_EQUAL(ask("abcd", 4, 0, 0), -ENOSPC);
	stop();
}

static void test_services(void)
{
	const struct fc_header abts = {
		.r_ctl = FC_RCTL_BLS_ABTS, .d_id = 1, .s_id = 2, .ox_id = 7, .rx_id = 8, .seq_id = 3,
		.f_ctl = FC_FCTL_END_SEQ,
	};
	struct fc_header h;

	start();
	CU_ASSERT(ask("abcd", 4, 0, 0) >= 0);
	t.asked = (struct fc_header){.r_ctl = FC_RCTL_ELS_REQUEST, .type = FC_TYPE_ELS,
				     .d_id = 5, .s_id = 6, .ox_id = 9, .rx_id = FC_ID_NONE};
	t.frames = 0;
	fc_exchange_ls_rjt(t.x, &t.asked, FC_LS_RJT_NOT_SUPPORTED, FC_LS_EXPLAIN_UNAVAILABLE);
	fc_exchange_ls_acc(t.x, &t.asked);
	fc_bls_accept(&ops.out, &abts, 8);
	fc_bls_reject(&ops.out, &abts, FC_BA_RJT_LOGICAL_ERROR, FC_BA_EXPLAIN_INVALID_OX_RX);
	CU_ASSERT_EQUAL(memcmp(t.frame[0].bytes + 24, "\1\0\0\0\0\x0b\x2a\0", 8), 0);
	CU_ASSERT_EQUAL(memcmp(t.frame[1].bytes + 24, "\2\0\0\0", 4), 0);
	header_of(1, &h);
	CU_ASSERT_EQUAL(h.r_ctl, FC_RCTL_ELS_REPLY);
	CU_ASSERT_EQUAL(h.d_id, 6);
	CU_ASSERT_EQUAL(h.s_id, 5);
	CU_ASSERT_EQUAL(h.ox_id, 9);
	header_of(2, &h);
	CU_ASSERT_EQUAL(h.r_ctl, FC_RCTL_BLS_ACC);
	CU_ASSERT_EQUAL(h.f_ctl, FC_FCTL_RESPONDER | FC_FCTL_LAST_SEQ | FC_FCTL_END_SEQ);
	CU_ASSERT_EQUAL(memcmp(t.frame[2].bytes + 24, "\0\0\0\0\0\7\0\x08\0\0\xff\xff", 12), 0);
	header_of(3, &h);
	CU_ASSERT_EQUAL(h.r_ctl, FC_RCTL_BLS_RJT);
	CU_ASSERT_EQUAL(memcmp(t.frame[3].bytes + 24, "\0\3\3\0", 4), 0);
	stop();
}

/* Frames that are lost, doubled, out of order, endless or too many: nothing whole, nothing kept. */
static void test_broken(void)
{
	uint8_t data[4096] = {0};

	start();
	CU_ASSERT(ask(data, sizeof(data), 1024, 0) >= 0);
	CU_ASSERT_EQUAL(t.frames, 4);
	for (unsigned int i = 0; i < 4; i++)	/* the second is lost */
		if (i != 1)
			fc_exchanges_receive(t.x, t.frame[i].bytes, t.frame[i].n);
	CU_ASSERT_EQUAL(t.requests, 0);
	for (unsigned int i = 0; i < 4; i++) {	/* each comes twice */
		fc_exchanges_receive(t.x, t.frame[i].bytes, t.frame[i].n);
		fc_exchanges_receive(t.x, t.frame[i].bytes, t.frame[i].n);
	}
	CU_ASSERT_EQUAL(t.requests, 0);
	for (unsigned int i = 0; i < 200; i++) {	/* never an end */
		fc_put16(t.frame[0].bytes + 14, (uint16_t)i);
		fc_exchanges_receive(t.x, t.frame[0].bytes, t.frame[0].n);
	}
	fc_put16(t.frame[0].bytes + 14, 0);
	for (unsigned int i = 0; i < 1000; i++) {	/* many begun */
		fc_put16(t.frame[0].bytes + 16, (uint16_t)i);
		fc_exchanges_receive(t.x, t.frame[0].bytes, t.frame[0].n);
	}
	CU_ASSERT_EQUAL(t.requests, 0);
	fc_put16(t.frame[0].bytes + 16, 999);		/* the last of them still ends well */
	for (unsigned int i = 1; i < 4; i++) {
		fc_put16(t.frame[i].bytes + 16, 999);
		fc_exchanges_receive(t.x, t.frame[i].bytes, t.frame[i].n);
	}
	CU_ASSERT_EQUAL(t.requests, 1);
	CU_ASSERT_EQUAL(t.asked_n, sizeof(data));
	/* A first frame of nothing but its header, then the end. */
	t.requests = 0;
	fc_put16(t.frame[0].bytes + 16, 1000);
	fc_exchanges_receive(t.x, t.frame[0].bytes, 24);
	fc_put16(t.frame[3].bytes + 14, 1);
	fc_put16(t.frame[3].bytes + 16, 1000);
	fc_exchanges_receive(t.x, t.frame[3].bytes, t.frame[3].n);
	CU_ASSERT_EQUAL(t.requests, 1);
	CU_ASSERT_EQUAL(t.asked_n, 1024);
	/* More fill than payload. */
	t.requests = 0;
	fc_put24(t.frame[0].bytes + 9, FC_FCTL_END_SEQ | 3);
	CU_ASSERT_TRUE(fc_exchanges_receive(t.x, t.frame[0].bytes, 24));
	CU_ASSERT_EQUAL(t.requests, 0);
	stop();
}

static void test_login(void)
{
	const struct fc_login in = {
		.command = FC_ELS_PLOGI, .features = 0x8800, .bb_credit = 4, .frame_size = 2112,
		.class3_size = 2048, .wwpn = 0x2100000000000001, .wwnn = 0x2000000000000001,
	};
	uint8_t bytes[FC_LOGIN_SIZE];
	struct fc_login out;

	fc_login_put(bytes, &in);
	CU_ASSERT_EQUAL(bytes[0], FC_ELS_PLOGI);
	CU_ASSERT_EQUAL(fc_get64(bytes + 20), in.wwpn);
	CU_ASSERT_EQUAL(fc_get16(bytes + 68), 0x8800);
	CU_ASSERT_EQUAL(fc_login_get(&out, bytes, sizeof(bytes)), 0);
	CU_ASSERT_EQUAL(out.wwnn, in.wwnn);
	CU_ASSERT_EQUAL(out.features, in.features);
	CU_ASSERT_EQUAL(fc_login_frame_size(&out), 2048);
	CU_ASSERT_EQUAL(fc_login_get(&out, bytes, sizeof(bytes) - 1), -EINVAL);
	out.class3_size = 3;
	CU_ASSERT_EQUAL(fc_login_frame_size(&out), 256);
}

static void test_ct(void)
{
	const struct fc_ct in = {FC_CT_DIRECTORY, FC_CT_NAME_SERVER, FC_CT_REJECT, 3, 9, 7};
	uint8_t iu[FC_CT_SIZE];
	struct fc_ct out;

	fc_ct_put(iu, &in);
	CU_ASSERT_EQUAL(memcmp(iu, "\1\0\0\0\xfc\2\0\0\x80\1\0\3\0\x09\7\0", 16), 0);
	fc_ct_get(&out, iu);
	CU_ASSERT_EQUAL(memcmp(&in, &out, sizeof(in)), 0);
}

static const struct unit_test tests[] = {
	{"frames of a sequence", test_frames},
	{"request and answer in pieces", test_exchange},
	{"no answer", test_ends},
	{"LS_RJT, LS_ACC, BA_ACC, BA_RJT", test_services},
	{"broken sequences", test_broken},
	{"login", test_login},
	{"CT", test_ct},
};

UNIT_MAIN("fc-exchange", tests)
