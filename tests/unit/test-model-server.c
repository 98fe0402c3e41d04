// SPDX-License-Identifier: Apache-2.0
/* The model framework behind a raw vfio-user client, with a card made up for the purpose. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>

#include "tests/unit/cunit.h"
#include "tests/unit/model-client.h"

#define MEM_READ_WRITE 3
#define EVENTFD_TRIGGER 0x24
#define NONE_TRIGGER 0x21
#define NONE_MASK 0x09
#define NONE_UNMASK 0x11
#define MSIX 2
#define CONFIG 7

/* The card: a scratch register, a buffer, a DMA engine for it, and a doorbell page. */
#define R_SCRATCH 0x4
#define R_IOVA 0x10
#define R_LENGTH 0x18
#define R_GO 0x1c	/* 1: read memory into the buffer, 2: write it out */
#define R_RESULT 0x20
#define R_RAISE 0x24
#define R_BUFFER 0x1000
#define SHARED 0x8000

struct toy {
	struct model_loop *loop;
	struct model *m;
	struct mc_loop thread;
	uint32_t scratch, length, resets;
	uint64_t iova;
	int result;
	uint8_t buffer[4096];
	uint8_t *shared;
	struct mc c;
};

static uint64_t toy_read(void *dev, unsigned int bar, uint64_t offset, unsigned int size)
{
	struct toy *t = dev;
	uint64_t v = 0;

	if (bar != 0)
		return 0;
	if (offset >= R_BUFFER && offset + size <= R_BUFFER + sizeof(t->buffer))
		memcpy(&v, t->buffer + offset - R_BUFFER, size);
	else if (offset == R_SCRATCH)
		v = t->scratch;
	else if (offset == R_RESULT)
		v = (uint32_t)-t->result;
	return v;
}

static void toy_write(void *dev, unsigned int bar, uint64_t offset, unsigned int size, uint64_t v)
{
	struct toy *t = dev;

	if (bar != 0)
		return;
	if (offset >= R_BUFFER && offset + size <= R_BUFFER + sizeof(t->buffer))
		memcpy(t->buffer + offset - R_BUFFER, &v, size);
	else if (offset == R_SCRATCH)
		t->scratch = (uint32_t)v;
	else if (offset == R_IOVA)
		t->iova = v;
	else if (offset == R_LENGTH)
		t->length = (uint32_t)v;
	else if (offset == R_RAISE)
		model_msix_raise(t->m, (unsigned int)v);
	else if (offset == R_GO && v == 1)
		t->result = model_dma_read(t->m, t->iova, t->buffer, t->length);
	else if (offset == R_GO)
		t->result = model_dma_write(t->m, t->iova, t->buffer, t->length);
}

static void toy_reset(void *dev)
{
	struct toy *t = dev;

	t->scratch = 0x5c4a7c11;
	t->resets++;
}

static const struct model_ops toy_ops = {.read = toy_read, .write = toy_write, .reset = toy_reset};

static const struct model_pci toy_pci = {
	.vendor_id = 0x1234,
	.device_id = 0x5678,
	.class_code = 0x020000,
	.bar = {{65536, MODEL_BAR_MEM64}, {0, 0}, {0, 0}, {16384, MODEL_BAR_MEM32}},
	.msix_vectors = 3,
	.msix_cap = 0xa0,
	.msix_table_bar = 3,
	.msix_pba_bar = 3,
	.msix_pba_offset = 0x2000,
};

static void connect_client(struct toy *t)
{
	int s[2];

	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s), 0);
	CU_ASSERT_EQUAL_FATAL(model_serve(t->m, s[0]), 0);
	t->c = (struct mc){.sock = s[1], .fd = -1};
}

static struct toy *toy_new(void)
{
	struct toy *t = calloc(1, sizeof(*t));

	t->loop = model_loop_new();
	t->m = model_new(t->loop, &toy_pci, &toy_ops, t);
	CU_ASSERT_PTR_NOT_NULL_FATAL(t->m);
	CU_ASSERT_EQUAL(model_add_pm_cap(t->m, 0xc8), 0);
	CU_ASSERT_EQUAL(model_add_pcie_cap(t->m, 0xe0), 0);
	t->shared = model_share(t->m, 0, SHARED, 4096);
	CU_ASSERT_PTR_NOT_NULL(t->shared);
	toy_reset(t);
	connect_client(t);
	return t;
}

static struct toy *start(void)
{
	struct toy *t = toy_new();

	mc_loop_start(&t->thread, t->loop);
	return t;
}

static struct toy *start_negotiated(void)
{
	struct toy *t = start();

	CU_ASSERT_EQUAL(mc_version(&t->c, 0, 1, NULL), 0);
	return t;
}

