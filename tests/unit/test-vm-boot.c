// SPDX-License-Identifier: Apache-2.0
/* Kernel files, honest and hostile, and what boot_load() leaves in guest memory. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/vm/boot.h"
#include "kernel/vm/bzimage.h"
#include "kernel/vm/layout.h"
#include "kernel/vm/memory.h"
#include "kernel/vm/pvh.h"
#include "kernel/vm/vm.h"
#include "tests/unit/cunit.h"

#define MIB (1ULL << 20)

static char dir[] = "/tmp/vmhi-boot-XXXXXX";
static char path[64], initrd[64];

static void put(uint8_t *at, uint64_t v, unsigned int n)
{
	memcpy(at, &v, n);
}

static uint64_t get(const void *at, unsigned int n)
{
	uint64_t v = 0;

	memcpy(&v, at, n);
	return v;
}

/* A good bzImage: one sector of set-up besides the first, 8 KiB of kernel. */
static struct kernel_file bz_good(void)
{
	struct kernel_file k = {.path = "bz", .fd = -1, .size = 1024 + 8192, .nhead = 4096};
	uint8_t *h = k.head;

	h[0x1f1] = 1;
	put(h + 0x1f4, 8192 / 16, 4);
	put(h + 0x1fe, 0xaa55, 2);
	h[0x201] = 0x6a;
	memcpy(h + 0x202, "HdrS", 4);
	put(h + 0x206, 0x020f, 2);
	h[0x211] = 1;
	put(h + 0x22c, 0x7fffffff, 4);
	put(h + 0x230, 2 * MIB, 4);
	h[0x234] = 1;
	put(h + 0x236, 1, 2);
	put(h + 0x238, 2047, 4);
	put(h + 0x258, 16 * MIB, 8);
	put(h + 0x260, 4 * MIB, 4);
	return k;
}

static void bz_refused(const struct kernel_file *k, const char *word)
{
	struct bzimage z;
	struct err e = {0};

	CU_ASSERT(bzimage_parse(k, &z, &e) < 0);
	if (!strstr(e.msg, word))
		printf("\n  said \"%s\", wanted \"%s\"\n", e.msg, word);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, word));
}

static void test_bz_good(void)
{
	struct kernel_file k = bz_good();
	struct bzimage z;
	struct err e = {0};

	CU_ASSERT(bzimage_is(&k));
	CU_ASSERT_EQUAL(bzimage_parse(&k, &z, &e), 0);
	CU_ASSERT(z.offset == 1024 && z.size == 8192 && z.header_end == 0x26c);
	CU_ASSERT_EQUAL(bzimage_place(&k, &z, 64 * MIB, &e), 16 * MIB);
	/* little memory: it may go lower, if it says so */
	CU_ASSERT_EQUAL(bzimage_place(&k, &z, 18 * MIB, &e), 2 * MIB);
	z.relocatable = false;
	CU_ASSERT_EQUAL(bzimage_place(&k, &z, 18 * MIB, &e), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "memory"));
}

static void test_bz_hostile(void)
{
	struct kernel_file k = bz_good();

	k.head[0x1f1] = 255;		/* set-up longer than the file */
	bz_refused(&k, "cut short");
	k = bz_good();
	k.head[0x1f1] = 0;		/* means 4 */
	put(k.head + 0x1f4, 0, 4);
	k.size = 5 * 512 + 0x200;
	bz_refused(&k, "cut short");
	k = bz_good();
	put(k.head + 0x1f4, 0xffffffff, 4);
	bz_refused(&k, "its header says");
	k = bz_good();
	k.size = 1024 + 4096;		/* truncated */
	bz_refused(&k, "its header says");
	k = bz_good();
	k.nhead = 0x210;
	CU_ASSERT(bzimage_is(&k));
	bz_refused(&k, "within its header");
	k.nhead = 0x204;
	CU_ASSERT(!bzimage_is(&k));
	k = bz_good();
	k.head[0x201] = 0;
	bz_refused(&k, "set-up header ends");
	k.head[0x201] = 0xff;
	k.nhead = 0x280;
	bz_refused(&k, "set-up header ends");
	k = bz_good();
	put(k.head + 0x206, 0x020b, 2);
	bz_refused(&k, "boot protocol 2.0b");
	k = bz_good();
	put(k.head + 0x236, 0, 2);
	bz_refused(&k, "64-bit");
	k = bz_good();
	put(k.head + 0x230, 0x3000, 4);
	bz_refused(&k, "power of two");
	put(k.head + 0x230, 0, 4);
	bz_refused(&k, "power of two");
}

