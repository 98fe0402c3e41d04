// SPDX-License-Identifier: Apache-2.0
/* The target device: its logical units and its nexuses, and which sees which. */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct scsi_target *scsi_target_new(const struct scsi_config *c, const struct scsi_ops *ops)
{
	struct scsi_target *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->config = *c;
	s->ops = ops;
	return s;
}

static void lu_free(struct scsi_lu *lu)
{
	free(lu->pr_path);
	free(lu);
}

void scsi_target_free(struct scsi_target *s)
{
	for (unsigned int i = 0; i < SCSI_LUNS; i++) {
		if (s->lu[i]) {
			store_close(&s->lu[i]->store);
			lu_free(s->lu[i]);
		}
	}
	for (unsigned int i = 0; i < s->nexuses; i++)
		free(s->nexus[i]);
	free(s);
}

/* What REPORT LUNS says may be another for nexuses that are there already (SPC-4 5.9). */
static void luns_changed(struct scsi_target *s)
{
	for (unsigned int i = 0; i < SCSI_LUNS; i++)
		if (s->lu[i])
			attention_others(s->lu[i], NULL, UA_LUNS_CHANGED);
}

int scsi_lu_add(struct scsi_target *s, const struct scsi_lu_config *c, char *why, size_t size)
{
	struct scsi_lu *lu;
	int r = -EINVAL;

	if (c->number >= SCSI_LUNS || s->lu[c->number]) {
		snprintf(why, size, "LUN %u: %s", c->number,
			 c->number >= SCSI_LUNS ? "above 255" : "given twice");
		return -EINVAL;
	}
	if (c->block_size != 512 && c->block_size != 4096) {
		snprintf(why, size, "LUN %u: a block has 512 or 4096 bytes", c->number);
		return -EINVAL;
	}
	lu = calloc(1, sizeof(*lu));
	if (lu) {
		*lu = (struct scsi_lu){.target = s, .number = c->number, .wce = true,
				       .read_only = c->read_only};
		lu->pr_path = c->reservations ? strdup(c->reservations) : NULL;
	}
	if (!lu || (c->reservations && !lu->pr_path)) {
		snprintf(why, size, "LUN %u: out of memory", c->number);
		free(lu);
		return -ENOMEM;
	}
	r = store_open(&lu->store, c, why, size);
	if (!r && lu->pr_path) {
		r = pr_load(lu, why, size);
		if (r)
			store_close(&lu->store);
	}
	if (r) {
		lu_free(lu);
		return r;
	}
	/* A nexus that is there already finds it as after power on. */
	attention_others(lu, NULL, UA_POWER_ON);
	luns_changed(s);
	s->lu[c->number] = lu;
	return 0;
}

int scsi_lu_allow(struct scsi_target *s, unsigned int number,
		  const uint8_t initiator[SCSI_TRANSPORT_ID])
{
	struct scsi_lu *lu = number < SCSI_LUNS ? s->lu[number] : NULL;

	if (!lu)
		return -ENODEV;
	if (lu->allowed == ALLOWED)
		return -ENOMEM;
	memcpy(lu->allow[lu->allowed++], initiator, SCSI_TRANSPORT_ID);
	luns_changed(s);
	return 0;
}

bool lu_allowed(const struct scsi_lu *lu, const struct scsi_nexus *n)
{
	for (unsigned int i = 0; i < lu->allowed; i++)
		if (!memcmp(lu->allow[i], n->initiator, SCSI_TRANSPORT_ID))
			return true;
	return !lu->allowed;
}

/* Single level, peripheral device or flat space addressing (SAM-5 4.7.7): 0 to 255 in both. */
struct scsi_lu *lu_find(const struct scsi_nexus *n, const uint8_t lun[8])
{
	struct scsi_lu *lu;

	if ((lun[0] != 0x00 && lun[0] != 0x40) || get_be(lun + 2, 6))
		return NULL;
	lu = n->target->lu[lun[1]];
	return lu && lu_allowed(lu, n) ? lu : NULL;
}

static bool registered(const struct scsi_target *s, const struct scsi_nexus *n)
{
	for (unsigned int i = 0; i < SCSI_LUNS; i++)
		if (s->lu[i] && pr_find(s->lu[i], n))
			return true;
	return false;
}

/* A new one, or the place of one that was lost and has registered nowhere. */
static struct scsi_nexus *nexus_place(struct scsi_target *s)
{
	struct scsi_nexus *n;

	for (unsigned int i = 0; i < s->nexuses && s->nexuses == NEXUSES; i++)
		if (s->nexus[i]->lost && !registered(s, s->nexus[i]))
			return s->nexus[i];
	n = s->nexuses < NEXUSES ? calloc(1, sizeof(*n)) : NULL;
	if (n)
		s->nexus[s->nexuses++] = n;
	return n;
}

struct scsi_nexus *scsi_nexus_get(struct scsi_target *s, const uint8_t initiator[SCSI_TRANSPORT_ID],
				  uint16_t port)
{
	struct scsi_nexus *n;

	for (unsigned int i = 0; i < s->nexuses; i++) {
		n = s->nexus[i];
		if (n->port == port && !memcmp(n->initiator, initiator, SCSI_TRANSPORT_ID)) {
			n->lost = false;
			return n;
		}
	}
	n = nexus_place(s);
	if (!n)
		return NULL;
	*n = (struct scsi_nexus){.target = s, .port = port};
	memcpy(n->initiator, initiator, SCSI_TRANSPORT_ID);
	for (unsigned int i = 0; i < SCSI_LUNS; i++)
		if (s->lu[i])
			s->lu[i]->attention[nexus_index(n)] = 1u << UA_POWER_ON;
	return n;
}

void scsi_nexus_lost(struct scsi_nexus *n)
{
	for (unsigned int i = 0; i < SCSI_LUNS; i++) {
		struct scsi_lu *lu = n->target->lu[i];

		if (!lu)
			continue;
		lu_abort_tasks(lu, n, n, NULL);
		attention_set(lu, n, UA_NEXUS_LOSS);
	}
	n->lost = true;
}

int scsi_abort_task_set(struct scsi_nexus *n, const uint8_t lun[8])
{
	struct scsi_lu *lu = lu_find(n, lun);

	if (!lu)
		return -ENODEV;
	lu_abort_tasks(lu, n, n, NULL);
	return 0;
}

int scsi_clear_task_set(struct scsi_nexus *n, const uint8_t lun[8])
{
	struct scsi_lu *lu = lu_find(n, lun);

	if (!lu)
		return -ENODEV;
	lu_abort_tasks(lu, NULL, n, NULL);
	return 0;
}

/* SAM-5 6.3.3: tasks end, mode parameters and the started state return; reservations stay. Every
 * nexus is told, that which asked for it too. */
static void lu_reset(struct scsi_lu *lu, struct scsi_nexus *by)
{
	lu_abort_tasks(lu, NULL, by, NULL);
	for (unsigned int i = 0; i < lu->target->nexuses; i++)
		lu->attention[i] = 0;
	attention_others(lu, NULL, UA_LUN_RESET);
	lu->stopped = lu->d_sense = lu->swp = false;
	lu->wce = true;
}

int scsi_lun_reset(struct scsi_nexus *n, const uint8_t lun[8])
{
	struct scsi_lu *lu = lu_find(n, lun);

	if (!lu)
		return -ENODEV;
	lu_reset(lu, n);
	return 0;
}

void scsi_target_reset(struct scsi_nexus *n)
{
	for (unsigned int i = 0; i < SCSI_LUNS; i++)
		if (n->target->lu[i])
			lu_reset(n->target->lu[i], n);
}
