// SPDX-License-Identifier: Apache-2.0
/* The Fibre Channel wire: frames, light, a full far end, damaged and malformed packets. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vmhi-model/fc-wire.h>

#include "tests/unit/cunit.h"

struct end {
	struct fc_wire *w;
	unsigned int ups, downs, frames, readies;
	uint8_t sof, eof, last[FC_FRAME_MAX];
	size_t n;
};

static struct model_loop *loop;

static void on_receive(void *dev, uint8_t sof, const uint8_t *frame, size_t n, uint8_t eof)
{
	struct end *e = dev;

	e->frames++;
	e->sof = sof;
	e->eof = eof;
	e->n = n;
	memcpy(e->last, frame, n);
}

static void on_link(void *dev, bool up)
{
	struct end *e = dev;

	if (up)
		e->ups++;
	else
		e->downs++;
}

static void on_ready(void *dev)
{
	((struct end *)dev)->readies++;
}

static const struct fc_wire_ops ops = {
	.receive = on_receive, .link = on_link, .ready = on_ready,
};

static void run(void)
{
	for (int i = 0; i < 8; i++)
		model_loop_once(loop, 0);
}

static void start(struct end *a, struct end *b)
{
	int s[2];

	memset(a, 0, sizeof(*a));
	memset(b, 0, sizeof(*b));
	loop = model_loop_new();
	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s), 0);
	a->w = fc_wire_adopt(loop, s[0], &ops, a);
	b->w = fc_wire_adopt(loop, s[1], &ops, b);
	CU_ASSERT_PTR_NOT_NULL_FATAL(a->w);
	CU_ASSERT_PTR_NOT_NULL_FATAL(b->w);
	CU_ASSERT_EQUAL(a->ups + b->ups, 0);
	run();
	CU_ASSERT_EQUAL(a->ups, 1);
	CU_ASSERT_EQUAL(b->ups, 1);
}

static void stop(struct end *a, struct end *b)
{
	fc_wire_close(a->w);
	fc_wire_close(b->w);
	model_loop_free(loop);
}

static void test_header(void)
{
	const struct fc_header in = {
		.r_ctl = FC_RCTL_ELS_REQUEST, .d_id = FC_ADDR_F_PORT, .cs_ctl = 1, .s_id = 0x010203,
		.type = FC_TYPE_ELS, .f_ctl = FC_FCTL_FIRST_SEQ | FC_FCTL_END_SEQ, .seq_id = 9,
		.df_ctl = 4, .seq_cnt = 0x1234, .ox_id = 0x5678, .rx_id = FC_ID_NONE,
		.parameter = 0x9abcdef0,
	};
	static const uint8_t want[FC_HEADER_SIZE] = {
		0x22, 0xff, 0xff, 0xfe, 1, 1, 2, 3, 1, 0x28, 0, 0, 9, 4, 0x12, 0x34, 0x56, 0x78,
		0xff, 0xff, 0x9a, 0xbc, 0xde, 0xf0,
	};
	uint8_t bytes[FC_HEADER_SIZE], again[FC_HEADER_SIZE];
	struct fc_header out;

	fc_header_put(bytes, &in);
	CU_ASSERT_EQUAL(memcmp(bytes, want, sizeof(want)), 0);
	fc_header_get(&out, bytes);
	fc_header_put(again, &out);
	CU_ASSERT_EQUAL(memcmp(again, want, sizeof(want)), 0);
}

static void test_frames(void)
{
	struct end a, b;
	uint8_t f[FC_FRAME_MAX + 4];

	start(&a, &b);
	for (size_t i = 0; i < sizeof(f); i++)
		f[i] = (uint8_t)(i * 7);
	CU_ASSERT_EQUAL(fc_wire_send(a.w, FC_SOF_I3, f, FC_HEADER_SIZE, FC_EOF_T), 0);
	run();
	CU_ASSERT_EQUAL(b.frames, 1);
	CU_ASSERT_EQUAL(b.n, FC_HEADER_SIZE);
	CU_ASSERT_EQUAL(b.sof, FC_SOF_I3);
	CU_ASSERT_EQUAL(b.eof, FC_EOF_T);
	CU_ASSERT_EQUAL(fc_wire_send(b.w, FC_SOF_N3, f, FC_FRAME_MAX, FC_EOF_N), 0);
	run();
	CU_ASSERT_EQUAL(a.frames, 1);
	CU_ASSERT_EQUAL(a.n, FC_FRAME_MAX);
	CU_ASSERT_EQUAL(memcmp(a.last, f, a.n), 0);
	CU_ASSERT_EQUAL(fc_wire_send(a.w, FC_SOF_I3, f, 20, FC_EOF_T), -EMSGSIZE);
	CU_ASSERT_EQUAL(fc_wire_send(a.w, FC_SOF_I3, f, 26, FC_EOF_T), -EMSGSIZE);
	CU_ASSERT_EQUAL(fc_wire_send(a.w, FC_SOF_I3, f, FC_FRAME_MAX + 4, FC_EOF_T), -EMSGSIZE);
	CU_ASSERT_EQUAL(fc_wire_counts(a.w)->sent, 1);
	CU_ASSERT_EQUAL(fc_wire_counts(a.w)->received, 1);
	stop(&a, &b);
}

static void test_crc(void)
{
	struct end a, b;
	uint8_t f[28] = {0};

	start(&a, &b);
	fc_wire_corrupt(a.w, 2);
	for (int i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(fc_wire_send(a.w, FC_SOF_I3, f, sizeof(f), FC_EOF_T), 0);
	run();
	CU_ASSERT_EQUAL(b.frames, 1);
	CU_ASSERT_EQUAL(fc_wire_counts(b.w)->crc_errors, 2);
	stop(&a, &b);
}

static void test_light(void)
{
	struct end a, b;
	uint8_t f[24] = {0};

	start(&a, &b);
	fc_wire_set_light(a.w, false);
	CU_ASSERT_FALSE(fc_wire_up(a.w));
	CU_ASSERT_EQUAL(a.downs, 0);	/* not from inside the call */
	CU_ASSERT_EQUAL(fc_wire_send(a.w, FC_SOF_I3, f, 24, FC_EOF_T), -ENOLINK);
	run();
	CU_ASSERT_EQUAL(a.downs, 1);
	CU_ASSERT_EQUAL(b.downs, 1);
	CU_ASSERT_EQUAL(fc_wire_send(b.w, FC_SOF_I3, f, 24, FC_EOF_T), -ENOLINK);
	fc_wire_set_light(b.w, false);
	fc_wire_set_light(a.w, true);
	run();
	CU_ASSERT_EQUAL(a.ups + b.ups, 2);
	fc_wire_set_light(b.w, true);
	run();
	CU_ASSERT_EQUAL(a.ups, 2);
	CU_ASSERT_EQUAL(b.ups, 2);
	stop(&a, &b);
}

