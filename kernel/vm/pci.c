// SPDX-License-Identifier: Apache-2.0
/* The PCI bus: who answers a config access, and where BARs answer in guest memory. */
#include "kernel/vm/pci.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/vm/layout.h"
#include "kernel/vm/vm.h"

#define CF8_PORT   0xcf8
#define CF8_ENABLE 0x80000000u
#define ECAM_FUNC  4096u	/* config space of one function in ECAM */

/* Red Hat's id for a bare PCIe host bridge: no driver binds to it, none needs to. */
#define BRIDGE_VENDOR 0x1b36
#define BRIDGE_DEVICE 0x0008

struct pci_host {
	struct pci_dev *slots[PCI_SLOTS];
	struct pci_dev bridge;
	uint32_t cf8;
	uint64_t next_bar;	/* first addresses are handed out upwards from here */
};

uint32_t pci_get(const struct pci_dev *dev, unsigned int off, unsigned int len)
{
	uint32_t v = 0;

	memcpy(&v, dev->config + off, len);
	return v;
}

void pci_set(struct pci_dev *dev, unsigned int off, unsigned int len, uint32_t value)
{
	memcpy(dev->config + off, &value, len);
}

void pci_dev_init(struct pci_dev *dev, struct vm *vm, uint16_t vendor, uint16_t device,
		  uint32_t class_code)
{
	memset(dev, 0, sizeof(*dev));
	dev->vm = vm;
	dev->slot = -1;
	dev->cap_end = PCI_STD_HEADER_SIZEOF;
	pci_set(dev, PCI_VENDOR_ID, 2, vendor);
	pci_set(dev, PCI_DEVICE_ID, 2, device);
	pci_set(dev, PCI_CLASS_REVISION, 4, class_code << 8);
	dev->wmask[PCI_CACHE_LINE_SIZE] = 0xff;
	dev->wmask[PCI_INTERRUPT_LINE] = 0xff;
	dev->wmask[PCI_COMMAND] = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_PARITY;
	dev->wmask[PCI_COMMAND + 1] = (PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE) >> 8;
}

void pci_dev_bar(struct pci_dev *dev, int n, uint64_t size, mmio_fn fn, void *arg)
{
	unsigned int off = PCI_BASE_ADDRESS_0 + 4 * (unsigned int)n;
	uint64_t mask = ~(size - 1) & PCI_BASE_ADDRESS_MEM_MASK;

	dev->bars[n] = (struct pci_bar){.size = size, .fn = fn, .arg = arg};
	pci_set(dev, off, 4, PCI_BASE_ADDRESS_MEM_TYPE_64);
	memcpy(dev->wmask + off, &mask, sizeof(mask));
}

int pci_dev_cap(struct pci_dev *dev, uint8_t id, const void *body, const void *wmask,
		unsigned int len)
{
	unsigned int at = dev->cap_end;
	unsigned int link = dev->last_cap ? dev->last_cap + 1u : PCI_CAPABILITY_LIST;

	if (at + 2 + len > PCI_CONFIG_SIZE)
		return -ENOSPC;
	pci_set(dev, link, 1, at);
	pci_set(dev, PCI_STATUS, 2, pci_get(dev, PCI_STATUS, 2) | PCI_STATUS_CAP_LIST);
	pci_set(dev, at, 1, id);
	memcpy(dev->config + at + 2, body, len);
	if (wmask)
		memcpy(dev->wmask + at + 2, wmask, len);
	dev->last_cap = (uint8_t)at;
	dev->cap_end = (uint8_t)((at + 2 + len + 3) & ~3u);
	return (int)at;
}

static uint64_t bar_addr(const struct pci_dev *dev, int n)
{
	uint64_t v;

	memcpy(&v, dev->config + PCI_BASE_ADDRESS_0 + 4 * n, sizeof(v));
	return v & PCI_BASE_ADDRESS_MEM_MASK;
}

static bool in_window(uint64_t addr, uint64_t size, uint64_t base, uint64_t length)
{
	return addr >= base && size <= length && addr - base <= length - size;
}

