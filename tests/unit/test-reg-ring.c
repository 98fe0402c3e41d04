// SPDX-License-Identifier: Apache-2.0
/* The register ring, both sides: order, full rings, refusals, and entries that lie. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernel/bus/bus.h"
#include "kernel/bus/ring.h"
#include "tests/unit/cunit.h"

/* A device whose register 0 counts, whose others keep what was written last. */
static struct {
	struct bus_device d;
	uint32_t reg[1024];
	uint32_t ops, how[BUS_HELD + 1];
	bool order_broken;
	long nap_ns;		/* that a write takes */
} dev;

static int dev_read(struct bus_device *d, uint32_t region, uint64_t off, void *buf, uint32_t n)
{
	dev.ops++;
	memcpy(buf, (char *)dev.reg + off, n);
	return 0;
}

static int dev_write(struct bus_device *d, uint32_t region, uint64_t off, const void *buf,
		     uint32_t n, enum bus_write how)
{
	struct timespec nap = {.tv_nsec = dev.nap_ns};
	uint32_t v;

	if (dev.nap_ns)
		nanosleep(&nap, NULL);
	memcpy(&v, buf, n < 4 ? n : 4);
	dev.ops++;
	dev.how[how]++;
	/* Each thread writes 1, 2, 3... to a register of its own. */
	if (v != dev.reg[off / 4] + 1)
		dev.order_broken = true;
	dev.reg[off / 4] = v;
	return 0;
}

static const struct bus_ops ops = {.read = dev_read, .write = dev_write};

static struct reg_server server;
static struct reg_client client;
static pthread_t keeper;
static volatile bool quit;

static void *run(void *arg)
{
	struct pollfd p = {.fd = server.kick, .events = POLLIN};

	while (!quit)
		if (poll(&p, 1, 10) > 0)
			reg_server_run(&server);
	return NULL;
}

static void begin_with(bool threaded, uint32_t maps)
{
	struct err e;

	memset(&dev, 0, sizeof(dev));
	dev.d.ops = &ops;
	dev.d.bar[2].len = sizeof(dev.reg);
	dev.d.bar[2].nareas = maps;
	CU_ASSERT_EQUAL_FATAL(reg_server_init(&server, &dev.d, &e), 0);
	client = (struct reg_client){server.ring, server.client_kick, server.client_answer, false};
	quit = !threaded;
	if (threaded)
		pthread_create(&keeper, NULL, run, NULL);
}

static void begin(bool threaded)
{
	begin_with(threaded, 1);
}

static void end(bool threaded)
{
	quit = true;
	if (threaded)
		pthread_join(keeper, NULL);
	reg_server_free(&server);
}

static void writes_then_reads(void)
{
	begin(true);
	for (uint32_t i = 1; i <= 3000; i++)
		reg_write(&client, 2, 16, 4, i);
	CU_ASSERT_EQUAL(reg_read(&client, 2, 16, 4, 5000), 3000);
	CU_ASSERT(!dev.order_broken);
	CU_ASSERT_EQUAL(dev.ops, 3001);
	while (!reg_idle(&client))
		;
	end(true);
}

static void *writer(void *arg)
{
	uint32_t off = (uint32_t)(uintptr_t)arg;

	for (uint32_t i = 1; i <= 20000; i++)
		reg_write(&client, 2, off, 4, i);
	return NULL;
}

