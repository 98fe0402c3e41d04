// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/vm-fake.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/vm/console.h"
#include "kernel/vm/irq.h"
#include "kernel/vm/layout.h"
#include "kernel/vm/memory.h"

#define RANGES	  64
#define FIRST_GSI 24

struct range {
	uint64_t base, size;	/* size 0: free */
	mmio_fn fn;
	void *arg;
};

static struct range mmio_ranges[RANGES], pio_ranges[RANGES];
static struct guest_region ram[2];
static struct {
	bool used, routed;
	uint64_t addr;
	uint32_t data;
} gsis[256];
static struct {
	int fd, gsi;
} irqfds[256];
static struct {
	uint64_t gpa;
	int fd;
} ioeventfds[256];
static int nirqfds, nioeventfds;

struct vm fake_vm;
struct vm_config fake_cfg;
int fake_irq_error, fake_console_ready;
char fake_console_text[4096];
size_t fake_console_len, fake_console_limit;
static console_input_fn console_input;
static console_room_fn console_room;
static void *console_arg;

/* --- what the devices call --- */

const struct guest_region *guest_regions(struct vm *vm, int *n)
{
	*n = 2;
	return ram;
}

void *guest_ptr(struct vm *vm, uint64_t gpa, uint64_t len)
{
	for (int i = 0; i < 2; i++)
		if (len && gpa >= ram[i].gpa && gpa - ram[i].gpa < ram[i].size &&
		    len <= ram[i].size - (gpa - ram[i].gpa))
			return (uint8_t *)ram[i].hva + (gpa - ram[i].gpa);
	return NULL;
}

static int range_add(struct range *set, uint64_t base, uint64_t size, mmio_fn fn, void *arg)
{
	struct range *at = NULL;

	for (int i = 0; i < RANGES; i++) {
		if (!set[i].size)
			at = at ? at : &set[i];
		else if (base < set[i].base + set[i].size && set[i].base < base + size)
			return -EEXIST;
	}
	if (!at)
		return -ENOSPC;
	*at = (struct range){base, size, fn, arg};
	return 0;
}

static int range_del(struct range *set, uint64_t base)
{
	for (int i = 0; i < RANGES; i++)
		if (set[i].size && set[i].base == base) {
			set[i].size = 0;
			return 0;
		}
	return -ENOENT;
}

static void range_access(struct range *set, uint64_t addr, void *data, unsigned int len, bool write)
{
	for (int i = 0; i < RANGES; i++)
		if (set[i].size && addr >= set[i].base && addr - set[i].base < set[i].size &&
		    len <= set[i].size - (addr - set[i].base)) {
			set[i].fn(set[i].arg, addr - set[i].base, data, len, write);
			return;
		}
	if (!write)
		memset(data, 0xff, len);
}

int mmio_add(struct vm *vm, uint64_t gpa, uint64_t size, mmio_fn fn, void *arg)
{
	return range_add(mmio_ranges, gpa, size, fn, arg);
}

int mmio_del(struct vm *vm, uint64_t gpa)
{
	return range_del(mmio_ranges, gpa);
}

int pio_add(struct vm *vm, uint16_t port, uint16_t n, mmio_fn fn, void *arg)
{
	return range_add(pio_ranges, port, n, fn, arg);
}

int pio_del(struct vm *vm, uint16_t port)
{
	return range_del(pio_ranges, port);
}

int irq_msi_alloc(struct vm *vm)
{
	for (int i = FIRST_GSI; i < 256; i++)
		if (!gsis[i].used) {
			gsis[i].used = true;
			gsis[i].routed = false;
			return i;
		}
	return -ENOSPC;
}

void irq_msi_free(struct vm *vm, int gsi)
{
	gsis[gsi].used = false;
}

int irq_msi_set(struct vm *vm, int gsi, uint64_t addr, uint32_t data)
{
	if (fake_irq_error)
		return fake_irq_error;
	gsis[gsi].routed = true;
	gsis[gsi].addr = addr;
	gsis[gsi].data = data;
	return 0;
}