static void stop(struct toy *t)
{
	mc_loop_stop(&t->thread);
	close(t->c.sock);
	model_free(t->m);
	model_loop_free(t->loop);
	free(t);
}

static void bus_master(struct toy *t, bool on)
{
	uint16_t command = on ? 0x6 : 0x2;

	CU_ASSERT_EQUAL(mc_write(&t->c, CONFIG, 4, &command, 2), 0);
}

static int dma(struct toy *t, uint64_t iova, uint32_t n, uint32_t go)
{
	CU_ASSERT_EQUAL(mc_write(&t->c, 0, R_IOVA, &iova, 8), 0);
	mc_w32(&t->c, 0, R_LENGTH, n);
	mc_w32(&t->c, 0, R_GO, go);
	return (int)mc_r32(&t->c, 0, R_RESULT);
}

static int memory(size_t n)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	return ftruncate(fd, (off_t)n) ? -1 : fd;
}

static void test_version(void)
{
	struct toy *t = start();
	uint16_t v[2];

	CU_ASSERT_EQUAL(mc_version(&t->c, 0, 7, "{\"capabilities\":{\"max_msg_fds\":8,"
						"\"new_thing\":true,\"pgsizes\":4096}}"), 0);
	memcpy(v, t->c.body, 4);
	CU_ASSERT_EQUAL(v[0], 0);
	CU_ASSERT_EQUAL(v[1], 1);
	CU_ASSERT_EQUAL(t->c.body[t->c.n - 1], 0);
	/* The answer's capabilities are a subset of those proposed. */
	CU_ASSERT_PTR_NOT_NULL(strstr((char *)t->c.body + 4, "max_msg_fds"));
	CU_ASSERT_PTR_NOT_NULL(strstr((char *)t->c.body + 4, "pgsizes"));
	CU_ASSERT_PTR_NULL(strstr((char *)t->c.body + 4, "new_thing"));
	CU_ASSERT_PTR_NULL(strstr((char *)t->c.body + 4, "max_data_xfer_size"));
	CU_ASSERT_EQUAL(mc_version(&t->c, 0, 1, NULL), EINVAL);
	CU_ASSERT_EQUAL(mc_r32(&t->c, 0, R_SCRATCH), 0x5c4a7c11);
	stop(t);
}

/* Each of these ends the connection, and the next client is served. */
static void test_version_refused(void)
{
	static const char *const wrong[] = {
		"{", "[]", "{\"capabilities\":1}", "{\"capabilities\":{\"max_msg_fds\":\"8\"}}",
		"{\"capabilities\":{\"max_msg_fds\":0}}",
		"{\"capabilities\":{\"max_data_xfer_size\":-1}}",
		"{\"capabilities\":{\"write_multiple\":3}}",
	};

	const size_t texts = sizeof(wrong) / sizeof(wrong[0]);

	for (size_t i = 0; i < texts + 3; i++) {
		struct toy *t = start();
		const uint8_t unended[8] = {0, 0, 1, 0, '{', '}', ' ', ' '};
		int got, want = EINVAL;

		if (i < texts) {
			got = mc_version(&t->c, 0, 1, wrong[i]);
		} else if (i == texts) {
			got = mc_call(&t->c, CMD_VERSION, unended, 8);
		} else if (i == texts + 1) {
			got = mc_version(&t->c, 1, 0, NULL);
			want = ENOTSUP;
		} else {
			got = mc_call(&t->c, CMD_RESET, NULL, 0);
			want = EPROTO;
		}
		CU_ASSERT_EQUAL(got, want);
		CU_ASSERT_EQUAL(mc_receive(&t->c), -1);
		stop(t);
	}
}