static void several_threads(void)
{
	pthread_t t[3];

	begin(true);
	for (uintptr_t i = 0; i < 3; i++)
		pthread_create(&t[i], NULL, writer, (void *)(64 + 4 * i));
	for (int i = 0; i < 50; i++)
		CU_ASSERT(reg_read(&client, 2, 64, 4, 5000) <= 20000);
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	for (uint32_t i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(reg_read(&client, 2, 64 + 4 * i, 4, 5000), 20000);
	CU_ASSERT(!dev.order_broken);
	end(true);
}

static void idle_means_arrived(void)
{
	begin(false);
	CU_ASSERT(reg_idle(&client));
	reg_write(&client, 2, 0, 4, 1);
	reg_write(&client, 2, 0, 4, 2);
	CU_ASSERT(!reg_idle(&client));
	reg_server_run(&server);
	CU_ASSERT(reg_idle(&client));
	/* The answer to the last of a batch vouches for all. */
	CU_ASSERT_EQUAL(dev.how[BUS_HELD], 1);
	CU_ASSERT_EQUAL(dev.how[BUS_ARRIVED], 1);
	end(false);
}

/* Nobody waits for an answer where no register is mapped, but now and then. */
static void nothing_mapped(void)
{
	begin_with(false, 0);
	for (uint32_t i = 1; i <= 130; i++)
		reg_write(&client, 2, 0, 4, i);
	reg_server_run(&server);
	CU_ASSERT(reg_idle(&client));
	CU_ASSERT_EQUAL(dev.how[BUS_HELD], 128);
	CU_ASSERT_EQUAL(dev.how[BUS_ARRIVED], 1);
	CU_ASSERT_EQUAL(dev.how[BUS_SENT], 1);
	for (uint32_t i = 131; i <= 400; i++) {
		reg_write(&client, 2, 0, 4, i);
		reg_server_run(&server);
	}
	CU_ASSERT_EQUAL(dev.how[BUS_ARRIVED], 3);
	CU_ASSERT_EQUAL(dev.how[BUS_SENT], 269);
	CU_ASSERT(!dev.order_broken);
	end(false);
}

static void no_kick_without_need(void)
{
	struct pollfd p = {.events = POLLIN};

	begin(false);
	p.fd = server.kick;
	reg_write(&client, 2, 0, 4, 1);
	CU_ASSERT_EQUAL(poll(&p, 1, 0), 1);
	reg_server_run(&server);
	CU_ASSERT_EQUAL(poll(&p, 1, 0), 0);
	reg_write(&client, 2, 0, 4, 2);
	CU_ASSERT_EQUAL(poll(&p, 1, 0), 1);
	end(false);
}

/* No keeper: all ones, after the time given. */
static void read_without_keeper(void)
{
	begin(false);
	CU_ASSERT_EQUAL(reg_read(&client, 2, 0, 4, 20), ~0ull);
	end(false);
}

/* A full ring that nobody empties: one write waits, for a while, and no other after it. */
static void full_without_keeper(void)
{
	struct timespec a, b;

	begin(false);
	for (uint32_t i = 0; i < REG_RING_ENTRIES; i++)
		reg_write(&client, 2, 0, 4, i + 1);
	CU_ASSERT(!reg_dead(&client));
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (int i = 0; i < 1000; i++)
		reg_write(&client, 2, 0, 4, 0);
	CU_ASSERT_EQUAL(reg_read(&client, 2, 0, 4, 60000), ~0ull);
	clock_gettime(CLOCK_MONOTONIC, &b);
	CU_ASSERT(b.tv_sec - a.tv_sec < 30);
	CU_ASSERT(reg_dead(&client));
	/* What was posted before arrives; the keeper is not confused by the rest. */
	for (int i = 0; i < 8; i++)
		reg_server_run(&server);
	CU_ASSERT_EQUAL(dev.ops, REG_RING_ENTRIES);
	CU_ASSERT(!dev.order_broken);
	end(false);
}

/* What a worker that was taken over may put there: nothing of it reaches a device. */
static void hostile_entries(void)
{
	static const struct reg_entry bad[] = {
		{.op = 9, .bar = 2, .width = 4},
		{.op = REG_OP_WRITE, .bar = 7, .width = 4},
		{.op = REG_OP_WRITE, .bar = 255, .width = 4},
		{.op = REG_OP_WRITE, .bar = 2, .width = 3},
		{.op = REG_OP_WRITE, .bar = 2, .width = 255},
		{.op = REG_OP_WRITE, .bar = 2, .width = 4, .off = 4096},
		{.op = REG_OP_WRITE, .bar = 2, .width = 8, .off = 4092},
		{.op = REG_OP_WRITE, .bar = 2, .width = 4, .off = ~3ull},
		{.op = REG_OP_READ, .bar = 2, .width = 4, .off = 1ull << 63},
		{.op = REG_OP_READ, .bar = 0, .width = 4},
	};
	const uint32_t n = sizeof(bad) / sizeof(bad[0]);

	begin(false);
	for (uint32_t i = 0; i < n; i++) {
		server.ring->entry[i] = bad[i];
		server.ring->entry[i].seq = i + 1;
	}
	server.ring->head = 0x80000000u; /* means nothing to the keeper */
	reg_server_run(&server);
	CU_ASSERT_EQUAL(dev.ops, 0);
	CU_ASSERT_EQUAL(server.tail, n);
	end(false);
}

static void fill(void)
{
	for (uint32_t i = 0; i < REG_RING_ENTRIES; i++) {
		server.ring->entry[i] = (struct reg_entry){
			.op = REG_OP_WRITE, .bar = 2, .width = 4, .seq = i + 1,
		};
	}
}

/* A device that takes its time over each access does not keep the keeper; all that was posted has arrived. */
static void slow_device(void)
{
	begin(false);
	dev.nap_ns = 10000000;
	fill();
	reg_server_run(&server);
	CU_ASSERT(server.tail > 1);
	CU_ASSERT(server.tail <= 6);
	CU_ASSERT_EQUAL(server.ring->done, server.tail);
	CU_ASSERT_EQUAL(dev.how[BUS_HELD], server.tail - 1);
	end(false);
}

/* A ring that never runs dry does not keep the keeper for ever. */
static void endless_ring(void)
{
	begin(false);
	fill();
	reg_server_run(&server);
	CU_ASSERT(server.tail < REG_RING_ENTRIES);
	CU_ASSERT(server.tail > 0);
	CU_ASSERT_EQUAL(server.ring->done, server.tail);
	end(false);
}

static const struct unit_test tests[] = {
	{"writes in order, then a read", writes_then_reads},
	{"several threads, a full ring", several_threads},
	{"idle means arrived", idle_means_arrived},
	{"no answers where nothing is mapped", nothing_mapped},
	{"one kick for a sleeping keeper", no_kick_without_need},
	{"a read that nobody answers", read_without_keeper},
	{"a full ring that nobody empties", full_without_keeper},
	{"hostile entries", hostile_entries},
	{"a ring that never runs dry", endless_ring},
	{"a device that is slow", slow_device},
};

UNIT_MAIN("register ring", tests)
