// SPDX-License-Identifier: Apache-2.0
/*
 * The virtio transport and the devices that are served in process, through the registers and rings
 * that a driver uses; then drivers that do it wrong.
 */
#include <linux/pci_regs.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <string.h>

#include "tests/unit/cunit.h"
#include "tests/unit/vm-fake.h"

#define RING	0x10000ULL	/* queue 0 */
#define RING1	0x20000ULL
#define BUF	0x100000ULL
#define TABLE	0x180000ULL
#define SIZE	16
#define V1	(1ULL << VIRTIO_F_VERSION_1)
#define ALL_OK                                                                                     \
	(VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK |      \
	 VIRTIO_CONFIG_S_DRIVER_OK)

static struct fake_driver drv;

static void begin_rng(void)
{
	struct err e = {0};

	fake_vm_start();
	fake_cfg.rng = true;
	CU_ASSERT_EQUAL_FATAL(virtio_devices_init(&fake_vm, &e), 0);
	CU_ASSERT_FATAL(fake_driver_probe(&drv, 1));
}

/* Negotiated and with its one queue running; the ring is empty. */
static void start_rng(uint64_t features, uint16_t vector)
{
	CU_ASSERT(fake_negotiate(&drv, V1 | features));
	memset(fake_ram(RING), 0, 0x10000);
	fake_queue(&drv, 0, SIZE, RING, vector);
	fake_driver_ok(&drv);
}

static void open_vectors(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		fake_mmio_write(drv.bar + drv.table + 16 * i, 0xfee00000, 4);
		fake_mmio_write(drv.bar + drv.table + 16 * i + 12, 0, 4);
	}
	fake_cfg_write(drv.slot, drv.msix_cap + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE, 2);
}

static void test_identity(void)
{
	begin_rng();
	CU_ASSERT_EQUAL(fake_cfg_read(1, PCI_VENDOR_ID, 2), 0x1af4);
	CU_ASSERT_EQUAL(fake_cfg_read(1, PCI_DEVICE_ID, 2), 0x1040 + VIRTIO_ID_RNG);
	CU_ASSERT_EQUAL(fake_cfg_read(1, PCI_REVISION_ID, 1), 1);
	CU_ASSERT_EQUAL(fake_cfg_read(1, PCI_INTERRUPT_PIN, 1), 0);
	CU_ASSERT_EQUAL(fake_common_read(&drv, VIRTIO_PCI_COMMON_NUMQ, 2), 1);
	CU_ASSERT_EQUAL(fake_common_read(&drv, VIRTIO_PCI_COMMON_MSIX, 2), VIRTIO_MSI_NO_VECTOR);
	fake_vm_stop();
}

static void test_features(void)
{
	begin_rng();
	CU_ASSERT((fake_offered(&drv) & V1) != 0);
	fake_common_write(&drv, VIRTIO_PCI_COMMON_DFSELECT, 2, 4);
	CU_ASSERT_EQUAL(fake_common_read(&drv, VIRTIO_PCI_COMMON_DF, 4), 0);
	CU_ASSERT(!fake_negotiate(&drv, 0));				/* legacy driver */
	CU_ASSERT(!fake_negotiate(&drv, V1 | 1));			/* never offered */
	CU_ASSERT(!fake_negotiate(&drv, V1 | (1ULL << VIRTIO_F_RING_PACKED)));
	/* DRIVER_OK without FEATURES_OK is not believed */
	fake_driver_ok(&drv);
	CU_ASSERT(!(fake_status(&drv) & VIRTIO_CONFIG_S_DRIVER_OK));
	CU_ASSERT(fake_negotiate(&drv, V1));
	/* settled: later writes do not count */
	fake_common_write(&drv, VIRTIO_PCI_COMMON_GFSELECT, 0, 4);
	fake_common_write(&drv, VIRTIO_PCI_COMMON_GF, 0xffffffff, 4);
	CU_ASSERT_EQUAL(fake_common_read(&drv, VIRTIO_PCI_COMMON_GF, 4), 0);
	/* bits only come; NEEDS_RESET is not the driver's to set */
	fake_common_write(&drv, VIRTIO_PCI_COMMON_STATUS, VIRTIO_CONFIG_S_NEEDS_RESET, 1);
	CU_ASSERT_EQUAL(fake_status(&drv), VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER |
						   VIRTIO_CONFIG_S_FEATURES_OK);
	fake_reset(&drv);
	CU_ASSERT_EQUAL(fake_status(&drv), 0);
	fake_vm_stop();
}

