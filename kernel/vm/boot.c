// SPDX-License-Identifier: Apache-2.0
#include "kernel/vm/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/vm/acpi.h"
#include "kernel/vm/bzimage.h"
#include "kernel/vm/layout.h"
#include "kernel/vm/memory.h"
#include "kernel/vm/pvh.h"
#include "kernel/vm/sregs.h"
#include "kernel/vm/vm.h"

static int open_file(const char *what, const char *path, uint64_t *size, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), r;
	struct stat st;

	if (fd < 0)
		return err_set(e, -errno, "%s %s: cannot be read: %s", what, path,
			       strerror(errno));
	if (!fstat(fd, &st) && S_ISREG(st.st_mode)) {
		*size = (uint64_t)st.st_size;
		return fd;
	}
	r = err_set(e, -EINVAL, "%s %s: not a regular file", what, path);
	close(fd);
	return r;
}

int boot_check(const struct vm_config *cfg, struct err *e)
{
	uint64_t size;
	int fd = open_file("kernel", cfg->kernel, &size, e);

	if (fd < 0)
		return fd;
	close(fd);
	if (!cfg->initrd)
		return 0;
	fd = open_file("initrd", cfg->initrd, &size, e);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* Straight into guest memory, so that no buffer of that size is ever needed. */
static int read_into(struct vm *vm, int fd, const char *path, uint64_t off, uint64_t n,
		     uint64_t gpa, struct err *e)
{
	if (n && !guest_ptr(vm, gpa, n))
		return err_set(e, -EFAULT, "%s: %llu bytes at 0x%llx are not in guest memory",
			       path, (unsigned long long)n, (unsigned long long)gpa);
	while (n) {
		ssize_t r = guest_fill(vm, gpa, n, fd, off);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return err_set(e, -EIO, "%s: cannot be read: %s", path,
				       r ? strerror(errno) : "it shrank meanwhile");
		gpa += (uint64_t)r;
		off += (uint64_t)r;
		n -= (uint64_t)r;
	}
	return 0;
}

int boot_read(struct boot *b, uint64_t off, uint64_t n, uint64_t gpa, struct err *e)
{
	return read_into(b->vm, b->kernel.fd, b->kernel.path, off, n, gpa, e);
}

static int open_kernel(struct kernel_file *k, const char *path, struct err *e)
{
	ssize_t n;

	k->path = path;
	k->fd = open_file("kernel", path, &k->size, e);
	if (k->fd < 0)
		return k->fd;
	n = pread(k->fd, k->head, sizeof(k->head), 0);
	k->nhead = n > 0 ? (size_t)n : 0;
	return 0;
}

/* As high as it may be, so that the kernel's own memory grows below it. */
static int load_initrd(struct boot *b, const char *path, struct err *e)
{
	uint64_t top = b->low_end, size = 0;
	int fd, r;

	if (!path)
		return 0;
	fd = open_file("initrd", path, &size, e);
	if (fd < 0)
		return fd;
	if (b->initrd_max < top)
		top = b->initrd_max + 1;
	if (b->kernel_end > top || size > top - b->kernel_end - 4095 || !size) {
		r = err_set(e, -ENOMEM, "initrd %s: %s", path, size ? "does not fit beside the "
			    "kernel: give the VM more \"memory\"" : "is empty");
	} else {
		b->initrd = (top - size) & ~4095ULL;
		b->initrd_size = size;
		r = read_into(b->vm, fd, path, 0, size, b->initrd, e);
	}
	close(fd);
	return r;
}

static int put_cmdline(struct boot *b, const char *text, struct err *e)
{
	size_t n = strlen(text);
	char *to = guest_ptr(b->vm, BOOT_CMDLINE, BOOT_CMDLINE_MAX);

	if (n > b->cmdline_max || n >= BOOT_CMDLINE_MAX || !to)
		return err_set(e, -E2BIG, "\"cmdline\" has %zu bytes; this kernel takes %u", n,
			       b->cmdline_max);
	memcpy(to, text, n + 1);
	return 0;
}

static void map_add(struct boot *b, uint64_t base, uint64_t end, uint32_t type)
{
	b->map[b->nmap++] = (struct boot_memory){base, end - base, type};
}

static void make_map(struct boot *b)
{
	int n;
	const struct guest_region *r = guest_regions(b->vm, &n);

	map_add(b, 0, LOW_RAM_END, BOOT_MEMORY_RAM);
	map_add(b, LOW_RAM_END, 0xa0000, BOOT_MEMORY_RESERVED);
	map_add(b, ACPI_BASE, ACPI_BASE + ACPI_SIZE, BOOT_MEMORY_RESERVED);
	map_add(b, KERNEL_BASE, b->low_end, BOOT_MEMORY_RAM);
	map_add(b, PCI_ECAM_BASE, PCI_ECAM_BASE + PCI_ECAM_SIZE, BOOT_MEMORY_RESERVED);
	if (n > 1)
		map_add(b, r[1].gpa, r[1].gpa + r[1].size, BOOT_MEMORY_RAM);
}

/*
 * Linux on hardware-reduced ACPI does not reset through the reset register: it tries EFI, then goes
 * to the BIOS's entry in real mode. So that is where the register is written.
 */
static void put_reset_vector(uint8_t *at)
{
	static const uint8_t code[] = {
		0xba, PORT_RESET & 0xff, PORT_RESET >> 8,	/* mov $PORT_RESET, %dx */
		0xb0, RESET_VALUE,				/* mov $RESET_VALUE, %al */
		0xee,						/* out %al, %dx */
		0xfa, 0xf4,					/* cli; hlt */
		0xeb, 0xfd,					/* jmp to the hlt */
	};

	memcpy(at, code, sizeof(code));
}

static int put_firmware(struct boot *b, struct err *e)
{
	uint8_t *acpi = guest_ptr(b->vm, ACPI_BASE, ACPI_SIZE);
	void *pages = guest_ptr(b->vm, BOOT_PAGE_TABLES, SREGS_TABLES_SIZE);
	size_t room = RESET_VECTOR - ACPI_BASE;

	if (!acpi || !pages || acpi_build(acpi, room, b->vm->cfg->cpus) < 0)
		return err_set(e, -EFAULT, "the ACPI tables do not fit");
	put_reset_vector(acpi + room);
	sregs_page_tables(pages, BOOT_PAGE_TABLES);
	return 0;
}

static int load(struct boot *b, struct boot_entry *entry, struct err *e)
{
	const struct vm_config *cfg = b->vm->cfg;
	struct bzimage z;
	bool bz = bzimage_is(&b->kernel);
	int r;

	if (!bz && !pvh_is(&b->kernel))
		return err_set(e, -ENOEXEC, "kernel %s: neither a bzImage nor an ELF vmlinux",
			       b->kernel.path);
	r = bz ? bzimage_load(b, &z, entry, e) : pvh_load(b, entry, e);
	if (!r)
		r = load_initrd(b, cfg->initrd, e);
	if (!r)
		r = put_cmdline(b, cfg->cmdline, e);
	if (!r)
		r = put_firmware(b, e);
	if (!r)
		make_map(b);
	if (!r)
		r = bz ? bzimage_finish(b, &z, e) : pvh_finish(b, e);
	if (!r)
		sregs_gdt(guest_ptr(b->vm, BOOT_GDT, SREGS_GDT_SIZE), entry->long_mode);
	return r;
}

int boot_load(struct vm *vm, struct boot_entry *entry, struct err *e)
{
	struct boot b = {.vm = vm};
	int n, r;

	b.low_end = guest_regions(vm, &n)[0].size;
	r = open_kernel(&b.kernel, vm->cfg->kernel, e);
	if (r)
		return r;
	r = load(&b, entry, e);
	close(b.kernel.fd);
	return r;
}
