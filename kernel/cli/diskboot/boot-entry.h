/* SPDX-License-Identifier: Apache-2.0 */
/* What a disk's boot loader configuration says to boot: one kernel, and where it lies. */
#ifndef KERNEL_CLI_DISKBOOT_BOOT_ENTRY_H
#define KERNEL_CLI_DISKBOOT_BOOT_ENTRY_H

#include <stddef.h>

#include "kernel/lib/err.h"

#define BOOT_INITRDS 8
#define BOOT_PATH 512

struct boot_entry {
	char title[256];
	char linux_path[BOOT_PATH];		/* from the root of its file system */
	char initrd[BOOT_INITRDS][BOOT_PATH];
	unsigned int ninitrds;
	char args[4096];
	/* the file system, as far as the configuration names one; empty: the one it lies on */
	char root_uuid[64], root_label[64], root_device[64];
};

/* A text that came from the disk; it need not end in a zero. */
struct text {
	const char *p;
	size_t len;
};

/*
 * Runs grub.cfg as far as choosing and booting an entry needs it, and fills *out with the default
 * one. env is grubenv, or empty. -EAGAIN: the configuration takes its entries from the boot
 * loader specification's files (blscfg); out->title is then the default entry's name, or empty.
 */
int grub_default_entry(struct text cfg, struct text env, struct boot_entry *out, struct err *e);

/* The value of NAME in a grubenv, or 0 if it has none. */
int grubenv_get(struct text env, const char *name, char *value, size_t size);

/* A boot loader specification entry (loader/entries/NAME.conf); env serves $kernelopts. */
int bls_parse(struct text conf, struct text env, struct boot_entry *out, struct err *e);

/* Whether entry file a is to be preferred to b: the newer version is. */
int bls_newer(const char *a, const char *b);

#endif
