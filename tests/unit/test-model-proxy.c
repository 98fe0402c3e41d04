// SPDX-License-Identifier: Apache-2.0
/* The model framework behind QEMU's x-pci-proxy-dev: what it sends, and what only an enemy would. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "tests/unit/model-toy.h"
#include "tests/unit/proxy-client.h"

#define BAR0 0xfe000000ull
#define BAR3 0xfe010000ull
#define PBA (BAR3 + 0x2000)
#define MIB (1ull << 20)

/* A card in a machine: its end of the socket and of qtest's. */
struct machine {
	struct toy *t;
	int sock, listener, qtest;	/* qtest -1: not taken yet */
	char path[64];
};

static void plug(struct machine *v)
{
	int s[2];

	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s), 0);
	CU_ASSERT_EQUAL_FATAL(model_proxy(v->t->m, s[0], v->path), 0);
	v->sock = s[1];
}

static struct machine boot_without_qtest(void)
{
	struct machine v = {.t = toy_new(), .listener = -1, .qtest = -1};

	snprintf(v.path, sizeof(v.path), "/tmp/test-model-proxy.%d", getpid());
	plug(&v);
	mc_loop_start(&v.t->thread, v.t->loop);
	return v;
}

static void take_qtest(struct machine *v)
{
	v->listener = qt_listen(v->path);
	v->qtest = accept(v->listener, NULL, NULL);
	CU_ASSERT_TRUE_FATAL(v->qtest >= 0);
}

static struct machine boot(void)
{
	struct machine v = boot_without_qtest();

	take_qtest(&v);
	return v;
}

static void power_off(struct machine *v)
{
	close(v->sock);
	toy_stop(v->t);
	close(v->qtest);
	close(v->listener);
	unlink(v->path);
}

/* What firmware and a driver do before the first register. */
static void enable(struct machine *v)
{
	px_config_write(v->sock, 0x10, (uint32_t)BAR0, 4);
	px_config_write(v->sock, 0x1c, (uint32_t)BAR3, 4);
	CU_ASSERT_EQUAL(px_config_write(v->sock, 4, 0x6, 2), 0);
}

static int memory(size_t n)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	return ftruncate(fd, (off_t)n) ? -1 : fd;
}

static void test_probe(void)
{
	static const struct {
		uint32_t offset, size;
	} bar[] = {{0x10, 0xffff0000}, {0x14, 0}, {0x18, 0}, {0x1c, 0xffffc000}, {0x20, 0},
		   {0x24, 0}, {0x28, 0}};
	struct machine v = boot();
	int irq[2] = {eventfd(0, EFD_CLOEXEC), eventfd(0, EFD_CLOEXEC)};

	CU_ASSERT_EQUAL(px_send(v.sock, PX_IRQFD, 0, NULL, 0, irq, 2), 0);
	CU_ASSERT_EQUAL(px_config_read(v.sock, 0, 2), 0x1234);
	CU_ASSERT_EQUAL(px_config_read(v.sock, 2, 2), 0x5678);
	CU_ASSERT_EQUAL(px_config_read(v.sock, 0xa, 2), 0x0200);
	CU_ASSERT_EQUAL(px_config_read(v.sock, 4, 2), 0);
	/* 32 bits each, and nothing that QEMU would take for one more. */
	for (size_t i = 0; i < sizeof(bar) / sizeof(bar[0]); i++) {
		CU_ASSERT_EQUAL(px_config_write(v.sock, bar[i].offset, UINT32_MAX, 4), 0);
		CU_ASSERT_EQUAL(px_config_read(v.sock, bar[i].offset, 4), bar[i].size);
		CU_ASSERT_EQUAL(px_config_write(v.sock, bar[i].offset, 0, 4), 0);
	}
	CU_ASSERT_EQUAL(px_config_read(v.sock, 0xfc, 4), 0);
	CU_ASSERT_EQUAL(px_config_read(v.sock, 0xff, 1), 0);
	/* Past conventional config space, and no size that there is. */
	CU_ASSERT_EQUAL(px_config_read(v.sock, 0xfd, 4), PX_FAILED);
	CU_ASSERT_EQUAL(px_config_read(v.sock, 0x100, 4), PX_FAILED);
	CU_ASSERT_EQUAL(px_config_read(v.sock, UINT32_MAX, 4), PX_FAILED);
	CU_ASSERT_EQUAL(px_config_read(v.sock, 0, 3), PX_FAILED);
	CU_ASSERT_EQUAL(px_config_read(v.sock, 0, -1), PX_FAILED);
	CU_ASSERT_EQUAL(px_config_write(v.sock, 0, 0, 0), PX_FAILED);
	CU_ASSERT_EQUAL(px_config_write(v.sock, 0x100, 0, 1), PX_FAILED);
	close(irq[0]);
	close(irq[1]);
	power_off(&v);
}