/* Places that would wrap, or lie over what the loader itself puts below 1 MiB. */
static void test_bz_places(void)
{
	static const uint64_t wants[] = {0, 0x7000, UINT64_MAX, UINT64_MAX - 4 * MIB, 64 * MIB};
	struct kernel_file k = bz_good();
	struct bzimage z;
	struct err e = {0};

	CU_ASSERT_EQUAL_FATAL(bzimage_parse(&k, &z, &e), 0);
	z.relocatable = false;
	for (size_t i = 0; i < sizeof(wants) / sizeof(wants[0]); i++) {
		z.preferred = wants[i];
		CU_ASSERT_EQUAL(bzimage_place(&k, &z, 64 * MIB, &e), 0);
	}
	z.relocatable = true;
	z.align = 1ULL << 31;
	CU_ASSERT_EQUAL(bzimage_place(&k, &z, 64 * MIB, &e), 0);
}

static void write_file(const char *name, const void *data, size_t n)
{
	FILE *f = fopen(name, "w");

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT_EQUAL(fwrite(data, 1, n, f), n);
	fclose(f);
}

struct elf_image {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[3];
	struct {
		Elf64_Nhdr nh;
		char name[4];
		uint64_t entry;
	} note;
	uint8_t text[256];
};

/* A good vmlinux: 256 bytes of text at 16 MiB with 1 MiB of memory, a data segment, the note. */
static struct elf_image elf_good(void)
{
	struct elf_image i = {
		.eh = {.e_type = ET_EXEC, .e_machine = EM_X86_64, .e_version = 1,
		       .e_phoff = sizeof(Elf64_Ehdr), .e_phentsize = sizeof(Elf64_Phdr),
		       .e_phnum = 3, .e_ehsize = sizeof(Elf64_Ehdr)},
		.ph = {{.p_type = PT_LOAD, .p_offset = offsetof(struct elf_image, text),
			.p_filesz = 256, .p_memsz = MIB, .p_paddr = 16 * MIB},
		       {.p_type = PT_LOAD, .p_paddr = 20 * MIB, .p_memsz = 4096},
		       {.p_type = PT_NOTE, .p_offset = offsetof(struct elf_image, note),
			.p_filesz = sizeof(i.note)}},
		.note = {.nh = {.n_namesz = 4, .n_descsz = 8, .n_type = 18}, .name = "Xen",
			 .entry = 16 * MIB + 0x10},
	};

	memcpy(i.eh.e_ident, ELFMAG, SELFMAG);
	i.eh.e_ident[EI_CLASS] = ELFCLASS64;
	i.eh.e_ident[EI_DATA] = ELFDATA2LSB;
	memset(i.text, 0x77, sizeof(i.text));
	return i;
}

static int elf_parse(const struct elf_image *i, size_t size, struct pvh *p, struct err *e)
{
	struct kernel_file k = {.path = "vmlinux", .size = size, .nhead = size};
	int r;

	memset(e, 0, sizeof(*e));
	write_file(path, i, size);
	memcpy(k.head, i, size);
	k.fd = open(path, O_RDONLY);
	CU_ASSERT(pvh_is(&k));
	r = pvh_parse(&k, 64 * MIB, p, e);
	close(k.fd);
	return r;
}

static void elf_refused(const struct elf_image *i, const char *word)
{
	struct pvh p;
	struct err e;

	CU_ASSERT(elf_parse(i, sizeof(*i), &p, &e) < 0);
	if (!strstr(e.msg, word))
		printf("\n  said \"%s\", wanted \"%s\"\n", e.msg, word);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, word));
}

static void test_pvh_good(void)
{
	struct elf_image i = elf_good();
	struct pvh p;
	struct err e;

	CU_ASSERT_EQUAL(elf_parse(&i, sizeof(i), &p, &e), 0);
	CU_ASSERT(p.nsegments == 2 && p.entry == 16 * MIB + 0x10);
	CU_ASSERT_EQUAL(p.end, 20 * MIB + 4096);
	i.note.nh.n_descsz = 4;
	CU_ASSERT_EQUAL(elf_parse(&i, sizeof(i), &p, &e), 0);
	CU_ASSERT_EQUAL(p.entry, 16 * MIB + 0x10);
}

