// SPDX-License-Identifier: Apache-2.0
/* The stable names of rules, levels, roles and states. */
#include <errno.h>
#include <string.h>

#include "kernel/admission/admission.h"

static const char *const rules[RULE_COUNT] = {
	[RULE_ELF_HEADER] = "elf-header",
	[RULE_ELF_CLASS] = "elf-class",
	[RULE_ELF_TYPE] = "elf-type",
	[RULE_ELF_MACHINE] = "elf-machine",
	[RULE_PROGRAM_HEADERS] = "program-headers",
	[RULE_SECTION_BOUNDS] = "section-bounds",
	[RULE_TRAILING_DATA] = "trailing-data",
	[RULE_LOAD_SEGMENTS] = "load-segments",
	[RULE_WRITE_EXEC] = "write-exec",
	[RULE_EXEC_STACK] = "exec-stack",
	[RULE_INTERP] = "interp",
	[RULE_TLS] = "tls",
	[RULE_RELRO] = "relro",
	[RULE_DYNAMIC_TABLE] = "dynamic-table",
	[RULE_NEEDED] = "needed",
	[RULE_RPATH] = "rpath",
	[RULE_TEXTREL] = "textrel",
	[RULE_BIND_NOW] = "bind-now",
	[RULE_INIT_FINI] = "init-fini",
	[RULE_SYMBOL_TABLE] = "symbol-table",
	[RULE_IMPORTS] = "imports",
	[RULE_ONE_EXPORT] = "one-export",
	[RULE_IFUNC] = "ifunc",
	[RULE_GNU_UNIQUE] = "gnu-unique",
	[RULE_RELOCATIONS] = "relocations",
	[RULE_OPS_TABLE] = "ops-table",
	[RULE_NOTE_MISSING] = "note-missing",
	[RULE_NOTE_DUPLICATE] = "note-duplicate",
	[RULE_NOTE_FORMAT] = "note-format",
	[RULE_ABI_RANGE] = "abi-range",
	[RULE_CLASS_UNKNOWN] = "class-unknown",
	[RULE_FEATURE_UNKNOWN] = "feature-unknown",
	[RULE_SIGNATURE] = "signature",
	[RULE_REVOKED] = "revoked",
	[RULE_ACCEPTANCE] = "acceptance",
};

static const char *const levels[] = {
	[ADMISSION_COMMUNITY] = "community",
	[ADMISSION_SUPPORTED] = "supported",
	[ADMISSION_ACCEPTED] = "accepted",
	[ADMISSION_CERTIFIED] = "certified",
};

static const char *const roles[] = {
	[ROLE_VENDOR] = "vendor",
	[ROLE_PROJECT] = "project",
	[ROLE_CERTIFIER] = "certifier",
};

static const char *const states[] = {
	[SIGNATURE_GOOD] = "good",
	[SIGNATURE_UNKNOWN_KEY] = "unknown key",
	[SIGNATURE_REVOKED] = "revoked key",
	[SIGNATURE_WRONG] = "wrong",
	[SIGNATURE_OTHER_VENDOR] = "key of another vendor",
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *pick(const char *const *names, size_t n, size_t i)
{
	return i < n && names[i] ? names[i] : "unknown";
}

static int find(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (names[i] && !strcmp(names[i], name))
			return (int)i;
	return -EINVAL;
}

const char *admission_rule_name(enum admission_rule rule)
{
	return pick(rules, COUNT(rules), rule);
}

const char *admission_level_name(enum admission_level level)
{
	return pick(levels, COUNT(levels), level);
}

const char *signature_role_name(enum signature_role role)
{
	return pick(roles, COUNT(roles), role);
}

const char *signature_state_name(enum signature_state state)
{
	return pick(states, COUNT(states), state);
}

int admission_level_parse(const char *name, enum admission_level *level)
{
	int i = find(levels, COUNT(levels), name);

	if (i < 0)
		return i;
	*level = (enum admission_level)i;
	return 0;
}

int signature_role_parse(const char *name, enum signature_role *role)
{
	int i = find(roles, COUNT(roles), name);

	if (i < 0)
		return i;
	*role = (enum signature_role)i;
	return 0;
}
