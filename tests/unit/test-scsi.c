// SPDX-License-Identifier: Apache-2.0
/* The SCSI target: what is asked of a unit, its medium, its task set. */
#include "tests/unit/cunit.h"
#include "tests/unit/scsi-bench.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static struct bench b;

static void inquiry(void)
{
	bench_up(&b);
	CU_ASSERT_EQUAL(ASK(&b, b.a, 255, 0x12, 0, 0, 0, 255), SCSI_GOOD);
	CU_ASSERT_EQUAL(b.n, 96);
	CU_ASSERT_EQUAL(memcmp(b.data + 8, "OpenVMHI", 8), 0);
	CU_ASSERT_EQUAL(ASK(&b, b.a, 255, 0x12, 0, 0, 0, 7), SCSI_GOOD);
	CU_ASSERT_EQUAL(b.n, 7);
	/* a page without EVPD: the field is named */
	CU_ASSERT_EQUAL(ASK(&b, b.a, 255, 0x12, 0, 0x80, 0, 255), SCSI_CHECK_CONDITION);
	CU_ASSERT(b.key == SCSI_ILLEGAL_REQUEST && b.asc == 0x2400 && b.field == 2);
	/* every page that page 00h lists is there and says its own number */
	CU_ASSERT_EQUAL(ASK(&b, b.a, 255, 0x12, 1, 0, 0, 255), SCSI_GOOD);
	CU_ASSERT_EQUAL_FATAL(b.n, 4 + 7);
	for (unsigned int i = 0; i < 7; i++) {
		static const uint8_t pages[] = {0x00, 0x80, 0x83, 0x86, 0xb0, 0xb1, 0xb2};

		CU_ASSERT_EQUAL(ASK(&b, b.a, 255, 0x12, 1, pages[i], 0, 255), SCSI_GOOD);
		CU_ASSERT_EQUAL(b.data[1], pages[i]);
		CU_ASSERT_EQUAL(b.n, 4u + b.data[3]);
	}
	CU_ASSERT_EQUAL(ASK(&b, b.a, 255, 0x12, 1, 0xc0, 0, 255), SCSI_CHECK_CONDITION);
	bench_down(&b);
}

static void who_sees_what(void)
{
	const uint8_t only_a[SCSI_TRANSPORT_ID] = {[15] = 0xa};

	bench_up(&b);
	CU_ASSERT_EQUAL(scsi_lu_allow(b.target, 0, only_a), 0);
	/* that there is a change is told, and known once REPORT LUNS was asked */
	CU_ASSERT_EQUAL(ASK(&b, b.a, 0, 0x00), SCSI_CHECK_CONDITION);
	CU_ASSERT_EQUAL(b.asc, 0x3f0e);
	CU_ASSERT_EQUAL(scsi_lu_allow(b.target, 0, only_a), 0);
	CU_ASSERT_EQUAL(ASK(&b, b.a, 64, 0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 64), SCSI_GOOD);
	CU_ASSERT(b.n == 16 && b.data[3] == 8);
	CU_ASSERT_EQUAL(ASK(&b, b.a, 0, 0x00), SCSI_GOOD);
	CU_ASSERT_EQUAL(ASK(&b, b.b, 64, 0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 64), SCSI_GOOD);
	CU_ASSERT(b.n == 8 && b.data[3] == 0);
	CU_ASSERT_EQUAL(ASK(&b, b.b, 0, 0x00), SCSI_CHECK_CONDITION);
	CU_ASSERT_EQUAL(b.asc, 0x2500);
	CU_ASSERT_EQUAL(ASK(&b, b.b, 36, 0x12, 0, 0, 0, 36), SCSI_GOOD);
	CU_ASSERT_EQUAL(b.data[0], 0x7f);
	CU_ASSERT_EQUAL(scsi_lu_allow(b.target, 1, only_a), -ENODEV);
	bench_down(&b);
}

