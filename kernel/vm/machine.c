// SPDX-License-Identifier: Apache-2.0
#include "kernel/vm/machine.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "kernel/vm/boot.h"
#include "kernel/vm/console.h"
#include "kernel/vm/irq.h"
#include "kernel/vm/kvm.h"
#include "kernel/vm/memory.h"
#include "kernel/vm/mmio.h"
#include "kernel/vm/pci.h"
#include "kernel/vm/power.h"
#include "kernel/vm/serial.h"
#include "kernel/vm/vcpu.h"
#include "kernel/vm/virtio.h"
#include "kernel/vm/vm.h"

static void end_event(void *arg, uint32_t events)
{
	struct vm *vm = arg;

	event_loop_stop(vm->loop);
}

static int base_init(struct vm *vm, struct err *e)
{
	vm->vm_fd = -1;
	pthread_mutex_init(&vm->lock, NULL);
	vm->end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (vm->end_fd < 0 || !event_add(vm->loop, vm->end_fd, EPOLLIN, end_event, vm))
		return err_set(e, -errno, "no eventfd: %s", strerror(errno));
	return kvm_create(vm, e);
}

static int devices_init(struct vm *vm, struct err *e)
{
	int r;

	vm->console = console_new(vm, e);
	if (!vm->console)
		return -ENOMEM;
	r = serial_init(vm, vm->cfg->console == VM_CONSOLE_SERIAL, e);
	if (!r)
		r = power_init(vm, e);
	if (!r && pci_init(vm))
		r = err_set(e, -ENOMEM, "no PCI host bridge: out of memory");
	if (!r)
		r = virtio_devices_init(vm, e);
	return r;
}

int machine_init(struct vm *vm, struct err *e)
{
	struct boot_entry entry;
	int r = base_init(vm, e);

	if (!r)
		r = memory_init(vm, vm->cfg->memory, e);
	if (!r)
		r = bus_init(vm, e);
	if (!r)
		r = irq_init(vm, e);
	if (!r)
		r = boot_load(vm, &entry, e);
	if (!r)
		r = devices_init(vm, e);
	if (!r)
		r = vcpus_init(vm, &entry, e);
	return r;
}

void machine_free(struct vm *vm)
{
	vcpus_stop(vm);
	virtio_devices_free(vm);
	pci_free(vm);
	power_free(vm);
	serial_free(vm);
	console_free(vm->console);
	vcpus_free(vm);
	irq_free(vm);
	bus_free(vm);
	memory_free(vm);
	if (vm->vm_fd >= 0)
		close(vm->vm_fd);
	if (vm->end_fd >= 0)
		close(vm->end_fd);
	pthread_mutex_destroy(&vm->lock);
}
