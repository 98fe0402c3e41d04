// SPDX-License-Identifier: Apache-2.0
/* What is asked of a logical unit as such: is it there, is it ready, what did it have to say. */
#include "internal.h"

#include <string.h>

/* SPC-4 6.47. Whether it is started was checked. */
void cmd_test_unit_ready(struct scsi_task *t)
{
}

/* SBC-3 5.25; LOEJ and the power conditions are not served, and their bits refused. */
void cmd_start_stop(struct scsi_task *t)
{
	t->lu->stopped = !(t->cdb[4] & 0x01);
	if (t->lu->stopped && !(t->cdb[4] & 0x04))	/* NO_FLUSH */
		medium_failed(t, store_sync(&t->lu->store), true);
}

/* SPC-4 6.39: a unit attention is told here and then is over. */
void cmd_request_sense(struct scsi_task *t)
{
	struct scsi_sense s = {.key = SCSI_NO_SENSE, .asc = ASC_NONE};
	uint8_t out[SCSI_SENSE_MAX], *p;
	size_t n;

	if (!t->lu)
		s = (struct scsi_sense){.key = SCSI_ILLEGAL_REQUEST, .asc = ASC_NO_LU};
	else if (!attention_take(t->lu, t->nexus, &s) && t->lu->stopped)
		s = (struct scsi_sense){.key = SCSI_NOT_READY, .asc = ASC_NOT_STARTED};
	n = sense_encode(&s, t->cdb[1] & 1, out);
	p = task_reply(t, n, t->cdb[4]);
	if (p)
		memcpy(p, out, n);
}

/* SPC-4 6.33: those that this nexus sees. There are no well-known logical units. */
void cmd_report_luns(struct scsi_task *t)
{
	uint32_t allocation_length = (uint32_t)get_be(t->cdb + 6, 4);
	const struct scsi_target *s = t->nexus->target;
	uint8_t *p;
	size_t n = 0;

	if (t->cdb[2] > 2) {
		sense_cdb_field(t, 2, -1);
		return;
	}
	if (allocation_length < 16) {
		sense_cdb_field(t, 6, -1);
		return;
	}
	p = task_reply(t, 8 + 8 * SCSI_LUNS, allocation_length);
	if (!p)
		return;
	for (unsigned int i = 0; i < SCSI_LUNS && t->cdb[2] != 1; i++) {
		if (!s->lu[i] || !lu_allowed(s->lu[i], t->nexus))
			continue;
		attention_drop(s->lu[i], t->nexus, UA_LUNS_CHANGED);
		p[8 + n + 1] = (uint8_t)i;
		n += 8;
	}
	put_be(p, 4, n);
	if (t->total > 8 + n)
		t->total = (uint32_t)(8 + n);
}
