/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenVMHI driver ABI, core: what every driver is, whatever its class.
 *
 * A driver is one ELF shared object. It exports one symbol, the constant vmhi_driver, and imports
 * none. It carries a note (vmhi/note.h) that says what it is for. Everything it needs of the host
 * comes through the table of functions handed to attach().
 *
 * Rules that hold for every table and structure of this ABI:
 *  - A table begins with struct vmhi_tab. A member exists if offsetof(member) + sizeof(member) is
 *    at most h.size; a caller tests that before it calls. Tables are only appended to; a slot is
 *    never given a second meaning.
 *  - A structure with a "size" member grows the same way. One without never changes.
 *  - Members named "zero" must be zero. The other side refuses them when they are not.
 *  - Integers are little-endian, lengths of memory are bytes in 64 bits, times are nanoseconds.
 *  - Functions that return int answer 0 (or a documented value above 0), or a negative errno:
 *    one of the VMHI_E values below, which are Linux's and are frozen here.
 *
 * Threads. Control calls (everything in struct vmhi_driver_ops, and whatever a class header does
 * not mark as a queue call) are made one at a time, on one thread for each device. Queue calls are
 * made on that queue's thread: one owner for each queue at any time; several queues may share a
 * thread. The driver needs no locks: state that both kinds use is changed by control calls only
 * while the queues concerned are stopped. Only forget() may come from any thread at any time.
 *
 * Limits. "May block" means: sleep in wait() or wait for a register, in bounded time. Bringing a
 * device up, from attach() to start() and the class's calls between them, takes 12 s at most, and
 * so does taking it down, from the first queue_stop() to detach(). While a device runs, every
 * control call is back within 5 s: host requests wait for it, and a worker that does not answer
 * one for 5 s is killed. A call that does not block does no more than compute, store, and use the
 * functions of the host that do not block. forget() and queue calls never block.
 */
#ifndef VMHI_CORE_H
#define VMHI_CORE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The ABI version these headers describe; a driver's note says the range it works with. */
#define VMHI_ABI_MAJOR 0
#define VMHI_ABI_MINOR 1

/* Errors, as negative return values. */
#define VMHI_EIO       5	/* the device did not do what it must */
#define VMHI_ENXIO     6	/* not a device that this driver drives */
#define VMHI_EAGAIN    11	/* not now; nothing was changed */
#define VMHI_ENOMEM    12
#define VMHI_EBUSY     16
#define VMHI_ENODEV    19	/* the device is gone (forget() was called) */
#define VMHI_EINVAL    22
#define VMHI_ENOSPC    28	/* a table of the device is full */
#define VMHI_ENOTSUP   95
#define VMHI_ETIMEDOUT 110

/* Head of each table. */
struct vmhi_tab {
	uint32_t size;		/* bytes of the whole table, this head included */
	uint16_t id;		/* VMHI_IF_* */
	uint16_t version;
};

/* Interfaces, by id. Each has its own version. */
#define VMHI_IF_HOST   1	/* struct vmhi_host, version 1 */
#define VMHI_IF_DRIVER 2	/* struct vmhi_driver_ops, version 1 */
#define VMHI_IF_NIC    16	/* struct vmhi_nic (vmhi/nic.h), version 1 */

/* The host's side of one device: opaque, given back in every call to the host. */
typedef struct vmhi_host_context *vmhi_hc;

/* Memory that both the driver and the device reach. */
struct vmhi_mem {
	void *va;		/* where the driver sees it; zeroed unless it came back (PERSIST) */
	uint64_t iova;		/* where the device sees it; contiguous for the device */
	uint64_t len;		/* bytes, at least what was asked for */
	uint32_t handle;	/* for dma_free() */
	uint32_t zero;
};

/* dma_alloc() flags */
#define VMHI_DMA_LOW32	 0x1u	/* iova + len is at most 4 GiB */
#define VMHI_DMA_PERSIST 0x2u	/* kept under its tag when the driver dies or is replaced, until
				   dma_free() or the set's end, and given to the device's next
				   driver, of whatever vendor, as the last one left it. New memory
				   is zeroed: a mark of the driver's own tells which it is. A host
				   that does not restart drivers gives it as any other */

/* A fact told to the other side. 64 bytes, never changes. */
struct vmhi_event {
	uint32_t type;		/* VMHI_EV_* */
	uint32_t index;
	uint64_t arg[7];
};

/* Events from host to driver (vmhi_driver_ops.event) */
#define VMHI_EV_IRQ   1		/* index: the vector; sent for vectors that belong to no queue */
#define VMHI_EV_TIMER 2		/* index: the timer's id */
#define VMHI_EV_AER   3		/* PCI Express error reported; arg[0]: 1 fatal, 0 not. A host may
				   never send it */

/* Events from driver to host (vmhi_host.raise). Unknown types are dropped. */
#define VMHI_EV_LINK  64	/* index: port (0); arg[0]: 1 up, 0 down, never another value;
				   arg[1]: Mbit/s or 0; arg[2]: 1 full duplex. Before the first one
				   the link counts as down */
