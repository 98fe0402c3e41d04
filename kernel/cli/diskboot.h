/* SPDX-License-Identifier: Apache-2.0 */
/* Booting from a disk image: which kernel starts the search for the image's own. */
#ifndef KERNEL_CLI_DISKBOOT_H
#define KERNEL_CLI_DISKBOOT_H

#include <jansson.h>

#include "kernel/lib/err.h"

/*
 * For a VM with a disk and no kernel: sets "kernel", "initrd" and "cmdline" of vm to a Linux kernel
 * and a small initramfs that mounts the first disk, reads its boot entries and kexecs the kernel
 * they name.
 */
int diskboot_prepare(json_t *vm, struct err *e);

#endif