static void refusals(void)
{
	bench_up(&b);
	CU_ASSERT_EQUAL(ASK(&b, b.a, 0, 0xff), SCSI_CHECK_CONDITION);
	CU_ASSERT_EQUAL(b.asc, 0x2000);
	/* an unknown service action is a wrong field; NACA and RDPROTECT are not served */
	CU_ASSERT_EQUAL(ASK(&b, b.a, 0, 0x9e, 0x1f), SCSI_CHECK_CONDITION);
	CU_ASSERT(b.asc == 0x2400 && b.has_field && b.field == 1);
	CU_ASSERT_EQUAL(ASK(&b, b.a, 512, 0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0x04),
			SCSI_CHECK_CONDITION);
	CU_ASSERT(b.asc == 0x2400 && b.field == 9);
	CU_ASSERT_EQUAL(ASK(&b, b.a, 512, 0x28, 0x20, 0, 0, 0, 0, 0, 0, 1), SCSI_CHECK_CONDITION);
	CU_ASSERT(b.asc == 0x2400 && b.field == 1);
	/* the end of the medium, and the first block that is not there */
	CU_ASSERT_EQUAL(ASK(&b, b.a, 1024, 0x28, 0, 0, 0, 0, BLOCKS - 1, 0, 0, 2),
			SCSI_CHECK_CONDITION);
	CU_ASSERT(b.asc == 0x2100 && b.has_information && b.information == BLOCKS);
	CU_ASSERT_EQUAL(ASK(&b, b.a, 0, 0x28, 0, 0, 0, 0, BLOCKS), SCSI_GOOD);
	CU_ASSERT_EQUAL(ASK(&b, b.a, 0, 0x28, 0, 0, 0, 0, BLOCKS + 1), SCSI_CHECK_CONDITION);
	CU_ASSERT_EQUAL(ASK(&b, b.a, 0, 0x34, 0, 0, 0, 0, BLOCKS - 1, 0, 0, 2),
			SCSI_CHECK_CONDITION);
	CU_ASSERT_EQUAL(b.asc, 0x2100);
	CU_ASSERT_EQUAL(ASK(&b, b.a, 0, 0x34, 0, 0, 0, 0, BLOCKS - 1, 0, 0, 1), SCSI_GOOD);
	/* LBA and length whose sum wraps */
	CU_ASSERT_EQUAL(ASK(&b, b.a, 512, 0x88, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
			    255, 255), SCSI_CHECK_CONDITION);
	CU_ASSERT_EQUAL(b.asc, 0x2100);
	bench_down(&b);
}

static void read_and_write(void)
{
	uint8_t out[1024];

	bench_up(&b);
	memset(out, 0x5a, sizeof(out));
	CU_ASSERT_EQUAL(RUN(&b, b.a, 0, out, 1024, 0x8a, 0x08, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 2),
			SCSI_GOOD);
	CU_ASSERT_EQUAL(ASK(&b, b.b, 4096, 0x08, 0, 0, 6, 4), SCSI_GOOD);
	CU_ASSERT(b.n == 2048 && b.data[511] == 0 && b.data[512] == 0x5a && b.data[1536] == 0);
	/* the initiator has room for less than it asks for */
	CU_ASSERT_EQUAL(ASK(&b, b.a, 100, 0x28, 0, 0, 0, 0, 7, 0, 0, 1), SCSI_GOOD);
	CU_ASSERT(b.n == 100 && b.data[99] == 0x5a);
	/* data that is short of the CDB: refused, nothing written */
	memset(out, 0x11, sizeof(out));
	CU_ASSERT_EQUAL(RUN(&b, b.a, 0, out, 512, 0x2a, 0, 0, 0, 0, 7, 0, 0, 2),
			SCSI_CHECK_CONDITION);
	CU_ASSERT_EQUAL(b.asc, 0x0e03);
	CU_ASSERT_EQUAL(ASK(&b, b.a, 512, 0x28, 0, 0, 0, 0, 7, 0, 0, 1), SCSI_GOOD);
	CU_ASSERT_EQUAL(b.data[0], 0x5a);
	bench_down(&b);
}

