// SPDX-License-Identifier: Apache-2.0
/* The fabric on Ethernet: an ENode discovers it, logs in, and is cut off. */
#include "tests/unit/fc-client.h"

#include <sys/un.h>
#include <unistd.h>

#include "sdk/models/fc/fabric/fcoe.h"

#define WWPN(i) (0x2100000000000001ull + (i))

static const uint8_t enode_mac[6] = {0x52, 0x54, 0, 0, 0, 1};
static const uint8_t all_fcfs[6] = {0x01, 0x10, 0x18, 0x01, 0x00, 0x02};

struct bench {
	struct net n;		/* c[0] is on a fibre of the same fabric */
	struct fcoe *e;
	int sock;
	uint8_t fcf[6], got[FIP_FRAME_MAX + 1];
	size_t size;
};

static void start(struct bench *b)
{
	struct sockaddr_un us = {AF_UNIX, "test-fcoe.enode"}, it = {AF_UNIX, "test-fcoe.fcf"};
	char why[128];

	net_start(&b->n, 1);
	unlink(us.sun_path);
	b->sock = socket(AF_UNIX, SOCK_DGRAM, 0);
	CU_ASSERT_EQUAL_FATAL(bind(b->sock, (struct sockaddr *)&us, sizeof(us)), 0);
	b->e = fcoe_open(b->n.f, "dgram:test-fcoe.fcf,test-fcoe.enode", why, sizeof(why));
	CU_ASSERT_PTR_NOT_NULL_FATAL(b->e);
	CU_ASSERT_EQUAL_FATAL(connect(b->sock, (struct sockaddr *)&it, sizeof(it)), 0);
}

static void stop(struct bench *b)
{
	fcoe_close(b->e);
	net_stop(&b->n);
	close(b->sock);
	unlink("test-fcoe.enode");
}

/* The next frame of that type; false: none comes. */
static bool receive(struct bench *b, uint16_t ethertype)
{
	for (int i = 0; i < 20; i++) {
		ssize_t n = recv(b->sock, b->got, sizeof(b->got), MSG_DONTWAIT);

		if (n >= 14 && fc_get16(b->got + 12) == ethertype) {
			b->size = (size_t)n;
			return true;
		}
		if (n < 0)
			model_loop_once(b->n.loop, 0);
	}
	return false;
}

static void send_fip(struct bench *b, struct fip_out *o)
{
	fip_end(o, 0);
	CU_ASSERT_EQUAL(send(b->sock, o->bytes, o->n, 0), (ssize_t)o->n);
}

static void send_fcoe(struct bench *b, const uint8_t from[6], const struct fc_header *h,
		      const void *payload, size_t n)
{
	uint8_t frame[FC_FRAME_MAX] = {0}, out[FCOE_FRAME_MAX];
	size_t size;

	fc_header_put(frame, h);
	memcpy(frame + FC_HEADER_SIZE, payload, n);
	size = fcoe_frame_put(out, FC_SOF_I3, frame, FC_HEADER_SIZE + n, FC_EOF_T);
	memcpy(out, b->fcf, 6);
	memcpy(out + 6, from, 6);
	CU_ASSERT_EQUAL(send(b->sock, out, size, 0), (ssize_t)size);
}

