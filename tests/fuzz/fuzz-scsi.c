// SPDX-License-Identifier: Apache-2.0
/*
 * Commands and their data, as initiators send them: records of who, which LUN, attribute, CDB, room
 * and data. Tasks may stay in the set until a later record, or the end, brings or aborts them.
 */
#include "sdk/models/fc/scsi/scsi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TASKS 16
#define RECORD (4 + SCSI_CDB_MAX)

static struct scsi_task tasks[TASKS];
static bool busy[TASKS], wants[TASKS];

static void want_data(struct scsi_task *t)
{
	wants[t - tasks] = true;
}

static void over(struct scsi_task *t)
{
	/* What is told to be there is there. */
	volatile uint8_t sum = 0;

	for (uint32_t i = 0; i < t->data_size && !wants[t - tasks]; i++)
		sum = (uint8_t)(sum + t->data[i]);
	if (t->status == SCSI_CHECK_CONDITION && !t->sense_size)
		abort();
	scsi_release(t);
	busy[t - tasks] = wants[t - tasks] = false;
}

static const struct scsi_ops ops = {.want_data = want_data, .done = over, .aborted = over};

static struct scsi_target *make(int fd, struct scsi_nexus *who[2])
{
	struct scsi_config config = {.ports = 2, .node_name = {0x20}};
	struct scsi_lu_config lu = {.block_size = 512};
	uint8_t id[SCSI_TRANSPORT_ID] = {0};
	struct scsi_target *s = scsi_target_new(&config, &ops);
	char path[64], why[256];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	lu.path = path;
	if (!s || scsi_lu_add(s, &lu, why, sizeof(why)))
		abort();
	lu = (struct scsi_lu_config){.path = path, .number = 1, .block_size = 4096,
				     .read_only = true};
	if (scsi_lu_add(s, &lu, why, sizeof(why)))
		abort();
	for (unsigned int i = 0; i < 2; i++) {
		id[15] = (uint8_t)i;
		who[i] = scsi_nexus_get(s, id, (uint16_t)(i + 1));
	}
	return s;
}

static void bring(struct scsi_task *t, const uint8_t **p, size_t *n)
{
	size_t k = *n < t->data_size ? *n : t->data_size;

	memset(t->data, 0, t->data_size);
	memcpy(t->data, *p, k);
	*p += k;
	*n -= k;
	wants[t - tasks] = false;
	scsi_data_out(t);
}

static void manage(struct scsi_nexus *n, uint8_t what, const uint8_t lun[8])
{
	switch (what % 6) {
	case 0:
		scsi_abort_task_set(n, lun);
		break;
	case 1:
		scsi_clear_task_set(n, lun);
		break;
	case 2:
		scsi_lun_reset(n, lun);
		break;
	case 3:
		scsi_target_reset(n);
		break;
	case 4:
		scsi_nexus_lost(n);
		break;
	default:
		for (unsigned int i = 0; i < TASKS; i++) {
			if (!busy[i])
				continue;
			scsi_abort(&tasks[i]);
			over(&tasks[i]);
			return;
		}
	}
}

/* who and attribute; LUN; what to do with the task; room, in blocks of 64. */
static void record(struct scsi_nexus *who[2], const uint8_t *r, const uint8_t **p, size_t *n)
{
	struct scsi_nexus *me = who[r[0] & 1];
	uint8_t lun[8] = {r[1] & 0x40, r[1] & 3};
	struct scsi_task *t = NULL;

	if (r[2] & 0x80) {
		manage(me, r[3], lun);
		return;
	}
	for (unsigned int i = 0; i < TASKS && !t; i++)
		t = busy[i] ? NULL : &tasks[i];
	if (!t) {
		scsi_target_reset(me);
		return;
	}
	*t = (struct scsi_task){.nexus = me, .attribute = (r[0] >> 1) % 3, .in_room = r[3] * 64u,
				.out_size = r[2] & 0x40 ? r[3] * 64u : SCSI_TRANSFER_MAX};
	memcpy(t->lun, lun, 8);
	memcpy(t->cdb, r + 4, SCSI_CDB_MAX);
	busy[t - tasks] = true;
	scsi_submit(t);
	for (unsigned int i = 0; i < TASKS && !(r[2] & 0x20); i++)
		if (busy[i] && wants[i])
			bring(&tasks[i], p, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	int fd = memfd_create("lun", MFD_CLOEXEC);
	struct scsi_nexus *who[2];
	struct scsi_target *s;

	if (fd < 0 || ftruncate(fd, 64 * 4096))
		abort();
	s = make(fd, who);
	while (n >= RECORD) {
		const uint8_t *r = p;

		p += RECORD;
		n -= RECORD;
		record(who, r, &p, &n);
	}
	scsi_target_reset(who[0]);
	for (unsigned int i = 0; i < TASKS; i++)
		if (busy[i])
			abort();
	scsi_target_free(s);
	close(fd);
	return 0;
}
