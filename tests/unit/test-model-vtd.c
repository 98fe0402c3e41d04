// SPDX-License-Identifier: Apache-2.0
/* A model behind the VT-d of its machine: tables made here, walked there. */
#include <errno.h>
#include <stdlib.h>

#include "tests/unit/model-toy.h"
#include "tests/unit/proxy-client.h"

#define MIB (1ull << 20)
#define BAR0 0xfe000000ull
#define BAR3 0xfe010000ull
#define DEVFN 0x50
/* Places in the machine's memory. */
#define ROOT 0x1000
#define CONTEXT 0x2000
#define TABLE(n) (0x3000 + 0x1000 * (n))
#define IRTE 0x8000
#define DATA 0x10000
#define TES (1ull << 63)
#define IRES (1ull << 57)

static struct machine {
	struct toy *t;
	int sock, qtest, fd, said[2];
	uint8_t *ram;
	uint64_t status, irta;
	pthread_t thread;
	char path[64];
} v;

static void *qtest_side(void *arg)
{
	int listener = *(int *)arg, s = accept(listener, NULL, NULL);
	const char *line;

	while (*(line = qt_line(s, 10000))) {
		unsigned long long at;
		char text[64];

		if (sscanf(line, "readq %llx", &at) != 1) {
			if (write(v.said[1], line, strlen(line)) < 0)
				break;
			qt_ok(s);
			continue;
		}
		snprintf(text, sizeof(text), "OK 0x%016llx\n",
			 (unsigned long long)(at == 0xfed90018 ? v.status :
					      at == 0xfed90020 ? ROOT :
					      at == 0xfed900b8 ? v.irta : 0));
		send(s, text, strlen(text), MSG_NOSIGNAL);
	}
	close(s);
	return NULL;
}

static void entry(uint64_t at, uint64_t low, uint64_t high)
{
	memcpy(v.ram + at, &low, 8);
	memcpy(v.ram + at + 8, &high, 8);
}

static void pte(uint64_t table, unsigned int i, uint64_t value)
{
	memcpy(v.ram + table + 8 * i, &value, 8);
}

/* IOVA 0x7000 is DATA, 2 MiB is a large page at 0, 4 MiB + 4096 may only be read. */
static void make_tables(void)
{
	entry(ROOT, CONTEXT | 1, 0);
	entry(CONTEXT + DEVFN * 16, TABLE(0) | 1, 1);
	pte(TABLE(0), 0, TABLE(1) | 3);
	pte(TABLE(1), 0, TABLE(2) | 3);
	pte(TABLE(1), 1, 0x83);
	pte(TABLE(1), 2, TABLE(3) | 3);
	pte(TABLE(2), 7, DATA | 3);
	pte(TABLE(2), 8, (DATA + 0x3000) | 3);
	pte(TABLE(3), 1, DATA | 1);
}

static void bus_master(bool on)
{
	CU_ASSERT_EQUAL(px_config_write(v.sock, 4, on ? 6 : 2, 2), 0);
}

static void boot(uint64_t status)
{
	struct px_sysmem s = {{0}, {4 * MIB}, {0}};
	static int listener;
	int p[2];

	v = (struct machine){.t = toy_new(), .status = status, .irta = IRTE | 1};
	v.fd = memfd_create("test", MFD_CLOEXEC);
	CU_ASSERT_EQUAL_FATAL(ftruncate(v.fd, 4 * MIB), 0);
	v.ram = mmap(NULL, 4 * MIB, PROT_READ | PROT_WRITE, MAP_SHARED, v.fd, 0);
	CU_ASSERT_NOT_EQUAL_FATAL(v.ram, MAP_FAILED);
	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, v.said), 0);
	snprintf(v.path, sizeof(v.path), "/tmp/test-model-vtd.%d", getpid());
	listener = v.qtest = qt_listen(v.path);
	pthread_create(&v.thread, NULL, qtest_side, &listener);
	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p), 0);
	v.sock = p[1];
	CU_ASSERT_EQUAL(model_proxy_vtd(v.t->m, 256, 0), -EINVAL);
	CU_ASSERT_EQUAL(model_proxy_vtd(v.t->m, 0, DEVFN), 0);
	CU_ASSERT_EQUAL_FATAL(model_proxy(v.t->m, p[0], v.path), 0);
	CU_ASSERT_EQUAL(model_proxy_vtd(v.t->m, 0, DEVFN), -EBUSY);
	mc_loop_start(&v.t->thread, v.t->loop);
	make_tables();
	px_memory(v.sock, &s, v.fd, 1);
	px_config_write(v.sock, 0x10, (uint32_t)BAR0, 4);
	px_config_write(v.sock, 0x1c, (uint32_t)BAR3, 4);
	bus_master(true);
}