#define BREAK(field, value, word)              \
	do {                                   \
		struct elf_image i_ = elf_good(); \
		i_.field = (value);            \
		elf_refused(&i_, word);        \
	} while (0)

static void test_pvh_hostile(void)
{
	BREAK(eh.e_ident[EI_CLASS], ELFCLASS32, "not an x86-64 kernel");
	BREAK(eh.e_machine, EM_AARCH64, "not an x86-64 kernel");
	BREAK(eh.e_type, ET_DYN, "not an x86-64 kernel");
	BREAK(eh.e_phentsize, 0, "program headers");
	BREAK(eh.e_phoff, UINT64_MAX, "program headers");
	BREAK(eh.e_phnum, 65535, "program headers");
	BREAK(ph[0].p_offset, UINT64_MAX - 16, "beyond the file");
	BREAK(ph[0].p_filesz, 257, "beyond the file");
	BREAK(ph[0].p_memsz, 255, "beyond the file");
	BREAK(ph[0].p_paddr, 0x7000, "below 1 MiB");
	BREAK(ph[0].p_paddr, UINT64_MAX - 10, "more \"memory\"");
	BREAK(ph[0].p_memsz, UINT64_MAX, "more \"memory\"");
	BREAK(ph[1].p_paddr, 64 * MIB - 4095, "more \"memory\"");
	BREAK(ph[2].p_offset, sizeof(struct elf_image) - 1, "notes reach beyond");
	BREAK(note.entry, 16 * MIB + 256, "outside what it loads");
	BREAK(note.entry, 0x7000, "outside what it loads");
	BREAK(note.nh.n_type, 17, "without a PVH entry");
	BREAK(note.nh.n_namesz, 0xffffffff, "without a PVH entry");
	BREAK(note.nh.n_descsz, 0xffffffff, "without a PVH entry");
	BREAK(note.nh.n_descsz, 9, "without a PVH entry");
	BREAK(note.name[0], 'Y', "without a PVH entry");
}

static struct vm vm = {.vm_fd = -1, .lock = PTHREAD_MUTEX_INITIALIZER};
static struct vm_config cfg = {.cpus = 2, .kernel = path, .initrd = initrd, .cmdline = (char *)"a=b"};

static int load(uint64_t memory, struct boot_entry *entry, struct err *e)
{
	memset(e, 0, sizeof(*e));
	vm.cfg = &cfg;
	CU_ASSERT_EQUAL_FATAL(memory_init(&vm, memory, e), 0);
	return boot_load(&vm, entry, e);
}

static void load_refused(uint64_t memory, const char *word)
{
	struct boot_entry entry;
	struct err e;

	CU_ASSERT(load(memory, &entry, &e) < 0);
	if (!strstr(e.msg, word))
		printf("\n  said \"%s\", wanted \"%s\"\n", e.msg, word);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, word));
	memory_free(&vm);
}

static void test_load_bz(void)
{
	struct kernel_file k = bz_good();
	uint8_t file[1024 + 8192] = {0}, *zero;
	struct boot_entry entry;
	struct err e;

	memcpy(file, k.head, 1024);
	memset(file + 1024, 0x99, 8192);
	write_file(path, file, sizeof(file));
	write_file(initrd, "initrd!", 7);
	CU_ASSERT_EQUAL_FATAL(load(64 * MIB, &entry, &e), 0);
	CU_ASSERT(entry.long_mode && entry.rip == 16 * MIB + 0x200);
	CU_ASSERT_EQUAL(entry.rsi, BOOT_ZERO_PAGE);
	CU_ASSERT_EQUAL(get(guest_ptr(&vm, 16 * MIB + 8184, 8), 8), 0x9999999999999999);
	zero = guest_ptr(&vm, BOOT_ZERO_PAGE, 4096);
	CU_ASSERT_EQUAL(get(zero + 0x202, 4), get("HdrS", 4));
	CU_ASSERT_EQUAL(get(zero + 0x21c, 4), 7);
	CU_ASSERT(!memcmp(guest_ptr(&vm, get(zero + 0x218, 4), 7), "initrd!", 7));
	CU_ASSERT_STRING_EQUAL((char *)guest_ptr(&vm, get(zero + 0x228, 4), 4), "a=b");
	CU_ASSERT(!memcmp(guest_ptr(&vm, get(zero + 0x70, 8), 8), "RSD PTR ", 8));
	CU_ASSERT_EQUAL(zero[0x1e8], 5);
	CU_ASSERT(get(zero + 0x2d0 + 3 * 20, 8) == MIB && get(zero + 0x2d8 + 3 * 20, 8) == 63 * MIB);
	memory_free(&vm);
}

