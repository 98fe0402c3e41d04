// SPDX-License-Identifier: Apache-2.0
/* The fabric to those who are on it: logins, routing, zones, state changes, fault switches. */
#include "tests/unit/fc-client.h"

#include <errno.h>

#define WWPN(i) (0x2100000000000001ull + (i))

static void test_flogi(void)
{
	struct net n;
	struct client *c = &n.c[0];
	struct fc_login l;

	net_start(&n, 2);
	CU_ASSERT_EQUAL(client_login(&n, c, FC_ELS_FLOGI, 0, FC_ADDR_F_PORT, WWPN(0)),
			FC_ELS_LS_ACC);
	CU_ASSERT_EQUAL(c->id, 0x010100);
	CU_ASSERT_EQUAL(c->h.s_id, FC_ADDR_F_PORT);
	CU_ASSERT_EQUAL(fc_login_get(&l, c->payload, c->n), 0);
	CU_ASSERT_EQUAL(l.features, FC_LOGIN_F_PORT | FC_LOGIN_NPIV_GIVE);
	CU_ASSERT_EQUAL(fc_get32(c->payload + 12), 10000);	/* R_A_TOV */
	CU_ASSERT_EQUAL(fc_get32(c->payload + 16), 2000);	/* E_D_TOV */
	/* Again, with the address it has: the same one. */
	CU_ASSERT_EQUAL(client_login(&n, c, FC_ELS_FLOGI, c->id, FC_ADDR_F_PORT, WWPN(0)),
			FC_ELS_LS_ACC);
	CU_ASSERT_EQUAL(c->id, 0x010100);
	/* Refused: another port's name, no name, another's address, a payload too short. */
	c = &n.c[1];
	CU_ASSERT_EQUAL(client_login(&n, c, FC_ELS_FLOGI, 0, FC_ADDR_F_PORT, WWPN(0)),
			FC_ELS_LS_RJT);
	CU_ASSERT_EQUAL(c->payload[6], FC_LS_EXPLAIN_INVALID_WWPN);
	CU_ASSERT_EQUAL(client_login(&n, c, FC_ELS_FLOGI, 0, FC_ADDR_F_PORT, 0), FC_ELS_LS_RJT);
	CU_ASSERT_EQUAL(client_login(&n, c, FC_ELS_FLOGI, 0x010100, FC_ADDR_F_PORT, WWPN(1)),
			FC_ELS_LS_RJT);
	CU_ASSERT_EQUAL(client_ask(&n, c, 0, FC_ADDR_F_PORT, FC_TYPE_ELS, "\4\0\0\0", 4), 0);
	CU_ASSERT_EQUAL(c->payload[0], FC_ELS_LS_RJT);
	CU_ASSERT_EQUAL(c->payload[6], FC_LS_EXPLAIN_PAYLOAD);
	CU_ASSERT_EQUAL(client_login(&n, c, FC_ELS_FLOGI, 0, FC_ADDR_F_PORT, WWPN(1)),
			FC_ELS_LS_ACC);
	CU_ASSERT_EQUAL(c->id, 0x010200);
	net_stop(&n);
}

