// SPDX-License-Identifier: Apache-2.0
#include "kernel/vm/pvh.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "kernel/vm/layout.h"
#include "kernel/vm/memory.h"
#include "kernel/vm/vm.h"

#define NOTE_PHYS32_ENTRY 18		/* XEN_ELFNOTE_PHYS32_ENTRY */
#define NOTES_MAX	  4096
#define START_MAGIC	  0x336ec578

struct start_info {
	uint32_t magic, version, flags, nr_modules;
	uint64_t modules, cmdline, rsdp, memmap;
	uint32_t memmap_entries, reserved;
};

struct module {
	uint64_t address, size, cmdline, reserved;
};

struct memmap {
	uint64_t address, size;
	uint32_t type, reserved;
};

bool pvh_is(const struct kernel_file *k)
{
	return k->nhead >= sizeof(Elf64_Ehdr) && !memcmp(k->head, ELFMAG, SELFMAG);
}

static bool in_file(const struct kernel_file *k, uint64_t off, uint64_t n)
{
	return off <= k->size && n <= k->size - off;
}

static int add_segment(const struct kernel_file *k, const Elf64_Phdr *ph, uint64_t low_end,
		       struct pvh *p, struct err *e)
{
	if (p->nsegments == PVH_SEGMENTS)
		return err_set(e, -ENOEXEC, "%s: more than %d loadable segments", k->path,
			       PVH_SEGMENTS);
	if (!in_file(k, ph->p_offset, ph->p_filesz) || ph->p_filesz > ph->p_memsz)
		return err_set(e, -ENOEXEC, "%s: segment %u reaches beyond the file: cut short?",
			       k->path, p->nsegments);
	if (ph->p_paddr < KERNEL_BASE)
		return err_set(e, -ENOEXEC, "%s: segment %u wants address 0x%llx, below 1 MiB",
			       k->path, p->nsegments, (unsigned long long)ph->p_paddr);
	if (ph->p_paddr > low_end || ph->p_memsz > low_end - ph->p_paddr)
		return err_set(e, -ENOMEM, "%s: segment %u wants %llu KiB at 0x%llx: give the VM "
			       "more \"memory\"", k->path, p->nsegments,
			       (unsigned long long)ph->p_memsz >> 10,
			       (unsigned long long)ph->p_paddr);
	p->segment[p->nsegments].offset = ph->p_offset;
	p->segment[p->nsegments].file_size = ph->p_filesz;
	p->segment[p->nsegments].gpa = ph->p_paddr;
	p->segment[p->nsegments].mem_size = ph->p_memsz;
	p->nsegments++;
	if (ph->p_paddr + ph->p_memsz > p->end)
		p->end = ph->p_paddr + ph->p_memsz;
	return 0;
}

/* Looks through the notes for Xen's entry point. */
static void find_entry(const uint8_t *notes, size_t n, struct pvh *p)
{
	size_t at = 0;

	while (n - at >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr nh;
		size_t name, desc;

		memcpy(&nh, notes + at, sizeof(nh));
		at += sizeof(nh);
		if (nh.n_namesz > n - at || nh.n_descsz > n - at)
			return;
		name = at;
		desc = name + ((nh.n_namesz + 3) & ~(size_t)3);
		at = desc + ((nh.n_descsz + 3) & ~(size_t)3);
		if (desc > n || nh.n_descsz > n - desc)
			return;
		if (nh.n_type == NOTE_PHYS32_ENTRY && nh.n_namesz == 4 &&
		    !memcmp(notes + name, "Xen", 4) && (nh.n_descsz == 4 || nh.n_descsz == 8)) {
			p->entry = 0;
			memcpy(&p->entry, notes + desc, nh.n_descsz);
		}
		if (at > n)
			return;
	}
}

static int read_notes(const struct kernel_file *k, const Elf64_Phdr *ph, struct pvh *p,
		      struct err *e)
{
	uint8_t notes[NOTES_MAX];

