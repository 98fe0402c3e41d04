// SPDX-License-Identifier: Apache-2.0
/* Persistent reservations of the SCSI target. */
#include "tests/unit/cunit.h"
#include "tests/unit/scsi-bench.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { REGISTER, RESERVE, RELEASE, CLEAR, PREEMPT, PREEMPT_AND_ABORT, REGISTER_IGNORE, MOVE };
enum { WE = 1, EA = 3, WE_RO = 5, EA_RO = 6, WE_AR = 7, EA_AR = 8 };

#define KEY_A 0xa1
#define KEY_B 0xb1

static struct bench b;

static uint8_t out_flags(struct scsi_nexus *n, uint8_t sa, uint8_t type, uint8_t key,
			 uint8_t action, uint8_t flags)
{
	uint8_t list[24] = {[7] = key, [15] = action, [20] = flags};

	return RUN(&b, n, 0, list, 24, 0x5f, sa, type, 0, 0, 0, 0, 0, 24);
}

static uint8_t out(struct scsi_nexus *n, uint8_t sa, uint8_t type, uint8_t key, uint8_t action)
{
	return out_flags(n, sa, type, key, action, 0);
}

static uint8_t read_block(struct scsi_nexus *n)
{
	return ASK(&b, n, 512, 0x28, 0, 0, 0, 0, 0, 0, 0, 1);
}

static uint8_t write_block(struct scsi_nexus *n)
{
	uint8_t block[512] = {0};

	return RUN(&b, n, 0, block, 512, 0x2a, 0, 0, 0, 0, 0, 0, 0, 1);
}

static unsigned int keys(void)
{
	CU_ASSERT_EQUAL(ASK(&b, b.a, 255, 0x5e, 0, 0, 0, 0, 0, 0, 0, 255), SCSI_GOOD);
	return b.data[7] / 8u;
}

static uint8_t held_type(void)
{
	CU_ASSERT_EQUAL(ASK(&b, b.a, 255, 0x5e, 1, 0, 0, 0, 0, 0, 0, 255), SCSI_GOOD);
	return b.n == 24 ? b.data[8 + 13] : 0;
}

static uint16_t told(struct scsi_nexus *n)
{
	uint8_t status = ASK(&b, n, 0, 0x00);

	return status == SCSI_CHECK_CONDITION && b.key == SCSI_UNIT_ATTENTION ? b.asc : 0;
}

static void register_both(void)
{
	bench_up(&b);
	CU_ASSERT_EQUAL(out(b.a, REGISTER, 0, 0, KEY_A), SCSI_GOOD);
	CU_ASSERT_EQUAL(out(b.b, REGISTER, 0, 0, KEY_B), SCSI_GOOD);
	CU_ASSERT_EQUAL(keys(), 2);
}

static void registering(void)
{
	register_both();
	CU_ASSERT_EQUAL(out(b.a, REGISTER, 0, KEY_B, 7), SCSI_RESERVATION_CONFLICT);
	CU_ASSERT_EQUAL(out(b.a, REGISTER, 0, KEY_A, 7), SCSI_GOOD);
	CU_ASSERT_EQUAL(out(b.a, REGISTER_IGNORE, 0, 99, KEY_A), SCSI_GOOD);
	CU_ASSERT_EQUAL(out(b.a, RESERVE, EA, 7, 0), SCSI_RESERVATION_CONFLICT);
	CU_ASSERT_EQUAL(out(b.a, REGISTER, 0, KEY_A, 0), SCSI_GOOD);
	CU_ASSERT_EQUAL(keys(), 1);
	CU_ASSERT_EQUAL(b.data[3], 5);	/* generation: each of the five that were done */
	/* SPEC_I_PT is not served, and named; a short list is one */
	CU_ASSERT_EQUAL(out_flags(b.a, REGISTER, 0, 0, 7, 0x08), SCSI_CHECK_CONDITION);
	CU_ASSERT(b.asc == 0x2600 && b.field == 20);
	CU_ASSERT_EQUAL(ASK(&b, b.a, 0, 0x5f, 0, 0, 0, 0, 0, 0, 0, 23), SCSI_CHECK_CONDITION);
	CU_ASSERT_EQUAL(b.asc, 0x1a00);
	CU_ASSERT_EQUAL(out(b.b, RESERVE, 2, KEY_B, 0), SCSI_CHECK_CONDITION);
	CU_ASSERT(b.asc == 0x2400 && b.field == 2);
	bench_down(&b);
}

