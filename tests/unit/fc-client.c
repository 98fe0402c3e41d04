// SPDX-License-Identifier: Apache-2.0
/* N_Ports for tests of the fabric. */
#include "tests/unit/fc-client.h"
#include "tests/unit/model-clock.h"

static void on_send(void *dev, uint8_t sof, const uint8_t *frame, size_t n, uint8_t eof)
{
	struct client *c = dev;

	fc_wire_send(c->w, sof, frame, n, eof);
}

struct fc_sender client_sender(struct client *c)
{
	return (struct fc_sender){.send = on_send, .dev = c};
}

static void on_request(void *dev, const struct fc_sequence *s)
{
	struct client *c = dev;

	if (s->n < 4 || s->n > sizeof(c->rscn) || s->payload[0] != FC_ELS_RSCN)
		return;
	c->rscns++;
	c->rscn_n = s->n;
	memcpy(c->rscn, s->payload, s->n);
	fc_exchange_ls_acc(c->x, &s->h);
}

static void on_frame(void *dev, uint8_t sof, const uint8_t *frame, size_t n, uint8_t eof)
{
	struct client *c = dev;

	if (fc_exchanges_receive(c->x, frame, n))
		return;
	c->frames++;
	fc_header_get(&c->h, frame);
	c->n = n - FC_HEADER_SIZE;
	memcpy(c->payload, frame + FC_HEADER_SIZE, c->n);
}

static void on_link(void *dev, bool up)
{
	struct client *c = dev;

	if (up)
		c->ups++;
	else
		c->downs++;
}

static const struct fc_wire_ops ops = {.receive = on_frame, .link = on_link};

static void plug(struct net *n, struct client *c)
{
	const struct fc_exchanges_ops x_ops = {
		.out = client_sender(c), .request = on_request,
	};
	char why[128];
	int s[2];

	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s), 0);
	c->port = fabric_adopt(n->f, s[0], why, sizeof(why));
	c->w = fc_wire_adopt(n->loop, s[1], &ops, c);
	c->x = fc_exchanges_new(n->loop, &x_ops);
	CU_ASSERT_FATAL(c->port && c->w && c->x);
}

void net_start(struct net *n, int clients)
{
	memset(n, 0, sizeof(*n));
	n->loop = model_loop_new();
	n->f = fabric_new(n->loop);
	CU_ASSERT_PTR_NOT_NULL_FATAL(n->f);
	for (int i = 0; i < clients; i++)
		plug(n, &n->c[i]);
	net_run(n, 0);
	for (int i = 0; i < clients; i++)
		CU_ASSERT_EQUAL(n->c[i].ups, 1);
}

void net_stop(struct net *n)
{
	for (int i = 0; i < 4; i++) {
		fc_exchanges_free(n->c[i].x);
		fc_wire_close(n->c[i].w);
	}
	fabric_free(n->f);
	model_loop_free(n->loop);
}

void net_run(struct net *n, unsigned int ms)
{
	for (;; ms--) {
		for (int i = 0; i < 15; i++)
			clock_turn(n->loop, 0);
		clock_turn(n->loop, ms > 0);
		if (!ms)
			return;
	}
}

static void on_answer(void *arg, int status, const struct fc_sequence *reply)
{
	struct client *c = arg;

	c->answers++;
	c->status = status;
	c->n = 0;
	if (!reply)
		return;
	c->h = reply->h;
	c->n = reply->n;
	memcpy(c->payload, reply->payload, reply->n);
}

int client_ask(struct net *n, struct client *c, uint32_t s_id, uint32_t d_id, uint8_t type,
	       const void *payload, size_t len)
{
	bool els = type == FC_TYPE_ELS;
	const struct fc_request r = {
		.s_id = s_id, .d_id = d_id, .type = type, .payload = payload, .n = len,
		.r_ctl = els ? FC_RCTL_ELS_REQUEST : FC_RCTL_DATA_UNSOLICITED_CTL,
		.timeout_ms = 50, .done = on_answer, .arg = c,
	};
	unsigned int had = c->answers;

	CU_ASSERT_FATAL(fc_exchange_originate(c->x, &r) >= 0);
	for (net_run(n, 0); c->answers == had;)
		net_run(n, 1);
	return c->status;
}

