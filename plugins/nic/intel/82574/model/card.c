// SPDX-License-Identifier: Apache-2.0
/* The card as PCI sees it: its BARs, its resets, and when it may use the bus. */
#include "card.h"

#include <stdlib.h>
#include <string.h>

#define BAR_CSR 0
#define BAR_IO 2
#define IO_ADDRESS 0
#define IO_DATA 4

const struct model_pci card_pci = {
	.vendor_id = 0x8086,
	.device_id = 0x10d3,
	.subsystem_vendor_id = 0x8086,
	.subsystem_id = 0xa01f,
	.class_code = 0x020000,
	.bar = {
		[BAR_CSR] = {CSR_SIZE, MODEL_BAR_MEM32},
		[BAR_IO] = {32, MODEL_BAR_IO},
		[3] = {16384, MODEL_BAR_MEM32},
	},
	.msix_vectors = VECTORS,
	.msix_cap = 0xa0,
	.msix_table_bar = 3,
	.msix_pba_bar = 3,
	.msix_pba_offset = 0x2000,
};

bool card_may_dma(struct card *c)
{
	return model_bus_master(c->model) && !(*reg(c, CTRL) & CTRL_MASTER_OFF);
}

/* CTRL.RST: the MAC starts anew; the PHY and PCI config space stay. */
void card_mac_reset(struct card *c)
{
	uint32_t pba = *reg(c, PBA);

	irq_reset(c);
	delay_reset(c);
	tx_reset(c);
	c->fault.hung = 0;
	list_drop(&c->in);
	registers_reset(c);
	*reg(c, PBA) = pba;	/* CTRL.RST lets a new division come into force */
	nvm_load(c);
	rx_reset(c);
	link_update(c);
	*reg(c, ICR) = 0;
}

void card_reset(struct card *c)
{
	card_mac_reset(c);
	*reg(c, PBA) = PBA_POWER_ON;
	c->io_address = 0;
	c->unknown = 0;
	phy_reset(c);
	*reg(c, ICR) = 0;
}

void card_free(struct card *c)
{
	irq_reset(c);
	delay_reset(c);
	tx_reset(c);
	list_drop(&c->in);
	model_timer_cancel(c->loop, &c->negotiation);
}

static void on_reset(void *dev)
{
	card_reset(dev);
}

static uint64_t io_read(struct card *c, uint64_t offset)
{
	if (offset == IO_ADDRESS)
		return c->io_address;
	if (offset == IO_DATA && c->io_address < CSR_SIZE)
		return register_read(c, c->io_address & ~3u);
	return 0;
}

static void io_write(struct card *c, uint64_t offset, uint32_t v)
{
	if (offset == IO_ADDRESS)
		c->io_address = v;
	else if (offset == IO_DATA && c->io_address < CSR_SIZE)
		register_write(c, c->io_address & ~3u, v);
}

/* Registers are 32 bits wide; a quadword is two of them, a part of one reads and shifts. */
static uint64_t on_read(void *dev, unsigned int bar, uint64_t offset, unsigned int size)
{
	uint32_t at = (uint32_t)offset;
	struct card *c = dev;
	uint64_t v;

	if (bar == BAR_IO)
		return io_read(c, offset);
	if (bar != BAR_CSR)
		return 0;
	v = register_read(c, at & ~3u);
	if (size == 8)
		v |= (uint64_t)register_read(c, at + 4) << 32;
	return v >> at % 4 * 8;
}

static void on_write(void *dev, unsigned int bar, uint64_t offset, unsigned int size, uint64_t v)
{
	struct card *c = dev;

	if (bar == BAR_IO)
		io_write(c, offset, (uint32_t)v);
	if (bar != BAR_CSR || size < 4)
		return;
	register_write(c, (uint32_t)offset, (uint32_t)v);
	if (size == 8)
		register_write(c, (uint32_t)offset + 4, (uint32_t)(v >> 32));
}

static void on_config(void *dev)
{
	struct card *c = dev;

	irq_config_changed(c);
	tx_run(c);
	rx_run(c);
}

const struct model_ops card_ops = {
	.read = on_read,
	.write = on_write,
	.reset = on_reset,
	.config_changed = on_config,
	.fault = fault_command,
};
