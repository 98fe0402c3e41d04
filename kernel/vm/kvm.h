/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual machine as KVM sees it: /dev/kvm, the VM and its interrupt controllers. */
#ifndef KERNEL_VM_KVM_H
#define KERNEL_VM_KVM_H

#include "kernel/lib/err.h"

struct vm;

/* Opens /dev/kvm (or path) and checks its version; a descriptor, or -errno with *e worded. */
int kvm_open(const char *path, struct err *e);

/*
 * Runs a guest of a few long-mode instructions for at most limit_ms. Some nested KVMs offer the
 * whole interface and yet cannot run a 64-bit kernel; only trying tells. 0, or -errno worded.
 */
int kvm_probe(int kvm_fd, unsigned int limit_ms, struct err *e);

/* Makes vm->vm_fd with the in-kernel interrupt controllers. */
int kvm_create(struct vm *vm, struct err *e);

#endif
