// SPDX-License-Identifier: Apache-2.0
/* A PCI function over VFIO: regions, interrupts, reset. */
#include "kernel/bus/vfio.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kernel/bus/sysfs.h"

#define PAGE 4096ull

struct vfio_dev {
	struct bus_device d;
	int fd;
	uint64_t base[BUS_CONFIG + 1];	/* of each region in fd */
	uint32_t irq_index;
	bool can_reset, wired;
};

static struct vfio_dev *of(struct bus_device *d)
{
	return (struct vfio_dev *)d;
}

static int vfio_read(struct bus_device *d, uint32_t region, uint64_t off, void *buf, uint32_t n)
{
	ssize_t r = pread(of(d)->fd, buf, n, (off_t)(of(d)->base[region] + off));

	return r == (ssize_t)n ? 0 : r < 0 ? -errno : -EIO;
}

static int vfio_write(struct bus_device *d, uint32_t region, uint64_t off, const void *buf,
		      uint32_t n, enum bus_write how)
{
	ssize_t r = pwrite(of(d)->fd, buf, n, (off_t)(of(d)->base[region] + off));

	return r == (ssize_t)n ? 0 : r < 0 ? -errno : -EIO;
}

static int vfio_irqs(struct bus_device *d, const int *fds, uint32_t n, struct err *e)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set) + n * (uint32_t)sizeof(fds[0]),
		.flags = VFIO_IRQ_SET_ACTION_TRIGGER |
			 (n ? VFIO_IRQ_SET_DATA_EVENTFD : VFIO_IRQ_SET_DATA_NONE),
		.index = of(d)->irq_index,
		.count = n,
	};
	char q[sizeof(set) + BUS_VECTORS_MAX * sizeof(fds[0])] __attribute__((aligned(8)));

	if (!n && !of(d)->wired)
		return 0;
	memcpy(q, &set, sizeof(set));
	if (n)
		memcpy(q + sizeof(set), fds, n * sizeof(fds[0]));
	if (ioctl(of(d)->fd, VFIO_DEVICE_SET_IRQS, q) < 0)
		return err_set(e, -errno, "%s: %u interrupt vectors cannot be set up: %s", d->name,
			       n, strerror(errno));
	of(d)->wired = n > 0;
	return 0;
}

static int vfio_reset(struct bus_device *d, struct err *e)
{
	if (of(d)->can_reset && ioctl(of(d)->fd, VFIO_DEVICE_RESET) < 0)
		return err_set(e, -errno, "%s: cannot be reset: %s", d->name, strerror(errno));
	return 0;
}

static int vfio_poll(struct bus_device *d)
{
	return 0;
}

static void vfio_close(struct bus_device *d)
{
	vfio_irqs(d, NULL, 0, NULL);
	if (of(d)->can_reset)
		ioctl(of(d)->fd, VFIO_DEVICE_RESET);
	close(of(d)->fd);
	free(d);
}

static const struct bus_ops vfio_ops = {
	.read = vfio_read,
	.write = vfio_write,
	.irqs = vfio_irqs,
	.reset = vfio_reset,
	.poll = vfio_poll,
	.close = vfio_close,
};

/* Adds [off, off + len) of a BAR without the part [hole, hole + hole_len): both of whole pages. */
static void add_area(struct vfio_dev *v, uint32_t bar, uint64_t off, uint64_t len, uint64_t hole,
		     uint64_t hole_len)
{
	struct bus_bar *b = &v->d.bar[bar];
	uint64_t end = off + len;

	if (hole_len && hole < end && off < hole + hole_len) {
		if (off < hole)
			add_area(v, bar, off, hole - off, 0, 0);
		if (hole + hole_len < end)
			add_area(v, bar, hole + hole_len, end - hole - hole_len, 0, 0);
		return;
	}
	if (len && b->nareas < BUS_MAP_AREAS)
		b->area[b->nareas++] = (struct bus_area){off, len, v->base[bar] + off, v->fd};
}

/* The pages of BAR bar that hold MSI-X's table and pending bits, which are VFIO's alone. */
static int msix_hole(struct vfio_dev *v, uint32_t bar, uint64_t *hole, uint64_t *len)
{
	uint64_t part[2][2], first = ~0ull, last = 0;
	uint32_t at, n, table, pba;
	int r = bus_find_cap(&v->d, PCI_CAP_ID_MSIX, &at);

	*hole = *len = 0;
	if (r || !at)
		return r;
	r = bus_config_read(&v->d, at + PCI_MSIX_FLAGS, 2, &n);
	if (r == 0)
		r = bus_config_read(&v->d, at + PCI_MSIX_TABLE, 4, &table);
	if (r == 0)
		r = bus_config_read(&v->d, at + PCI_MSIX_PBA, 4, &pba);
	if (r)
		return r;
	n = (n & PCI_MSIX_FLAGS_QSIZE) + 1;
	part[0][0] = table;
	part[0][1] = (uint64_t)n * PCI_MSIX_ENTRY_SIZE;
	part[1][0] = pba;
	part[1][1] = (n + 63) / 64 * 8;
	for (int i = 0; i < 2; i++) {
		uint64_t start = part[i][0] & ~(uint64_t)PCI_MSIX_TABLE_BIR;

		if ((part[i][0] & PCI_MSIX_TABLE_BIR) != bar)
			continue;
		first = start < first ? start : first;
		last = start + part[i][1] > last ? start + part[i][1] : last;
	}
	if (last) {
		*hole = first & ~(PAGE - 1);
		*len = ((last + PAGE - 1) & ~(PAGE - 1)) - *hole;
	}
	return 0;
}

