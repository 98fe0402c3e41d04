// SPDX-License-Identifier: Apache-2.0
#include "kernel/vm/bzimage.h"

#include <errno.h>
#include <string.h>

#include "kernel/vm/layout.h"
#include "kernel/vm/memory.h"
#include "kernel/vm/vm.h"

/* Offsets in the file's head, and the same in the zero page. */
#define H_SETUP_SECTS	0x1f1
#define H_SYSSIZE	0x1f4
#define H_VID_MODE	0x1fa
#define H_BOOT_FLAG	0x1fe
#define H_JUMP		0x201
#define H_MAGIC		0x202
#define H_VERSION	0x206
#define H_LOADER	0x210
#define H_LOADFLAGS	0x211
#define H_RAMDISK	0x218
#define H_RAMDISK_SIZE	0x21c
#define H_CMDLINE	0x228
#define H_INITRD_MAX	0x22c
#define H_ALIGN		0x230
#define H_RELOCATABLE	0x234
#define H_XLOADFLAGS	0x236
#define H_CMDLINE_MAX	0x238
#define H_PREFERRED	0x258
#define H_INIT_SIZE	0x260
#define H_END_MIN	0x264
#define H_END_MAX	0x290

#define Z_RSDP		0x070
#define Z_E820_COUNT	0x1e8
#define Z_E820		0x2d0
#define E820_SIZE	20

#define LOADFLAG_HIGH	0x01
#define XLF_KERNEL_64	0x01
#define LOADER_UNKNOWN	0xff
#define ENTRY_64	0x200

static uint16_t get16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint64_t get64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static void put32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, sizeof(v));
}

bool bzimage_is(const struct kernel_file *k)
{
	return k->nhead >= H_VERSION + 2 && get16(k->head + H_BOOT_FLAG) == 0xaa55 &&
	       !memcmp(k->head + H_MAGIC, "HdrS", 4);
}

static int parse_sizes(const struct kernel_file *k, struct bzimage *z, struct err *e)
{
	uint64_t sectors = k->head[H_SETUP_SECTS] ? k->head[H_SETUP_SECTS] : 4;
	uint64_t said = (uint64_t)get32(k->head + H_SYSSIZE) * 16;

	z->offset = (sectors + 1) * 512;
	if (z->offset + ENTRY_64 >= k->size)
		return err_set(e, -ENOEXEC, "%s: cut short: its set-up part of %llu bytes is not "
			       "followed by a kernel", k->path, (unsigned long long)z->offset);
	z->size = k->size - z->offset;
	if (said > z->size + 15)
		return err_set(e, -ENOEXEC, "%s: cut short: %llu bytes of kernel, its header says "
			       "%llu", k->path, (unsigned long long)z->size,
			       (unsigned long long)said);
	return 0;
}

int bzimage_parse(const struct kernel_file *k, struct bzimage *z, struct err *e)
{
	*z = (struct bzimage){0};
	if (k->nhead < H_END_MIN)
		return err_set(e, -ENOEXEC, "%s: cut short within its header", k->path);
	if (get16(k->head + H_VERSION) < 0x020c)
		return err_set(e, -ENOEXEC, "%s: boot protocol %x.%02x; 2.12 (Linux 3.8) or later "
			       "is needed", k->path, k->head[H_VERSION + 1], k->head[H_VERSION]);
	z->header_end = (size_t)H_MAGIC + k->head[H_JUMP];
	if (z->header_end < H_END_MIN || z->header_end > k->nhead)
		return err_set(e, -ENOEXEC, "%s: its set-up header ends at 0x%zx, which cannot be",
			       k->path, z->header_end);
	if (z->header_end > H_END_MAX)
		z->header_end = H_END_MAX;
	if (!(get16(k->head + H_XLOADFLAGS) & XLF_KERNEL_64) ||
	    !(k->head[H_LOADFLAGS] & LOADFLAG_HIGH))
		return err_set(e, -ENOEXEC, "%s: not a 64-bit kernel", k->path);
	z->preferred = get64(k->head + H_PREFERRED);
	z->align = get32(k->head + H_ALIGN);
	z->relocatable = k->head[H_RELOCATABLE];
	z->init_size = get32(k->head + H_INIT_SIZE);
	z->initrd_max = get32(k->head + H_INITRD_MAX);
	z->cmdline_max = get32(k->head + H_CMDLINE_MAX);
	if (z->relocatable && (!z->align || z->align & (z->align - 1)))
		return err_set(e, -ENOEXEC, "%s: its alignment 0x%llx is not a power of two",
			       k->path, (unsigned long long)z->align);
	return parse_sizes(k, z, e);
}

static bool fits(const struct bzimage *z, uint64_t at, uint64_t low_end)
{
	uint64_t need = z->size > z->init_size ? z->size : z->init_size;

	return at >= KERNEL_BASE && at <= low_end && need <= low_end - at;
}

uint64_t bzimage_place(const struct kernel_file *k, const struct bzimage *z, uint64_t low_end,
		       struct err *e)
{
	uint64_t at = z->preferred;

	if (!fits(z, at, low_end) && z->relocatable)
		at = (KERNEL_BASE + z->align - 1) & ~(z->align - 1);
	if (fits(z, at, low_end))
		return at;
	err_set(e, -ENOMEM, "%s: needs %llu MiB at 0x%llx: give the VM more \"memory\"", k->path,
		(unsigned long long)z->init_size >> 20, (unsigned long long)at);
	return 0;
}

int bzimage_load(struct boot *b, struct bzimage *z, struct boot_entry *entry, struct err *e)
{
	uint64_t at;
	int r = bzimage_parse(&b->kernel, z, e);

	if (r)
		return r;
	at = bzimage_place(&b->kernel, z, b->low_end, e);
	if (!at)
		return -ENOMEM;
	b->kernel_end = at + (z->size > z->init_size ? z->size : z->init_size);
	b->initrd_max = z->initrd_max;
	b->cmdline_max = z->cmdline_max;
	*entry = (struct boot_entry){.long_mode = true, .rip = at + ENTRY_64,
				     .rsi = BOOT_ZERO_PAGE};
	return boot_read(b, z->offset, z->size, at, e);
}

int bzimage_finish(struct boot *b, const struct bzimage *z, struct err *e)
{
	uint8_t *zero = guest_ptr(b->vm, BOOT_ZERO_PAGE, 4096);

	if (!zero)
		return err_set(e, -EFAULT, "no guest memory for the zero page");
	memcpy(zero + H_SETUP_SECTS, b->kernel.head + H_SETUP_SECTS,
	       z->header_end - H_SETUP_SECTS);
	zero[H_VID_MODE] = zero[H_VID_MODE + 1] = 0xff;		/* as the kernel was built */
	zero[H_LOADER] = LOADER_UNKNOWN;
	put32(zero + H_RAMDISK, (uint32_t)b->initrd);
	put32(zero + H_RAMDISK_SIZE, (uint32_t)b->initrd_size);
	put32(zero + H_CMDLINE, BOOT_CMDLINE);
	put32(zero + Z_RSDP, ACPI_BASE);
	zero[Z_E820_COUNT] = (uint8_t)b->nmap;
	for (unsigned int i = 0; i < b->nmap; i++) {
		uint8_t *p = zero + Z_E820 + i * E820_SIZE;

		memcpy(p, &b->map[i].base, 8);
		memcpy(p + 8, &b->map[i].size, 8);
		put32(p + 16, b->map[i].type);
	}
	return 0;
}
