// SPDX-License-Identifier: Apache-2.0
/* Config space, BARs and MSI-X as a guest sees them, hostile guests included. */
#include <errno.h>
#include <linux/pci_regs.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "kernel/vm/layout.h"
#include "kernel/vm/msix.h"
#include "tests/unit/cunit.h"
#include "tests/unit/vm-fake.h"

#define BAR_SIZE 0x8000u
#define VECTORS	 4u
#define TABLE	 0x1000u
#define PBA	 0x2000u

struct thing {
	struct pci_dev pci;
	struct msix msix;
	int moves, unmoves;
	uint64_t last_off, last_value;
};

static void thing_access(void *arg, uint64_t off, void *data, unsigned int len, bool write)
{
	struct thing *t = arg;

	if (off >= PBA) {
		if (!write)
			msix_pba_read(&t->msix, off - PBA, data, len);
	} else if (off >= TABLE) {
		msix_table_access(&t->msix, off - TABLE, data, len, write);
	} else if (write) {
		t->last_off = off;
		t->last_value = 0;
		memcpy(&t->last_value, data, len);
	} else {
		memset(data, 0x5a, len);
	}
}

static void thing_moved(struct pci_dev *dev, int n, bool mapped)
{
	struct thing *t = (struct thing *)dev;

	if (mapped)
		t->moves++;
	else
		t->unmoves++;
}

static void thing_written(struct pci_dev *dev, unsigned int off, unsigned int len)
{
	msix_config_written(&((struct thing *)dev)->msix, off, len);
}

static void thing_add(struct thing *t)
{
	memset(t, 0, sizeof(*t));
	pci_dev_init(&t->pci, &fake_vm, 0x1234, 0x5678, 0x020000);
	pci_dev_bar(&t->pci, 0, BAR_SIZE, thing_access, t);
	t->pci.bar_changed = thing_moved;
	t->pci.after_write = thing_written;
	CU_ASSERT_EQUAL_FATAL(msix_init(&t->msix, &t->pci, "thing", VECTORS, 0, TABLE, PBA), 0);
	CU_ASSERT_EQUAL_FATAL(pci_dev_add(&t->pci), 0);
}

static void thing_del(struct thing *t)
{
	pci_dev_del(&t->pci);
	msix_free(&t->msix);
}

static void set_bar(int slot, uint64_t addr)
{
	fake_cfg_write(slot, PCI_BASE_ADDRESS_0, (uint32_t)addr, 4);
	fake_cfg_write(slot, PCI_BASE_ADDRESS_1, (uint32_t)(addr >> 32), 4);
}

static void decode(int slot, bool on)
{
	fake_cfg_write(slot, PCI_COMMAND, on ? PCI_COMMAND_MEMORY : 0, 2);
}

static void test_identity(void)
{
	struct thing t;

	fake_vm_start();
	CU_ASSERT_EQUAL(fake_cfg_read(0, PCI_CLASS_DEVICE, 2), 0x0600);
	CU_ASSERT_EQUAL(fake_cfg_read(1, PCI_VENDOR_ID, 4), 0xffffffff);
	thing_add(&t);
	CU_ASSERT_EQUAL(t.pci.slot, 1);
	CU_ASSERT_EQUAL(fake_cfg_read(1, PCI_VENDOR_ID, 4), 0x56781234);
	fake_cfg_write(1, PCI_VENDOR_ID, 0xdeadbeef, 4);
	CU_ASSERT_EQUAL(fake_cfg_read(1, PCI_VENDOR_ID, 4), 0x56781234);
	CU_ASSERT_EQUAL(fake_cfg_read(1, PCI_VENDOR_ID + 1, 1), 0x12);
	fake_cfg_write(1, PCI_INTERRUPT_LINE, 0xffff, 2);
	CU_ASSERT_EQUAL(fake_cfg_read(1, PCI_INTERRUPT_LINE, 2), 0x00ff);
	CU_ASSERT_EQUAL(fake_cfg_read(1, 0x100, 4), 0);		/* no extended capabilities */
	CU_ASSERT_EQUAL(fake_cfg_read(1, 0x1000, 4), 0xffffffff);	/* no function 1 */
	/* odd accesses: across a dword, into the extended space, across two functions, 8 bytes */
	CU_ASSERT_EQUAL(fake_cfg_read(1, 3, 2), 0x0056);
	CU_ASSERT_EQUAL(fake_cfg_read(1, 0xffe, 4), 0xffff0000);
	CU_ASSERT_EQUAL(fake_mmio_read(PCI_ECAM_BASE + 0x8000, 8) & 0xffffffff, 0x56781234);
	fake_mmio_write(PCI_ECAM_BASE + PCI_ECAM_SIZE - 4, 0xffffffff, 4);
	CU_ASSERT_EQUAL(fake_mmio_read(PCI_ECAM_BASE + PCI_ECAM_SIZE - 1, 1), 0xff);
	thing_del(&t);
	CU_ASSERT_EQUAL(fake_cfg_read(1, PCI_VENDOR_ID, 4), 0xffffffff);
	fake_vm_stop();
}

