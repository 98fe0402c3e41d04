// SPDX-License-Identifier: Apache-2.0
#include "kernel/vm/vcpu.h"

#include <errno.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/lib/log.h"
#include "kernel/vm/cpuid.h"
#include "kernel/vm/layout.h"
#include "kernel/vm/mmio.h"
#include "kernel/vm/sregs.h"
#include "kernel/vm/vm.h"

#define STACK	  (128U << 10)
#define KICK	  SIGUSR1

struct vcpu {
	struct vm *vm;
	unsigned int id;
	int fd;
	struct kvm_run *run;
	size_t run_size;
	pthread_t thread;
	bool started;
	bool stop;		/* atomic */
};

static void on_kick(int sig)
{
	/* Only there to make KVM_RUN return. */
}

static void exit_io(struct vcpu *c)
{
	struct kvm_run *run = c->run;
	uint8_t *data = (uint8_t *)run + run->io.data_offset;

	for (uint32_t i = 0; i < run->io.count; i++)
		pio_access(c->vm, run->io.port, data + (size_t)i * run->io.size, run->io.size,
			   run->io.direction == KVM_EXIT_IO_OUT);
}

static bool crashed(struct vcpu *c, const char *why, uint64_t detail)
{
	struct kvm_regs r = {0};

	ioctl(c->fd, KVM_GET_REGS, &r);
	log_error("CPU %u: %s (0x%llx) at rip 0x%llx: the guest has crashed", c->id, why,
		  (unsigned long long)detail, (unsigned long long)r.rip);
	vm_end(c->vm, VM_CRASHED);
	return false;
}

/* One exit; false: this vCPU runs no more. */
static bool handle_exit(struct vcpu *c)
{
	struct kvm_run *run = c->run;

	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		exit_io(c);
		return true;
	case KVM_EXIT_MMIO:
		mmio_access(c->vm, run->mmio.phys_addr, run->mmio.data, run->mmio.len,
			    run->mmio.is_write);
		return true;
	case KVM_EXIT_INTR:
	case KVM_EXIT_IRQ_WINDOW_OPEN:
		return true;
	case KVM_EXIT_SHUTDOWN:
		return crashed(c, "triple fault", 0);
	case KVM_EXIT_FAIL_ENTRY:
		return crashed(c, "the CPU refuses to enter the guest",
			       run->fail_entry.hardware_entry_failure_reason);
	case KVM_EXIT_INTERNAL_ERROR:
		return crashed(c, "KVM cannot go on", run->internal.suberror);
	default:
		return crashed(c, "an exit that nothing handles", run->exit_reason);
	}
}