int irqfd_assign(struct vm *vm, int eventfd, int gsi, bool on)
{
	for (int i = 0; i < nirqfds; i++)
		if (irqfds[i].fd == eventfd) {
			if (on || irqfds[i].gsi != gsi)
				return -EBUSY;
			irqfds[i] = irqfds[--nirqfds];
			return 0;
		}
	if (!on)
		return -ENOENT;
	irqfds[nirqfds].fd = eventfd;
	irqfds[nirqfds++].gsi = gsi;
	return 0;
}

int ioeventfd_mmio(struct vm *vm, uint64_t gpa, unsigned int len, int eventfd, bool datamatch,
		   uint64_t data, bool on)
{
	for (int i = 0; i < nioeventfds; i++)
		if (ioeventfds[i].gpa == gpa) {
			if (on)
				return -EEXIST;
			ioeventfds[i] = ioeventfds[--nioeventfds];
			return 0;
		}
	if (!on)
		return -ENOENT;
	ioeventfds[nioeventfds].gpa = gpa;
	ioeventfds[nioeventfds++].fd = eventfd;
	return 0;
}

void console_set_device(struct console *c, console_input_fn input, console_room_fn room, void *arg)
{
	console_input = input;
	console_room = room;
	console_arg = arg;
}

size_t console_output(struct console *c, const void *data, size_t n)
{
	size_t room = fake_console_limit - fake_console_len;

	if (n > room)
		n = room;
	memcpy(fake_console_text + fake_console_len, data, n);
	fake_console_len += n;
	return n;
}

void console_input_ready(struct console *c)
{
	fake_console_ready++;
}

/* --- what the tests see --- */

size_t fake_console_input(const char *text, size_t n)
{
	return console_input(console_arg, text, n);
}

void fake_console_room(void)
{
	console_room(console_arg);
}

int fake_irqfd_gsi(int eventfd)
{
	for (int i = 0; i < nirqfds; i++)
		if (irqfds[i].fd == eventfd)
			return irqfds[i].gsi;
	return -1;
}

int fake_irqfd_count(void)
{
	return nirqfds;
}

bool fake_route(int gsi, uint64_t *addr, uint32_t *data)
{
	*addr = gsis[gsi].addr;
	*data = gsis[gsi].data;
	return gsis[gsi].used && gsis[gsi].routed;
}

int fake_ioeventfd_at(uint64_t gpa)
{
	for (int i = 0; i < nioeventfds; i++)
		if (ioeventfds[i].gpa == gpa)
			return ioeventfds[i].fd;
	return -1;
}

int fake_ioeventfd_count(void)
{
	return nioeventfds;
}

uint64_t fake_mmio_read(uint64_t gpa, unsigned int len)
{
	uint64_t v = 0;

	range_access(mmio_ranges, gpa, &v, len, false);
	return v;
}

void fake_mmio_write(uint64_t gpa, uint64_t value, unsigned int len)
{
	range_access(mmio_ranges, gpa, &value, len, true);
}

uint32_t fake_pio_read(uint16_t port, unsigned int len)
{
	uint32_t v = 0;

	range_access(pio_ranges, port, &v, len, false);
	return v;
}

void fake_pio_write(uint16_t port, uint32_t value, unsigned int len)
{
	range_access(pio_ranges, port, &value, len, true);
}

uint32_t fake_cfg_read(int slot, unsigned int off, unsigned int len)
{
	return (uint32_t)fake_mmio_read(PCI_ECAM_BASE + (uint64_t)slot * 0x8000 + off, len);
}

void fake_cfg_write(int slot, unsigned int off, uint32_t value, unsigned int len)
{
	fake_mmio_write(PCI_ECAM_BASE + (uint64_t)slot * 0x8000 + off, value, len);
}

