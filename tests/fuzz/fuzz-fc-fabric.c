// SPDX-License-Identifier: Apache-2.0
/*
 * What is plugged into a fabric is hostile: packets that are no frames, frames that are no requests,
 * requests out of order. Input: records of one byte of kind, two of length, and so many bytes.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vmhi-model/model.h>

#include "sdk/models/fc/fabric/fabric.h"

#define PORTS 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bench {
	struct model_loop *loop;
	struct fabric *f;
	struct port *port[PORTS];
	int sock[PORTS];
};

/* A line for each hostile record would be in nobody's interest. */
void model_log(const char *fmt, ...)
{
}

static void check(int ok)
{
	if (!ok)
		abort();
}

static void turn(struct bench *b)
{
	uint8_t sink[4096];

	for (int i = 0; i < 3; i++)
		model_loop_once(b->loop, 0);
	for (int i = 0; i < PORTS; i++)
		while (recv(b->sock[i], sink, sizeof(sink), MSG_DONTWAIT) > 0)
			;
}

/* An N_Port that is logged in to everything, so that what follows is heard. */
static void join(struct bench *b, unsigned int i)
{
	const struct fc_header flogi = {
		.r_ctl = FC_RCTL_ELS_REQUEST, .d_id = FC_ADDR_F_PORT, .type = FC_TYPE_ELS,
		.f_ctl = FC_FCTL_FIRST_SEQ | FC_FCTL_END_SEQ, .rx_id = FC_ID_NONE,
	};
	struct fc_login l = {.command = FC_ELS_FLOGI, .frame_size = 2048, .class3_size = 2048,
			     .wwpn = 0x2100000000000001ull + i, .wwnn = 0x2000000000000001ull};
	uint8_t frame[FC_HEADER_SIZE + FC_LOGIN_SIZE];
	struct fc_header h = flogi;

	fc_header_put(frame, &h);
	fc_login_put(frame + FC_HEADER_SIZE, &l);
	fabric_receive(b->port[i], FC_SOF_I3, frame, sizeof(frame), FC_EOF_T);
	h.s_id = DOMAIN | (b->port[i]->number + 1) << 8;
	l.command = FC_ELS_PLOGI;
	fc_login_put(frame + FC_HEADER_SIZE, &l);
	for (h.d_id = FC_ADDR_MANAGEMENT; h.d_id <= FC_ADDR_DIRECTORY; h.d_id++) {
		fc_header_put(frame, &h);
		fabric_receive(b->port[i], FC_SOF_I3, frame, sizeof(frame), FC_EOF_T);
	}
	h.d_id = FC_ADDR_CONTROLLER;
	fc_header_put(frame, &h);
	memset(frame + FC_HEADER_SIZE, 0, 8);
	frame[FC_HEADER_SIZE] = FC_ELS_SCR;
	frame[FC_HEADER_SIZE + 7] = FC_SCR_FULL;
	fabric_receive(b->port[i], FC_SOF_I3, frame, FC_HEADER_SIZE + 8, FC_EOF_T);
}

/* A frame as a wire gives it: its own copy, so that reading past its end is seen. */
static void frame(struct bench *b, unsigned int port, const uint8_t *bytes, size_t n)
{
	size_t len = n < 2 + FC_HEADER_SIZE ? 0 : (n - 2) / 4 * 4;
	uint8_t *copy;

	if (!len || len > FC_FRAME_MAX)
		return;
	copy = malloc(len);
	check(copy != NULL);
	memcpy(copy, bytes + 2, len);
	fabric_receive(b->port[port], bytes[0], copy, len, bytes[1]);
	free(copy);
}

static void record(struct bench *b, uint8_t kind, const uint8_t *bytes, size_t n)
{
	unsigned int port = kind >> 4 & 3;
	char line[256];

	if (port >= PORTS)
		port = 0;
	switch (kind & 15) {
	case 0:
		join(b, port);
		break;
	case 1:
		if (n)
			send(b->sock[port], bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		break;
	case 2:
		if (n >= sizeof(line))
			n = sizeof(line) - 1;
		memcpy(line, bytes, n);
		line[n] = 0;
		fault_command(b->f, line);
		break;
	case 3:
		model_timer_cancel(b->loop, &b->f->tell);
		changes_tell(b->f);
		break;
	default:
		frame(b, port, bytes, n);
	}
	turn(b);
}

/* Every login is where its address says. */
static void check_logins(const struct fabric *f)
{
	const struct nport *n = NULL;

	while ((n = fabric_next(f, n)))
		check(fabric_find(f, n->id) == n && fabric_find_wwpn(f, n->login.wwpn) == n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bench b = {.loop = model_loop_new()};
	char why[128];

	b.f = fabric_new(b.loop);
	check(b.f != NULL);
	for (int i = 0; i < PORTS; i++) {
		int s[2];

		check(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s));
		b.port[i] = fabric_adopt(b.f, s[0], why, sizeof(why));
		b.sock[i] = s[1];
		check(b.port[i] != NULL);
	}
	for (int k = 0; k < 64 && size >= 3; k++) {
		size_t n = (size_t)data[1] << 8 | data[2];

		if (n > size - 3)
			n = size - 3;
		record(&b, data[0], data + 3, n);
		check_logins(b.f);
		data += 3 + n;
		size -= 3 + n;
	}
	fabric_free(b.f);
	for (int i = 0; i < PORTS; i++)
		close(b.sock[i]);
	model_loop_free(b.loop);
	return 0;
}
