// SPDX-License-Identifier: Apache-2.0
/* The vfio-user client against a good server, and against each kind of bad one. */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel/lib/clock.h"
#include "tests/unit/cunit.h"
#include "tests/unit/fake-device.h"

static struct bus bus;
static struct fake_device fake;

static int open_with(enum fake_fault fault, struct err *e)
{
	int sock = fake_start(&fake, fault);

	CU_ASSERT_FATAL(sock >= 0);
	bus_init(&bus);
	memset(e, 0, sizeof(*e));
	return bus_add_vfio_user(&bus, "test", sock, e);
}

static void end(void)
{
	bus_close(&bus);
	fake_stop(&fake);
}

static void good(void)
{
	struct bus_device *d;
	struct err e;
	uint64_t v;

	CU_ASSERT_EQUAL_FATAL(open_with(FAKE_GOOD, &e), 0);
	d = bus.dev[0];
	CU_ASSERT_EQUAL(d->vendor, 0x8086);
	CU_ASSERT_EQUAL(d->device, 0x10d3);
	CU_ASSERT_EQUAL(d->subdevice, 0x5678);
	CU_ASSERT_EQUAL(d->express_cap, 0x40);
	CU_ASSERT_EQUAL(d->nvec, 10);
	CU_ASSERT_EQUAL(d->bar[0].len, FAKE_BAR0);
	CU_ASSERT_EQUAL(d->bar[1].len, 0);
	CU_ASSERT_EQUAL_FATAL(d->bar[0].nareas, 1);
	CU_ASSERT_EQUAL(d->bar[0].area[0].off, 0x1000);
	CU_ASSERT_EQUAL(d->bar[0].area[0].len, 0x1000);
	/* It came with Bus Master on: it is off now, and the device was reset. */
	CU_ASSERT_EQUAL(fake.config[PCI_COMMAND] & PCI_COMMAND_MASTER, 0);
	CU_ASSERT_EQUAL(fake.resets, 1);
	fake.writes = 0;
	CU_ASSERT_EQUAL(bus_write(d, 0, 0x10, 4, 0xdeadbeef, BUS_SENT), 0);
	CU_ASSERT_EQUAL(bus_write(d, 0, 0x18, 8, 0x1122334455667788ull, BUS_SENT), 0);
	CU_ASSERT_EQUAL(bus_read(d, 0, 0x10, 4, &v), 0);
	CU_ASSERT_EQUAL(v, 0xdeadbeef);
	CU_ASSERT_EQUAL(fake.no_reply, 2);
	CU_ASSERT_EQUAL(bus_read(d, 0, 0x18, 8, &v), 0);
	CU_ASSERT_EQUAL(v, 0x1122334455667788ull);
	/* Outside, across the end, unaligned, no such BAR: all ones, and no message goes out. */
	CU_ASSERT_EQUAL(bus_read(d, 0, FAKE_BAR0, 4, &v), -EINVAL);
	CU_ASSERT_EQUAL(v, ~0ull);
	CU_ASSERT_EQUAL(bus_read(d, 0, 2, 4, &v), -EINVAL);
	CU_ASSERT_EQUAL(bus_read(d, 1, 0, 4, &v), -EINVAL);
	CU_ASSERT_EQUAL(bus_read(d, 7, 0, 4, &v), -EINVAL);
	CU_ASSERT_EQUAL(bus_write(d, 0, ~0ull - 3, 4, 0, BUS_ARRIVED), -EINVAL);
	CU_ASSERT_EQUAL(fake.writes, 2);
	end();
}