static void test_info(void)
{
	struct toy *t = start_negotiated();
	uint32_t info[4] = {16}, region[8] = {32, 0, 0}, irq[4] = {16, 0, MSIX};
	uint64_t q[2];

	CU_ASSERT_EQUAL(mc_call(&t->c, CMD_INFO, info, 16), 0);
	memcpy(info, t->c.body, 16);
	CU_ASSERT_EQUAL(info[1], 3);
	CU_ASSERT_EQUAL(info[2], 9);
	CU_ASSERT_EQUAL(info[3], 5);
	info[0] = 8;
	CU_ASSERT_EQUAL(mc_call(&t->c, CMD_INFO, info, 16), EINVAL);

	/* Too small for the capability: the size wanted comes back, and then all of it. */
	CU_ASSERT_EQUAL(mc_call(&t->c, CMD_REGION_INFO, region, 32), 0);
	CU_ASSERT_EQUAL(t->c.n, 32);
	memcpy(region, t->c.body, 32);
	CU_ASSERT_EQUAL(region[0], 64);
	close(t->c.fd);
	memset(region, 0, sizeof(region));
	region[0] = 64;
	CU_ASSERT_EQUAL(mc_call(&t->c, CMD_REGION_INFO, region, 32), 0);
	CU_ASSERT_EQUAL(t->c.n, 64);
	memcpy(region, t->c.body, 32);
	CU_ASSERT_EQUAL(region[1], 0xf);
	CU_ASSERT_EQUAL(region[3], 32);
	memcpy(q, t->c.body + 16, 16);
	CU_ASSERT_EQUAL(q[0], 65536);
	memcpy(q, t->c.body + 48, 16);
	CU_ASSERT_EQUAL(q[0], SHARED);
	CU_ASSERT_EQUAL(q[1], 4096);
	CU_ASSERT_TRUE(t->c.fd >= 0);
	if (t->c.fd >= 0) {
		uint32_t *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, t->c.fd,
				   SHARED);

		CU_ASSERT_NOT_EQUAL_FATAL(p, MAP_FAILED);
		p[3] = 0x12345678;
		CU_ASSERT_EQUAL(mc_r32(&t->c, 0, SHARED + 12), 0x12345678);
		CU_ASSERT_EQUAL(memcmp(t->shared + 12, &p[3], 4), 0);
		CU_ASSERT_EQUAL(ftruncate(t->c.fd, 0), -1);
		munmap(p, 4096);
		close(t->c.fd);
	}
	region[2] = 9;
	CU_ASSERT_EQUAL(mc_call(&t->c, CMD_REGION_INFO, region, 32), EINVAL);

	CU_ASSERT_EQUAL(mc_call(&t->c, CMD_IRQ_INFO, irq, 16), 0);
	memcpy(irq, t->c.body, 16);
	CU_ASSERT_EQUAL(irq[3], 3);
	CU_ASSERT_TRUE(irq[1] & 1);
	irq[0] = 16, irq[2] = 5;
	CU_ASSERT_EQUAL(mc_call(&t->c, CMD_IRQ_INFO, irq, 16), EINVAL);
	stop(t);
}

static void test_region_access(void)
{
	struct toy *t = start_negotiated();
	uint8_t bytes[64], back[64];
	uint32_t v;

	CU_ASSERT_EQUAL(mc_w32(&t->c, 0, R_SCRATCH, 0xcafe0001), 0);
	CU_ASSERT_EQUAL(mc_r32(&t->c, 0, R_SCRATCH), 0xcafe0001);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i + 1);
	/* Any length and alignment is split into the card's own accesses. */
	CU_ASSERT_EQUAL(mc_write(&t->c, 0, R_BUFFER + 3, bytes, 61), 0);
	CU_ASSERT_EQUAL(mc_read(&t->c, 0, R_BUFFER + 3, back, 61), 0);
	CU_ASSERT_EQUAL(memcmp(bytes, back, 61), 0);

	CU_ASSERT_EQUAL(mc_read(&t->c, 0, 65534, back, 4), EINVAL);
	CU_ASSERT_EQUAL(mc_read(&t->c, 0, UINT64_MAX - 1, back, 4), EINVAL);
	CU_ASSERT_EQUAL(mc_read(&t->c, 0, 0, back, 0), EINVAL);
	CU_ASSERT_EQUAL(mc_read(&t->c, 1, 0, back, 4), EINVAL);
	CU_ASSERT_EQUAL(mc_read(&t->c, 99, 0, back, 4), EINVAL);
	CU_ASSERT_EQUAL(mc_read(&t->c, CONFIG, 4094, back, 4), EINVAL);

	/* A posted write has no answer, and comes before what follows it. */
	struct mc_access a = {R_SCRATCH, 0, 4, {0x11, 0x22, 0x33, 0x44}};

	CU_ASSERT_EQUAL(mc_send(&t->c, CMD_WRITE, 0x10, &a, 20, NULL, 0), 0);
	CU_ASSERT_EQUAL(mc_r32(&t->c, 0, R_SCRATCH), 0x44332211);

	/* Memory decode off: nobody answers. */
	v = 0;
	CU_ASSERT_EQUAL(mc_write(&t->c, CONFIG, 4, &v, 2), 0);
	CU_ASSERT_EQUAL(mc_r32(&t->c, 0, R_SCRATCH), UINT32_MAX);
	stop(t);
}

