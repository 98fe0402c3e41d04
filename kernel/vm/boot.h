/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Direct boot: puts kernel, initial RAM disk, command line and ACPI tables into guest memory, and
 * says how the first vCPU starts. Kernel files are not trusted.
 */
#ifndef KERNEL_VM_BOOT_H
#define KERNEL_VM_BOOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/lib/err.h"

struct vm;
struct vm_config;

struct boot_entry {
	bool long_mode;		/* 64-bit with paging; else flat 32-bit */
	uint64_t rip;
	uint64_t rsi;		/* 64-bit: the zero page */
	uint64_t rbx;		/* PVH: the start info */
};

/* A kernel file that is open, and its first bytes. */
struct kernel_file {
	const char *path;
	int fd;
	uint64_t size;
	uint8_t head[4096];
	size_t nhead;
};

struct boot_memory {
	uint64_t base, size;
	uint32_t type;		/* as e820 and PVH both number them */
};

#define BOOT_MEMORY_RAM	     1
#define BOOT_MEMORY_RESERVED 2
#define BOOT_MEMORY_MAX	     8

/* What the loaders of both formats are given and give. */
struct boot {
	struct vm *vm;
	struct kernel_file kernel;
	uint64_t low_end;			/* the end of RAM below 4 GiB */
	uint64_t kernel_end;			/* by the loader: nothing may lie below */
	uint64_t initrd_max;			/* by the loader: the initrd's last byte at most */
	uint32_t cmdline_max;			/* by the loader: without the NUL */
	uint64_t initrd, initrd_size;		/* 0, 0: none */
	struct boot_memory map[BOOT_MEMORY_MAX];
	unsigned int nmap;
};

/* Whether the configured files can be read: said before anything is made. */
int boot_check(const struct vm_config *cfg, struct err *e);

int boot_load(struct vm *vm, struct boot_entry *entry, struct err *e);

/* Reads exactly n bytes at off of the kernel into guest memory at gpa. */
int boot_read(struct boot *b, uint64_t off, uint64_t n, uint64_t gpa, struct err *e);

#endif
