// SPDX-License-Identifier: Apache-2.0
/* The model framework behind a raw vfio-user client: negotiation, regions, malformed messages. */
#include <errno.h>

#include "tests/unit/model-toy.h"

static void test_version(void)
{
	struct toy *t = toy_start();
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
	toy_stop(t);
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
		struct toy *t = toy_start();
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
		toy_stop(t);
	}
}

static void test_info(void)
{
	struct toy *t = toy_start_negotiated();
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
	toy_stop(t);
}

static void test_region_access(void)
{
	struct toy *t = toy_start_negotiated();
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
	toy_stop(t);
}

static void test_config(void)
{
	struct toy *t = toy_start_negotiated();
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
	toy_stop(t);
}

static void test_write_multi(void)
{
	struct toy *t = toy_start();
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
	toy_stop(t);
}

static void test_malformed(void)
{
	static const struct mc_header fatal[] = {
		{1, CMD_READ, 15, 0, 0},	/* shorter than a header */
		{1, CMD_READ, 0xffffffff, 0, 0},
		{1, CMD_READ, 16, 1, 0},	/* a reply to nothing */
		{1, CMD_READ, 16, 7, 0},	/* no such type */
	};
	struct toy *t = toy_start_negotiated();
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
	toy_stop(t);
	for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++) {
		t = toy_start_negotiated();
		CU_ASSERT_EQUAL(send(t->c.sock, &fatal[i], 16, MSG_NOSIGNAL), 16);
		CU_ASSERT_EQUAL(mc_receive(&t->c), -1);
		toy_stop(t);
	}
}

/* It makes no model, and one line on standard error says what is wrong with it. */
static void refused(struct model_loop *l, const struct model_pci *p, const char *why)
{
	int log = memfd_create("log", MFD_CLOEXEC), real = dup(STDERR_FILENO);
	char text[512] = "";

	CU_ASSERT_FATAL(log >= 0 && real >= 0 && dup2(log, STDERR_FILENO) >= 0);
	errno = 0;
	CU_ASSERT_PTR_NULL(model_new(l, p, &toy_ops, NULL));
	CU_ASSERT_EQUAL(errno, EINVAL);
	dup2(real, STDERR_FILENO);
	CU_ASSERT(pread(log, text, sizeof(text) - 1, 0) > 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, why));
	CU_ASSERT_PTR_EQUAL(strchr(text, '\n'), text + strlen(text) - 1);
	close(log);
	close(real);
}

/* A description that contradicts itself makes no model. */
static void test_bad_description(void)
{
	struct model_loop *l = model_loop_new();
	struct model_pci p = toy_pci;

	p.bar[0].size = 65535;
	refused(l, &p, "BAR 0, size 0xffff, flags 0x4: not a power of two");
	p = toy_pci;
	p.bar[1].size = 4096;	/* the upper half of BAR 0 */
	refused(l, &p, "BAR 0");
	p = toy_pci;
	p.msix_pba_offset = 0x4000;
	refused(l, &p, "msix_pba_offset 0x4000: it reaches past the end of the BAR");
	p = toy_pci;
	p.msix_table_offset = 4;
	refused(l, &p, "msix_table_offset 0x4: not a multiple of 8");
	p = toy_pci;
	p.msix_pba_bar = 5;
	refused(l, &p, "there is no such BAR");
	p = toy_pci;
	p.msix_vectors = 2049;
	refused(l, &p, "msix_vectors 2049");
	p = toy_pci;
	p.msix_cap = 0x3c;
	refused(l, &p, "msix_cap 0x3c");
	model_loop_free(l);
}

static const struct unit_test tests[] = {
	{"version negotiation", test_version},
	{"version refused", test_version_refused},
	{"device, region and interrupt info", test_info},
	{"region access", test_region_access},
	{"config space", test_config},
	{"coalesced writes", test_write_multi},
	{"malformed messages", test_malformed},
	{"a bad description", test_bad_description},
};

UNIT_MAIN("vfio-user server", tests)
