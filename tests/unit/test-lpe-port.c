// SPDX-License-Identifier: Apache-2.0
/* The LPe31000 model's port at its registers: resets, mailboxes, queues, link, received frames. */
#include <string.h>

#include "tests/unit/cunit.h"
#include "tests/unit/lpe-host.h"

#define COMMON	0x01
#define ARM	0x20000000u
#define IS_EQ	0x400u

static uint16_t status(const uint32_t *w)
{
	return (uint16_t)(w[0] >> 16);
}

/* A command without parameters, or with one in its second word. */
static uint16_t command(struct host *h, uint8_t code, uint32_t w1, uint32_t w2)
{
	uint32_t w[MBX_WORDS] = {(uint32_t)code << 8, w1, w2};
	int r = host_mailbox(h, w);

	CU_ASSERT_EQUAL(!r, !status(w));
	return status(w);
}

static void test_reset(void)
{
	struct host *h = host_start();

	CU_ASSERT_EQUAL(host_read(h, REG_SEMAPHORE), SEMAPHORE_READY);
	CU_ASSERT_EQUAL(host_read(h, REG_STATUS), STATUS_READY);
	host_cq(h, host_eq(h));
	host_write(h, REG_CONTROL, CONTROL_INIT_PORT);
	CU_ASSERT_EQUAL(host_read(h, REG_STATUS), 0);
	CU_ASSERT_EQUAL(host_read(h, REG_BMBX), 0);
	CU_ASSERT(host_ready(h));
	/* Its queues are gone: the first has the first id again. */
	CU_ASSERT_EQUAL(host_eq(h), 0);
	CU_ASSERT(card_ops.fault(&h->c, "port-error"));
	CU_ASSERT(host_read(h, REG_STATUS) & STATUS_ERROR);
	CU_ASSERT_NOT_EQUAL(host_read(h, REG_ERROR1), 0);
	host_write(h, REG_CONTROL, CONTROL_INIT_PORT);
	CU_ASSERT(host_ready(h));
	CU_ASSERT_EQUAL(host_read(h, REG_STATUS), STATUS_READY);
	host_stop(h);
}

static void test_identity(void)
{
	uint32_t w[MBX_WORDS] = {MBX_READ_REV << 8, 1u << 29};
	uint32_t config[MBX_WORDS] = {MBX_READ_CONFIG << 8};
	uint32_t parameters[28] = {0};
	struct host *h = host_start();
	const uint8_t *vpd = h->memory + 0x8000;

	w[48] = 4096;
	w[49] = (uint32_t)host_address(0x8000);
	w[50] = (uint32_t)(host_address(0x8000) >> 32);
	CU_ASSERT_EQUAL(host_mailbox(h, w), 0);
	CU_ASSERT_EQUAL(w[1] >> 16 & 0xf, 4);
	CU_ASSERT_EQUAL(vpd[0], 0x82);
	CU_ASSERT_EQUAL(vpd[3u + vpd[1]], 0x90);
	CU_ASSERT_EQUAL(vpd[w[51] - 1], 0x78);
	CU_ASSERT_EQUAL(host_mailbox(h, config), 0);
	CU_ASSERT_EQUAL(config[12] >> 16, XRIS);
	CU_ASSERT_EQUAL(config[13] >> 16, RPIS);
	CU_ASSERT_EQUAL(host_config(h, COMMON, 0xb5, 0, parameters, 28), 0);
	CU_ASSERT_EQUAL(parameters[17] & 0xffff, XRIS);
	/* Where the vital data would go is nobody's memory. */
	w[0] = MBX_READ_REV << 8;
	w[49] = w[50] = 0;
	w[48] = 4096;
	CU_ASSERT_EQUAL(host_mailbox(h, w), 5);
	CU_ASSERT_EQUAL(status(w), MBX_DMA_ERROR);
	host_stop(h);
}