/* Writes that are held go in one message with what follows them; all come in order. */
static void several_writes(void)
{
	struct bus_device *d;
	struct err e;
	uint64_t v;

	CU_ASSERT_EQUAL_FATAL(open_with(FAKE_MULTI, &e), 0);
	d = bus.dev[0];
	fake.writes = 0;
	for (uint32_t i = 1; i <= 3; i++)
		CU_ASSERT_EQUAL(bus_write(d, 0, 0x10, 4, i, i < 3 ? BUS_HELD : BUS_ARRIVED),
				0);
	CU_ASSERT_EQUAL(fake.writes, 3);
	CU_ASSERT_EQUAL(fake.multi, 1);
	CU_ASSERT_EQUAL(fake.no_reply, 0);
	/* before a read of what they write, and before anything else that is asked */
	CU_ASSERT_EQUAL(bus_write(d, 0, 0x18, 8, 0x1122334455667788ull, BUS_HELD), 0);
	CU_ASSERT_EQUAL(bus_write(d, 0, 0x10, 2, 9, BUS_HELD), 0);
	CU_ASSERT_EQUAL(bus_read(d, 0, 0x18, 8, &v), 0);
	CU_ASSERT_EQUAL(v, 0x1122334455667788ull);
	CU_ASSERT_EQUAL(fake.bar0[0x10], 9);
	CU_ASSERT_EQUAL(fake.multi, 2);
	CU_ASSERT_EQUAL(fake.no_reply, 1);
	/* sent without an answer, with what was held */
	CU_ASSERT_EQUAL(bus_write(d, 0, 0x20, 4, 7, BUS_HELD), 0);
	CU_ASSERT_EQUAL(bus_write(d, 0, 0x20, 4, 8, BUS_SENT), 0);
	for (int i = 0; i < 5000 && __atomic_load_n(&fake.no_reply, __ATOMIC_ACQUIRE) < 2; i++)
		usleep(1000);
	CU_ASSERT_EQUAL(fake.no_reply, 2);
	CU_ASSERT_EQUAL(fake.bar0[0x20], 8);
	/* more than one message holds */
	for (uint32_t i = 0; i <= VFU_BATCH_MAX; i++)
		CU_ASSERT_EQUAL(bus_write(d, 0, 0x2000 + 4 * i, 4, ~i,
					  i < VFU_BATCH_MAX ? BUS_HELD : BUS_ARRIVED), 0);
	CU_ASSERT_EQUAL(fake.writes, 7 + VFU_BATCH_MAX + 1);
	CU_ASSERT_EQUAL(memcmp(fake.bar0 + 0x2000 + 4 * VFU_BATCH_MAX,
			       &(uint32_t){~VFU_BATCH_MAX}, 4), 0);
	end();
	/* One that does less says so, and is heard. */
	CU_ASSERT_EQUAL_FATAL(open_with(FAKE_MULTI_LESS, &e), 0);
	CU_ASSERT_EQUAL(bus_write(bus.dev[0], 0, 0x10, 4, 1, BUS_HELD), 0);
	CU_ASSERT_EQUAL(bus_write(bus.dev[0], 0, 0x14, 4, 1, BUS_ARRIVED), -EIO);
	end();
}

static void config_space(void)
{
	struct bus_device *d;
	struct err e;
	uint32_t v;

	CU_ASSERT_EQUAL_FATAL(open_with(FAKE_GOOD, &e), 0);
	d = bus.dev[0];
	CU_ASSERT_EQUAL(bus_config_read(d, 0, 2, &v), 0);
	CU_ASSERT_EQUAL(v, 0x8086);
	CU_ASSERT_EQUAL(bus_config_read(d, 254, 4, &v), -EINVAL);
	CU_ASSERT_EQUAL(bus_config_read(d, 0, 8, &v), -EINVAL);
	/* The host's: command, BARs, MSI-X. */
	CU_ASSERT_EQUAL(bus_config_write(d, PCI_COMMAND, 2, 4), -EINVAL);
	CU_ASSERT_EQUAL(bus_config_write(d, PCI_BASE_ADDRESS_0, 4, 0), -EINVAL);
	CU_ASSERT_EQUAL(bus_config_write(d, 0x82, 2, 0x8000), -EINVAL);
	CU_ASSERT_EQUAL(bus_config_write(d, 0x80, 4, 0), -EINVAL);
	CU_ASSERT_EQUAL(bus_config_write(d, 0x88, 4, 0), -EINVAL);
	CU_ASSERT_EQUAL(bus_config_write(d, 0x48, 2, 0x10), 0);
	CU_ASSERT_EQUAL(fake.config[0x48], 0x10);
	/* Off waits for Transactions Pending to clear, but not for ever. */
	CU_ASSERT_EQUAL(bus_master(d, true, &e), 0);
	CU_ASSERT_EQUAL(fake.config[PCI_COMMAND], PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY);
	fake.config[0x40 + PCI_EXP_DEVSTA] = PCI_EXP_DEVSTA_TRPND;
	CU_ASSERT_EQUAL(bus_master(d, false, &e), -ETIMEDOUT);
	fake.config[0x40 + PCI_EXP_DEVSTA] = 0;
	CU_ASSERT_EQUAL(bus_master(d, false, &e), 0);
	CU_ASSERT_EQUAL(fake.config[PCI_COMMAND], PCI_COMMAND_MEMORY);
	end();
}

/* Ten vectors go in two messages: the server takes eight descriptors in one. */
static void interrupts(void)
{
	int fds[10];
	uint64_t n;
	struct err e;

	CU_ASSERT_EQUAL_FATAL(open_with(FAKE_GOOD, &e), 0);
	for (int i = 0; i < 10; i++)
		fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	CU_ASSERT_EQUAL(bus.dev[0]->ops->irqs(bus.dev[0], fds, 10, &e), 0);
	CU_ASSERT_EQUAL(fake.nvector, 10);
	n = 1;
	CU_ASSERT_EQUAL(write(fake.vector[9], &n, sizeof(n)), sizeof(n));
	CU_ASSERT_EQUAL(read(fds[9], &n, sizeof(n)), sizeof(n));
	CU_ASSERT(read(fds[0], &n, sizeof(n)) < 0);
	CU_ASSERT_EQUAL(bus.dev[0]->ops->irqs(bus.dev[0], NULL, 0, &e), 0);
	CU_ASSERT_EQUAL(fake.nvector, 0);
	for (int i = 0; i < 10; i++)
		close(fds[i]);
	end();
}

