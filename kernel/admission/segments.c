// SPDX-License-Identifier: Apache-2.0
/* Program headers: what will be mapped, where, with which rights. */
#include "kernel/admission/image.h"

#define SPAN_MAX	(256ull << 20)	/* address space that a driver may take */
#define ALIGN_MAX	(2ull << 20)
#define PT_GNU_SFRAME_	0x6474e554u
#define HEX(x)		((unsigned long long)(x))

static uint64_t page_down(uint64_t v)
{
	return v & ~(PAGE - 1);
}

static uint64_t page_up(uint64_t v)
{
	return page_down(v + PAGE - 1);
}

static bool read_table(struct image *m)
{
	const GElf_Ehdr *h = &m->eh;
	size_t n = 0;

	CHECKED(m, RULE_PROGRAM_HEADERS);
	if (h->e_phentsize != sizeof(Elf64_Phdr) || !h->e_phnum || h->e_phnum > IMAGE_PH_MAX ||
	    h->e_phoff < sizeof(Elf64_Ehdr) || h->e_phoff % 8 ||
	    !image_in_file(m, h->e_phoff, (uint64_t)h->e_phnum * sizeof(Elf64_Phdr)) ||
	    elf_getphdrnum(m->elf, &n) || n != h->e_phnum) {
		BROKEN(m, RULE_PROGRAM_HEADERS,
		       "1 to 32 entries of 56 bytes, after the ELF header and inside the file",
		       "%u entries of %u bytes at %#llx", h->e_phnum, h->e_phentsize,
		       HEX(h->e_phoff));
		return false;
	}
	for (; m->nph < n; m->nph++)
		if (!gelf_getphdr(m->elf, (int)m->nph, &m->ph[m->nph])) {
			BROKEN(m, RULE_PROGRAM_HEADERS, "headers that libelf can read", "%s",
			       elf_errmsg(-1));
			return false;
		}
	return true;
}

/* Of these the loader believes the last one it sees: there must be one only. */
static bool single(uint32_t type)
{
	return type == PT_DYNAMIC || type == PT_GNU_STACK || type == PT_GNU_RELRO ||
	       type == PT_PHDR || type == PT_GNU_PROPERTY || type == PT_GNU_EH_FRAME;
}

static bool known(uint32_t type)
{
	return single(type) || type == PT_NULL || type == PT_LOAD || type == PT_NOTE ||
	       type == PT_INTERP || type == PT_TLS || type == PT_GNU_SFRAME_;
}

static bool check_entry(struct image *m, unsigned int i)
{
	const GElf_Phdr *p = &m->ph[i];

	if (!known(p->p_type)) {
		BROKEN(m, RULE_PROGRAM_HEADERS, "only types that a driver needs",
		       "header %u of type %#x", i, p->p_type);
		return false;
	}
	if (p->p_type == PT_NULL || p->p_type == PT_GNU_STACK)
		return true;
	if (!image_in_file(m, p->p_offset, p->p_filesz) ||
	    p->p_filesz > p->p_memsz) {
		BROKEN(m, RULE_PROGRAM_HEADERS,
		       "segments inside the file, no larger there than in memory",
		       "header %u at %#llx, %#llx bytes in the file, %#llx in memory", i,
		       HEX(p->p_offset), HEX(p->p_filesz), HEX(p->p_memsz));
		return false;
	}
	return true;
}

bool check_program_headers(struct image *m)
{
	bool ok = true;

	if (!read_table(m))
		return false;
	for (unsigned int i = 0; i < m->nph; i++) {
		const GElf_Phdr *p = &m->ph[i];

		ok = check_entry(m, i) && ok;
		for (unsigned int k = 0; k < i; k++)
			if (m->ph[k].p_type == p->p_type && single(p->p_type)) {
				BROKEN(m, RULE_PROGRAM_HEADERS, "one of this type",
				       "headers %u and %u, both of type %#x", k, i, p->p_type);
				ok = false;
			}
		if (p->p_type == PT_DYNAMIC)
			m->dynamic = p;
		if (p->p_type == PT_GNU_RELRO)
			m->relro = p;
	}
	return ok;
}

