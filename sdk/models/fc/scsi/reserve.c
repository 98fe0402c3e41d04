// SPDX-License-Identifier: Apache-2.0
/* Who has registered, who holds the reservation, and what others then may not (SPC-4 5.12). */
#include "internal.h"

#include <string.h>

/* Types, SPC-4 6.15.3.4: 1 and 3 for one holder, 5 and 6 registrants only, 7 and 8 all of them. */
bool pr_all_registrants(uint8_t type)
{
	return type == 7 || type == 8;
}

static bool for_registrants(uint8_t type)
{
	return type >= 5;
}

static bool exclusive_access(uint8_t type)
{
	return type == 3 || type == 6 || type == 8;
}

static bool is_of(const struct registration *r, const struct scsi_nexus *n)
{
	return r->port == n->port && !memcmp(r->initiator, n->initiator, SCSI_TRANSPORT_ID);
}

struct registration *pr_find(struct scsi_lu *lu, const struct scsi_nexus *n)
{
	for (unsigned int i = 0; i < lu->pr.count; i++)
		if (is_of(&lu->pr.list[i], n))
			return &lu->pr.list[i];
	return NULL;
}

bool pr_holds(const struct scsi_lu *lu, const struct registration *r)
{
	return lu->pr.type &&
	       (pr_all_registrants(lu->pr.type) || r == &lu->pr.list[lu->pr.holder]);
}

bool pr_conflict(const struct scsi_task *t)
{
	const struct registration *r = pr_find(t->lu, t->nexus);
	enum under_reservation class = t->command->reservation;
	uint8_t type = t->lu->pr.type;

	/* PERSISTENT RESERVE OUT looks for itself. A unit may always be started. */
	if (!type || class == PR_ANY || class == PR_OUT || (class == PR_START && t->cdb[4] & 1))
		return false;
	if (r && (for_registrants(type) || pr_holds(t->lu, r)))
		return false;
	return class != PR_READ || exclusive_access(type);
}

/* The registration's nexus, if that initiator was here since the target was started. */
static struct scsi_nexus *nexus_of(const struct scsi_lu *lu, const struct registration *r)
{
	for (unsigned int i = 0; i < lu->target->nexuses; i++)
		if (is_of(r, lu->target->nexus[i]))
			return lu->target->nexus[i];
	return NULL;
}

/* Every registered nexus but that one is told. */
void pr_tell(struct scsi_lu *lu, const struct scsi_nexus *but, enum attention a)
{
	for (unsigned int i = 0; i < lu->pr.count; i++) {
		const struct scsi_nexus *n = nexus_of(lu, &lu->pr.list[i]);

		if (n && n != but)
			attention_set(lu, n, a);
	}
}

struct registration *pr_add(struct scsi_lu *lu, const uint8_t initiator[SCSI_TRANSPORT_ID],
			    uint16_t port, uint64_t key)
{
	struct registration *r = &lu->pr.list[lu->pr.count];

	if (lu->pr.count == REGISTRATIONS)
		return NULL;
	lu->pr.count++;
	memcpy(r->initiator, initiator, SCSI_TRANSPORT_ID);
	r->port = port;
	r->key = key;
	return r;
}

/* SPC-4 5.12.11.2: those for whom it kept others out learn that it does no longer. */
void pr_release(struct scsi_lu *lu, const struct scsi_nexus *by)
{
	if (for_registrants(lu->pr.type))
		pr_tell(lu, by, UA_RELEASED);
	lu->pr.type = 0;
}

/* Ends a registration, and with its holder's the reservation. Those after it move up. */
struct scsi_nexus *pr_remove(struct scsi_lu *lu, struct registration *r)
{
	struct reservations *pr = &lu->pr;
	struct scsi_nexus *n = nexus_of(lu, r);
	unsigned int i = (unsigned int)(r - pr->list);

	if (pr_holds(lu, r) && (!pr_all_registrants(pr->type) || pr->count == 1))
		pr_release(lu, n);
	memmove(r, r + 1, (--pr->count - i) * sizeof(*r));
	if (pr->holder > i)
		pr->holder--;
	return n;
}