/* The server reaches memory that is mapped for it, and none besides. */
static void dma(void)
{
	for (int i = 0; i < 2; i++) {
		int fd = memfd_create("dma", MFD_CLOEXEC);
		struct err e;
		uint64_t v;
		char *va;

		CU_ASSERT_EQUAL_FATAL(open_with(i ? FAKE_DMA_OUTSIDE : FAKE_DMA_INSIDE, &e), 0);
		CU_ASSERT_EQUAL(ftruncate(fd, 8192), 0);
		va = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		CU_ASSERT_EQUAL(bus_dma_map(&bus, fd, 0, va, 0x200000, 8192, &e), 0);
		CU_ASSERT_EQUAL(fake.dma_iova, 0x200000);
		CU_ASSERT_EQUAL(bus_read(bus.dev[0], 0, 0, 4, &v), 0);
		CU_ASSERT_EQUAL(fake.dma_done, !i);
		CU_ASSERT_EQUAL(fake.dma_refused, i);
		CU_ASSERT_EQUAL(memcmp(va, "sixteen bytes...", 16) == 0, !i);
		end();
		munmap(va, 8192);
		close(fd);
	}
}

/* Each of these ends the connection, with one line that says why; nothing else happens. */
static void bad_servers(void)
{
	static const struct {
		enum fake_fault fault;
		const char *word;
	} bad[] = {
		{FAKE_VERSION_MAJOR, "version"}, {FAKE_VERSION_JSON, "JSON"},
		{FAKE_VERSION_UNENDED, "does not end"}, {FAKE_SHORT_HEADER, "wrong size"},
		{FAKE_LONG_MESSAGE, "wrong size"}, {FAKE_SHORT_REPLY, "too short"},
		{FAKE_WRONG_ID, "not asked"}, {FAKE_WRONG_COMMAND, "not asked"},
		{FAKE_FD_FLOOD, "descriptors"}, {FAKE_SILENT_CLOSE, "went away"},
		{FAKE_NOT_PCI, "PCI"}, {FAKE_REGION_INDEX, "region"}, {FAKE_CONFIG_HUGE, "region"},
		{FAKE_CAP_LOOP, "malformed"}, {FAKE_CAP_OUTSIDE, "malformed"},
		{FAKE_AREAS_MANY, "malformed"}, {FAKE_UNASKED_REPLY, "not asked"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e;
		int r = open_with(bad[i].fault, &e);

		CU_ASSERT_EQUAL(r, -ENODEV);
		CU_ASSERT_EQUAL(bus.ndev, 0);
		if (!strstr(e.msg, bad[i].word))
			fprintf(stderr, "fault %d: %s\n", bad[i].fault, e.msg);
		CU_ASSERT(strstr(e.msg, bad[i].word) != NULL);
		CU_ASSERT(strchr(e.msg, '\n') == NULL);
		end();
	}
}

static void refusals(void)
{
	struct err e;

	CU_ASSERT_EQUAL(open_with(FAKE_ERROR_REPLY, &e), -EACCES);
	CU_ASSERT(strstr(e.msg, "Permission denied") != NULL);
	end();
}

/* An area that cannot be trusted is not mapped: its registers go through messages. */
static void untrusted_areas(void)
{
	static const enum fake_fault f[] = {FAKE_AREA_OUTSIDE, FAKE_AREA_SHORT_FILE,
					    FAKE_AREA_UNSEALED};

	for (size_t i = 0; i < 3; i++) {
		struct err e;
		uint64_t v;

		CU_ASSERT_EQUAL_FATAL(open_with(f[i], &e), 0);
		CU_ASSERT_EQUAL(bus.dev[0]->bar[0].nareas, 0);
		CU_ASSERT_EQUAL(bus_read(bus.dev[0], 0, 0x1000, 4, &v), 0);
		end();
	}
}

static void goes_away(void)
{
	struct err e;
	uint64_t v;

	CU_ASSERT_EQUAL_FATAL(open_with(FAKE_READ_OTHER, &e), 0);
	CU_ASSERT_EQUAL(bus_read(bus.dev[0], 0, 0, 4, &v), -ENODEV);
	CU_ASSERT_EQUAL(v, ~0ull);
	CU_ASSERT(bus.dev[0]->gone);
	CU_ASSERT_EQUAL(bus_read(bus.dev[0], 0, 0, 4, &v), -ENODEV);
	CU_ASSERT_EQUAL(bus_write(bus.dev[0], 0, 0, 4, 0, BUS_SENT), -ENODEV);
	end();
	/* Its end is also noticed while nothing is asked of it. */
	CU_ASSERT_EQUAL_FATAL(open_with(FAKE_GOOD, &e), 0);
	shutdown(fake.sock, SHUT_RDWR);
	CU_ASSERT_EQUAL(bus.dev[0]->ops->poll(bus.dev[0]), -ENODEV);
	end();
}

/* What the room for descriptors held before is not taken for descriptors that came. */
static void silence(void)
{
	struct vfu_call c = {.command = VFU_DEVICE_GET_REGION_INFO, .timeout_ms = 50};
	int fds[FDPASS_MAX], r;
	struct err e;

	CU_ASSERT_EQUAL_FATAL(open_with(FAKE_GOOD, &e), 0);
	fake.fault = FAKE_SILENT;
	for (int i = 0; i < FDPASS_MAX; i++)
		fds[i] = eventfd(0, EFD_CLOEXEC);
	c.reply_fds = fds;
	r = vfu_call((struct vfu_dev *)bus.dev[0], &c, &e);
	CU_ASSERT_EQUAL(r, -ENODEV);
	CU_ASSERT_EQUAL(c.reply_nfd, 0);
	for (int i = 0; i < FDPASS_MAX; i++)
		CU_ASSERT_EQUAL(close(fds[i]), 0);
	end();
}

static void capability_ring(void)
{
	struct err e;

	CU_ASSERT_EQUAL_FATAL(open_with(FAKE_CAPS_CYCLE, &e), 0);
	CU_ASSERT_EQUAL(bus.dev[0]->express_cap, 0);
	end();
}

/* The wait for pending transactions has an end by the clock, not by the number of answers. */
static void slow_answers(void)
{
	int64_t begin;
	struct err e;

	CU_ASSERT_EQUAL_FATAL(open_with(FAKE_GOOD, &e), 0);
	fake.config[0x40 + PCI_EXP_DEVSTA] = PCI_EXP_DEVSTA_TRPND;
	fake.nap_us = 20000;
	begin = now_ms();
	CU_ASSERT_EQUAL(bus_master(bus.dev[0], false, &e), -ETIMEDOUT);
	CU_ASSERT(now_ms() - begin >= 1000);
	CU_ASSERT(now_ms() - begin < 5000);
	fake.nap_us = 0;
	fake.config[0x40 + PCI_EXP_DEVSTA] = 0;
	end();
}

static volatile bool enough;

static void *flood(void *arg)
{
	struct vfu_dma_access a = {0x1000, 16};
	struct vfu_head h = {7, VFU_DMA_READ, sizeof(h) + sizeof(a), VFU_F_NO_REPLY, 0};
	char one[sizeof(h) + sizeof(a)];

	memcpy(one, &h, sizeof(h));
	memcpy(one + sizeof(h), &a, sizeof(a));
	while (!enough && send(fake.sock, one, sizeof(one), MSG_NOSIGNAL) > 0)
		;
	return NULL;
}

/* A server that always has more to ask keeps us for a while only, and is not dropped for it. */
static void busy_server(void)
{
	pthread_t t;
	int64_t begin;
	struct err e;

	CU_ASSERT_EQUAL_FATAL(open_with(FAKE_GOOD, &e), 0);
	enough = false;
	begin = now_ms();
	CU_ASSERT_EQUAL_FATAL(pthread_create(&t, NULL, flood, NULL), 0);
	for (int i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(bus.dev[0]->ops->poll(bus.dev[0]), 0);
	CU_ASSERT(now_ms() - begin < 2000);
	CU_ASSERT_EQUAL(bus.dev[0]->gone, false);
	enough = true;
	while (bus.dev[0]->ops->poll(bus.dev[0]) == 0 && pthread_tryjoin_np(t, NULL))
		;
	end();
}

static const struct unit_test tests[] = {
	{"a good server's device and registers", good},
	{"several writes in one message", several_writes},
	{"configuration space and Bus Master", config_space},
	{"interrupts", interrupts},
	{"DMA by messages", dma},
	{"bad servers", bad_servers},
	{"a server that refuses", refusals},
	{"areas that must not be mapped", untrusted_areas},
	{"a server that goes away", goes_away},
	{"a server that does not answer", silence},
	{"a capability list that is a ring", capability_ring},
	{"a server that answers slowly", slow_answers},
	{"a server that always asks", busy_server},
};

UNIT_MAIN("vfio-user client", tests)