static void test_registers(void)
{
	struct machine v = boot();

	px_config_write(v.sock, 0x10, (uint32_t)BAR0, 4);
	CU_ASSERT_EQUAL(px_read(v.sock, BAR0 + R_SCRATCH, 4), UINT32_MAX);	/* decoding is off */
	enable(&v);
	CU_ASSERT_EQUAL(px_read(v.sock, BAR0 + R_SCRATCH, 4), 0x5c4a7c11);
	CU_ASSERT_EQUAL(px_write(v.sock, BAR0 + R_SCRATCH, 0xcafe0001, 4), 0);
	CU_ASSERT_EQUAL(px_read(v.sock, BAR0 + R_SCRATCH, 4), 0xcafe0001);
	CU_ASSERT_EQUAL(px_write(v.sock, BAR0 + R_BUFFER, 0x1122334455667788, 8), 0);
	CU_ASSERT_EQUAL(px_read(v.sock, BAR0 + R_BUFFER, 8), 0x1122334455667788);
	CU_ASSERT_EQUAL(px_read(v.sock, BAR0 + R_BUFFER + 3, 2), 0x4455);
	CU_ASSERT_EQUAL(px_read(v.sock, BAR0 + R_BUFFER + 7, 1), 0x11);
	/* The doorbell page is the same memory that the model reads. */
	CU_ASSERT_EQUAL(px_write(v.sock, BAR0 + SHARED + 8, 77, 4), 0);
	CU_ASSERT_EQUAL(v.t->shared[8], 77);
	/* Nobody's, partly somebody's, and not of this kind or size. */
	CU_ASSERT_EQUAL(px_read(v.sock, BAR0 - 4, 4), PX_FAILED);
	CU_ASSERT_EQUAL(px_read(v.sock, BAR3 + 0x4000, 4), PX_FAILED);
	CU_ASSERT_EQUAL(px_read(v.sock, BAR3 + 0x3ffe, 4), PX_FAILED);
	CU_ASSERT_EQUAL(px_read(v.sock, UINT64_MAX, 8), PX_FAILED);
	CU_ASSERT_EQUAL(px_read(v.sock, BAR0, 3), PX_FAILED);
	CU_ASSERT_EQUAL(px_read(v.sock, BAR0, 16), PX_FAILED);
	CU_ASSERT_EQUAL(px_bar(v.sock, PX_READ, false, BAR0, 0, 4), PX_FAILED);
	CU_ASSERT_EQUAL(px_write(v.sock, BAR3 + 0x4000, 1, 4), PX_FAILED);
	CU_ASSERT_EQUAL(px_write(v.sock, BAR0 + R_SCRATCH, 1, 0), PX_FAILED);
	CU_ASSERT_EQUAL(px_read(v.sock, BAR0 + R_SCRATCH, 4), 0xcafe0001);
	power_off(&v);
}

static int dma(struct machine *v, uint64_t iova, uint32_t n, uint32_t go)
{
	px_write(v->sock, BAR0 + R_IOVA, iova, 8);
	px_write(v->sock, BAR0 + R_LENGTH, n, 4);
	px_write(v->sock, BAR0 + R_GO, go, 4);
	return (int)px_read(v->sock, BAR0 + R_RESULT, 4);
}