static void test_config(void)
{
	struct toy *t = start_negotiated();
	uint32_t ones = UINT32_MAX;

	CU_ASSERT_EQUAL(mc_r32(&t->c, CONFIG, 0), 0x56781234);
	CU_ASSERT_EQUAL(mc_w32(&t->c, CONFIG, 0, 0), 0);
	CU_ASSERT_EQUAL(mc_r32(&t->c, CONFIG, 0), 0x56781234);
	CU_ASSERT_EQUAL(mc_r32(&t->c, CONFIG, 8), 0x02000000);
	/* Sizing. */
	mc_write(&t->c, CONFIG, 0x10, &ones, 4);
	mc_write(&t->c, CONFIG, 0x14, &ones, 4);
	mc_write(&t->c, CONFIG, 0x1c, &ones, 4);
	CU_ASSERT_EQUAL(mc_r32(&t->c, CONFIG, 0x10), 0xffff0004);
	CU_ASSERT_EQUAL(mc_r32(&t->c, CONFIG, 0x14), UINT32_MAX);
	CU_ASSERT_EQUAL(mc_r32(&t->c, CONFIG, 0x1c), 0xffffc000);
	/* The list: MSI-X, power management, PCI Express. */
	CU_ASSERT_EQUAL(mc_r32(&t->c, CONFIG, 0x34) & 0xff, 0xa0);
	CU_ASSERT_EQUAL(mc_r32(&t->c, CONFIG, 0xa0), 0x0002c811);
	CU_ASSERT_EQUAL(mc_r32(&t->c, CONFIG, 0xc8) & 0xffff, 0xe001);
	CU_ASSERT_EQUAL(mc_r32(&t->c, CONFIG, 0xe0) & 0xffff, 0x0010);
	/* D1 is not there; D3hot takes the registers away and the way back resets. */
	mc_w32(&t->c, 0, R_SCRATCH, 1);
	mc_w32(&t->c, CONFIG, 0xcc, 1);
	CU_ASSERT_EQUAL(mc_r32(&t->c, CONFIG, 0xcc) & 3, 0);
	mc_w32(&t->c, CONFIG, 0xcc, 3);
	CU_ASSERT_EQUAL(mc_r32(&t->c, 0, R_SCRATCH), UINT32_MAX);
	mc_w32(&t->c, CONFIG, 0xcc, 0);
	CU_ASSERT_EQUAL(mc_r32(&t->c, 0, R_SCRATCH), 0x5c4a7c11);
	stop(t);
}

static void test_write_multi(void)
{
	struct toy *t = start();
	struct {
		uint64_t n;
		struct {
			uint64_t offset;
			uint32_t region, count;
			uint64_t data;
		} w[2];
	} m = {2, {{R_SCRATCH, 0, 4, 7}, {R_IOVA, 0, 8, 0x123456789}}};

	CU_ASSERT_EQUAL(mc_version(&t->c, 0, 1, "{\"capabilities\":{\"write_multiple\":true}}"),
			0);
	CU_ASSERT_PTR_NOT_NULL(strstr((char *)t->c.body + 4, "\"write_multiple\":true"));
	CU_ASSERT_EQUAL(mc_call(&t->c, CMD_WRITE_MULTI, &m, sizeof(m)), 0);
	CU_ASSERT_EQUAL(t->c.n, 8);
	CU_ASSERT_EQUAL(mc_r32(&t->c, 0, R_SCRATCH), 7);
	m.n = 3;
	CU_ASSERT_EQUAL(mc_call(&t->c, CMD_WRITE_MULTI, &m, sizeof(m)), EINVAL);
	m.n = UINT64_MAX / 24;
	CU_ASSERT_EQUAL(mc_call(&t->c, CMD_WRITE_MULTI, &m, sizeof(m)), EINVAL);
	m.n = 2, m.w[0].count = 9;
	CU_ASSERT_EQUAL(mc_call(&t->c, CMD_WRITE_MULTI, &m, sizeof(m)), EINVAL);
	stop(t);
}

