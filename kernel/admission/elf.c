// SPDX-License-Identifier: Apache-2.0
/* The ELF rules, in order: header, program headers, and then what these lead to. */
#include <string.h>

#include "kernel/admission/image.h"

bool image_in_file(const struct image *m, uint64_t off, uint64_t n)
{
	return off <= m->len && n <= m->len - off;
}

const GElf_Phdr *image_load_at(const struct image *m, uint64_t va, uint64_t n)
{
	for (unsigned int i = 0; i < m->nph; i++) {
		const GElf_Phdr *p = &m->ph[i];

		if (p->p_type == PT_LOAD && va >= p->p_vaddr && va - p->p_vaddr <= p->p_filesz &&
		    n <= p->p_filesz - (va - p->p_vaddr))
			return p;
	}
	return NULL;
}

Elf_Data *image_data(const struct image *m, uint64_t va, uint64_t n, Elf_Type type)
{
	const GElf_Phdr *p = image_load_at(m, va, n);

	if (!p || (p->p_flags & PF_W) || !n)
		return NULL;
	return elf_getdata_rawchunk(m->elf, (int64_t)(p->p_offset + (va - p->p_vaddr)), n, type);
}

uint64_t image_rest(const struct image *m, uint64_t va)
{
	const GElf_Phdr *p = image_load_at(m, va, 0);

	return p ? p->p_filesz - (va - p->p_vaddr) : 0;
}

bool image_in_relro(const struct image *m, uint64_t va, uint64_t n)
{
	/* Without PT_GNU_RELRO that rule is broken already: say it once. */
	if (!m->relro_end)
		return true;
	return va >= m->relro_start && va <= m->relro_end && n <= m->relro_end - va;
}

static void check_all(struct image *m, const void *bytes)
{
	if (!check_header(m, bytes) || !check_program_headers(m))
		return;
	check_sections(m);
	check_segment_flags(m);
	if (!check_load_segments(m))
		return;
	check_notes(m);
	check_relro(m);
	if (!check_dynamic(m))
		return;
	if (check_symbols(m))
		check_relocations(m);
}

void elf_check(const void *bytes, size_t len, struct elf_result *out)
{
	struct image m = {.len = len, .out = out};

	memset(out, 0, sizeof(*out));
	for (int i = 0; i < RULE_COUNT; i++)
		out->rule[i].outcome = ADMISSION_UNCHECKED;
	if (elf_version(EV_CURRENT) == EV_NONE) {
		BROKEN(&m, RULE_ELF_HEADER, "a libelf of this ELF version", "%s",
		       elf_errmsg(-1));
		return;
	}
	/* libelf only reads what it is given this way. */
	m.elf = elf_memory((char *)bytes, len);
	check_all(&m, bytes);
	elf_end(m.elf);
}