static void compare_and_write(void)
{
	uint8_t out[1024];

	bench_up(&b);
	memset(out, 0, 512);
	memset(out + 512, 'B', 512);
	CU_ASSERT_EQUAL(RUN(&b, b.a, 0, out, 1024, 0x89, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 1),
			SCSI_GOOD);
	CU_ASSERT_EQUAL(RUN(&b, b.b, 0, out, 1024, 0x89, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 1),
			SCSI_CHECK_CONDITION);
	CU_ASSERT(b.key == SCSI_MISCOMPARE && b.asc == 0x1d00 && b.information == 0);
	memset(out, 'B', 512);
	out[500] = 'C';
	CU_ASSERT_EQUAL(RUN(&b, b.a, 0, out, 512, 0x2f, 0x02, 0, 0, 0, 3, 0, 0, 1),
			SCSI_CHECK_CONDITION);
	CU_ASSERT(b.asc == 0x1d00 && b.information == 500);
	bench_down(&b);
}

static bool mapped(uint8_t lba, uint32_t run)
{
	CU_ASSERT_EQUAL(ASK(&b, b.a, 24, 0x9e, 0x12, 0, 0, 0, 0, 0, 0, 0, lba, 0, 0, 0, 24),
			SCSI_GOOD);
	CU_ASSERT(b.n == 24 && b.data[15] == lba);
	CU_ASSERT_EQUAL(b.data[19], run);
	return b.data[20] == 0;
}

static void provisioning(void)
{
	uint8_t list[24] = {0, 22, 0, 16, [15] = 5, [19] = 3}, block[512];

	bench_up(&b);
	CU_ASSERT(!mapped(0, BLOCKS));
	memset(block, 0x77, sizeof(block));
	CU_ASSERT_EQUAL(RUN(&b, b.a, 0, block, 512, 0x93, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16),
			SCSI_GOOD);
	CU_ASSERT(mapped(0, 16));
	CU_ASSERT_EQUAL(RUN(&b, b.a, 0, list, 24, 0x42, 0, 0, 0, 0, 0, 0, 0, 24), SCSI_GOOD);
	CU_ASSERT(mapped(0, 5) && !mapped(5, 3) && mapped(8, 8) && !mapped(16, BLOCKS - 16));
	CU_ASSERT_EQUAL(ASK(&b, b.a, 4096, 0x28, 0, 0, 0, 0, 4, 0, 0, 5), SCSI_GOOD);
	CU_ASSERT(b.data[511] == 0x77 && b.data[512] == 0 && b.data[2047] == 0 &&
		  b.data[2048] == 0x77);
	/* NDOB and UNMAP takes no data; UNMAP with a block that is not zero writes it */
	CU_ASSERT_EQUAL(ASK(&b, b.a, 0, 0x93, 0x09, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 8), SCSI_GOOD);
	CU_ASSERT(!mapped(8, BLOCKS - 8));
	CU_ASSERT_EQUAL(RUN(&b, b.a, 0, block, 512, 0x41, 0x08, 0, 0, 0, 8, 0, 0, 1), SCSI_GOOD);
	CU_ASSERT(mapped(8, 1));
	/* of a list with one wrong line, no line counts */
	list[15] = 0;
	list[18] = 1;
	CU_ASSERT_EQUAL(RUN(&b, b.a, 0, list, 24, 0x42, 0, 0, 0, 0, 0, 0, 0, 24),
			SCSI_CHECK_CONDITION);
	CU_ASSERT_EQUAL(b.asc, 0x2100);
	CU_ASSERT(mapped(0, 5));
	/* a list that is longer than what was sent */
	list[3] = 32;
	CU_ASSERT_EQUAL(RUN(&b, b.a, 0, list, 24, 0x42, 0, 0, 0, 0, 0, 0, 0, 24),
			SCSI_CHECK_CONDITION);
	CU_ASSERT_EQUAL(b.asc, 0x1a00);
	bench_down(&b);
}