static void test_memory(void)
{
	struct machine v = boot();
	struct px_sysmem s = {{0, 0x100000000}, {MIB, MIB}, {0, MIB}};
	int fd = memory(2 * MIB);
	uint8_t *ram = mmap(NULL, 2 * MIB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	CU_ASSERT_NOT_EQUAL_FATAL(ram, MAP_FAILED);
	enable(&v);
	px_config_write(v.sock, 4, 0x2, 2);
	CU_ASSERT_EQUAL(px_memory(v.sock, &s, fd, 2), 0);
	CU_ASSERT_EQUAL(dma(&v, 0x1000, 4, 1), EPERM);	/* Bus Master is off */
	px_config_write(v.sock, 4, 0x6, 2);
	memcpy(ram + 0x1000, "below", 5);
	memcpy(ram + MIB + 0x1000, "above", 5);
	CU_ASSERT_EQUAL(dma(&v, 0x1000, 5, 1), 0);
	CU_ASSERT_EQUAL(memcmp(v.t->buffer, "below", 5), 0);
	/* Whatever the machine's map becomes, what stays is at its place. */
	for (int i = 0; i < 100; i++) {
		CU_ASSERT_EQUAL(px_memory(v.sock, &s, fd, 1 + i % 2), 0);
		CU_ASSERT_EQUAL(dma(&v, 0x100001000, 5, 1), i % 2 ? 0 : EFAULT);
	}
	CU_ASSERT_EQUAL(memcmp(v.t->buffer, "above", 5), 0);
	CU_ASSERT_EQUAL(dma(&v, 0x2000, 5, 2), 0);
	CU_ASSERT_EQUAL(memcmp(ram + 0x2000, "above", 5), 0);
	CU_ASSERT_EQUAL(dma(&v, MIB - 2, 5, 2), EFAULT);
	/* Swapped: the same addresses mean another memory. */
	s.offset[0] = MIB, s.offset[1] = 0;
	CU_ASSERT_EQUAL(px_memory(v.sock, &s, fd, 2), 0);
	CU_ASSERT_EQUAL(dma(&v, 0x1000, 5, 1), 0);
	CU_ASSERT_EQUAL(memcmp(v.t->buffer, "above", 5), 0);
	/* And what its owner cuts off is not there. */
	CU_ASSERT_EQUAL(ftruncate(fd, MIB), 0);
	CU_ASSERT_EQUAL(dma(&v, 0x1000, 5, 1), EFAULT);
	CU_ASSERT_EQUAL(px_memory(v.sock, &s, fd, 0), 0);
	CU_ASSERT_EQUAL(dma(&v, 0x100001000, 5, 1), EFAULT);
	munmap(ram, 2 * MIB);
	close(fd);
	power_off(&v);
}

static void set_vector(struct machine *v, unsigned int n, uint32_t data)
{
	px_write(v->sock, BAR3 + 16 * n, 0xfee01000, 4);
	px_write(v->sock, BAR3 + 16 * n + 4, 0, 4);
	px_write(v->sock, BAR3 + 16 * n + 8, data, 4);
	px_write(v->sock, BAR3 + 16 * n + 12, 0, 4);
}

static void raise_vector(struct machine *v, unsigned int n)
{
	CU_ASSERT_EQUAL(px_write(v->sock, BAR0 + R_RAISE, n, 4), 0);
}

static void test_interrupts(void)
{
	struct machine v = boot();

	enable(&v);
	set_vector(&v, 1, 0x4021);
	raise_vector(&v, 1);	/* MSI-X is off */
	px_config_write(v.sock, 0xa2, 0x8000, 2);
	CU_ASSERT_STRING_EQUAL(qt_line(v.qtest, 50), "");
	raise_vector(&v, 1);
	CU_ASSERT_STRING_EQUAL(qt_line(v.qtest, 5000), "writel 0xfee01000 0x4021\n");
	/* QEMU owes an answer; the card is served all the same, and what waits can be masked. */
	set_vector(&v, 2, 0x4022);
	raise_vector(&v, 2);
	px_write(v.sock, BAR3 + 2 * 16 + 12, 1, 4);
	qt_ok(v.qtest);
	CU_ASSERT_STRING_EQUAL(qt_line(v.qtest, 50), "");
	CU_ASSERT_EQUAL(px_read(v.sock, PBA, 4), 1 << 2);
	px_write(v.sock, BAR3 + 2 * 16 + 8, 0x4099, 4);
	px_write(v.sock, BAR3 + 2 * 16 + 12, 0, 4);
	CU_ASSERT_STRING_EQUAL(qt_line(v.qtest, 5000), "writel 0xfee01000 0x4099\n");
	CU_ASSERT_EQUAL(px_read(v.sock, PBA, 4), 0);
	/* MSI-X turned off: nothing is left of what waited. */
	raise_vector(&v, 1);
	px_config_write(v.sock, 0xa2, 0, 2);
	px_config_write(v.sock, 0xa2, 0x8000, 2);
	qt_ok(v.qtest);
	CU_ASSERT_STRING_EQUAL(qt_line(v.qtest, 50), "");
	/* Vector 0 was never unmasked. */
	raise_vector(&v, 0);
	CU_ASSERT_STRING_EQUAL(qt_line(v.qtest, 50), "");
	CU_ASSERT_EQUAL(px_read(v.sock, PBA, 4), 1);
	power_off(&v);
}

/* QEMU may make its qtest socket after it met the card, or never. */
static void test_late_qtest(void)
{
	struct machine v = boot_without_qtest();

	enable(&v);
	px_config_write(v.sock, 0xa2, 0x8000, 2);
	set_vector(&v, 1, 0x31);
	raise_vector(&v, 1);
	take_qtest(&v);
	CU_ASSERT_STRING_EQUAL(qt_line(v.qtest, 5000), "writel 0xfee01000 0x31\n");
	send(v.qtest, "FAIL what?\n", 11, MSG_NOSIGNAL);
	raise_vector(&v, 1);
	CU_ASSERT_STRING_EQUAL(qt_line(v.qtest, 50), "");	/* no more of it */
	CU_ASSERT_EQUAL(px_read(v.sock, BAR0 + R_SCRATCH, 4), 0x5c4a7c11);
	power_off(&v);
	v = boot_without_qtest();
	power_off(&v);
}

static void test_faults(void)
{
	struct machine v = {.t = toy_new(), .listener = -1, .qtest = -1};
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int to = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t value = 0x5c4a7c11;

	snprintf(v.path, sizeof(v.path), "/tmp/test-model-proxy.%d", getpid());
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s.faults", v.path);
	CU_ASSERT_EQUAL_FATAL(model_faults_listen(v.t->m, sa.sun_path), 0);
	plug(&v);
	mc_loop_start(&v.t->thread, v.t->loop);
	take_qtest(&v);
	enable(&v);
	px_config_write(v.sock, 0xa2, 0x8000, 2);
	set_vector(&v, 1, 0x41);
	CU_ASSERT_EQUAL(connect(to, (struct sockaddr *)&sa, sizeof(sa)), 0);
	CU_ASSERT_EQUAL(send(to, "irq times 3 1", 13, 0), 13);
	CU_ASSERT_EQUAL(send(to, "read ffff0000 1 1", 17, 0), 17);
	/* a switch has no answer: the last of them shows by what it does */
	for (int i = 0; i < 5000 && value == 0x5c4a7c11; i++, usleep(1000))
		value = px_read(v.sock, BAR0 + R_SCRATCH, 4);
	CU_ASSERT_EQUAL(value, 0x5c4a0001);
	CU_ASSERT_EQUAL(px_read(v.sock, BAR0 + R_SCRATCH, 4), 0x5c4a7c11);
	raise_vector(&v, 1);
	for (int i = 0; i < 3; i++) {
		CU_ASSERT_STRING_EQUAL(qt_line(v.qtest, 5000), "writel 0xfee01000 0x41\n");
		qt_ok(v.qtest);
	}
	CU_ASSERT_STRING_EQUAL(qt_line(v.qtest, 50), "");
	close(to);
	power_off(&v);
}

static void test_reset(void)
{
	struct machine v = boot();
	struct px_sysmem s = {{0}, {MIB}, {0}};
	int fd = memory(MIB);

	enable(&v);
	CU_ASSERT_EQUAL(px_memory(v.sock, &s, fd, 1), 0);
	px_write(v.sock, BAR0 + R_SCRATCH, 1, 4);
	CU_ASSERT_EQUAL(px_send(v.sock, PX_RESET, 0, NULL, 0, NULL, 0), 0);
	CU_ASSERT_EQUAL(px_answer(v.sock), 0);
	CU_ASSERT_EQUAL(px_config_read(v.sock, 4, 2), 0);
	CU_ASSERT_EQUAL(px_config_read(v.sock, 0x10, 4), 0);
	enable(&v);
	CU_ASSERT_EQUAL(px_read(v.sock, BAR0 + R_SCRATCH, 4), 0x5c4a7c11);
	CU_ASSERT_EQUAL(px_read(v.sock, BAR3 + 12, 4), 1);	/* masked again */
	CU_ASSERT_EQUAL(dma(&v, 0, 4, 1), 0);	/* a reset takes no memory away */
	close(fd);
	power_off(&v);
}

/* The stream has ended, or was reset over what nobody read; then the card is another's. */
static void expect_dropped(struct machine *v)
{
	char byte;

	CU_ASSERT_TRUE(recv(v->sock, &byte, 1, 0) <= 0);
	close(v->sock);
	mc_loop_stop(&v->t->thread);
	CU_ASSERT_FALSE(model_has_client(v->t->m));
	close(v->qtest);
	plug(v);
	mc_loop_start(&v->t->thread, v->t->loop);
	v->qtest = accept(v->listener, NULL, NULL);
	CU_ASSERT_EQUAL(px_config_read(v->sock, 0, 4), 0x56781234);
}

static void test_hostile_messages(void)
{
	static const struct {
		int32_t command;
		uint64_t size;
		int nfds;
	} wrong[] = {
		{-1, 0, 0}, {8, 0, 0}, {INT32_MIN, 24, 0}, {INT32_MAX, 24, 0}, {PX_RET, 8, 0},
		{PX_READ, 16, 0}, {PX_READ, 0, 0}, {PX_WRITE, UINT64_MAX, 0}, {PX_READ, 24, 1},
		{PX_CONFIG_READ, 11, 0}, {PX_CONFIG_WRITE, 12, 8}, {PX_SYSMEM, 191, 1},
		{PX_SYSMEM, 1ull << 40, 0}, {PX_SYSMEM, 192, 9}, {PX_IRQFD, 0, 0}, {PX_IRQFD, 0, 1},
		{PX_IRQFD, 0, 3}, {PX_IRQFD, 8, 2}, {PX_RESET, 8, 0}, {PX_RESET, 0, 1},
	};
	struct machine v = boot();
	uint8_t body[192] = {0};
	int fds[9];

	for (int i = 0; i < 9; i++)
		fds[i] = memory(4096);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		size_t n = wrong[i].size < sizeof(body) ? wrong[i].size : sizeof(body);

		CU_ASSERT_EQUAL(px_send(v.sock, wrong[i].command, wrong[i].size, body, n, fds,
					wrong[i].nfds), 0);
		expect_dropped(&v);
	}
	/* Half a message, and no more. */
	CU_ASSERT_EQUAL(px_send(v.sock, PX_READ, 24, body, 7, NULL, 0), 0);
	shutdown(v.sock, SHUT_WR);
	expect_dropped(&v);
	for (int i = 0; i < 9; i++)
		close(fds[i]);
	power_off(&v);
}