static bool check_load(struct image *m, unsigned int i)
{
	const GElf_Phdr *p = &m->ph[i];

	if (p->p_align < PAGE || p->p_align > ALIGN_MAX || (p->p_align & (p->p_align - 1)) ||
	    (p->p_vaddr - p->p_offset) % p->p_align) {
		BROKEN(m, RULE_LOAD_SEGMENTS,
		       "an alignment of 4 KiB to 2 MiB that offset and address agree on",
		       "header %u at %#llx for %#llx, alignment %#llx", i, HEX(p->p_offset),
		       HEX(p->p_vaddr), HEX(p->p_align));
		return false;
	}
	if (!p->p_memsz || p->p_memsz > SPAN_MAX || p->p_vaddr > SPAN_MAX - p->p_memsz) {
		BROKEN(m, RULE_LOAD_SEGMENTS, "1 byte to 256 MiB, all below 256 MiB",
		       "header %u at %#llx, %#llx bytes", i, HEX(p->p_vaddr), HEX(p->p_memsz));
		return false;
	}
	if (!(p->p_flags & PF_R) || (p->p_flags & ~(uint32_t)(PF_R | PF_W | PF_X)) ||
	    (p->p_memsz != p->p_filesz && !(p->p_flags & PF_W))) {
		BROKEN(m, RULE_LOAD_SEGMENTS, "readable; zeroed memory only where it is writable",
		       "header %u, flags %#x, %#llx bytes, %#llx of them from the file", i,
		       p->p_flags, HEX(p->p_memsz), HEX(p->p_filesz));
		return false;
	}
	return true;
}

/* In order, sharing no page; the first holds the headers and is not writable. */
static bool check_loads(struct image *m)
{
	const GElf_Phdr *last = NULL;
	bool code = false;

	for (unsigned int i = 0; i < m->nph; i++) {
		const GElf_Phdr *p = &m->ph[i];

		if (p->p_type != PT_LOAD)
			continue;
		if (!check_load(m, i))
			return false;
		if (!last && (p->p_offset || p->p_vaddr || (p->p_flags & PF_W) ||
			      p->p_filesz < m->eh.e_phoff + m->nph * sizeof(Elf64_Phdr))) {
			BROKEN(m, RULE_LOAD_SEGMENTS,
			       "the first at 0 for 0, not writable, holding all headers",
			       "header %u at %#llx for %#llx, flags %#x, %#llx bytes", i,
			       HEX(p->p_offset), HEX(p->p_vaddr), p->p_flags, HEX(p->p_filesz));
			return false;
		}
		if (last && page_down(p->p_vaddr) < page_up(last->p_vaddr + last->p_memsz)) {
			BROKEN(m, RULE_LOAD_SEGMENTS, "ascending addresses, no page shared",
			       "header %u at %#llx, the one before ends at %#llx", i,
			       HEX(p->p_vaddr), HEX(last->p_vaddr + last->p_memsz));
			return false;
		}
		code |= (p->p_flags & PF_X) != 0;
		last = p;
	}
	if (!code)
		BROKEN(m, RULE_LOAD_SEGMENTS, "an executable segment", "none");
	return code;
}

/*
 * Everything else must lie inside a PT_LOAD, in the file and in memory alike, or what the loader
 * reads from memory is not what was checked in the file.
 */
