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

/* A signature that counts for nothing looks like none: tell the key, the vendor's first. */
static void name_unknown_key(const struct admission_report *r, char *out, size_t len)
{
	char hex[2 * KEY_ID_LEN + 1];
	const struct admission_signature *s, *unknown = NULL;

	for (s = r->sig; s < r->sig + r->nsig; s++)
		if (s->state == SIGNATURE_UNKNOWN_KEY &&
		    (!unknown || (s->role == ROLE_VENDOR && unknown->role != ROLE_VENDOR)))
			unknown = s;
	if (!unknown)
		return;
	sodium_bin2hex(hex, sizeof(hex), unknown->key_id, KEY_ID_LEN);
	snprintf(out, len, " (signed by key %s, which is not in the trust store)", hex);
}

static void acceptance_rule(struct admission_report *r, enum admission_level min)
{
	char wanted[64], why[96] = "";

	match_vendors(r);
	r->level = signature_level(r);
	rule_checked(r->rule, RULE_ACCEPTANCE);
	snprintf(wanted, sizeof(wanted), "%s or better", admission_level_name(min));
	name_unknown_key(r, why, sizeof(why));
	if (r->level < min)
		rule_broken(r->rule, RULE_ACCEPTANCE, wanted, "%s%s",
			    admission_level_name(r->level), why);
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