static void test_hostile_memory(void)
{
	static const struct px_sysmem wrong[] = {
		{{0}, {2 * MIB}, {0}}, {{0}, {MIB}, {4096}}, {{0}, {0}, {0}}, {{1}, {4096}, {0}},
		{{0}, {4097}, {0}}, {{0}, {4096}, {1}}, {{0}, {MIB}, {-4096ull}},
		{{-4096ull}, {8192}, {0}}, {{0}, {-4096ull}, {0}},
		{{0, 0}, {4096, 4096}, {0, 0}}, {{0, 4096}, {8192, 4096}, {0, 0}},
	};
	static const struct px_sysmem right = {{0}, {4096}, {0}};
	struct machine v = boot();
	int fd = memory(MIB), dir = open("/", O_RDONLY | O_DIRECTORY);

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		CU_ASSERT_EQUAL(px_memory(v.sock, &wrong[i], fd, 1 + (i >= 9)), 0);
		expect_dropped(&v);
	}
	CU_ASSERT_EQUAL(px_memory(v.sock, &right, dir, 1), 0);
	expect_dropped(&v);
	CU_ASSERT_EQUAL(px_memory(v.sock, &right, v.listener, 1), 0);
	expect_dropped(&v);
	/* Nothing of one machine is there for the next. */
	CU_ASSERT_EQUAL(px_memory(v.sock, &right, fd, 1), 0);
	CU_ASSERT_EQUAL(px_send(v.sock, PX_RET, 0, NULL, 0, NULL, 0), 0);
	expect_dropped(&v);
	enable(&v);
	CU_ASSERT_EQUAL(dma(&v, 0, 4, 1), EFAULT);
	close(fd);
	close(dir);
	power_off(&v);
}