static void test_ports(void)
{
	struct thing t;

	fake_vm_start();
	thing_add(&t);
	CU_ASSERT_EQUAL(fake_pio_read(0xcfc, 4), 0xffffffff);
	fake_pio_write(0xcfb, 1, 1);
	fake_pio_write(0xcf8, 0x80000800, 4);
	CU_ASSERT_EQUAL(fake_pio_read(0xcf8, 4), 0x80000800);
	CU_ASSERT_EQUAL(fake_pio_read(0xcfc, 4), 0x56781234);
	CU_ASSERT_EQUAL(fake_pio_read(0xcfe, 2), 0x5678);
	CU_ASSERT_EQUAL(fake_pio_read(0xcff, 1), 0x56);
	fake_pio_write(0xcf8, 0x80010800, 4);	/* bus 1 */
	CU_ASSERT_EQUAL(fake_pio_read(0xcfc, 4), 0xffffffff);
	fake_pio_write(0xcf8, 0x8000ff00, 4);	/* slot 31, function 7 */
	CU_ASSERT_EQUAL(fake_pio_read(0xcfc, 4), 0xffffffff);
	thing_del(&t);
	fake_vm_stop();
}

static void test_bar_sizing(void)
{
	struct thing t;
	uint64_t first;

	fake_vm_start();
	thing_add(&t);
	first = fake_cfg_read(1, PCI_BASE_ADDRESS_0, 4) & ~0xfu;
	first |= (uint64_t)fake_cfg_read(1, PCI_BASE_ADDRESS_1, 4) << 32;
	CU_ASSERT_EQUAL(first % BAR_SIZE, 0);
	CU_ASSERT(first >= PCI_MMIO64_BASE);
	CU_ASSERT_EQUAL(fake_mmio_read(first, 4), 0xffffffff);	/* decoding is off */
	decode(1, true);
	CU_ASSERT_EQUAL(fake_mmio_read(first, 4), 0x5a5a5a5a);
	/* sized while decoding is on: it answers nowhere meanwhile, and is back afterwards */
	set_bar(1, ~0ULL);
	CU_ASSERT_EQUAL(fake_cfg_read(1, PCI_BASE_ADDRESS_0, 4), ~(BAR_SIZE - 1) | 4);
	CU_ASSERT_EQUAL(fake_cfg_read(1, PCI_BASE_ADDRESS_1, 4), 0xffffffff);
	CU_ASSERT_EQUAL(fake_mmio_read(first, 4), 0xffffffff);
	set_bar(1, first);
	CU_ASSERT_EQUAL(fake_mmio_read(first, 4), 0x5a5a5a5a);
	/* other BARs do not exist */
	fake_cfg_write(1, PCI_BASE_ADDRESS_2, 0xffffffff, 4);
	CU_ASSERT_EQUAL(fake_cfg_read(1, PCI_BASE_ADDRESS_2, 4), 0);
	fake_cfg_write(1, PCI_ROM_ADDRESS, 0xffffffff, 4);
	CU_ASSERT_EQUAL(fake_cfg_read(1, PCI_ROM_ADDRESS, 4), 0);
	CU_ASSERT(t.moves >= 2);
	thing_del(&t);
	CU_ASSERT_EQUAL(t.moves, t.unmoves);
	fake_vm_stop();
}

