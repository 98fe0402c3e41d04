// SPDX-License-Identifier: Apache-2.0
/* Config space: the type 0 header, the capabilities, and what a write to them does. */
#include "internal.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>

static void put16(uint8_t *p, uint16_t v)
{
	memcpy(p, &v, sizeof(v));
}

static void put32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, sizeof(v));
}

uint16_t config16(const struct model *m, uint16_t offset)
{
	uint16_t v;

	memcpy(&v, m->config + offset, sizeof(v));
	return v;
}

uint32_t model_config(const struct model *m, uint16_t offset)
{
	uint32_t v;

	if (offset > CONFIG_SIZE - sizeof(v))
		return UINT32_MAX;
	memcpy(&v, m->config + offset, sizeof(v));
	return v;
}

void config_reset(struct model *m)
{
	memcpy(m->config, m->config_reset, CONFIG_SIZE);
}

static bool power_on(const struct model *m)
{
	return !m->pm_cap || !(m->config[m->pm_cap + PCI_PM_CTRL] & PCI_PM_CTRL_STATE_MASK);
}

bool model_bus_master(const struct model *m)
{
	return (config16(m, PCI_COMMAND) & PCI_COMMAND_MASTER) && power_on(m);
}

bool config_memory_on(const struct model *m, const struct bar *b)
{
	uint16_t bit = b->flags & MODEL_BAR_IO ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;

	return (config16(m, PCI_COMMAND) & bit) && power_on(m);
}

static void set_bar(struct model *m, int i, uint32_t flags, uint64_t mask)
{
	uint16_t at = (uint16_t)(PCI_BASE_ADDRESS_0 + 4 * i);

	put32(m->config_reset + at, flags);
	put32(m->config_writable + at, (uint32_t)mask);
	if (m->bar[i].flags & MODEL_BAR_MEM64)
		put32(m->config_writable + at + 4, (uint32_t)(mask >> 32));
}

/* The command register's bits for what BARs there are. */
static uint16_t decode_bits(const struct model *m)
{
	uint16_t bits = 0;

	for (int i = 0; i < 6; i++)
		if (m->bar[i].size)
			bits |= m->bar[i].flags & MODEL_BAR_IO ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;
	return bits;
}

/* VFIO enables a function before its user sees it, so a client of ours finds it so too. */
void config_as_vfio(struct model *m)
{
	for (int i = 0; i < 6; i++)
		if (m->bar[i].size)
			set_bar(m, i, m->bar[i].flags, ~(m->bar[i].size - 1));
	put16(m->config_reset + PCI_COMMAND, decode_bits(m));
	config_reset(m);
}

/*
 * All that x-pci-proxy-dev can pass on: BARs of 32 bits, at least 16 bytes and at most 1 GiB. It
 * takes the upper half of a 64-bit BAR for an I/O BAR, the low four bits of any for flags, and
 * keeps sizes in an int.
 */
int config_as_conventional(struct model *m)
{
	for (int i = 0; i < 6; i++) {
		if (m->bar[i].size > 1ull << 30) {
			model_log("BAR %d has %llu bytes: x-pci-proxy-dev takes at most 1 GiB", i,
				  (unsigned long long)m->bar[i].size);
			return -EFBIG;
		}
	}
	for (int i = 0; i < 6; i++) {
		uint64_t size = m->bar[i].size;

		if (size)
			set_bar(m, i, m->bar[i].flags & MODEL_BAR_IO,
				~((size < 16 ? 16 : size) - 1) & UINT32_MAX);
	}
	put16(m->config_reset + PCI_COMMAND, 0);
	config_reset(m);
	return 0;
}

int config_init(struct model *m)
{
	const struct model_pci *p = &m->pci;
	uint8_t *c = m->config_reset;

	put16(c + PCI_VENDOR_ID, p->vendor_id);
	put16(c + PCI_DEVICE_ID, p->device_id);
	put32(c + PCI_CLASS_REVISION, p->class_code << 8 | p->revision);
	put16(c + PCI_SUBSYSTEM_VENDOR_ID, p->subsystem_vendor_id);
	put16(c + PCI_SUBSYSTEM_ID, p->subsystem_id);
	put16(m->config_writable + PCI_COMMAND,
	      (uint16_t)(decode_bits(m) | PCI_COMMAND_MASTER | PCI_COMMAND_PARITY | PCI_COMMAND_SERR |
			 PCI_COMMAND_INTX_DISABLE));
	m->config_writable[PCI_CACHE_LINE_SIZE] = 0xff;
	m->config_writable[PCI_INTERRUPT_LINE] = 0xff;
	config_as_vfio(m);
	return 0;
}

