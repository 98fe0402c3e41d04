// SPDX-License-Identifier: Apache-2.0
/*
 * PERSISTENT RESERVE OUT (SPC-4 6.16). SPEC_I_PT and ALL_TG_PT are not served, and REPORT
 * CAPABILITIES says so.
 */
#include "internal.h"

#include <string.h>

enum { REGISTER, RESERVE, RELEASE, CLEAR, PREEMPT, PREEMPT_AND_ABORT, REGISTER_IGNORE,
       REGISTER_MOVE };

#define LIST_SIZE 24	/* but for REGISTER AND MOVE, whose TransportID comes on top */

/* What the command asks: from the CDB and the parameter list. */
struct request {
	struct registration *own;	/* the nexus's registration, NULL: none */
	uint64_t key, action_key;
	uint8_t type;
	bool aptpl;
};

void cmd_pr_out(struct scsi_task *t)
{
	uint32_t n = (uint32_t)get_be(t->cdb + 5, 4);
	uint8_t sa = t->command->sa, type = t->cdb[2] & 0x0f;
	bool typed = sa == RESERVE || sa == RELEASE || sa == PREEMPT || sa == PREEMPT_AND_ABORT;

	if (n != (sa == REGISTER_MOVE ? LIST_SIZE + SCSI_TRANSPORT_ID : LIST_SIZE))
		sense_check(t, SCSI_ILLEGAL_REQUEST, ASC_LIST_LENGTH);
	else if (typed && t->cdb[2] >> 4)
		sense_cdb_field(t, 2, 7);
	else if (typed && !(0x01ea >> type & 1))	/* 1, 3, 5 to 8 */
		sense_cdb_field(t, 2, 3);
	else
		task_want(t, n);
}

static void conflict(struct scsi_task *t)
{
	t->status = SCSI_RESERVATION_CONFLICT;
}

static void registration(struct scsi_task *t, const struct request *q)
{
	struct scsi_lu *lu = t->lu;

	if (t->command->sa == REGISTER && q->key != (q->own ? q->own->key : 0)) {
		conflict(t);
		return;
	}
	if (q->own && q->action_key) {
		q->own->key = q->action_key;
	} else if (q->own) {
		pr_remove(lu, q->own);
	} else if (q->action_key &&
		   !pr_add(lu, t->nexus->initiator, t->nexus->port, q->action_key)) {
		sense_check(t, SCSI_ILLEGAL_REQUEST, ASC_PR_RESOURCES);
		return;
	}
	lu->pr.aptpl = q->aptpl;
	lu->pr.generation++;
}

static void reserve(struct scsi_task *t, const struct request *q)
{
	struct reservations *pr = &t->lu->pr;

	if (pr->type) {
		if (!pr_holds(t->lu, q->own) || pr->type != q->type)
			conflict(t);
		return;
	}
	pr->type = q->type;
	pr->holder = (unsigned int)(q->own - pr->list);
}

static void release(struct scsi_task *t, const struct request *q)
{
	if (!t->lu->pr.type || !pr_holds(t->lu, q->own))
		return;
	if (t->lu->pr.type != q->type)
		sense_check(t, SCSI_ILLEGAL_REQUEST, ASC_PR_RELEASE);
	else
		pr_release(t->lu, t->nexus);
}

static void clear(struct scsi_task *t)
{
	pr_tell(t->lu, t->nexus, UA_PREEMPTED);
	t->lu->pr.type = 0;
	t->lu->pr.count = 0;
	t->lu->pr.generation++;
}

/* Ends the registrations with that key (everybody's), not the preempting one if it is to stay. */
static bool remove_keys(struct scsi_task *t, uint64_t key, bool everybody, bool not_own)
{
	struct reservations *pr = &t->lu->pr;
	bool any = false;

	for (unsigned int i = 0; i < pr->count;) {
		struct registration *r = &pr->list[i];
		struct scsi_nexus *n;

		if ((!everybody && r->key != key) || (not_own && r == pr_find(t->lu, t->nexus))) {
			i++;
			continue;
		}
		any = true;
		n = pr_remove(t->lu, r);
		if (!n)
			continue;
		if (n != t->nexus)
			attention_set(t->lu, n, UA_REGISTRATIONS_PREEMPTED);
		if (t->command->sa == PREEMPT_AND_ABORT)
			lu_abort_tasks(t->lu, n, t->nexus, t);
	}
	return any;
}

