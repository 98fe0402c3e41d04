/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One virtual machine: one process. The main thread runs the event loop (control socket, console
 * input, vhost-user control messages); each vCPU has a thread of its own. Device state belongs to
 * vm->lock: exits of vCPUs run under it, and event-loop callbacks that touch a device take it.
 */
#ifndef KERNEL_VM_VM_H
#define KERNEL_VM_VM_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel/lib/err.h"
#include "kernel/lib/event.h"
#include "kernel/vm/config.h"

struct vcpu;
struct memory;
struct bus;
struct irq_routes;
struct serial;
struct power;
struct console;
struct pci_host;
struct virtio_device;

/* Why the VM ended. */
enum vm_end {
	VM_RUNNING,
	VM_POWEROFF,	/* the guest powered off */
	VM_RESET,	/* the guest asked for a reset */
	VM_KILLED,	/* control op "kill", a second SIGTERM, Ctrl-A x */
	VM_CRASHED,	/* triple fault, or KVM cannot go on */
};

struct vm {
	struct event_loop *loop;
	pthread_mutex_t lock;
	int kvm_fd, vm_fd;
	const struct vm_config *cfg;

	struct memory *memory;
	struct bus *mmio, *pio;
	struct irq_routes *irq;
	struct vcpu *vcpus;
	unsigned int ncpus;
	struct console *console;
	struct serial *serial;
	struct power *power;

	/* of pci.c and virtio-pci.c */
	struct pci_host *pci;
	struct virtio_device *virtio;

	int end_fd;		/* eventfd: wakes the main loop when end is set */
	enum vm_end end;	/* atomic; the first reason stands */
};

/* Ends the VM. From any thread, vm->lock held or not; returns at once, the main loop does it. */
void vm_end(struct vm *vm, enum vm_end why);

#endif