static void test_refused(void)
{
	uint32_t p[54] = {0}, w[MBX_WORDS] = {MBX_SLI_CONFIG << 8, 2u << 3, 64};
	struct host *h = host_start();

	CU_ASSERT_EQUAL(command(h, 0x55, 0, 0), MBX_UNSUPPORTED);
	CU_ASSERT_EQUAL(command(h, MBX_HEARTBEAT, 0, 0), MBX_SUCCESS);
	CU_ASSERT_NOT_EQUAL(host_config(h, COMMON, 0xee, 0, p, 4), 0);
	CU_ASSERT_EQUAL(host_word(h, HOST_BMBX)[7] & 0xff, CONFIG_ILLEGAL_REQUEST);
	CU_ASSERT_NOT_EQUAL(host_config(h, COMMON, 0x0d, 0, p, 2), 0);
	CU_ASSERT_EQUAL(host_word(h, HOST_BMBX)[7] & 0xff, CONFIG_NO_BUFFER);
	CU_ASSERT_NOT_EQUAL(host_config(h, COMMON, 0x0d, 3, p, 21), 0);
	CU_ASSERT_EQUAL(host_word(h, HOST_BMBX)[7] & 0xff, CONFIG_ILLEGAL_FIELD);
	/* Not embedded: two buffers, of which one is too long, or not there. */
	w[6] = (uint32_t)host_address(0x8000);
	w[7] = (uint32_t)(host_address(0x8000) >> 32);
	w[8] = 16;
	w[11] = 0xfffffffc;
	CU_ASSERT_NOT_EQUAL(host_mailbox(h, w), 0);
	CU_ASSERT_EQUAL(status(w), MBX_ILLEGAL_SIZE);
	w[0] = MBX_SLI_CONFIG << 8;
	w[11] = 16;
	CU_ASSERT_EQUAL(host_mailbox(h, w), 5);
	CU_ASSERT_EQUAL(status(w), MBX_DMA_ERROR);
	/* A mailbox that is nowhere is not answered, and the port lives on. */
	host_write(h, REG_BMBX, BMBX_HIGH);
	host_write(h, REG_BMBX, 0x40);
	CU_ASSERT_EQUAL(command(h, MBX_HEARTBEAT, 0, 0), MBX_SUCCESS);
	host_stop(h);
}

static void test_buffers(void)
{
	uint32_t w[MBX_WORDS] = {MBX_SLI_CONFIG << 8, 2u << 3, 16 + 131 * 4};
	struct host *h = host_start();
	uint32_t *header = host_word(h, 0x8000), *rest = host_word(h, 0x9000);

	/* GET_CNTL_ATTRIBUTES, its header in one buffer and its payload in another. */
	header[0] = 0x20 | COMMON << 8;
	header[2] = 131 * 4;
	w[6] = (uint32_t)host_address(0x8000);
	w[9] = (uint32_t)host_address(0x9000);
	w[7] = w[10] = (uint32_t)(host_address(0) >> 32);
	w[8] = 16;
	w[11] = 131 * 4;
	CU_ASSERT_EQUAL(host_mailbox(h, w), 0);
	CU_ASSERT_EQUAL(header[1], CONFIG_SUCCESS);
	CU_ASSERT_EQUAL(memcmp(rest + 24, "LPe31000", 8), 0);
	CU_ASSERT_EQUAL(rest[125], 0xe30010df);
	host_stop(h);
}

static void test_queue_limits(void)
{
	uint32_t eq[21] = {1, 1u << 29, 2u << 26}, cq[13] = {4 | 1u << 16, 1u << 29 | 2u << 27, 9};
	struct host *h = host_start();

	eq[5] = (uint32_t)host_address(HOST_EQ) + 8;
	eq[6] = (uint32_t)(host_address(HOST_EQ) >> 32);
	CU_ASSERT_NOT_EQUAL(host_config(h, COMMON, 0x0d, 0, eq, 21), 0);	/* no page */
	eq[0] = 1;
	eq[2] = 4u << 26;	/* 4096 entries do not fit one page */
	eq[5] = (uint32_t)host_address(HOST_EQ);
	CU_ASSERT_NOT_EQUAL(host_config(h, COMMON, 0x0d, 0, eq, 21), 0);
	CU_ASSERT_NOT_EQUAL(host_config(h, COMMON, 0x0c, 2, cq, 13), 0);	/* no such EQ */
	for (uint32_t i = 0; i < EQS; i++)
		CU_ASSERT_EQUAL(host_eq(h), i);
	eq[0] = 1;
	eq[2] = 2u << 26;
	CU_ASSERT_NOT_EQUAL(host_config(h, COMMON, 0x0d, 0, eq, 21), 0);	/* one too many */
	eq[0] = 3;
	CU_ASSERT_EQUAL(host_config(h, COMMON, 0x37, 0, eq, 1), 0);
	eq[0] = 3;
	CU_ASSERT_NOT_EQUAL(host_config(h, COMMON, 0x37, 0, eq, 1), 0);
	CU_ASSERT_EQUAL(host_eq(h), 3);
	host_stop(h);
}