static void test_queue_registers(void)
{
	begin_rng();
	CU_ASSERT(fake_negotiate(&drv, V1));
	CU_ASSERT_EQUAL(fake_common_read(&drv, VIRTIO_PCI_COMMON_Q_SIZE, 2), 64);
	fake_common_write(&drv, VIRTIO_PCI_COMMON_Q_SIZE, 128, 2);	/* above the maximum */
	fake_common_write(&drv, VIRTIO_PCI_COMMON_Q_SIZE, 0, 2);
	CU_ASSERT_EQUAL(fake_common_read(&drv, VIRTIO_PCI_COMMON_Q_SIZE, 2), 64);
	fake_common_write(&drv, VIRTIO_PCI_COMMON_Q_MSIX, 77, 2);
	CU_ASSERT_EQUAL(fake_common_read(&drv, VIRTIO_PCI_COMMON_Q_MSIX, 2), VIRTIO_MSI_NO_VECTOR);
	fake_common_write(&drv, VIRTIO_PCI_COMMON_Q_MSIX, 1, 2);
	CU_ASSERT_EQUAL(fake_common_read(&drv, VIRTIO_PCI_COMMON_Q_MSIX, 2), 1);
	fake_common_write(&drv, VIRTIO_PCI_COMMON_Q_SELECT, 5, 2);	/* no such queue */
	CU_ASSERT_EQUAL(fake_common_read(&drv, VIRTIO_PCI_COMMON_Q_SIZE, 2), 0);
	fake_common_write(&drv, VIRTIO_PCI_COMMON_Q_ENABLE, 1, 2);
	fake_queue(&drv, 0, SIZE, RING, 0);
	/* in use: stays as it is */
	fake_common_write(&drv, VIRTIO_PCI_COMMON_Q_SIZE, 8, 2);
	fake_common_write(&drv, VIRTIO_PCI_COMMON_Q_DESCLO, 0x5000, 4);
	CU_ASSERT_EQUAL(fake_common_read(&drv, VIRTIO_PCI_COMMON_Q_SIZE, 2), SIZE);
	CU_ASSERT_EQUAL(fake_common_read(&drv, VIRTIO_PCI_COMMON_Q_DESCLO, 4), RING);
	/* odd widths and places read something and break nothing */
	for (unsigned int off = 0; off < 0x7000; off += 61)
		for (unsigned int len = 1; len <= 8; len *= 2) {
			fake_mmio_read(drv.bar + off, len);
			if (off >= 0x40)
				fake_mmio_write(drv.bar + off, ~0ULL, len);
		}
	fake_mmio_read(drv.bar + 0xfff, 8);
	fake_vm_stop();
}

static void test_doorbells_follow_bar(void)
{
	uint64_t old, moved;
	int fd;

	begin_rng();
	old = drv.bar + drv.notify;
	fd = fake_ioeventfd_at(old);
	CU_ASSERT(fd >= 0);
	moved = drv.bar + 0x100000;
	fake_cfg_write(1, PCI_BASE_ADDRESS_0, (uint32_t)moved, 4);
	CU_ASSERT_EQUAL(fake_ioeventfd_at(old), -1);
	CU_ASSERT_EQUAL(fake_ioeventfd_at(moved + drv.notify), fd);
	fake_cfg_write(1, PCI_COMMAND, 0, 2);
	CU_ASSERT_EQUAL(fake_ioeventfd_count(), 0);
	fake_vm_stop();
}

/* The BAR through config space, as firmware reaches it. */
static void test_cfg_window(void)
{
	begin_rng();
	fake_cfg_write(1, drv.cfg_cap + 4, 0, 1);
	fake_cfg_write(1, drv.cfg_cap + 8, drv.common + VIRTIO_PCI_COMMON_NUMQ, 4);
	fake_cfg_write(1, drv.cfg_cap + 12, 2, 4);
	CU_ASSERT_EQUAL(fake_cfg_read(1, drv.cfg_cap + 16, 2), 1);
	fake_cfg_write(1, drv.cfg_cap + 8, drv.common + VIRTIO_PCI_COMMON_STATUS, 4);
	fake_cfg_write(1, drv.cfg_cap + 12, 1, 4);
	fake_cfg_write(1, drv.cfg_cap + 16, VIRTIO_CONFIG_S_ACKNOWLEDGE, 1);
	CU_ASSERT_EQUAL(fake_status(&drv), VIRTIO_CONFIG_S_ACKNOWLEDGE);
	/* outside the BAR, misaligned, odd lengths, another BAR */
	for (unsigned int len = 0; len < 6; len++) {
		fake_cfg_write(1, drv.cfg_cap + 8, 0xfffffffe, 4);
		fake_cfg_write(1, drv.cfg_cap + 12, len, 4);
		fake_cfg_write(1, drv.cfg_cap + 16, 0x55, 4);
		fake_cfg_read(1, drv.cfg_cap + 16, 4);
	}
	CU_ASSERT_EQUAL(fake_status(&drv), VIRTIO_CONFIG_S_ACKNOWLEDGE);
	fake_vm_stop();
}

