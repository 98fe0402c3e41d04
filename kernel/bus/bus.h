/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCI functions as the keeper holds them, over VFIO or over vfio-user. A bus is the devices of one
 * set and the addresses that they share: memory is mapped once, at one IOVA, for all of them.
 * Control thread only; nothing here is for the data path. Whatever a device answers is hostile.
 */
#ifndef KERNEL_BUS_BUS_H
#define KERNEL_BUS_BUS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "kernel/bus/iova.h"
#include "kernel/lib/err.h"

#define BUS_BARS	6
#define BUS_MAP_AREAS	8	/* areas of one BAR that can be mapped */
#define BUS_VECTORS_MAX 64	/* vectors used of one device */
#define BUS_DEVICES_MAX 8
#define BUS_NAME_MAX	108
#define BUS_CONFIG	7u	/* region number of the configuration space, as in VFIO */

/* A part of a BAR that a process may map from fd at fd_off, instead of asking the keeper. */
struct bus_area {
	uint64_t off, len;	/* within the BAR; multiples of the page size */
	uint64_t fd_off;
	int fd;			/* the device's own: not to be closed by the caller */
};

struct bus_bar {
	uint64_t len;		/* 0: none, or not of memory */
	uint32_t nareas;
	struct bus_area area[BUS_MAP_AREAS];
};

struct bus_device;

/* What is certain of a write when it returns. What is written is carried out in order in any case. */
enum bus_write {
	BUS_ARRIVED,	/* it is carried out, and all before it */
	BUS_SENT,	/* it will be */
	BUS_HELD,	/* it will be when another access follows: the caller has one at hand */
};

struct bus_ops {
	/* Region 0 to 5 or BUS_CONFIG, 1, 2, 4 or 8 bytes within it. -ENODEV: the device is gone. */
	int (*read)(struct bus_device *d, uint32_t region, uint64_t off, void *buf, uint32_t n);
	int (*write)(struct bus_device *d, uint32_t region, uint64_t off, const void *buf,
		     uint32_t n, enum bus_write how);
	/* Wires MSI-X vectors 0 to n - 1 (or MSI, or INTx as the one) to eventfds; 0: none. */
	int (*irqs)(struct bus_device *d, const int *fds, uint32_t n, struct err *e);
	int (*reset)(struct bus_device *d, struct err *e);
	/* NULL where the IOMMU of the whole set does it (VFIO). */
	int (*dma_map)(struct bus_device *d, int fd, uint64_t fd_off, uint64_t iova, uint64_t len,
		       struct err *e);
	int (*dma_unmap)(struct bus_device *d, uint64_t iova, uint64_t len);
	/* Something can be read from poll_fd. -ENODEV: the device is gone. */
	int (*poll)(struct bus_device *d);
	void (*close)(struct bus_device *d);
};

struct bus_device {
	const struct bus_ops *ops;
	struct bus *bus;
	char name[BUS_NAME_MAX];	/* "0000:00:04.0" or "vfio-user:PATH", for people */
	uint16_t vendor, device, subvendor, subdevice;
	uint32_t nvec;			/* interrupt vectors there are */
	uint64_t config_len;
	struct bus_bar bar[BUS_BARS];
	uint16_t express_cap;		/* of the PCI Express capability; 0: conventional */
	bool gone;
	int poll_fd;			/* to be watched for input, or -1 */
};

struct bus_mapping {
	uint64_t iova, len;
	void *va;
};

struct bus {
	struct bus_device *dev[BUS_DEVICES_MAX];
	uint32_t ndev;
	struct iova_ranges ranges;	/* what every device of the bus can reach */
	struct bus_mapping map[16];
	uint32_t nmap;
	void *vfio;			/* the container and its groups */
};

void bus_init(struct bus *b);

/*
 * Opens a device and adds it: a PCI address bound to vfio-pci, or the socket of a vfio-user
 * server. Bus Master and interrupts are off, the device was reset if it can be.
 */
int bus_open_vfio(struct bus *b, const char *address, struct err *e);
int bus_open_vfio_user(struct bus *b, const char *path, struct err *e);
/* With a connection that is there already; it is the bus's from then on, also after an error. */
int bus_add_vfio_user(struct bus *b, const char *name, int sock, struct err *e);

/* Lets all devices reach len bytes of fd at fd_off, mapped here at va, under iova. */
int bus_dma_map(struct bus *b, int fd, uint64_t fd_off, void *va, uint64_t iova, uint64_t len,
		struct err *e);
void bus_dma_unmap(struct bus *b, uint64_t iova);

/* The memory here that a device means by iova; NULL unless len bytes of it are mapped. */
void *bus_dma_ptr(struct bus *b, uint64_t iova, uint64_t len);

/* Fences and closes every device, unmaps everything. */
void bus_close(struct bus *b);

/*
 * A register: width 1, 2, 4 or 8, aligned, within the BAR. Anything else reads all ones and writes
 * nothing, as PCI does it; -EINVAL says so, -ENODEV that the device is gone.
 */
int bus_read(struct bus_device *d, uint32_t bar, uint64_t off, uint32_t width, uint64_t *value);
int bus_write(struct bus_device *d, uint32_t bar, uint64_t off, uint32_t width, uint64_t value,
	      enum bus_write how);

/*
 * The configuration space as a driver may use it: width 1, 2 or 4, aligned. -EINVAL for a write to
 * what is the host's: the command register, BARs, and the MSI and MSI-X capabilities.
 */
int bus_config_read(struct bus_device *d, uint32_t off, uint32_t width, uint32_t *value);
int bus_config_write(struct bus_device *d, uint32_t off, uint32_t width, uint32_t value);

/* Bus Master on; off also waits until the device has no transaction pending. */
int bus_master(struct bus_device *d, bool on, struct err *e);

/* Where a capability is; 0: the device has none of this id. */
int bus_find_cap(struct bus_device *d, uint8_t id, uint32_t *at);
/* Reads the kind from the BAR itself; false also when it cannot be read. */
bool bus_bar_is_memory(struct bus_device *d, uint32_t bar);

/* Used by the two kinds of device: reads ids and capabilities, checks them, adds d to b. */
int bus_add(struct bus *b, struct bus_device *d, struct err *e);

#endif
