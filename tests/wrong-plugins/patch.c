// SPDX-License-Identifier: Apache-2.0
/*
 * Makes wrong plugins that no compiler would: patch GOOD.so DIR writes DIR/NAME.so for each, and
 * prints "NAME RULE".
 */
#include "tests/wrong-plugins/patch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void die(const char *what)
{
	fprintf(stderr, "patch: %s\n", what);
	exit(1);
}

Elf64_Dyn *dyn(struct image *m, int64_t tag)
{
	for (Elf64_Dyn *d = m->dyn;; d++) {
		if (d->d_tag == tag)
			return d;
		if (d->d_tag == DT_NULL)
			die("the good plugin lacks a dynamic tag");
	}
}

Elf64_Phdr *segment(struct image *m, uint32_t type, int n)
{
	for (int i = 0; i < m->eh->e_phnum; i++)
		if (m->ph[i].p_type == type && n-- == 0)
			return &m->ph[i];
	die("the good plugin lacks a segment");
	return NULL;
}

void append(struct image *m, const void *bytes, size_t n)
{
	if (n > m->room - m->len)
		die("too much to append");
	memmove(m->b + m->len, bytes, n);
	m->len += n;
}

void append_signature(struct image *m, uint64_t elf_len, uint32_t role, char padding)
{
	struct {
		uint8_t magic[8];
		uint64_t elf_len, date;
		uint32_t role;
		char key[16], padding[148], signature[64];
	} block = {.elf_len = elf_len, .role = role};

	memcpy(block.magic, "VMHISIG1", 8);
	block.padding[147] = padding;
	append(m, &block, sizeof(block));
}

void records(struct image *m, const char *text, size_t n)
{
	static const char pad[] = "opt-pad=";
	const size_t size = m->nhdr->n_descsz;

	/* The literal's own last NUL is the last record's end. */
	if (n + sizeof(pad) > size)
		die("the good plugin's note is too short");
	memset(m->desc, '.', size);
	memcpy(m->desc, text, n);
	memcpy(m->desc + n, pad, sizeof(pad) - 1);
	m->desc[size - 1] = 0;
}

/* Reads only segments at equal offset and address, which is where a good plugin has its tables. */
static void find_parts(struct image *m)
{
	Elf64_Shdr *names;

	m->eh = (Elf64_Ehdr *)m->b;
	m->ph = (Elf64_Phdr *)(m->b + m->eh->e_phoff);
	m->sh = (Elf64_Shdr *)(m->b + m->eh->e_shoff);
	m->code = segment(m, PT_LOAD, 1);
	m->data = segment(m, PT_LOAD, 3);
	m->dynamic = segment(m, PT_DYNAMIC, 0);
	m->note = segment(m, PT_NOTE, 0);
	m->relro = segment(m, PT_GNU_RELRO, 0);
	m->stack = segment(m, PT_GNU_STACK, 0);
	m->dyn = (Elf64_Dyn *)(m->b + m->dynamic->p_offset);
	m->sym = (Elf64_Sym *)(m->b + dyn(m, DT_SYMTAB)->d_un.d_ptr);
	m->rela = (Elf64_Rela *)(m->b + dyn(m, DT_RELA)->d_un.d_ptr);
	m->gnu = (uint32_t *)(m->b + dyn(m, DT_GNU_HASH)->d_un.d_ptr);
	m->bloom = m->gnu + 4;
	m->bucket = m->bloom + 2 * m->gnu[2];
	m->chain = m->bucket + m->gnu[0];
	names = &m->sh[m->eh->e_shstrndx];
	for (int i = 0; i < m->eh->e_shnum; i++)
		if (!strcmp((char *)m->b + names->sh_offset + m->sh[i].sh_name, ".note.vmhi"))
			m->nhdr = (Elf64_Nhdr *)(m->b + m->sh[i].sh_offset);
	if (!m->nhdr)
		die("the good plugin has no note");
	m->desc = (char *)(m->nhdr + 1) + 8;
}

static void write_file(const char *dir, const char *name, const struct image *m)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.so", dir, name);
	f = fopen(path, "w");
	if (!f || fwrite(m->b, 1, m->len, f) != m->len || fclose(f))
		die(path);
}

static void make(const uint8_t *good, size_t len, const char *dir, const struct wrong *list,
		 size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct image m = {.len = len, .room = 2 * len + 8192};

		m.b = malloc(m.room);
		if (!m.b)
			die("no memory");
		memcpy(m.b, good, len);
		find_parts(&m);
		list[i].spoil(&m);
		write_file(dir, list[i].name, &m);
		printf("%s %s\n", list[i].name, list[i].rule);
		free(m.b);
	}
}

/* A good one: the dynamic loader needs no section table, and neither does admission. */
static void without_sections(uint8_t *good, const char *dir)
{
	struct image m = {.b = good, .len = 0};
	Elf64_Phdr *last;

	find_parts(&m);
	last = segment(&m, PT_LOAD, 3);
	m.len = last->p_offset + last->p_filesz;
	m.eh->e_shoff = 0;
	m.eh->e_shnum = m.eh->e_shstrndx = 0;
	write_file(dir, "../good-sectionless", &m);
}

int main(int argc, char **argv)
{
	static uint8_t good[1 << 20];
	size_t len;
	FILE *f;

	f = argc == 3 ? fopen(argv[1], "r") : NULL;
	if (!f)
		die("usage: patch GOOD.so DIR");
	len = fread(good, 1, sizeof(good), f);
	fclose(f);
	make(good, len, argv[2], wrong_headers, wrong_headers_n);
	make(good, len, argv[2], wrong_dynamic, wrong_dynamic_n);
	make(good, len, argv[2], wrong_notes, wrong_notes_n);
	without_sections(good, argv[2]);
	return 0;
}