static void test_dma_maps(void)
{
	struct toy *t = start_negotiated();
	int fd = memory(65536), dir = open("/", O_RDONLY | O_DIRECTORY);

	CU_ASSERT_EQUAL(mc_map(&t->c, MEM_READ_WRITE, 0, 0x10000, 0x8000, fd), 0);
	CU_ASSERT_EQUAL(mc_map(&t->c, MEM_READ_WRITE, 0, 0x10000, 0x8000, fd), EEXIST);
	CU_ASSERT_EQUAL(mc_map(&t->c, MEM_READ_WRITE, 0, 0x17000, 0x8000, fd), EEXIST);
	CU_ASSERT_EQUAL(mc_map(&t->c, MEM_READ_WRITE, 0, 0xf000, 0x2000, fd), EEXIST);
	CU_ASSERT_EQUAL(mc_map(&t->c, MEM_READ_WRITE, 0, 0x18000, 0, fd), EINVAL);
	CU_ASSERT_EQUAL(mc_map(&t->c, MEM_READ_WRITE, 0, 0x18001, 0x1000, fd), EINVAL);
	CU_ASSERT_EQUAL(mc_map(&t->c, MEM_READ_WRITE, 0, 0x18000, 0x1001, fd), EINVAL);
	CU_ASSERT_EQUAL(mc_map(&t->c, MEM_READ_WRITE, 0xf000, 0x18000, 0x2000, fd), EINVAL);
	CU_ASSERT_EQUAL(mc_map(&t->c, MEM_READ_WRITE, -4096ull, 0x18000, 0x2000, fd), EINVAL);
	CU_ASSERT_EQUAL(mc_map(&t->c, MEM_READ_WRITE, 0, -4096ull, 0x2000, fd), EINVAL);
	CU_ASSERT_EQUAL(mc_map(&t->c, 0x83, 0, 0x18000, 0x1000, fd), EINVAL);
	CU_ASSERT_EQUAL(mc_map(&t->c, MEM_READ_WRITE, 0, 0x18000, 0x1000, dir), EINVAL);
	CU_ASSERT_EQUAL(mc_unmap(&t->c, 0, 0x10000, 0x4000), ENOENT);
	CU_ASSERT_EQUAL(mc_unmap(&t->c, 0, 0x11000, 0x7000), ENOENT);
	CU_ASSERT_EQUAL(mc_unmap(&t->c, 1, 0x10000, 0x8000), EINVAL);
	CU_ASSERT_EQUAL(mc_unmap(&t->c, 0, 0x10000, 0x8000), 0);
	CU_ASSERT_EQUAL(t->c.n, 24);
	CU_ASSERT_EQUAL(mc_unmap(&t->c, 0, 0x10000, 0x8000), ENOENT);
	/* The last page there is, and all of them at once. */
	CU_ASSERT_EQUAL(mc_map(&t->c, MEM_READ_WRITE, 0, -4096ull, 0x1000, fd), 0);
	CU_ASSERT_EQUAL(mc_map(&t->c, MEM_READ_WRITE, 0, 0, 0x1000, fd), 0);
	CU_ASSERT_EQUAL(mc_unmap(&t->c, 2, 0, 0), 0);
	CU_ASSERT_EQUAL(mc_unmap(&t->c, 0, 0, 0x1000), ENOENT);
	close(fd);
	close(dir);
	stop(t);
}

static void test_dma(void)
{
	struct toy *t = start_negotiated();
	int fd = memory(65536);
	uint8_t *mem = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char back[16];

	/* Two maps that follow one another in I/O space, not in the file; the third is read-only. */
	CU_ASSERT_EQUAL(mc_map(&t->c, MEM_READ_WRITE, 0x4000, 0x10000, 0x1000, fd), 0);
	CU_ASSERT_EQUAL(mc_map(&t->c, MEM_READ_WRITE, 0x0000, 0x11000, 0x1000, fd), 0);
	CU_ASSERT_EQUAL(mc_map(&t->c, 1, 0x8000, 0x12000, 0x1000, fd), 0);
	memcpy(mem + 0x4ffc, "abcd", 4);
	memcpy(mem, "efgh", 4);

	CU_ASSERT_EQUAL(dma(t, 0x10ffc, 8, 1), EPERM);
	bus_master(t, true);
	CU_ASSERT_EQUAL(dma(t, 0x10ffc, 8, 1), 0);
	mc_read(&t->c, 0, R_BUFFER, back, 8);
	CU_ASSERT_EQUAL(memcmp(back, "abcdefgh", 8), 0);
	mc_write(&t->c, 0, R_BUFFER, "01234567", 8);
	CU_ASSERT_EQUAL(dma(t, 0x10ffe, 8, 2), 0);
	CU_ASSERT_EQUAL(memcmp(mem + 0x4ffc, "ab01", 4), 0);
	CU_ASSERT_EQUAL(memcmp(mem, "234567", 6), 0);

	CU_ASSERT_EQUAL(model_dma_faults(t->m), 1);
	CU_ASSERT_EQUAL(dma(t, 0x12000, 8, 2), EFAULT);
	CU_ASSERT_EQUAL(dma(t, 0x12ffc, 8, 1), EFAULT);
	CU_ASSERT_EQUAL(dma(t, 0xfffc, 8, 1), EFAULT);
	CU_ASSERT_EQUAL(dma(t, UINT64_MAX, 8, 1), EFAULT);
	CU_ASSERT_EQUAL(model_dma_faults(t->m), 5);

	/* The client cuts its memory short: a fault, not a dead model. */
	CU_ASSERT_EQUAL(ftruncate(fd, 0x4000), 0);
	CU_ASSERT_EQUAL(dma(t, 0x10000, 8, 1), EFAULT);
	CU_ASSERT_EQUAL(dma(t, 0x11000, 8, 1), 0);
	CU_ASSERT_EQUAL(mc_unmap(&t->c, 0, 0x11000, 0x1000), 0);
	CU_ASSERT_EQUAL(dma(t, 0x11000, 8, 1), EFAULT);
	munmap(mem, 65536);
	close(fd);
	stop(t);
}