int client_login(struct net *n, struct client *c, uint8_t command, uint32_t s_id, uint32_t d_id,
		 uint64_t wwpn)
{
	const struct fc_login l = {
		.command = command, .bb_credit = 8, .frame_size = 2048, .class3_size = 2048,
		.wwpn = wwpn, .wwnn = wwpn ^ 0x0100000000000000, .features = FC_LOGIN_NPIV_ASK,
	};
	uint8_t payload[FC_LOGIN_SIZE];
	int r;

	fc_login_put(payload, &l);
	r = client_ask(n, c, s_id, d_id, FC_TYPE_ELS, payload, sizeof(payload));
	if (r)
		return r;
	if (command != FC_ELS_PLOGI && c->payload[0] == FC_ELS_LS_ACC) {
		c->id = c->h.d_id;
		c->wwpn = wwpn;
	}
	return c->payload[0];
}

int client_ct(struct net *n, struct client *c, uint16_t command, const void *args, size_t len)
{
	const struct fc_ct ct = {FC_CT_DIRECTORY, FC_CT_NAME_SERVER, command, 0, 0, 0};
	uint8_t iu[FC_CT_SIZE + 512];
	int r;

	CU_ASSERT_FATAL(len <= 512);
	fc_ct_put(iu, &ct);
	memcpy(iu + FC_CT_SIZE, args, len);
	r = client_ask(n, c, c->id, FC_ADDR_DIRECTORY, FC_TYPE_CT, iu, FC_CT_SIZE + len);
	return r ? r : fc_get16(c->payload + 8);
}

void client_join(struct net *n, struct client *c, uint64_t wwpn)
{
	uint8_t scr[8] = {FC_ELS_SCR, 0, 0, 0, 0, 0, 0, FC_SCR_FULL};
	uint8_t types[36] = {0, 0, 0, 0, 0, 0, 1}, features[8] = {0, 0, 0, 0, 0, 0, 2, 8};

	CU_ASSERT_EQUAL(client_login(n, c, FC_ELS_FLOGI, 0, FC_ADDR_F_PORT, wwpn), FC_ELS_LS_ACC);
	CU_ASSERT_EQUAL(client_login(n, c, FC_ELS_PLOGI, c->id, FC_ADDR_DIRECTORY, wwpn),
			FC_ELS_LS_ACC);
	CU_ASSERT_EQUAL(client_ask(n, c, c->id, FC_ADDR_CONTROLLER, FC_TYPE_ELS, scr, 8), 0);
	CU_ASSERT_EQUAL(c->payload[0], FC_ELS_LS_ACC);
	fc_put32(types, c->id);
	fc_put32(features, c->id);
	CU_ASSERT_EQUAL(client_ct(n, c, 0x0217, types, sizeof(types)), FC_CT_ACCEPT);
	CU_ASSERT_EQUAL(client_ct(n, c, 0x021f, features, sizeof(features)), FC_CT_ACCEPT);
}

int client_frame(struct client *c, uint32_t s_id, uint32_t d_id, uint8_t sof, size_t len)
{
	const struct fc_header h = {
		.r_ctl = FC_RCTL_DATA_UNSOLICITED_CMD, .type = FC_TYPE_FCP, .s_id = s_id,
		.d_id = d_id, .f_ctl = FC_FCTL_FIRST_SEQ | FC_FCTL_END_SEQ, .ox_id = 0x1234,
		.rx_id = FC_ID_NONE,
	};
	uint8_t frame[FC_FRAME_MAX] = {0};

	fc_header_put(frame, &h);
	memset(frame + FC_HEADER_SIZE, 0x5a, len);
	return fc_wire_send(c->w, sof, frame, FC_HEADER_SIZE + len, FC_EOF_T);
}