/* One door at a time; each has the card as its own client expects it. */
static void test_doors(void)
{
	struct machine v = boot();
	char byte, long_path[200];
	int s[2];

	mc_loop_stop(&v.t->thread);
	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s), 0);
	CU_ASSERT_EQUAL(model_serve(v.t->m, s[0]), -EBUSY);
	CU_ASSERT_EQUAL(model_proxy(v.t->m, s[0], v.path), -EBUSY);
	shutdown(v.sock, SHUT_WR);
	while (model_has_client(v.t->m))
		model_loop_once(v.t->loop, 1000);
	CU_ASSERT_EQUAL(recv(v.sock, &byte, 1, 0), 0);
	close(v.sock);
	memset(long_path, 'x', sizeof(long_path));
	long_path[sizeof(long_path) - 1] = 0;
	CU_ASSERT_EQUAL(model_proxy(v.t->m, s[0], long_path), -ENAMETOOLONG);
	CU_ASSERT_EQUAL(model_serve(v.t->m, s[0]), 0);
	v.t->c = (struct mc){.sock = s[1], .fd = -1};
	mc_loop_start(&v.t->thread, v.t->loop);
	CU_ASSERT_EQUAL(mc_version(&v.t->c, 0, 1, NULL), 0);
	CU_ASSERT_EQUAL(mc_r32(&v.t->c, CONFIG, 4) & 7, 2);
	CU_ASSERT_EQUAL(mc_r32(&v.t->c, CONFIG, 0x10), 4);	/* 64 bits again */
	mc_w32(&v.t->c, CONFIG, 0x14, UINT32_MAX);
	CU_ASSERT_EQUAL(mc_r32(&v.t->c, CONFIG, 0x14), UINT32_MAX);
	v.sock = -1;
	power_off(&v);
}

