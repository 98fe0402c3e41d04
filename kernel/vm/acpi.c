// SPDX-License-Identifier: Apache-2.0
#include "kernel/vm/acpi.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "kernel/vm/aml.h"
#include "kernel/vm/layout.h"
#include "kernel/vm/power.h"

#define PACKED __attribute__((packed))

struct header {
	char signature[4];
	uint32_t length;
	uint8_t revision, checksum;
	char oem_id[6], oem_table[8];
	uint32_t oem_revision;
	char creator[4];
	uint32_t creator_revision;
} PACKED;

struct rsdp {
	char signature[8];
	uint8_t checksum;
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt, length;
	uint64_t xsdt;
	uint8_t checksum2, reserved[3];
} PACKED;

struct gas {
	uint8_t space, width, offset, access;
	uint64_t address;
} PACKED;

/* ACPI 6.0's FADT; what a hardware-reduced machine leaves zero is not named. */
struct fadt {
	struct header h;
	uint32_t facs, dsdt;
	uint8_t reserved, profile;
	uint8_t pm_fields[62];		/* SCI_INT to CENTURY */
	uint8_t century;
	uint16_t boot_arch;
	uint8_t reserved2;
	uint32_t flags;
	struct gas reset;
	uint8_t reset_value;
	uint16_t arm_boot_arch;
	uint8_t minor;
	uint64_t x_facs, x_dsdt;
	struct gas pm_blocks[8];
	struct gas sleep_control, sleep_status;
	uint64_t hypervisor;
} PACKED;

_Static_assert(sizeof(struct fadt) == 276, "FADT of ACPI 6.0");

#define FADT_WBINVD	(1u << 0)
#define FADT_RESET	(1u << 10)
#define FADT_HW_REDUCED	(1u << 20)
#define BOOT_NO_VGA	(1u << 2)
#define BOOT_NO_ASPM	(1u << 4)
#define BOOT_NO_RTC	(1u << 5)
#define SPACE_IO	1

struct madt_lapic {
	uint8_t type, length, uid, id;
	uint32_t flags;
} PACKED;

struct madt_ioapic {
	uint8_t type, length, id, reserved;
	uint32_t address, gsi_base;
} PACKED;

struct madt {
	struct header h;
	uint32_t lapic, flags;
	struct madt_ioapic ioapic;
	struct madt_lapic cpu[];
} PACKED;

struct mcfg {
	struct header h;
	uint64_t reserved, base;
	uint16_t segment;
	uint8_t first_bus, last_bus;
	uint32_t reserved2;
} PACKED;

/* Tables are put one after the other, 16-byte aligned, and gathered for the XSDT. */
struct tables {
	uint8_t *mem;
	size_t used, room;
	uint64_t entry[8];
	unsigned int n;
};

static uint8_t checksum(const void *data, size_t n)
{
	const uint8_t *p = data;
	uint8_t sum = 0;

	while (n--)
		sum = (uint8_t)(sum + *p++);
	return (uint8_t)-sum;
}

static void use(struct tables *t, size_t n)
{
	t->used = (t->used + n + 15) & ~(size_t)15;
	if (t->used > t->room)
		t->used = t->room;
}

static void *reserve(struct tables *t, size_t n)
{
	void *p = t->mem + t->used;

	if (n > t->room - t->used)
		return NULL;
	memset(p, 0, n);
	use(t, n);
	return p;
}

static uint64_t address(const struct tables *t, const void *p)
{
	return ACPI_BASE + (uint64_t)((const uint8_t *)p - t->mem);
}

static void finish(struct header *h, const char *signature, size_t length, uint8_t revision)
{
	memcpy(h->signature, signature, 4);
	h->length = (uint32_t)length;
	h->revision = revision;
	memcpy(h->oem_id, "VMHI  ", 6);
	memcpy(h->oem_table, "OPENVMHI", 8);
	h->oem_revision = 1;
	memcpy(h->creator, "VMHI", 4);
	h->creator_revision = 1;
	h->checksum = 0;
	h->checksum = checksum(h, length);
}

static void put_windows(struct aml *a)
{
	size_t crs = aml_crs(a);

	aml_res_bus(a, 0, 0);
	aml_res_io(a, 0xcf8, 8);
	aml_res_window32(a, PCI_MMIO32_BASE, PCI_MMIO32_SIZE);
	aml_res_window64(a, PCI_MMIO64_BASE, PCI_MMIO64_SIZE);
	aml_crs_end(a, crs);
}

static void put_pci(struct aml *a)
{
	size_t dev = aml_device(a, "PCI0"), crs;

	aml_name(a, "_HID");
	aml_eisa_id(a, "PNP0A08");
	aml_name(a, "_CID");
	aml_eisa_id(a, "PNP0A03");
	aml_name(a, "_SEG");
	aml_int(a, 0);
	aml_name(a, "_BBN");
	aml_int(a, 0);
	aml_name(a, "_UID");
	aml_int(a, 0);
	put_windows(a);
	aml_end(a, dev);

	/* The firmware specification wants the ECAM reserved by a motherboard device, too. */
	dev = aml_device(a, "MBRD");
	aml_name(a, "_HID");
	aml_eisa_id(a, "PNP0C02");
	crs = aml_crs(a);
	aml_res_memory(a, PCI_ECAM_BASE, PCI_ECAM_SIZE);
	aml_crs_end(a, crs);
	aml_end(a, dev);
}

