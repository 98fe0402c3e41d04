// SPDX-License-Identifier: Apache-2.0
/* The virtio 1.x PCI transport: one 64-bit BAR, MSI-X only, doorbells as ioeventfds. */
#include <linux/pci_regs.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <stddef.h>
#include <string.h>

#include "kernel/lib/log.h"
#include "kernel/vm/irq.h"
#include "kernel/vm/virtio-transport.h"
#include "kernel/vm/vm.h"

#define VIRTIO_VENDOR	   0x1af4
#define VIRTIO_DEVICE_BASE 0x1040

/* The BAR: each part a page of its own. */
#define BAR_PART   0x1000u
#define BAR_COMMON 0x0000u
#define BAR_ISR	   0x1000u
#define BAR_CONFIG 0x2000u
#define BAR_NOTIFY 0x3000u
#define BAR_TABLE  0x4000u
#define BAR_PBA	   0x5000u
#define BAR_SIZE   0x8000u

#define NOTIFY_STRIDE 4u

struct cap_layout {
	uint8_t type;
	uint32_t off, len;
};

/* --- the parts of the BAR --- */

static struct virtio_queue *selected(struct virtio_device *dev)
{
	return dev->queue_select < dev->nqueues ? &dev->queues[dev->queue_select] : NULL;
}

static void common_image(struct virtio_device *dev, uint8_t image[64])
{
	struct virtio_pci_common_cfg c = {
		.device_feature_select = dev->offer_select,
		.guest_feature_select = dev->accept_select,
		.msix_config = dev->config_irq.vector,
		.num_queues = dev->nqueues,
		.device_status = dev->status,
		.config_generation = dev->generation,
		.queue_select = dev->queue_select,
		.queue_msix_vector = MSIX_NO_VECTOR,
	};
	const struct virtio_queue *q = selected(dev);

	if (dev->offer_select < 2)
		c.device_feature = (uint32_t)(dev->offered >> (32 * dev->offer_select));
	if (dev->accept_select < 2)
		c.guest_feature = (uint32_t)(dev->accepted >> (32 * dev->accept_select));
	if (q) {
		c.queue_size = q->size;
		c.queue_msix_vector = q->irq.vector;
		c.queue_enable = q->enabled;
		c.queue_notify_off = q->index;
		c.queue_desc_lo = (uint32_t)q->desc;
		c.queue_desc_hi = (uint32_t)(q->desc >> 32);
		c.queue_avail_lo = (uint32_t)q->driver;
		c.queue_avail_hi = (uint32_t)(q->driver >> 32);
		c.queue_used_lo = (uint32_t)q->device;
		c.queue_used_hi = (uint32_t)(q->device >> 32);
	}
	memset(image, 0, 64);
	memcpy(image, &c, sizeof(c) < 64 ? sizeof(c) : 64);
}

static void set_half(uint64_t *v, bool high, uint32_t half)
{
	*v = high ? (*v & 0xffffffffu) | ((uint64_t)half << 32) : (*v & ~0xffffffffULL) | half;
}

static void accept_features(struct virtio_device *dev, uint32_t value)
{
	if (!(dev->status & VIRTIO_CONFIG_S_FEATURES_OK) && dev->accept_select < 2)
		set_half(&dev->accepted, dev->accept_select, value);
}

static void queue_write(struct virtio_device *dev, unsigned int off, unsigned int len,
			uint32_t value)
{
	struct virtio_queue *q = selected(dev);

	if (!q)
		return;
	if (off == VIRTIO_PCI_COMMON_Q_MSIX && len == 2) {
		if (msix_source_set(&dev->msix, &q->irq, (uint16_t)value))
			msix_source_set(&dev->msix, &q->irq, MSIX_NO_VECTOR);
		return;
	}
	if (q->enabled || (dev->status & VIRTIO_CONFIG_S_DRIVER_OK))
		return;		/* a queue in use stays as it is until the next reset */
	if (len == 2) {
		if (off == VIRTIO_PCI_COMMON_Q_SIZE && value && value <= q->max)
			q->size = (uint16_t)value;
		else if (off == VIRTIO_PCI_COMMON_Q_ENABLE && value == 1)
			q->enabled = true;
	} else if (len == 4) {
		bool high = off & 4;

		if ((off & ~4u) == VIRTIO_PCI_COMMON_Q_DESCLO)
			set_half(&q->desc, high, value);
		else if ((off & ~4u) == VIRTIO_PCI_COMMON_Q_AVAILLO)
			set_half(&q->driver, high, value);
		else if ((off & ~4u) == VIRTIO_PCI_COMMON_Q_USEDLO)
			set_half(&q->device, high, value);
	}
}