static void power_off(void)
{
	close(v.sock);
	toy_stop(v.t);
	pthread_join(v.thread, NULL);
	close(v.qtest);
	close(v.said[0]);
	close(v.said[1]);
	munmap(v.ram, 4 * MIB);
	close(v.fd);
	unlink(v.path);
}

static int dma(uint64_t iova, uint32_t n, uint32_t go)
{
	px_write(v.sock, BAR0 + R_IOVA, iova, 8);
	px_write(v.sock, BAR0 + R_LENGTH, n, 4);
	px_write(v.sock, BAR0 + R_GO, go, 4);
	return (int)px_read(v.sock, BAR0 + R_RESULT, 4);
}

static void test_translation(void)
{
	boot(TES);
	memcpy(v.ram + DATA, "page", 4);
	memcpy(v.ram + DATA + 0xffe, "ab", 2);
	memcpy(v.ram + DATA + 0x3000, "cd", 2);
	CU_ASSERT_EQUAL(dma(0x7000, 4, 1), 0);
	CU_ASSERT_EQUAL(memcmp(v.t->buffer, "page", 4), 0);
	/* Neighbours for the card, apart in memory. */
	CU_ASSERT_EQUAL(dma(0x7ffe, 4, 1), 0);
	CU_ASSERT_EQUAL(memcmp(v.t->buffer, "abcd", 4), 0);
	CU_ASSERT_EQUAL(dma(2 * MIB + DATA, 4, 1), 0);
	CU_ASSERT_EQUAL(memcmp(v.t->buffer, "page", 4), 0);
	CU_ASSERT_EQUAL(dma(0x7100, 4, 2), 0);
	CU_ASSERT_EQUAL(memcmp(v.ram + DATA + 0x100, "page", 4), 0);
	/* Readable only; not mapped; past three levels; mapped to memory that is not there. */
	CU_ASSERT_EQUAL(dma(4 * MIB + 4096, 4, 1), 0);
	CU_ASSERT_EQUAL(dma(4 * MIB + 4096, 4, 2), EFAULT);
	CU_ASSERT_EQUAL(dma(0x8ffe, 4, 1), EFAULT);
	CU_ASSERT_EQUAL(dma(DATA, 4, 1), EFAULT);
	CU_ASSERT_EQUAL(dma(1ull << 39, 4, 1), EFAULT);
	CU_ASSERT_EQUAL(dma(UINT64_MAX - 1, 4, 1), EFAULT);
	pte(TABLE(2), 9, (64 * MIB) | 3);
	CU_ASSERT_EQUAL(dma(0x9000, 4, 1), EFAULT);
	/* Taken away: gone at once. */
	pte(TABLE(2), 7, 0);
	CU_ASSERT_EQUAL(dma(0x7000, 4, 1), EFAULT);
	power_off();
}