static bool check_inner(struct image *m, unsigned int i)
{
	const GElf_Phdr *p = &m->ph[i], *l;

	if (p->p_type == PT_LOAD || p->p_type == PT_NULL || p->p_type == PT_GNU_STACK ||
	    p->p_type == PT_GNU_RELRO || p->p_type == PT_TLS)
		return true;
	l = image_load_at(m, p->p_vaddr, p->p_filesz);
	if (!l || p->p_filesz != p->p_memsz || p->p_offset - l->p_offset != p->p_vaddr - l->p_vaddr) {
		BROKEN(m, RULE_PROGRAM_HEADERS, "inside one PT_LOAD, in the file as in memory",
		       "header %u at %#llx for %#llx, %#llx bytes, %#llx in memory", i,
		       HEX(p->p_offset), HEX(p->p_vaddr), HEX(p->p_filesz), HEX(p->p_memsz));
		return false;
	}
	if (p->p_type == PT_PHDR && (p->p_offset != m->eh.e_phoff ||
				     p->p_filesz < m->nph * sizeof(Elf64_Phdr))) {
		BROKEN(m, RULE_PROGRAM_HEADERS, "PT_PHDR where the ELF header says",
		       "it at %#llx, the table at %#llx", HEX(p->p_offset), HEX(m->eh.e_phoff));
		return false;
	}
	return true;
}

bool check_load_segments(struct image *m)
{
	bool ok;

	CHECKED(m, RULE_LOAD_SEGMENTS);
	ok = check_loads(m);
	for (unsigned int i = 0; ok && i < m->nph; i++)
		ok = check_inner(m, i);
	return ok;
}

void check_segment_flags(struct image *m)
{
	const GElf_Phdr *stack = NULL;

	CHECKED(m, RULE_WRITE_EXEC);
	CHECKED(m, RULE_EXEC_STACK);
	CHECKED(m, RULE_INTERP);
	CHECKED(m, RULE_TLS);
	for (unsigned int i = 0; i < m->nph; i++) {
		const GElf_Phdr *p = &m->ph[i];

		if (p->p_type == PT_LOAD && (p->p_flags & PF_W) && (p->p_flags & PF_X))
			BROKEN(m, RULE_WRITE_EXEC, "no segment writable and executable",
			       "header %u at %#llx", i, HEX(p->p_vaddr));
		if (p->p_type == PT_INTERP)
			BROKEN(m, RULE_INTERP, "no PT_INTERP: a driver is no program",
			       "header %u", i);
		if (p->p_type == PT_TLS)
			BROKEN(m, RULE_TLS, "no thread-local storage",
			       "PT_TLS of %#llx bytes", HEX(p->p_memsz));
		if (p->p_type == PT_GNU_STACK)
			stack = p;
	}
	if (!stack || (stack->p_flags & PF_X))
		BROKEN(m, RULE_EXEC_STACK, "PT_GNU_STACK that is not executable",
		       stack ? "one that is executable (flags %#x)" : "none",
		       stack ? stack->p_flags : 0);
}

void check_relro(struct image *m)
{
	const GElf_Phdr *r = m->relro, *l;

	CHECKED(m, RULE_RELRO);
	if (!r) {
		BROKEN(m, RULE_RELRO, "PT_GNU_RELRO (link with -z relro)", "none");
		return;
	}
	l = image_load_at(m, r->p_vaddr, 0);
	if (!l || !(l->p_flags & PF_W) || r->p_memsz > SPAN_MAX ||
	    r->p_vaddr + r->p_memsz > page_up(l->p_vaddr + l->p_memsz)) {
		BROKEN(m, RULE_RELRO, "PT_GNU_RELRO inside a writable segment",
		       "%#llx, %#llx bytes", HEX(r->p_vaddr), HEX(r->p_memsz));
		return;
	}
	m->relro_start = r->p_vaddr;
	m->relro_end = page_down(r->p_vaddr + r->p_memsz);
	if (m->dynamic && !image_in_relro(m, m->dynamic->p_vaddr, m->dynamic->p_memsz))
		BROKEN(m, RULE_RELRO, "the dynamic table inside it",
		       "%#llx to %#llx, the dynamic table at %#llx", HEX(m->relro_start),
		       HEX(m->relro_end), HEX(m->dynamic->p_vaddr));
}
