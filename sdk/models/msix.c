// SPDX-License-Identifier: Apache-2.0
/*
 * MSI-X: the table and the pending bits as the client sees them, and the eventfds behind them.
 *
 * A client of VFIO's kind gives each vector an eventfd and never touches the table; a client that
 * shows the card to a guest lets it program the table. Both are served: the table's mask bits count
 * from the moment the client first writes the table.
 */
#include "internal.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int msix_init(struct model *m)
{
	unsigned int n = m->pci.msix_vectors;
	uint8_t cap[12] = {PCI_CAP_ID_MSIX}, writable[12] = {0};
	uint32_t table = m->pci.msix_table_offset | m->pci.msix_table_bar;
	uint32_t pba = m->pci.msix_pba_offset | m->pci.msix_pba_bar;

	if (!n)
		return 0;
	m->vectors = calloc(n, sizeof(*m->vectors));
	if (!m->vectors)
		return -ENOMEM;
	for (unsigned int i = 0; i < n; i++)
		m->vectors[i].eventfd = -1;
	msix_reset(m);
	cap[2] = (uint8_t)(n - 1);
	cap[3] = (uint8_t)((n - 1) >> 8);
	writable[3] = (PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL) >> 8;
	memcpy(cap + 4, &table, 4);
	memcpy(cap + 8, &pba, 4);
	return model_add_cap(m, m->pci.msix_cap, cap, writable, sizeof(cap));
}

void msix_free(struct model *m)
{
	for (unsigned int i = 0; m->vectors && i < m->pci.msix_vectors; i++)
		msix_set_trigger(m, i, -1);
	free(m->vectors);
	m->vectors = NULL;
}

/* The card's side of a reset; eventfds and masks of SET_IRQS are the client's and stay. */
void msix_reset(struct model *m)
{
	for (unsigned int i = 0; i < m->pci.msix_vectors; i++) {
		struct vector *v = &m->vectors[i];

		memset(v->entry, 0, sizeof(v->entry));
		v->entry[3] = PCI_MSIX_ENTRY_CTRL_MASKBIT;
		v->pending = false;
	}
	m->table_used = m->proxy;	/* a machine's driver has no other way */
}

static uint16_t control(const struct model *m)
{
	return config16(m, (uint16_t)(m->pci.msix_cap + PCI_MSIX_FLAGS));
}

bool model_msix_enabled(const struct model *m)
{
	if (!m->pci.msix_vectors)
		return false;
	return (control(m) & PCI_MSIX_FLAGS_ENABLE) || m->triggers;
}

static bool blocked(const struct model *m, const struct vector *v)
{
	return !model_bus_master(m) || v->masked || (control(m) & PCI_MSIX_FLAGS_MASKALL) ||
	       (m->table_used && (v->entry[3] & PCI_MSIX_ENTRY_CTRL_MASKBIT));
}

/* An eventfd whose count is full would block us: its reader has signals enough already. */
void msix_signal(struct model *m, unsigned int vector)
{
	struct pollfd p = {.fd = m->vectors[vector].eventfd, .events = POLLOUT};
	const uint64_t one = 1;

	if (m->proxy) {
		proxy_interrupt(m, vector);
		return;
	}
	if (p.fd < 0 || poll(&p, 1, 0) != 1 || !(p.revents & POLLOUT))
		return;
	if (write(p.fd, &one, sizeof(one)) != sizeof(one))
		model_log("MSI-X vector %u: eventfd: %s", vector, strerror(errno));
}

void model_msix_raise(struct model *m, unsigned int vector)
{
	if (vector >= m->pci.msix_vectors || !model_msix_enabled(m))
		return;
	if (m->faults.irqs)
		faults_irq(m, vector);
	else
		msix_send(m, vector);
}

void msix_send(struct model *m, unsigned int vector)
{
	struct vector *v = &m->vectors[vector];

	if (blocked(m, v))
		v->pending = true;
	else
		msix_signal(m, vector);
}

