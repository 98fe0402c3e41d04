// SPDX-License-Identifier: Apache-2.0
#include "kernel/vm/msix.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/lib/log.h"
#include "kernel/vm/irq.h"

static uint16_t control(const struct msix *m)
{
	return (uint16_t)pci_get(m->dev, m->cap + PCI_MSIX_FLAGS, 2);
}

static bool vector_open(const struct msix *m, unsigned int i)
{
	return (control(m) & (PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL)) ==
		       PCI_MSIX_FLAGS_ENABLE &&
	       !(m->vectors[i].ctrl & PCI_MSIX_ENTRY_CTRL_MASKBIT);
}

/* The guest's address may make no sense to KVM: the interrupt then goes nowhere, as on a PC. */
static void warn_once(struct msix *m, unsigned int i, int r)
{
	if (!m->warned)
		log_warning("%s: MSI-X vector %u cannot be delivered: %s", m->name, i,
			    strerror(-r));
	m->warned = true;
}

static int route(struct msix *m, unsigned int i)
{
	struct msix_vector *v = &m->vectors[i];

	if (v->gsi < 0) {
		int gsi = irq_msi_alloc(m->dev->vm);

		if (gsi < 0)
			return gsi;
		v->gsi = gsi;
	}
	return irq_msi_set(m->dev->vm, v->gsi, ((uint64_t)v->addr_hi << 32) | v->addr_lo, v->data);
}

static void unbind(struct msix *m, struct msix_source *s)
{
	if (s->bound)
		irqfd_assign(m->dev->vm, s->fd, m->vectors[s->vector].gsi, false);
	s->bound = false;
}

static void bind(struct msix *m, struct msix_source *s)
{
	int r;

	if (s->bound)
		return;
	r = irqfd_assign(m->dev->vm, s->fd, m->vectors[s->vector].gsi, true);
	if (r)
		warn_once(m, s->vector, r);
	else
		s->bound = true;
}

/* Brings what KVM knows of vector i in line with the table. */
static void refresh(struct msix *m, unsigned int i)
{
	bool open = vector_open(m, i), used = false;

	for (struct msix_source *s = m->sources; s; s = s->next)
		used |= s->vector == i;
	if (open && used) {
		int r = route(m, i);

		if (r) {
			warn_once(m, i, r);
			open = false;
		}
	}
	for (struct msix_source *s = m->sources; s; s = s->next) {
		if (s->vector != i)
			continue;
		if (open)
			bind(m, s);
		else
			unbind(m, s);
	}
}

int msix_init(struct msix *m, struct pci_dev *dev, const char *name, unsigned int vectors, int bar,
	      uint32_t table_off, uint32_t pba_off)
{
	uint8_t body[10] = {0}, wmask[10] = {0};
	uint16_t flags = (uint16_t)(vectors - 1);
	uint32_t table = table_off | (uint32_t)bar, pba = pba_off | (uint32_t)bar;
	int at;

	memset(m, 0, sizeof(*m));
	if (!vectors || vectors > MSIX_VECTORS_MAX)
		return -EINVAL;
	memcpy(body, &flags, 2);
	memcpy(body + 2, &table, 4);
	memcpy(body + 6, &pba, 4);
	wmask[1] = (PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL) >> 8;
	at = pci_dev_cap(dev, PCI_CAP_ID_MSIX, body, wmask, sizeof(body));
	if (at < 0)
		return at;
	m->vectors = calloc(vectors, sizeof(*m->vectors));
	if (!m->vectors)
		return -ENOMEM;
	for (unsigned int i = 0; i < vectors; i++)
		m->vectors[i] = (struct msix_vector){.ctrl = PCI_MSIX_ENTRY_CTRL_MASKBIT, .gsi = -1};
	m->dev = dev;
	m->name = name;
	m->cap = (unsigned int)at;
	m->n = vectors;
	return 0;
}