/* What a registered and an unregistered nexus may, under each type that A holds. */
static void types(void)
{
	static const struct {
		uint8_t type;
		bool reads, writes, registered_reads, registered_writes;
	} rules[] = {
		{WE, true, false, true, false}, {EA, false, false, false, false},
		{WE_RO, true, false, true, true}, {EA_RO, false, false, true, true},
		{WE_AR, true, false, true, true}, {EA_AR, false, false, true, true},
	};

	for (unsigned int i = 0; i < 6; i++) {
		register_both();
		CU_ASSERT_EQUAL(out(b.a, RESERVE, rules[i].type, KEY_A, 0), SCSI_GOOD);
		CU_ASSERT_EQUAL(held_type(), rules[i].type);
		CU_ASSERT_EQUAL(write_block(b.a), SCSI_GOOD);
		CU_ASSERT_EQUAL(read_block(b.b) == SCSI_GOOD, rules[i].registered_reads);
		CU_ASSERT_EQUAL(write_block(b.b) == SCSI_GOOD, rules[i].registered_writes);
		CU_ASSERT_EQUAL(out(b.b, REGISTER, 0, KEY_B, 0), SCSI_GOOD);
		CU_ASSERT_EQUAL(read_block(b.b) == SCSI_GOOD, rules[i].reads);
		CU_ASSERT_EQUAL(write_block(b.b) == SCSI_GOOD, rules[i].writes);
		CU_ASSERT_EQUAL(ASK(&b, b.b, 0, 0x00), SCSI_GOOD);
		CU_ASSERT_EQUAL(out(b.a, RELEASE, rules[i].type, KEY_A, 0), SCSI_GOOD);
		CU_ASSERT_EQUAL(write_block(b.b), SCSI_GOOD);
		bench_down(&b);
	}
}

static void releasing(void)
{
	register_both();
	CU_ASSERT_EQUAL(out(b.a, RESERVE, WE_RO, KEY_A, 0), SCSI_GOOD);
	CU_ASSERT_EQUAL(out(b.b, RESERVE, WE_RO, KEY_B, 0), SCSI_RESERVATION_CONFLICT);
	CU_ASSERT_EQUAL(out(b.b, RELEASE, WE_RO, KEY_B, 0), SCSI_GOOD);
	CU_ASSERT_EQUAL(held_type(), WE_RO);
	CU_ASSERT_EQUAL(out(b.a, RELEASE, WE, KEY_A, 0), SCSI_CHECK_CONDITION);
	CU_ASSERT_EQUAL(b.asc, 0x2604);
	/* the holder's registration takes the reservation with it */
	CU_ASSERT_EQUAL(out(b.a, REGISTER, 0, KEY_A, 0), SCSI_GOOD);
	CU_ASSERT_EQUAL(held_type(), 0);
	CU_ASSERT_EQUAL(told(b.b), 0x2a04);
	CU_ASSERT_EQUAL(told(b.b), 0);
	bench_down(&b);
}

static void preempting(void)
{
	register_both();
	CU_ASSERT_EQUAL(out(b.a, RESERVE, EA, KEY_A, 0), SCSI_GOOD);
	CU_ASSERT_EQUAL(out(b.b, PREEMPT, WE, KEY_B, 0x77), SCSI_RESERVATION_CONFLICT);
	CU_ASSERT_EQUAL(out(b.b, PREEMPT, WE, KEY_B, KEY_A), SCSI_GOOD);
	CU_ASSERT_EQUAL(told(b.a), 0x2a05);
	CU_ASSERT(keys() == 1 && held_type() == WE);
	CU_ASSERT_EQUAL(write_block(b.a), SCSI_RESERVATION_CONFLICT);
	CU_ASSERT_EQUAL(write_block(b.b), SCSI_GOOD);
	CU_ASSERT_EQUAL(out(b.b, CLEAR, 0, KEY_B, 0), SCSI_GOOD);
	CU_ASSERT(keys() == 0 && held_type() == 0);
	bench_down(&b);
}

static void preempting_tasks(void)
{
	const uint8_t write[SCSI_CDB_MAX] = {0x2a, 0, 0, 0, 0, 0, 0, 0, 1};
	struct bench_task k;

	register_both();
	CU_ASSERT_EQUAL(out(b.a, RESERVE, EA_AR, KEY_A, 0), SCSI_GOOD);
	bench_start(&k, b.a, write, SCSI_SIMPLE, 512);
	/* key 0: whoever holds it, and with all registrants that is everybody else */
	CU_ASSERT_EQUAL(out(b.b, PREEMPT_AND_ABORT, EA, KEY_B, 0), SCSI_GOOD);
	CU_ASSERT(k.aborted);
	CU_ASSERT_EQUAL(told(b.a), 0x2f00);
	CU_ASSERT_EQUAL(told(b.a), 0x2a05);
	CU_ASSERT(keys() == 1 && held_type() == EA);
	bench_down(&b);
}