/* A login, or its end, by FIP; the command code of the answer, 0 for none. */
static uint8_t ask(struct bench *b, uint8_t type, uint8_t command, uint32_t s_id, uint64_t wwpn,
		   uint16_t ox_id)
{
	const struct fc_login l = {
		.command = command, .frame_size = 2048, .class3 = true, .wwpn = wwpn,	/* no size */
		.wwnn = 0x2000000000000001, .features = FC_LOGIN_NPIV_ASK,
	};
	const struct fc_header h = {
		.r_ctl = FC_RCTL_ELS_REQUEST, .type = FC_TYPE_ELS, .d_id = FC_ADDR_F_PORT,
		.s_id = s_id, .ox_id = ox_id, .rx_id = FC_ID_NONE,
		.f_ctl = FC_FCTL_FIRST_SEQ | FC_FCTL_END_SEQ | FC_FCTL_SEQ_INITIATIVE,
	};
	uint8_t els[2 + FC_HEADER_SIZE + FC_LOGIN_SIZE] = {0}, none[6] = {0};
	struct fip_out o;
	struct fip f;

	fc_header_put(els + 2, &h);
	fc_login_put(els + 2 + FC_HEADER_SIZE, &l);
	fip_begin(&o, b->fcf, enode_mac, FIP_LS_REQUEST, FIP_FLAG_FPMA);
	fip_add(&o, type, els, sizeof(els));
	fip_add(&o, FIP_MAC, none, sizeof(none));
	send_fip(b, &o);
	if (!receive(b, ETHERTYPE_FIP))
		return 0;
	CU_ASSERT_EQUAL(fip_get(&f, b->got, b->size), 0);
	CU_ASSERT_EQUAL(f.operation, FIP_LS_REPLY);
	CU_ASSERT_EQUAL(f.els_type, type);
	CU_ASSERT_EQUAL(fc_get16(f.els + 16), ox_id);
	CU_ASSERT_EQUAL(memcmp(b->got, enode_mac, 6), 0);
	return f.els[FC_HEADER_SIZE];
}

static void discover(struct bench *b)
{
	uint8_t size[2] = {2158 >> 8, 2158 & 0xff}, name[10] = {0};
	struct fip_out o;
	struct fip f;

	CU_ASSERT_TRUE(receive(b, ETHERTYPE_FIP));	/* to all, from the start */
	CU_ASSERT_EQUAL(b->got[0] & 1, 1);
	fip_begin(&o, all_fcfs, enode_mac, FIP_SOLICITATION, FIP_FLAG_FPMA);
	fip_add(&o, FIP_MAC, enode_mac, 6);
	fip_add(&o, FIP_NAME, name, sizeof(name));
	fip_add(&o, FIP_MAX_SIZE, size, sizeof(size));
	send_fip(b, &o);
	CU_ASSERT_TRUE(receive(b, ETHERTYPE_FIP));
	CU_ASSERT_EQUAL(b->size, 14 + 2158);
	CU_ASSERT_EQUAL(fip_get(&f, b->got, b->size), 0);
	CU_ASSERT_EQUAL(f.operation, FIP_ADVERTISEMENT);
	CU_ASSERT_EQUAL(f.flags, FIP_FLAG_FPMA | FIP_FLAG_AVAILABLE | FIP_FLAG_SOLICITED |
				 FIP_FLAG_FCF);
	memcpy(b->fcf, f.mac, 6);
}

