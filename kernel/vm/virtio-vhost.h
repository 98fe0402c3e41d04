/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtio device whose rings a vhost-user back end serves: what NICs and disks have in common. A
 * back end that hangs, breaks the protocol or goes away costs one line in the log; its connection
 * is dropped and made anew when a back end is there again. Rings that can be taken up where they
 * were go on then; others need a reset by the driver.
 */
#ifndef KERNEL_VM_VIRTIO_VHOST_H
#define KERNEL_VM_VIRTIO_VHOST_H

#include "kernel/vm/vhost-user-fe.h"
#include "kernel/vm/virtio.h"

struct vhost_device;

struct vhost_device_ops {
	/* May the rings go on with a new back end at the used index? */
	bool (*resumable)(const struct vhost_device *vd);
	/* Is ring index to be on when the rings start? */
	bool (*ring_on)(const struct vhost_device *vd, unsigned int index);
	/* The back end went, or came back: after its features were seen to suffice. */
	void (*link)(struct vhost_device *vd, bool up);
};

struct vhost_device {
	struct virtio_device dev;	/* first: the two are one object */
	struct vhost_fe fe;
	const struct vhost_device_ops *vops;
	const char *path;
	const void *config;		/* the device's configuration, of the kind's config_size */
	unsigned int nrings;		/* queues 0 to nrings - 1 are the back end's */
	uint64_t needed;		/* features of the back end that were offered on */
	bool lost;			/* no usable connection */
	bool running;			/* the back end has the rings */
	bool ran;			/* one had them, or some of them, since the driver's start */
	int err_fd;			/* eventfd: the back end found a ring broken */
	struct event *err_event, *gone_event;
	int timer;			/* 0: none */
	unsigned int retry_ms;		/* how long to wait before the next connection */
	uint64_t since_ms;		/* when this one began */
};

static inline struct vhost_device *vhost_device_of(struct virtio_device *dev)
{
	return (struct vhost_device *)dev;
}

/* Connects. vd is zeroed but for dev.vm and dev.name. Undo it with vhost_device_fini(). */
int vhost_device_init(struct vhost_device *vd, const struct vhost_device_ops *vops,
		      const char *path, struct err *e);
void vhost_device_fini(struct vhost_device *vd);

/* For virtio_ops. destroy frees the object. */
void vhost_device_config_read(struct virtio_device *dev, unsigned int off, void *data,
			      unsigned int len);
void vhost_device_destroy(struct virtio_device *dev);
int vhost_device_start(struct virtio_device *dev, struct err *e);
void vhost_device_stop(struct virtio_device *dev);

/* The connection is of no more use; why is logged unless NULL. Any thread, vm->lock held. */
void vhost_device_lost(struct vhost_device *vd, const char *why);

/* Virtio features beyond those of the device type that pass through between driver and back end. */
#define VHOST_RING_FEATURES                                                                        \
	((1ULL << VIRTIO_RING_F_INDIRECT_DESC) | (1ULL << VIRTIO_RING_F_EVENT_IDX) |               \
	 (1ULL << VIRTIO_F_VERSION_1) | (1ULL << VIRTIO_F_RING_PACKED) |                           \
	 (1ULL << VIRTIO_F_IN_ORDER) | (1ULL << VIRTIO_F_ORDER_PLATFORM))

#endif
