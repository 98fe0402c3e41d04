/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vfio-user protocol as its client speaks it: messages and their layout, from the published
 * specification. The server is hostile: sizes, indices, descriptors and time are checked here.
 */
#ifndef KERNEL_BUS_VFIO_USER_H
#define KERNEL_BUS_VFIO_USER_H

#include "kernel/bus/bus.h"
#include "kernel/lib/fdpass.h"

enum vfu_command {
	VFU_VERSION = 1,
	VFU_DMA_MAP,
	VFU_DMA_UNMAP,
	VFU_DEVICE_GET_INFO,
	VFU_DEVICE_GET_REGION_INFO,
	VFU_DEVICE_GET_IRQ_INFO = 7,
	VFU_DEVICE_SET_IRQS,
	VFU_REGION_READ,
	VFU_REGION_WRITE,
	VFU_DMA_READ,		/* these two are the server's */
	VFU_DMA_WRITE,
	VFU_DEVICE_RESET,
	VFU_REGION_WRITE_MULTI = 15,
};

#define VFU_F_REPLY    0x01u
#define VFU_F_TYPE     0x0fu
#define VFU_F_NO_REPLY 0x10u
#define VFU_F_ERROR    0x20u

struct vfu_head {
	uint16_t id, command;
	uint32_t size;		/* of the whole message */
	uint32_t flags, error;
};

struct vfu_version {
	uint16_t major, minor;
};

struct vfu_dma_map {
	uint32_t argsz, flags;
	uint64_t offset, address, size;
};

struct vfu_dma_unmap {
	uint32_t argsz, flags;
	uint64_t address, size;
};

struct vfu_region_access {
	uint64_t offset;
	uint32_t region, count;
};

/* One register of a message that writes several. */
struct vfu_write_one {
	uint64_t offset;
	uint32_t region, count;
	unsigned char data[8];
};

struct vfu_dma_access {
	uint64_t address, count;
};

#define VFU_XFER_MAX 65536u	/* data in one message, either way */
#define VFU_BODY_MAX (VFU_XFER_MAX + 64)
#define VFU_BATCH_MAX 128u

/* Writes that are held, to be sent as one message: its body. */
struct vfu_batch {
	uint64_t count;
	struct vfu_write_one one[VFU_BATCH_MAX];
};

struct vfu_dev {
	struct bus_device d;
	int sock;
	uint16_t next_id;
	uint32_t max_fds;		/* the server takes in one message */
	uint32_t irq_index;
	bool can_reset, wired;
	bool answered;			/* once: it is free for us */
	bool write_multiple;		/* the server takes several writes in one message */
	uint32_t gathered;		/* of batch */
	int region_fd[BUS_BARS];	/* -1: cannot be mapped */
	/* One message at a time, in and out. */
	unsigned char body[VFU_BODY_MAX];
	struct vfu_batch batch;
};

/* What one call sends and what it wants back. */
struct vfu_call {
	enum vfu_command command;
	const void *req;	/* fixed part, then data */
	uint32_t req_len;
	const void *data;
	uint32_t data_len;
	const int *fds;
	int nfd;
	uint32_t reply_min;	/* a shorter answer is a fault; it lies in v->body */
	uint32_t reply_len;	/* set: what came */
	int *reply_fds;		/* room for FDPASS_MAX, or NULL: none is legal */
	int reply_nfd;		/* set */
	int timeout_ms;		/* 0: the usual one */
};

/*
 * Sends and waits for the answer; what was gathered goes before it. -ENODEV: the server broke the protocol, went away or took too
 * long, and is not spoken to any more. Another error is the server's own.
 */
int vfu_call(struct vfu_dev *v, struct vfu_call *c, struct err *e);

/* Sends without an answer to follow. */
int vfu_post(struct vfu_dev *v, struct vfu_call *c);

/*
 * Writes n bytes, 8 at most, to a server that takes several writes in one message. -EIO: it has
 * carried out some of the message only.
 */
int vfu_write_batched(struct vfu_dev *v, uint32_t region, uint64_t off, const void *buf,
		      uint32_t n, enum bus_write how);

/* Handles commands of the server's until none waits. */
int vfu_poll(struct bus_device *d);

/* Not spoken to any more; worded as the device's error. Returns -ENODEV. */
int vfu_drop(struct vfu_dev *v, struct err *e, const char *why);

#endif