static unsigned int differing(const uint8_t *p, size_t n)
{
	unsigned int count = 0;

	for (size_t i = 0; i < n; i++)
		count += p[i] != 0xee;
	return count;
}

static void test_rng(void)
{
	uint8_t *buf;
	int call;

	begin_rng();
	open_vectors(2);
	start_rng(0, 1);
	buf = fake_ram(BUF);
	call = fake_vm.virtio->queues[0].call;
	CU_ASSERT(fake_irqfd_gsi(call) >= 0);
	memset(buf, 0xee, 512);
	/* a chain of two; 64 bytes wanted */
	fake_desc(RING, 0, BUF, 32, VRING_DESC_F_WRITE | VRING_DESC_F_NEXT, 1);
	fake_desc(RING, 1, BUF + 100, 32, VRING_DESC_F_WRITE, 0);
	fake_avail(RING, SIZE, 0, 0);
	fake_kick(&drv, 0);
	fake_loop(0);
	CU_ASSERT_EQUAL(fake_used_idx(RING), 1);
	CU_ASSERT(differing(buf, 32) > 20);
	CU_ASSERT_EQUAL(differing(buf + 32, 68), 0);
	CU_ASSERT(differing(buf + 100, 32) > 20);
	CU_ASSERT_EQUAL(differing(buf + 132, 100), 0);
	CU_ASSERT(fake_eventfd_take(call));
	/* the driver asks for no interrupts */
	((uint16_t *)fake_ram(RING + FAKE_AVAIL_OFF))[0] = VRING_AVAIL_F_NO_INTERRUPT;
	fake_avail(RING, SIZE, 1, 0);
	fake_kick(&drv, 0);
	fake_loop(0);
	CU_ASSERT_EQUAL(fake_used_idx(RING), 2);
	CU_ASSERT(!fake_eventfd_take(call));
	/* reset in the middle of it all, and again from the start */
	fake_reset(&drv);
	CU_ASSERT_EQUAL(fake_irqfd_gsi(call), -1);
	start_rng(0, 1);
	fake_kick(&drv, 0);
	fake_loop(0);
	CU_ASSERT_EQUAL(fake_used_idx(RING), 0);
	fake_vm_stop();
}

static void test_event_idx_and_indirect(void)
{
	struct vring_desc *table;
	uint16_t *avail;
	int call;

	begin_rng();
	start_rng((1ULL << VIRTIO_RING_F_EVENT_IDX) | (1ULL << VIRTIO_RING_F_INDIRECT_DESC),
		  VIRTIO_MSI_NO_VECTOR);
	call = fake_vm.virtio->queues[0].call;
	table = fake_ram(TABLE);
	for (uint16_t i = 0; i < 4; i++)
		table[i] = (struct vring_desc){BUF + 16 * i, 8,
					       VRING_DESC_F_WRITE | (i < 3 ? VRING_DESC_F_NEXT : 0),
					       (uint16_t)(i + 1)};
	memset(fake_ram(BUF), 0xee, 64);
	fake_desc(RING, 3, TABLE, 64, VRING_DESC_F_INDIRECT, 0);
	avail = fake_ram(RING + FAKE_AVAIL_OFF);
	avail[2 + SIZE] = 1;	/* used_event: after the second */
	fake_avail(RING, SIZE, 0, 3);
	fake_kick(&drv, 0);
	fake_loop(0);
	CU_ASSERT_EQUAL(fake_used_idx(RING), 1);
	CU_ASSERT_EQUAL(((uint32_t *)fake_ram(RING + FAKE_USED_OFF + 4))[1], 32);
	CU_ASSERT_EQUAL(differing((uint8_t *)fake_ram(BUF) + 8, 8), 0);
	CU_ASSERT(!fake_eventfd_take(call));
	CU_ASSERT_EQUAL(((uint16_t *)fake_ram(RING + FAKE_USED_OFF))[2 + 4 * SIZE], 1);
	fake_avail(RING, SIZE, 1, 3);
	fake_kick(&drv, 0);
	fake_loop(0);
	CU_ASSERT(fake_eventfd_take(call));
	fake_vm_stop();
}