static void test_login(void)
{
	static const uint8_t fpma[6] = {0x0e, 0xfc, 0, 1, 2, 0};
	struct bench b;
	struct fip_out o;
	struct fip f;

	start(&b);
	discover(&b);
	fip_begin(&o, all_fcfs, enode_mac, FIP_VLAN_REQUEST, FIP_FLAG_FPMA);
	fip_add(&o, FIP_MAC, enode_mac, 6);
	send_fip(&b, &o);
	CU_ASSERT_TRUE(receive(&b, ETHERTYPE_FIP));
	CU_ASSERT_EQUAL(fip_get(&f, b.got, b.size), 0);
	CU_ASSERT_EQUAL(f.operation, FIP_VLAN_NOTIFICATION);
	/* FDISC before FLOGI: nobody is there to be answered. */
	CU_ASSERT_EQUAL(ask(&b, FIP_FDISC, FC_ELS_FDISC, 0, WWPN(2), 6), 0);
	/* A login that is refused leaves nothing. */
	CU_ASSERT_EQUAL(ask(&b, FIP_FLOGI, FC_ELS_FLOGI, 0, 0, 7), FC_ELS_LS_RJT);
	CU_ASSERT_PTR_NULL(b.e->enodes);
	CU_ASSERT_EQUAL(ask(&b, FIP_FLOGI, FC_ELS_FLOGI, 0, WWPN(1), 8), FC_ELS_LS_ACC);
	CU_ASSERT_EQUAL(fip_get(&f, b.got, b.size), 0);
	CU_ASSERT_EQUAL(memcmp(f.mac, fpma, 6), 0);
	CU_ASSERT_EQUAL(fc_get24(f.els + 1), 0x010200);
	CU_ASSERT_EQUAL(ask(&b, FIP_FDISC, FC_ELS_FDISC, 0, WWPN(2), 9), FC_ELS_LS_ACC);
	CU_ASSERT_EQUAL(fip_get(&f, b.got, b.size), 0);
	CU_ASSERT_EQUAL(f.mac[5], 1);
	CU_ASSERT_EQUAL(ask(&b, FIP_LOGO, FC_ELS_LOGO, 0x010201, WWPN(2), 10), FC_ELS_LS_ACC);
	CU_ASSERT_PTR_NULL(fabric_find(b.n.f, 0x010201));
	CU_ASSERT_EQUAL(ask(&b, FIP_LOGO, FC_ELS_LOGO, 0x010200, WWPN(1), 11), FC_ELS_LS_ACC);
	CU_ASSERT_PTR_NULL(b.e->enodes);
	stop(&b);
}

static void test_frames(void)
{
	static const uint8_t fpma[6] = {0x0e, 0xfc, 0, 1, 2, 0};
	struct fc_header h = {.r_ctl = FC_RCTL_DATA_UNSOLICITED_CMD, .type = FC_TYPE_FCP,
			      .s_id = 0x010200, .d_id = 0x010100, .rx_id = FC_ID_NONE,
			      .f_ctl = FC_FCTL_FIRST_SEQ | FC_FCTL_END_SEQ};
	struct bench b;
	const uint8_t *frame;
	uint8_t sof, eof;
	size_t n;

	start(&b);
	discover(&b);
	client_join(&b.n, &b.n.c[0], WWPN(0));
	CU_ASSERT_EQUAL(ask(&b, FIP_FLOGI, FC_ELS_FLOGI, 0, WWPN(1), 8), FC_ELS_LS_ACC);
	send_fcoe(&b, fpma, &h, "abcd", 4);
	send_fcoe(&b, enode_mac, &h, "efgh", 4);	/* not the address that it was given */
	h.s_id = 0x010100;
	send_fcoe(&b, fpma, &h, "efgh", 4);		/* somebody on a fibre */
	net_run(&b.n, 0);
	CU_ASSERT_EQUAL(b.n.c[0].frames, 1);
	CU_ASSERT_EQUAL(memcmp(b.n.c[0].payload, "abcd", 4), 0);
	CU_ASSERT_EQUAL(client_frame(&b.n.c[0], 0x010100, 0x010200, FC_SOF_I3, 2112), 0);
	CU_ASSERT_TRUE(receive(&b, ETHERTYPE_FCOE));
	CU_ASSERT_EQUAL(memcmp(b.got, fpma, 6), 0);
	CU_ASSERT_EQUAL(memcmp(b.got + 6, b.fcf, 6), 0);
	CU_ASSERT_EQUAL(fcoe_frame_get(b.got, b.size, &sof, &frame, &n, &eof), 0);
	CU_ASSERT_EQUAL(n, FC_FRAME_MAX);
	CU_ASSERT_TRUE(fault_command(b.n.f, "corrupt 1 1"));
	client_frame(&b.n.c[0], 0x010100, 0x010200, FC_SOF_I3, 4);
	CU_ASSERT_TRUE(receive(&b, ETHERTYPE_FCOE));
	CU_ASSERT_NOT_EQUAL(fcoe_frame_get(b.got, b.size, &sof, &frame, &n, &eof), 0);
	stop(&b);
}

