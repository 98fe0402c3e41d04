// SPDX-License-Identifier: Apache-2.0
/* vmhi driver inspect, list: what drivers say of themselves, and what admission says of them. */
#include <dirent.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/admission/keyfile.h"
#include "kernel/cli/client.h"
#include "kernel/cli/driver.h"

static void print_params(const struct driver_note *n)
{
	for (unsigned int i = 0; i < n->nparam; i++) {
		const struct note_param *p = &n->param[i];

		printf("  %-10s%s = ", i ? "" : "params", p->name);
		if (p->type == NOTE_CHOICE)
			printf("%s (", p->word[p->def]);
		else
			printf("%llu (%llu to %llu", (unsigned long long)p->def,
			       (unsigned long long)p->min, (unsigned long long)p->max);
		for (uint64_t w = 0; p->type == NOTE_CHOICE && w <= p->max; w++)
			printf("%s%s", w ? ", " : "", p->word[w]);
		printf("): %s\n", p->help);
	}
}

static void print_note(const struct driver_note *n)
{
	printf("  name      %s %s by %s\n  license   %s\n  abi       %u.%u to %u.%u\n", n->name,
	       n->version, n->vendor, n->license, n->abi_min.major, n->abi_min.minor,
	       n->abi_max.major, n->abi_max.minor);
	printf("  classes  ");
	for (unsigned int i = 0; i < n->nclass; i++)
		printf(" %s/%u", n->class[i].name, n->class[i].version);
	printf("\n  needs     %s", n->needs == NOTE_NEEDS_PCI ? "pci" : "nothing");
	for (unsigned int i = 0; i < n->npci; i++)
		printf("%s%04x:%04x", i && i % 6 == 0 ? "\n            " : " ", n->pci[i].vendor,
		       n->pci[i].device);
	putchar('\n');
	print_params(n);
}

static void print_signatures(const struct admission_report *r)
{
	for (unsigned int i = 0; i < r->nsig; i++) {
		const struct admission_signature *s = &r->sig[i];
		char id[2 * KEY_ID_LEN + 1], date[16];

		sodium_bin2hex(id, sizeof(id), s->key_id, KEY_ID_LEN);
		driver_date(s->date, date);
		printf("  signature %s %s, %s, key %s: %s\n", signature_role_name(s->role),
		       s->signer[0] ? s->signer : "?", date, id, signature_state_name(s->state));
	}
}

static void print_rules(const struct admission_report *r, bool all)
{
	static const char *const marks[] = {"ok", "BROKEN", "-"};
	int count[3] = {0};

	for (int i = 0; i < RULE_COUNT; i++) {
		const struct admission_verdict *v = &r->rule[i];

		count[v->outcome]++;
		if (all || v->outcome == ADMISSION_BROKEN)
			printf("  %-7s %s\n", marks[v->outcome], admission_rule_name(i));
		if (v->outcome == ADMISSION_BROKEN)
			printf("          found:  %s\n          wanted: %s\n", v->found,
			       v->wanted);
	}
	printf("  %d rules kept", count[ADMISSION_PASSED]);
	if (count[ADMISSION_BROKEN])
		printf(", %d broken", count[ADMISSION_BROKEN]);
	if (count[ADMISSION_UNCHECKED])
		printf(", %d not reached", count[ADMISSION_UNCHECKED]);
	putchar('\n');
}

static void print_report(const char *path, const struct admission_report *r,
			 enum admission_level min, bool all)
{
	char digest[65];

	sodium_bin2hex(digest, sizeof(digest), r->digest, sizeof(r->digest));
	printf("%s\n", path);
	if (r->has_note)
		print_note(&r->note);
	printf("  sha256    %s (%llu bytes)\n", digest, (unsigned long long)r->elf_len);
	print_signatures(r);
	print_rules(r, all);
	printf("%s, level %s (this host asks for %s)\n", r->admitted ? "admitted" : "REFUSED",
	       admission_level_name(r->level), admission_level_name(min));
}

