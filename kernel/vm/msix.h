/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MSI-X of one function. A source is an eventfd that somebody writes to raise an interrupt: while
 * its vector is open it is bound to KVM as an irqfd, and this process is not in the way. While the
 * vector is masked the eventfd is unbound and keeps the event; its count is the pending bit.
 */
#ifndef KERNEL_VM_MSIX_H
#define KERNEL_VM_MSIX_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/vm/pci.h"

#define MSIX_NO_VECTOR	 0xffff
#define MSIX_VECTORS_MAX 256
#define MSIX_TABLE_SIZE	 (MSIX_VECTORS_MAX * 16)
#define MSIX_PBA_SIZE	 (MSIX_VECTORS_MAX / 8)

struct msix_source {
	struct msix_source *next;
	int fd;
	uint16_t vector;	/* or MSIX_NO_VECTOR */
	bool bound;
};

struct msix_vector {
	uint32_t addr_lo, addr_hi, data, ctrl;	/* as in the table */
	int gsi;				/* -1 until first opened */
};

struct msix {
	struct pci_dev *dev;
	const char *name;	/* for the log */
	unsigned int cap, n;
	bool warned;
	struct msix_vector *vectors;
	struct msix_source *sources;
};

/* Adds the capability; table and PBA lie in BAR bar. name must outlive it. */
int msix_init(struct msix *m, struct pci_dev *dev, const char *name, unsigned int vectors, int bar,
	      uint32_t table_off, uint32_t pba_off);
void msix_free(struct msix *m);

/* Call from the function's after_write hook. */
void msix_config_written(struct msix *m, unsigned int off, unsigned int len);

/* Accesses to the table and the PBA, off from their beginnings. */
void msix_table_access(struct msix *m, uint64_t off, void *data, unsigned int len, bool write);
void msix_pba_read(struct msix *m, uint64_t off, void *data, unsigned int len);

/* fd must be non-blocking and outlive the msix. */
void msix_source_add(struct msix *m, struct msix_source *s, int fd);
/* -EINVAL if there is no such vector; MSIX_NO_VECTOR unbinds and forgets what was pending. */
int msix_source_set(struct msix *m, struct msix_source *s, uint16_t vector);

#endif