static void modes(void)
{
	uint8_t list[16] = {0, 0, 0, 0, 0x0a, 10, 0, 0x10, 0x08, 0, 0, 0, 0xff, 0xff}, block[512];

	bench_up(&b);
	memset(block, 1, sizeof(block));
	CU_ASSERT_EQUAL(RUN(&b, b.a, 0, list, 16, 0x15, 0x10, 0, 0, 16), SCSI_GOOD);
	CU_ASSERT_EQUAL(RUN(&b, b.a, 0, block, 512, 0x2a, 0, 0, 0, 0, 0, 0, 0, 1),
			SCSI_CHECK_CONDITION);
	CU_ASSERT(b.key == SCSI_DATA_PROTECT && b.asc == 0x2702);
	/* the other initiator learns of it, by REQUEST SENSE too */
	CU_ASSERT_EQUAL(ASK(&b, b.b, 18, 0x03, 0, 0, 0, 18), SCSI_GOOD);
	CU_ASSERT(b.data[2] == SCSI_UNIT_ATTENTION && b.data[12] == 0x2a && b.data[13] == 0x01);
	CU_ASSERT_EQUAL(ASK(&b, b.b, 192, 0x1a, 0, 0x0a, 0, 192), SCSI_GOOD);
	CU_ASSERT(b.n == 4 + 8 + 12 && b.data[2] == 0x90 && b.data[12 + 4] == 0x08);
	/* what may not be changed is named */
	list[7] = 0;
	CU_ASSERT_EQUAL(RUN(&b, b.a, 0, list, 16, 0x15, 0x10, 0, 0, 16), SCSI_CHECK_CONDITION);
	CU_ASSERT(b.asc == 0x2600 && b.field == 7);
	/* a reset brings back what was, and tells */
	CU_ASSERT_EQUAL(scsi_lun_reset(b.b, (const uint8_t[8]){0}), 0);
	CU_ASSERT_EQUAL(ASK(&b, b.a, 0, 0x00), SCSI_CHECK_CONDITION);
	CU_ASSERT_EQUAL(b.asc, 0x2903);
	CU_ASSERT_EQUAL(RUN(&b, b.a, 0, block, 512, 0x2a, 0, 0, 0, 0, 0, 0, 0, 1), SCSI_GOOD);
	bench_down(&b);
}

static void sense_formats(void)
{
	uint8_t list[16] = {0, 0, 0, 0, 0x0a, 10, 0x04, 0x10, 0, 0, 0, 0, 0xff, 0xff};
	const uint8_t past[SCSI_CDB_MAX] = {0x28, 0, 0, 0, 0, BLOCKS + 1, 0, 0, 1};
	struct bench_task k;

	bench_up(&b);
	bench_start(&k, b.a, past, SCSI_SIMPLE, 0);
	CU_ASSERT(k.done && k.t.sense_size == 18 && k.t.sense[0] == 0xf0 &&
		  k.t.sense[6] == BLOCKS + 1 && k.t.sense[12] == 0x21);
	scsi_release(&k.t);
	CU_ASSERT_EQUAL(RUN(&b, b.a, 0, list, 16, 0x15, 0x10, 0, 0, 16), SCSI_GOOD);
	bench_start(&k, b.a, past, SCSI_SIMPLE, 0);
	CU_ASSERT(k.done && k.t.sense_size == 20 && k.t.sense[0] == 0x72 && k.t.sense[2] == 0x21 &&
		  k.t.sense[8] == 0 && k.t.sense[10] == 0x80 && k.t.sense[19] == BLOCKS + 1);
	scsi_release(&k.t);
	bench_down(&b);
}

static const uint8_t write_block[SCSI_CDB_MAX] = {0x2a, 0, 0, 0, 0, 0, 0, 0, 1};
static const uint8_t ready[SCSI_CDB_MAX] = {0x00};

static void order_of_tasks(void)
{
	struct bench_task write, ordered, simple, head;

	bench_up(&b);
	bench_start(&write, b.a, write_block, SCSI_SIMPLE, 512);
	CU_ASSERT(write.wants && !write.done);
	bench_start(&ordered, b.a, ready, SCSI_ORDERED, 0);
	bench_start(&simple, b.b, ready, SCSI_SIMPLE, 0);
	CU_ASSERT(!ordered.done && !simple.done);
	bench_start(&head, b.a, ready, SCSI_HEAD_OF_QUEUE, 0);
	CU_ASSERT(head.done);
	memset(write.t.data, 9, 512);
	scsi_data_out(&write.t);
	CU_ASSERT(write.done && ordered.done && simple.done);
	scsi_release(&write.t);
	bench_down(&b);
}

