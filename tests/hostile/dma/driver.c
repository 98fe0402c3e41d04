// SPDX-License-Identifier: Apache-2.0
/*
 * A hostile driver for the Intel 82574L: has the card read a frame and its descriptors from memory
 * that was never mapped for it, and then gives up. The IOMMU stops it (sdk/lab's driverd-hostile).
 * Registers and descriptors: Intel 82574 GbE Controller Family Datasheet, 7.2.10 and 10.2.6.
 */
#include <vmhi/core.h>
#include <vmhi/note.h>
#include <stddef.h>

#define TCTL   0x0400
#define TDBAL  0x3800
#define TDBAH  0x3804
#define TDLEN  0x3808
#define TDH    0x3810
#define TDT    0x3818
#define ENABLE 0x2u		/* TCTL.EN */
#define FRAME  0x0b000040u	/* EOP, IFCS, RS; 64 bytes */

#define STRAY_FRAME 0x66600000ull
#define STRAY_RING  0x77700000ull

VMHI_NOTE("abi=0.1-0.1\0"
	  "class=nic/1\0"
	  "needs=pci\0"
	  "pci=8086:10d3\0"
	  "vendor=Nobody\0"
	  "name=hostile-dma\0"
	  "version=0.1.0\0"
	  "license=Apache-2.0\0");

struct descriptor {
	uint64_t address;
	uint32_t command, status;
};

static void transmit(const struct vmhi_host *host, vmhi_hc hc, uint64_t ring)
{
	host->wr32(hc, 0, TCTL, 0);
	host->wr32(hc, 0, TDBAL, (uint32_t)ring);
	host->wr32(hc, 0, TDBAH, (uint32_t)(ring >> 32));
	host->wr32(hc, 0, TDLEN, 4096);
	host->wr32(hc, 0, TDH, 0);
	host->wr32(hc, 0, TDT, 0);
	host->wr32(hc, 0, TCTL, ENABLE);
	host->wr32(hc, 0, TDT, 1);
	host->wait(hc, 50000000);
}

static int hostile_attach(const struct vmhi_host *host, vmhi_hc hc, const struct vmhi_attach *at,
			  void **out)
{
	static const char text[] = "it has transmitted from where it has no memory";
	struct descriptor *d;
	struct vmhi_mem mem;
	int r = host->dma_alloc(hc, 4096, 0, 0, 0, &mem);

	if (r)
		return r;
	d = mem.va;
	d->address = STRAY_FRAME;
	d->command = FRAME;
	transmit(host, hc, mem.iova);
	transmit(host, hc, STRAY_RING);
	host->log(hc, 2, text, sizeof(text) - 1, NULL, 0);
	return -VMHI_EIO;
}

/* Never called: attach() fails. */
static int never(void *dev)
{
	return -VMHI_EIO;
}

static void nothing(void *dev)
{
}

static const void *no_interface(void *dev, uint16_t id, uint16_t version)
{
	return NULL;
}

static void no_event(void *dev, const struct vmhi_event *ev)
{
}

VMHI_DRIVER = {
	.h = {sizeof(vmhi_driver), VMHI_IF_DRIVER, 1},
	.attach = hostile_attach,
	.start = never,
	.quiesce = never,
	.detach = nothing,
	.forget = nothing,
	.query = no_interface,
	.event = no_event,
};
