// SPDX-License-Identifier: Apache-2.0
/*
 * A command's way: into the task set of its logical unit, started when its attribute allows, its
 * data-out waited for, answered. What executes does so at once; a task that stays in the set is one
 * whose data has not come, or one that has to wait for such.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

/* NULL: the target holds as much data as it may; the task has been told so. */
uint8_t *task_buffer(struct scsi_task *t, size_t n)
{
	struct scsi_target *s = t->nexus->target;

	if (s->buffers + n <= BUFFERS_MAX)
		t->data = malloc(n ? n : 1);
	if (!t->data) {
		t->status = SCSI_TASK_SET_FULL;
		return NULL;
	}
	t->allocated = (uint32_t)n;
	s->buffers += n;
	return t->data;
}

/* n bytes of zeros to fill; as many of them go out as the allocation length says. */
uint8_t *task_reply(struct scsi_task *t, size_t n, uint32_t allocation_length)
{
	uint8_t *p = task_buffer(t, n);

	if (!p)
		return NULL;
	memset(p, 0, n);
	t->total = n < allocation_length ? (uint32_t)n : allocation_length;
	return p;
}

/* The command takes n bytes from the initiator before it goes on; none: it goes on at once. */
void task_want(struct scsi_task *t, uint32_t n)
{
	if (n > t->out_size) {
		/* FCP-4 9.4.2 leaves the choice; half a command is never carried out. */
		sense_check(t, SCSI_ILLEGAL_REQUEST, ASC_IU_FIELD);
		return;
	}
	t->total = n;
	t->wants_data = true;
}

void scsi_release(struct scsi_task *t)
{
	t->nexus->target->buffers -= t->allocated;
	t->allocated = 0;
	free(t->data);
	t->data = NULL;
}

static void enqueue(struct scsi_lu *lu, struct scsi_task *t)
{
	t->prev = lu->last;
	t->next = NULL;
	*(lu->last ? &lu->last->next : &lu->first) = t;
	lu->last = t;
	lu->tasks++;
	t->queued = true;
}

static void dequeue(struct scsi_task *t)
{
	struct scsi_lu *lu = t->lu;

	*(t->prev ? &t->prev->next : &lu->first) = t->next;
	*(t->next ? &t->next->prev : &lu->last) = t->prev;
	lu->tasks--;
	t->queued = false;
}

static void answer(struct scsi_task *t)
{
	bool descriptors = t->lu && t->lu->d_sense;

	if (t->queued)
		dequeue(t);
	if (t->status == SCSI_CHECK_CONDITION) {
		/* Data that was taken was taken, whatever became of it. */
		t->total = t->wants_data ? t->total : 0;
		t->sense_size = (uint8_t)sense_encode(&t->why, descriptors, t->sense);
	}
	t->data_size = t->total < t->in_room ? t->total : t->in_room;
	if (t->wants_data)
		t->data_size = 0;
	t->nexus->target->ops->done(t);
}

static void finish(struct scsi_task *t)
{
	t->data_size = t->total;
	t->command->finish(t);
	answer(t);
}

static bool cdb_valid(struct scsi_task *t)
{
	const struct scsi_command *c = t->command;

	for (unsigned int i = 1; i < c->size; i++) {
		uint8_t wrong = (uint8_t)(t->cdb[i] & ~c->usage[i]);

		if (i == 1 && c->sa != NO_SA)
			wrong &= 0xe0;	/* the service action has matched */
		if (wrong) {
			sense_cdb_field(t, i, 31 - __builtin_clz(wrong));
			return false;
		}
	}
	return true;
}

/* Whether the command may be carried out; false: the task has been told why not. */
static bool admitted(struct scsi_task *t)
{
	const struct scsi_command *c = t->command;

	if (!cdb_valid(t))
		return false;
	if (pr_conflict(t)) {
		t->status = SCSI_RESERVATION_CONFLICT;
		return false;
	}
	if (t->lu->stopped && c->flags & CMD_MEDIUM) {
		sense_check(t, SCSI_NOT_READY, ASC_NOT_STARTED);
		return false;
	}
	if (c->flags & CMD_WRITES && (t->lu->read_only || t->lu->swp)) {
		sense_check(t, SCSI_DATA_PROTECT, t->lu->read_only ? ASC_PROTECTED : ASC_SWP);
		return false;
	}
	return true;
}