static void ended_tasks(void)
{
	struct bench_task write, mine, waiting;

	bench_up(&b);
	bench_start(&write, b.a, write_block, SCSI_SIMPLE, 512);
	bench_start(&mine, b.b, write_block, SCSI_SIMPLE, 512);
	bench_start(&waiting, b.b, ready, SCSI_ORDERED, 0);
	CU_ASSERT_EQUAL(scsi_clear_task_set(b.b, (const uint8_t[8]){0, 1}), -ENODEV);
	CU_ASSERT_EQUAL(scsi_abort_task_set(b.a, (const uint8_t[8]){0}), 0);
	CU_ASSERT(write.aborted && !mine.aborted && !waiting.done);
	scsi_abort(&mine.t);
	scsi_release(&mine.t);
	CU_ASSERT(!mine.aborted && waiting.done && waiting.t.status == SCSI_GOOD);
	/* who cleared the set is not told, whose task it was is */
	bench_start(&write, b.a, write_block, SCSI_SIMPLE, 512);
	CU_ASSERT_EQUAL(scsi_clear_task_set(b.b, (const uint8_t[8]){0}), 0);
	CU_ASSERT(write.aborted);
	CU_ASSERT_EQUAL(ASK(&b, b.b, 0, 0x00), SCSI_GOOD);
	CU_ASSERT_EQUAL(ASK(&b, b.a, 0, 0x00), SCSI_CHECK_CONDITION);
	CU_ASSERT_EQUAL(b.asc, 0x2f00);
	/* a lost nexus */
	bench_start(&write, b.a, write_block, SCSI_SIMPLE, 512);
	scsi_nexus_lost(b.a);
	CU_ASSERT(write.aborted);
	CU_ASSERT_EQUAL(ASK(&b, b.a, 0, 0x00), SCSI_CHECK_CONDITION);
	CU_ASSERT_EQUAL(b.asc, 0x2907);
	bench_down(&b);
}

static void full(void)
{
	static struct bench_task tasks[256], more;

	bench_up(&b);
	for (unsigned int i = 0; i < 256; i++)
		bench_start(&tasks[i], b.a, write_block, SCSI_SIMPLE, 512);
	bench_start(&more, b.a, write_block, SCSI_SIMPLE, 512);
	CU_ASSERT(more.done && more.t.status == SCSI_TASK_SET_FULL);
	bench_start(&more, b.b, write_block, SCSI_SIMPLE, 512);
	CU_ASSERT(more.done && more.t.status == SCSI_BUSY);
	CU_ASSERT_EQUAL(scsi_abort_task_set(b.a, (const uint8_t[8]){0}), 0);
	CU_ASSERT_EQUAL(ASK(&b, b.a, 0, 0x00), SCSI_GOOD);
	bench_down(&b);
}

/* Data that has not come yet takes memory, and there is an end to it. */
static void no_memory(void)
{
	static struct bench_task tasks[32];
	const uint8_t write_4m[SCSI_CDB_MAX] = {0x2a, 0, 0, 0, 0, 0, 0, 0x20, 0};
	unsigned int n = 0;

	bench_up(&b);
	CU_ASSERT_EQUAL(truncate(b.path, SCSI_TRANSFER_MAX), 0);
	bench_restart(&b);
	do
		bench_start(&tasks[n], b.a, write_4m, SCSI_SIMPLE, SCSI_TRANSFER_MAX);
	while (tasks[n].wants && ++n < 32);
	CU_ASSERT_FATAL(n > 4 && n < 32);
	CU_ASSERT(tasks[n].done && tasks[n].t.status == SCSI_TASK_SET_FULL);
	scsi_release(&tasks[n].t);
	scsi_nexus_lost(b.a);
	bench_down(&b);
}