static void test_bar_moves(void)
{
	struct thing a, b;
	uint64_t at = PCI_MMIO32_BASE + 0x100000, other = PCI_MMIO64_BASE + 0x10000000;

	fake_vm_start();
	thing_add(&a);
	thing_add(&b);
	decode(1, true);
	decode(2, true);
	set_bar(1, at);
	fake_mmio_write(at + 8, 0x77, 1);
	CU_ASSERT_EQUAL(a.last_off, 8);
	CU_ASSERT_EQUAL(a.last_value, 0x77);
	/* b over a: a stays; when a moves away b answers */
	set_bar(2, at);
	fake_mmio_write(at + 16, 1, 1);
	CU_ASSERT_EQUAL(a.last_off, 16);
	set_bar(1, other);
	fake_mmio_write(at + 24, 1, 1);
	CU_ASSERT_EQUAL(b.last_off, 24);
	fake_mmio_write(other + 32, 1, 1);
	CU_ASSERT_EQUAL(a.last_off, 32);
	/* over ECAM, over RAM, over the end of the window, at the top: nowhere */
	set_bar(1, PCI_ECAM_BASE);
	CU_ASSERT_EQUAL(fake_cfg_read(0, PCI_CLASS_DEVICE, 2), 0x0600);
	CU_ASSERT(!a.pci.bars[0].mapped);
	set_bar(1, 0x100000);
	CU_ASSERT(!a.pci.bars[0].mapped);
	set_bar(1, PCI_MMIO64_BASE + PCI_MMIO64_SIZE);
	CU_ASSERT(!a.pci.bars[0].mapped);
	set_bar(1, 0xffffffffffff8000ULL);
	CU_ASSERT(!a.pci.bars[0].mapped);
	set_bar(1, other);
	CU_ASSERT(a.pci.bars[0].mapped);
	decode(1, false);
	CU_ASSERT(!a.pci.bars[0].mapped);
	thing_del(&a);
	thing_del(&b);
	fake_vm_stop();
}

static void entry_write(const struct thing *t, unsigned int i, unsigned int off, uint32_t v)
{
	fake_mmio_write(t->pci.bars[0].gpa + TABLE + 16 * i + off, v, 4);
}

static void msix_control(const struct thing *t, uint16_t v)
{
	fake_cfg_write(t->pci.slot, t->msix.cap + PCI_MSIX_FLAGS, v, 2);
}