/* What has not left for the machine waits as pending again when its vector is masked now. */
static void recall(struct model *m)
{
	bool enabled = model_msix_enabled(m);

	for (unsigned int i = 0; i < m->pci.msix_vectors; i++)
		if ((!enabled || blocked(m, &m->vectors[i])) && proxy_recall(m, i))
			m->vectors[i].pending = enabled;
}

void msix_flush(struct model *m)
{
	if (m->proxy)
		recall(m);
	if (!model_msix_enabled(m))
		return;
	for (unsigned int i = 0; i < m->pci.msix_vectors; i++) {
		struct vector *v = &m->vectors[i];

		if (v->pending && !blocked(m, v)) {
			v->pending = false;
			msix_signal(m, i);
		}
	}
}

void msix_set_trigger(struct model *m, unsigned int vector, int fd)
{
	struct vector *v = &m->vectors[vector];

	if (v->eventfd >= 0) {
		close(v->eventfd);
		m->triggers--;
	}
	v->eventfd = fd;
	if (fd >= 0)
		m->triggers++;
}

void msix_set_mask(struct model *m, unsigned int vector, bool masked)
{
	m->vectors[vector].masked = masked;
	msix_flush(m);
}

static uint64_t pba_bytes(const struct model *m)
{
	return ((uint64_t)m->pci.msix_vectors + 63) / 64 * 8;
}

static bool in_table(const struct model *m, unsigned int bar, uint64_t offset)
{
	return m->pci.msix_vectors && bar == m->pci.msix_table_bar &&
	       offset >= m->pci.msix_table_offset &&
	       offset - m->pci.msix_table_offset < 16ull * m->pci.msix_vectors;
}

static bool in_pba(const struct model *m, unsigned int bar, uint64_t offset)
{
	return m->pci.msix_vectors && bar == m->pci.msix_pba_bar &&
	       offset >= m->pci.msix_pba_offset &&
	       offset - m->pci.msix_pba_offset < pba_bytes(m);
}

static bool overlaps(uint64_t a, uint64_t an, uint64_t b, uint64_t bn)
{
	return a < b + bn && b < a + an;
}

bool msix_table_hit(const struct model *m, unsigned int bar, uint64_t offset, uint64_t n)
{
	if (!m->pci.msix_vectors)
		return false;
	return (bar == m->pci.msix_table_bar &&
		overlaps(offset, n, m->pci.msix_table_offset, 16ull * m->pci.msix_vectors)) ||
	       (bar == m->pci.msix_pba_bar &&
		overlaps(offset, n, m->pci.msix_pba_offset, pba_bytes(m)));
}

bool msix_read32(struct model *m, unsigned int bar, uint64_t offset, uint32_t *value)
{
	if (in_table(m, bar, offset)) {
		uint64_t at = offset - m->pci.msix_table_offset;

		*value = m->vectors[at / 16].entry[at % 16 / 4];
		return true;
	}
	if (in_pba(m, bar, offset)) {
		unsigned int first = (unsigned int)(offset - m->pci.msix_pba_offset) * 8;

		*value = 0;
		for (unsigned int i = 0; i < 32 && first + i < m->pci.msix_vectors; i++)
			*value |= (uint32_t)m->vectors[first + i].pending << i;
		return true;
	}
	return false;
}

bool msix_write32(struct model *m, unsigned int bar, uint64_t offset, uint32_t value)
{
	uint64_t at = offset - m->pci.msix_table_offset;

	if (in_pba(m, bar, offset))
		return true;	/* read only */
	if (!in_table(m, bar, offset))
		return false;
	if (at % 16 == 0)
		value &= ~3u;
	else if (at % 16 == 12)
		value &= PCI_MSIX_ENTRY_CTRL_MASKBIT;
	m->vectors[at / 16].entry[at % 16 / 4] = value;
	m->table_used = true;
	msix_flush(m);
	return true;
}