static void moving(void)
{
	uint8_t list[48] = {[7] = KEY_A, [15] = 0x55, [17] = 0x02, [19] = 1, [23] = 24,
			    [24 + 15] = 0xc};

	register_both();
	CU_ASSERT_EQUAL(out(b.a, RESERVE, EA, KEY_A, 0), SCSI_GOOD);
	CU_ASSERT_EQUAL(RUN(&b, b.a, 0, list, 48, 0x5f, MOVE, 0, 0, 0, 0, 0, 0, 48), SCSI_GOOD);
	CU_ASSERT(keys() == 2 && held_type() == EA);
	CU_ASSERT_EQUAL(write_block(b.a), SCSI_RESERVATION_CONFLICT);
	/* full status names the new holder by its TransportID */
	CU_ASSERT_EQUAL(ASK(&b, b.a, 255, 0x5e, 3, 0, 0, 0, 0, 0, 0, 255), SCSI_GOOD);
	CU_ASSERT_EQUAL_FATAL(b.n, 8 + 2 * 48);
	for (unsigned int i = 0; i < 2; i++) {
		const uint8_t *d = b.data + 8 + 48 * i;

		CU_ASSERT_EQUAL(d[12] == 1, d[24 + 15] == 0xc);
		CU_ASSERT_EQUAL(d[7], d[12] ? 0x55 : KEY_B);
	}
	bench_down(&b);
}

static void power_loss(void)
{
	register_both();
	CU_ASSERT_EQUAL(out(b.a, RESERVE, EA, KEY_A, 0), SCSI_GOOD);
	bench_restart(&b);
	CU_ASSERT(keys() == 0 && held_type() == 0);
	CU_ASSERT_EQUAL(out_flags(b.a, REGISTER, 0, 0, KEY_A, 0x01), SCSI_GOOD);
	CU_ASSERT_EQUAL(out(b.a, RESERVE, EA, KEY_A, 0), SCSI_GOOD);
	bench_restart(&b);
	CU_ASSERT(keys() == 1 && held_type() == EA);
	CU_ASSERT_EQUAL(write_block(b.b), SCSI_RESERVATION_CONFLICT);
	CU_ASSERT_EQUAL(write_block(b.a), SCSI_GOOD);
	/* and without APTPL it is forgotten again */
	CU_ASSERT_EQUAL(out(b.a, REGISTER, 0, KEY_A, KEY_A), SCSI_GOOD);
	bench_restart(&b);
	CU_ASSERT(keys() == 0 && held_type() == 0);
	bench_down(&b);
}

/* A file of somebody else's, or one that was cut: refused, never half believed. */
static void bad_files(void)
{
	static const char *const texts[] = {
		"", "something else", "reservations 1 generation 1 type 0 holder 0 count 65\n",
		"reservations 1 generation 1 type 2 holder 0 count 1\n",
		"reservations 1 generation 1 type 3 holder 1 count 1\n",
		"reservations 1 generation 1 type 3 holder 0 count 1\n000102",
		"reservations 1 generation 1 type 3 holder 0 count 1\n"
		"00000000000000000000000000000000000000000000000b 9 01\n",
		"reservations 1 generation 1 type 3 holder 0 count 1\n"
		"00000000000000000000000000000000000000000000000b 1 00\n",
	};
	struct scsi_lu_config c = {.number = 1, .block_size = 512};
	char why[256];

	bench_up(&b);
	c.path = b.path;
	c.reservations = b.reservations;
	for (unsigned int i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		FILE *f = fopen(b.reservations, "w");

		CU_ASSERT_FATAL(f != NULL);
		fputs(texts[i], f);
		fclose(f);
		CU_ASSERT_EQUAL(scsi_lu_add(b.target, &c, why, sizeof(why)), -EINVAL);
		CU_ASSERT(strstr(why, b.reservations) != NULL);
	}
	bench_down(&b);
}

static const struct unit_test tests[] = {
	{"registering", registering}, {"types", types}, {"releasing", releasing},
	{"preempting", preempting}, {"preempting tasks", preempting_tasks}, {"moving", moving},
	{"power loss", power_loss}, {"bad files", bad_files},
};

UNIT_MAIN("persistent reservations", tests)
