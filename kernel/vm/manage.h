/* SPDX-License-Identifier: Apache-2.0 */
/* How a VM is managed while it runs: its control socket, and the signals of its process. */
#ifndef KERNEL_VM_MANAGE_H
#define KERNEL_VM_MANAGE_H

#include "kernel/lib/err.h"

struct vm;
struct manage;

/* Blocks the signals that it takes over: before any other thread is there. */
struct manage *manage_new(struct vm *vm, const char *socket, unsigned int stop_seconds,
			  struct err *e);
void manage_free(struct manage *m);

#endif
