/* SPDX-License-Identifier: Apache-2.0 */
/* The words of a grub.cfg: quoting, variables, and the commands that they make. */
#ifndef KERNEL_CLI_DISKBOOT_GRUB_WORDS_H
#define KERNEL_CLI_DISKBOOT_GRUB_WORDS_H

#include "kernel/cli/diskboot/boot-entry.h"

#define GRUB_WORDS 128
#define GRUB_VARS 256

struct grub_var {
	char name[64];
	char *value;
};

struct grub_vars {
	struct grub_var v[GRUB_VARS];
	unsigned int n;
};

const char *grub_get(const struct grub_vars *vars, const char *name, size_t len);
int grub_set(struct grub_vars *vars, const char *name, const char *value);
void grub_vars_free(struct grub_vars *vars);

/* One command: its words, and the { block } that follows it, if any. */
struct grub_command {
	char *w[GRUB_WORDS];
	unsigned int n;
	struct text block;	/* p is NULL: none */
	char text[16384];
};

/*
 * Reads the next command and moves *in behind it. 1: there is one; 0: the text has ended;
 * -E2BIG: too many words, or too long; -EILSEQ: a quote or a block that does not end.
 */
int grub_next(struct text *in, const struct grub_vars *vars, struct grub_command *cmd);

#endif
