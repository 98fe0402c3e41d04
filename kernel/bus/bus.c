// SPDX-License-Identifier: Apache-2.0
/* What both kinds of device share: checked accesses, the configuration space, the DMA maps. */
#include "kernel/bus/bus.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernel/bus/vfio.h"
#include "kernel/lib/clock.h"

#define PENDING_MS 1000	/* for transactions that a device began before it lost Bus Master */

void bus_init(struct bus *b)
{
	memset(b, 0, sizeof(*b));
	iova_init(&b->ranges);
}

static bool aligned(uint64_t off, uint32_t width)
{
	return (width == 1 || width == 2 || width == 4 || width == 8) && off % width == 0;
}

static bool in_bar(const struct bus_device *d, uint32_t bar, uint64_t off, uint32_t width)
{
	return bar < BUS_BARS && aligned(off, width) && off < d->bar[bar].len &&
	       width <= d->bar[bar].len - off;
}

int bus_read(struct bus_device *d, uint32_t bar, uint64_t off, uint32_t width, uint64_t *value)
{
	int r = -ENODEV;

	*value = 0;
	if (!in_bar(d, bar, off, width))
		r = -EINVAL;
	else if (!d->gone)
		r = d->ops->read(d, bar, off, value, width);
	if (r)
		*value = ~0ull;
	return r;
}

int bus_write(struct bus_device *d, uint32_t bar, uint64_t off, uint32_t width, uint64_t value,
	      enum bus_write how)
{
	if (!in_bar(d, bar, off, width))
		return -EINVAL;
	if (d->gone)
		return -ENODEV;
	return d->ops->write(d, bar, off, &value, width, how);
}

static int config_rw(struct bus_device *d, uint32_t off, uint32_t width, uint32_t *value,
		     bool write)
{
	if (width > 4 || !aligned(off, width) || off >= d->config_len ||
	    width > d->config_len - off)
		return -EINVAL;
	if (d->gone)
		return -ENODEV;
	if (write)
		return d->ops->write(d, BUS_CONFIG, off, value, width, BUS_ARRIVED);
	*value = 0;
	return d->ops->read(d, BUS_CONFIG, off, value, width);
}

int bus_config_read(struct bus_device *d, uint32_t off, uint32_t width, uint32_t *value)
{
	int r = config_rw(d, off, width, value, false);

	if (r)
		*value = ~0u;
	return r;
}

/* A list that loops ends by count: no more than 48 capabilities fit the space for them. */
int bus_find_cap(struct bus_device *d, uint8_t id, uint32_t *at)
{
	uint32_t v, next;
	int r = bus_config_read(d, PCI_STATUS, 2, &v);

	*at = 0;
	if (r || !(v & PCI_STATUS_CAP_LIST))
		return r;
	r = bus_config_read(d, PCI_CAPABILITY_LIST, 1, &next);
	for (int i = 0; r == 0 && i < 48 && (next &= 0xfc) >= PCI_STD_HEADER_SIZEOF; i++) {
		r = bus_config_read(d, next, 4, &v);
		if (r == 0 && (v & 0xff) == id) {
			*at = next;
			return 0;
		}
		next = v >> 8 & 0xff;
	}
	return r;
}

bool bus_bar_is_memory(struct bus_device *d, uint32_t bar)
{
	uint32_t v;

	return bus_config_read(d, PCI_BASE_ADDRESS_0 + 4 * bar, 4, &v) == 0 &&
	       !(v & PCI_BASE_ADDRESS_SPACE_IO);
}

/* Does the span lie in the capability, which is len bytes long? */
static int in_cap(struct bus_device *d, uint8_t id, uint32_t len, uint32_t off, uint32_t width,
		  bool *hit)
{
	uint32_t at;
	int r = bus_find_cap(d, id, &at);

	if (r == 0 && at && off < at + len && at < off + width)
		*hit = true;
	return r;
}

int bus_config_write(struct bus_device *d, uint32_t off, uint32_t width, uint32_t value)
{
	bool hit = false;
	int r;

	/* The whole header: what a driver could want there is the command register and BARs. */
	if (off < PCI_STD_HEADER_SIZEOF)
		return -EINVAL;
	r = in_cap(d, PCI_CAP_ID_MSI, 24, off, width, &hit);
	if (r == 0)
		r = in_cap(d, PCI_CAP_ID_MSIX, PCI_CAP_MSIX_SIZEOF, off, width, &hit);
	if (r)
		return r;
	if (hit)
		return -EINVAL;
	return config_rw(d, off, width, &value, true);
}

