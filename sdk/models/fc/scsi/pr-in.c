// SPDX-License-Identifier: Apache-2.0
/* PERSISTENT RESERVE IN (SPC-4 6.15): one function a service action. */
#include "internal.h"

#include <string.h>

/* The generation and the length of what follows are the same in three of the four. */
static uint8_t *reply(struct scsi_task *t, size_t n, uint32_t allocation_length)
{
	uint8_t *p = task_reply(t, 8 + n, allocation_length);

	if (!p)
		return NULL;
	put_be(p, 4, t->lu->pr.generation);
	put_be(p + 4, 4, n);
	return p + 8;
}

static void read_keys(struct scsi_task *t, uint32_t allocation_length)
{
	const struct reservations *pr = &t->lu->pr;
	uint8_t *p = reply(t, 8 * pr->count, allocation_length);

	for (unsigned int i = 0; p && i < pr->count; i++)
		put_be(p + 8 * i, 8, pr->list[i].key);
}

static void read_reservation(struct scsi_task *t, uint32_t allocation_length)
{
	const struct reservations *pr = &t->lu->pr;
	uint8_t *p = reply(t, pr->type ? 16 : 0, allocation_length);

	if (!p || !pr->type)
		return;
	if (!pr_all_registrants(pr->type))
		put_be(p, 8, pr->list[pr->holder].key);
	p[13] = pr->type;
}

static void report_capabilities(struct scsi_task *t, uint32_t allocation_length)
{
	uint8_t *p = task_reply(t, 8, allocation_length);

	if (!p)
		return;
	put_be(p, 2, 8);
	p[2] = t->lu->pr_path ? 0x01 : 0;			/* PTPL_C */
	p[3] = (uint8_t)(0x80 | (t->lu->pr.aptpl ? 0x01 : 0));	/* TMV, PTPL_A */
	put_be(p + 4, 2, 0xea01);				/* all six types */
}

static void read_full_status(struct scsi_task *t, uint32_t allocation_length)
{
	const struct reservations *pr = &t->lu->pr;
	const size_t each = 24 + SCSI_TRANSPORT_ID;
	uint8_t *p = reply(t, each * pr->count, allocation_length);

	for (unsigned int i = 0; p && i < pr->count; i++, p += each) {
		const struct registration *r = &pr->list[i];

		put_be(p, 8, r->key);
		if (pr_holds(t->lu, r)) {
			p[12] = 0x01;
			p[13] = pr->type;
		}
		put_be(p + 18, 2, r->port);
		put_be(p + 20, 4, SCSI_TRANSPORT_ID);
		memcpy(p + 24, r->initiator, SCSI_TRANSPORT_ID);
	}
}

void cmd_pr_in(struct scsi_task *t)
{
	static void (*const actions[])(struct scsi_task *t, uint32_t allocation_length) = {
		read_keys, read_reservation, report_capabilities, read_full_status,
	};

	actions[t->command->sa](t, (uint32_t)get_be(t->cdb + 7, 2));
}
