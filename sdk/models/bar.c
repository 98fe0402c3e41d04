// SPDX-License-Identifier: Apache-2.0
/* The BARs: accesses of any length as the model's own, MSI-X structures, and shared pages. */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <fcntl.h>
#include <unistd.h>

static bool bar_ok(const struct model_pci *p, int i)
{
	const struct model_bar *b = &p->bar[i];
	uint64_t least = b->flags & MODEL_BAR_IO ? 4 : 16;
	uint64_t most = b->flags & MODEL_BAR_MEM64 ? 1ull << 62 : 1ull << 31;

	if (!b->size)
		return true;
	if (b->size & (b->size - 1) || b->size < least || b->size > most)
		return false;
	if (b->flags & MODEL_BAR_IO)
		return b->flags == MODEL_BAR_IO;
	if (b->flags & ~(uint32_t)(MODEL_BAR_MEM64 | MODEL_BAR_PREFETCH))
		return false;
	return !(b->flags & MODEL_BAR_MEM64) || (i < 5 && !p->bar[i + 1].size);
}

static bool fits(const struct model *m, unsigned int bar, uint32_t offset, uint64_t n)
{
	return bar < 6 && offset % 8 == 0 && offset + n <= m->bar[bar].size;
}

int bar_init(struct model *m)
{
	const struct model_pci *p = &m->pci;

	for (int i = 0; i < 6; i++) {
		m->bar[i].memfd = -1;
		if (!bar_ok(p, i))
			return -EINVAL;
		m->bar[i].size = p->bar[i].size;
		m->bar[i].flags = p->bar[i].flags;
	}
	if (!p->msix_vectors)
		return 0;
	if (p->msix_vectors > 2048 || p->msix_cap < 0x40 || p->msix_cap > 0xf4 ||
	    p->msix_cap % 4 ||
	    !fits(m, p->msix_table_bar, p->msix_table_offset, 16ull * p->msix_vectors) ||
	    !fits(m, p->msix_pba_bar, p->msix_pba_offset, (p->msix_vectors + 63ull) / 64 * 8))
		return -EINVAL;
	return 0;
}

void bar_free(struct model *m)
{
	for (int i = 0; i < 6; i++) {
		struct bar *b = &m->bar[i];

		while (b->areas) {
			struct area *a = b->areas;

			b->areas = a->next;
			munmap(a->mem, a->size);
			free(a);
		}
		if (b->memfd >= 0)
			close(b->memfd);
		b->memfd = -1;
	}
}

void bar_clear_areas(struct model *m)
{
	for (int i = 0; i < 6; i++)
		for (struct area *a = m->bar[i].areas; a; a = a->next)
			memset(a->mem, 0, a->size);
}

static struct area *find_area(const struct bar *b, uint64_t offset, uint64_t n)
{
	for (struct area *a = b->areas; a; a = a->next)
		if (offset < a->offset + a->size && a->offset < offset + n)
			return a;
	return NULL;
}

/* The file has the BAR's size and the area lies in it at its place in the BAR. */
static int area_file(struct bar *b)
{
	int fd;

	if (b->memfd >= 0)
		return 0;
	fd = memfd_create("vmhi-model-bar", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -1;
	if (ftruncate(fd, (off_t)b->size) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
		close(fd);
		return -1;
	}
	b->memfd = fd;
	return 0;
}

void *model_share(struct model *m, unsigned int bar, uint64_t offset, uint64_t size)
{
	struct bar *b = bar < 6 ? &m->bar[bar] : NULL;
	struct area *a, **end;
	void *mem;

	if (!b || !size || (offset | size) % 4096 || offset > b->size ||
	    size > b->size - offset || find_area(b, offset, size) ||
	    msix_table_hit(m, bar, offset, size) || m->c.up) {
		errno = EINVAL;
		return NULL;
	}
	if (area_file(b) < 0)
		return NULL;
	mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, b->memfd, (off_t)offset);
	if (mem == MAP_FAILED)
		return NULL;
	a = calloc(1, sizeof(*a));
	if (!a) {
		munmap(mem, size);
		return NULL;
	}
	*a = (struct area){.offset = offset, .size = size, .mem = mem};
	for (end = &b->areas; *end; end = &(*end)->next)
		;
	*end = a;
	b->nareas++;
	return mem;
}

static void read_one(struct model *m, unsigned int bar, uint64_t offset, uint8_t *p,
		     unsigned int size)
{
	struct area *a = find_area(&m->bar[bar], offset, size);
	uint64_t v;

	if (a) {
		memcpy(p, a->mem + (offset - a->offset), size);
		return;
	}
	if (msix_table_hit(m, bar, offset, size)) {
		for (unsigned int i = 0; i < size; i++) {
			uint32_t w = 0;

			msix_read32(m, bar, (offset + i) & ~3ull, &w);
			p[i] = (uint8_t)(w >> (offset + i) % 4 * 8);
		}
		return;
	}
	v = m->ops->read(m->dev, bar, offset, size);
	memcpy(p, &v, size);
}

static void write_one(struct model *m, unsigned int bar, uint64_t offset, const uint8_t *p,
		      unsigned int size)
{
	struct area *a = find_area(&m->bar[bar], offset, size);
	uint64_t v = 0;

	if (a) {
		memcpy(a->mem + (offset - a->offset), p, size);
		return;
	}
	memcpy(&v, p, size);
	if (!msix_table_hit(m, bar, offset, size)) {
		m->ops->write(m->dev, bar, offset, size, v);
		return;
	}
	/* PCI allows the table dword and quadword writes only; others have no effect. */
	for (unsigned int i = 0; size >= 4 && i < size; i += 4)
		msix_write32(m, bar, offset + i, (uint32_t)(v >> 8 * i));
}

/* The largest naturally aligned piece of at most 8 bytes that begins here. */
static unsigned int piece(uint64_t offset, size_t n)
{
	unsigned int size = 8;

	while (offset % size || size > n)
		size /= 2;
	return size;
}

void bar_read(struct model *m, unsigned int bar, uint64_t offset, void *buf, size_t n)
{
	uint8_t *p = buf;

	if (!config_memory_on(m, &m->bar[bar])) {
		memset(buf, 0xff, n);
		return;
	}
	while (n) {
		unsigned int size = piece(offset, n);

		read_one(m, bar, offset, p, size);
		offset += size;
		p += size;
		n -= size;
	}
}

void bar_write(struct model *m, unsigned int bar, uint64_t offset, const void *buf, size_t n)
{
	const uint8_t *p = buf;

	while (n && config_memory_on(m, &m->bar[bar])) {
		unsigned int size = piece(offset, n);

		write_one(m, bar, offset, p, size);
		offset += size;
		p += size;
		n -= size;
	}
}