static int inspect(const char *file, const char *level, const char *trust, bool json, bool all)
{
	struct admission_report *r = NULL;
	struct admission_policy p;
	struct err e;
	bool admitted;

	if (driver_policy(level, trust, &p, &e))
		return client_fail(&e);
	if (driver_check(file, &p, &r, &e)) {
		admission_policy_free(&p);
		return client_fail(&e);
	}
	if (json) {
		json_t *j = driver_json(file, r, p.min);

		json_dumpf(j, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(j);
	} else {
		print_report(file, r, p.min, all);
	}
	admitted = r->admitted;
	admission_report_free(r);
	admission_policy_free(&p);
	return admitted ? 0 : 1;
}

int driver_inspect(int argc, char **argv)
{
	static const char form[] = "inspect FILE [--all] [--json] [--accept LEVEL] [--trust DIR]";
	const char *level = NULL, *trust = NULL;
	bool json = client_wants_json(&argc, argv), all = false;
	const struct driver_option opt[] = {
		{.name = "--accept", .value = &level},
		{.name = "--trust", .value = &trust},
		{.name = "--all", .flag = &all},
		{0},
	};
	char *file = NULL;
	int r = driver_args(argc, argv, opt, "FILE", &file, form);

	return r >= 0 ? r : inspect(file, level, trust, json, all);
}

static json_t *row(const char *path, const struct admission_policy *p)
{
	struct admission_report *r = NULL;
	char classes[64] = "";
	struct err e;
	json_t *j;

	if (driver_check(path, p, &r, &e))
		return json_pack("{s:s,s:s}", "file", path, "state", "unreadable");
	j = json_pack("{s:s,s:s,s:s}", "file", path, "state",
		      r->admitted ? "admitted" : "refused", "level",
		      admission_level_name(r->level));
	if (r->has_note) {
		const struct driver_note *n = &r->note;

		for (unsigned int i = 0; i < n->nclass; i++)
			snprintf(classes + strlen(classes), sizeof(classes) - strlen(classes),
				 "%s%s/%u", i ? " " : "", n->class[i].name, n->class[i].version);
		json_object_set_new(j, "name", json_string(n->name));
		json_object_set_new(j, "version", json_string(n->version));
		json_object_set_new(j, "vendor", json_string(n->vendor));
		json_object_set_new(j, "classes", json_string(classes));
	}
	admission_report_free(r);
	return j;
}

static int is_driver(const struct dirent *d)
{
	const size_t n = strlen(d->d_name);

	return n > 3 && !strcmp(d->d_name + n - 3, ".so");
}

int driver_list(int argc, char **argv)
{
	static const char *const columns[] = {"file:FILE", "name:NAME", "version:VERSION",
					      "vendor:VENDOR", "classes:CLASSES", "level:LEVEL",
					      "state:STATE", NULL};
	const struct driver_option none[] = {{0}};
	bool json = client_wants_json(&argc, argv);
	struct admission_policy p;
	char *dir = NULL;
	struct dirent **names;
	json_t *rows;
	struct err e;
	int n;

	n = driver_args(argc, argv, none, "DIR", &dir, "list DIR [--json]");
	if (n >= 0)
		return n;
	if (driver_policy(NULL, NULL, &p, &e))
		return client_fail(&e);
	n = scandir(dir, &names, is_driver, alphasort);
	if (n < 0) {
		err_set(&e, -1, "%s: %m", dir);
		admission_policy_free(&p);
		return client_fail(&e);
	}
	rows = json_array();
	for (int i = 0; i < n; i++) {
		char path[4096];

		snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name);
		json_array_append_new(rows, row(path, &p));
		free(names[i]);
	}
	free(names);
	client_table(rows, columns, json);
	json_decref(rows);
	admission_policy_free(&p);
	return 0;
}
