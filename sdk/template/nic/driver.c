// SPDX-License-Identifier: Apache-2.0
/* @NAME@: a NIC driver for @VENDOR@ PCI @DEVICE_VENDOR@:@DEVICE_ID@. */
#include <vmhi/core.h>
#include <vmhi/note.h>
#include <stddef.h>

#include "queue.h"

#define VENDOR	 0x@DEVICE_VENDOR@	/* as in the note; each device there is to be known here */
#define DEVICE	 0x@DEVICE_ID@
#define REGS_BAR 0	/* where the registers are */
#define REGS_LEN 4	/* how many bytes of it this driver touches */
#define REG_ID	 0	/* a register that never reads as all ones */

#define TEXT(s)	 s, sizeof(s) - 1

VMHI_NOTE("abi=0.1-0.1\0"
	  "class=nic/1\0"
	  "needs=pci\0"
	  "vendor=@VENDOR@\0"
	  "name=@NAME@\0"
	  "version=0.1.0\0"
	  "license=Proprietary\0"
	  "pci=@DEVICE_VENDOR@:@DEVICE_ID@\0");

/* Is it the device that we drive, and does it answer? */
static int check(const struct vmhi_host *host, vmhi_hc hc, const struct vmhi_attach *at)
{
	uint64_t ids[2] = {at->vendor, at->device};

	if (at->vendor != VENDOR || at->device != DEVICE)
		return -VMHI_ENXIO;
	if (at->bar_len[REGS_BAR] < REGS_LEN) {
		host->log(hc, VMHI_LOG_ERROR, TEXT("the BAR of the registers is too short: bytes"),
			  &at->bar_len[REGS_BAR], 1);
		return -VMHI_ENXIO;
	}
	if (host->rd32(hc, REGS_BAR, REG_ID) == 0xffffffff) {
		host->log(hc, VMHI_LOG_ERROR, TEXT("the registers do not answer"), NULL, 0);
		return -VMHI_EIO;
	}
	host->log(hc, VMHI_LOG_INFO, TEXT("found the device, ids"), ids, 2);
	if (!at->nvec)	/* one without vectors works: its queues are polled, its events by timer */
		host->log(hc, VMHI_LOG_INFO, TEXT("it has no interrupt vector"), NULL, 0);
	return 0;
}

/* Checks that the device answers, and takes it. A real driver resets it here: see README.md. */
static int drv_attach(const struct vmhi_host *host, vmhi_hc hc, const struct vmhi_attach *at,
		      void **out)
{
	struct vmhi_mem mem;
	struct dev *dev;
	int r;

	/* Newer hosts have longer tables and structures, never shorter ones. */
	if (host->h.size < sizeof(*host) || at->size < sizeof(*at))
		return -VMHI_EINVAL;
	r = check(host, hc, at);
	if (r)
		return r;
	r = host->dma_alloc(hc, sizeof(*dev), 0, 0, 0, &mem);
	if (r)
		return r;
	dev = mem.va;
	dev->host = host;
	dev->hc = hc;
	dev->mem = mem;
	*out = dev;
	return 0;
}

static int drv_start(void *d)
{
	struct dev *dev = d;
	struct vmhi_event ev = {.type = VMHI_EV_LINK, .arg = {1, 0, 1}};

	if (dev_is_gone(dev))
		return -VMHI_ENODEV;
	dev->host->raise(dev->hc, &ev);
	return 0;
}

static int drv_quiesce(void *d)
{
	return 0;
}

static void drv_detach(void *d)
{
	struct dev *dev = d;

	dev->host->dma_free(dev->hc, dev->mem.handle);
}

static void drv_forget(void *d)
{
	struct dev *dev = d;

	__atomic_store_n(&dev->gone, 1, __ATOMIC_RELAXED);
}

static const void *drv_query(void *d, uint16_t id, uint16_t version)
{
	return id == VMHI_IF_NIC && version == 1 ? &nic_ops : NULL;
}

static void drv_event(void *d, const struct vmhi_event *ev)
{
}

VMHI_DRIVER = {
	.h = {sizeof(vmhi_driver), VMHI_IF_DRIVER, 1},
	.attach = drv_attach,
	.start = drv_start,
	.quiesce = drv_quiesce,
	.detach = drv_detach,
	.forget = drv_forget,
	.query = drv_query,
	.event = drv_event,
};
