/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which device an exit belongs to. Accesses to addresses that nobody claims read as all-ones and
 * are dropped on write, as on a PC. An access that only partly falls into a range is unclaimed.
 */
#ifndef KERNEL_VM_MMIO_H
#define KERNEL_VM_MMIO_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/lib/err.h"

struct vm;

/*
 * One access at off within the range; len is 1, 2, 4 or 8 (1, 2 or 4 for ports). A read fills data.
 * Runs on the vCPU's thread with vm->lock held; may add and delete ranges, its own too.
 */
typedef void (*mmio_fn)(void *arg, uint64_t off, void *data, unsigned int len, bool write);

int bus_init(struct vm *vm, struct err *e);
void bus_free(struct vm *vm);

/* -EEXIST if the range overlaps another, -EINVAL if it is empty or wraps. vm->lock held, or
 * before the vCPUs run. mmio_del and pio_del: -ENOENT unless a range begins there. */
int mmio_add(struct vm *vm, uint64_t gpa, uint64_t size, mmio_fn fn, void *arg);
int mmio_del(struct vm *vm, uint64_t gpa);
int pio_add(struct vm *vm, uint16_t port, uint16_t n, mmio_fn fn, void *arg);
int pio_del(struct vm *vm, uint16_t port);

/* For vcpu.c: carries out one access; takes vm->lock. */
void mmio_access(struct vm *vm, uint64_t gpa, void *data, unsigned int len, bool write);
void pio_access(struct vm *vm, uint16_t port, void *data, unsigned int len, bool write);

#endif
