// SPDX-License-Identifier: Apache-2.0
#include "kernel/vm/mmio.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/vm/vm.h"

struct range {
	uint64_t base, size;
	mmio_fn fn;
	void *arg;
};

/* Ranges in ascending order; they never overlap. */
struct bus {
	struct range *range;
	size_t n, room;
};

/* The first range that ends after addr. */
static size_t find(const struct bus *b, uint64_t addr)
{
	size_t lo = 0, hi = b->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (b->range[mid].base + (b->range[mid].size - 1) < addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int add(struct bus *b, uint64_t base, uint64_t size, mmio_fn fn, void *arg)
{
	size_t at;

	if (!size || base + (size - 1) < base)
		return -EINVAL;
	at = find(b, base);
	if (at < b->n && b->range[at].base <= base + (size - 1))
		return -EEXIST;
	if (b->n == b->room) {
		size_t room = b->room ? 2 * b->room : 16;
		struct range *r = reallocarray(b->range, room, sizeof(*r));

		if (!r)
			return -ENOMEM;
		b->range = r;
		b->room = room;
	}
	memmove(&b->range[at + 1], &b->range[at], (b->n - at) * sizeof(*b->range));
	b->range[at] = (struct range){base, size, fn, arg};
	b->n++;
	return 0;
}

static int del(struct bus *b, uint64_t base)
{
	size_t at = find(b, base);

	if (at == b->n || b->range[at].base != base)
		return -ENOENT;
	b->n--;
	memmove(&b->range[at], &b->range[at + 1], (b->n - at) * sizeof(*b->range));
	return 0;
}

static void dispatch(struct vm *vm, struct bus *b, uint64_t addr, void *data, unsigned int len,
		     bool write)
{
	size_t at;

	pthread_mutex_lock(&vm->lock);
	at = find(b, addr);
	if (at < b->n && addr >= b->range[at].base && addr - b->range[at].base < b->range[at].size &&
	    len <= b->range[at].size - (addr - b->range[at].base)) {
		struct range r = b->range[at];	/* fn may change the table */

		r.fn(r.arg, addr - r.base, data, len, write);
	} else if (!write) {
		memset(data, 0xff, len);
	}
	pthread_mutex_unlock(&vm->lock);
}

int bus_init(struct vm *vm, struct err *e)
{
	vm->mmio = calloc(1, sizeof(*vm->mmio));
	vm->pio = calloc(1, sizeof(*vm->pio));
	if (vm->mmio && vm->pio)
		return 0;
	bus_free(vm);
	return err_set(e, -ENOMEM, "no memory");
}

void bus_free(struct vm *vm)
{
	if (vm->mmio)
		free(vm->mmio->range);
	if (vm->pio)
		free(vm->pio->range);
	free(vm->mmio);
	free(vm->pio);
	vm->mmio = vm->pio = NULL;
}

int mmio_add(struct vm *vm, uint64_t gpa, uint64_t size, mmio_fn fn, void *arg)
{
	return add(vm->mmio, gpa, size, fn, arg);
}

int mmio_del(struct vm *vm, uint64_t gpa)
{
	return del(vm->mmio, gpa);
}

int pio_add(struct vm *vm, uint16_t port, uint16_t n, mmio_fn fn, void *arg)
{
	if (n && port > 0x10000 - n)
		return -EINVAL;
	return add(vm->pio, port, n, fn, arg);
}

int pio_del(struct vm *vm, uint16_t port)
{
	return del(vm->pio, port);
}

void mmio_access(struct vm *vm, uint64_t gpa, void *data, unsigned int len, bool write)
{
	dispatch(vm, vm->mmio, gpa, data, len, write);
}

void pio_access(struct vm *vm, uint16_t port, void *data, unsigned int len, bool write)
{
	dispatch(vm, vm->pio, port, data, len, write);
}