#define VMHI_EV_FAULT 65	/* the device stopped working; arg[0]: a code of the driver's own.
				   The host does as if the driver had died: it fences the device and
				   restarts the driver, or ends the device's set where it does not
				   restart drivers. A queue call cannot raise it: it sets a flag,
				   and a timer of the driver's looks at that */

/* log() levels */
#define VMHI_LOG_ERROR	 0u
#define VMHI_LOG_WARNING 1u
#define VMHI_LOG_INFO	 2u
#define VMHI_LOG_DEBUG	 3u	/* not shown by vmhi-driverd, though counted to the rate */

/*
 * What the host does for a driver. The table and hc stay valid until detach() returns. "Control"
 * below: to be called on the control thread, inside a control call, only.
 */
struct vmhi_host {
	struct vmhi_tab h;

	/*
	 * A further interface of the host's, by id and version: its table, or a null pointer if
	 * this host has none. Control; does not block.
	 */
	const void *(*query)(vmhi_hc hc, uint16_t id, uint16_t version);

	/*
	 * Allocates memory for DMA. len: bytes, above 0. align: of both va and iova, a power of
	 * two up to 2 MiB; 0: 4096. flags: VMHI_DMA_*. tag: names the piece when PERSIST is set
	 * (unique for the device), else 0. Control; may block. -EINVAL: one of these is not so, or
	 * the tag is in use, or what was kept under it has another length in pages of 4096 bytes,
	 * or does not lie as align asks; -ENOMEM; -ENODEV when gone.
	 *
	 * Each piece takes whole pages of 4096 bytes. A driver that takes at most 1 MiB in 32 pieces
	 * for a device gets it, if align is at most 4096 and LOW32 is not set. vmhi-driverd has 8
	 * MiB in 256 pieces for all devices of a set.
	 */
	int (*dma_alloc)(vmhi_hc hc, uint64_t len, uint64_t align, uint32_t flags, uint32_t tag,
			 struct vmhi_mem *out);

	/*
	 * Gives it back; the device must not use it any more. Also after forget(). A handle that
	 * is not the device's is logged, nothing else. Control; does not block.
	 */
	void (*dma_free)(vmhi_hc hc, uint32_t handle);

	/*
	 * A 32-bit register. bar: 0 to 5, the first BAR of a 64-bit pair; off: bytes, a multiple
	 * of 4. Outside the BAR a read answers all ones and a write does nothing; the host logs
	 * it. A read answers all ones once the device is gone, as PCI does.
	 *
	 * rd32: control; may block as long as a bus round trip takes, on a device behind a socket
	 * up to 5 s: then the device is gone.
	 * wr32: any thread; does not block, but for one case: on a device behind a socket 1024
	 * writes may be on their way. One more waits, a second at most: then the device is gone.
	 * All stores to DMA memory and all wr32 made before it by this thread reach the device
	 * first, so one doorbell follows a batch.
	 */
	uint32_t (*rd32)(vmhi_hc hc, uint32_t bar, uint64_t off);
	void (*wr32)(vmhi_hc hc, uint32_t bar, uint64_t off, uint32_t value);

	/*
	 * PCI configuration space: reads (write is 0) or writes (1) width bytes, 1, 2 or 4, at an
	 * aligned offset. The first 64 bytes and the MSI and MSI-X capabilities are the host's:
	 * a write there is answered -EINVAL, as are another width, an offset that is not aligned,
	 * and one outside the space. -ENODEV when gone, or for a driver that needs no device;
	 * -EIO: the access failed. A read that fails leaves all ones. Control; may block.
	 */
	int (*cfg)(vmhi_hc hc, uint32_t off, uint32_t width, uint32_t *value, uint32_t write);

	/*
	 * Sends VMHI_EV_TIMER once, ns from now, never sooner and some milliseconds later at
	 * times; ns 0 cancels. id: 0 to 15; a timer that is running is set anew. Control; does not
	 * block. -EINVAL: no such id; -ENOMEM: the timer does not run.
	 */
	int (*timer)(vmhi_hc hc, uint32_t id, uint64_t ns);

	/* The host's clock: ns, monotonic. Virtual in tests, so use no other. Any thread. */
	uint64_t (*now)(vmhi_hc hc);

	/*
	 * Waits ns for hardware, but a second at most: for more it waits one second and returns 0
	 * as well, so take the time from now(). Control; blocks. -ENODEV when gone.
	 */
	int (*wait)(vmhi_hc hc, uint64_t ns);

	/*
	 * Tells the host a VMHI_EV_*; it is copied, and acted on after the control call returned.
	 * Legal in every control call, attach() and start() included. Of those beyond 32 in one
	 * call the last counts. Control; does not block.
	 */
	void (*raise)(vmhi_hc hc, const struct vmhi_event *ev);

