/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual CPUs: their set-up, and the thread that each runs on. */
#ifndef KERNEL_VM_VCPU_H
#define KERNEL_VM_VCPU_H

#include "kernel/lib/err.h"
#include "kernel/vm/boot.h"

struct vm;

/* Makes vm->cfg->cpus vCPUs; the first starts at entry, the others wait for it. */
int vcpus_init(struct vm *vm, const struct boot_entry *entry, struct err *e);

int vcpus_start(struct vm *vm, struct err *e);

/* Makes every vCPU leave the guest and its thread end. vm->lock must not be held. */
void vcpus_stop(struct vm *vm);
void vcpus_free(struct vm *vm);

/* For the unit tests: runs vCPU id on this thread until the VM ends or vcpus_stop(). */
void vcpu_loop(struct vm *vm, unsigned int id);
int vcpu_fd(struct vm *vm, unsigned int id);

#endif