/* Memory the model may not map; a command of the client's sits between request and answer. */
static int serve_dma(struct mc *c, void *arg)
{
	uint64_t a[2];
	uint8_t body[64];
	struct mc_header h = {c->h.id, c->h.command, 0, 1, 0};
	struct mc_access w = {R_SCRATCH, 0, 4, {9, 9, 9, 9}};
	size_t n = 16;

	memcpy(a, c->body, 16);
	memcpy(body, a, 16);
	if (a[1] > 32)
		return -1;
	mc_send(c, CMD_WRITE, 0x10, &w, 20, NULL, 0);
	c->id--;
	if (c->h.command == CMD_DMA_READ) {
		memcpy(body + 16, (char *)arg + a[0] % 4096, a[1]);
		n += a[1];
	} else {
		memcpy((char *)arg + a[0] % 4096, c->body + 16, a[1]);
	}
	h.size = (uint32_t)(sizeof(h) + n);
	if (send(c->sock, &h, sizeof(h), MSG_NOSIGNAL) != sizeof(h))
		return -1;
	return send(c->sock, body, n, MSG_NOSIGNAL) == (ssize_t)n ? 0 : -1;
}

static void test_dma_by_message(void)
{
	struct toy *t = start();
	char mem[4096] = "from the client's side", back[32];

	CU_ASSERT_EQUAL(mc_version(&t->c, 0, 1,
				   "{\"capabilities\":{\"max_data_xfer_size\":8}}"), 0);
	t->c.serve_dma = serve_dma;
	t->c.arg = mem;
	CU_ASSERT_EQUAL(mc_map(&t->c, MEM_READ_WRITE, 0, 0x10000, 0x1000, -1), 0);
	bus_master(t, true);
	CU_ASSERT_EQUAL(dma(t, 0x10000, 22, 1), 0);
	mc_read(&t->c, 0, R_BUFFER, back, 22);
	CU_ASSERT_EQUAL(memcmp(back, mem, 22), 0);
	CU_ASSERT_EQUAL(mc_r32(&t->c, 0, R_SCRATCH), 0x09090909);
	mc_write(&t->c, 0, R_BUFFER, "to it", 5);
	CU_ASSERT_EQUAL(dma(t, 0x10100, 5, 2), 0);
	CU_ASSERT_EQUAL(memcmp(mem + 0x100, "to it", 5), 0);
	stop(t);
}

static bool rang(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	uint64_t n;

	return poll(&p, 1, 0) == 1 && read(fd, &n, sizeof(n)) == sizeof(n);
}

static void raise_vector(struct toy *t, uint32_t v)
{
	CU_ASSERT_EQUAL(mc_w32(&t->c, 0, R_RAISE, v), 0);
	mc_r32(&t->c, 0, R_SCRATCH);
}

