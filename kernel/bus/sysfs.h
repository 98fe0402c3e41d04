/* SPDX-License-Identifier: Apache-2.0 */
/* The host's PCI devices as sysfs tells of them, and who drives them. */
#ifndef KERNEL_BUS_SYSFS_H
#define KERNEL_BUS_SYSFS_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/lib/err.h"

struct pci_info {
	char address[16];	/* 0000:00:04.0 */
	uint16_t vendor, device, subvendor, subdevice;
	uint32_t class;		/* 24 bits: class, subclass, interface */
	char driver[32];	/* "": none */
	int group;		/* IOMMU group, or -1: there is no IOMMU over it */
	bool bindable;		/* may be given to vfio-pci: in a group, and no bridge */
};

/* All of them, by address; *n entries, to be freed. VMHI_SYSFS replaces /sys in tests. */
int sysfs_list(struct pci_info **list, unsigned int *n, struct err *e);
int sysfs_device(const char *address, struct pci_info *out, struct err *e);

/* 0 if vfio-pci has it; else an error that says what to run. */
int sysfs_check_usable(const struct pci_info *info, struct err *e);

/*
 * Hands the device to vfio-pci, by driver_override, so that nothing else takes it; unbind gives it
 * back to whatever driver the kernel has for it. Both do nothing if it is so already.
 */
int sysfs_bind(const char *address, struct err *e);
int sysfs_unbind(const char *address, struct err *e);

#endif