static void test_listen(void)
{
	struct machine v = {.t = toy_new(), .listener = -1, .qtest = -1};
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	snprintf(v.path, sizeof(v.path), "/tmp/test-model-proxy.%d", getpid());
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s.card", v.path);
	CU_ASSERT_EQUAL_FATAL(model_proxy_listen(v.t->m, sa.sun_path, v.path), 0);
	CU_ASSERT_EQUAL(model_proxy_listen(v.t->m, sa.sun_path, v.path), -EBUSY);
	CU_ASSERT_EQUAL(model_listen(v.t->m, sa.sun_path), -EBUSY);
	mc_loop_start(&v.t->thread, v.t->loop);
	for (int i = 0; i < 3; i++) {
		v.sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		CU_ASSERT_EQUAL(connect(v.sock, (struct sockaddr *)&sa, sizeof(sa)), 0);
		CU_ASSERT_EQUAL(px_config_read(v.sock, 0, 4), 0x56781234);
		close(v.sock);
	}
	v.sock = -1;
	power_off(&v);
	CU_ASSERT_NOT_EQUAL(access(sa.sun_path, F_OK), 0);
}

static void test_large_bar(void)
{
	struct model_pci pci = toy_pci;
	struct model_loop *l = model_loop_new();
	struct toy t = {0};
	struct model *m;
	int s[2];

	pci.bar[0].size = 1ull << 31;
	m = model_new(l, &pci, &toy_ops, &t);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s), 0);
	CU_ASSERT_EQUAL(model_proxy(m, s[0], "/tmp/none"), -EFBIG);
	model_free(m);
	model_loop_free(l);
	close(s[0]);
	close(s[1]);
}

static const struct unit_test tests[] = {
	{"what QEMU asks before the guest runs", test_probe},
	{"registers by bus address", test_registers},
	{"memory that comes, goes and is cut off", test_memory},
	{"MSI-X by qtest, and recalled", test_interrupts},
	{"qtest late, broken, or never there", test_late_qtest},
	{"fault switches", test_faults},
	{"reset", test_reset},
	{"hostile messages", test_hostile_messages},
	{"hostile memory", test_hostile_memory},
	{"one door at a time", test_doors},
	{"a listening socket", test_listen},
	{"a BAR too large for QEMU", test_large_bar},
};

UNIT_MAIN("model-proxy", tests)
