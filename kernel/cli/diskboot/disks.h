/* SPDX-License-Identifier: Apache-2.0 */
/* The VM's disks and their partitions, mounted read-only, and the boot configuration on them. */
#ifndef KERNEL_CLI_DISKBOOT_DISKS_H
#define KERNEL_CLI_DISKBOOT_DISKS_H

#include "kernel/cli/diskboot/boot-entry.h"
#include "kernel/cli/diskboot/filesystem.h"

struct disk {
	char name[32];		/* vda1 */
	char dir[64];		/* where it is mounted; empty: it is not */
	unsigned int number, partition;	/* 0 and 1: the first disk's first partition */
	struct filesystem fs;
};

/* Finds the disks, the configuration, its default entry, and the file system that holds its kernel. */
int disks_find_entry(struct boot_entry *b, struct disk **on, struct err *e);

/* Opens a file of that disk for reading; -1 with errno. */
int disk_open(const struct disk *k, const char *path);

void disks_unmount(void);

/* init.c's: the modules of /modules/NAME.list. */
void load_modules(const char *name);

#endif