static void test_msix(void)
{
	struct toy *t = start_negotiated();
	int fd[3], pipe_fd[2];
	uint16_t control;

	for (int i = 0; i < 3; i++)
		fd[i] = eventfd(0, EFD_CLOEXEC);
	CU_ASSERT_EQUAL_FATAL(pipe(pipe_fd), 0);
	bus_master(t, true);
	CU_ASSERT_EQUAL(mc_set_irqs(&t->c, EVENTFD_TRIGGER, MSIX, 0, 3, fd, 3), 0);
	raise_vector(t, 1);
	CU_ASSERT_TRUE(rang(fd[1]));
	CU_ASSERT_FALSE(rang(fd[0]));

	/* Masked by SET_IRQS, by the function's bit, by Bus Master: pending, then delivered. */
	CU_ASSERT_EQUAL(mc_set_irqs(&t->c, NONE_MASK, MSIX, 1, 1, NULL, 0), 0);
	raise_vector(t, 1);
	CU_ASSERT_FALSE(rang(fd[1]));
	CU_ASSERT_EQUAL(mc_r32(&t->c, 3, 0x2000), 2);
	CU_ASSERT_EQUAL(mc_set_irqs(&t->c, NONE_UNMASK, MSIX, 1, 1, NULL, 0), 0);
	CU_ASSERT_TRUE(rang(fd[1]));
	CU_ASSERT_EQUAL(mc_r32(&t->c, 3, 0x2000), 0);
	control = 0xc000;
	mc_write(&t->c, CONFIG, 0xa2, &control, 2);
	raise_vector(t, 0);
	CU_ASSERT_FALSE(rang(fd[0]));
	control = 0x8000;
	mc_write(&t->c, CONFIG, 0xa2, &control, 2);
	CU_ASSERT_TRUE(rang(fd[0]));
	bus_master(t, false);
	raise_vector(t, 2);
	CU_ASSERT_FALSE(rang(fd[2]));
	bus_master(t, true);
	CU_ASSERT_TRUE(rang(fd[2]));

	/* The client's own trigger, and one vector taken away. */
	CU_ASSERT_EQUAL(mc_set_irqs(&t->c, NONE_TRIGGER, MSIX, 0, 2, NULL, 0), 0);
	CU_ASSERT_TRUE(rang(fd[0]) && rang(fd[1]) && !rang(fd[2]));
	CU_ASSERT_EQUAL(mc_set_irqs(&t->c, EVENTFD_TRIGGER, MSIX, 0, 1, NULL, 0), 0);
	raise_vector(t, 0);
	CU_ASSERT_FALSE(rang(fd[0]));

	/* Wrong ones. */
	CU_ASSERT_EQUAL(mc_set_irqs(&t->c, EVENTFD_TRIGGER, MSIX, 2, 2, fd, 2), EINVAL);
	CU_ASSERT_EQUAL(mc_set_irqs(&t->c, EVENTFD_TRIGGER, MSIX, 1, UINT32_MAX, fd, 1), EINVAL);
	CU_ASSERT_EQUAL(mc_set_irqs(&t->c, EVENTFD_TRIGGER, MSIX, 0, 3, fd, 2), EINVAL);
	CU_ASSERT_EQUAL(mc_set_irqs(&t->c, EVENTFD_TRIGGER, MSIX, 0, 1, pipe_fd + 1, 1), EINVAL);
	CU_ASSERT_EQUAL(mc_set_irqs(&t->c, EVENTFD_TRIGGER, 0, 0, 1, fd, 1), EINVAL);
	CU_ASSERT_EQUAL(mc_set_irqs(&t->c, NONE_TRIGGER, MSIX, 0, 1, fd, 1), EINVAL);
	CU_ASSERT_EQUAL(mc_set_irqs(&t->c, 0x23, MSIX, 0, 1, NULL, 0), EINVAL);
	CU_ASSERT_EQUAL(mc_set_irqs(&t->c, 0x31, MSIX, 0, 1, NULL, 0), EINVAL);
	CU_ASSERT_EQUAL(mc_set_irqs(&t->c, 0x22, MSIX, 0, 3, NULL, 0), EINVAL);
	CU_ASSERT_EQUAL(mc_set_irqs(&t->c, NONE_MASK, MSIX, 0, 0, NULL, 0), EINVAL);
	CU_ASSERT_EQUAL(mc_set_irqs(&t->c, NONE_TRIGGER, MSIX, 0, 0, NULL, 0), 0);
	for (int i = 0; i < 3; i++)
		close(fd[i]);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
	stop(t);
}

/* A client that lets a guest program the table: its mask bits then count. */
static void test_msix_table(void)
{
	struct toy *t = start_negotiated();
	int fd = eventfd(0, EFD_CLOEXEC);

	bus_master(t, true);
	CU_ASSERT_EQUAL(mc_set_irqs(&t->c, EVENTFD_TRIGGER, MSIX, 0, 1, &fd, 1), 0);
	CU_ASSERT_EQUAL(mc_r32(&t->c, 3, 12), 1);
	mc_w32(&t->c, 3, 0, 0xfee01003);
	CU_ASSERT_EQUAL(mc_r32(&t->c, 3, 0), 0xfee01000);
	raise_vector(t, 0);
	CU_ASSERT_FALSE(rang(fd));
	mc_w32(&t->c, 3, 0x2000, 0);	/* the PBA is read only */
	CU_ASSERT_EQUAL(mc_r32(&t->c, 3, 0x2000), 1);
	mc_w32(&t->c, 3, 12, 0);
	CU_ASSERT_TRUE(rang(fd));
	close(fd);
	stop(t);
}

