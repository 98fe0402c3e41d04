/* SPDX-License-Identifier: Apache-2.0 */
/* Puts a VM together from its parts, and takes it apart again. */
#ifndef KERNEL_VM_MACHINE_H
#define KERNEL_VM_MACHINE_H

#include "kernel/lib/err.h"

struct vm;

/* vm->cfg, vm->loop and vm->kvm_fd are set. After a failure, machine_free() still has to be called. */
int machine_init(struct vm *vm, struct err *e);
void machine_free(struct vm *vm);

#endif
