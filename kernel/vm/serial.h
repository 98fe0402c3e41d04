/* SPDX-License-Identifier: Apache-2.0 */
/* COM1: a 16550A with its interrupt, as far as a guest's driver looks. Its wire is the console. */
#ifndef KERNEL_VM_SERIAL_H
#define KERNEL_VM_SERIAL_H

#include <stdbool.h>

#include "kernel/lib/err.h"

struct vm;

/* console: the port's wire is vm->console; otherwise it leads nowhere. */
int serial_init(struct vm *vm, bool console, struct err *e);
void serial_free(struct vm *vm);

#endif
