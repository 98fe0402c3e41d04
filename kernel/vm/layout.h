/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where things are in a guest's physical address space and I/O ports. The ACPI tables, the e820 map
 * and the devices all read it from here.
 */
#ifndef KERNEL_VM_LAYOUT_H
#define KERNEL_VM_LAYOUT_H

#include <stdint.h>

/* RAM: below the 32-bit hole, the rest from 4 GiB on. */
#define RAM_LOW_MAX	 0xc0000000ULL
#define RAM_HIGH_BASE	 0x100000000ULL
#define RAM_MIN		 (32ULL << 20)
#define RAM_MAX		 (128ULL << 30)

/* What the boot loader part leaves in the first MiB. */
#define BOOT_GDT	 0x0500ULL
#define BOOT_ZERO_PAGE	 0x7000ULL
#define BOOT_PAGE_TABLES 0x9000ULL	/* six pages */
#define BOOT_PVH_INFO	 0x6000ULL
#define BOOT_CMDLINE	 0x20000ULL
#define BOOT_CMDLINE_MAX 2048U		/* with the final NUL, as Linux has it on x86 */
#define LOW_RAM_END	 0x9fc00ULL
#define ACPI_BASE	 0xe0000ULL	/* RSDP first: found by scan, too */
#define ACPI_SIZE	 0x20000ULL
#define RESET_VECTOR	 0xffff0ULL	/* the BIOS's, in real mode */
#define KERNEL_BASE	 0x100000ULL

/* The hole below 4 GiB. */
#define PCI_MMIO32_BASE	 0xc0000000ULL
#define PCI_MMIO32_SIZE	 0x20000000ULL
#define PCI_ECAM_BASE	 0xe0000000ULL
#define PCI_ECAM_SIZE	 0x00100000ULL	/* bus 0 only */
#define IOAPIC_BASE	 0xfec00000ULL
#define LAPIC_BASE	 0xfee00000ULL
#define KVM_IDENTITY_MAP 0xfffbc000ULL	/* three pages for KVM on Intel, then one more */
#define KVM_TSS		 0xfffbd000ULL

/* 64-bit BARs: within 39 bits, the least that any 64-bit KVM host of today addresses. */
#define PCI_MMIO64_BASE	 0x4000000000ULL
#define PCI_MMIO64_SIZE	 0x4000000000ULL

/* I/O ports. */
#define PORT_COM1	 0x3f8
#define PORT_RESET	 0x600		/* write RESET_VALUE: reset */
#define RESET_VALUE	 0x01
#define PORT_SLEEP	 0x601		/* ACPI sleep control */
#define PORT_SLEEP_STS	 0x602		/* ACPI sleep status */
#define PORT_EVENTS	 0x603		/* pending events for the GED; reading clears */

/* Global system interrupts: the 24 pins of the IOAPIC; MSI routes come after. */
#define GSI_COM1	 4
#define GSI_GED		 5
#define IOAPIC_PINS	 24
#define GSI_MSI_BASE	 24

#endif
