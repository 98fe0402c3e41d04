/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's PCI bus 0: a host bridge, and functions with config space, 64-bit memory BARs that
 * the guest may move, and capabilities. Reached through ECAM and through ports 0xcf8 and 0xcfc.
 * Callers hold vm->lock, or run before the vCPUs do.
 */
#ifndef KERNEL_VM_PCI_H
#define KERNEL_VM_PCI_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/lib/err.h"
#include "kernel/vm/mmio.h"

#define PCI_CONFIG_SIZE 256
#define PCI_BARS	6
#define PCI_SLOTS	32

struct vm;
struct pci_dev;

struct pci_bar {
	uint64_t size;		/* a power of two; 0: no such BAR */
	mmio_fn fn;
	void *arg;
	uint64_t gpa;		/* where it answers now, if mapped */
	bool mapped;
};

struct pci_dev {
	struct vm *vm;
	int slot;		/* -1: on no bus */
	uint8_t config[PCI_CONFIG_SIZE];
	uint8_t wmask[PCI_CONFIG_SIZE];	/* bits that the guest may write */
	uint8_t last_cap, cap_end;
	struct pci_bar bars[PCI_BARS];

	/* Each may be NULL. len is 1 to 4 and never crosses a dword. */
	void (*before_read)(struct pci_dev *dev, unsigned int off, unsigned int len);
	void (*after_write)(struct pci_dev *dev, unsigned int off, unsigned int len);
	/* The BAR began or ceased to answer at bars[n].gpa. */
	void (*bar_changed)(struct pci_dev *dev, int n, bool mapped);
};

/* Host bridge at 00:00.0, ECAM at PCI_ECAM_BASE, ports 0xcf8 to 0xcff. */
int pci_init(struct vm *vm);
void pci_free(struct vm *vm);

/* An empty function of that identity; class_code is 24 bits. */
void pci_dev_init(struct pci_dev *dev, struct vm *vm, uint16_t vendor, uint16_t device,
		  uint32_t class_code);

/* Makes BARs n and n+1 one 64-bit memory BAR; n is 0, 2 or 4. fn sees accesses that it claims. */
void pci_dev_bar(struct pci_dev *dev, int n, uint64_t size, mmio_fn fn, void *arg);

/*
 * Appends a capability: body is what follows the two header bytes, wmask which of its bits may be
 * written (NULL: none). Returns its offset in config space.
 */
int pci_dev_cap(struct pci_dev *dev, uint8_t id, const void *body, const void *wmask,
		unsigned int len);

/* Puts it in the next free slot and gives its BARs their first addresses; -ENOSPC if full. */
int pci_dev_add(struct pci_dev *dev);
void pci_dev_del(struct pci_dev *dev);

/* One access of any width to the config space of a slot; absent functions read as all-ones. */
void pci_config_access(struct vm *vm, unsigned int devfn, unsigned int off, void *data,
		       unsigned int len, bool write);

uint32_t pci_get(const struct pci_dev *dev, unsigned int off, unsigned int len);
void pci_set(struct pci_dev *dev, unsigned int off, unsigned int len, uint32_t value);

#endif