/* Off and on again before anybody looks: both ends are told, and no frame from before comes after. */
static void test_bounce(void)
{
	struct end a, b;
	uint8_t f[24] = {0};

	start(&a, &b);
	CU_ASSERT_EQUAL(fc_wire_send(b.w, FC_SOF_I3, f, 24, FC_EOF_T), 0);
	fc_wire_set_light(a.w, false);
	fc_wire_set_light(a.w, true);
	CU_ASSERT_FALSE(fc_wire_up(a.w));
	run();
	CU_ASSERT_EQUAL(a.frames, 0);
	CU_ASSERT_EQUAL(a.downs, 1);
	CU_ASSERT_EQUAL(b.downs, 1);
	CU_ASSERT_EQUAL(a.ups, 2);
	CU_ASSERT_EQUAL(b.ups, 2);
	CU_ASSERT_EQUAL(fc_wire_send(b.w, FC_SOF_I3, f, 24, FC_EOF_T), 0);
	run();
	CU_ASSERT_EQUAL(a.frames, 1);
	stop(&a, &b);
}

static void test_full(void)
{
	struct end a, b;
	uint8_t f[FC_FRAME_MAX] = {0};
	unsigned int sent = 0;

	start(&a, &b);
	fc_wire_pause(b.w, true);
	while (sent < 100000 && fc_wire_send(a.w, FC_SOF_I3, f, sizeof(f), FC_EOF_T) == 0)
		sent++;
	CU_ASSERT_EQUAL(fc_wire_send(a.w, FC_SOF_I3, f, sizeof(f), FC_EOF_T), -EAGAIN);
	run();
	CU_ASSERT_EQUAL(a.readies, 0);
	CU_ASSERT_EQUAL(b.frames, 0);
	fc_wire_pause(b.w, false);
	for (unsigned int i = 0; i < sent && b.frames < sent; i++)
		run();
	CU_ASSERT_EQUAL(b.frames, sent);
	CU_ASSERT_EQUAL(a.readies, 1);
	CU_ASSERT_EQUAL(fc_wire_send(a.w, FC_SOF_I3, f, sizeof(f), FC_EOF_T), 0);
	/* Light goes out behind a full queue all the same, once there is room. */
	fc_wire_pause(b.w, true);
	while (fc_wire_send(a.w, FC_SOF_I3, f, sizeof(f), FC_EOF_T) == 0)
		;
	fc_wire_set_light(a.w, false);
	run();
	CU_ASSERT_EQUAL(b.downs, 0);
	fc_wire_pause(b.w, false);
	for (unsigned int i = 0; i < sent && !b.downs; i++)
		run();
	CU_ASSERT_EQUAL(b.downs, 1);
	stop(&a, &b);
}