int bus_master(struct bus_device *d, bool on, struct err *e)
{
	struct timespec nap = {.tv_nsec = 1000000};
	uint32_t cmd, status = 0;
	int r = config_rw(d, PCI_COMMAND, 2, &cmd, false);

	if (r == 0) {
		cmd = on ? cmd | PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY :
			   cmd & ~(uint32_t)PCI_COMMAND_MASTER;
		r = config_rw(d, PCI_COMMAND, 2, &cmd, true);
	}
	if (r)
		return err_set(e, r, "%s: the command register cannot be written: %s",
			       d->name, strerror(-r));
	/* By the clock: each read may take a model as long as it likes. */
	for (int64_t end = now_ms() + PENDING_MS; !on && d->express_cap && now_ms() < end;) {
		r = bus_config_read(d, d->express_cap + PCI_EXP_DEVSTA, 2, &status);
		if (r || !(status & PCI_EXP_DEVSTA_TRPND))
			return 0;
		nanosleep(&nap, NULL);
	}
	if (!on && d->express_cap)
		return err_set(e, -ETIMEDOUT, "%s: transactions still pending after a second",
			       d->name);
	return 0;
}

int bus_add(struct bus *b, struct bus_device *d, struct err *e)
{
	uint32_t id, sub, type, express;
	int r;

	if (b->ndev == BUS_DEVICES_MAX)
		return err_set(e, -E2BIG, "%s: a set has at most %d devices", d->name,
			       BUS_DEVICES_MAX);
	r = bus_config_read(d, PCI_VENDOR_ID, 4, &id);
	if (r == 0)
		r = bus_config_read(d, PCI_HEADER_TYPE, 1, &type);
	if (r == 0)
		r = bus_config_read(d, PCI_SUBSYSTEM_VENDOR_ID, 4, &sub);
	if (r == 0)
		r = bus_find_cap(d, PCI_CAP_ID_EXP, &express);
	if (r)
		return err_set(e, r, "%s: its configuration space cannot be read: %s", d->name,
			       strerror(-r));
	if ((id & 0xffff) == 0xffff || (type & 0x7f) != PCI_HEADER_TYPE_NORMAL)
		return err_set(e, -ENODEV, "%s: not a PCI function that a driver could drive",
			       d->name);
	d->vendor = (uint16_t)id;
	d->device = (uint16_t)(id >> 16);
	d->subvendor = (uint16_t)sub;
	d->subdevice = (uint16_t)(sub >> 16);
	d->express_cap = (uint16_t)express;
	for (uint32_t i = 0; i < BUS_BARS; i++)
		if (d->bar[i].len && !bus_bar_is_memory(d, i))
			d->bar[i].len = d->bar[i].nareas = 0;
	d->bus = b;
	b->dev[b->ndev++] = d;
	return 0;
}

/* Undoes the maps of the first n devices. */
static void unmap_devices(struct bus *b, uint32_t n, uint64_t iova, uint64_t len)
{
	for (uint32_t i = 0; i < n; i++)
		if (b->dev[i]->ops->dma_unmap && !b->dev[i]->gone)
			b->dev[i]->ops->dma_unmap(b->dev[i], iova, len);
}

int bus_dma_map(struct bus *b, int fd, uint64_t fd_off, void *va, uint64_t iova, uint64_t len,
		struct err *e)
{
	int r;

	if (b->nmap == sizeof(b->map) / sizeof(b->map[0]))
		return err_set(e, -ENOSPC, "too many pieces of DMA memory");
	r = vfio_dma_map(b, va, iova, len, e);
	if (r)
		return r;
	for (uint32_t i = 0; i < b->ndev; i++) {
		struct bus_device *d = b->dev[i];

		if (d->ops->dma_map)
			r = d->ops->dma_map(d, fd, fd_off, iova, len, e);
		if (r) {
			unmap_devices(b, i, iova, len);
			vfio_dma_unmap(b, iova, len);
			return r;
		}
	}
	b->map[b->nmap++] = (struct bus_mapping){iova, len, va};
	return 0;
}

void bus_dma_unmap(struct bus *b, uint64_t iova)
{
	for (uint32_t i = 0; i < b->nmap; i++) {
		if (b->map[i].iova != iova)
			continue;
		unmap_devices(b, b->ndev, iova, b->map[i].len);
		vfio_dma_unmap(b, iova, b->map[i].len);
		b->map[i] = b->map[--b->nmap];
		return;
	}
}

void *bus_dma_ptr(struct bus *b, uint64_t iova, uint64_t len)
{
	for (uint32_t i = 0; i < b->nmap; i++) {
		const struct bus_mapping *m = &b->map[i];

		if (iova >= m->iova && iova - m->iova < m->len && len <= m->len - (iova - m->iova))
			return (char *)m->va + (iova - m->iova);
	}
	return NULL;
}

void bus_close(struct bus *b)
{
	for (uint32_t i = 0; i < b->ndev; i++)
		if (!b->dev[i]->gone)
			bus_master(b->dev[i], false, NULL);
	while (b->nmap)
		bus_dma_unmap(b, b->map[0].iova);
	while (b->ndev) {
		struct bus_device *d = b->dev[--b->ndev];

		d->ops->close(d);
	}
	vfio_container_close(b);
}
