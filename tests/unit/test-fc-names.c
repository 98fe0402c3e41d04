// SPDX-License-Identifier: Apache-2.0
/* The fabric's name server: what is registered, and what is told of it. */
#include "tests/unit/fc-client.h"

#include <errno.h>

#define WWPN(i) (0x2100000000000001ull + (i))

struct query {
	uint16_t command;
	uint8_t args[8];
	size_t args_n;
	uint8_t want[40];	/* what the answer begins with */
	size_t want_n, n;	/* and its whole length */
};

static void check(struct net *n, struct client *c, const struct query *q)
{
	CU_ASSERT_EQUAL(client_ct(n, c, q->command, q->args, q->args_n), FC_CT_ACCEPT);
	CU_ASSERT_EQUAL(c->n, FC_CT_SIZE + q->n);
	CU_ASSERT_EQUAL(memcmp(c->payload + FC_CT_SIZE, q->want, q->want_n), 0);
}

static void start(struct net *n)
{
	uint8_t name[12] = {0, 1, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0x77};
	static const char symbol[] = "\0\1\2\0\5hello";
	static const char node[] = "\x20\0\0\0\0\0\0\x77\5there";

	net_start(n, 2);
	client_join(n, &n->c[0], WWPN(0));
	client_join(n, &n->c[1], WWPN(1));
	CU_ASSERT_EQUAL(client_ct(n, &n->c[1], 0x0213, name, 12), FC_CT_ACCEPT);
	CU_ASSERT_EQUAL(client_ct(n, &n->c[1], 0x0218, symbol, 10), FC_CT_ACCEPT);
	CU_ASSERT_EQUAL(client_ct(n, &n->c[1], 0x0239, node, 14), FC_CT_ACCEPT);
	CU_ASSERT_EQUAL(client_ct(n, &n->c[1], 0x0214, "\0\1\2\0\0\0\0\x08", 8), FC_CT_ACCEPT);
}

static void test_queries(void)
{
	static const struct query queries[] = {
		{0x0112, {0, 1, 2, 0}, 4, {0x21, 0, 0, 0, 0, 0, 0, 2}, 8, 8},		/* GPN_ID */
		{0x0113, {0, 1, 2, 0}, 4, {0x20, 0, 0, 0, 0, 0, 0, 0x77}, 8, 8},	/* GNN_ID */
		{0x0114, {0, 1, 2, 0}, 4, {0, 0, 0, 8}, 4, 4},				/* GCS_ID */
		{0x0117, {0, 1, 2, 0}, 4, {0, 0, 1, 0}, 4, 32},				/* GFT_ID */
		{0x0118, {0, 1, 2, 0}, 4, "\5hello", 7, 256},				/* GSPN_ID */
		{0x011a, {0, 1, 2, 0}, 4, {1}, 4, 4},					/* GPT_ID */
		{0x011c, {0, 1, 2, 0}, 4, {0x21, 0, 0x56, 0x4d, 0x48, 0x49, 0, 1}, 8, 8}, /* GFPN_ID */
		{0x011f, {0, 1, 2, 0}, 4, {0, 0, 0, 0, 0, 0, 0, 2}, 8, 128},		/* GFF_ID */
		{0x0121, {0x21, 0, 0, 0, 0, 0, 0, 2}, 8, {0, 1, 2, 0}, 4, 4},		/* GID_PN */
		{0x0131, {0x20, 0, 0, 0, 0, 0, 0, 0x77}, 8, {0x80, 1, 2, 0}, 4, 4},	/* GID_NN */
		{0x0139, {0x20, 0, 0, 0, 0, 0, 0, 0x77}, 8, "\5there", 7, 256},		/* GSNN_NN */
		{0x0171, {0, 0, 0, 8}, 4, {0, 1, 1, 0, 0x80, 1, 2, 0}, 8, 8},		/* GID_FT */
		{0x0171, {0, 1, 2, 8}, 4, {0x80, 1, 2, 0}, 4, 4},
		{0x0172, {0, 0, 0, 8}, 4,
		 {0, 1, 1, 0, 0, 0, 0, 0, 0x21, 0, 0, 0, 0, 0, 0, 1, 0x80, 1, 2, 0, 0, 0, 0, 0, 0x21, 0,
		  0, 0, 0, 0, 0, 2}, 32, 32},						/* GPN_FT */
		{0x0173, {0, 1, 2, 8}, 4,
		 {0x80, 1, 2, 0, 0, 0, 0, 0, 0x20, 0, 0, 0, 0, 0, 0, 0x77}, 16, 16},	/* GNN_FT */
		{0x01a1, {0x7f, 0, 0, 0}, 4, {0, 1, 1, 0, 0x80, 1, 2, 0}, 8, 8},	/* GID_PT */
		{0x0100, {0, 1, 1, 0}, 4, {1, 1, 2, 0, 0x21, 0, 0, 0, 0, 0, 0, 2, 5}, 13,
		 4 + 8 + 256 + 8 + 256 + 8 + 16 + 4 + 32 + 16 + 8 + 4},			/* GA_NXT */
		{0x0100, {0, 1, 2, 0}, 4, {1, 1, 1, 0}, 4,
		 4 + 8 + 256 + 8 + 256 + 8 + 16 + 4 + 32 + 16 + 8 + 4},
	};
	struct net n;

	start(&n);
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++)
		check(&n, &n.c[0], &queries[i]);
	net_stop(&n);
}

