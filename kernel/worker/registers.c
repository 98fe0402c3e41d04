// SPDX-License-Identifier: Apache-2.0
/* Registers: bounds-checked loads and stores where a BAR is mapped, the keeper's ring elsewhere. */
#include <sys/eventfd.h>

#include "kernel/lib/log.h"
#include "kernel/worker/worker.h"

#define READ_TIMEOUT_MS 10000

static bool in_bar(const struct vmhi_host_context *d, uint32_t bar, uint64_t off)
{
	return bar < 6 && off % 4 == 0 && off < d->info.bar_len[bar] &&
	       d->info.bar_len[bar] - off >= 4;
}

static volatile uint32_t *mapped(const struct vmhi_host_context *d, uint32_t bar, uint64_t off)
{
	for (uint32_t i = 0; i < d->nwin; i++) {
		const struct window *w = &d->win[i];

		if (w->bar == bar && off >= w->off && off - w->off < w->len)
			return (volatile uint32_t *)(w->va + (off - w->off));
	}
	return NULL;
}

static void outside(struct vmhi_host_context *d, const char *what, uint32_t bar, uint64_t off)
{
	if (host_log_allowed(d))
		log_warning("%s: the driver %s BAR %u at 0x%llx, which is no register of it",
			    d->info.name, what, bar, (unsigned long long)off);
}

/* Any thread; the control thread gives the device up. */
static void check_ring(const struct vmhi_host_context *d)
{
	if (reg_dead(&d->regs))
		eventfd_write(d->lost_fd, 1);
}

uint32_t register_read(struct vmhi_host_context *d, uint32_t bar, uint64_t off)
{
	volatile uint32_t *reg;
	uint32_t value;

	if (atomic_load_explicit(&d->gone, memory_order_relaxed))
		return ~0u;
	if (!in_bar(d, bar, off)) {
		outside(d, "reads", bar, off);
		return ~0u;
	}
	reg = mapped(d, bar, off);
	/* What was posted must arrive before the read: then it queues up behind it. */
	if (reg && (!d->regs.ring || reg_idle(&d->regs)))
		return *reg;
	if (!d->regs.ring)
		return ~0u;
	value = (uint32_t)reg_read(&d->regs, bar, off, 4, READ_TIMEOUT_MS);
	check_ring(d);
	return value;
}

void register_write(struct vmhi_host_context *d, uint32_t bar, uint64_t off, uint32_t value)
{
	volatile uint32_t *reg;

	if (atomic_load_explicit(&d->gone, memory_order_relaxed))
		return;
	if (!in_bar(d, bar, off)) {
		outside(d, "writes", bar, off);
		return;
	}
	reg = mapped(d, bar, off);
	/* x86 keeps stores in order, also those to uncached memory: the compiler must, too. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	if (reg && (!d->regs.ring || reg_idle(&d->regs))) {
		*reg = value;
	} else if (d->regs.ring) {
		reg_write(&d->regs, bar, off, 4, value);
		check_ring(d);
	}
}