/* Only accesses of a field's own width count; others are dropped. */
static void common_write(struct virtio_device *dev, unsigned int off, unsigned int len,
			 uint32_t value)
{
	if (off == VIRTIO_PCI_COMMON_DFSELECT && len == 4)
		dev->offer_select = value;
	else if (off == VIRTIO_PCI_COMMON_GFSELECT && len == 4)
		dev->accept_select = value;
	else if (off == VIRTIO_PCI_COMMON_GF && len == 4)
		accept_features(dev, value);
	else if (off == VIRTIO_PCI_COMMON_MSIX && len == 2 &&
		 msix_source_set(&dev->msix, &dev->config_irq, (uint16_t)value))
		msix_source_set(&dev->msix, &dev->config_irq, MSIX_NO_VECTOR);
	else if (off == VIRTIO_PCI_COMMON_STATUS && len == 1)
		virtio_status_write(dev, (uint8_t)value);
	else if (off == VIRTIO_PCI_COMMON_Q_SELECT && len == 2)
		dev->queue_select = (uint16_t)value;
	else if (off >= VIRTIO_PCI_COMMON_Q_SIZE)
		queue_write(dev, off, len, value);
}

static void common_access(struct virtio_device *dev, unsigned int off, void *data,
			  unsigned int len, bool write)
{
	uint8_t image[64];
	uint32_t value[2] = {0};

	if (!write) {
		common_image(dev, image);
		for (unsigned int i = 0; i < len; i++)
			((uint8_t *)data)[i] = off + i < sizeof(image) ? image[off + i] : 0;
		return;
	}
	memcpy(value, data, len);
	if (len == 8) {		/* the ring addresses are 64 bits wide */
		common_write(dev, off, 4, value[0]);
		common_write(dev, off + 4, 4, value[1]);
	} else {
		common_write(dev, off, len, value[0]);
	}
}

static void config_access(struct virtio_device *dev, unsigned int off, void *data,
			  unsigned int len, bool write)
{
	unsigned int n = 0;

	if (off < dev->config_size)
		n = len < dev->config_size - off ? len : dev->config_size - off;
	if (!write) {
		memset(data, 0, len);
		if (n)
			dev->ops->config_read(dev, off, data, n);
	} else if (n == len && dev->ops->config_write) {
		dev->ops->config_write(dev, off, data, n);
	}
}

static void bar_access(void *arg, uint64_t off, void *data, unsigned int len, bool write)
{
	struct virtio_device *dev = arg;
	unsigned int at = (unsigned int)(off % BAR_PART);

	if (at + len > BAR_PART && !write)
		memset(data, 0, len);
	if (at + len > BAR_PART)
		return;
	switch (off - at) {
	case BAR_COMMON:
		common_access(dev, at, data, len, write);
		return;
	case BAR_CONFIG:
		config_access(dev, at, data, len, write);
		return;
	case BAR_TABLE:
		msix_table_access(&dev->msix, at, data, len, write);
		return;
	case BAR_NOTIFY:	/* only where KVM did not take the doorbell */
		if (write && !(at % NOTIFY_STRIDE) && at / NOTIFY_STRIDE < dev->nqueues)
			virtio_queue_again(&dev->queues[at / NOTIFY_STRIDE]);
		break;
	case BAR_PBA:
		if (!write) {
			msix_pba_read(&dev->msix, at, data, len);
			return;
		}
		break;
	case BAR_ISR:
		if (!write) {
			memset(data, 0, len);
			if (!at) {
				memcpy(data, &dev->isr, 1);
				dev->isr = 0;
			}
			return;
		}
		break;
	}
	if (!write)
		memset(data, 0, len);
}

/* --- the PCI function --- */

/* Doorbells follow the BAR. KVM then signals the queue's eventfd and no exit comes here. */
static void bar_changed(struct pci_dev *pci, int n, bool mapped)
{
	struct virtio_device *dev = (struct virtio_device *)((char *)pci -
							     offsetof(struct virtio_device, pci));

	for (unsigned int i = 0; i < dev->nqueues; i++) {
		uint64_t gpa = pci->bars[n].gpa + BAR_NOTIFY + i * NOTIFY_STRIDE;
		int r = ioeventfd_mmio(dev->vm, gpa, 0, dev->queues[i].kick, false, 0, mapped);

		if (r && mapped)
			log_warning("%s: doorbell of queue %u takes the slow path: %s", dev->name,
				    i, strerror(-r));
	}
}

#define CFG_CAP_DATA 16u	/* pci_cfg_data in struct virtio_pci_cfg_cap */

/* A window into the BAR for who cannot map it: VIRTIO_PCI_CAP_PCI_CFG. */
static void cfg_window(struct virtio_device *dev, unsigned int cap, bool write)
{
	uint32_t off = pci_get(&dev->pci, cap + 8, 4), len = pci_get(&dev->pci, cap + 12, 4);

	if (dev->pci.config[cap + 4] != 0 || (len != 1 && len != 2 && len != 4) ||
	    off > BAR_SIZE - len || (off & (len - 1)))
		return;
	bar_access(dev, off, dev->pci.config + cap + CFG_CAP_DATA, len, write);
}