/* Areas that may be mapped: those that the kernel names, or all, but for MSI-X's pages. */
static int bar_areas(struct vfio_dev *v, const struct vfio_region_info *ri)
{
	uint32_t at = ri->flags & VFIO_REGION_INFO_FLAG_CAPS ? ri->cap_offset : 0;
	const struct vfio_info_cap_header *h;
	uint64_t hole, len;
	int r = msix_hole(v, ri->index, &hole, &len);

	if (r || !(ri->flags & VFIO_REGION_INFO_FLAG_MMAP))
		return r;
	for (; at && at + sizeof(*h) <= ri->argsz; at = h->next) {
		const struct vfio_region_info_cap_sparse_mmap *sm;

		h = (const void *)((const char *)ri + at);
		sm = (const void *)h;
		if (h->id != VFIO_REGION_INFO_CAP_SPARSE_MMAP)
			continue;
		for (uint32_t i = 0; i < sm->nr_areas; i++)
			add_area(v, ri->index, sm->areas[i].offset, sm->areas[i].size, hole, len);
		return 0;
	}
	add_area(v, ri->index, 0, ri->size & ~(PAGE - 1), hole, len);
	return 0;
}

static int get_region(struct vfio_dev *v, uint32_t index, struct err *e)
{
	struct vfio_region_info head = {.argsz = sizeof(head), .index = index}, *ri;
	int r = 0;

	if (ioctl(v->fd, VFIO_DEVICE_GET_REGION_INFO, &head) < 0)
		return err_set(e, -errno, "%s: region %u: %s", v->d.name, index, strerror(errno));
	v->base[index] = head.offset;
	if (index == BUS_CONFIG) {
		v->d.config_len = head.size;
		return 0;
	}
	v->d.bar[index].len = head.size;
	if (!head.size || !bus_bar_is_memory(&v->d, index))
		return 0;
	ri = calloc(1, head.argsz);
	if (!ri)
		return err_set(e, -ENOMEM, "%s: no memory", v->d.name);
	ri->argsz = head.argsz;
	ri->index = index;
	if (ioctl(v->fd, VFIO_DEVICE_GET_REGION_INFO, ri) < 0)
		r = -errno;
	else
		r = bar_areas(v, ri);
	free(ri);
	return r ? err_set(e, r, "%s: BAR %u: %s", v->d.name, index, strerror(-r)) : 0;
}

/* MSI-X, or else MSI. A device with neither is polled: INTx wants an unmask after each. */
static void get_irqs(struct vfio_dev *v)
{
	static const uint32_t kinds[] = {VFIO_PCI_MSIX_IRQ_INDEX, VFIO_PCI_MSI_IRQ_INDEX};

	for (int i = 0; i < 2 && !v->d.nvec; i++) {
		struct vfio_irq_info q = {.argsz = sizeof(q), .index = kinds[i]};

		if (ioctl(v->fd, VFIO_DEVICE_GET_IRQ_INFO, &q) < 0 ||
		    !(q.flags & VFIO_IRQ_INFO_EVENTFD))
			continue;
		v->irq_index = kinds[i];
		v->d.nvec = q.count < BUS_VECTORS_MAX ? q.count : BUS_VECTORS_MAX;
	}
}

static int examine(struct vfio_dev *v, struct err *e)
{
	struct vfio_device_info di = {.argsz = sizeof(di)};
	int r;

	if (ioctl(v->fd, VFIO_DEVICE_GET_INFO, &di) < 0 || !(di.flags & VFIO_DEVICE_FLAGS_PCI))
		return err_set(e, -ENODEV, "%s: VFIO does not know it as a PCI device", v->d.name);
	v->can_reset = di.flags & VFIO_DEVICE_FLAGS_RESET;
	r = get_region(v, BUS_CONFIG, e); /* the others want to look there */
	for (uint32_t i = 0; i < BUS_BARS && r == 0; i++)
		r = get_region(v, i, e);
	if (r)
		return r;
	get_irqs(v);
	r = bus_master(&v->d, false, e);
	return r ? r : vfio_reset(&v->d, e);
}

int bus_open_vfio(struct bus *b, const char *address, struct err *e)
{
	struct pci_info info;
	struct vfio_dev *v;
	int group, r = sysfs_device(address, &info, e);

	if (r == 0)
		r = sysfs_check_usable(&info, e);
	if (r)
		return r;
	group = vfio_group_open(b, info.group, address, e);
	if (group < 0)
		return group;
	v = calloc(1, sizeof(*v));
	if (!v)
		return err_set(e, -ENOMEM, "%s: no memory", address);
	v->d.ops = &vfio_ops;
	v->d.poll_fd = -1;
	snprintf(v->d.name, sizeof(v->d.name), "%s", address);
	v->fd = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, address);
	if (v->fd < 0) {
		r = err_set(e, -errno, "%s: VFIO does not hand it out: %s", address,
			    strerror(errno));
		free(v);
		return r;
	}
	r = examine(v, e);
	if (r == 0)
		r = bus_add(b, &v->d, e);
	if (r)
		vfio_close(&v->d);
	return r;
}