static void test_npiv(void)
{
	struct net n;
	struct client *c = &n.c[0];

	net_start(&n, 1);
	CU_ASSERT_EQUAL(client_login(&n, c, FC_ELS_FDISC, 0, FC_ADDR_F_PORT, WWPN(1)),
			FC_ELS_LS_RJT);
	CU_ASSERT_EQUAL(c->payload[6], FC_LS_EXPLAIN_LOGIN_REQUIRED);
	client_join(&n, c, WWPN(0));
	for (unsigned int i = 1; i < NPORTS_MAX; i++) {
		CU_ASSERT_EQUAL(client_login(&n, c, FC_ELS_FDISC, 0, FC_ADDR_F_PORT, WWPN(i)),
				FC_ELS_LS_ACC);
		CU_ASSERT_EQUAL(c->id, 0x010100 + i);
	}
	CU_ASSERT_EQUAL(client_login(&n, c, FC_ELS_FDISC, 0, FC_ADDR_F_PORT, WWPN(999)),
			FC_ELS_LS_RJT);
	CU_ASSERT_EQUAL(c->payload[6], FC_LS_EXPLAIN_NO_RESOURCES);
	/* One more time for one that is there: its address again. */
	CU_ASSERT_EQUAL(client_login(&n, c, FC_ELS_FDISC, 0, FC_ADDR_F_PORT, WWPN(5)),
			FC_ELS_LS_ACC);
	CU_ASSERT_EQUAL(c->id, 0x010105);
	/* LOGO of one frees its place. */
	CU_ASSERT_EQUAL(client_ask(&n, c, 0x010105, FC_ADDR_F_PORT, FC_TYPE_ELS, "\5\0\0\0", 4), 0);
	CU_ASSERT_EQUAL(c->payload[0], FC_ELS_LS_ACC);
	CU_ASSERT_PTR_NULL(fabric_find(n.f, 0x010105));
	CU_ASSERT_EQUAL(client_login(&n, c, FC_ELS_FDISC, 0, FC_ADDR_F_PORT, WWPN(999)),
			FC_ELS_LS_ACC);
	CU_ASSERT_EQUAL(c->id, 0x010105);
	/* FLOGI again ends them all. */
	CU_ASSERT_EQUAL(client_login(&n, c, FC_ELS_FLOGI, 0, FC_ADDR_F_PORT, WWPN(0)),
			FC_ELS_LS_ACC);
	CU_ASSERT_PTR_NULL(fabric_find(n.f, 0x010105));
	net_stop(&n);
}

static void test_services(void)
{
	static const struct {
		uint32_t d_id;
		uint8_t command, answer;
	} list[] = {
		{FC_ADDR_F_PORT, FC_ELS_RTV, FC_ELS_LS_ACC},
		{FC_ADDR_F_PORT, FC_ELS_ECHO, FC_ELS_LS_ACC},
		{FC_ADDR_F_PORT, 0x17, FC_ELS_LS_RJT},		/* EDC */
		{FC_ADDR_CONTROLLER, 0x19, FC_ELS_LS_RJT},	/* RDF */
		{FC_ADDR_CONTROLLER, FC_ELS_SCR, FC_ELS_LS_RJT}, /* too short */
		{FC_ADDR_DIRECTORY, FC_ELS_PRLI, FC_ELS_LS_RJT},
		{FC_ADDR_DIRECTORY, FC_ELS_LOGO, FC_ELS_LS_ACC},
	};
	struct net n;
	struct client *c = &n.c[0];
	uint8_t payload[4] = {0};

	net_start(&n, 1);
	/* Before FLOGI there is nobody to answer but the F_Port. */
	CU_ASSERT_EQUAL(client_login(&n, c, FC_ELS_PLOGI, 0x010100, FC_ADDR_DIRECTORY, WWPN(0)),
			-ETIMEDOUT);
	payload[0] = FC_ELS_RTV;
	CU_ASSERT_EQUAL(client_ask(&n, c, 0, FC_ADDR_F_PORT, FC_TYPE_ELS, payload, 4), 0);
	CU_ASSERT_EQUAL(c->payload[6], FC_LS_EXPLAIN_LOGIN_REQUIRED);
	client_join(&n, c, WWPN(0));
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		payload[0] = list[i].command;
		CU_ASSERT_EQUAL(client_ask(&n, c, c->id, list[i].d_id, FC_TYPE_ELS, payload, 4), 0);
		CU_ASSERT_EQUAL(c->payload[0], list[i].answer);
	}
	/* Logged out of the name server: it is silent. */
	CU_ASSERT_EQUAL(client_ct(&n, c, 0x0171, "\0\0\0\x08", 4), -ETIMEDOUT);
	/* Nobody is at FFFFF5. */
	CU_ASSERT_EQUAL(client_ask(&n, c, c->id, 0xfffff5, FC_TYPE_ELS, payload, 4), -ETIMEDOUT);
	net_stop(&n);
}