	/*
	 * One line for the operator: text of len bytes (printable ASCII, any other byte is shown
	 * as '?'; what is beyond 200 is cut off) and after it nval numbers (at most 4), shown in
	 * hexadecimal. level: VMHI_LOG_*; above DEBUG is DEBUG. The host limits the rate, to 50
	 * lines a second at the least. Control; does not block.
	 */
	void (*log)(vmhi_hc hc, uint32_t level, const char *text, uint32_t len,
		    const uint64_t *val, uint32_t nval);
};

/* One for each "param=" record of the driver's note, in the note's order. Never changes. */
struct vmhi_param {
	uint64_t value;		/* u64: the number; bool: 0 or 1; choice: place of the word chosen */
};

/* vmhi_attach.flags */
#define VMHI_ATTACH_WARM 0x1u	/* takes over from a driver that died or was replaced: the device is
				   powered, its link may be up. Reset it, do not renegotiate: a link
				   that is up stays so, and no other state is told. Never set by a
				   host that does not restart drivers */

/* What a driver is attached to. Valid during attach() only. */
struct vmhi_attach {
	uint32_t size;
	uint32_t flags;			/* VMHI_ATTACH_* */
	uint16_t vendor, device;	/* PCI ids; 0 for a driver that needs no device */
	uint16_t subvendor, subdevice;
	uint32_t nvec;			/* interrupt vectors there are: 0 to nvec - 1 */
	uint32_t nparam;
	const struct vmhi_param *param;
	uint64_t bar_len[6];		/* bytes; 0: no such BAR, or not of memory */
};

/*
 * What a driver is: the one symbol that it exports. All of these are control calls but forget(),
 * and every one is required.
 */
struct vmhi_driver_ops {
	struct vmhi_tab h;

	/*
	 * Takes the device: checks that it drives it, resets it, reads what it must know. Bus
	 * Master is on, no interrupt is enabled. Stores the driver's state in *dev. May block, 10
	 * s at most. After an error nothing is left behind, and no other call follows. -ENXIO: not
	 * its device: vendor and device are none of its note's; -EINVAL: a table or structure too
	 * short for this driver, or a parameter that does not go with another; -ENOMEM, -ETIMEDOUT,
	 * -ENODEV; -EIO, also where every register reads as ones: nothing is there.
	 */
	int (*attach)(const struct vmhi_host *host, vmhi_hc hc, const struct vmhi_attach *at,
		      void **dev);

	/*
	 * From now on events are wanted and the link may come up. May block, within the 12 s for
	 * bringing up: do not wait for the link. After an error (-EIO, -ETIMEDOUT, -ENOMEM,
	 * -ENODEV) the device is taken down.
	 */
	int (*start)(void *dev);

	/*
	 * Stops the device: when this returns 0 the device does no DMA and raises no interrupt
	 * until the next attach(). The queues were stopped before. May block, within the 12 s for
	 * taking down. An error (-EIO, -ETIMEDOUT, -ENODEV) means that the device may still do DMA,
	 * and the host fences it itself; detach() follows all the same.
	 */
	int (*quiesce)(void *dev);

	/*
	 * Frees everything, after quiesce() or forget(). May block, within the 12 s for taking
	 * down; cannot fail.
	 */
	void (*detach)(void *dev);

	/*
	 * The device is gone (pulled, or its model died). Sets one flag and returns: from any
	 * thread, at any time after attach() returned 0 and before detach() is called, also while
	 * another call runs. Does not block, and calls nothing of the host's. Every other call but
	 * attach() may still come, queue calls too, and returns within its own limit; quiesce() and
	 * detach() do come.
	 */
	void (*forget)(void *dev);

	/*
	 * An interface of the driver's, by id and version: its table, valid until detach(), or a
	 * null pointer if it has none. After attach(), at any time; does not block.
	 */
	const void *(*query)(void *dev, uint16_t id, uint16_t version);

	/*
	 * Something happened: VMHI_EV_IRQ, TIMER, AER; from start() to quiesce(). Unknown types
	 * are ignored. May block, 5 s at most, and had better not: other events and the other
	 * devices of the set wait. What takes longer is done in steps, by timer.
	 */
	void (*event)(void *dev, const struct vmhi_event *ev);
};

/*
 * Defines the driver's table, in C, and in C++ from C++20 on:
 *	VMHI_DRIVER = {.h = {sizeof(vmhi_driver), VMHI_IF_DRIVER, 1}, .attach = my_attach, ...};
 * and in C++17, which names no members in a list, by their order:
 *	VMHI_DRIVER = {{sizeof(vmhi_driver), VMHI_IF_DRIVER, 1}, my_attach, my_start, ...};
 */
#define VMHI_DRIVER                                                                                \
	extern const struct vmhi_driver_ops vmhi_driver                                            \
		__attribute__((visibility("default")));                                            \
	const struct vmhi_driver_ops vmhi_driver

#ifdef __cplusplus
}
#endif

#endif
