/* SPDX-License-Identifier: Apache-2.0 */
/* The vfio-user protocol's numbers and layouts, after its published specification (0.1). */
#ifndef SDK_MODELS_VFIO_USER_H
#define SDK_MODELS_VFIO_USER_H

#include <stdint.h>

#define VFU_VERSION		1
#define VFU_DMA_MAP		2
#define VFU_DMA_UNMAP		3
#define VFU_DEVICE_GET_INFO	4
#define VFU_GET_REGION_INFO	5
#define VFU_GET_REGION_IO_FDS	6
#define VFU_GET_IRQ_INFO	7
#define VFU_SET_IRQS		8
#define VFU_REGION_READ		9
#define VFU_REGION_WRITE	10
#define VFU_DMA_READ		11
#define VFU_DMA_WRITE		12
#define VFU_DEVICE_RESET	13
#define VFU_REGION_WRITE_MULTI	15

#define VFU_TYPE_MASK		0xf
#define VFU_TYPE_COMMAND	0x0
#define VFU_TYPE_REPLY		0x1
#define VFU_NO_REPLY		0x10
#define VFU_ERROR		0x20

struct vfu_header {
	uint16_t id;
	uint16_t command;
	uint32_t size;		/* header included */
	uint32_t flags;
	uint32_t error;		/* errno, in a reply with VFU_ERROR */
};

struct vfu_dma_map {
	uint32_t argsz;
	uint32_t flags;		/* 1 readable, 2 writable */
	uint64_t offset;
	uint64_t address;
	uint64_t size;
};

struct vfu_dma_unmap {
	uint32_t argsz;
	uint32_t flags;		/* 2: every map, address and size zero */
	uint64_t address;
	uint64_t size;
};

#define VFU_DMA_READABLE	1
#define VFU_DMA_WRITABLE	2
#define VFU_UNMAP_ALL		2

struct vfu_device_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t regions;
	uint32_t irqs;
};

struct vfu_region_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t index;
	uint32_t cap_offset;
	uint64_t size;
	uint64_t offset;
};

struct vfu_irq_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t index;
	uint32_t count;
};

struct vfu_irq_set {
	uint32_t argsz;
	uint32_t flags;
	uint32_t index;
	uint32_t start;
	uint32_t count;
};

struct vfu_region_access {
	uint64_t offset;
	uint32_t region;
	uint32_t count;
};

struct vfu_write_one {
	uint64_t offset;
	uint32_t region;
	uint32_t count;
	uint8_t data[8];
};

struct vfu_dma_access {
	uint64_t address;
	uint64_t count;
};

#define VFU_DEFAULT_XFER	(1024 * 1024)
#define VFU_DEFAULT_FDS		1

_Static_assert(sizeof(struct vfu_header) == 16, "header");
_Static_assert(sizeof(struct vfu_dma_map) == 32, "DMA map");
_Static_assert(sizeof(struct vfu_dma_unmap) == 24, "DMA unmap");
_Static_assert(sizeof(struct vfu_region_info) == 32, "region info");
_Static_assert(sizeof(struct vfu_irq_set) == 20, "IRQ set");
_Static_assert(sizeof(struct vfu_region_access) == 16, "region access");
_Static_assert(sizeof(struct vfu_write_one) == 24, "coalesced write");

#endif