static void test_rejects(void)
{
	static const struct {
		uint16_t command;
		uint8_t args[8];
		size_t n;
		uint8_t reason, explanation;
	} list[] = {
		{0x0171, {0, 0, 0, 0x28}, 4, 9, 7},		/* nobody speaks it */
		{0x0171, {0, 2, 0, 8}, 4, 9, 7},		/* nobody in that domain */
		{0x0112, {0, 1, 9, 0}, 4, 9, 1},
		{0x0121, {1}, 8, 9, 2},
		{0x0131, {1}, 8, 9, 3},
		{0x0112, {0, 1}, 2, 4, 0},			/* too short */
		{0x0217, {0, 1, 1, 0}, 8, 4, 0},
		{0x0213, {0, 1, 2, 0}, 8, 4, 0},
		{0x021f, {0, 1, 2, 0, 0, 0, 2, 8}, 8, 9, 0x11},	/* another's address */
		{0x0218, {0, 1, 1, 0, 200, 'x'}, 6, 9, 0x12},	/* a name longer than the request */
		{0x0400, {0}, 4, 0xb, 0},
	};
	struct net n;
	struct client *c = &n.c[0];

	start(&n);
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		CU_ASSERT_EQUAL(client_ct(&n, c, list[i].command, list[i].args, list[i].n),
				FC_CT_REJECT);
		CU_ASSERT_EQUAL(c->payload[13], list[i].reason);
		CU_ASSERT_EQUAL(c->payload[14], list[i].explanation);
	}
	/* Less than a preamble gets no answer: there is no command to reject. */
	CU_ASSERT_EQUAL(client_ask(&n, c, c->id, FC_ADDR_DIRECTORY, FC_TYPE_CT, list, 12),
			-ETIMEDOUT);
	net_stop(&n);
}

/* No more words than asked for; what is left is counted. */
static void test_residual(void)
{
	const struct fc_ct ct = {FC_CT_DIRECTORY, FC_CT_NAME_SERVER, 0x0171, 1, 0, 0};
	uint8_t iu[20] = {0};
	struct net n;
	struct client *c = &n.c[0];

	start(&n);
	fc_ct_put(iu, &ct);
	iu[19] = 8;
	CU_ASSERT_EQUAL(client_ask(&n, c, c->id, FC_ADDR_DIRECTORY, FC_TYPE_CT, iu, 20), 0);
	CU_ASSERT_EQUAL(c->n, 20);
	CU_ASSERT_EQUAL(fc_get16(c->payload + 8), FC_CT_ACCEPT);
	CU_ASSERT_EQUAL(fc_get16(c->payload + 10), 1);
	net_stop(&n);
}