/* A BAR answers while memory decoding is on and it lies wholly in a window of the bridge. */
static bool bar_wanted(const struct pci_dev *dev, int n)
{
	uint64_t addr = bar_addr(dev, n), size = dev->bars[n].size;

	return dev->slot >= 0 && (pci_get(dev, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY) &&
	       (in_window(addr, size, PCI_MMIO32_BASE, PCI_MMIO32_SIZE) ||
		in_window(addr, size, PCI_MMIO64_BASE, PCI_MMIO64_SIZE));
}

static void bar_unmap(struct pci_dev *dev, int n)
{
	struct pci_bar *bar = &dev->bars[n];

	if (dev->bar_changed)
		dev->bar_changed(dev, n, false);
	mmio_del(dev->vm, bar->gpa);
	bar->mapped = false;
}

static void bar_map(struct pci_dev *dev, int n)
{
	struct pci_bar *bar = &dev->bars[n];

	bar->gpa = bar_addr(dev, n);
	if (mmio_add(dev->vm, bar->gpa, bar->size, bar->fn, bar->arg))
		return;		/* over another one: silent until one of them moves away */
	bar->mapped = true;
	if (dev->bar_changed)
		dev->bar_changed(dev, n, true);
}

/* After one function moved: what lay under it may answer again, so all of them are looked at. */
static void remap_bars(struct pci_host *host, struct pci_dev *moved)
{
	for (int n = 0; n < PCI_BARS; n++)
		if (moved->bars[n].mapped &&
		    (!bar_wanted(moved, n) || bar_addr(moved, n) != moved->bars[n].gpa))
			bar_unmap(moved, n);
	for (int s = 0; s < PCI_SLOTS; s++) {
		struct pci_dev *dev = host->slots[s];

		for (int n = 0; dev && n < PCI_BARS; n++)
			if (dev->bars[n].size && !dev->bars[n].mapped && bar_wanted(dev, n))
				bar_map(dev, n);
	}
}

static void config_write(struct pci_host *host, struct pci_dev *dev, unsigned int off,
			 const uint8_t *data, unsigned int len)
{
	for (unsigned int i = 0; i < len; i++) {
		uint8_t mask = dev->wmask[off + i];

		dev->config[off + i] =
			(uint8_t)((dev->config[off + i] & ~mask) | (data[i] & mask));
	}
	if (off < PCI_CARDBUS_CIS && off + len > PCI_COMMAND)
		remap_bars(host, dev);
	if (dev->after_write)
		dev->after_write(dev, off, len);
}

/* One piece of an access: within a dword, so within one register and one function. */
static void access_piece(struct vm *vm, unsigned int devfn, unsigned int off, uint8_t *data,
			 unsigned int len, bool write)
{
	struct pci_host *host = vm->pci;
	struct pci_dev *dev = devfn < 8 * PCI_SLOTS && !(devfn & 7) ? host->slots[devfn >> 3] : NULL;

	if (!dev || off >= PCI_CONFIG_SIZE) {
		if (!write)
			memset(data, dev ? 0 : 0xff, len);	/* no extended capabilities */
	} else if (write) {
		config_write(host, dev, off, data, len);
	} else {
		if (dev->before_read)
			dev->before_read(dev, off, len);
		memcpy(data, dev->config + off, len);
	}
}

void pci_config_access(struct vm *vm, unsigned int devfn, unsigned int off, void *data,
		       unsigned int len, bool write)
{
	uint8_t *at = data;

	while (len) {
		unsigned int n = 4 - (off & 3);

		if (n > len)
			n = len;
		access_piece(vm, devfn + off / ECAM_FUNC, off % ECAM_FUNC, at, n, write);
		off += n;
		at += n;
		len -= n;
	}
}

static void ecam_access(void *arg, uint64_t off, void *data, unsigned int len, bool write)
{
	pci_config_access(arg, (unsigned int)(off / ECAM_FUNC), (unsigned int)(off % ECAM_FUNC),
			  data, len, write);
}

/* Configuration mechanism #1: Linux looks for it before it has read the ACPI tables. */
static void cf8_access(void *arg, uint64_t off, void *data, unsigned int len, bool write)
{
	struct vm *vm = arg;
	struct pci_host *host = vm->pci;

	if (off >= 4) {
		uint32_t a = host->cf8;

		if ((a & CF8_ENABLE) && !(a & 0x00ff0000))
			pci_config_access(vm, (a >> 8) & 0xff, (a & 0xfc) + (off & 3), data, len,
					  write);
		else if (!write)
			memset(data, 0xff, len);
	} else if (off == 0 && len == 4) {
		if (write)
			memcpy(&host->cf8, data, 4);
		else
			memcpy(data, &host->cf8, 4);
	} else if (!write) {
		memset(data, 0xff, len);
	}
}

int pci_dev_add(struct pci_dev *dev)
{
	struct pci_host *host = dev->vm->pci;

	for (int s = 0; s < PCI_SLOTS; s++) {
		if (host->slots[s])
			continue;
		host->slots[s] = dev;
		dev->slot = s;
		for (int n = 0; n < PCI_BARS; n++) {
			uint64_t size = dev->bars[n].size;
			uint64_t addr = (host->next_bar + size - 1) & ~(size - 1);

			if (!size)
				continue;
			addr |= PCI_BASE_ADDRESS_MEM_TYPE_64;
			memcpy(dev->config + PCI_BASE_ADDRESS_0 + 4 * n, &addr, sizeof(addr));
			host->next_bar = (addr & PCI_BASE_ADDRESS_MEM_MASK) + size;
		}
		return 0;
	}
	return -ENOSPC;
}

void pci_dev_del(struct pci_dev *dev)
{
	if (dev->slot < 0)
		return;
	for (int n = 0; n < PCI_BARS; n++)
		if (dev->bars[n].mapped)
			bar_unmap(dev, n);
	dev->vm->pci->slots[dev->slot] = NULL;
	dev->slot = -1;
}

int pci_init(struct vm *vm)
{
	struct pci_host *host = calloc(1, sizeof(*host));
	int r;

	if (!host)
		return -ENOMEM;
	vm->pci = host;
	host->next_bar = PCI_MMIO64_BASE;
	pci_dev_init(&host->bridge, vm, BRIDGE_VENDOR, BRIDGE_DEVICE, 0x060000);
	r = pci_dev_add(&host->bridge);
	if (!r)
		r = mmio_add(vm, PCI_ECAM_BASE, PCI_ECAM_SIZE, ecam_access, vm);
	if (!r)
		r = pio_add(vm, CF8_PORT, 8, cf8_access, vm);
	if (r)
		pci_free(vm);
	return r;
}

void pci_free(struct vm *vm)
{
	if (!vm->pci)
		return;
	mmio_del(vm, PCI_ECAM_BASE);
	pio_del(vm, CF8_PORT);
	free(vm->pci);
	vm->pci = NULL;
}
