// SPDX-License-Identifier: Apache-2.0
/* Verdicts: how a rule's outcome is noted, and the rules that need only what the note says. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vmhi/core.h>

#include "kernel/admission/internal.h"

void rule_checked(struct admission_verdict *rules, enum admission_rule rule)
{
	if (rules[rule].outcome == ADMISSION_UNCHECKED)
		rules[rule].outcome = ADMISSION_PASSED;
}

void rule_broken(struct admission_verdict *rules, enum admission_rule rule, const char *wanted,
		 const char *fmt, ...)
{
	struct admission_verdict *v = &rules[rule];
	va_list ap;

	if (v->outcome == ADMISSION_BROKEN)
		return;
	v->outcome = ADMISSION_BROKEN;
	snprintf(v->wanted, sizeof(v->wanted), "%s", wanted);
	va_start(ap, fmt);
	vsnprintf(v->found, sizeof(v->found), fmt, ap);
	va_end(ap);
	for (char *c = v->found; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

static bool text_valid(const char *s)
{
	size_t n = strnlen(s, ADMISSION_TEXT_MAX);

	if (n == ADMISSION_TEXT_MAX)
		return false;
	for (size_t i = 0; i < n; i++)
		if (s[i] < ' ' || s[i] > '~')
			return false;
	return true;
}

bool elf_result_valid(const struct elf_result *r)
{
	for (int i = 0; i < RULE_COUNT; i++) {
		const struct admission_verdict *v = &r->rule[i];
		unsigned int outcome;

		memcpy(&outcome, &v->outcome, sizeof(outcome));
		if (outcome > ADMISSION_UNCHECKED || !text_valid(v->found) ||
		    !text_valid(v->wanted))
			return false;
	}
	return r->note_len <= VMHI_NOTE_MAX;
}

/* Class interfaces this host offers a place for. */
static bool class_known(const struct note_class *c)
{
	return !strcmp(c->name, "nic") && c->version == 1;
}

static bool abi_covers(const struct driver_note *n)
{
	const uint32_t lo = (uint32_t)n->abi_min.major << 16 | n->abi_min.minor;
	const uint32_t hi = (uint32_t)n->abi_max.major << 16 | n->abi_max.minor;
	const uint32_t host = VMHI_ABI_MAJOR << 16 | VMHI_ABI_MINOR;

	return lo <= host && host <= hi;
}

static void class_rule(struct admission_verdict *rules, const struct driver_note *n)
{
	unsigned int i = 0;

	rule_checked(rules, RULE_CLASS_UNKNOWN);
	while (i < n->nclass && !class_known(&n->class[i]))
		i++;
	if (i == n->nclass)
		rule_broken(rules, RULE_CLASS_UNKNOWN, "at least one of: nic/1", "class %s/%u",
			    n->class[0].name, n->class[0].version);
}

void note_rules(const struct elf_result *from, struct admission_report *r)
{
	static const char wanted[] = "a note as vmhi/note.h describes it";
	struct driver_note *n = &r->note;
	char host[64];
	struct err e;

	if (!from->note_len)
		return;
	if (note_parse(from->note, from->note_len, n, &e)) {
		rule_broken(r->rule, RULE_NOTE_FORMAT, wanted, "%s", e.msg);
		return;
	}
	r->has_note = true;
	rule_checked(r->rule, RULE_ABI_RANGE);
	snprintf(host, sizeof(host), "a range with this host's %d.%d in it", VMHI_ABI_MAJOR,
		 VMHI_ABI_MINOR);
	if (!abi_covers(n))
		rule_broken(r->rule, RULE_ABI_RANGE, host, "%u.%u-%u.%u", n->abi_min.major,
			    n->abi_min.minor, n->abi_max.major, n->abi_max.minor);
	class_rule(r->rule, n);
	rule_checked(r->rule, RULE_FEATURE_UNKNOWN);
	if (n->nfeature)
		rule_broken(r->rule, RULE_FEATURE_UNKNOWN, "none: this ABI version defines none",
			    "feature %s", n->feature[0]);
}

enum admission_level signature_level(const struct admission_report *r)
{
	bool has[ROLE_CERTIFIER + 1] = {false};

	for (unsigned int i = 0; i < r->nsig; i++)
		if (r->sig[i].state == SIGNATURE_GOOD)
			has[r->sig[i].role] = true;
	if (!has[ROLE_VENDOR])
		return ADMISSION_COMMUNITY;
	if (has[ROLE_CERTIFIER])
		return ADMISSION_CERTIFIED;
	return has[ROLE_PROJECT] ? ADMISSION_ACCEPTED : ADMISSION_SUPPORTED;
}

const struct driver_note *admission_note(const struct admission_report *r)
{
	return r->has_note ? &r->note : NULL;
}

void admission_report_free(struct admission_report *r)
{
	free(r);
}