static int add_legacy_cap(struct model *m, uint16_t at, size_t n)
{
	if (n < 2 || at + n > 256)
		return -EINVAL;
	m->config[m->last_cap ? m->last_cap + 1 : PCI_CAPABILITY_LIST] = (uint8_t)at;
	m->config[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
	m->last_cap = (uint8_t)at;
	return 0;
}

static int add_extended_cap(struct model *m, uint16_t at, size_t n)
{
	if (n < 4 || at + n > CONFIG_SIZE || (!m->last_ext_cap && at != 256))
		return -EINVAL;
	if (m->last_ext_cap) {
		uint32_t h = model_config(m, m->last_ext_cap);

		put32(m->config + m->last_ext_cap, (h & 0xfffff) | (uint32_t)at << 20);
	}
	m->last_ext_cap = at;
	return 0;
}

int model_add_cap(struct model *m, uint16_t at, const void *bytes, const void *writable, size_t n)
{
	int r = -EINVAL;

	if (at >= 0x40 && at % 4 == 0 && n <= CONFIG_SIZE)
		r = at < 256 ? add_legacy_cap(m, at, n) : add_extended_cap(m, at, n);
	if (r) {
		model_log("capability of %zu bytes at 0x%x: must be at a multiple of 4 from 0x40 on, "
			  "and end by 0x100, or by 0x1000 if extended; the first extended one is "
			  "at 0x100", n, at);
		return r;
	}
	memcpy(m->config + at, bytes, n);
	if (writable)
		memcpy(m->config_writable + at, writable, n);
	if (at < 256)
		m->config[at + 1] = 0;
	else
		m->config[at + 3] = 0, m->config[at + 2] &= 0x0f;
	memcpy(m->config_reset, m->config, CONFIG_SIZE);
	return 0;
}

int model_add_pm_cap(struct model *m, uint8_t at)
{
	/* Version 2; PME from D0 and D3hot, as the bits of the capability register say. */
	const uint8_t bytes[8] = {PCI_CAP_ID_PM, 0, 0x02, 0x48, 0, 0, 0, 0};
	const uint8_t writable[8] = {0, 0, 0, 0, PCI_PM_CTRL_STATE_MASK, 0x01, 0, 0};
	int r = model_add_cap(m, at, bytes, writable, sizeof(bytes));

	if (!r)
		m->pm_cap = at;
	return r;
}

int model_add_pcie_cap(struct model *m, uint8_t at)
{
	uint8_t bytes[20] = {PCI_CAP_ID_EXP, 0, 0x01, 0x00};
	uint8_t writable[20] = {0};

	put32(bytes + PCI_EXP_DEVCAP, PCI_EXP_DEVCAP_RBER | 0x1);	/* payload to 256 bytes */
	put16(bytes + PCI_EXP_DEVCTL, 0x2810);		/* reads to 512 bytes */
	put16(writable + PCI_EXP_DEVCTL, 0x7fff);
	put32(bytes + PCI_EXP_LNKCAP, 0x00000011);	/* 2.5 GT/s, one lane */
	put16(writable + PCI_EXP_LNKCTL, 0x01c3);
	put16(bytes + PCI_EXP_LNKSTA, 0x1011);
	return model_add_cap(m, at, bytes, writable, sizeof(bytes));
}

void config_read(struct model *m, uint64_t offset, void *buf, size_t n)
{
	memcpy(buf, m->config + offset, n);
}

void config_write(struct model *m, uint64_t offset, const void *buf, size_t n)
{
	const uint8_t *in = buf;
	bool was_on = power_on(m);

	for (size_t i = 0; i < n; i++) {
		uint8_t w = m->config_writable[offset + i];
		uint8_t v = (uint8_t)((m->config[offset + i] & ~w) | (in[i] & w));

		/* D1 and D2 are not there: such a write leaves the state as it was. */
		if (m->pm_cap && offset + i == (uint64_t)m->pm_cap + PCI_PM_CTRL &&
		    (v & PCI_PM_CTRL_STATE_MASK) != 0 &&
		    (v & PCI_PM_CTRL_STATE_MASK) != PCI_PM_CTRL_STATE_MASK)
			v = (uint8_t)((v & ~PCI_PM_CTRL_STATE_MASK) |
				      (m->config[offset + i] & PCI_PM_CTRL_STATE_MASK));
		m->config[offset + i] = v;
	}
	if (!was_on && power_on(m))
		m->ops->reset(m->dev);
	msix_flush(m);
	if (m->ops->config_changed)
		m->ops->config_changed(m->dev);
}