static void test_contexts(void)
{
	boot(TES);
	entry(CONTEXT + DEVFN * 16, 1 | 2 << 2, 1);	/* pass-through */
	CU_ASSERT_EQUAL(dma(DATA, 4, 1), 0);
	entry(CONTEXT + DEVFN * 16, TABLE(0) | 1, 2);	/* four levels: this is not one */
	CU_ASSERT_EQUAL(dma(DATA, 4, 1), EFAULT);
	pte(TABLE(4), 0, TABLE(0) | 3);
	entry(CONTEXT + DEVFN * 16, TABLE(4) | 1, 2);
	CU_ASSERT_EQUAL(dma(0x7000, 4, 1), 0);
	entry(CONTEXT + DEVFN * 16, TABLE(4) | 1, 4);	/* six levels */
	CU_ASSERT_EQUAL(dma(0x7000, 4, 1), EFAULT);
	entry(CONTEXT + DEVFN * 16, TABLE(0), 1);	/* not present */
	CU_ASSERT_EQUAL(dma(0x7000, 4, 1), EFAULT);
	entry(CONTEXT + DEVFN * 16, (64 * MIB) | 1, 1);	/* tables that are nowhere */
	CU_ASSERT_EQUAL(dma(0x7000, 4, 1), EFAULT);
	/* Off, which the model learns when a driver turns Bus Master on again. */
	v.status = 0;
	CU_ASSERT_EQUAL(dma(DATA, 4, 1), EFAULT);
	bus_master(false);
	bus_master(true);
	CU_ASSERT_EQUAL(dma(DATA, 4, 1), 0);
	power_off();
}

/* Vector 1 with this message, and entry 3 of four as given: what the machine is told, or "". */
static const char *raised(uint64_t low, uint64_t high, uint32_t address, uint32_t data)
{
	entry(IRTE + 3 * 16, low, high);
	px_write(v.sock, BAR3 + 16, address, 4);
	px_write(v.sock, BAR3 + 16 + 4, 0, 4);
	px_write(v.sock, BAR3 + 16 + 8, data, 8);
	px_write(v.sock, BAR0 + R_RAISE, 1, 4);
	return qt_line(v.said[0], 100);
}

static void test_interrupts(void)
{
	const uint64_t irte = 1 | 1 << 2 | 1 << 3 | 1ull << 5 | 0x45ull << 16 | 7ull << 40;
	const uint64_t ours = 1 << 18 | DEVFN;

	boot(IRES);
	px_config_write(v.sock, 0xa2, 0x8000, 2);
	CU_ASSERT_STRING_EQUAL(raised(irte, ours, 0xfee00010 | 3 << 5, 0),
			       "writel 0xfee0700c 0x145\n");
	/* The handle and a subhandle. */
	CU_ASSERT_STRING_EQUAL(raised(irte, ours, 0xfee00018 | 1 << 5, 2),
			       "writel 0xfee0700c 0x145\n");
	/* Another's, not present, past the table, and past VT-d. */
	CU_ASSERT_STRING_EQUAL(raised(irte, 1 << 18 | 0x51, 0xfee00010 | 3 << 5, 0), "");
	CU_ASSERT_STRING_EQUAL(raised(irte & ~1ull, ours, 0xfee00010 | 3 << 5, 0), "");
	CU_ASSERT_STRING_EQUAL(raised(irte, ours, 0xfee00010 | 4 << 5, 0), "");
	CU_ASSERT_STRING_EQUAL(raised(irte, ours, 0xfee00014, 0), "");
	CU_ASSERT_STRING_EQUAL(raised(irte, ours, 0xfee00000, 0x45), "");
	CU_ASSERT_STRING_EQUAL(raised(irte | 1ull << 63, ours, 0xfee00010 | 3 << 5, 0),
			       "writel 0xfee0700c 0x145\n");	/* 8 bits without x2APIC */
	power_off();
	/* Translation alone leaves interrupts as they are. */
	boot(TES);
	px_config_write(v.sock, 0xa2, 0x8000, 2);
	CU_ASSERT_STRING_EQUAL(raised(0, 0, 0xfee01000, 0x45), "writel 0xfee01000 0x45\n");
	power_off();
}

static const struct unit_test tests[] = {
	{"translation", test_translation},
	{"contexts", test_contexts},
	{"interrupt remapping", test_interrupts},
};

UNIT_MAIN("model-vtd", tests)