static void test_routing(void)
{
	struct net n;
	struct client *a = &n.c[0], *b = &n.c[1];

	net_start(&n, 2);
	client_join(&n, a, WWPN(0));
	client_join(&n, b, WWPN(1));
	CU_ASSERT_EQUAL(client_frame(a, a->id, b->id, FC_SOF_I3, 2112), 0);
	net_run(&n, 0);
	CU_ASSERT_EQUAL(b->frames, 1);
	CU_ASSERT_EQUAL(b->n, 2112);
	CU_ASSERT_EQUAL(b->h.s_id, a->id);
	/* Somebody else's address, nobody's address, to nobody: without a word. */
	client_frame(a, b->id, b->id, FC_SOF_I3, 4);
	client_frame(a, 0x010101, b->id, FC_SOF_I3, 4);
	client_frame(a, a->id, 0x010300, FC_SOF_I3, 4);
	client_frame(a, a->id, 0x020200, FC_SOF_I3, 4);
	client_frame(a, a->id, FC_ADDR_BROADCAST, FC_SOF_I3, 4);
	net_run(&n, 0);
	CU_ASSERT_EQUAL(a->frames, 0);
	CU_ASSERT_EQUAL(b->frames, 1);
	CU_ASSERT_EQUAL(n.f->discarded, 5);
	/* Class 2 is told. */
	client_frame(a, a->id, b->id, FC_SOF_I2, 4);
	net_run(&n, 0);
	CU_ASSERT_EQUAL(b->frames, 1);
	CU_ASSERT_EQUAL(a->frames, 1);
	CU_ASSERT_EQUAL(a->h.r_ctl, FC_RCTL_F_RJT);
	CU_ASSERT_EQUAL(a->h.parameter, 0x02060000);
	CU_ASSERT_EQUAL(a->h.ox_id, 0x1234);
	net_stop(&n);
}

static void test_changes(void)
{
	struct net n;
	struct client *a = &n.c[0], *b = &n.c[1];

	net_start(&n, 2);
	client_join(&n, a, WWPN(0));
	net_run(&n, 40);
	CU_ASSERT_EQUAL(a->rscns, 0);	/* not of itself */
	client_join(&n, b, WWPN(1));
	net_run(&n, 40);
	CU_ASSERT_EQUAL(a->rscns, 1);	/* login and registrations in one */
	CU_ASSERT_EQUAL(a->rscn_n, 8);
	CU_ASSERT_EQUAL(memcmp(a->rscn, "\x61\4\0\x08\0\1\2\0", 8), 0);
	CU_ASSERT_EQUAL(b->rscns, 0);
	fc_wire_set_light(b->w, false);
	net_run(&n, 40);
	CU_ASSERT_EQUAL(a->rscns, 2);
	CU_ASSERT_PTR_NULL(fabric_find(n.f, b->id));
	/* Who has cleared its registration hears nothing. */
	CU_ASSERT_EQUAL(client_ask(&n, a, a->id, FC_ADDR_CONTROLLER, FC_TYPE_ELS,
				   "\x62\0\0\0\0\0\0\xff", 8), 0);
	fc_wire_set_light(b->w, true);
	net_run(&n, 0);
	client_join(&n, b, WWPN(1));
	net_run(&n, 40);
	CU_ASSERT_EQUAL(a->rscns, 2);
	/* What an N_Port reports is passed on, its address in the page. */
	CU_ASSERT_EQUAL(client_ask(&n, a, a->id, FC_ADDR_CONTROLLER, FC_TYPE_ELS,
				   "\x61\4\0\x08\0\1\1\0", 8), 0);
	net_run(&n, 40);
	CU_ASSERT_EQUAL(b->rscns, 1);
	CU_ASSERT_EQUAL(memcmp(b->rscn, "\x61\4\0\x08\0\1\1\0", 8), 0);
	net_stop(&n);
}