static void put_serial(struct aml *a)
{
	size_t dev = aml_device(a, "COM1"), crs;

	aml_name(a, "_HID");
	aml_eisa_id(a, "PNP0501");
	aml_name(a, "_UID");
	aml_int(a, 0);
	crs = aml_crs(a);
	aml_res_io(a, PORT_COM1, 8);
	aml_res_irq(a, GSI_COM1, false, false);
	aml_crs_end(a, crs);
	aml_end(a, dev);
}

static void put_power(struct aml *a)
{
	size_t dev = aml_device(a, "PWRB"), crs, method, test;

	aml_name(a, "_HID");
	aml_eisa_id(a, "PNP0C0C");
	aml_name(a, "_UID");
	aml_int(a, 0);
	aml_end(a, dev);

	dev = aml_device(a, "GED_");
	aml_name(a, "_HID");
	aml_string(a, "ACPI0013");
	crs = aml_crs(a);
	aml_res_irq(a, GSI_GED, false, false);
	aml_crs_end(a, crs);
	aml_io_byte(a, "EVNT", "PEND", PORT_EVENTS);
	method = aml_method(a, "_EVT", 1);
	aml_byte(a, AML_STORE);
	aml_path(a, "PEND");
	aml_byte(a, AML_LOCAL0);
	test = aml_if_bit(a, AML_LOCAL0, POWER_EVENT_BUTTON);
	aml_byte(a, AML_NOTIFY);
	aml_path(a, "\\_SB_.PWRB");
	aml_int(a, 0x80);
	aml_end(a, test);
	aml_end(a, method);
	aml_end(a, dev);
}

static struct header *put_dsdt(struct tables *t)
{
	struct header *h = reserve(t, sizeof(*h));
	struct aml a = {0};
	size_t scope;

	if (!h)
		return NULL;
	/* The AML follows its header without a gap. */
	a.at = (uint8_t *)(h + 1);
	a.room = t->room - (size_t)(a.at - t->mem);
	scope = aml_scope(&a, "\\_SB_");
	put_pci(&a);
	put_serial(&a);
	put_power(&a);
	aml_end(&a, scope);
	aml_name(&a, "\\_S5_");
	scope = aml_package(&a, 1);
	aml_int(&a, 5);
	aml_end(&a, scope);
	if (a.overflow)
		return NULL;
	t->used = (size_t)(a.at - t->mem);
	use(t, a.len);
	finish(h, "DSDT", sizeof(*h) + a.len, 2);
	return h;
}

static bool put_fadt(struct tables *t)
{
	struct header *dsdt = put_dsdt(t);
	struct fadt *f = dsdt ? reserve(t, sizeof(*f)) : NULL;

	if (!f)
		return false;
	f->dsdt = (uint32_t)address(t, dsdt);
	f->x_dsdt = f->dsdt;
	f->boot_arch = BOOT_NO_VGA | BOOT_NO_ASPM | BOOT_NO_RTC;
	f->flags = FADT_WBINVD | FADT_RESET | FADT_HW_REDUCED;
	f->reset = (struct gas){SPACE_IO, 8, 0, 1, PORT_RESET};
	f->reset_value = RESET_VALUE;
	f->sleep_control = (struct gas){SPACE_IO, 8, 0, 1, PORT_SLEEP};
	f->sleep_status = (struct gas){SPACE_IO, 8, 0, 1, PORT_SLEEP_STS};
	memcpy(&f->hypervisor, "OPENVMHI", 8);
	finish(&f->h, "FACP", sizeof(*f), 6);
	t->entry[t->n++] = address(t, f);
	return true;
}

static bool put_madt(struct tables *t, unsigned int cpus)
{
	size_t n = sizeof(struct madt) + cpus * sizeof(struct madt_lapic);
	struct madt *m = reserve(t, n);

	if (!m)
		return false;
	m->lapic = LAPIC_BASE;
	m->ioapic = (struct madt_ioapic){1, sizeof(m->ioapic), 0, 0, IOAPIC_BASE, 0};
	for (unsigned int i = 0; i < cpus; i++)
		m->cpu[i] = (struct madt_lapic){0, sizeof(m->cpu[i]), (uint8_t)i, (uint8_t)i, 1};
	finish(&m->h, "APIC", n, 4);
	t->entry[t->n++] = address(t, m);
	return true;
}

static bool put_mcfg(struct tables *t)
{
	struct mcfg *m = reserve(t, sizeof(*m));

	if (!m)
		return false;
	m->base = PCI_ECAM_BASE;
	m->last_bus = (uint8_t)(PCI_ECAM_SIZE / 0x100000 - 1);
	finish(&m->h, "MCFG", sizeof(*m), 1);
	t->entry[t->n++] = address(t, m);
	return true;
}

static bool put_xsdt(struct tables *t, struct rsdp *r)
{
	size_t n = sizeof(struct header) + t->n * sizeof(t->entry[0]);
	struct header *h = reserve(t, n);

	if (!h)
		return false;
	memcpy(h + 1, t->entry, t->n * sizeof(t->entry[0]));
	finish(h, "XSDT", n, 1);
	memcpy(r->signature, "RSD PTR ", 8);
	memcpy(r->oem_id, "VMHI  ", 6);
	r->revision = 2;
	r->length = sizeof(*r);
	r->xsdt = address(t, h);
	r->checksum = checksum(r, 20);
	r->checksum2 = checksum(r, sizeof(*r));
	return true;
}

long acpi_build(void *mem, size_t room, unsigned int cpus)
{
	struct tables t = {.mem = mem, .room = room};
	struct rsdp *r = reserve(&t, sizeof(*r));

	if (!r || !put_fadt(&t) || !put_madt(&t, cpus) || !put_mcfg(&t) || !put_xsdt(&t, r))
		return -ENOSPC;
	return (long)t.used;
}