static void loop(struct vcpu *c)
{
	bool go = true;

	while (go && !__atomic_load_n(&c->stop, __ATOMIC_ACQUIRE)) {
		int r = ioctl(c->fd, KVM_RUN, 0);

		if (r < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		go = r < 0 ? crashed(c, strerror(errno), (uint64_t)errno) : handle_exit(c);
	}
}

void vcpu_loop(struct vm *vm, unsigned int id)
{
	loop(&vm->vcpus[id]);
}

int vcpu_fd(struct vm *vm, unsigned int id)
{
	return vm->vcpus[id].fd;
}

static void *thread_main(void *arg)
{
	struct vcpu *c = arg;
	char name[16];

	snprintf(name, sizeof(name), "cpu%u", c->id);
	pthread_setname_np(pthread_self(), name);
	loop(c);
	return NULL;
}

static int set_start(struct vcpu *c, const struct boot_entry *b, struct err *e)
{
	struct kvm_regs r = {.rip = b->rip, .rsi = b->rsi, .rbx = b->rbx, .rflags = 2};
	struct kvm_sregs s;

	if (ioctl(c->fd, KVM_GET_SREGS, &s))
		return err_set(e, -errno, "KVM keeps its registers: %s", strerror(errno));
	if (b->long_mode)
		sregs_long_mode(&s, BOOT_PAGE_TABLES);
	else
		sregs_protected_mode(&s);
	s.gdt.base = BOOT_GDT;
	s.gdt.limit = SREGS_GDT_SIZE - 1;
	if (ioctl(c->fd, KVM_SET_SREGS, &s) || ioctl(c->fd, KVM_SET_REGS, &r))
		return err_set(e, -errno, "KVM refuses the CPU's first state: %s",
			       strerror(errno));
	return 0;
}

static int vcpu_init(struct vm *vm, unsigned int id, struct err *e)
{
	struct vcpu *c = &vm->vcpus[id];
	int size = ioctl(vm->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);

	c->vm = vm;
	c->id = id;
	c->run_size = (size_t)size;
	c->fd = ioctl(vm->vm_fd, KVM_CREATE_VCPU, id);
	if (size < 0 || c->fd < 0)
		return err_set(e, -errno, "KVM cannot make CPU %u: %s", id, strerror(errno));
	c->run = mmap(NULL, c->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, c->fd, 0);
	if (c->run == MAP_FAILED) {
		c->run = NULL;
		return err_set(e, -errno, "CPU %u cannot be mapped: %s", id, strerror(errno));
	}
	return cpuid_set(vm, c->fd, id, e);
}

int vcpus_init(struct vm *vm, const struct boot_entry *entry, struct err *e)
{
	unsigned int n = vm->cfg->cpus;
	int most = ioctl(vm->kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPUS), r = 0;

	if (most > 0 && (unsigned int)most < n)
		return err_set(e, -EINVAL, "\"cpus\" is %u; KVM here takes at most %d", n, most);
	vm->vcpus = calloc(n, sizeof(*vm->vcpus));
	if (!vm->vcpus)
		return err_set(e, -ENOMEM, "no memory");
	vm->ncpus = n;
	for (unsigned int i = 0; i < n; i++)
		vm->vcpus[i].fd = -1;
	for (unsigned int i = 0; i < n && !r; i++)
		r = vcpu_init(vm, i, e);
	return r ? r : set_start(&vm->vcpus[0], entry, e);
}

int vcpus_start(struct vm *vm, struct err *e)
{
	struct sigaction sa = {.sa_handler = on_kick};
	pthread_attr_t attr;
	int r = 0;

	sigaction(KICK, &sa, NULL);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	for (unsigned int i = 0; i < vm->ncpus && !r; i++) {
		r = -pthread_create(&vm->vcpus[i].thread, &attr, thread_main, &vm->vcpus[i]);
		vm->vcpus[i].started = !r;
	}
	pthread_attr_destroy(&attr);
	return r ? err_set(e, r, "no thread for a CPU: %s", strerror(-r)) : 0;
}

void vcpus_stop(struct vm *vm)
{
	for (unsigned int i = 0; i < vm->ncpus; i++) {
		struct vcpu *c = &vm->vcpus[i];

		__atomic_store_n(&c->stop, true, __ATOMIC_RELEASE);
		if (c->run)
			__atomic_store_n(&c->run->immediate_exit, 1, __ATOMIC_RELEASE);
		if (c->started)
			pthread_kill(c->thread, KICK);
	}
	for (unsigned int i = 0; i < vm->ncpus; i++) {
		if (vm->vcpus[i].started)
			pthread_join(vm->vcpus[i].thread, NULL);
		vm->vcpus[i].started = false;
	}
}

void vcpus_free(struct vm *vm)
{
	for (unsigned int i = 0; i < vm->ncpus; i++) {
		if (vm->vcpus[i].run)
			munmap(vm->vcpus[i].run, vm->vcpus[i].run_size);
		if (vm->vcpus[i].fd >= 0)
			close(vm->vcpus[i].fd);
	}
	free(vm->vcpus);
	vm->vcpus = NULL;
	vm->ncpus = 0;
}