static void test_zones(void)
{
	struct net n;
	struct client *a = &n.c[0], *b = &n.c[1], *c = &n.c[2];

	net_start(&n, 3);
	CU_ASSERT_TRUE(fault_command(n.f, "zone add one 2100000000000001;21:00:00:00:00:00:00:02"));
	client_join(&n, a, WWPN(0));
	client_join(&n, b, WWPN(1));
	client_join(&n, c, WWPN(2));
	net_run(&n, 40);
	CU_ASSERT_EQUAL(a->rscns, 1);	/* of b, not of c */
	CU_ASSERT_EQUAL(a->rscn_n, 8);
	client_frame(a, a->id, b->id, FC_SOF_I3, 4);
	client_frame(a, a->id, c->id, FC_SOF_I3, 4);
	net_run(&n, 0);
	CU_ASSERT_EQUAL(b->frames, 1);
	CU_ASSERT_EQUAL(c->frames, 0);
	CU_ASSERT_EQUAL(client_ct(&n, a, 0x0171, "\0\0\0\x08", 4), FC_CT_ACCEPT);
	CU_ASSERT_EQUAL(a->n, FC_CT_SIZE + 8);
	CU_ASSERT_EQUAL(memcmp(a->payload + 16, "\0\1\1\0\x80\1\2\0", 8), 0);
	CU_ASSERT_TRUE(fault_command(n.f, "zone add two 2100000000000001;2100000000000003"));
	net_run(&n, 40);
	CU_ASSERT_EQUAL(memcmp(a->rscn, "\x61\4\0\x08\3\0\0\0", 8), 0);
	client_frame(a, a->id, c->id, FC_SOF_I3, 4);
	client_frame(b, b->id, c->id, FC_SOF_I3, 4);
	net_run(&n, 0);
	CU_ASSERT_EQUAL(c->frames, 1);
	CU_ASSERT_TRUE(fault_command(n.f, "zone remove one"));
	CU_ASSERT_TRUE(fault_command(n.f, "zone remove two"));
	CU_ASSERT_FALSE(fault_command(n.f, "zone remove two"));
	client_frame(b, b->id, c->id, FC_SOF_I3, 4);
	net_run(&n, 0);
	CU_ASSERT_EQUAL(c->frames, 2);
	net_stop(&n);
}

static void test_faults(void)
{
	struct net n;
	struct client *a = &n.c[0], *b = &n.c[1];
	uint64_t start;

	net_start(&n, 2);
	client_join(&n, a, WWPN(0));
	client_join(&n, b, WWPN(1));
	CU_ASSERT_TRUE(fault_command(n.f, "drop 1 1 rsp"));
	client_frame(a, a->id, b->id, FC_SOF_I3, 4);
	net_run(&n, 0);
	CU_ASSERT_EQUAL(b->frames, 1);	/* that was a command */
	CU_ASSERT_TRUE(fault_command(n.f, "drop 1 2 cmnd"));
	for (int i = 0; i < 3; i++)
		client_frame(a, a->id, b->id, FC_SOF_I3, 4);
	net_run(&n, 0);
	CU_ASSERT_EQUAL(b->frames, 2);
	CU_ASSERT_TRUE(fault_command(n.f, "corrupt 1 1"));
	for (int i = 0; i < 2; i++)
		client_frame(a, a->id, b->id, FC_SOF_I3, 4);
	net_run(&n, 0);
	CU_ASSERT_EQUAL(b->frames, 3);
	CU_ASSERT_EQUAL(fc_wire_counts(b->w)->crc_errors, 1);
	/* The one behind a late frame stays behind it. */
	CU_ASSERT_TRUE(fault_command(n.f, "delay 1 60 1"));
	start = model_now_ns();
	client_frame(a, a->id, b->id, FC_SOF_I3, 4);
	client_frame(a, a->id, b->id, FC_SOF_I3, 8);
	while (b->frames < 5 && model_now_ns() < start + 2000000000u)
		net_run(&n, 1);
	CU_ASSERT_EQUAL(b->frames, 5);
	CU_ASSERT_EQUAL(b->n, 8);
	CU_ASSERT(model_now_ns() - start >= 60000000u);
	CU_ASSERT_TRUE(fault_command(n.f, "bounce 1 30"));
	net_run(&n, 0);
	CU_ASSERT_EQUAL(b->downs, 1);
	CU_ASSERT_EQUAL(b->ups, 1);
	net_run(&n, 60);
	CU_ASSERT_EQUAL(b->ups, 2);
	/* A bounce in the midst of one begins it anew; the light that is put out stays out. */
	for (int i = 0; i < 3; i++)
		CU_ASSERT_TRUE(fault_command(n.f, "bounce 1 30"));
	net_run(&n, 60);
	CU_ASSERT_EQUAL(b->ups, 3);
	CU_ASSERT_TRUE(fault_command(n.f, "bounce 0 30"));
	CU_ASSERT_TRUE(fault_command(n.f, "light 0 off"));
	net_run(&n, 60);
	CU_ASSERT_EQUAL(a->ups, 1);
	net_run(&n, 0);
	CU_ASSERT_EQUAL(a->downs, 1);
	CU_ASSERT_TRUE(fault_command(n.f, "light 0 on"));
	net_run(&n, 0);
	CU_ASSERT_EQUAL(a->ups, 2);
	CU_ASSERT_TRUE(fault_command(n.f, "drop 0 5"));
	CU_ASSERT_TRUE(fault_command(n.f, "clear"));
	CU_ASSERT_EQUAL(n.f->port[0]->fault[FAULT_DROP].left, 0);
	net_stop(&n);
}

