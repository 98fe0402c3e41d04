// SPDX-License-Identifier: Apache-2.0
/* The life of a virtio device: its queues, its status, start, reset and failure. */
#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "kernel/lib/log.h"
#include "kernel/vm/memory.h"
#include "kernel/vm/virtio-transport.h"
#include "kernel/vm/vm.h"

#define COMPLAINTS_MAX 16

static void add_count(int fd)
{
	uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) < 0)
		return;		/* full: it is signalled already */
}

static void drain(int fd)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) < 0)
		return;		/* was empty */
}

void virtio_queue_interrupt(struct virtio_queue *q)
{
	add_count(q->call);
}

void virtio_queue_again(struct virtio_queue *q)
{
	add_count(q->kick);
}

void virtio_config_changed(struct virtio_device *dev)
{
	dev->generation++;
	dev->isr |= VIRTIO_PCI_ISR_CONFIG;
	add_count(dev->config_fd);
}

void virtio_needs_reset(struct virtio_device *dev, const char *fmt, ...)
{
	char why[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	if (dev->complaints < COMPLAINTS_MAX)
		log_error("%s: device needs a reset: %s", dev->name, why);
	else if (dev->complaints == COMPLAINTS_MAX)
		log_error("%s: too many faults of this guest: no more of them are logged",
			  dev->name);
	if (dev->complaints <= COMPLAINTS_MAX)
		dev->complaints++;
	dev->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	if (dev->status & VIRTIO_CONFIG_S_DRIVER_OK)
		virtio_config_changed(dev);
}

void virtio_queue_broken(struct virtio_queue *q, const char *why)
{
	if (!q->broken)
		virtio_needs_reset(q->dev, "queue %u: %s", q->index, why);
	q->broken = true;
}

static void queue_reset(struct virtio_device *dev, struct virtio_queue *q)
{
	msix_source_set(&dev->msix, &q->irq, MSIX_NO_VECTOR);
	q->size = q->max;
	q->enabled = q->broken = false;
	q->desc = q->driver = q->device = 0;
	if (q->event)
		drain(q->kick);
}

void virtio_reset(struct virtio_device *dev)
{
	if (dev->started)
		dev->ops->stop(dev);
	dev->started = false;
	for (unsigned int i = 0; i < dev->nqueues; i++)
		queue_reset(dev, &dev->queues[i]);
	msix_source_set(&dev->msix, &dev->config_irq, MSIX_NO_VECTOR);
	dev->status = dev->isr = 0;
	dev->accepted = 0;
	dev->offer_select = dev->accept_select = 0;
	dev->queue_select = 0;
}

static bool area_ok(struct vm *vm, uint64_t gpa, uint64_t len, uint64_t align)
{
	return !(gpa & (align - 1)) && guest_ptr(vm, gpa, len);
}

static bool queue_areas_ok(struct virtio_device *dev, const struct virtio_queue *q)
{
	uint64_t n = q->size;

	if (virtio_has(dev, VIRTIO_F_RING_PACKED))
		return area_ok(dev->vm, q->desc, 16 * n, 16) &&
		       area_ok(dev->vm, q->driver, 4, 4) && area_ok(dev->vm, q->device, 4, 4);
	return !(n & (n - 1)) && area_ok(dev->vm, q->desc, 16 * n, 16) &&
	       area_ok(dev->vm, q->driver, 6 + 2 * n, 2) &&
	       area_ok(dev->vm, q->device, 6 + 8 * n, 4);
}

static void device_start(struct virtio_device *dev)
{
	struct err e = {0};

	for (unsigned int i = 0; i < dev->nqueues; i++) {
		const struct virtio_queue *q = &dev->queues[i];

		if (q->enabled && !queue_areas_ok(dev, q)) {
			virtio_needs_reset(dev, "queue %u: size %u or its areas (0x%llx, 0x%llx, "
					   "0x%llx) are not rings in guest memory", i, q->size,
					   (unsigned long long)q->desc,
					   (unsigned long long)q->driver,
					   (unsigned long long)q->device);
			return;
		}
	}
	if (dev->ops->start(dev, &e))
		virtio_needs_reset(dev, "%s", e.msg);
	else
		dev->started = true;
}

static bool features_ok(const struct virtio_device *dev)
{
	return !(dev->accepted & ~dev->offered) && virtio_has(dev, VIRTIO_F_VERSION_1);
}

/* Bits only come; zero takes all of them. DRIVER_OK without FEATURES_OK is not believed. */
void virtio_status_write(struct virtio_device *dev, uint8_t value)
{
	uint8_t fresh = value & (uint8_t)~dev->status;

	if (!value) {
		virtio_reset(dev);
		return;
	}
	fresh &= VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_DRIVER_OK |
		 VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_FAILED;
	if ((fresh & VIRTIO_CONFIG_S_FEATURES_OK) && !features_ok(dev))
		fresh &= (uint8_t)~VIRTIO_CONFIG_S_FEATURES_OK;
	if (!((dev->status | fresh) & VIRTIO_CONFIG_S_FEATURES_OK))
		fresh &= (uint8_t)~VIRTIO_CONFIG_S_DRIVER_OK;
	dev->status |= fresh;
	if (fresh & VIRTIO_CONFIG_S_DRIVER_OK)
		device_start(dev);
}

static void on_kick(void *arg, uint32_t events)
{
	struct virtio_queue *q = arg;

	pthread_mutex_lock(&q->dev->vm->lock);
	drain(q->kick);
	if (q->dev->started && q->enabled)
		q->dev->ops->kick(q);
	pthread_mutex_unlock(&q->dev->vm->lock);
}

static int make_queue(struct virtio_device *dev, unsigned int i, const struct virtio_kind *kind)
{
	struct virtio_queue *q = &dev->queues[i];

	*q = (struct virtio_queue){.dev = dev, .index = (uint16_t)i, .size = kind->queue_max,
				  .max = kind->queue_max};
	q->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	q->call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (q->kick < 0 || q->call < 0)
		return -errno;
	if (i >= kind->first_local) {
		q->event = event_add(dev->vm->loop, q->kick, EPOLLIN, on_kick, q);
		if (!q->event)
			return -errno;
	}
	return 0;
}

static void close_if(int fd)
{
	if (fd >= 0)
		close(fd);
}

int virtio_queues_make(struct virtio_device *dev, const struct virtio_kind *kind)
{
	int r = 0;

	dev->config_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (dev->config_fd < 0)
		return -errno;
	dev->queues = calloc(kind->nqueues, sizeof(*dev->queues));
	if (!dev->queues)
		return -ENOMEM;
	for (dev->nqueues = 0; !r && dev->nqueues < kind->nqueues; dev->nqueues++)
		r = make_queue(dev, dev->nqueues, kind);
	return r;
}

void virtio_queues_free(struct virtio_device *dev)
{
	for (unsigned int i = 0; i < dev->nqueues; i++) {
		event_del(dev->queues[i].event);
		close_if(dev->queues[i].kick);
		close_if(dev->queues[i].call);
	}
	free(dev->queues);
	dev->queues = NULL;
	dev->nqueues = 0;
	close_if(dev->config_fd);
	dev->config_fd = -1;
}
