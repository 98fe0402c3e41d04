/* SPDX-License-Identifier: Apache-2.0 */
/* What bus.c needs of VFIO: one container, so one set of DMA maps, for all groups of a bus. */
#ifndef KERNEL_BUS_VFIO_H
#define KERNEL_BUS_VFIO_H

#include "kernel/bus/bus.h"

/* Both do nothing while the bus has no VFIO device. */
int vfio_dma_map(struct bus *b, void *va, uint64_t iova, uint64_t len, struct err *e);
void vfio_dma_unmap(struct bus *b, uint64_t iova, uint64_t len);
void vfio_container_close(struct bus *b);

/* vfio-container.c: the group's container, made if it is the first; the group's descriptor. */
int vfio_group_open(struct bus *b, int group, const char *address, struct err *e);

#endif