static void map_ram(struct guest_region *g, uint64_t gpa, uint64_t size)
{
	int fd = memfd_create("guest", MFD_CLOEXEC);
	void *p = MAP_FAILED;

	if (fd >= 0 && ftruncate(fd, (off_t)size) == 0)
		p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		abort();
	*g = (struct guest_region){.gpa = gpa, .size = size, .hva = p, .fd = fd};
}

void fake_vm_start(void)
{
	memset(&fake_vm, 0, sizeof(fake_vm));
	memset(gsis, 0, sizeof(gsis));
	pthread_mutex_init(&fake_vm.lock, NULL);
	fake_vm.kvm_fd = fake_vm.vm_fd = -1;
	fake_vm.cfg = &fake_cfg;
	fake_vm.loop = event_loop_new();
	map_ram(&ram[0], 0, FAKE_RAM_LOW);
	map_ram(&ram[1], FAKE_HIGH_BASE, FAKE_RAM_HIGH);
	fake_irq_error = fake_console_ready = 0;
	fake_console_len = 0;
	fake_console_limit = sizeof(fake_console_text);
	if (!fake_vm.loop || pci_init(&fake_vm))
		abort();
}

void fake_vm_stop(void)
{
	virtio_devices_free(&fake_vm);
	pci_free(&fake_vm);
	event_loop_free(fake_vm.loop);
	for (int i = 0; i < 2; i++) {
		munmap(ram[i].hva, ram[i].size);
		close(ram[i].fd);
	}
	pthread_mutex_destroy(&fake_vm.lock);
	memset(&fake_cfg, 0, sizeof(fake_cfg));
}

void fake_loop(int ms)
{
	while (event_loop_once(fake_vm.loop, ms) > 0)
		;
}

/* --- the driver --- */

static uint64_t bar_base(int slot)
{
	uint64_t lo = fake_cfg_read(slot, PCI_BASE_ADDRESS_0, 4);

	return (((uint64_t)fake_cfg_read(slot, PCI_BASE_ADDRESS_1, 4) << 32) | lo) & ~0xfULL;
}

