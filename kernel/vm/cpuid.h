/* SPDX-License-Identifier: Apache-2.0 */
/* What a vCPU says of itself: the host's features, our topology (one thread a core, one socket). */
#ifndef KERNEL_VM_CPUID_H
#define KERNEL_VM_CPUID_H

#include "kernel/lib/err.h"

struct vm;

int cpuid_set(struct vm *vm, int vcpu_fd, unsigned int id, struct err *e);

#endif