static void start(struct scsi_task *t)
{
	bool known = false;

	t->started = true;
	t->command = command_find(t->cdb, &known);
	if (!(t->command && t->command->flags & CMD_ATTENTIVE) &&
	    attention_take(t->lu, t->nexus, &t->why))
		t->status = SCSI_CHECK_CONDITION;
	else if (!t->command && known)
		sense_cdb_field(t, 1, 4);
	else if (!t->command)
		sense_check(t, SCSI_ILLEGAL_REQUEST, ASC_OPCODE);
	else if (admitted(t))
		t->command->start(t);
	if (!t->wants_data || t->status != SCSI_GOOD) {
		answer(t);
	} else if (!t->total) {
		finish(t);
	} else if (task_buffer(t, t->total)) {
		t->data_size = t->total;
		t->nexus->target->ops->want_data(t);
	} else {
		t->wants_data = false;
		answer(t);
	}
}

/* SAM-5 8.9: an ordered task waits for all that are older, a simple one for older ordered ones. */
static bool may_start(const struct scsi_task *t)
{
	if (t->attribute == SCSI_HEAD_OF_QUEUE)
		return true;
	for (const struct scsi_task *o = t->prev; o; o = o->prev)
		if (t->attribute == SCSI_ORDERED || o->attribute == SCSI_ORDERED)
			return false;
	return true;
}

static void run(struct scsi_lu *lu)
{
	struct scsi_task *t = lu->first;

	/* Whatever starts may end others: begin again with the oldest. */
	while (t) {
		if (!t->started && may_start(t)) {
			start(t);
			t = lu->first;
		} else {
			t = t->next;
		}
	}
}

/* There is no logical unit: SPC-4 6.6.1 and 6.39 still have an answer to three commands. */
static void submit_nowhere(struct scsi_task *t)
{
	bool known;

	t->command = command_find(t->cdb, &known);
	if (!t->command || !(t->command->flags & CMD_ATTENTIVE))
		sense_check(t, SCSI_ILLEGAL_REQUEST, ASC_NO_LU);
	else if (cdb_valid(t))
		t->command->start(t);
	answer(t);
}

static bool has_task(const struct scsi_lu *lu, const struct scsi_nexus *n)
{
	for (const struct scsi_task *t = lu->first; t; t = t->next)
		if (t->nexus == n)
			return true;
	return false;
}

void scsi_submit(struct scsi_task *t)
{
	t->lu = lu_find(t->nexus, t->lun);
	if (!t->lu) {
		submit_nowhere(t);
		return;
	}
	if (t->lu->tasks == TASKS) {
		t->status = has_task(t->lu, t->nexus) ? SCSI_TASK_SET_FULL : SCSI_BUSY;
		answer(t);
		return;
	}
	enqueue(t->lu, t);
	run(t->lu);
}

void scsi_data_out(struct scsi_task *t)
{
	struct scsi_lu *lu = t->lu;

	finish(t);
	run(lu);
}

void scsi_abort(struct scsi_task *t)
{
	struct scsi_lu *lu = t->lu;

	if (!t->queued)
		return;
	dequeue(t);
	run(lu);
}

/*
 * Tasks of one nexus (of; NULL: of all) end because another says so, in the course of task but if
 * that is one. Nothing else starts before they all have.
 */
void lu_abort_tasks(struct scsi_lu *lu, const struct scsi_nexus *of, const struct scsi_nexus *by,
		    const struct scsi_task *but)
{
	struct scsi_task *t = lu->first, *next;

	for (; t; t = next) {
		next = t->next;
		if ((of && t->nexus != of) || t == but)
			continue;
		if (t->nexus != by)
			attention_set(lu, t->nexus, UA_COMMANDS_CLEARED);
		dequeue(t);
		lu->target->ops->aborted(t);
	}
	run(lu);
}
