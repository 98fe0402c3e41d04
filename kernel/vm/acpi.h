/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ACPI tables of the machine in layout.h: RSDP, XSDT, FADT, DSDT, MADT and MCFG. The machine is
 * a "hardware-reduced" one: no PIT, PIC, RTC, PM timer, keyboard controller or VGA to be probed.
 */
#ifndef KERNEL_VM_ACPI_H
#define KERNEL_VM_ACPI_H

#include <stddef.h>
#include <stdint.h>

/*
 * Writes the tables into room bytes at mem, which is ACPI_BASE in the guest; the RSDP comes first.
 * Returns how many bytes they take, or -ENOSPC.
 */
long acpi_build(void *mem, size_t room, unsigned int cpus);

#endif
