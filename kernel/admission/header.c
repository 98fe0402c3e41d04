// SPDX-License-Identifier: Apache-2.0
/* The ELF header, the section table's bounds, and that the file ends where the ELF ends. */
#include <string.h>

#include "kernel/admission/image.h"

static bool check_ident(struct image *m, const unsigned char *id)
{
	static const unsigned char zero[EI_NIDENT - EI_PAD];
	bool ok = true;

	CHECKED(m, RULE_ELF_HEADER);
	if (m->len < sizeof(Elf64_Ehdr) || memcmp(id, ELFMAG, SELFMAG)) {
		BROKEN(m, RULE_ELF_HEADER, "an ELF file", m->len < sizeof(Elf64_Ehdr) ?
		       "a file of %llu bytes" : "no ELF magic in a file of %llu bytes",
		       (unsigned long long)m->len);
		return false;
	}
	CHECKED(m, RULE_ELF_CLASS);
	if (id[EI_CLASS] != ELFCLASS64 || id[EI_DATA] != ELFDATA2LSB) {
		BROKEN(m, RULE_ELF_CLASS, "64-bit (2), little-endian (1)", "class %u, data %u",
		       id[EI_CLASS], id[EI_DATA]);
		ok = false;
	}
	if (id[EI_VERSION] != EV_CURRENT || id[EI_OSABI] != ELFOSABI_SYSV ||
	    id[EI_ABIVERSION] != 0 || memcmp(id + EI_PAD, zero, sizeof(zero)))
		BROKEN(m, RULE_ELF_HEADER, "version 1, OS ABI 0, ABI version 0, zero padding",
		       "version %u, OS ABI %u, ABI version %u", id[EI_VERSION], id[EI_OSABI],
		       id[EI_ABIVERSION]);
	return ok;
}

bool check_header(struct image *m, const void *bytes)
{
	const GElf_Ehdr *h = &m->eh;

	if (!check_ident(m, bytes))
		return false;
	if (!m->elf || elf_kind(m->elf) != ELF_K_ELF || !gelf_getehdr(m->elf, &m->eh)) {
		BROKEN(m, RULE_ELF_HEADER, "a header that libelf can read", "%s", elf_errmsg(-1));
		return false;
	}
	/* libelf's view must be the very bytes: its header is decoded from them. */
	memcpy(&m->eh, bytes, sizeof(m->eh));
	if (h->e_version != EV_CURRENT || h->e_ehsize != sizeof(Elf64_Ehdr) || h->e_flags != 0)
		BROKEN(m, RULE_ELF_HEADER, "version 1, header size 64, flags 0",
		       "version %u, header size %u, flags %#x", h->e_version, h->e_ehsize,
		       h->e_flags);
	CHECKED(m, RULE_ELF_TYPE);
	if (h->e_type != ET_DYN)
		BROKEN(m, RULE_ELF_TYPE, "ET_DYN (3), a shared object", "type %u", h->e_type);
	CHECKED(m, RULE_ELF_MACHINE);
	if (h->e_machine != EM_X86_64)
		BROKEN(m, RULE_ELF_MACHINE, "EM_X86_64 (62)", "machine %u", h->e_machine);
	return true;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Where the last section ends; marks a section that is not in the file. */
static uint64_t sections_end(struct image *m, uint64_t end)
{
	Elf_Scn *s = NULL;

	while ((s = elf_nextscn(m->elf, s))) {
		GElf_Shdr sh;

		if (!gelf_getshdr(s, &sh) || sh.sh_type == SHT_NOBITS || sh.sh_type == SHT_NULL)
			continue;
		if (!image_in_file(m, sh.sh_offset, sh.sh_size)) {
			BROKEN(m, RULE_SECTION_BOUNDS, "every section inside the file",
			       "section %zu at %#llx, %#llx bytes", elf_ndxscn(s),
			       (unsigned long long)sh.sh_offset, (unsigned long long)sh.sh_size);
			return m->len;
		}
		end = later(end, sh.sh_offset + sh.sh_size);
	}
	return end;
}

/* A section table is not needed and not used, but what is there must be whole. */
static uint64_t section_table_end(struct image *m)
{
	const GElf_Ehdr *h = &m->eh;
	const uint64_t size = (uint64_t)h->e_shnum * sizeof(Elf64_Shdr);

	CHECKED(m, RULE_SECTION_BOUNDS);
	if (!h->e_shoff && !h->e_shnum)
		return 0;
	if (h->e_shentsize != sizeof(Elf64_Shdr) || !h->e_shnum || h->e_shstrndx >= h->e_shnum ||
	    h->e_shoff % 8 || !image_in_file(m, h->e_shoff, size)) {
		BROKEN(m, RULE_SECTION_BOUNDS, "a section table inside the file, or none",
		       "%u entries of %u bytes at %#llx, names in %u", h->e_shnum,
		       h->e_shentsize, (unsigned long long)h->e_shoff, h->e_shstrndx);
		return m->len;
	}
	return sections_end(m, h->e_shoff + size);
}

void check_sections(struct image *m)
{
	uint64_t end = later(section_table_end(m),
			     m->eh.e_phoff + (uint64_t)m->nph * sizeof(Elf64_Phdr));

	for (unsigned int i = 0; i < m->nph; i++)
		if (m->ph[i].p_type != PT_GNU_STACK)
			end = later(end, m->ph[i].p_offset + m->ph[i].p_filesz);
	CHECKED(m, RULE_TRAILING_DATA);
	if (end < m->len)
		BROKEN(m, RULE_TRAILING_DATA, "nothing but signatures after the ELF's end",
		       "%llu bytes after %#llx", (unsigned long long)(m->len - end),
		       (unsigned long long)end);
}
