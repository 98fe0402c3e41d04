// SPDX-License-Identifier: Apache-2.0
/* Unit attention conditions, a word of them for each nexus of a logical unit (SAM-5 5.14). */
#include "internal.h"

static const uint16_t codes[] = {
	[UA_POWER_ON] = 0x2900,
	[UA_LUN_RESET] = 0x2903,	/* BUS DEVICE RESET FUNCTION OCCURRED */
	[UA_NEXUS_LOSS] = 0x2907,
	[UA_COMMANDS_CLEARED] = 0x2f00,	/* COMMANDS CLEARED BY ANOTHER INITIATOR */
	[UA_MODE_CHANGED] = 0x2a01,
	[UA_PREEMPTED] = 0x2a03,	/* RESERVATIONS PREEMPTED */
	[UA_RELEASED] = 0x2a04,		/* RESERVATIONS RELEASED */
	[UA_REGISTRATIONS_PREEMPTED] = 0x2a05,
	[UA_LUNS_CHANGED] = 0x3f0e,	/* REPORTED LUNS DATA HAS CHANGED */
};

unsigned int nexus_index(const struct scsi_nexus *n)
{
	unsigned int i = 0;

	while (n->target->nexus[i] != n)
		i++;
	return i;
}

void attention_set(struct scsi_lu *lu, const struct scsi_nexus *n, enum attention a)
{
	lu->attention[nexus_index(n)] |= 1u << a;
}

void attention_others(struct scsi_lu *lu, const struct scsi_nexus *but, enum attention a)
{
	for (unsigned int i = 0; i < lu->target->nexuses; i++)
		if (lu->target->nexus[i] != but)
			lu->attention[i] |= 1u << a;
}

/* The first of those that wait, which then waits no longer; false: none does. */
bool attention_take(struct scsi_lu *lu, const struct scsi_nexus *n, struct scsi_sense *s)
{
	uint32_t *word = &lu->attention[nexus_index(n)];
	int first = __builtin_ffs((int)*word) - 1;

	if (first < 0)
		return false;
	*word &= ~(1u << first);
	*s = (struct scsi_sense){.key = SCSI_UNIT_ATTENTION, .asc = codes[first]};
	return true;
}

void attention_drop(struct scsi_lu *lu, const struct scsi_nexus *n, enum attention a)
{
	lu->attention[nexus_index(n)] &= ~(1u << a);
}
