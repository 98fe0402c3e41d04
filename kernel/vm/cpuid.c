// SPDX-License-Identifier: Apache-2.0
#include "kernel/vm/cpuid.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "kernel/vm/vm.h"

#define ENTRIES 256

#define F1_ECX_X2APIC	    (1u << 21)
#define F1_ECX_TSC_DEADLINE (1u << 24)
#define F1_ECX_HYPERVISOR   (1u << 31)
#define F1_EDX_HTT	    (1u << 28)
#define EXT1_ECX_TOPOLOGY   (1u << 22)
#define LEVEL_THREAD	    1
#define LEVEL_CORE	    2

/* The bits an APIC id needs for n CPUs. */
static uint32_t id_bits(uint32_t n)
{
	uint32_t bits = 0;

	while (1u << bits < n)
		bits++;
	return bits;
}

static void leaf_1(struct vm *vm, struct kvm_cpuid_entry2 *c, unsigned int id)
{
	c->ebx = (c->ebx & 0x0000ffff) | vm->cfg->cpus << 16 | id << 24;
	c->ecx |= F1_ECX_HYPERVISOR;
	/* KVM has it in software even where the CPU has not; it saves calibrating the APIC timer. */
	if (ioctl(vm->kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_TSC_DEADLINE_TIMER) > 0)
		c->ecx |= F1_ECX_TSC_DEADLINE;
	c->edx &= ~F1_EDX_HTT;
	if (vm->cfg->cpus > 1)
		c->edx |= F1_EDX_HTT;
}

/* Extended topology: one thread a core, all cores in one socket. */
static void leaf_b(struct vm *vm, struct kvm_cpuid_entry2 *c, unsigned int id)
{
	c->eax = c->ebx = 0;
	c->ecx = c->index;
	c->edx = id;
	if (c->index == 0) {
		c->ebx = 1;
		c->ecx |= LEVEL_THREAD << 8;
	} else if (c->index == 1) {
		c->eax = id_bits(vm->cfg->cpus);
		c->ebx = vm->cfg->cpus;
		c->ecx |= LEVEL_CORE << 8;
	}
}

/* Intel's caches: the first two levels belong to a core, the last to all. */
static void leaf_4(struct vm *vm, struct kvm_cpuid_entry2 *c)
{
	uint32_t ids = 1u << id_bits(vm->cfg->cpus), level = c->eax >> 5 & 7;

	if (!(c->eax & 0x1f))
		return;
	c->eax = (c->eax & 0x3fff) | (ids - 1) << 26 | (level > 2 ? ids - 1 : 0) << 14;
}

static void adapt(struct vm *vm, struct kvm_cpuid_entry2 *c, unsigned int id)
{
	switch (c->function) {
	case 0x1:
		leaf_1(vm, c, id);
		break;
	case 0x4:
		leaf_4(vm, c);
		break;
	case 0xa:	/* no performance counters: they would be probed at every boot */
		c->eax = c->ebx = c->ecx = c->edx = 0;
		break;
	case 0xb:
	case 0x1f:
		leaf_b(vm, c, id);
		break;
	case 0x80000001:
		c->ecx &= ~EXT1_ECX_TOPOLOGY;
		break;
	case 0x80000008:
		c->ecx = vm->cfg->cpus > 1 ? id_bits(vm->cfg->cpus) << 12 | (vm->cfg->cpus - 1) : 0;
		break;
	}
}

/* KVM lists leaf 0xb only as far as the host has it: have both levels there. */
static void complete_leaf_b(struct kvm_cpuid2 *c)
{
	for (uint32_t level = 0; level < 3; level++) {
		uint32_t i = 0;

		while (i < c->nent && (c->entries[i].function != 0xb ||
				       c->entries[i].index != level))
			i++;
		if (i < c->nent || c->nent == ENTRIES)
			continue;
		c->entries[c->nent++] = (struct kvm_cpuid_entry2){
			.function = 0xb, .index = level,
			.flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX,
		};
	}
	for (uint32_t i = 0; i < c->nent; i++)
		if (c->entries[i].function == 0 && c->entries[i].eax < 0xb)
			c->entries[i].eax = 0xb;
}

int cpuid_set(struct vm *vm, int vcpu_fd, unsigned int id, struct err *e)
{
	struct kvm_cpuid2 *c = calloc(1, sizeof(*c) + ENTRIES * sizeof(c->entries[0]));
	int r = 0;

	if (!c)
		return err_set(e, -ENOMEM, "no memory");
	c->nent = ENTRIES;
	if (ioctl(vm->kvm_fd, KVM_GET_SUPPORTED_CPUID, c)) {
		r = err_set(e, -errno, "KVM does not say what its CPUs can do: %s",
			    strerror(errno));
	} else {
		complete_leaf_b(c);
		for (uint32_t i = 0; i < c->nent; i++)
			adapt(vm, &c->entries[i], id);
		if (ioctl(vcpu_fd, KVM_SET_CPUID2, c))
			r = err_set(e, -errno, "KVM does not take the features of CPU %u: %s", id,
				    strerror(errno));
	}
	free(c);
	return r;
}