static void test_cut(void)
{
	struct bench b;
	struct fip f;

	start(&b);
	discover(&b);
	CU_ASSERT_EQUAL(ask(&b, FIP_FLOGI, FC_ELS_FLOGI, 0, WWPN(1), 8), FC_ELS_LS_ACC);
	CU_ASSERT_TRUE(fault_command(b.n.f, "light 1 off"));
	CU_ASSERT_TRUE(receive(&b, ETHERTYPE_FIP));
	CU_ASSERT_EQUAL(fip_get(&f, b.got, b.size), 0);
	CU_ASSERT_EQUAL(f.operation, FIP_CLEAR_LINKS);
	CU_ASSERT_EQUAL(fc_get16(b.got + 20), 2 + 3 + 5);
	CU_ASSERT_PTR_NULL(fabric_find(b.n.f, 0x010200));
	CU_ASSERT_EQUAL(ask(&b, FIP_FLOGI, FC_ELS_FLOGI, 0, WWPN(1), 9), 0);
	CU_ASSERT_TRUE(fault_command(b.n.f, "light 1 on"));
	CU_ASSERT_EQUAL(ask(&b, FIP_FLOGI, FC_ELS_FLOGI, 0, WWPN(1), 10), FC_ELS_LS_ACC);
	/* Silent for two and a half periods. */
	enodes_expire(b.e, model_now_ns() + 19000000000ull);
	CU_ASSERT_PTR_NOT_NULL(b.e->enodes);
	enodes_expire(b.e, model_now_ns() + 20100000000ull);
	CU_ASSERT_PTR_NULL(b.e->enodes);
	CU_ASSERT_TRUE(receive(&b, ETHERTYPE_FIP));
	CU_ASSERT_EQUAL(fip_get(&f, b.got, b.size), 0);
	CU_ASSERT_EQUAL(f.operation, FIP_CLEAR_LINKS);
	stop(&b);
}

static void test_malformed(void)
{
	struct fip_out o;
	struct fip f;
	uint8_t vlan[2] = {0};

	fip_begin(&o, all_fcfs, enode_mac, FIP_SOLICITATION, 0);
	fip_add(&o, FIP_MAC, enode_mac, 6);
	fip_end(&o, 0);
	CU_ASSERT_EQUAL(fip_get(&f, o.bytes, o.n), 0);
	CU_ASSERT_NOT_EQUAL(fip_get(&f, o.bytes, o.n - 1), 0);	/* shorter than it says */
	CU_ASSERT_NOT_EQUAL(fip_get(&f, o.bytes, 20), 0);
	o.bytes[25] = 3;					/* a descriptor beyond the list */
	CU_ASSERT_NOT_EQUAL(fip_get(&f, o.bytes, o.n), 0);
	o.bytes[25] = 0;
	CU_ASSERT_NOT_EQUAL(fip_get(&f, o.bytes, o.n), 0);
	o.bytes[25] = 2;
	o.bytes[24] = 100;					/* not known, and below 128 */
	CU_ASSERT_NOT_EQUAL(fip_get(&f, o.bytes, o.n), 0);
	o.bytes[24] = 200;
	CU_ASSERT_EQUAL(fip_get(&f, o.bytes, o.n), 0);
	o.bytes[14] = 0x20;					/* version */
	CU_ASSERT_NOT_EQUAL(fip_get(&f, o.bytes, o.n), 0);
	fip_begin(&o, all_fcfs, enode_mac, FIP_SOLICITATION, 0);
	fip_add(&o, FIP_MAC, vlan, 2);				/* too short for its kind */
	fip_end(&o, 0);
	CU_ASSERT_NOT_EQUAL(fip_get(&f, o.bytes, o.n), 0);
}

static const struct unit_test tests[] = {
	{"discovery, FLOGI, FDISC, LOGO", test_login},
	{"frames", test_frames},
	{"cut off", test_cut},
	{"malformed FIP", test_malformed},
};

UNIT_MAIN("fcoe", tests)
