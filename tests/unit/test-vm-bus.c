// SPDX-License-Identifier: Apache-2.0
/* Guest memory, and the dispatch of exits to devices. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/vm/layout.h"
#include "kernel/vm/memory.h"
#include "kernel/vm/mmio.h"
#include "kernel/vm/vm.h"
#include "tests/unit/cunit.h"

static struct vm vm = {.vm_fd = -1, .lock = PTHREAD_MUTEX_INITIALIZER};

static void test_small_memory(void)
{
	struct err e = {0};
	const struct guest_region *r;
	int n;

	CU_ASSERT_EQUAL_FATAL(memory_init(&vm, 32 << 20, &e), 0);
	r = guest_regions(&vm, &n);
	CU_ASSERT_EQUAL(n, 1);
	CU_ASSERT(r[0].gpa == 0 && r[0].size == 32 << 20 && r[0].fd_offset == 0);
	CU_ASSERT_EQUAL((uintptr_t)r[0].hva % (2 << 20), 0);
	CU_ASSERT_PTR_EQUAL(guest_ptr(&vm, 0, 32 << 20), r[0].hva);
	CU_ASSERT_PTR_EQUAL(guest_ptr(&vm, (32 << 20) - 1, 1), (char *)r[0].hva + (32 << 20) - 1);
	CU_ASSERT_PTR_NULL(guest_ptr(&vm, (32 << 20) - 1, 2));
	CU_ASSERT_PTR_NULL(guest_ptr(&vm, 32 << 20, 1));
	CU_ASSERT_PTR_NULL(guest_ptr(&vm, 0, 0));
	CU_ASSERT_PTR_NULL(guest_ptr(&vm, 16, UINT64_MAX));
	CU_ASSERT_PTR_NULL(guest_ptr(&vm, UINT64_MAX, 1));
	memory_free(&vm);
	CU_ASSERT_PTR_NULL(vm.memory);
}

/* A back end that maps it need not fear that it shrinks, and sees what is written. */
static void test_shared(void)
{
	struct err e = {0};
	const struct guest_region *r;
	char *other;
	int n, seals;

	CU_ASSERT_EQUAL_FATAL(memory_init(&vm, 32 << 20, &e), 0);
	r = guest_regions(&vm, &n);
	seals = fcntl(r[0].fd, F_GET_SEALS);
	CU_ASSERT((seals & F_SEAL_SHRINK) && (seals & F_SEAL_GROW));
	CU_ASSERT_NOT_EQUAL(ftruncate(r[0].fd, 4096), 0);
	other = mmap(NULL, 2 << 20, PROT_READ, MAP_SHARED, r[0].fd, 0);
	CU_ASSERT_FATAL(other != MAP_FAILED);
	strcpy(guest_ptr(&vm, 8192, 16), "seen by both");
	CU_ASSERT_STRING_EQUAL(other + 8192, "seen by both");
	munmap(other, 2 << 20);
	memory_free(&vm);
}

static void test_big_memory(void)
{
	struct err e = {0};
	const struct guest_region *r;
	int n;

	CU_ASSERT_EQUAL_FATAL(memory_init(&vm, RAM_LOW_MAX + (64 << 20), &e), 0);
	r = guest_regions(&vm, &n);
	CU_ASSERT_EQUAL_FATAL(n, 2);
	CU_ASSERT_EQUAL(r[0].size, RAM_LOW_MAX);
	CU_ASSERT(r[1].gpa == RAM_HIGH_BASE && r[1].size == 64 << 20);
	CU_ASSERT(r[1].fd == r[0].fd && r[1].fd_offset == RAM_LOW_MAX);
	CU_ASSERT_PTR_NULL(guest_ptr(&vm, RAM_LOW_MAX - 1, 2));
	CU_ASSERT_PTR_NULL(guest_ptr(&vm, PCI_MMIO32_BASE, 4));
	CU_ASSERT_PTR_EQUAL(guest_ptr(&vm, RAM_HIGH_BASE, 64 << 20), r[1].hva);
	CU_ASSERT_PTR_NULL(guest_ptr(&vm, RAM_HIGH_BASE + (64 << 20) - 8, 9));
	memory_free(&vm);
}

struct device {
	uint64_t off, value;
	unsigned int len, reads, writes;
	uint64_t delete_at;	/* mmio_del() this from within */
};

static void device_fn(void *arg, uint64_t off, void *data, unsigned int len, bool write)
{
	struct device *d = arg;

	d->off = off;
	d->len = len;
	if (write) {
		d->writes++;
		d->value = 0;
		memcpy(&d->value, data, len);
	} else {
		d->reads++;
		memset(data, 0x5a, len);
	}
	if (d->delete_at)
		CU_ASSERT_EQUAL(mmio_del(&vm, d->delete_at), 0);
}

static uint64_t mmio_read(uint64_t gpa, unsigned int len)
{
	uint64_t v = 0;

	mmio_access(&vm, gpa, &v, len, false);
	return v;
}

static void test_dispatch(void)
{
	struct device a = {0}, b = {0};
	struct err e = {0};
	uint64_t v = 0x1122334455667788;

	CU_ASSERT_EQUAL_FATAL(bus_init(&vm, &e), 0);
	CU_ASSERT_EQUAL(mmio_add(&vm, 0x2000, 0x1000, device_fn, &b), 0);
	CU_ASSERT_EQUAL(mmio_add(&vm, 0x1000, 0x1000, device_fn, &a), 0);
	CU_ASSERT_EQUAL(mmio_read(0x1ffc, 4), 0x5a5a5a5a);
	CU_ASSERT(a.reads == 1 && a.off == 0xffc && a.len == 4 && !b.reads);
	mmio_access(&vm, 0x2008, &v, 8, true);
	CU_ASSERT(b.writes == 1 && b.off == 8 && b.value == v && !a.writes);
	CU_ASSERT_EQUAL(mmio_del(&vm, 0x1000), 0);
	CU_ASSERT_EQUAL(mmio_del(&vm, 0x1000), -ENOENT);
	CU_ASSERT_EQUAL(mmio_read(0x1000, 1), 0xff);
	CU_ASSERT_EQUAL(a.reads, 1);
	bus_free(&vm);
}