static void test_commands(void)
{
	static const char *const wrong[] = {
		"", "drop", "drop 2 1", "drop 64 1", "drop 4000000000 1", "drop 0 1 fish",
		"delay 0 99999 1", "delay 0 5", "bounce 0 0", "bounce 9 5", "bounce 0 99999",
		"light 0 of", "light 0", "zone", "zone add x", "zone add x 123",
		"zone add x 21000000000000011", "zone add x 2100000000000001;;", "zone remove x",
	};
	struct net n;

	net_start(&n, 2);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CU_ASSERT_FALSE(fault_command(n.f, wrong[i]));
	CU_ASSERT_PTR_NULL(n.f->zones);
	net_stop(&n);
}

/* A far end that takes nothing: its sources wait, nothing is lost, and not for ever. */
static void test_congestion(void)
{
	struct net n;
	struct client *a = &n.c[0], *b = &n.c[1], *c = &n.c[2];
	unsigned int sent = 0;

	net_start(&n, 3);
	client_join(&n, a, WWPN(0));
	client_join(&n, b, WWPN(1));
	client_join(&n, c, WWPN(2));
	fc_wire_pause(b->w, true);
	for (int i = 0; i < 4000; i++) {
		if (client_frame(a, a->id, b->id, FC_SOF_I3, 2112) == 0)
			sent++;
		model_loop_once(n.loop, 0);
	}
	CU_ASSERT(sent < 4000);
	CU_ASSERT_PTR_EQUAL(n.f->port[0]->stopped_by, n.f->port[1]);
	client_frame(c, c->id, a->id, FC_SOF_I3, 4);
	net_run(&n, 0);
	CU_ASSERT_EQUAL(a->frames, 1);	/* others are not held up */
	fc_wire_pause(b->w, false);
	for (int i = 0; i < 1000 && b->frames < sent; i++)
		net_run(&n, 0);
	CU_ASSERT_EQUAL(b->frames, sent);
	CU_ASSERT_PTR_NULL(n.f->port[0]->stopped_by);
	CU_ASSERT_EQUAL(n.f->discarded, 0);
	/* It never takes them: after E_D_TOV they are gone and the source goes on. */
	fc_wire_pause(b->w, true);
	for (int i = 0; i < 4000 && !n.f->port[0]->stopped_by; i++) {
		client_frame(a, a->id, b->id, FC_SOF_I3, 2112);
		model_loop_once(n.loop, 0);
	}
	CU_ASSERT_PTR_NOT_NULL(n.f->port[0]->stopped_by);
	for (int i = 0; i < 30 && n.f->port[0]->stopped_by; i++)
		net_run(&n, 100);
	CU_ASSERT_PTR_NULL(n.f->port[0]->stopped_by);
	CU_ASSERT(n.f->discarded > 0);
	net_stop(&n);
}

static const struct unit_test tests[] = {
	{"FLOGI", test_flogi},
	{"FDISC", test_npiv},
	{"services", test_services},
	{"routing", test_routing},
	{"state changes", test_changes},
	{"zones", test_zones},
	{"faults", test_faults},
	{"commands", test_commands},
	{"congestion", test_congestion},
};

UNIT_MAIN("fc-fabric", tests)
