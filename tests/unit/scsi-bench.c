// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/scsi-bench.h"
#include "tests/unit/cunit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void want_data(struct scsi_task *t)
{
	((struct bench_task *)t)->wants = true;
}

static void done(struct scsi_task *t)
{
	((struct bench_task *)t)->done = true;
}

static void aborted(struct scsi_task *t)
{
	((struct bench_task *)t)->aborted = true;
	scsi_release(t);
}

static const struct scsi_ops ops = {.want_data = want_data, .done = done, .aborted = aborted};

static void power_on(struct bench *b)
{
	const struct scsi_config config = {
		.transport_version = 0x0a40, .ports = 1,
		.node_name = {0x20, 0, 0, 0, 0, 0, 0, 1},
		.port_name = {{0x20, 1, 0, 0, 0, 0, 0, 1}},
	};
	const struct scsi_lu_config lu = {
		.path = b->path, .reservations = b->reservations, .block_size = 512,
	};
	uint8_t who[SCSI_TRANSPORT_ID] = {0};
	char why[256] = "";

	b->target = scsi_target_new(&config, &ops);
	CU_ASSERT_FATAL(b->target != NULL);
	CU_ASSERT_EQUAL_FATAL(scsi_lu_add(b->target, &lu, why, sizeof(why)), 0);
	who[15] = 0xa;
	b->a = scsi_nexus_get(b->target, who, 1);
	who[15] = 0xb;
	b->b = scsi_nexus_get(b->target, who, 1);
	/* Power on is told to each, once. */
	CU_ASSERT_EQUAL(ASK(b, b->a, 0, 0x00), SCSI_CHECK_CONDITION);
	CU_ASSERT_EQUAL(b->asc, 0x2900);
	CU_ASSERT_EQUAL(ASK(b, b->a, 0, 0x00), SCSI_GOOD);
	CU_ASSERT_EQUAL(ASK(b, b->b, 0, 0x00), SCSI_CHECK_CONDITION);
	CU_ASSERT_EQUAL(ASK(b, b->b, 0, 0x00), SCSI_GOOD);
}

void bench_up(struct bench *b)
{
	int fd;

	memset(b, 0, sizeof(*b));
	strcpy(b->path, "/tmp/vmhi-scsi-XXXXXX");
	fd = mkstemp(b->path);
	CU_ASSERT_FATAL(fd >= 0 && ftruncate(fd, BLOCKS * 512) == 0);
	close(fd);
	snprintf(b->reservations, sizeof(b->reservations), "%s.pr", b->path);
	power_on(b);
}

void bench_down(struct bench *b)
{
	scsi_target_free(b->target);
	unlink(b->path);
	unlink(b->reservations);
}

void bench_restart(struct bench *b)
{
	scsi_target_free(b->target);
	power_on(b);
}

void bench_start(struct bench_task *k, struct scsi_nexus *n, const uint8_t *cdb, uint8_t attribute,
		 uint32_t out_size)
{
	memset(k, 0, sizeof(*k));
	k->t.nexus = n;
	k->t.attribute = attribute;
	k->t.out_size = out_size;
	memcpy(k->t.cdb, cdb, SCSI_CDB_MAX);
	scsi_submit(&k->t);
}

uint8_t bench_run(struct bench *b, struct scsi_nexus *n, const uint8_t *cdb, uint32_t room,
		  const void *out, uint32_t out_size)
{
	struct bench_task k = {.t = {.nexus = n, .in_room = room, .out_size = out_size}};

	memcpy(k.t.cdb, cdb, SCSI_CDB_MAX);
	scsi_submit(&k.t);
	if (k.wants) {
		CU_ASSERT_FATAL(k.t.data_size <= out_size);
		memcpy(k.t.data, out, k.t.data_size);
		scsi_data_out(&k.t);
	}
	CU_ASSERT_FATAL(k.done && !k.aborted && k.t.data_size <= sizeof(b->data));
	b->n = k.t.data_size;
	memset(b->data, 0xee, sizeof(b->data));
	if (b->n)
		memcpy(b->data, k.t.data, b->n);
	b->key = k.t.why.key;
	b->asc = k.t.why.asc;
	b->has_field = k.t.why.has_field;
	b->field = k.t.why.byte;
	b->has_information = k.t.why.has_information;
	b->information = k.t.why.information;
	scsi_release(&k.t);
	return k.t.status;
}