/* Unclaimed, and half claimed, at every edge: all-ones, and writes vanish. */
static void test_unclaimed(void)
{
	struct device d = {0};
	struct err e = {0};
	uint64_t v = 0;

	CU_ASSERT_EQUAL_FATAL(bus_init(&vm, &e), 0);
	CU_ASSERT_EQUAL(mmio_read(0, 8), UINT64_MAX);
	CU_ASSERT_EQUAL(mmio_read(UINT64_MAX, 8), UINT64_MAX);
	CU_ASSERT_EQUAL(mmio_add(&vm, 0x1002, 6, device_fn, &d), 0);
	CU_ASSERT_EQUAL(mmio_add(&vm, 0xfffffffffffff000, 0x1000, device_fn, &d), 0);
	for (unsigned int len = 1; len <= 8; len *= 2) {
		uint64_t ones = len == 8 ? UINT64_MAX : (1ULL << 8 * len) - 1;

		CU_ASSERT_EQUAL(mmio_read(0x1001, len), ones);
		CU_ASSERT_EQUAL(mmio_read(0x1008, len), ones);
		CU_ASSERT_EQUAL(mmio_read(0x1008 - len / 2, len), ones);
		CU_ASSERT_EQUAL(mmio_read(0x1008 - len, len) == ones, len == 8);
		mmio_access(&vm, 0x1001, &v, len, true);
	}
	CU_ASSERT_EQUAL(mmio_read(UINT64_MAX - 3, 8), UINT64_MAX);
	CU_ASSERT_EQUAL(d.writes, 0);
	CU_ASSERT_EQUAL(mmio_read(UINT64_MAX - 3, 4), 0x5a5a5a5a);
	bus_free(&vm);
}

static void test_add_errors(void)
{
	struct device d = {0};
	struct err e = {0};

	CU_ASSERT_EQUAL_FATAL(bus_init(&vm, &e), 0);
	CU_ASSERT_EQUAL(mmio_add(&vm, 0x1000, 0, device_fn, &d), -EINVAL);
	CU_ASSERT_EQUAL(mmio_add(&vm, UINT64_MAX, 2, device_fn, &d), -EINVAL);
	CU_ASSERT_EQUAL(mmio_add(&vm, 0x1000, 0x1000, device_fn, &d), 0);
	CU_ASSERT_EQUAL(mmio_add(&vm, 0x1fff, 1, device_fn, &d), -EEXIST);
	CU_ASSERT_EQUAL(mmio_add(&vm, 0x0fff, 2, device_fn, &d), -EEXIST);
	CU_ASSERT_EQUAL(mmio_add(&vm, 0, 0x10000, device_fn, &d), -EEXIST);
	CU_ASSERT_EQUAL(mmio_add(&vm, 0x2000, 1, device_fn, &d), 0);
	CU_ASSERT_EQUAL(pio_add(&vm, 0xffff, 2, device_fn, &d), -EINVAL);
	CU_ASSERT_EQUAL(pio_add(&vm, 0xfff8, 8, device_fn, &d), 0);
	CU_ASSERT_EQUAL(pio_del(&vm, 0xfff0), -ENOENT);
	bus_free(&vm);
}

/* Many ranges, in an order that is neither up nor down, each found again. */
static void test_many(void)
{
	struct device d[101] = {0};
	struct err e = {0};

	CU_ASSERT_EQUAL_FATAL(bus_init(&vm, &e), 0);
	for (unsigned int i = 0; i < 101; i++)
		CU_ASSERT_EQUAL(mmio_add(&vm, i * 37 % 101 * 0x10000ULL, 0x100, device_fn,
					 &d[i * 37 % 101]), 0);
	for (unsigned int i = 0; i < 101; i++) {
		mmio_read(i * 0x10000ULL + 0xff, 1);
		CU_ASSERT(d[i].reads == 1 && d[i].off == 0xff);
		CU_ASSERT_EQUAL(mmio_read(i * 0x10000ULL + 0x100, 1), 0xff);
	}
	bus_free(&vm);
}

/* A device that unmaps itself, as a BAR that is moved by a write to it would. */
static void test_delete_within(void)
{
	struct device d = {.delete_at = 0x5000};
	struct err e = {0};

	CU_ASSERT_EQUAL_FATAL(bus_init(&vm, &e), 0);
	CU_ASSERT_EQUAL(mmio_add(&vm, 0x5000, 8, device_fn, &d), 0);
	CU_ASSERT_EQUAL(mmio_read(0x5000, 4), 0x5a5a5a5a);
	CU_ASSERT_EQUAL(mmio_read(0x5000, 4), 0xffffffff);
	CU_ASSERT_EQUAL(d.reads, 1);
	bus_free(&vm);
}

static const struct unit_test tests[] = {
	{"memory below the hole", test_small_memory},
	{"memory is shared and sealed", test_shared},
	{"memory above 4 GiB", test_big_memory},
	{"dispatch", test_dispatch},
	{"unclaimed addresses", test_unclaimed},
	{"ranges refused", test_add_errors},
	{"many ranges", test_many},
	{"a range that deletes itself", test_delete_within},
};
UNIT_MAIN("vm-bus", tests)
