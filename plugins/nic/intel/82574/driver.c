// SPDX-License-Identifier: Apache-2.0
/* Intel 82574L Gigabit Ethernet: the note, and the life of the device. */
#include <vmhi/note.h>

#include "dev.h"

#define VENDOR_INTEL 0x8086
#define DEVICE_82574 0x10d3
#define BAR0_MIN     0x20000u

VMHI_NOTE("abi=0.1-0.1\0"
	  "class=nic/1\0"
	  "needs=pci\0"
	  "pci=8086:10d3\0"
	  "vendor=OpenVMHI\0"
	  "name=intel-82574\0"
	  "version=0.1.0\0"
	  "license=Apache-2.0\0");

static int i82574_attach(const struct vmhi_host *host, vmhi_hc hc, const struct vmhi_attach *at,
			 void **out)
{
	struct vmhi_mem mem;
	struct dev *d;
	int r;

	if (host->h.size < sizeof(*host) || at->size < sizeof(*at))
		return -VMHI_ENOTSUP;
	if (at->vendor != VENDOR_INTEL || at->device != DEVICE_82574 || at->bar_len[0] < BAR0_MIN)
		return -VMHI_ENXIO;
	r = host->dma_alloc(hc, sizeof(*d), 0, 0, 0, &mem);
	if (r)
		return r;
	d = mem.va;
	d->host = host;
	d->hc = hc;
	d->mem = mem;
	d->nvec = at->nvec;
	d->warm = at->flags & VMHI_ATTACH_WARM;
	d->link = ~0u;
	r = hw_reset(d);
	if (!r)
		r = hw_read_mac(d);
	if (r) {
		host->dma_free(hc, mem.handle);
		return r;
	}
	filter_init(d);
	stats_clear(d);
	*out = d;
	return 0;
}

static int i82574_start(void *dev)
{
	struct dev *d = dev;
	int r;

	if (is_gone(d))
		return -VMHI_ENODEV;
	if (!d->configured)
		return -VMHI_EINVAL;
	r = link_start(d);
	if (r)
		return r;
	d->started = 1;
	link_check(d);
	irq_start(d);
	return 0;
}

static int i82574_quiesce(void *dev)
{
	struct dev *d = dev;

	d->host->timer(d->hc, TIMER_LINK, 0);
	d->host->timer(d->hc, TIMER_STATS, 0);
	d->host->timer(d->hc, TIMER_WATCH, 0);
	d->started = 0;
	stats_collect(d);
	return hw_quiet(d);
}

static void i82574_detach(void *dev)
{
	struct dev *d = dev;

	d->host->dma_free(d->hc, d->mem.handle);
}

static void i82574_forget(void *dev)
{
	struct dev *d = dev;

	__atomic_store_n(&d->gone, 1, __ATOMIC_RELAXED);
}

static const void *i82574_query(void *dev, uint16_t id, uint16_t version)
{
	return id == VMHI_IF_NIC && version == 1 ? &nic_ops : NULL;
}

static void i82574_event(void *dev, const struct vmhi_event *ev)
{
	irq_event(dev, ev);
}

VMHI_DRIVER = {
	.h = {sizeof(vmhi_driver), VMHI_IF_DRIVER, 1},
	.attach = i82574_attach,
	.start = i82574_start,
	.quiesce = i82574_quiesce,
	.detach = i82574_detach,
	.forget = i82574_forget,
	.query = i82574_query,
	.event = i82574_event,
};
