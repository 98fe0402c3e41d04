// SPDX-License-Identifier: Apache-2.0
/*
 * Can this KVM run a 64-bit kernel? A guest in long mode with paging does a few things that every
 * kernel does, 100,000 instructions in all, then says so on a port. Where KVM emulates the guest's
 * kernel, that fails or takes too long.
 */
#include <errno.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "kernel/vm/kvm.h"
#include "kernel/vm/layout.h"
#include "kernel/vm/sregs.h"

#define PROBE_RAM	(2UL << 20)
#define PROBE_TABLES	0x2000
#define PROBE_CODE	0x8000
#define PROBE_STACK	0x10000
#define PROBE_PORT	0xf4
#define PROBE_WORD	0x4b

/*
 *	mov	$20000, %ecx
 * 1:	movd	%ecx, %xmm0; pxor %xmm0, %xmm0; xadd %rax, (%rsp); dec %ecx; jnz 1b
 *	mov	%cr3, %rax; mov %rax, %cr3; invlpg (%rsp); swapgs; swapgs; sgdt/lgdt -16(%rsp)
 *	cpuid; rdtsc; pushfq; popfq; mov $0x4b, %al; out %al, $0xf4; hlt
 */
static const uint8_t code[] = {
	0xb9, 0x20, 0x4e, 0x00, 0x00,
	0x66, 0x0f, 0x6e, 0xc1,
	0x66, 0x0f, 0xef, 0xc0,
	0x48, 0x0f, 0xc1, 0x04, 0x24,
	0xff, 0xc9,
	0x75, 0xef,
	0x0f, 0x20, 0xd8,
	0x0f, 0x22, 0xd8,
	0x0f, 0x01, 0x3c, 0x24,
	0x0f, 0x01, 0xf8,
	0x0f, 0x01, 0xf8,
	0x0f, 0x01, 0x44, 0x24, 0xf0,
	0x0f, 0x01, 0x54, 0x24, 0xf0,
	0x31, 0xc0,
	0x0f, 0xa2,
	0x0f, 0x31,
	0x9c,
	0x9d,
	0xb0, PROBE_WORD,
	0xe6, PROBE_PORT,
	0xf4,
};

static struct kvm_run *probe_run;

static void out_of_time(int sig)
{
	if (probe_run)
		probe_run->immediate_exit = 1;
}

static int refuse(const char *why, int code_, struct err *e)
{
	return err_set(e, code_, "/dev/kvm cannot run a 64-bit kernel (%s in a test guest): nested "
		       "or paravirtual KVM; use a host with VT-x or AMD-V of its own", why);
}

static int set_registers(int vcpu, uint8_t *ram)
{
	struct kvm_sregs s;
	struct kvm_regs r = {.rip = PROBE_CODE, .rsp = PROBE_STACK, .rflags = 2};

	memcpy(ram + PROBE_CODE, code, sizeof(code));
	sregs_page_tables(ram + PROBE_TABLES, PROBE_TABLES);
	if (ioctl(vcpu, KVM_GET_SREGS, &s))
		return -errno;
	sregs_long_mode(&s, PROBE_TABLES);
	if (ioctl(vcpu, KVM_SET_SREGS, &s) || ioctl(vcpu, KVM_SET_REGS, &r))
		return -errno;
	return 0;
}

static int judge(struct kvm_run *run, int r, struct err *e)
{
	if (r < 0 && errno == EINTR)
		return refuse("time-out", -ETIMEDOUT, e);
	if (r < 0)
		return refuse(strerror(errno), -errno, e);
	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		if (run->io.port == PROBE_PORT &&
		    ((uint8_t *)run)[run->io.data_offset] == PROBE_WORD)
			return 0;
		return refuse("wrong results", -EOPNOTSUPP, e);
	case KVM_EXIT_INTERNAL_ERROR:
		return refuse("emulation failure", -EOPNOTSUPP, e);
	case KVM_EXIT_SHUTDOWN:
		return refuse("triple fault", -EOPNOTSUPP, e);
	default:
		return refuse("an unexpected exit", -EOPNOTSUPP, e);
	}
}

/* KVM_RUN with a limit. The timer repeats, so a signal just before KVM_RUN is not the only one. */
static int run_limited(int vcpu, struct kvm_run *run, unsigned int limit_ms, struct err *e)
{
	struct itimerspec when = {
		.it_value = {limit_ms / 1000, (long)(limit_ms % 1000) * 1000000L},
		.it_interval = {0, 10000000L},
	};
	struct sigaction sa = {.sa_handler = out_of_time}, old;
	struct sigevent se = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
	timer_t timer;
	int r;

	if (timer_create(CLOCK_MONOTONIC, &se, &timer))
		return err_set(e, -errno, "no timer: %s", strerror(errno));
	probe_run = run;
	sigaction(SIGALRM, &sa, &old);
	timer_settime(timer, 0, &when, NULL);
	r = ioctl(vcpu, KVM_RUN, 0);
	r = judge(run, r, e);
	timer_delete(timer);
	sigaction(SIGALRM, &old, NULL);
	probe_run = NULL;
	return r;
}

static int probe_vm(int kvm_fd, int vm_fd, unsigned int limit_ms, struct err *e)
{
	uint8_t *ram = mmap(NULL, PROBE_RAM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
	struct kvm_userspace_memory_region region = {.memory_size = PROBE_RAM,
						     .userspace_addr = (uintptr_t)ram};
	int size = ioctl(kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0), vcpu = -1, r;
	struct kvm_run *run = MAP_FAILED;

	if (ram == MAP_FAILED)
		return err_set(e, -errno, "no memory for the KVM probe");
	if (size > 0 && !ioctl(vm_fd, KVM_SET_USER_MEMORY_REGION, &region))
		vcpu = ioctl(vm_fd, KVM_CREATE_VCPU, 0);
	if (vcpu >= 0)
		run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	r = run == MAP_FAILED ? -errno : set_registers(vcpu, ram);
	r = r ? refuse(strerror(-r), r, e) : run_limited(vcpu, run, limit_ms, e);
	if (run != MAP_FAILED)
		munmap(run, (size_t)size);
	if (vcpu >= 0)
		close(vcpu);
	munmap(ram, PROBE_RAM);
	return r;
}

static int probe_once(int kvm_fd, unsigned int limit_ms, struct err *e)
{
	int vm_fd = ioctl(kvm_fd, KVM_CREATE_VM, 0), r;

	if (vm_fd < 0)
		return err_set(e, -errno, "KVM cannot make a VM: %s", strerror(errno));
	/* Some of KVM on Intel wants this even without real mode. */
	ioctl(vm_fd, KVM_SET_TSS_ADDR, KVM_TSS);
	r = probe_vm(kvm_fd, vm_fd, limit_ms, e);
	close(vm_fd);
	return r;
}

int kvm_probe(int kvm_fd, unsigned int limit_ms, struct err *e)
{
	int r = -ETIMEDOUT;

	/* On a busy host the time may pass before the guest gets to run: hence three tries. */
	for (int tries = 0; tries < 3 && r == -ETIMEDOUT; tries++)
		r = probe_once(kvm_fd, limit_ms, e);
	return r;
}
