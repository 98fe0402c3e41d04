// SPDX-License-Identifier: Apache-2.0
/*
 * Runs on the lab's server, against QEMU's e1000e or our own model of that card: opens it over VFIO,
 * maps its registers as a worker does, takes interrupts, lets it do DMA to memory that is mapped for
 * it, and resets it. Registers: Intel 82574 GbE Controller Family Datasheet, section 10.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "kernel/bus/bus.h"
#include "kernel/bus/sysfs.h"

#define CTRL   0x0000
#define STATUS 0x0008
#define ICR    0x00c0
#define ICS    0x00c8
#define IMS    0x00d0
#define IMC    0x00d8
#define IVAR   0x00e4
#define TCTL   0x0400
#define TDBAL  0x3800
#define TDBAH  0x3804
#define TDLEN  0x3808
#define TDH    0x3810
#define TDT    0x3818

#define TIMES 100

#define CTRL_SLU   (1u << 6)
#define STATUS_LU  (1u << 1)
#define INT_LSC	  (1u << 2)
#define INT_OTHER (1u << 24)

static struct bus bus;
static volatile uint32_t *reg;

static double ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static void must(int ok, const char *what)
{
	if (ok)
		return;
	printf("lab: error: bus-vfio: %s\n", what);
	exit(1);
}

static void map_registers(struct bus_device *d)
{
	const struct bus_area *a = &d->bar[0].area[0];

	must(d->bar[0].nareas == 1 && a->off == 0 && a->len == 0x20000, "BAR 0 is one area");
	/* The card's MSI-X table is at the start of BAR 3, its pending bits are at 0x2000. */
	must(d->bar[3].len == 0x4000, "BAR 3 is there");
	for (uint32_t i = 0; i < d->bar[3].nareas; i++)
		must(d->bar[3].area[i].off >= 0x3000, "MSI-X's pages are not to be mapped");
	must(!d->bar[2].len, "BAR 2, of I/O ports, is none of memory");
	reg = mmap(NULL, a->len, PROT_READ | PROT_WRITE, MAP_SHARED, a->fd, (off_t)a->fd_off);
	must(reg != MAP_FAILED, "BAR 0 can be mapped");
}

static void accesses(struct bus_device *d)
{
	uint64_t v;
	uint32_t c;

	must(bus_read(d, 0, STATUS, 4, &v) == 0 && v == reg[STATUS / 4],
	     "a register reads the same through the keeper and through the map");
	must(bus_config_read(d, 0, 4, &c) == 0 && c == 0x10d38086, "configuration space");
	must(bus_config_write(d, 4, 2, 6) == -EINVAL, "the command register is the host's");
	must(d->express_cap, "it is a PCI Express function");
}