static void test_hostile(void)
{
	static const struct {
		uint8_t bytes[8];
		size_t n;
	} wrong[] = {
		{{0}, 1}, {{FC_SOF_I3, FC_EOF_T, 0, 0}, 4}, {{0, 0, 1, 0, 1, 1, 1}, 7},
		{{0, 0, 1, 0, 2, 1, 1, 0}, 8}, {{0, 0, 2, 0}, 8}, {{FC_SOF_I3, FC_EOF_T, 0, 1}, 8},
	};
	static uint8_t large[4096] = {FC_SOF_I3, FC_EOF_T};
	const size_t wrongs = sizeof(wrong) / sizeof(wrong[0]);
	struct end a = {0};
	int s[2];

	loop = model_loop_new();
	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s), 0);
	a.w = fc_wire_adopt(loop, s[0], &ops, &a);
	CU_ASSERT_PTR_NOT_NULL_FATAL(a.w);
	for (size_t i = 0; i < wrongs; i++)
		CU_ASSERT_EQUAL(send(s[1], wrong[i].bytes, wrong[i].n, 0), (ssize_t)wrong[i].n);
	CU_ASSERT_EQUAL(send(s[1], large, sizeof(large), 0), sizeof(large));
	CU_ASSERT_EQUAL(send(s[1], large, 4 + 24 + 2 + 4, 0), 34);
	/* A frame of the right size to an end that never heard of light. */
	CU_ASSERT_EQUAL(send(s[1], large, 4 + 24 + 4, 0), 32);
	run();
	CU_ASSERT_EQUAL(fc_wire_counts(a.w)->malformed, wrongs + 2);
	CU_ASSERT_EQUAL(a.frames + a.ups, 0);
	close(s[1]);
	run();
	fc_wire_close(a.w);
	model_loop_free(loop);
}

static void test_paths(void)
{
	const char *path = "test-fc-wire.sock";
	struct end a = {0}, b = {0};
	char listens[64], plugs[64], why[256];

	snprintf(listens, sizeof(listens), "fc-listen:%s", path);
	snprintf(plugs, sizeof(plugs), "fc:%s", path);
	loop = model_loop_new();
	CU_ASSERT_PTR_NULL(fc_wire_open(loop, "copper", &ops, &a, why, sizeof(why)));
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "copper"));
	CU_ASSERT_PTR_NULL(fc_wire_open(loop, "fc-listen:/nowhere/x", &ops, &a, why, sizeof(why)));
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "/nowhere/x"));
	a.w = fc_wire_open(loop, plugs, &ops, &a, why, sizeof(why));
	CU_ASSERT_PTR_NOT_NULL_FATAL(a.w);
	for (unsigned int i = 1; i <= 2; i++) {	/* the port comes after the plug, and again */
		b.w = fc_wire_open(loop, listens, &ops, &b, why, sizeof(why));
		CU_ASSERT_PTR_NOT_NULL_FATAL(b.w);
		CU_ASSERT_EQUAL(access(path, F_OK), 0);
		for (int k = 0; k < 100 && (a.ups < i || b.ups < i); k++)
			model_loop_once(loop, 20);
		CU_ASSERT_EQUAL(a.ups, i);
		CU_ASSERT_EQUAL(b.ups, i);
		fc_wire_close(b.w);
		CU_ASSERT_EQUAL(access(path, F_OK), -1);
		run();
		CU_ASSERT_EQUAL(a.downs, i);
	}
	fc_wire_close(a.w);
	model_loop_free(loop);
}

static const struct unit_test tests[] = {
	{"header", test_header},
	{"frames", test_frames},
	{"CRC", test_crc},
	{"light", test_light},
	{"bounce", test_bounce},
	{"full far end", test_full},
	{"hostile packets", test_hostile},
	{"paths", test_paths},
};

UNIT_MAIN("fc-wire", tests)
