/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupts into the guest: pins of the IOAPIC, and MSI through GSI routes with irqfds. All of it
 * ends in KVM's in-kernel interrupt controllers. Callers hold vm->lock, or run before the vCPUs do.
 */
#ifndef KERNEL_VM_IRQ_H
#define KERNEL_VM_IRQ_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/lib/err.h"

struct vm;

int irq_init(struct vm *vm, struct err *e);
void irq_free(struct vm *vm);

/* A GSI for one MSI or MSI-X vector, not yet routed; -ENOSPC when the table is full. */
int irq_msi_alloc(struct vm *vm);
void irq_msi_free(struct vm *vm, int gsi);

/* Where that GSI goes: the vector's address and data as the guest wrote them. */
int irq_msi_set(struct vm *vm, int gsi, uint64_t addr, uint32_t data);

/* Writes to eventfd raise gsi from now on (or no longer). */
int irqfd_assign(struct vm *vm, int eventfd, int gsi, bool on);

/* The level of an IOAPIC pin; an edge is 1 then 0. May be called from any thread, without lock. */
int irq_line(struct vm *vm, int gsi, bool level);

/*
 * KVM swallows guest writes of len bytes (0: any length) to gpa and signals eventfd instead; with
 * datamatch only those of that value.
 */
int ioeventfd_mmio(struct vm *vm, uint64_t gpa, unsigned int len, int eventfd, bool datamatch,
		   uint64_t data, bool on);

#endif
