/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Off, reset and the power button, as ACPI for hardware without the PC's fixed registers has them:
 * a reset register, sleep registers, and events through a Generic Event Device.
 */
#ifndef KERNEL_VM_POWER_H
#define KERNEL_VM_POWER_H

#include "kernel/lib/err.h"

struct vm;

#define POWER_EVENT_BUTTON 0x01

int power_init(struct vm *vm, struct err *e);
void power_free(struct vm *vm);

/* Presses the button. Takes vm->lock. */
void power_button(struct vm *vm);

#endif