/* The time from the write that causes it to the eventfd's reader. */
static double interrupt_us(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	double t = ms();
	uint64_t count;

	reg[ICS / 4] = INT_OTHER | INT_LSC;
	must(poll(&p, 1, 2000) == 1, "the interrupt came through vector 3");
	t = (ms() - t) * 1e3;
	must(read(fd, &count, sizeof(count)) == sizeof(count), "its eventfd");
	reg[ICR / 4] = ~0u; /* reading it acknowledges nothing on QEMU's card */
	reg[IMS / 4] = INT_OTHER | INT_LSC;
	return t;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Medians, of a register's read and of an interrupt: what the way to this card costs. */
static void latencies(int fd)
{
	double read_us[TIMES], irq_us[TIMES];

	for (int i = 0; i < TIMES; i++) {
		double t = ms();

		for (int k = 0; k < 10; k++)
			must(reg[STATUS / 4] != ~0u, "the card answers");
		read_us[i] = (ms() - t) * 1e3 / 10;
		irq_us[i] = interrupt_us(fd);
	}
	qsort(read_us, TIMES, sizeof(double), compare);
	qsort(irq_us, TIMES, sizeof(double), compare);
	printf("lab: bus-vfio: register read %.1f us, MSI-X after %.0f us (medians of %d)\n",
	       read_us[TIMES / 2], irq_us[TIMES / 2], TIMES);
}

static void interrupt(struct bus_device *d)
{
	int fds[8], n = (int)d->nvec;
	struct pollfd p;
	struct err e;

	must(n == 5, "it has 5 vectors");
	for (int i = 0; i < n; i++)
		fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	must(d->ops->irqs(d, fds, (uint32_t)n, &e) == 0, "vectors can be wired");
	must(bus_master(d, true, &e) == 0, e.msg); /* a message is a write of the card's */
	reg[IVAR / 4] = 3u << 16 | 1u << 19; /* all that is no queue's: vector 3 */
	reg[IMS / 4] = INT_OTHER | INT_LSC;
	latencies(fds[3]);
	p = (struct pollfd){.fd = fds[2], .events = POLLIN};
	must(poll(&p, 1, 0) == 0, "and through no other");
	reg[IMC / 4] = ~0u; /* or QEMU's card trips over a cause that outlives MSI-X, */
	usleep(100000);	    /* or over its own timer that spaces interrupts */
	must(d->ops->irqs(d, NULL, 0, &e) == 0, "vectors can be taken back");
	for (int i = 0; i < n; i++)
		close(fds[i]);
}

/* Lets the card fetch one transmit descriptor at iova and write back that it is done. */
static bool descriptor_done(uint64_t iova, volatile uint32_t *desc)
{
	desc[0] = (uint32_t)iova + 64;
	desc[1] = (uint32_t)(iova >> 32);
	desc[2] = 60 | 0x0b000000u; /* 60 bytes; EOP, IFCS, RS */
	desc[3] = 0;
	reg[TCTL / 4] = 0;
	reg[TDBAL / 4] = (uint32_t)iova;
	reg[TDBAH / 4] = (uint32_t)(iova >> 32);
	reg[TDLEN / 4] = 128;
	reg[TDH / 4] = reg[TDT / 4] = 0;
	reg[TCTL / 4] = 2;
	reg[TDT / 4] = 1;
	for (int i = 0; i < 500 && !(desc[3] & 1); i++)
		usleep(1000);
	return desc[3] & 1;
}

static void dma(struct bus_device *d)
{
	const uint64_t len = 2 << 20;
	int fd = memfd_create("dma", MFD_CLOEXEC);
	uint64_t iova;
	struct err e = {0};
	double t;
	char *va;

	must(fd >= 0 && ftruncate(fd, (off_t)len) == 0, "a memfd");
	va = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(iova_take(&bus.ranges, len, 2 << 20, 1ull << 32, &iova, &e) == 0, "an IOVA");
	t = ms();
	must(bus_dma_map(&bus, fd, 0, va, iova, len, &e) == 0, e.msg);
	printf("lab: bus-vfio: 2 MiB mapped at 0x%llx in %.1f ms\n", (unsigned long long)iova,
	       ms() - t);
	reg[CTRL / 4] |= CTRL_SLU; /* a card without link sends nothing */
	for (int i = 0; i < 5000 && !(reg[STATUS / 4] & STATUS_LU); i++)
		usleep(1000);
	must(descriptor_done(iova, (uint32_t *)va), "the card writes to mapped memory");
	must(bus_master(d, false, &e) == 0, e.msg);
	memset(va, 0, 4096);
	must(!descriptor_done(iova, (uint32_t *)va), "the fence holds: no DMA without Bus Master");
	bus_dma_unmap(&bus, iova);
	munmap(va, len);
	close(fd);
}

/* QEMU's card has no function-level reset, and its registers survive what the kernel does instead:
 * so the device must answer as before, and still be fenced. */
static void reset(struct bus_device *d)
{
	struct err e = {0};
	double t = ms();
	uint32_t cmd;

	must(d->ops->reset(d, &e) == 0, e.msg);
	printf("lab: bus-vfio: reset in %.0f ms\n", ms() - t);
	must(bus_config_read(d, 4, 2, &cmd) == 0 && !(cmd & 4), "Bus Master stays off");
	must(reg[STATUS / 4] != ~0u, "the card answers after it");
}

int main(int argc, char **argv)
{
	struct err e = {0};
	double t = ms();
	int r;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 3) {
		r = strcmp(argv[1], "--bind") ? sysfs_unbind(argv[2], &e) : sysfs_bind(argv[2], &e);
		if (r)
			fprintf(stderr, "lab: error: %s\n", e.msg);
		return !!r;
	}
	bus_init(&bus);
	if (argc != 2 || bus_open_vfio(&bus, argv[1], &e)) {
		fprintf(stderr, "lab: error: %s\n", e.msg);
		bus_close(&bus);
		return 1;
	}
	printf("lab: bus-vfio: open in %.0f ms, %u IOVA ranges, the last up to 0x%llx\n", ms() - t,
	       bus.ranges.n, (unsigned long long)bus.ranges.range[bus.ranges.n - 1].last);
	map_registers(bus.dev[0]);
	accesses(bus.dev[0]);
	interrupt(bus.dev[0]);
	dma(bus.dev[0]);
	reset(bus.dev[0]);
	bus_close(&bus);
	return 0;
}