/* A guest that asks for entropy as fast as it can gets a bounded amount of this process's time. */
static void test_rng_rate(void)
{
	begin_rng();
	start_rng(0, VIRTIO_MSI_NO_VECTOR);
	fake_desc(RING, 0, BUF, 4096, VRING_DESC_F_WRITE, 0);
	for (unsigned int round = 0; round < 8; round++) {
		for (uint16_t i = 0; i < SIZE; i++)
			fake_avail(RING, SIZE, (uint16_t)(round * SIZE + i), 0);
		fake_kick(&drv, 0);
		event_loop_once(fake_vm.loop, 0);
	}
	CU_ASSERT(fake_used_idx(RING) <= 64);
	fake_vm_stop();
}

/* --- rings that make no sense: the queue ends, the device says so, the process goes on --- */

struct hostile {
	const char *what;
	void (*make)(void);
	uint64_t features;
};

static void bad_head(void)
{
	fake_avail(RING, SIZE, 0, SIZE);
}

static void bad_jump(void)
{
	((uint16_t *)fake_ram(RING + FAKE_AVAIL_OFF))[1] = 0x8000;
}

static void bad_backwards(void)
{
	((uint16_t *)fake_ram(RING + FAKE_AVAIL_OFF))[1] = 0xffff;
}

static void bad_loop(void)
{
	fake_desc(RING, 0, BUF, 16, VRING_DESC_F_WRITE | VRING_DESC_F_NEXT, 1);
	fake_desc(RING, 1, BUF, 16, VRING_DESC_F_WRITE | VRING_DESC_F_NEXT, 0);
	fake_avail(RING, SIZE, 0, 0);
}

static void bad_next(void)
{
	fake_desc(RING, 0, BUF, 16, VRING_DESC_F_WRITE | VRING_DESC_F_NEXT, 0xfff0);
	fake_avail(RING, SIZE, 0, 0);
}

static void bad_address(void)
{
	fake_desc(RING, 0, 0xfffffffffffff000ULL, 0x2000, VRING_DESC_F_WRITE, 0);
	fake_avail(RING, SIZE, 0, 0);
}

static void bad_length(void)
{
	fake_desc(RING, 0, FAKE_RAM_LOW - 16, 17, VRING_DESC_F_WRITE, 0);
	fake_avail(RING, SIZE, 0, 0);
}

static void bad_order(void)
{
	fake_desc(RING, 0, BUF, 16, VRING_DESC_F_WRITE | VRING_DESC_F_NEXT, 1);
	fake_desc(RING, 1, BUF, 16, 0, 0);
	fake_avail(RING, SIZE, 0, 0);
}

static void bad_indirect(uint32_t len, uint16_t flags, uint64_t addr)
{
	fake_desc(RING, 0, addr, len, VRING_DESC_F_INDIRECT | flags, 1);
	fake_avail(RING, SIZE, 0, 0);
}

static void bad_indirect_length(void)
{
	bad_indirect(24, 0, TABLE);
}

static void bad_indirect_empty(void)
{
	bad_indirect(0, 0, TABLE);
}

static void bad_indirect_next(void)
{
	bad_indirect(16, VRING_DESC_F_NEXT, TABLE);
}

static void bad_indirect_place(void)
{
	bad_indirect(16, 0, FAKE_RAM_LOW);
}

static void bad_indirect_twice(void)
{
	fake_desc(TABLE, 0, TABLE, 16, VRING_DESC_F_INDIRECT, 0);
	bad_indirect(16, 0, TABLE);
}

static void bad_indirect_loop(void)
{
	fake_desc(TABLE, 0, BUF, 16, VRING_DESC_F_WRITE | VRING_DESC_F_NEXT, 0);
	bad_indirect(16 * 4096, 0, TABLE);
}

#define INDIRECT (1ULL << VIRTIO_RING_F_INDIRECT_DESC)