void msix_free(struct msix *m)
{
	for (struct msix_source *s = m->sources; s; s = s->next)
		unbind(m, s);
	for (unsigned int i = 0; i < m->n; i++)
		if (m->vectors[i].gsi >= 0)
			irq_msi_free(m->dev->vm, m->vectors[i].gsi);
	free(m->vectors);
	memset(m, 0, sizeof(*m));
}

void msix_config_written(struct msix *m, unsigned int off, unsigned int len)
{
	if (off < m->cap + PCI_MSIX_FLAGS + 2 && off + len > m->cap + PCI_MSIX_FLAGS)
		for (unsigned int i = 0; i < m->n; i++)
			refresh(m, i);
}

static void table_write(struct msix *m, uint64_t off, uint32_t value)
{
	struct msix_vector *v = &m->vectors[off / PCI_MSIX_ENTRY_SIZE];

	switch (off % PCI_MSIX_ENTRY_SIZE) {
	case PCI_MSIX_ENTRY_LOWER_ADDR:
		v->addr_lo = value & ~3u;
		break;
	case PCI_MSIX_ENTRY_UPPER_ADDR:
		v->addr_hi = value;
		break;
	case PCI_MSIX_ENTRY_DATA:
		v->data = value;
		break;
	case PCI_MSIX_ENTRY_VECTOR_CTRL:
		v->ctrl = value & PCI_MSIX_ENTRY_CTRL_MASKBIT;
		break;
	}
}

void msix_table_access(struct msix *m, uint64_t off, void *data, unsigned int len, bool write)
{
	uint64_t end = (uint64_t)m->n * PCI_MSIX_ENTRY_SIZE;
	uint32_t value;

	if (off >= end || len > end - off) {
		if (!write)
			memset(data, 0, len);
	} else if (!write) {
		/* The first 16 bytes of a vector are laid out as the table's entry is. */
		for (unsigned int i = 0; i < len; i++)
			((uint8_t *)data)[i] = ((const uint8_t *)&m->vectors[(off + i) / 16])
				[(off + i) % 16];
	} else if (!(off & 3) && (len == 4 || (len == 8 && !(off & 7)))) {
		/* Other widths are undefined by the standard: dropped. */
		for (unsigned int i = 0; i < len; i += 4) {
			memcpy(&value, (uint8_t *)data + i, 4);
			table_write(m, off + i, value);
		}
		refresh(m, (unsigned int)(off / PCI_MSIX_ENTRY_SIZE));
	}
}

static bool pending(const struct msix *m, unsigned int i)
{
	for (const struct msix_source *s = m->sources; s; s = s->next) {
		struct pollfd p = {.fd = s->fd, .events = POLLIN};

		if (s->vector == i && !s->bound && poll(&p, 1, 0) == 1)
			return true;
	}
	return false;
}

void msix_pba_read(struct msix *m, uint64_t off, void *data, unsigned int len)
{
	uint8_t *out = data;

	memset(data, 0, len);
	for (unsigned int bit = 0; bit < len * 8; bit++) {
		uint64_t i = off * 8 + bit;

		if (i < m->n && pending(m, (unsigned int)i))
			out[bit / 8] |= (uint8_t)(1u << (bit % 8));
	}
}

void msix_source_add(struct msix *m, struct msix_source *s, int fd)
{
	*s = (struct msix_source){.next = m->sources, .fd = fd, .vector = MSIX_NO_VECTOR};
	m->sources = s;
}

int msix_source_set(struct msix *m, struct msix_source *s, uint16_t vector)
{
	uint64_t count;

	if (vector != MSIX_NO_VECTOR && vector >= m->n)
		return -EINVAL;
	if (s->vector != MSIX_NO_VECTOR)
		unbind(m, s);
	s->vector = vector;
	if (vector != MSIX_NO_VECTOR)
		refresh(m, vector);
	else if (read(s->fd, &count, sizeof(count)) < 0)
		return 0;	/* nothing was pending */
	return 0;
}