/* SPC-4 5.12.11.3: the reservation passes over when the key is its holder's. */
static void preempt(struct scsi_task *t, const struct request *q)
{
	struct reservations *pr = &t->lu->pr;
	bool all = pr_all_registrants(pr->type), takes;
	uint8_t before = pr->type;

	takes = pr->type && (all ? !q->action_key : q->action_key == pr->list[pr->holder].key);
	if (!takes && !q->action_key) {
		sense_list_field(t, 8, -1);
		return;
	}
	if (takes)
		pr->type = 0;	/* so that nobody is told of a release when its holder goes */
	if (!remove_keys(t, q->action_key, takes && all, takes) && !takes) {
		conflict(t);
		return;
	}
	if (takes) {
		pr->type = q->type;
		pr->holder = (unsigned int)(pr_find(t->lu, t->nexus) - pr->list);
		if (before != q->type)
			pr_tell(t->lu, t->nexus, UA_RELEASED);
	}
	pr->generation++;
}

/* SPC-4 5.12.8: the reservation's holder hands it to another nexus. */
static void move(struct scsi_task *t, const struct request *q)
{
	struct reservations *pr = &t->lu->pr;
	const uint8_t *to = t->data + LIST_SIZE;
	struct scsi_nexus there = {.port = (uint16_t)get_be(t->data + 18, 2)};
	struct registration *r;
	bool unregister = t->data[17] & 0x02;

	if (!pr->type || !pr_holds(t->lu, q->own) || pr_all_registrants(pr->type)) {
		conflict(t);
		return;
	}
	memcpy(there.initiator, to, SCSI_TRANSPORT_ID);
	r = pr_find(t->lu, &there);
	if (!q->action_key)
		sense_list_field(t, 8, -1);
	else if (!there.port || there.port > t->nexus->target->config.ports)
		sense_list_field(t, 18, -1);
	else if (get_be(t->data + 20, 4) != SCSI_TRANSPORT_ID)
		sense_list_field(t, 20, -1);
	else if (r == q->own)
		sense_list_field(t, LIST_SIZE, -1);
	if (t->status != SCSI_GOOD)
		return;
	if (!r)
		r = pr_add(t->lu, to, there.port, q->action_key);
	if (!r) {
		sense_check(t, SCSI_ILLEGAL_REQUEST, ASC_PR_RESOURCES);
		return;
	}
	r->key = q->action_key;
	pr->holder = (unsigned int)(r - pr->list);
	if (unregister)
		pr_remove(t->lu, q->own);
	pr->aptpl = q->aptpl;
	pr->generation++;
}

/* The bits of byte 20 (17 for REGISTER AND MOVE); false: one of them is not served. */
static bool flags_served(struct scsi_task *t, struct request *q)
{
	uint8_t sa = t->command->sa;
	unsigned int at = sa == REGISTER_MOVE ? 17 : 20;

	if (sa != REGISTER && sa != REGISTER_IGNORE && sa != REGISTER_MOVE)
		return true;
	q->aptpl = t->data[at] & 0x01;
	if (q->aptpl && !t->lu->pr_path)
		sense_list_field(t, at, 0);
	else if (at == 20 && t->data[at] & 0x0c)
		sense_list_field(t, at, t->data[at] & 0x08 ? 3 : 2);
	return t->status == SCSI_GOOD;
}

static void carry_out(struct scsi_task *t, const struct request *q)
{
	switch (t->command->sa) {
	case REGISTER:
	case REGISTER_IGNORE:
		registration(t, q);
		break;
	case RESERVE:
		reserve(t, q);
		break;
	case RELEASE:
		release(t, q);
		break;
	case CLEAR:
		clear(t);
		break;
	case REGISTER_MOVE:
		move(t, q);
		break;
	default:
		preempt(t, q);
	}
}

void finish_pr_out(struct scsi_task *t)
{
	struct request q = {.own = pr_find(t->lu, t->nexus), .type = t->cdb[2] & 0x0f};
	bool registers = t->command->sa == REGISTER || t->command->sa == REGISTER_IGNORE;
	bool kept = t->lu->pr.aptpl;

	q.key = get_be(t->data, 8);
	q.action_key = get_be(t->data + 8, 8);
	if (!flags_served(t, &q))
		return;
	if (!registers && (!q.own || q.own->key != q.key)) {
		conflict(t);
		return;
	}
	carry_out(t, &q);
	if (t->status == SCSI_GOOD && (kept || t->lu->pr.aptpl) && pr_save(t->lu))
		sense_check(t, SCSI_HARDWARE_ERROR, ASC_INTERNAL);
}