static const struct hostile hostiles[] = {
	{"head beyond the ring", bad_head, 0},
	{"index jumps ahead", bad_jump, 0},
	{"index goes back", bad_backwards, 0},
	{"loop", bad_loop, 0},
	{"next beyond the ring", bad_next, 0},
	{"address wraps", bad_address, 0},
	{"length leaves memory", bad_length, 0},
	{"readable after writable", bad_order, 0},
	{"indirect not negotiated", bad_indirect_length, 0},
	{"indirect length", bad_indirect_length, INDIRECT},
	{"indirect empty", bad_indirect_empty, INDIRECT},
	{"indirect with next", bad_indirect_next, INDIRECT},
	{"indirect table outside memory", bad_indirect_place, INDIRECT},
	{"indirect in indirect", bad_indirect_twice, INDIRECT},
	{"indirect loop", bad_indirect_loop, INDIRECT},
};

static void test_hostile_rings(void)
{
	begin_rng();
	for (size_t i = 0; i < sizeof(hostiles) / sizeof(hostiles[0]); i++) {
		uint8_t gen = (uint8_t)fake_common_read(&drv, VIRTIO_PCI_COMMON_CFGGENERATION, 1);

		start_rng(hostiles[i].features, VIRTIO_MSI_NO_VECTOR);
		memset(fake_ram(BUF), 0xee, 64);
		hostiles[i].make();
		fake_kick(&drv, 0);
		fake_loop(0);
		if (fake_status(&drv) != (ALL_OK | VIRTIO_CONFIG_S_NEEDS_RESET))
			CU_FAIL(hostiles[i].what);
		CU_ASSERT_EQUAL(fake_used_idx(RING), 0);
		CU_ASSERT_EQUAL(differing(fake_ram(BUF), 64), 0);
		CU_ASSERT_EQUAL(fake_mmio_read(drv.bar + drv.isr, 1), VIRTIO_PCI_ISR_CONFIG);
		CU_ASSERT_EQUAL(fake_mmio_read(drv.bar + drv.isr, 1), 0);
		CU_ASSERT_NOT_EQUAL(fake_common_read(&drv, VIRTIO_PCI_COMMON_CFGGENERATION, 1),
				    gen);
		/* stays stopped */
		fake_kick(&drv, 0);
		fake_loop(0);
		CU_ASSERT_EQUAL(fake_used_idx(RING), 0);
	}
	/* and a reset mends it */
	start_rng(0, VIRTIO_MSI_NO_VECTOR);
	CU_ASSERT_EQUAL(fake_status(&drv), ALL_OK);
	fake_vm_stop();
}

static void test_hostile_areas(void)
{
	static const uint64_t places[] = {RING + 1, FAKE_RAM_LOW - 64, FAKE_RAM_LOW, 0x80000000ULL,
					  FAKE_HIGH_BASE + FAKE_RAM_HIGH - 16, ~0ULL & ~15ULL};

	begin_rng();
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		CU_ASSERT(fake_negotiate(&drv, V1));
		fake_queue(&drv, 0, SIZE, places[i], VIRTIO_MSI_NO_VECTOR);
		fake_driver_ok(&drv);
		CU_ASSERT(fake_status(&drv) & VIRTIO_CONFIG_S_NEEDS_RESET);
		CU_ASSERT(!fake_vm.virtio->started);
		fake_kick(&drv, 0);
		fake_loop(0);
	}
	/* a split ring's size is a power of two */
	CU_ASSERT(fake_negotiate(&drv, V1));
	fake_queue(&drv, 0, 15, RING, VIRTIO_MSI_NO_VECTOR);
	fake_driver_ok(&drv);
	CU_ASSERT(fake_status(&drv) & VIRTIO_CONFIG_S_NEEDS_RESET);
	/* the log has its limit */
	for (int i = 0; i < 40; i++) {
		fake_negotiate(&drv, V1);
		fake_queue(&drv, 0, 15, RING, VIRTIO_MSI_NO_VECTOR);
		fake_driver_ok(&drv);
	}
	CU_ASSERT(fake_vm.virtio->complaints < 20);
	fake_vm_stop();
}

/* --- console --- */