static void test_reset_and_reconnect(void)
{
	struct toy *t = start_negotiated();
	int fd = memory(4096), ev = eventfd(0, EFD_CLOEXEC);
	uint32_t before;

	bus_master(t, true);
	mc_map(&t->c, MEM_READ_WRITE, 0, 0x10000, 0x1000, fd);
	mc_set_irqs(&t->c, EVENTFD_TRIGGER, MSIX, 0, 1, &ev, 1);
	mc_w32(&t->c, 0, R_SCRATCH, 1);
	before = t->resets;
	CU_ASSERT_EQUAL(mc_call(&t->c, CMD_RESET, NULL, 0), 0);
	CU_ASSERT_EQUAL(t->resets, before + 1);
	CU_ASSERT_EQUAL(mc_r32(&t->c, 0, R_SCRATCH), 0x5c4a7c11);
	CU_ASSERT_EQUAL(mc_r32(&t->c, CONFIG, 4) & 0xffff, 0x0006);
	CU_ASSERT_EQUAL(dma(t, 0x10000, 8, 1), 0);

	/* A new client finds a card that nobody has touched. */
	mc_loop_stop(&t->thread);
	close(t->c.sock);
	model_loop_once(t->loop, 1000);
	CU_ASSERT_FALSE(model_has_client(t->m));
	connect_client(t);
	mc_loop_start(&t->thread, t->loop);
	CU_ASSERT_EQUAL(mc_version(&t->c, 0, 0, NULL), 0);
	CU_ASSERT_EQUAL(mc_r32(&t->c, CONFIG, 4) & 0xffff, 0x0002);
	bus_master(t, true);
	CU_ASSERT_EQUAL(dma(t, 0x10000, 8, 1), EFAULT);
	raise_vector(t, 0);
	CU_ASSERT_FALSE(rang(ev));
	close(fd);
	close(ev);
	stop(t);
}

static void test_malformed(void)
{
	static const struct mc_header fatal[] = {
		{1, CMD_READ, 15, 0, 0},	/* shorter than a header */
		{1, CMD_READ, 0xffffffff, 0, 0},
		{1, CMD_READ, 16, 1, 0},	/* a reply to nothing */
		{1, CMD_READ, 16, 7, 0},	/* no such type */
	};
	struct toy *t = start_negotiated();
	int fds[70];

	CU_ASSERT_EQUAL(mc_call(&t->c, 0, NULL, 0), ENOTSUP);
	CU_ASSERT_EQUAL(mc_call(&t->c, CMD_IO_FDS, fds, 16), ENOTSUP);
	CU_ASSERT_EQUAL(mc_call(&t->c, 14, NULL, 0), ENOTSUP);
	CU_ASSERT_EQUAL(mc_call(&t->c, 65535, NULL, 0), ENOTSUP);
	for (uint16_t i = 2; i <= 10; i++)
		if (i != CMD_IO_FDS) {
			CU_ASSERT_EQUAL(mc_call(&t->c, i, "short", 5), EINVAL);
		}
	CU_ASSERT_EQUAL(mc_call(&t->c, CMD_RESET, "x", 1), EINVAL);
	for (int i = 0; i < 70; i++)
		fds[i] = 0;
	CU_ASSERT_EQUAL(mc_call_fds(&t->c, CMD_RESET, NULL, 0, fds, 1), EINVAL);
	CU_ASSERT_EQUAL(mc_r32(&t->c, 0, R_SCRATCH), 0x5c4a7c11);
	/* More descriptors than we said that we take. */
	CU_ASSERT_EQUAL(mc_call_fds(&t->c, CMD_SET_IRQS, NULL, 0, fds, 70), -1);
	stop(t);
	for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++) {
		t = start_negotiated();
		CU_ASSERT_EQUAL(send(t->c.sock, &fatal[i], 16, MSG_NOSIGNAL), 16);
		CU_ASSERT_EQUAL(mc_receive(&t->c), -1);
		stop(t);
	}
}

/* A description that contradicts itself makes no model. */
static void test_bad_description(void)
{
	struct model_loop *l = model_loop_new();
	struct model_pci p = toy_pci;

	p.bar[0].size = 65535;
	CU_ASSERT_PTR_NULL(model_new(l, &p, &toy_ops, NULL));
	p = toy_pci;
	p.bar[1].size = 4096;	/* the upper half of BAR 0 */
	CU_ASSERT_PTR_NULL(model_new(l, &p, &toy_ops, NULL));
	p = toy_pci;
	p.msix_pba_offset = 0x4000;
	CU_ASSERT_PTR_NULL(model_new(l, &p, &toy_ops, NULL));
	p = toy_pci;
	p.msix_vectors = 2049;
	CU_ASSERT_PTR_NULL(model_new(l, &p, &toy_ops, NULL));
	model_loop_free(l);
}

static const struct unit_test tests[] = {
	{"version negotiation", test_version},
	{"version refused", test_version_refused},
	{"device, region and interrupt info", test_info},
	{"region access", test_region_access},
	{"config space", test_config},
	{"coalesced writes", test_write_multi},
	{"DMA maps", test_dma_maps},
	{"DMA through mapped memory", test_dma},
	{"DMA by message", test_dma_by_message},
	{"MSI-X by eventfd", test_msix},
	{"MSI-X table", test_msix_table},
	{"reset and reconnect", test_reset_and_reconnect},
	{"malformed messages", test_malformed},
	{"a bad description", test_bad_description},
};

UNIT_MAIN("vfio-user server", tests)
