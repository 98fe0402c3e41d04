// SPDX-License-Identifier: Apache-2.0
/* ACPI tables: what a guest finds by walking them, and that they never leave their room. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/vm/acpi.h"
#include "kernel/vm/aml.h"
#include "kernel/vm/layout.h"
#include "kernel/vm/power.h"
#include "tests/unit/cunit.h"

static uint8_t mem[ACPI_SIZE + 64];

static uint64_t get(const uint8_t *p, unsigned int n)
{
	uint64_t v = 0;

	memcpy(&v, p, n);
	return v;
}

static uint8_t sum(const uint8_t *p, size_t n)
{
	uint8_t s = 0;

	while (n--)
		s = (uint8_t)(s + *p++);
	return s;
}

/* The table at a guest address, after its length and checksum were looked at. */
static const uint8_t *table(uint64_t gpa, const char *signature)
{
	const uint8_t *p = mem + (gpa - ACPI_BASE);

	CU_ASSERT_FATAL(gpa >= ACPI_BASE && gpa + 36 <= ACPI_BASE + ACPI_SIZE);
	CU_ASSERT_FATAL(gpa + get(p + 4, 4) <= ACPI_BASE + ACPI_SIZE);
	if (signature)
		CU_ASSERT(!memcmp(p, signature, 4));
	CU_ASSERT_EQUAL(sum(p, get(p + 4, 4)), 0);
	return p;
}

/* The table of that signature in the XSDT. */
static const uint8_t *find(const char *signature)
{
	const uint8_t *xsdt = table(get(mem + 24, 8), "XSDT");

	for (uint64_t at = 36; at + 8 <= get(xsdt + 4, 4); at += 8) {
		const uint8_t *p = table(get(xsdt + at, 8), NULL);

		if (!memcmp(p, signature, 4))
			return p;
	}
	CU_FAIL("a table is missing");
	return NULL;
}

static void test_rsdp(void)
{
	CU_ASSERT_FATAL(acpi_build(mem, ACPI_SIZE, 1) > 0);
	CU_ASSERT(!memcmp(mem, "RSD PTR ", 8));
	CU_ASSERT_EQUAL(mem[15], 2);
	CU_ASSERT_EQUAL(sum(mem, 20), 0);
	CU_ASSERT_EQUAL(sum(mem, 36), 0);
}

static void test_fadt(void)
{
	const uint8_t *f;

	CU_ASSERT_FATAL(acpi_build(mem, ACPI_SIZE, 1) > 0);
	f = find("FACP");
	CU_ASSERT_EQUAL(get(f + 4, 4), 276);
	CU_ASSERT(get(f + 112, 4) & 1 << 20);			/* hardware-reduced */
	CU_ASSERT(get(f + 112, 4) & 1 << 10);			/* reset register */
	CU_ASSERT(!(get(f + 112, 4) & 1 << 4));			/* button is a control method */
	CU_ASSERT_EQUAL(get(f + 109, 2) & 0x3f, 0x34);		/* no 8042, VGA, RTC */
	CU_ASSERT_EQUAL(get(f + 120, 8), PORT_RESET);
	CU_ASSERT_EQUAL(f[128], RESET_VALUE);
	CU_ASSERT_EQUAL(get(f + 248, 8), PORT_SLEEP);
	CU_ASSERT_EQUAL(get(f + 260, 8), PORT_SLEEP_STS);
	table(get(f + 140, 8), "DSDT");
}

static void test_madt(void)
{
	for (unsigned int cpus = 1; cpus <= 64; cpus += 21) {
		unsigned int seen = 0, ioapics = 0;
		const uint8_t *m;

		CU_ASSERT_FATAL(acpi_build(mem, ACPI_SIZE, cpus) > 0);
		m = find("APIC");
		CU_ASSERT_EQUAL(get(m + 36, 4), LAPIC_BASE);
		for (uint64_t at = 44; at < get(m + 4, 4); at += m[at + 1]) {
			CU_ASSERT_FATAL(m[at + 1] >= 8);
			if (m[at] == 0) {
				CU_ASSERT_EQUAL(m[at + 3], seen++);
				CU_ASSERT_EQUAL(get(m + at + 4, 4), 1);
			} else if (m[at] == 1) {
				ioapics++;
				CU_ASSERT_EQUAL(get(m + at + 4, 4), IOAPIC_BASE);
			}
		}
		CU_ASSERT_EQUAL(seen, cpus);
		CU_ASSERT_EQUAL(ioapics, 1);
	}
}

static void test_mcfg(void)
{
	const uint8_t *m;

	CU_ASSERT_FATAL(acpi_build(mem, ACPI_SIZE, 1) > 0);
	m = find("MCFG");
	CU_ASSERT_EQUAL(get(m + 44, 8), PCI_ECAM_BASE);
	CU_ASSERT_EQUAL(m[54], 0);
	CU_ASSERT_EQUAL((m[55] + 1ULL) << 20, PCI_ECAM_SIZE);
}

