// SPDX-License-Identifier: Apache-2.0
#include "kernel/vm/power.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/vm/irq.h"
#include "kernel/vm/layout.h"
#include "kernel/vm/mmio.h"
#include "kernel/vm/vm.h"

#define SLEEP_ENABLE 0x20
#define SLEEP_TYPE   0x1c
#define SLEEP_S5     (5 << 2)	/* \_S5 in acpi.c says 5 */

struct power {
	struct vm *vm;
	uint8_t events;
};

static void write_port(struct power *p, uint64_t port, uint8_t v)
{
	if (port == PORT_RESET && v == RESET_VALUE)
		vm_end(p->vm, VM_RESET);
	else if (port == PORT_SLEEP && (v & SLEEP_ENABLE) && (v & SLEEP_TYPE) == SLEEP_S5)
		vm_end(p->vm, VM_POWEROFF);
}

static uint8_t read_port(struct power *p, uint64_t port)
{
	uint8_t v = port == PORT_EVENTS ? p->events : 0;

	p->events &= (uint8_t)~v;
	return v;
}

static void power_io(void *arg, uint64_t off, void *data, unsigned int len, bool write)
{
	uint8_t *b = data;

	for (unsigned int i = 0; i < len; i++) {
		if (write)
			write_port(arg, PORT_RESET + off + i, b[i]);
		else
			b[i] = read_port(arg, PORT_RESET + off + i);
	}
}

int power_init(struct vm *vm, struct err *e)
{
	int r;

	vm->power = calloc(1, sizeof(*vm->power));
	if (!vm->power)
		return err_set(e, -ENOMEM, "no memory");
	vm->power->vm = vm;
	r = pio_add(vm, PORT_RESET, PORT_EVENTS + 1 - PORT_RESET, power_io, vm->power);
	return r ? err_set(e, r, "the power ports are taken") : 0;
}

void power_free(struct vm *vm)
{
	free(vm->power);
	vm->power = NULL;
}

void power_button(struct vm *vm)
{
	pthread_mutex_lock(&vm->lock);
	vm->power->events |= POWER_EVENT_BUTTON;
	irq_line(vm, GSI_GED, true);
	irq_line(vm, GSI_GED, false);
	pthread_mutex_unlock(&vm->lock);
}
