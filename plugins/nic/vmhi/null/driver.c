// SPDX-License-Identifier: Apache-2.0
/* The null NIC driver: a port with no hardware. It is what the ABI costs, and the template's twin. */
#include <vmhi/core.h>
#include <vmhi/note.h>
#include <stddef.h>

#include "modes.h"

VMHI_NOTE("abi=0.1-0.1\0"
	  "class=nic/1\0"
	  "needs=nothing\0"
	  "vendor=OpenVMHI\0"
	  "name=null\0"
	  "version=0.1.0\0"
	  "license=Apache-2.0\0"
	  "param=mode:choice:loop:loop|drop|generate:what becomes of packets\0"
	  "param=frame_len:u64:64:60:1514:bytes of each generated frame, without FCS\0"
	  "param=frame_dst:u64:90520730730497:0:281474976710655:destination MAC of generated "
	  "frames, as a number\0"
	  "param=copy:bool:0:copy what is dropped away first, as a cable would\0");

static int null_attach(const struct vmhi_host *host, vmhi_hc hc, const struct vmhi_attach *at,
		       void **out)
{
	struct vmhi_mem mem;
	struct null *null;
	int r;

	if (host->h.size < sizeof(*host) || at->size < sizeof(*at))
		return -VMHI_EINVAL;
	if (at->nparam != 4)
		return -VMHI_EINVAL;
	r = host->dma_alloc(hc, sizeof(*null), 0, 0, 0, &mem);
	if (r)
		return r;
	null = mem.va;
	null->dev.host = host;
	null->dev.hc = hc;
	null->dev.mem = mem;
	modes_init(null, (uint32_t)at->param[0].value, (uint32_t)at->param[1].value,
		   at->param[2].value, at->param[3].value);
	*out = &null->dev;
	return 0;
}

static int null_start(void *d)
{
	struct dev *dev = d;
	struct vmhi_event ev = {.type = VMHI_EV_LINK, .arg = {1, 0, 1}};

	if (dev_is_gone(dev))
		return -VMHI_ENODEV;
	dev->host->raise(dev->hc, &ev);
	return 0;
}

static int null_quiesce(void *d)
{
	return 0;
}

static void null_detach(void *d)
{
	struct dev *dev = d;

	dev->host->dma_free(dev->hc, dev->mem.handle);
}

static void null_forget(void *d)
{
	struct dev *dev = d;

	__atomic_store_n(&dev->gone, 1, __ATOMIC_RELAXED);
}

static const void *null_query(void *d, uint16_t id, uint16_t version)
{
	struct null *null = d;

	return id == VMHI_IF_NIC && version == 1 ? &null->nic : NULL;
}

static void null_event(void *d, const struct vmhi_event *ev)
{
}

VMHI_DRIVER = {
	.h = {sizeof(vmhi_driver), VMHI_IF_DRIVER, 1},
	.attach = null_attach,
	.start = null_start,
	.quiesce = null_quiesce,
	.detach = null_detach,
	.forget = null_forget,
	.query = null_query,
	.event = null_event,
};
