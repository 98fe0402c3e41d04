// SPDX-License-Identifier: Apache-2.0
/* The fabric's capture file, read by somebody else: tshark finds every frame whole and well-formed. */
#include "tests/unit/fc-client.h"

#include <stdlib.h>
#include <unistd.h>

#define WWPN(i) (0x2100000000000001ull + (i))
#define SKIP	77

static const char *const path = "test-fc-capture.pcap";

/* The number of frames that a display filter picks. */
static int count(const char *filter)
{
	char command[512], line[1024];
	int n = 0;
	FILE *p;

	snprintf(command, sizeof(command), "tshark -n -r %s -Y '%s' 2>test-fc-capture.err", path, filter);
	p = popen(command, "r");
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	while (fgets(line, sizeof(line), p))
		n++;
	CU_ASSERT_EQUAL(pclose(p), 0);
	return n;
}

static void fcp(struct client *c, uint32_t d_id, uint8_t r_ctl, uint32_t f_ctl, const void *payload,
		size_t n)
{
	const struct fc_header h = {
		.r_ctl = r_ctl, .type = FC_TYPE_FCP, .s_id = c->id, .d_id = d_id, .ox_id = 0x4321,
		.rx_id = FC_ID_NONE,	/* tshark joins an exchange's frames by both ids */
		.f_ctl = f_ctl | FC_FCTL_END_SEQ,
	};
	const struct fc_sender out = client_sender(c);

	fc_sequence_send(&out, &h, payload, n, 512);
}

/* WRITE(10) of a block, refused in the end with sense data. */
static void write_command(struct net *n, struct client *a, struct client *b)
{
	uint8_t cmnd[32] = {[11] = 1, [12] = 0x2a, [20] = 1, [30] = 2}, ready[12] = {[10] = 2};
	uint8_t data[512] = {0}, rsp[24 + 18] = {[10] = 2, [11] = 2, [19] = 18, [24] = 0x70, [26] = 7};
	const uint32_t first = FC_FCTL_FIRST_SEQ | FC_FCTL_SEQ_INITIATIVE;

	fcp(a, b->id, FC_RCTL_DATA_UNSOLICITED_CMD, first, cmnd, sizeof(cmnd));
	net_run(n, 0);
	fcp(b, a->id, FC_RCTL_DATA_DESCRIPTOR, FC_FCTL_RESPONDER | FC_FCTL_SEQ_INITIATIVE, ready,
	    sizeof(ready));
	net_run(n, 0);
	fcp(a, b->id, FC_RCTL_DATA_SOLICITED, FC_FCTL_SEQ_INITIATIVE | FC_FCTL_REL_OFFSET, data,
	    sizeof(data));
	net_run(n, 0);
	fcp(b, a->id, FC_RCTL_DATA_CMD_STATUS, FC_FCTL_RESPONDER | FC_FCTL_LAST_SEQ, rsp, sizeof(rsp));
	net_run(n, 0);
	CU_ASSERT_EQUAL(a->frames, 2);
	CU_ASSERT_EQUAL(b->frames, 2);
}

static void test_dissected(void)
{
	static const uint16_t queries[] = {0x0112, 0x0113, 0x0114, 0x0117, 0x0118, 0x011a, 0x011c,
					   0x011f, 0x0171, 0x0172, 0x0173, 0x0100};
	struct net n;
	struct client *a = &n.c[0], *b = &n.c[1];
	int all;

	net_start(&n, 2);
	CU_ASSERT_EQUAL_FATAL(capture_open(n.f, path), 0);
	client_join(&n, a, WWPN(0));
	client_join(&n, b, WWPN(1));
	CU_ASSERT_EQUAL(client_login(&n, b, FC_ELS_FDISC, 0, FC_ADDR_F_PORT, WWPN(1)),
			FC_ELS_LS_RJT);
	net_run(&n, 40);	/* RSCN */
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++)
		client_ct(&n, a, queries[i], i < 8 || i == 11 ? "\0\1\2\0" : "\0\0\0\x08", 4);
	CU_ASSERT_EQUAL(client_ask(&n, a, a->id, FC_ADDR_F_PORT, FC_TYPE_ELS, "\x0e\0\0\0", 4), 0);
	write_command(&n, a, b);
	net_stop(&n);
	all = count("fc");
	CU_ASSERT(all > 50);
	CU_ASSERT_EQUAL(count("frame"), all);
	CU_ASSERT_EQUAL(count("_ws.malformed"), 0);
	CU_ASSERT_EQUAL(count("_ws.expert.severity >= 6291456"), 0);	/* warnings and errors */
	CU_ASSERT_EQUAL(count("fcoe.crc.status == 1"), all);
	CU_ASSERT_EQUAL(count("fcels.opcode == 0x04"), 2);
	CU_ASSERT(count("fcels.opcode == 0x61") >= 1);
	CU_ASSERT(count("fcct") >= 2 * 16);
	CU_ASSERT_EQUAL(count("fcp"), 4);
	CU_ASSERT(count("scsi_sbc.opcode == 0x2a") >= 1);
	CU_ASSERT_EQUAL(count("scsi.sns.key == 7"), 1);
	unlink(path);
	unlink("test-fc-capture.err");
}

static const struct unit_test tests[] = {
	{"dissected", test_dissected},
};

int main(void)
{
	if (system("tshark --version >/dev/null 2>&1"))
		return SKIP;
	return unit_main("fc-capture", tests, 1);
}