/* The layout itself: nothing in the hole lies on top of something else. */
static void test_layout(void)
{
	CU_ASSERT(PCI_MMIO32_BASE >= RAM_LOW_MAX);
	CU_ASSERT(PCI_MMIO32_BASE + PCI_MMIO32_SIZE <= PCI_ECAM_BASE);
	CU_ASSERT(PCI_ECAM_BASE + PCI_ECAM_SIZE <= IOAPIC_BASE);
	CU_ASSERT(RAM_HIGH_BASE + RAM_MAX <= PCI_MMIO64_BASE);
	CU_ASSERT(PCI_MMIO64_BASE + PCI_MMIO64_SIZE <= 1ULL << 39);
	CU_ASSERT(BOOT_CMDLINE + BOOT_CMDLINE_MAX <= LOW_RAM_END);
}

static void test_no_room(void)
{
	long need = acpi_build(mem, ACPI_SIZE, 3);

	CU_ASSERT_FATAL(need > 0);
	for (long room = 0; room < need - 16; room += 7) {
		memset(mem, 0xee, sizeof(mem));
		CU_ASSERT(acpi_build(mem, (size_t)room, 3) < 0);
		CU_ASSERT_EQUAL(mem[room], 0xee);
	}
}

static void test_aml(void)
{
	static const uint8_t want[] = {
		0x10, 0x8b, 0x02, 0x00, 0x5c, '_', 'S', 'B', '_',	/* Scope (\_SB_) */
		0x08, '_', 'U', 'I', 'D', 0x0b, 0x34, 0x12,		/* _UID = 0x1234 */
		0x5b, 0x82, 0x89, 0x01, 0x00, 'D', 'E', 'V', '0',	/* Device (DEV0) */
		0x08, '_', 'H', 'I', 'D', 0x0c, 0x41, 0xd0, 0x05, 0x01,	/* PNP0501 */
		0x86, 0x5c, 0x2e, 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H',
	};
	uint8_t got[128];
	struct aml a = {.at = got, .room = sizeof(got)};
	size_t scope = aml_scope(&a, "\\_SB_"), dev;

	aml_name(&a, "_UID");
	aml_int(&a, 0x1234);
	dev = aml_device(&a, "DEV0");
	aml_name(&a, "_HID");
	aml_eisa_id(&a, "PNP0501");
	aml_end(&a, dev);
	aml_byte(&a, AML_NOTIFY);
	aml_path(&a, "\\ABCD.EFGH");
	aml_end(&a, scope);
	CU_ASSERT(!a.overflow);
	/* lengths: in this builder always three bytes, themselves included */
	got[1] = want[1];
	got[2] = want[2];
	got[19] = want[19];
	got[20] = want[20];
	CU_ASSERT_EQUAL_FATAL(a.len, sizeof(want));
	CU_ASSERT(!memcmp(got, want, sizeof(want)));
}

/* ACPICA's own disassembler, where it is installed, reads every byte of the DSDT. */
static void test_iasl(void)
{
	char dir[] = "/tmp/vmhi-acpi-XXXXXX", cmd[256];
	const uint8_t *d;
	FILE *f;

	if (system("command -v iasl >/dev/null 2>&1")) {
		printf("SKIP: iasl (package acpica-tools) is not installed ... ");
		return;
	}
	CU_ASSERT_FATAL(acpi_build(mem, ACPI_SIZE, 2) > 0);
	d = table(get(find("FACP") + 140, 8), "DSDT");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
	snprintf(cmd, sizeof(cmd), "%s/dsdt.dat", dir);
	f = fopen(cmd, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT_EQUAL(fwrite(d, 1, get(d + 4, 4), f), get(d + 4, 4));
	fclose(f);
	/* disassembled and compiled again, without an error or a warning */
	snprintf(cmd, sizeof(cmd), "cd %s && iasl -d dsdt.dat >log 2>&1 && iasl dsdt.dsl >log 2>&1 && "
		 "grep -q ' 0 Errors, 0 Warnings' log", dir);
	CU_ASSERT_EQUAL(system(cmd), 0);
	snprintf(cmd, sizeof(cmd), "rm -r %s", dir);
	CU_ASSERT_EQUAL(system(cmd), 0);
}

static const struct unit_test tests[] = {
	{"RSDP", test_rsdp},	   {"FADT", test_fadt},		  {"MADT", test_madt},
	{"MCFG", test_mcfg},	   {"memory layout", test_layout}, {"too little room", test_no_room},
	{"AML bytes", test_aml},   {"iasl", test_iasl},
};
UNIT_MAIN("vm-acpi", tests)
