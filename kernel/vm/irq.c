// SPDX-License-Identifier: Apache-2.0
#include "kernel/vm/irq.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "kernel/vm/layout.h"
#include "kernel/vm/vm.h"

#define GSI_MAX 1024	/* the least KVM has had since it had MSI routes */

/*
 * What each GSI is. KVM takes the whole table at once, so it is kept here: the routes of the
 * IOAPIC's pins first. No pin is routed to the PIC, which the guest is told it does not have.
 */
struct irq_routes {
	struct {
		bool used, routed;
		uint64_t addr;
		uint32_t data;
	} msi[GSI_MAX - GSI_MSI_BASE];
};

static int install(struct vm *vm)
{
	struct kvm_irq_routing *t;
	size_t n = IOAPIC_PINS;
	int r;

	t = calloc(1, sizeof(*t) + GSI_MAX * sizeof(t->entries[0]));
	if (!t)
		return -ENOMEM;
	for (uint32_t pin = 0; pin < IOAPIC_PINS; pin++) {
		t->entries[pin].gsi = pin;
		t->entries[pin].type = KVM_IRQ_ROUTING_IRQCHIP;
		t->entries[pin].u.irqchip.irqchip = KVM_IRQCHIP_IOAPIC;
		t->entries[pin].u.irqchip.pin = pin;
	}
	for (uint32_t i = 0; i < GSI_MAX - GSI_MSI_BASE; i++) {
		if (!vm->irq->msi[i].routed)
			continue;
		t->entries[n].gsi = GSI_MSI_BASE + i;
		t->entries[n].type = KVM_IRQ_ROUTING_MSI;
		t->entries[n].u.msi.address_lo = (uint32_t)vm->irq->msi[i].addr;
		t->entries[n].u.msi.address_hi = (uint32_t)(vm->irq->msi[i].addr >> 32);
		t->entries[n].u.msi.data = vm->irq->msi[i].data;
		n++;
	}
	t->nr = (uint32_t)n;
	r = ioctl(vm->vm_fd, KVM_SET_GSI_ROUTING, t) ? -errno : 0;
	free(t);
	return r;
}

int irq_init(struct vm *vm, struct err *e)
{
	int r;

	vm->irq = calloc(1, sizeof(*vm->irq));
	if (!vm->irq)
		return err_set(e, -ENOMEM, "no memory");
	r = install(vm);
	return r ? err_set(e, r, "KVM does not take interrupt routes: %s", strerror(-r)) : 0;
}

void irq_free(struct vm *vm)
{
	free(vm->irq);
	vm->irq = NULL;
}

int irq_msi_alloc(struct vm *vm)
{
	for (int i = 0; i < GSI_MAX - GSI_MSI_BASE; i++) {
		if (vm->irq->msi[i].used)
			continue;
		vm->irq->msi[i].used = true;
		return GSI_MSI_BASE + i;
	}
	return -ENOSPC;
}

void irq_msi_free(struct vm *vm, int gsi)
{
	int i = gsi - GSI_MSI_BASE;

	if (i < 0 || gsi >= GSI_MAX || !vm->irq->msi[i].used)
		return;
	vm->irq->msi[i].used = false;
	if (vm->irq->msi[i].routed) {
		vm->irq->msi[i].routed = false;
		install(vm);
	}
}

int irq_msi_set(struct vm *vm, int gsi, uint64_t addr, uint32_t data)
{
	int i = gsi - GSI_MSI_BASE;

	if (i < 0 || gsi >= GSI_MAX || !vm->irq->msi[i].used)
		return -EINVAL;
	/* A guest masks and unmasks more often than it moves a vector, and KVM is slow at this. */
	if (vm->irq->msi[i].routed && vm->irq->msi[i].addr == addr && vm->irq->msi[i].data == data)
		return 0;
	vm->irq->msi[i].addr = addr;
	vm->irq->msi[i].data = data;
	vm->irq->msi[i].routed = true;
	return install(vm);
}

int irqfd_assign(struct vm *vm, int eventfd, int gsi, bool on)
{
	struct kvm_irqfd k = {
		.fd = (uint32_t)eventfd,
		.gsi = (uint32_t)gsi,
		.flags = on ? 0 : KVM_IRQFD_FLAG_DEASSIGN,
	};

	return ioctl(vm->vm_fd, KVM_IRQFD, &k) ? -errno : 0;
}

int irq_line(struct vm *vm, int gsi, bool level)
{
	struct kvm_irq_level k = {.irq = (uint32_t)gsi, .level = level};

	return ioctl(vm->vm_fd, KVM_IRQ_LINE, &k) ? -errno : 0;
}

int ioeventfd_mmio(struct vm *vm, uint64_t gpa, unsigned int len, int eventfd, bool datamatch,
		   uint64_t data, bool on)
{
	struct kvm_ioeventfd k = {
		.addr = gpa,
		.len = len,
		.fd = eventfd,
		.datamatch = datamatch ? data : 0,
		.flags = (datamatch ? KVM_IOEVENTFD_FLAG_DATAMATCH : 0) |
			 (on ? 0 : KVM_IOEVENTFD_FLAG_DEASSIGN),
	};

	return ioctl(vm->vm_fd, KVM_IOEVENTFD, &k) ? -errno : 0;
}
