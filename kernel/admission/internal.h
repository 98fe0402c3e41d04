/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of admission share among themselves. */
#ifndef KERNEL_ADMISSION_INTERNAL_H
#define KERNEL_ADMISSION_INTERNAL_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <vmhi/note.h>

#include "kernel/admission/admission.h"

#define ADMISSION_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* Marks a rule as looked at: passed, unless it was broken before. */
void rule_checked(struct admission_verdict *rules, enum admission_rule rule);

/* Marks a rule as broken; the first finding stays. found is made one line of printable bytes. */
void rule_broken(struct admission_verdict *rules, enum admission_rule rule, const char *wanted,
		 const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/*
 * What the ELF rules found: pointer-free and of fixed size, since it crosses from the sandboxed
 * child. The note's text goes as it is; the parent parses it itself.
 */
struct elf_result {
	struct admission_verdict rule[RULE_COUNT];
	uint32_t note_len;	/* 0: none, or more than one */
	char note[VMHI_NOTE_MAX];
};

/* Runs every rule that reads the ELF file; elf.c. out is cleared first. */
void elf_check(const void *bytes, size_t len, struct elf_result *out);

/* Runs fn in a child that can do nothing but compute; sandbox.c. 0, or -errno with *e worded. */
typedef void (*sandbox_fn)(const void *bytes, size_t len, struct elf_result *out);
int sandbox_run(sandbox_fn fn, const void *bytes, size_t len, struct elf_result *out,
		struct err *e);

/* elf_check() in such a child. */
int sandbox_elf_check(const void *bytes, size_t len, struct elf_result *out, struct err *e);

/* The whole check of a file in memory, with either of these two ways to run the ELF rules. */
typedef int (*elf_check_fn)(const void *bytes, size_t len, struct elf_result *out,
			    struct err *e);
int admission_check_bytes(const void *file, size_t len, const struct admission_policy *p,
			  elf_check_fn elf, struct admission_report *r, struct err *e);

/* Whether a result that came from the child may be used: enumerators, lengths, text. */
bool elf_result_valid(const struct elf_result *r);

/* The rules about what the note says; report.c. */
void note_rules(const struct elf_result *from, struct admission_report *r);

/* The level that the good signatures add up to; report.c. */
enum admission_level signature_level(const struct admission_report *r);

#endif