/* However many come and go, there is room for the next; who is there, or registered, stays. */
static void many_initiators(void)
{
	uint8_t list[24] = {[15] = 7}, who[SCSI_TRANSPORT_ID] = {0};
	unsigned int n = 0;

	bench_up(&b);
	CU_ASSERT_EQUAL(RUN(&b, b.b, 0, list, 24, 0x5f, 0, 0, 0, 0, 0, 0, 0, 24), SCSI_GOOD);
	scsi_nexus_lost(b.b);
	for (unsigned int i = 0; i < 1000; i++) {
		struct scsi_nexus *other;

		who[8] = (uint8_t)(i >> 8);
		who[9] = (uint8_t)i;
		other = scsi_nexus_get(b.target, who, 1);
		CU_ASSERT_FATAL(other && other != b.a && other != b.b);
		CU_ASSERT_EQUAL(ASK(&b, other, 0, 0x00), SCSI_CHECK_CONDITION);
		CU_ASSERT_EQUAL(b.asc, 0x2900);
		scsi_nexus_lost(other);
	}
	for (who[10] = 1; scsi_nexus_get(b.target, who, 1); n++)
		who[11]++;
	CU_ASSERT(n > 64 && n < 256);
	CU_ASSERT_EQUAL(ASK(&b, b.a, 0, 0x00), SCSI_GOOD);
	CU_ASSERT_EQUAL(ASK(&b, b.a, 255, 0x5e, 0, 0, 0, 0, 0, 0, 0, 255), SCSI_GOOD);
	CU_ASSERT(b.n == 16 && b.data[15] == 7);
	bench_down(&b);
}

static void not_started(void)
{
	bench_up(&b);
	CU_ASSERT_EQUAL(ASK(&b, b.a, 0, 0x1b), SCSI_GOOD);
	CU_ASSERT_EQUAL(ASK(&b, b.b, 0, 0x00), SCSI_CHECK_CONDITION);
	CU_ASSERT(b.key == SCSI_NOT_READY && b.asc == 0x0402);
	CU_ASSERT_EQUAL(ASK(&b, b.b, 96, 0x12, 0, 0, 0, 96), SCSI_GOOD);
	CU_ASSERT_EQUAL(ASK(&b, b.a, 0, 0x1b, 0, 0, 0, 1), SCSI_GOOD);
	CU_ASSERT_EQUAL(ASK(&b, b.b, 0, 0x00), SCSI_GOOD);
	bench_down(&b);
}

static void bad_files(void)
{
	struct scsi_lu_config c = {.number = 1, .path = "/nonexistent/file", .block_size = 512};
	char why[256];

	bench_up(&b);
	CU_ASSERT_EQUAL(scsi_lu_add(b.target, &c, why, sizeof(why)), -ENOENT);
	CU_ASSERT(strstr(why, "/nonexistent/file") != NULL);
	c.path = "/dev/null";
	CU_ASSERT_EQUAL(scsi_lu_add(b.target, &c, why, sizeof(why)), -EINVAL);
	c.path = b.path;
	c.block_size = 520;
	CU_ASSERT_EQUAL(scsi_lu_add(b.target, &c, why, sizeof(why)), -EINVAL);
	c.block_size = 512;
	c.number = 0;
	CU_ASSERT_EQUAL(scsi_lu_add(b.target, &c, why, sizeof(why)), -EINVAL);
	c.number = SCSI_LUNS;
	CU_ASSERT_EQUAL(scsi_lu_add(b.target, &c, why, sizeof(why)), -EINVAL);
	/* one that is cut while it is in use */
	CU_ASSERT_EQUAL(truncate(b.path, 512), 0);
	CU_ASSERT_EQUAL(ASK(&b, b.a, 1024, 0x28, 0, 0, 0, 0, 0, 0, 0, 2), SCSI_CHECK_CONDITION);
	CU_ASSERT(b.key == SCSI_MEDIUM_ERROR && b.asc == 0x1100);
	bench_down(&b);
}

static const struct unit_test tests[] = {
	{"INQUIRY", inquiry}, {"who sees what", who_sees_what}, {"refusals", refusals},
	{"read and write", read_and_write}, {"compare and write", compare_and_write},
	{"provisioning", provisioning}, {"mode pages", modes}, {"sense formats", sense_formats},
	{"order of tasks", order_of_tasks}, {"ended tasks", ended_tasks}, {"task set full", full},
	{"no memory", no_memory}, {"many initiators", many_initiators},
	{"not started", not_started}, {"bad files", bad_files},
};

UNIT_MAIN("SCSI target", tests)