static void begin_console(void)
{
	struct err e = {0};

	fake_vm_start();
	fake_cfg.console = VM_CONSOLE_VIRTIO;
	CU_ASSERT_EQUAL_FATAL(virtio_devices_init(&fake_vm, &e), 0);
	CU_ASSERT_FATAL(fake_driver_probe(&drv, 1));
	CU_ASSERT(fake_negotiate(&drv, V1));
	memset(fake_ram(RING), 0, 0x20000);
	fake_queue(&drv, 0, SIZE, RING, VIRTIO_MSI_NO_VECTOR);
	fake_queue(&drv, 1, SIZE, RING1, VIRTIO_MSI_NO_VECTOR);
	fake_driver_ok(&drv);
}

static void test_console_output(void)
{
	begin_console();
	memcpy(fake_ram(BUF), "hello, world", 12);
	fake_desc(RING1, 0, BUF, 5, VRING_DESC_F_NEXT, 1);
	fake_desc(RING1, 1, BUF + 5, 7, 0, 0);
	fake_avail(RING1, SIZE, 0, 0);
	fake_kick(&drv, 1);
	fake_loop(0);
	CU_ASSERT_EQUAL(fake_console_len, 12);
	CU_ASSERT(!memcmp(fake_console_text, "hello, world", 12));
	CU_ASSERT_EQUAL(fake_used_idx(RING1), 1);
	/* a person's end that does not read: the chain waits, then goes on where it was */
	fake_console_limit = 16;
	fake_avail(RING1, SIZE, 1, 0);
	fake_kick(&drv, 1);
	fake_loop(0);
	CU_ASSERT_EQUAL(fake_console_len, 16);
	CU_ASSERT_EQUAL(fake_used_idx(RING1), 1);
	fake_console_limit = sizeof(fake_console_text);
	fake_console_room();
	fake_loop(0);
	CU_ASSERT_EQUAL(fake_console_len, 24);
	CU_ASSERT(!memcmp(fake_console_text + 12, "hello, world", 12));
	CU_ASSERT_EQUAL(fake_used_idx(RING1), 2);
	fake_vm_stop();
}

static void test_console_input(void)
{
	begin_console();
	CU_ASSERT_EQUAL(fake_console_input("nobody", 6), 0);
	fake_desc(RING, 0, BUF, 4, VRING_DESC_F_WRITE, 0);
	fake_avail(RING, SIZE, 0, 0);
	fake_kick(&drv, 0);
	fake_loop(0);
	CU_ASSERT(fake_console_ready > 0);
	CU_ASSERT_EQUAL(fake_console_input("nobody", 6), 4);
	CU_ASSERT_EQUAL(fake_used_idx(RING), 1);
	CU_ASSERT(!memcmp(fake_ram(BUF), "nobo", 4));
	CU_ASSERT_EQUAL(fake_console_input("dy", 2), 0);
	fake_reset(&drv);
	CU_ASSERT_EQUAL(fake_console_input("dy", 2), 0);
	fake_vm_stop();
}

/* Buffers without room, for ever: bounded work, no progress, no harm. */
static void test_console_empty_buffers(void)
{
	begin_console();
	fake_desc(RING, 0, BUF, 0, VRING_DESC_F_WRITE, 0);
	fake_desc(RING1, 0, BUF, 0, 0, 0);
	for (uint16_t i = 0; i < SIZE; i++) {
		fake_avail(RING, SIZE, i, 0);
		fake_avail(RING1, SIZE, i, 0);
	}
	CU_ASSERT_EQUAL(fake_console_input("x", 1), 0);
	fake_kick(&drv, 1);
	fake_loop(0);
	CU_ASSERT_EQUAL(fake_used_idx(RING1), SIZE);
	CU_ASSERT_EQUAL(fake_console_len, 0);
	CU_ASSERT_EQUAL(fake_status(&drv), ALL_OK);
	fake_vm_stop();
}

static const struct unit_test tests[] = {
	{"identity", test_identity},
	{"feature negotiation", test_features},
	{"queue registers", test_queue_registers},
	{"doorbells follow the BAR", test_doorbells_follow_bar},
	{"window in config space", test_cfg_window},
	{"entropy", test_rng},
	{"event indexes and indirect descriptors", test_event_idx_and_indirect},
	{"entropy at a bounded rate", test_rng_rate},
	{"hostile rings", test_hostile_rings},
	{"hostile ring areas", test_hostile_areas},
	{"console output", test_console_output},
	{"console input", test_console_input},
	{"console buffers of nothing", test_console_empty_buffers},
};

UNIT_MAIN("vm-virtio", tests)