/* More N_Ports than an answer of one frame holds. */
static void test_many(void)
{
	struct net n;
	struct client *c = &n.c[0];

	net_start(&n, 2);
	client_join(&n, c, WWPN(0));
	for (unsigned int i = 1; i < NPORTS_MAX; i++)
		CU_ASSERT_EQUAL(client_login(&n, &n.c[0], FC_ELS_FDISC, 0, FC_ADDR_F_PORT, WWPN(i)),
				FC_ELS_LS_ACC);
	c->id = 0x010100;
	client_join(&n, &n.c[1], WWPN(100));
	CU_ASSERT_EQUAL(client_ct(&n, &n.c[1], 0x01a1, "\x7f\0\0\0", 4), FC_CT_ACCEPT);
	CU_ASSERT_EQUAL(n.c[1].n, FC_CT_SIZE + 4 * (NPORTS_MAX + 1));
	CU_ASSERT_EQUAL(n.c[1].payload[FC_CT_SIZE + 4 * NPORTS_MAX], 0x80);
	net_stop(&n);
}

static void test_deregister(void)
{
	struct net n;
	unsigned int had;

	start(&n);
	net_run(&n, 40);
	had = n.c[0].rscns;
	CU_ASSERT_EQUAL(client_ct(&n, &n.c[1], 0x0300, "\0\1\2\0", 4), FC_CT_ACCEPT);
	net_run(&n, 40);
	CU_ASSERT_EQUAL(n.c[0].rscns, had + 1);
	CU_ASSERT_EQUAL(client_ct(&n, &n.c[0], 0x0171, "\0\0\0\x08", 4), FC_CT_ACCEPT);
	CU_ASSERT_EQUAL(n.c[0].n, FC_CT_SIZE + 4);
	net_stop(&n);
}

static void test_speeds(void)
{
	const struct fc_ct ct = {FC_CT_MANAGEMENT, FC_CT_CONFIGURATION, 0x0127, 0, 0, 0};
	uint8_t iu[24];
	struct net n;
	struct client *c = &n.c[0];

	start(&n);
	fc_ct_put(iu, &ct);
	fc_put64(iu + 16, F_PORT_WWPN + 1);
	CU_ASSERT_EQUAL(client_ask(&n, c, c->id, FC_ADDR_MANAGEMENT, FC_TYPE_CT, iu, 24),
			-ETIMEDOUT);	/* not logged in there */
	CU_ASSERT_EQUAL(client_login(&n, c, FC_ELS_PLOGI, c->id, FC_ADDR_MANAGEMENT, WWPN(0)),
			FC_ELS_LS_ACC);
	CU_ASSERT_EQUAL(client_ask(&n, c, c->id, FC_ADDR_MANAGEMENT, FC_TYPE_CT, iu, 24), 0);
	CU_ASSERT_EQUAL(fc_get16(c->payload + 8), FC_CT_ACCEPT);
	CU_ASSERT_EQUAL(fc_get16(c->payload + 18), 0x0200);
	iu[5] = FC_CT_FDMI;
	CU_ASSERT_EQUAL(client_ask(&n, c, c->id, FC_ADDR_MANAGEMENT, FC_TYPE_CT, iu, 24), 0);
	CU_ASSERT_EQUAL(fc_get16(c->payload + 8), FC_CT_REJECT);
	CU_ASSERT_EQUAL(c->payload[13], FC_CT_RJT_NOT_SUPPORTED);
	net_stop(&n);
}

static const struct unit_test tests[] = {
	{"queries", test_queries},
	{"rejects", test_rejects},
	{"residual", test_residual},
	{"many", test_many},
	{"deregister", test_deregister},
	{"speeds", test_speeds},
};

UNIT_MAIN("fc-names", tests)
