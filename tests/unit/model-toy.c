// SPDX-License-Identifier: Apache-2.0
/* The card made up for tests: a scratch register, a DMA engine, MSI-X and a doorbell page. */
#include "tests/unit/model-toy.h"

#include <stdlib.h>

static uint64_t toy_read(void *dev, unsigned int bar, uint64_t offset, unsigned int size)
{
	struct toy *t = dev;
	uint64_t v = 0;

	if (bar != 0)
		return 0;
	if (offset >= R_BUFFER && offset + size <= R_BUFFER + sizeof(t->buffer))
		memcpy(&v, t->buffer + (offset - R_BUFFER), size);
	else if (offset == R_SCRATCH)
		v = t->scratch;
	else if (offset == R_RESULT)
		v = (uint32_t)-t->result;
	return v;
}

static void toy_read_later(void *arg)
{
	struct toy *t = arg;

	t->result = model_dma_read(t->m, t->iova, t->buffer, t->length);
}

static void toy_write(void *dev, unsigned int bar, uint64_t offset, unsigned int size, uint64_t v)
{
	struct toy *t = dev;

	if (bar != 0)
		return;
	if (offset >= R_BUFFER && offset + size <= R_BUFFER + sizeof(t->buffer))
		memcpy(t->buffer + (offset - R_BUFFER), &v, size);
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
	else if (offset == R_GO && v == 3)
		model_timer_set(t->loop, &t->later, 1000000);
	else if (offset == R_GO)
		t->result = model_dma_write(t->m, t->iova, t->buffer, t->length);
}

static void toy_reset(void *dev)
{
	struct toy *t = dev;

	t->scratch = 0x5c4a7c11;
	t->resets++;
}

const struct model_ops toy_ops = {.read = toy_read, .write = toy_write, .reset = toy_reset};

const struct model_pci toy_pci = {
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

void toy_connect(struct toy *t)
{
	int s[2];

	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s), 0);
	CU_ASSERT_EQUAL_FATAL(model_serve(t->m, s[0]), 0);
	t->c = (struct mc){.sock = s[1], .fd = -1};
}

struct toy *toy_new(void)
{
	struct toy *t = calloc(1, sizeof(*t));

	t->later = (struct model_timer){.fn = toy_read_later, .arg = t};
	t->loop = model_loop_new();
	t->m = model_new(t->loop, &toy_pci, &toy_ops, t);
	CU_ASSERT_PTR_NOT_NULL_FATAL(t->m);
	CU_ASSERT_EQUAL(model_add_pm_cap(t->m, 0xc8), 0);
	CU_ASSERT_EQUAL(model_add_pcie_cap(t->m, 0xe0), 0);
	t->shared = model_share(t->m, 0, SHARED, 4096);
	CU_ASSERT_PTR_NOT_NULL(t->shared);
	toy_reset(t);
	return t;
}

struct toy *toy_start(void)
{
	struct toy *t = toy_new();

	toy_connect(t);
	mc_loop_start(&t->thread, t->loop);
	return t;
}

struct toy *toy_start_negotiated(void)
{
	struct toy *t = toy_start();

	CU_ASSERT_EQUAL(mc_version(&t->c, 0, 1, NULL), 0);
	return t;
}

void toy_stop(struct toy *t)
{
	mc_loop_stop(&t->thread);
	close(t->c.sock);
	model_timer_cancel(t->loop, &t->later);
	model_free(t->m);
	model_loop_free(t->loop);
	free(t);
}
