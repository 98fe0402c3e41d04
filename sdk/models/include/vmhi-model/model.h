/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hardware model: a program that behaves as a PCI card does, register by register, and serves it
 * to one client at a time, over a vfio-user socket or as a card of a virtual machine in QEMU. The
 * library keeps config space, MSI-X, DMA maps and the protocol; the model supplies what is behind
 * the BARs.
 */
#ifndef VMHI_MODEL_MODEL_H
#define VMHI_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vmhi-model/loop.h>

#ifdef __cplusplus
extern "C" {
#endif

struct model;

/* What a BAR is; the size is a power of two, at least 16 bytes for memory and 4 for I/O. */
#define MODEL_BAR_MEM32		0x0
#define MODEL_BAR_IO		0x1
#define MODEL_BAR_MEM64		0x4	/* takes this BAR and the next */
#define MODEL_BAR_PREFETCH	0x8

struct model_bar {
	uint64_t size;		/* 0: not there */
	uint32_t flags;		/* MODEL_BAR_* */
};

/* What config space says after power-on. */
struct model_pci {
	uint16_t vendor_id, device_id, subsystem_vendor_id, subsystem_id;
	uint32_t class_code;	/* 24 bits: base class, sub-class, interface */
	uint8_t revision;
	struct model_bar bar[6];
	uint16_t msix_vectors;	/* 0: no MSI-X; at most 2048 */
	uint8_t msix_cap;	/* where in config space, 0x40 to 0xf4, a multiple of 4 */
	uint8_t msix_table_bar, msix_pba_bar;
	uint32_t msix_table_offset, msix_pba_offset;	/* multiples of 8 */
};

/*
 * What the model does. Accesses are 1, 2, 4 or 8 bytes, naturally aligned and inside the BAR;
 * larger ones of the client are split. The MSI-X table and PBA are the library's.
 */
struct model_ops {
	uint64_t (*read)(void *dev, unsigned int bar, uint64_t offset, unsigned int size);
	void (*write)(void *dev, unsigned int bar, uint64_t offset, unsigned int size,
		      uint64_t value);
	/* To the state after power-on: a new client, a client gone, a reset message, or
	 * return from D3hot. Config space is the library's affair. */
	void (*reset)(void *dev);
	/* Optional. Bus Master, memory decode or MSI-X enable may have changed. */
	void (*config_changed)(void *dev);
	/* Optional. A command to model_faults_listen()'s socket that is not one of the library's:
	 * what only this card can suffer. False: not understood. */
	bool (*fault)(void *dev, const char *line);
};

/*
 * NULL with errno EINVAL when the description contradicts itself (the log says where), or ENOMEM.
 * pci is copied; ops, dev and the loop must outlive the model.
 */
struct model *model_new(struct model_loop *l, const struct model_pci *pci,
			const struct model_ops *ops, void *dev);
/* Closes its sockets, removes the one at model_listen()'s path, and calls reset if there is a
 * client: so before model_loop_free() and before what dev points to is freed. NULL is let be. */
void model_free(struct model *m);

/*
 * Puts a capability into config space: its bytes, beginning with the id; the "next" byte is the
 * library's. writable (may be NULL) has a 1 for every bit that the client may write. at: 0x40 and
 * up. Ids at 0x100 and up are extended capabilities with their 4-byte header. 0 or -EINVAL, and
 * then the log says why.
 */
int model_add_cap(struct model *m, uint16_t at, const void *bytes, const void *writable,
		  size_t n);
/* The 8 bytes of PCI power management (D0 and D3hot, soft reset on return to D0). */
int model_add_pm_cap(struct model *m, uint8_t at);
/* The 20 bytes of a version 1 PCI Express endpoint: one lane at 2.5 GT/s, no FLR. */
int model_add_pcie_cap(struct model *m, uint8_t at);

/* A dword of config space as it stands now; offset a multiple of 4 below 4096. */
uint32_t model_config(const struct model *m, uint16_t offset);
bool model_bus_master(const struct model *m);

/*
 * A page-aligned area of a BAR as memory shared with the client (a doorbell page): the client may
 * map it, the model reads it here. Call before the first client. NULL with errno set when it
 * overlaps another area, the MSI-X structures or the end of the BAR.
 */
void *model_share(struct model *m, unsigned int bar, uint64_t offset, uint64_t size);

/*
 * DMA. Reads or writes the client's memory at an I/O address; may span maps that follow one
 * another. -EPERM without Bus Master; -EFAULT when any byte is unmapped or the map forbids the
 * direction (nothing else about the transfer is then promised); -EIO when the client is gone.
 * Every failure is counted, and logged at a falling rate.
 */
int model_dma_read(struct model *m, uint64_t iova, void *buf, size_t n);
int model_dma_write(struct model *m, uint64_t iova, const void *buf, size_t n);
uint64_t model_dma_faults(const struct model *m);

/*
 * MSI-X: sends the vector's message. While it cannot be sent (vector or function masked, Bus
 * Master off) its pending bit is set and it goes out when it can.
 */
void model_msix_raise(struct model *m, unsigned int vector);
/* By the enable bit, or because the client gave the vectors eventfds, as VFIO's clients do. */
bool model_msix_enabled(const struct model *m);

/* Serves a unix socket at path (a stale one is replaced). 0 or -errno: -EBUSY when the model has a
 * socket already, -EEXIST when a file is there that is no socket, -EADDRINUSE when somebody serves
 * it, -ENAMETOOLONG, -ENOSPC when the loop is full, and those of socket(2) and bind(2). */
int model_listen(struct model *m, const char *path);
/* Serves a connected socket. 0: it is the model's, which closes it. -EBUSY when there is a client,
 * -EEXIST, -ENOSPC or -EBADF from the loop: it is still the caller's. */
int model_serve(struct model *m, int sock);
bool model_has_client(const struct model *m);

/*
 * The second door: the protocol between QEMU 7.2 and 8's x-pci-proxy-dev and the process behind it,
 * by which the model is a card of a virtual machine. What the guest's driver sees is a conventional
 * PCI function that firmware has not touched yet: decoding off, BARs of 32 bits, no extended
 * capabilities. DMA goes to the guest-physical memory that QEMU shares, which must be a memfd;
 * with a VT-d in the machine, model_proxy_vtd() first.
 * MSI-X messages are written by QEMU's qtest socket at qtest_path, which may appear later: QEMU
 * waits for answers to register accesses, so a thread of the library's does it. All callbacks are
 * in the loop's thread as ever.
 *
 * model_proxy() serves a connected socket, whose other end is x-pci-proxy-dev's fd; 0: it is the
 * model's, which closes it. -EBUSY when there is a client, -EFBIG when a BAR is larger than 1 GiB,
 * -ENAMETOOLONG, -ENOMEM, -EAGAIN when there can be no thread, -EEXIST, -ENOSPC or -EBADF from the
 * loop: it is still the caller's.
 * model_proxy_listen() serves a unix socket at path, one client after the other; errors as
 * model_listen()'s, which a model may have instead, not beside.
 */
int model_proxy(struct model *m, int sock, const char *qtest_path);
int model_proxy_listen(struct model *m, const char *path, const char *qtest_path);
/*
 * For the machines of model_proxy() from then on: they have a VT-d (QEMU's -device intel-iommu) in
 * legacy mode, and the card is at bus and devfn (slot * 8 + function) for it. DMA is translated and
 * interrupts are remapped by the guest's tables; what these do not allow fails, as a DMA fault or
 * with a line in the log. 0; -EINVAL: no such place; -EBUSY: a machine is there.
 */
int model_proxy_vtd(struct model *m, unsigned int bus, unsigned int devfn);

/*
 * Fault switches, for tests of drivers: a unix datagram socket at path takes commands of one line,
 * without an answer. Numbers of bits are hexadecimal, all others decimal.
 *   read AND OR N      the next N register reads give (value & AND) | OR: stuck bits, all-ones
 *   dma OFFSET XOR N   the next N writes of at most 64 bytes (completions) have a byte changed
 *   irq late MS N      the next N interrupts come so much later
 *   irq times K N      the next N interrupts come K times; 0: they are lost
 *   clear              no more of any
 * 0; -EBUSY: there is one already; -ENAMETOOLONG, -ENOSPC from the loop, -ENOMEM, -EADDRINUSE and
 * those of socket(2) and bind(2). model_free() closes and removes it.
 */
int model_faults_listen(struct model *m, const char *path);

/* One line to standard error, "name: text". */
void model_log_name(const char *name);
void model_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#ifdef __cplusplus
}
#endif

#endif