static bool hits_window(const struct pci_dev *pci, unsigned int off, unsigned int len)
{
	/* it is the last capability */
	unsigned int data = pci->last_cap + CFG_CAP_DATA;

	return off < data + 4 && off + len > data;
}

static void before_read(struct pci_dev *pci, unsigned int off, unsigned int len)
{
	struct virtio_device *dev = (struct virtio_device *)((char *)pci -
							     offsetof(struct virtio_device, pci));

	if (hits_window(pci, off, len))
		cfg_window(dev, pci->last_cap, false);
}

static void after_write(struct pci_dev *pci, unsigned int off, unsigned int len)
{
	struct virtio_device *dev = (struct virtio_device *)((char *)pci -
							     offsetof(struct virtio_device, pci));

	msix_config_written(&dev->msix, off, len);
	if (hits_window(pci, off, len))
		cfg_window(dev, pci->last_cap, true);
}

static int add_vendor_cap(struct virtio_device *dev, const struct cap_layout *l)
{
	/* cap_vndr and cap_next are the list's; then cap_len, cfg_type, bar, id, padding, ... */
	uint8_t body[18] = {0}, wmask[18] = {0};
	unsigned int len = 14;
	uint32_t stride = NOTIFY_STRIDE;

	if (l->type == VIRTIO_PCI_CAP_NOTIFY_CFG) {
		memcpy(body + 14, &stride, 4);
		len = 18;
	} else if (l->type == VIRTIO_PCI_CAP_PCI_CFG) {
		wmask[2] = 0xff;
		memset(wmask + 6, 0xff, 12);
		len = 18;
	}
	body[0] = (uint8_t)(len + 2);
	body[1] = l->type;
	memcpy(body + 6, &l->off, 4);
	memcpy(body + 10, &l->len, 4);
	return pci_dev_cap(&dev->pci, PCI_CAP_ID_VNDR, body, wmask, len);
}

static int add_caps(struct virtio_device *dev)
{
	const struct cap_layout caps[] = {
		{VIRTIO_PCI_CAP_COMMON_CFG, BAR_COMMON, sizeof(struct virtio_pci_common_cfg)},
		{VIRTIO_PCI_CAP_ISR_CFG, BAR_ISR, 1},
		{VIRTIO_PCI_CAP_DEVICE_CFG, BAR_CONFIG, BAR_PART},
		{VIRTIO_PCI_CAP_NOTIFY_CFG, BAR_NOTIFY, dev->nqueues * NOTIFY_STRIDE},
		{VIRTIO_PCI_CAP_PCI_CFG, 0, 0},		/* last: see hits_window() */
	};
	int r = msix_init(&dev->msix, &dev->pci, dev->name, dev->nqueues + 1u, 0, BAR_TABLE,
			  BAR_PBA);

	for (unsigned int i = 0; r >= 0 && i < sizeof(caps) / sizeof(caps[0]); i++)
		r = add_vendor_cap(dev, &caps[i]);
	return r < 0 ? r : 0;
}

static void release(struct virtio_device *dev)
{
	pci_dev_del(&dev->pci);
	msix_free(&dev->msix);
	virtio_queues_free(dev);
}

static int build(struct virtio_device *dev, const struct virtio_kind *kind)
{
	int r = virtio_queues_make(dev, kind);

	if (!r)
		r = add_caps(dev);
	if (r)
		return r;
	msix_source_add(&dev->msix, &dev->config_irq, dev->config_fd);
	for (unsigned int i = 0; i < dev->nqueues; i++)
		msix_source_add(&dev->msix, &dev->queues[i].irq, dev->queues[i].call);
	dev->pci.bar_changed = bar_changed;
	dev->pci.before_read = before_read;
	dev->pci.after_write = after_write;
	pci_dev_bar(&dev->pci, 0, BAR_SIZE, bar_access, dev);
	return pci_dev_add(&dev->pci);
}

int virtio_pci_add(struct virtio_device *dev, const struct virtio_kind *kind, struct err *e)
{
	int r;

	dev->ops = kind->ops;
	dev->offered = kind->offered;
	dev->config_size = kind->config_size;
	dev->config_fd = -1;
	pci_dev_init(&dev->pci, dev->vm, VIRTIO_VENDOR, VIRTIO_DEVICE_BASE + kind->type,
		     kind->class_code);
	pci_set(&dev->pci, PCI_REVISION_ID, 1, 1);
	pci_set(&dev->pci, PCI_SUBSYSTEM_VENDOR_ID, 2, VIRTIO_VENDOR);
	pci_set(&dev->pci, PCI_SUBSYSTEM_ID, 2, VIRTIO_DEVICE_BASE + kind->type);
	r = build(dev, kind);
	if (r) {
		release(dev);
		return err_set(e, r, "%s: cannot be put on the PCI bus: %s", dev->name,
			       strerror(-r));
	}
	return 0;
}

void virtio_pci_del(struct virtio_device *dev)
{
	virtio_reset(dev);
	release(dev);
	dev->ops->destroy(dev);
}