	if (!in_file(k, ph->p_offset, ph->p_filesz))
		return err_set(e, -ENOEXEC, "%s: its notes reach beyond the file: cut short?",
			       k->path);
	if (ph->p_filesz > sizeof(notes))
		return 0;	/* some other's notes */
	if (pread(k->fd, notes, ph->p_filesz, (off_t)ph->p_offset) != (ssize_t)ph->p_filesz)
		return err_set(e, -EIO, "%s: cannot be read", k->path);
	find_entry(notes, ph->p_filesz, p);
	return 0;
}

static int check_entry(const struct kernel_file *k, const struct pvh *p, struct err *e)
{
	if (!p->entry)
		return err_set(e, -ENOEXEC, "%s: an ELF file without a PVH entry note: use a "
			       "bzImage, or a vmlinux built with CONFIG_PVH", k->path);
	for (unsigned int i = 0; i < p->nsegments; i++)
		if (p->entry >= p->segment[i].gpa &&
		    p->entry - p->segment[i].gpa < p->segment[i].file_size)
			return 0;
	return err_set(e, -ENOEXEC, "%s: its PVH entry 0x%llx is outside what it loads", k->path,
		       (unsigned long long)p->entry);
}

int pvh_parse(const struct kernel_file *k, uint64_t low_end, struct pvh *p, struct err *e)
{
	Elf64_Ehdr eh;
	int r = 0;

	*p = (struct pvh){0};
	memcpy(&eh, k->head, sizeof(eh));
	if (eh.e_ident[EI_CLASS] != ELFCLASS64 || eh.e_ident[EI_DATA] != ELFDATA2LSB ||
	    eh.e_machine != EM_X86_64 || eh.e_type != ET_EXEC)
		return err_set(e, -ENOEXEC, "%s: an ELF file, but not an x86-64 kernel", k->path);
	if (eh.e_phentsize != sizeof(Elf64_Phdr) || eh.e_phoff > k->nhead ||
	    eh.e_phnum > (k->nhead - eh.e_phoff) / sizeof(Elf64_Phdr))
		return err_set(e, -ENOEXEC, "%s: its program headers are not within its first %zu "
			       "bytes", k->path, k->nhead);
	for (unsigned int i = 0; i < eh.e_phnum && !r; i++) {
		Elf64_Phdr ph;

		memcpy(&ph, k->head + eh.e_phoff + i * sizeof(ph), sizeof(ph));
		if (ph.p_type == PT_LOAD && ph.p_memsz)
			r = add_segment(k, &ph, low_end, p, e);
		else if (ph.p_type == PT_NOTE)
			r = read_notes(k, &ph, p, e);
	}
	return r ? r : check_entry(k, p, e);
}

int pvh_load(struct boot *b, struct boot_entry *entry, struct err *e)
{
	struct pvh p;
	int r = pvh_parse(&b->kernel, b->low_end, &p, e);

	for (unsigned int i = 0; i < p.nsegments && !r; i++)
		r = boot_read(b, p.segment[i].offset, p.segment[i].file_size, p.segment[i].gpa, e);
	b->kernel_end = p.end;
	b->initrd_max = UINT32_MAX;
	b->cmdline_max = BOOT_CMDLINE_MAX - 1;
	*entry = (struct boot_entry){.rip = p.entry, .rbx = BOOT_PVH_INFO};
	return r;
}

int pvh_finish(struct boot *b, struct err *e)
{
	struct {
		struct start_info start;
		struct module initrd;
		struct memmap map[BOOT_MEMORY_MAX];
	} *g = guest_ptr(b->vm, BOOT_PVH_INFO, sizeof(*g));

	if (!g)
		return err_set(e, -EFAULT, "no guest memory for the start info");
	g->start = (struct start_info){
		.magic = START_MAGIC,
		.version = 1,
		.nr_modules = b->initrd_size ? 1 : 0,
		.modules = BOOT_PVH_INFO + sizeof(g->start),
		.cmdline = BOOT_CMDLINE,
		.rsdp = ACPI_BASE,
		.memmap = BOOT_PVH_INFO + sizeof(g->start) + sizeof(g->initrd),
		.memmap_entries = b->nmap,
	};
	g->initrd = (struct module){.address = b->initrd, .size = b->initrd_size};
	for (unsigned int i = 0; i < b->nmap; i++)
		g->map[i] = (struct memmap){b->map[i].base, b->map[i].size, b->map[i].type, 0};
	return 0;
}
