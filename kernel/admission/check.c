// SPDX-License-Identifier: Apache-2.0
/* The whole check of a file in memory: signatures, ELF rules, note, acceptance. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/admission/internal.h"
#include "kernel/admission/signature.h"

/* A vendor's key speaks for that vendor's drivers only. */
static void match_vendors(struct admission_report *r)
{
	for (unsigned int i = 0; i < r->nsig; i++)
		if (r->sig[i].state == SIGNATURE_GOOD && r->sig[i].role == ROLE_VENDOR &&
		    (!r->has_note || strcmp(r->sig[i].signer, r->note.vendor)))
			r->sig[i].state = SIGNATURE_OTHER_VENDOR;
}

static void acceptance_rule(struct admission_report *r, enum admission_level min)
{
	char wanted[64];

	match_vendors(r);
	r->level = signature_level(r);
	rule_checked(r->rule, RULE_ACCEPTANCE);
	snprintf(wanted, sizeof(wanted), "%s or better", admission_level_name(min));
	if (r->level < min)
		rule_broken(r->rule, RULE_ACCEPTANCE, wanted, "%s",
			    admission_level_name(r->level));
}

int admission_check_bytes(const void *file, size_t len, const struct admission_policy *p,
			  elf_check_fn elf, struct admission_report *r, struct err *e)
{
	struct elf_result *found = calloc(1, sizeof(*found));
	int error;

	if (!found || sodium_init() < 0) {
		free(found);
		return err_set(e, -ENOMEM, "no memory to check the driver in");
	}
	memset(r, 0, sizeof(*r));
	for (int i = 0; i < RULE_COUNT; i++)
		r->rule[i].outcome = ADMISSION_UNCHECKED;
	signatures_check(file, len, p->trust, r);
	error = elf(file, r->elf_len, found, e);
	if (!error) {
		memcpy(r->rule, found->rule, sizeof(r->rule[0]) * RULE_ABI_RANGE);
		note_rules(found, r);
		acceptance_rule(r, p->min);
		r->admitted = true;
		for (int i = 0; i < RULE_COUNT; i++)
			r->admitted &= r->rule[i].outcome == ADMISSION_PASSED;
	}
	free(found);
	return error;
}