static void test_msix_masks(void)
{
	struct thing t;
	struct msix_source s;
	int fd = eventfd(0, EFD_NONBLOCK), gsi;
	uint64_t addr, one = 1;
	uint32_t data;

	fake_vm_start();
	thing_add(&t);
	decode(1, true);
	msix_source_add(&t.msix, &s, fd);
	CU_ASSERT_EQUAL(msix_source_set(&t.msix, &s, VECTORS), -EINVAL);
	CU_ASSERT_EQUAL(msix_source_set(&t.msix, &s, 2), 0);
	CU_ASSERT_EQUAL(fake_cfg_read(1, t.msix.cap + PCI_MSIX_FLAGS, 2), VECTORS - 1);
	entry_write(&t, 2, PCI_MSIX_ENTRY_LOWER_ADDR, 0xfee00000);
	entry_write(&t, 2, PCI_MSIX_ENTRY_DATA, 0x41);
	entry_write(&t, 2, PCI_MSIX_ENTRY_VECTOR_CTRL, 0);
	CU_ASSERT_EQUAL(fake_irqfd_gsi(fd), -1);	/* MSI-X is off */
	msix_control(&t, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	CU_ASSERT_EQUAL(fake_irqfd_gsi(fd), -1);	/* all are masked */
	msix_control(&t, PCI_MSIX_FLAGS_ENABLE);
	gsi = fake_irqfd_gsi(fd);
	CU_ASSERT_FATAL(gsi > 0);
	CU_ASSERT(fake_route(gsi, &addr, &data));
	CU_ASSERT_EQUAL(addr, 0xfee00000);
	CU_ASSERT_EQUAL(data, 0x41);
	/* masked: unbound, and what comes is pending */
	entry_write(&t, 2, PCI_MSIX_ENTRY_VECTOR_CTRL, 1);
	CU_ASSERT_EQUAL(fake_irqfd_gsi(fd), -1);
	CU_ASSERT_EQUAL(fake_mmio_read(t.pci.bars[0].gpa + PBA, 8), 0);
	CU_ASSERT_EQUAL(write(fd, &one, 8), 8);
	CU_ASSERT_EQUAL(fake_mmio_read(t.pci.bars[0].gpa + PBA, 8), 4);
	/* moved to another vCPU while masked */
	entry_write(&t, 2, PCI_MSIX_ENTRY_LOWER_ADDR, 0xfee01000);
	entry_write(&t, 2, PCI_MSIX_ENTRY_VECTOR_CTRL, 0);
	CU_ASSERT_EQUAL(fake_irqfd_gsi(fd), gsi);
	CU_ASSERT(fake_route(gsi, &addr, &data));
	CU_ASSERT_EQUAL(addr, 0xfee01000);
	/* no vector: what was pending is forgotten */
	CU_ASSERT_EQUAL(msix_source_set(&t.msix, &s, MSIX_NO_VECTOR), 0);
	CU_ASSERT_EQUAL(fake_irqfd_count(), 0);
	CU_ASSERT(!fake_eventfd_take(fd));
	thing_del(&t);
	close(fd);
	fake_vm_stop();
}

static void test_msix_hostile(void)
{
	struct thing t;
	struct msix_source s[2];
	int fd[2] = {eventfd(0, EFD_NONBLOCK), eventfd(0, EFD_NONBLOCK)};
	uint64_t bar;

	fake_vm_start();
	thing_add(&t);
	decode(1, true);
	bar = t.pci.bars[0].gpa;
	for (int i = 0; i < 2; i++) {
		msix_source_add(&t.msix, &s[i], fd[i]);
		msix_source_set(&t.msix, &s[i], 1);	/* two on one vector */
	}
	/* widths that the standard leaves undefined, and beyond the table */
	fake_mmio_write(bar + TABLE + 16, 0x12, 1);
	fake_mmio_write(bar + TABLE + 18, 0x12345678, 4);
	CU_ASSERT_EQUAL(fake_mmio_read(bar + TABLE + 16, 8), 0);
	fake_mmio_write(bar + TABLE + 16 * VECTORS, 0xffffffff, 4);
	CU_ASSERT_EQUAL(fake_mmio_read(bar + TABLE + 16 * VECTORS, 4), 0);
	CU_ASSERT_EQUAL(fake_mmio_read(bar + TABLE + 16 * VECTORS - 4, 8), 0);
	fake_mmio_write(bar + TABLE + 16, 0x00000001fee0100fULL, 8);
	CU_ASSERT_EQUAL(fake_mmio_read(bar + TABLE + 16, 8), 0x00000001fee0100cULL);
	/* KVM refuses the route: not bound, nothing breaks, and it can be mended */
	fake_irq_error = -EINVAL;
	msix_control(&t, PCI_MSIX_FLAGS_ENABLE);
	entry_write(&t, 1, PCI_MSIX_ENTRY_VECTOR_CTRL, 0);
	CU_ASSERT_EQUAL(fake_irqfd_count(), 0);
	fake_irq_error = 0;
	entry_write(&t, 1, PCI_MSIX_ENTRY_UPPER_ADDR, 0);
	CU_ASSERT_EQUAL(fake_irqfd_count(), 2);
	CU_ASSERT_EQUAL(fake_irqfd_gsi(fd[0]), fake_irqfd_gsi(fd[1]));
	/* the bits of the control word that are not the guest's */
	msix_control(&t, 0x3fff);
	CU_ASSERT_EQUAL(fake_cfg_read(1, t.msix.cap + PCI_MSIX_FLAGS, 2), VECTORS - 1);
	CU_ASSERT_EQUAL(fake_irqfd_count(), 0);
	thing_del(&t);
	close(fd[0]);
	close(fd[1]);
	fake_vm_stop();
}

static void test_full_bus(void)
{
	static struct thing t[PCI_SLOTS];
	struct thing extra;

	fake_vm_start();
	for (int i = 1; i < PCI_SLOTS; i++)
		thing_add(&t[i]);
	pci_dev_init(&extra.pci, &fake_vm, 1, 1, 0);
	CU_ASSERT_EQUAL(pci_dev_add(&extra.pci), -ENOSPC);
	for (int i = 1; i < PCI_SLOTS; i++)
		thing_del(&t[i]);
	fake_vm_stop();
}

static const struct unit_test tests[] = {
	{"identity and odd accesses", test_identity},
	{"ports 0xcf8 and 0xcfc", test_ports},
	{"BAR sizing", test_bar_sizing},
	{"BAR moves", test_bar_moves},
	{"MSI-X masks and pending bits", test_msix_masks},
	{"MSI-X against a hostile guest", test_msix_hostile},
	{"a full bus", test_full_bus},
};

UNIT_MAIN("vm-pci", tests)
