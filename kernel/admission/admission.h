/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Admission: what a driver's file must be before a byte of it may be mapped to run. The file is
 * copied once into sealed memory; that copy is checked, and the very same copy is loaded later
 * (loader.h, in the worker only). Nothing here can load code.
 */
#ifndef KERNEL_ADMISSION_ADMISSION_H
#define KERNEL_ADMISSION_ADMISSION_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/admission/note.h"
#include "kernel/lib/err.h"

#define ADMISSION_FILE_MAX (64ull << 20)
#define ADMISSION_TEXT_MAX 256
#define ADMISSION_SIG_MAX  16

/* Who answers for a driver, from least to most; doc/admission.md defines each. */
enum admission_level {
	ADMISSION_COMMUNITY,
	ADMISSION_SUPPORTED,
	ADMISSION_ACCEPTED,
	ADMISSION_CERTIFIED,
};

/* The rules, each of which has one stable name. New ones may be added anywhere. */
enum admission_rule {
	RULE_ELF_HEADER,
	RULE_ELF_CLASS,
	RULE_ELF_TYPE,
	RULE_ELF_MACHINE,
	RULE_PROGRAM_HEADERS,
	RULE_SECTION_BOUNDS,
	RULE_TRAILING_DATA,
	RULE_LOAD_SEGMENTS,
	RULE_WRITE_EXEC,
	RULE_EXEC_STACK,
	RULE_INTERP,
	RULE_TLS,
	RULE_RELRO,
	RULE_DYNAMIC_TABLE,
	RULE_NEEDED,
	RULE_RPATH,
	RULE_TEXTREL,
	RULE_BIND_NOW,
	RULE_INIT_FINI,
	RULE_SYMBOL_TABLE,
	RULE_IMPORTS,
	RULE_ONE_EXPORT,
	RULE_IFUNC,
	RULE_GNU_UNIQUE,
	RULE_RELOCATIONS,
	RULE_OPS_TABLE,
	RULE_NOTE_MISSING,
	RULE_NOTE_DUPLICATE,
	RULE_NOTE_FORMAT,
	RULE_ABI_RANGE,
	RULE_CLASS_UNKNOWN,
	RULE_FEATURE_UNKNOWN,
	RULE_SIGNATURE,
	RULE_REVOKED,
	RULE_ACCEPTANCE,
	RULE_COUNT
};

enum admission_outcome {
	ADMISSION_PASSED,
	ADMISSION_BROKEN,
	ADMISSION_UNCHECKED,	/* what it looks at could not be reached: another rule is broken */
};

struct admission_verdict {
	enum admission_outcome outcome;
	char found[ADMISSION_TEXT_MAX];	/* when broken: what was found, and what was wanted */
	char wanted[ADMISSION_TEXT_MAX];
};

enum signature_role { ROLE_VENDOR = 1, ROLE_PROJECT = 2, ROLE_CERTIFIER = 3 };

enum signature_state {
	SIGNATURE_GOOD,
	SIGNATURE_UNKNOWN_KEY,	/* the trust store has no such key: counts for nothing */
	SIGNATURE_REVOKED,
	SIGNATURE_WRONG,	/* does not verify, or its role is not its key's */
	SIGNATURE_OTHER_VENDOR,	/* good, but the key is another vendor's: counts for nothing */
};

struct admission_signature {
	enum signature_role role;
	enum signature_state state;
	uint8_t key_id[16];
	uint64_t date;		/* seconds since 1970, as the signer wrote it */
	char signer[65];	/* the name the trust store gives that key, or "" */
};

struct admission_report {
	bool admitted;
	enum admission_level level;
	struct admission_verdict rule[RULE_COUNT];
	unsigned int nsig;
	struct admission_signature sig[ADMISSION_SIG_MAX];
	uint64_t elf_len;	/* bytes without the signature trailer */
	uint8_t digest[32];	/* SHA-256 of those bytes */
	bool has_note;
	struct driver_note note;
};

struct trust_store;

struct admission_policy {
	enum admission_level min;
	const struct trust_store *trust;	/* NULL: no key is known */
};

/* Copies a regular file into sealed memory. Its descriptor, or -errno with *e worded. */
int admission_seal(const char *path, struct err *e);

/*
 * Checks a sealed copy, in a sandboxed child, at most 10 s. 0: admitted. -EACCES: refused, and *e
 * names every rule broken. Another error: could not be checked. *r is set in the first two cases
 * (r may be NULL) and is the caller's to free.
 */
int admission_check(int memfd, const struct admission_policy *p, struct admission_report **r,
		    struct err *e);
void admission_report_free(struct admission_report *r);

/* What the note says, or NULL if the driver has no well-formed one. The report's. */
const struct driver_note *admission_note(const struct admission_report *r);

/* The host's policy, from CONFIG_DIR/admission.json and the trust store it names. */
int admission_policy_load(struct admission_policy *p, struct err *e);
void admission_policy_free(struct admission_policy *p);

const char *admission_rule_name(enum admission_rule rule);
const char *admission_level_name(enum admission_level level);
const char *signature_role_name(enum signature_role role);
const char *signature_state_name(enum signature_state state);

/* By name; 0 or -EINVAL. */
int admission_level_parse(const char *name, enum admission_level *level);
int signature_role_parse(const char *name, enum signature_role *role);

#endif