/* Two commands in the mailbox queue: both answered in place, one interrupt until armed anew. */
static void test_interrupts(void)
{
	struct host *h = host_start();
	uint32_t eq = host_eq(h), cq = host_cq(h, eq), mq = host_mq(h, cq);

	host_write(h, REG_EQCQ_DOORBELL, ARM | cq);
	host_write(h, REG_EQCQ_DOORBELL, ARM | IS_EQ | eq);
	host_word(h, HOST_MQ)[0] = MBX_HEARTBEAT << 8;
	host_word(h, HOST_MQ + 256)[0] = 0x55 << 8;
	host_write(h, REG_MQ_DOORBELL, 2u << 16 | mq);
	CU_ASSERT_EQUAL(host_word(h, HOST_MQ)[0] >> 16, MBX_SUCCESS);
	CU_ASSERT_EQUAL(host_word(h, HOST_MQ + 256)[0] >> 16, MBX_UNSUPPORTED);
	CU_ASSERT(host_word(h, HOST_CQ)[3] & CQE_VALID);
	CU_ASSERT(host_word(h, HOST_CQ + 16)[3] & CQE_VALID);
	CU_ASSERT_EQUAL(host_word(h, HOST_EQ)[0], cq << 16 | 1);
	CU_ASSERT_EQUAL(host_word(h, HOST_EQ)[1], 0);
	CU_ASSERT_EQUAL(h->interrupts[eq], 1);
	/* One of the two is taken, and both queues are armed: the other interrupts. */
	host_write(h, REG_EQCQ_DOORBELL, ARM | 1u << 16 | IS_EQ | eq);
	CU_ASSERT_EQUAL(h->interrupts[eq], 1);
	host_write(h, REG_EQCQ_DOORBELL, ARM | 1u << 16 | cq);
	CU_ASSERT_EQUAL(h->interrupts[eq], 2);
	host_write(h, REG_EQCQ_DOORBELL, 1u << 16 | cq);
	host_write(h, REG_EQCQ_DOORBELL, ARM | cq);
	CU_ASSERT_EQUAL(h->interrupts[eq], 2);
	host_stop(h);
}

static void test_login(void)
{
	uint32_t reg[MBX_WORDS] = {MBX_REG_VFI << 8, 1u << 28, 0, 0, 0, 0, 0, 0, 0, 0, 0x010100};
	uint32_t rpi[MBX_WORDS] = {MBX_REG_RPI << 8, 7, 0x010203, 112};
	struct host *h = host_start();
	uint32_t cq = host_cq(h, host_eq(h)), fcfi[MBX_WORDS] = {MBX_REG_FCFI << 8};

	CU_ASSERT_NOT_EQUAL(host_mailbox(h, reg), 0);		/* no FCFI yet */
	fcfi[2] = 5u << 16 | 0xffff;
	fcfi[3] = UINT32_MAX;
	CU_ASSERT_NOT_EQUAL(host_mailbox(h, fcfi), 0);		/* no such queue */
	fcfi[0] = MBX_REG_FCFI << 8;
	fcfi[2] = host_rq(h, cq) << 16 | 0xffff;
	CU_ASSERT_EQUAL(host_mailbox(h, fcfi), 0);
	reg[0] = MBX_REG_VFI << 8;
	CU_ASSERT_EQUAL(host_mailbox(h, reg), 0);
	CU_ASSERT_EQUAL(vpi_find(&h->c, 0)->nport_id, 0x010100);
	reg[0] = MBX_REG_VFI << 8;
	CU_ASSERT_NOT_EQUAL(host_mailbox(h, reg), 0);
	CU_ASSERT_EQUAL(status(reg), MBX_VFI_IN_USE);
	rpi[4] = (uint32_t)host_address(0x8000);
	rpi[5] = (uint32_t)(host_address(0x8000) >> 32);
	fc_put16(h->memory + 0x8000 + 70, 1024);
	CU_ASSERT_EQUAL(host_mailbox(h, rpi), 0);
	CU_ASSERT_EQUAL(rpi_find(&h->c, 7)->frame_max, 1024);
	/* The same id for another port, an id too high, parameters too short. */
	rpi[0] = MBX_REG_RPI << 8;
	rpi[2] = 0x010204;
	host_mailbox(h, rpi);
	CU_ASSERT_EQUAL(status(rpi), MBX_RPI_REGISTERED);
	rpi[0] = MBX_REG_RPI << 8;
	rpi[1] = RPIS;
	host_mailbox(h, rpi);
	CU_ASSERT_EQUAL(status(rpi), MBX_INVALID_RPI);
	rpi[0] = MBX_REG_RPI << 8;
	rpi[1] = 8;
	rpi[3] = 100;
	host_mailbox(h, rpi);
	CU_ASSERT_EQUAL(status(rpi), MBX_ILLEGAL_SIZE);
	CU_ASSERT_EQUAL(command(h, MBX_UNREG_RPI, 7, 0), MBX_SUCCESS);
	CU_ASSERT_EQUAL(command(h, MBX_UNREG_RPI, 7, 0), MBX_RPI_NOT_REGISTERED);
	/* NPIV wants the feature, and a VPI that was initialized. */
	CU_ASSERT_NOT_EQUAL(command(h, MBX_INIT_VPI, 2, 0), MBX_SUCCESS);
	CU_ASSERT_EQUAL(command(h, MBX_REQUEST_FEATURES, 0, 0x12), MBX_SUCCESS);
	CU_ASSERT_EQUAL(command(h, MBX_INIT_VPI, 2, 0), MBX_SUCCESS);
	CU_ASSERT_EQUAL(command(h, MBX_INIT_VPI, VPIS, 0), MBX_INVALID_VPI);
	host_stop(h);
}

