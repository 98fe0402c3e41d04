// SPDX-License-Identifier: Apache-2.0
/* The BARs: accesses of any length as the model's own, MSI-X structures, and shared pages. */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <fcntl.h>
#include <unistd.h>

/* What is wrong with it, or NULL. */
static const char *bar_fault(const struct model_pci *p, int i)
{
	const struct model_bar *b = &p->bar[i];
	uint32_t known = b->flags & MODEL_BAR_IO ? MODEL_BAR_IO :
						   MODEL_BAR_MEM64 | MODEL_BAR_PREFETCH;

	if (!b->size)
		return NULL;
	if (b->flags & ~known)
		return "flags that do not go together";
	if (b->size & (b->size - 1))
		return "not a power of two";
	if (b->size < (b->flags & MODEL_BAR_IO ? 4 : 16))
		return "too small: at least 16 bytes, 4 for I/O";
	if (b->size > (b->flags & MODEL_BAR_MEM64 ? 1ull << 62 : 1ull << 31))
		return "too large for its kind";
	if (b->flags & MODEL_BAR_MEM64 && (i == 5 || p->bar[i + 1].size))
		return "a 64-bit BAR needs the next one, which must have size 0";
	return NULL;
}

/* Do n bytes of the MSI-X structure fit there? Says why not. */
static bool fits(const struct model *m, const char *what, unsigned int bar, uint32_t offset,
		 uint64_t n)
{
	const char *why = bar >= 6 || !m->bar[bar].size ? "there is no such BAR" :
			  offset % 8 ? "not a multiple of 8" :
			  offset + n > m->bar[bar].size ? "it reaches past the end of the BAR" :
			  NULL;

	if (why)
		model_log("msix_%s_bar %u, msix_%s_offset 0x%x: %s", what, bar, what, offset, why);
	return !why;
}

static bool msix_ok(const struct model *m)
{
	const struct model_pci *p = &m->pci;

	if (p->msix_vectors > 2048) {
		model_log("msix_vectors %u: at most 2048", p->msix_vectors);
		return false;
	}
	if (p->msix_cap < 0x40 || p->msix_cap > 0xf4 || p->msix_cap % 4) {
		model_log("msix_cap 0x%x: must be a multiple of 4 from 0x40 to 0xf4", p->msix_cap);
		return false;
	}
	return fits(m, "table", p->msix_table_bar, p->msix_table_offset,
		    16ull * p->msix_vectors) &&
	       fits(m, "pba", p->msix_pba_bar, p->msix_pba_offset,
		    (p->msix_vectors + 63ull) / 64 * 8);
}

int bar_init(struct model *m)
{
	const struct model_pci *p = &m->pci;

	for (int i = 0; i < 6; i++) {
		const char *why = bar_fault(p, i);

		if (why) {
			model_log("BAR %d, size 0x%llx, flags 0x%x: %s", i,
				  (unsigned long long)p->bar[i].size, p->bar[i].flags, why);
			return -EINVAL;
		}
		m->bar[i].size = p->bar[i].size;
		m->bar[i].flags = p->bar[i].flags;
	}
	return !p->msix_vectors || msix_ok(m) ? 0 : -EINVAL;
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
	    msix_table_hit(m, bar, offset, size) || model_has_client(m)) {
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
	v = faults_read(m, m->ops->read(m->dev, bar, offset, size), size);
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
