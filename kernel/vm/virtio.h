/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtio device of the guest, whatever serves its rings: the state that the transport
 * (virtio-pci.c) keeps and what a kind of device supplies. Callers hold vm->lock, or run before the
 * vCPUs do.
 */
#ifndef KERNEL_VM_VIRTIO_H
#define KERNEL_VM_VIRTIO_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/lib/err.h"
#include "kernel/vm/msix.h"
#include "kernel/vm/pci.h"

#define VIRTIO_QUEUES_MAX 64

struct vm;
struct event;
struct virtio_device;

struct virtio_queue {
	struct virtio_device *dev;
	uint16_t index, size, max;
	bool enabled, broken;
	uint64_t desc, driver, device;	/* guest-physical */
	int kick, call;			/* eventfds, made once, for the device's whole life */
	struct msix_source irq;
	struct event *event;		/* of kick, when the ring is served in this process */
};

struct virtio_ops {
	/*
	 * The driver set DRIVER_OK: every enabled queue's areas were checked to be guest memory.
	 * An error, already logged or worded in *e, leaves the device in need of a reset.
	 */
	int (*start)(struct virtio_device *dev, struct err *e);
	/* Reset: no ring is touched after it returns. Only after a start that succeeded. */
	void (*stop)(struct virtio_device *dev);
	/* off + len is within config_size */
	void (*config_read)(struct virtio_device *dev, unsigned int off, void *data,
			    unsigned int len);
	void (*config_write)(struct virtio_device *dev, unsigned int off, const void *data,
			     unsigned int len);		/* NULL: read-only */
	/* Main thread: the driver kicked a queue that is served in this process. */
	void (*kick)(struct virtio_queue *q);
	void (*destroy)(struct virtio_device *dev);
};

struct virtio_device {
	struct virtio_device *next;
	struct vm *vm;
	struct pci_dev pci;
	struct msix msix;
	const struct virtio_ops *ops;
	char name[16];			/* "net0": for the log */
	unsigned int config_size;

	uint64_t offered, accepted;
	uint32_t offer_select, accept_select;
	uint8_t status, isr, generation;
	uint16_t queue_select, nqueues;
	struct virtio_queue *queues;
	int config_fd;			/* eventfd of the configuration interrupt */
	struct msix_source config_irq;
	bool started;
	unsigned int complaints;	/* lines logged because of this guest */
	uint64_t notify_gpa;		/* where doorbells are registered; 0: nowhere */
};

/* The fixed part of making one: queues of at most queue_max entries each. */
struct virtio_kind {
	uint16_t type;		/* VIRTIO_ID_... */
	uint32_t class_code;
	const struct virtio_ops *ops;
	uint64_t offered;
	uint16_t nqueues, queue_max;
	uint16_t first_local;	/* queues from this one on are served in this process */
	unsigned int config_size;
};

/*
 * Makes the PCI function and puts it on the bus; the device is zeroed first, all but its vm and
 * name. On failure ops->destroy is not called.
 */
int virtio_pci_add(struct virtio_device *dev, const struct virtio_kind *kind, struct err *e);
/* Stops it and takes it off the bus; then ops->destroy. */
void virtio_pci_del(struct virtio_device *dev);

static inline bool virtio_has(const struct virtio_device *dev, unsigned int bit)
{
	return dev->accepted & (1ULL << bit);
}

/*
 * The device cannot go on: one line in the log says why, and the driver is told through
 * DEVICE_NEEDS_RESET. A guest that does it over and over is not logged for ever.
 */
void virtio_needs_reset(struct virtio_device *dev, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Device config changed: the driver gets a configuration interrupt. */
void virtio_config_changed(struct virtio_device *dev);

/* Used buffers in q: an interrupt. */
void virtio_queue_interrupt(struct virtio_queue *q);

/* Serve q once more, after the other work of the main loop. */
void virtio_queue_again(struct virtio_queue *q);

/* The driver's ring makes no sense: needs a reset, said once for each start. */
void virtio_queue_broken(struct virtio_queue *q, const char *why);

/* Makes every device that vm->cfg names; virtio_devices_free undoes it, also half-way. */
int virtio_devices_init(struct vm *vm, struct err *e);
void virtio_devices_free(struct vm *vm);

/* What virtio_devices_init calls; each returns the device or NULL with *e worded. */
struct virtio_device *virtio_net_new(struct vm *vm, unsigned int index, struct err *e);
struct virtio_device *virtio_blk_new(struct vm *vm, unsigned int index, struct err *e);
struct virtio_device *virtio_rng_new(struct vm *vm, struct err *e);
struct virtio_device *virtio_console_new(struct vm *vm, struct err *e);

#endif