/* How long an ABTS may be without its answer: given in seconds, kept in ms. */
static void test_config_link(void)
{
	uint32_t w[MBX_WORDS] = {MBX_CONFIG_LINK << 8, [6] = 10};
	struct host *h = host_start();

	CU_ASSERT_EQUAL(host_mailbox(h, w), 0);
	CU_ASSERT_EQUAL(h->c.ra_tov_ms, 10000);
	w[0] = MBX_CONFIG_LINK << 8;
	w[6] = UINT32_MAX;
	CU_ASSERT_EQUAL(host_mailbox(h, w), 0);
	CU_ASSERT_EQUAL(h->c.ra_tov_ms, 3600000);
	host_stop(h);
}

/* Light goes and comes: an event each time, and READ_TOPOLOGY agrees. */
static void test_link(void)
{
	uint32_t top[MBX_WORDS] = {MBX_READ_TOPOLOGY << 8};
	struct host *h = host_start();
	uint32_t cq = host_cq(h, host_eq(h));
	const uint32_t *e = host_word(h, HOST_CQ);

	host_mq(h, cq);
	host_run(h);
	CU_ASSERT(!h->c.link_up);		/* nobody asked for it */
	command(h, MBX_INIT_LINK, 0, 0);
	host_run(h);
	CU_ASSERT(h->c.link_up);
	CU_ASSERT_EQUAL(e[0], 0x10010140);	/* 16 Gbit/s, point to point, up, FC */
	CU_ASSERT_EQUAL(e[3], 0xc0011000);
	CU_ASSERT_EQUAL(host_mailbox(h, top), 0);
	CU_ASSERT_EQUAL(top[1], e[2]);
	CU_ASSERT_EQUAL(top[2] & 0xff, 1);
	CU_ASSERT_EQUAL(top[8] >> 8 & 0xff, 0x80);
	fc_wire_set_light(h->far, false);
	host_run(h);
	CU_ASSERT_EQUAL(e[4] >> 8 & 0xff, 2);
	CU_ASSERT_EQUAL(e[6], e[2] + 1);
	fc_wire_set_light(h->far, true);
	host_run(h);
	CU_ASSERT_EQUAL(e[8] >> 8 & 0xff, 1);
	command(h, MBX_DOWN_LINK, 0, 0);
	host_run(h);
	CU_ASSERT_EQUAL(e[12] >> 8 & 0xff, 2);
	CU_ASSERT(!fc_wire_up(h->far));
	host_stop(h);
}

static const struct unit_test tests[] = {
	{"resets", test_reset},
	{"what the port says of itself", test_identity},
	{"commands that are refused", test_refused},
	{"a command in two buffers", test_buffers},
	{"queues that cannot be", test_queue_limits},
	{"one interrupt until armed anew", test_interrupts},
	{"registering fabric and ports", test_login},
	{"light comes and goes", test_link},
	{"R_A_TOV in seconds", test_config_link},
};

UNIT_MAIN("LPe31000: the port", tests)
