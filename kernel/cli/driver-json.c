// SPDX-License-Identifier: Apache-2.0
/* What admission found out about a driver, as JSON. */
#include <sodium.h>
#include <stdio.h>

#include "kernel/admission/keyfile.h"
#include "kernel/cli/driver.h"

static json_t *params(const struct driver_note *n)
{
	static const char *const types[] = {"u64", "bool", "choice"};
	json_t *all = json_array();

	for (unsigned int i = 0; i < n->nparam; i++) {
		const struct note_param *p = &n->param[i];
		json_t *j = json_pack("{s:s,s:s,s:s}", "name", p->name, "type", types[p->type],
				      "help", p->help);

		if (p->type == NOTE_CHOICE) {
			json_t *words = json_array();

			for (uint64_t w = 0; w <= p->max; w++)
				json_array_append_new(words, json_string(p->word[w]));
			json_object_set_new(j, "default", json_string(p->word[p->def]));
			json_object_set_new(j, "words", words);
		} else {
			/* JSON numbers end at 2^63 - 1 here; these do not. */
			char text[24];

			snprintf(text, sizeof(text), "%llu", (unsigned long long)p->def);
			json_object_set_new(j, "default", json_string(text));
			snprintf(text, sizeof(text), "%llu", (unsigned long long)p->min);
			json_object_set_new(j, "min", json_string(text));
			snprintf(text, sizeof(text), "%llu", (unsigned long long)p->max);
			json_object_set_new(j, "max", json_string(text));
		}
		json_array_append_new(all, j);
	}
	return all;
}

static json_t *note(const struct driver_note *n)
{
	json_t *classes = json_array(), *pci = json_array();

	for (unsigned int i = 0; i < n->nclass; i++)
		json_array_append_new(classes, json_sprintf("%s/%u", n->class[i].name,
							    n->class[i].version));
	for (unsigned int i = 0; i < n->npci; i++)
		json_array_append_new(pci, json_sprintf("%04x:%04x", n->pci[i].vendor,
							n->pci[i].device));
	return json_pack("{s:s,s:s,s:s,s:s,s:o,s:o,s:s,s:o,s:o}", "vendor", n->vendor, "name",
			 n->name, "version", n->version, "license", n->license, "abi",
			 json_sprintf("%u.%u-%u.%u", n->abi_min.major, n->abi_min.minor,
				      n->abi_max.major, n->abi_max.minor),
			 "classes", classes, "needs",
			 n->needs == NOTE_NEEDS_PCI ? "pci" : "nothing", "pci", pci, "params",
			 params(n));
}

static json_t *signatures(const struct admission_report *r)
{
	json_t *all = json_array();

	for (unsigned int i = 0; i < r->nsig; i++) {
		const struct admission_signature *s = &r->sig[i];
		char id[2 * KEY_ID_LEN + 1], date[16];

		sodium_bin2hex(id, sizeof(id), s->key_id, KEY_ID_LEN);
		driver_date(s->date, date);
		json_array_append_new(all, json_pack("{s:s,s:s,s:s,s:s,s:s}", "role",
						     signature_role_name(s->role), "signer",
						     s->signer, "key", id, "date", date, "state",
						     signature_state_name(s->state)));
	}
	return all;
}

static json_t *rules(const struct admission_report *r)
{
	static const char *const outcomes[] = {"passed", "broken", "unchecked"};
	json_t *all = json_array();

	for (int i = 0; i < RULE_COUNT; i++) {
		const struct admission_verdict *v = &r->rule[i];
		json_t *j = json_pack("{s:s,s:s}", "rule", admission_rule_name(i), "verdict",
				      outcomes[v->outcome]);

		if (v->outcome == ADMISSION_BROKEN) {
			json_object_set_new(j, "found", json_string(v->found));
			json_object_set_new(j, "wanted", json_string(v->wanted));
		}
		json_array_append_new(all, j);
	}
	return all;
}

json_t *driver_json(const char *path, const struct admission_report *r,
		    enum admission_level min)
{
	const struct driver_note *n = admission_note(r);
	char digest[65];

	sodium_bin2hex(digest, sizeof(digest), r->digest, sizeof(r->digest));
	return json_pack("{s:s,s:b,s:s,s:s,s:I,s:s,s:o,s:o,s:o}", "file", path, "admitted",
			 r->admitted, "level", admission_level_name(r->level), "minimum",
			 admission_level_name(min), "elf_bytes", (json_int_t)r->elf_len, "sha256",
			 digest, "note", n ? note(n) : json_null(), "signatures", signatures(r),
			 "rules", rules(r));
}