static void test_load_pvh(void)
{
	struct elf_image i = elf_good();
	struct boot_entry entry;
	struct err e;
	uint8_t *start, *module;

	write_file(path, &i, sizeof(i));
	write_file(initrd, "initrd!", 7);
	CU_ASSERT_EQUAL_FATAL(load(RAM_LOW_MAX + 16 * MIB, &entry, &e), 0);
	CU_ASSERT(!entry.long_mode && entry.rip == 16 * MIB + 0x10);
	CU_ASSERT_EQUAL(entry.rbx, BOOT_PVH_INFO);
	CU_ASSERT_EQUAL(get(guest_ptr(&vm, 16 * MIB, 4), 4), 0x77777777);
	start = guest_ptr(&vm, entry.rbx, 64);
	CU_ASSERT_EQUAL(get(start, 4), 0x336ec578);
	CU_ASSERT_EQUAL(get(start + 12, 4), 1);
	module = guest_ptr(&vm, get(start + 16, 8), 32);
	CU_ASSERT(!memcmp(guest_ptr(&vm, get(module, 8), 7), "initrd!", 7));
	CU_ASSERT_EQUAL(get(module + 8, 8), 7);
	CU_ASSERT(!memcmp(guest_ptr(&vm, get(start + 32, 8), 8), "RSD PTR ", 8));
	/* the sixth entry of the map is the memory above 4 GiB */
	CU_ASSERT_EQUAL(get(start + 48, 4), 6);
	CU_ASSERT_EQUAL(get((uint8_t *)guest_ptr(&vm, get(start + 40, 8), 144) + 120, 8),
			RAM_HIGH_BASE);
	memory_free(&vm);
}

static void test_load_refused(void)
{
	struct elf_image i = elf_good();

	write_file(path, &i, sizeof(i));
	unlink(initrd);
	load_refused(64 * MIB, "No such file");
	write_file(initrd, "", 0);
	load_refused(64 * MIB, "is empty");
	write_file(initrd, "x", 1);
	CU_ASSERT_EQUAL(truncate(initrd, 44 * MIB), 0);
	load_refused(64 * MIB, "does not fit");
	CU_ASSERT_EQUAL(truncate(initrd, 1LL << 40), 0);
	load_refused(64 * MIB, "does not fit");
	cfg.initrd = dir;
	load_refused(64 * MIB, "not a regular file");
	cfg.initrd = NULL;
	cfg.kernel = dir;
	load_refused(64 * MIB, "not a regular file");
	cfg.kernel = path;
	write_file(path, "#!/bin/sh\n", 10);
	load_refused(64 * MIB, "neither a bzImage nor");
	write_file(path, "", 0);
	load_refused(64 * MIB, "neither a bzImage nor");
	write_file(path, ELFMAG, 4);
	load_refused(64 * MIB, "neither a bzImage nor");
	unlink(path);
	load_refused(64 * MIB, "No such file");
	cfg.initrd = initrd;
}

static const struct unit_test tests[] = {
	{"bzImage", test_bz_good},
	{"hostile bzImage", test_bz_hostile},
	{"bzImage in odd places", test_bz_places},
	{"PVH", test_pvh_good},
	{"hostile PVH", test_pvh_hostile},
	{"loading a bzImage", test_load_bz},
	{"loading a vmlinux", test_load_pvh},
	{"files that cannot be loaded", test_load_refused},
};

int main(void)
{
	int r;

	if (!mkdtemp(dir))
		return 2;
	snprintf(path, sizeof(path), "%s/kernel", dir);
	snprintf(initrd, sizeof(initrd), "%s/initrd", dir);
	r = unit_main("vm-boot", tests, sizeof(tests) / sizeof(tests[0]));
	unlink(path);
	unlink(initrd);
	rmdir(dir);
	return r;
}
