// SPDX-License-Identifier: Apache-2.0
/* The card as PCI sees it: its identity, its registers, and its resets. */
#include "card.h"

#include <stdlib.h>
#include <string.h>

#include "mbox.h"
#include "queue.h"
#include "rx.h"
#include "tx.h"

#define BAR_REGISTERS	0
#define BAR_SIZE	16384
#define BAR_MSIX	2
#define RESET_NS	5000000ull	/* until a port that was reset is ready */

/* Config dword 0x58: valid, interface type 2, family of the 16G/32G chips, SLI-4, a physical function. */
#define SLI_INTF	(6u << 29 | 2u << 12 | 0xcu << 8 | 4u << 4)
#define SLI_INTF_CAP	0x54		/* a vendor capability holds it */

const struct model_pci card_pci = {
	.vendor_id = 0x10df,
	.device_id = 0xe300,
	.subsystem_vendor_id = 0x10df,
	.subsystem_id = 0xe310,
	.class_code = 0x0c0400,
	.revision = 1,
	.bar = {
		[BAR_REGISTERS] = {BAR_SIZE, MODEL_BAR_MEM64},
		[BAR_MSIX] = {16384, MODEL_BAR_MEM64},
	},
	.msix_vectors = VECTORS,
	.msix_cap = 0x70,
	.msix_table_bar = BAR_MSIX,
	.msix_pba_bar = BAR_MSIX,
	.msix_pba_offset = 0x2000,
};

static void ready_again(void *arg)
{
	struct card *c = arg;

	c->resetting = false;
}

int card_init(struct card *c)
{
	static const uint8_t sli_intf[8] = {
		0x09, 0, 8, 0, SLI_INTF & 0xff, SLI_INTF >> 8 & 0xff, 0, SLI_INTF >> 24,
	};

	c->out_end = &c->out;
	c->in_end = &c->in;
	c->reset_timer = (struct model_timer){.fn = ready_again, .arg = c};
	for (unsigned int i = 0; i < XRIS; i++)
		c->xri[i].xri = (uint16_t)i;
	if (model_add_cap(c->model, SLI_INTF_CAP, sli_intf, NULL, sizeof(sli_intf)) ||
	    model_add_pm_cap(c->model, 0xc8))
		return -1;
	return model_add_pcie_cap(c->model, 0xe0);
}

bool card_ready(const struct card *c)
{
	return !c->resetting && !c->error1;
}

void card_port_reset(struct card *c)
{
	for (unsigned int i = 0; i < XRIS; i++) {
		if (c->xri[i].ops)
			exchange_end(c, &c->xri[i]);
		memset(c->xri[i].sgl, 0, sizeof(c->xri[i].sgl));
	}
	tx_drop(c);
	rx_drop(c);
	link_reset(c);
	resource_reset(c);
	memset(c->eq, 0, sizeof(c->eq));
	memset(c->cq, 0, sizeof(c->cq));
	memset(c->wq, 0, sizeof(c->wq));
	memset(c->rq, 0, sizeof(c->rq));
	memset(c->mq, 0, sizeof(c->mq));
	c->error1 = c->error2 = 0;
	c->features = 0;
	c->ra_tov_ms = 0;
}

void card_free(struct card *c)
{
	card_port_reset(c);
	model_timer_cancel(c->loop, &c->reset_timer);
}

/* The port starts over, as firmware does: not ready for a while. */
static void start_over(struct card *c)
{
	card_port_reset(c);
	c->resetting = true;
	model_timer_set(c->loop, &c->reset_timer, RESET_NS);
}

static void on_reset(void *dev)
{
	struct card *c = dev;

	card_port_reset(c);
	model_timer_cancel(c->loop, &c->reset_timer);
	c->resetting = false;
	c->bmbx = 0;
	c->control = c->event_tag = c->unknown = 0;
	memset(&c->counts, 0, sizeof(c->counts));
}

static uint32_t register_read(struct card *c, uint32_t offset)
{
	switch (offset) {
	case REG_SEMAPHORE:
		return c->resetting ? 0 : SEMAPHORE_READY;
	case REG_STATUS:
		return (c->resetting ? 0 : STATUS_READY) | (c->error1 ? STATUS_ERROR : 0) |
		       (c->error1 ? STATUS_RESET_NEEDED : 0);
	case REG_CONTROL:
		return c->control;
	case REG_ERROR1:
		return c->error1;
	case REG_ERROR2:
		return c->error2;
	case REG_BMBX:
		return c->resetting ? 0 : BMBX_READY;
	default:
		if (offset >= REG_SEMAPHORE && c->unknown++ < UNKNOWN_LOGGED)
			model_log("register 0x%03x is not modelled", offset);
		return 0;
	}
}

static void control_write(struct card *c, uint32_t v)
{
	c->control = v & CONTROL_BIG_ENDIAN;
	if (v & CONTROL_BIG_ENDIAN)
		model_log("big-endian hosts are not modelled");
	if (v & CONTROL_INIT_PORT)
		start_over(c);
}

static void register_write(struct card *c, uint32_t offset, uint32_t v)
{
	switch (offset) {
	case REG_WQ_DOORBELL:
		doorbell_wq(c, v);
		break;
	case REG_RQ_DOORBELL:
		doorbell_rq(c, v);
		break;
	case REG_EQCQ_DOORBELL:
		doorbell_eqcq(c, v);
		break;
	case REG_MQ_DOORBELL:
		doorbell_mq(c, v);
		break;
	case REG_BMBX:
		bmbx_write(c, v);
		break;
	case REG_CONTROL:
		control_write(c, v);
		break;
	case REG_PHYSDEV_CONTROL:
		if (v & (PHYSDEV_DEVICE_RESET | PHYSDEV_FUNCTION_RESET))
			start_over(c);
		break;
	case REG_EQ_DELAY:
		break;		/* events interrupt at once */
	default:
		if (c->unknown++ < UNKNOWN_LOGGED)
			model_log("write of 0x%x to register 0x%03x, which is not modelled", v, offset);
	}
}

static uint64_t on_read(void *dev, unsigned int bar, uint64_t offset, unsigned int size)
{
	uint32_t at = (uint32_t)offset;
	struct card *c = dev;
	uint64_t v;

	if (bar != BAR_REGISTERS)
		return 0;
	v = register_read(c, at & ~3u);
	if (size == 8)
		v |= (uint64_t)register_read(c, at + 4) << 32;
	return v >> at % 4 * 8;
}

static void on_write(void *dev, unsigned int bar, uint64_t offset, unsigned int size, uint64_t v)
{
	struct card *c = dev;

	if (bar != BAR_REGISTERS || size < 4)
		return;
	register_write(c, (uint32_t)offset, (uint32_t)v);
	if (size == 8)
		register_write(c, (uint32_t)offset + 4, (uint32_t)(v >> 32));
}

/* A port in error: what the firmware found is in the ERROR registers; only a reset helps. */
static bool on_fault(void *dev, const char *line)
{
	struct card *c = dev;

	if (strcmp(line, "port-error"))
		return false;
	c->error1 = 0x2;
	c->error2 = 0x2;
	return true;
}

const struct model_ops card_ops = {
	.read = on_read,
	.write = on_write,
	.reset = on_reset,
	.fault = on_fault,
};
