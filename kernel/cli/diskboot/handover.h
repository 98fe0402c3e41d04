/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KERNEL_CLI_DISKBOOT_HANDOVER_H
#define KERNEL_CLI_DISKBOOT_HANDOVER_H

#include "kernel/cli/diskboot/disks.h"

/* Loads the entry's kernel from that disk and runs it; returns only if that failed. */
int handover(const struct boot_entry *b, const struct disk *on, struct err *e);

#endif