bool fake_driver_probe(struct fake_driver *d, int slot)
{
	unsigned int seen = 0;

	memset(d, 0, sizeof(*d));
	d->slot = slot;
	for (unsigned int at = fake_cfg_read(slot, PCI_CAPABILITY_LIST, 1); at;
	     at = fake_cfg_read(slot, at + 1, 1)) {
		unsigned int id = fake_cfg_read(slot, at, 1);
		unsigned int type = fake_cfg_read(slot, at + 3, 1);
		unsigned int off = fake_cfg_read(slot, at + 8, 4);

		if (id == PCI_CAP_ID_MSIX) {
			d->msix_cap = at;
			d->table = fake_cfg_read(slot, at + PCI_MSIX_TABLE, 4) & ~7u;
			seen |= 1;
		} else if (id == PCI_CAP_ID_VNDR && type >= 1 && type <= 5) {
			seen |= 1u << type;
			if (type == VIRTIO_PCI_CAP_COMMON_CFG)
				d->common = off;
			else if (type == VIRTIO_PCI_CAP_NOTIFY_CFG)
				d->notify = off;
			else if (type == VIRTIO_PCI_CAP_ISR_CFG)
				d->isr = off;
			else if (type == VIRTIO_PCI_CAP_DEVICE_CFG)
				d->config = off;
			else
				d->cfg_cap = at;
		}
	}
	fake_cfg_write(slot, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
	d->bar = bar_base(slot);
	return seen == 0x3f;
}

uint64_t fake_common_read(const struct fake_driver *d, unsigned int off, unsigned int len)
{
	return fake_mmio_read(d->bar + d->common + off, len);
}

void fake_common_write(const struct fake_driver *d, unsigned int off, uint64_t value,
		       unsigned int len)
{
	fake_mmio_write(d->bar + d->common + off, value, len);
}

uint64_t fake_offered(const struct fake_driver *d)
{
	uint64_t v = 0;

	for (unsigned int i = 0; i < 2; i++) {
		fake_common_write(d, VIRTIO_PCI_COMMON_DFSELECT, i, 4);
		v |= fake_common_read(d, VIRTIO_PCI_COMMON_DF, 4) << (32 * i);
	}
	return v;
}

static void add_status(const struct fake_driver *d, uint8_t bits)
{
	fake_common_write(d, VIRTIO_PCI_COMMON_STATUS, fake_status(d) | bits, 1);
}

bool fake_negotiate(const struct fake_driver *d, uint64_t features)
{
	fake_reset(d);
	add_status(d, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	add_status(d, VIRTIO_CONFIG_S_DRIVER);
	for (unsigned int i = 0; i < 2; i++) {
		fake_common_write(d, VIRTIO_PCI_COMMON_GFSELECT, i, 4);
		fake_common_write(d, VIRTIO_PCI_COMMON_GF, (uint32_t)(features >> (32 * i)), 4);
	}
	add_status(d, VIRTIO_CONFIG_S_FEATURES_OK);
	return fake_status(d) & VIRTIO_CONFIG_S_FEATURES_OK;
}

void fake_queue(const struct fake_driver *d, unsigned int index, uint16_t size, uint64_t gpa,
		uint16_t vector)
{
	fake_common_write(d, VIRTIO_PCI_COMMON_Q_SELECT, index, 2);
	fake_common_write(d, VIRTIO_PCI_COMMON_Q_SIZE, size, 2);
	fake_common_write(d, VIRTIO_PCI_COMMON_Q_DESCLO, gpa, 8);
	fake_common_write(d, VIRTIO_PCI_COMMON_Q_AVAILLO, gpa + FAKE_AVAIL_OFF, 8);
	fake_common_write(d, VIRTIO_PCI_COMMON_Q_USEDLO, gpa + FAKE_USED_OFF, 8);
	fake_common_write(d, VIRTIO_PCI_COMMON_Q_MSIX, vector, 2);
	fake_common_write(d, VIRTIO_PCI_COMMON_Q_ENABLE, 1, 2);
}

void fake_driver_ok(const struct fake_driver *d)
{
	add_status(d, VIRTIO_CONFIG_S_DRIVER_OK);
}

uint8_t fake_status(const struct fake_driver *d)
{
	return (uint8_t)fake_common_read(d, VIRTIO_PCI_COMMON_STATUS, 1);
}

void fake_reset(const struct fake_driver *d)
{
	fake_common_write(d, VIRTIO_PCI_COMMON_STATUS, 0, 1);
}

void *fake_ram(uint64_t gpa)
{
	return guest_ptr(&fake_vm, gpa, 1);
}

void fake_desc(uint64_t ring, unsigned int i, uint64_t addr, uint32_t len, uint16_t flags,
	       uint16_t next)
{
	struct vring_desc *d = fake_ram(ring);

	d[i] = (struct vring_desc){addr, len, flags, next};
}

void fake_avail(uint64_t ring, uint16_t size, uint16_t n, uint16_t head)
{
	uint16_t *avail = fake_ram(ring + FAKE_AVAIL_OFF);

	avail[2 + n % size] = head;
	avail[1] = (uint16_t)(n + 1);
}

uint16_t fake_used_idx(uint64_t ring)
{
	return ((uint16_t *)fake_ram(ring + FAKE_USED_OFF))[1];
}

void fake_kick(const struct fake_driver *d, unsigned int index)
{
	int fd = fake_ioeventfd_at(d->bar + d->notify + 4ULL * index);
	uint64_t one = 1;

	if (fd < 0 || write(fd, &one, sizeof(one)) < 0)
		abort();
}

bool fake_eventfd_take(int fd)
{
	uint64_t count;

	return read(fd, &count, sizeof(count)) == (ssize_t)sizeof(count);
}
