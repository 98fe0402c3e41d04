/* SPDX-License-Identifier: Apache-2.0 */
/* Between virtio.c (the life of a device) and virtio-pci.c (its registers); nobody else's. */
#ifndef KERNEL_VM_VIRTIO_TRANSPORT_H
#define KERNEL_VM_VIRTIO_TRANSPORT_H

#include "kernel/vm/virtio.h"

/* The queues, and the eventfd of the configuration interrupt; free them also after a failure. */
int virtio_queues_make(struct virtio_device *dev, const struct virtio_kind *kind);
void virtio_queues_free(struct virtio_device *dev);

/* The driver wrote the status register; 0 resets. */
void virtio_status_write(struct virtio_device *dev, uint8_t value);
void virtio_reset(struct virtio_device *dev);

#endif
