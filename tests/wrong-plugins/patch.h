/* SPDX-License-Identifier: Apache-2.0 */
/* A good plugin in memory, with its parts at hand to be spoilt. */
#ifndef TESTS_WRONG_PLUGINS_PATCH_H
#define TESTS_WRONG_PLUGINS_PATCH_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

struct image {
	uint8_t *b;
	size_t len, room;
	Elf64_Ehdr *eh;
	Elf64_Phdr *ph;
	Elf64_Phdr *code, *data, *dynamic, *note, *relro, *stack;
	Elf64_Shdr *sh;
	Elf64_Dyn *dyn;
	Elf64_Sym *sym;		/* [0] null, [1] vmhi_driver */
	Elf64_Rela *rela;
	uint32_t *gnu, *bloom, *bucket, *chain;
	Elf64_Nhdr *nhdr;	/* of our note */
	char *desc;
};

struct wrong {
	const char *name, *rule;
	void (*spoil)(struct image *m);
};

/* The entry of a tag; the program ends if there is none. */
Elf64_Dyn *dyn(struct image *m, int64_t tag);

/* The segment of n-th place among those of a type. */
Elf64_Phdr *segment(struct image *m, uint32_t type, int n);

/* Adds bytes at the file's end. */
void append(struct image *m, const void *bytes, size_t n);

/* Adds a signature block: all zeros but for magic, signed length, role and one byte of padding. */
void append_signature(struct image *m, uint64_t elf_len, uint32_t role, char padding);

/* Puts other records into the note, of the same length in all. */
void records(struct image *m, const char *text, size_t n);

extern const struct wrong wrong_headers[], wrong_dynamic[], wrong_notes[];
extern const size_t wrong_headers_n, wrong_dynamic_n, wrong_notes_n;

#endif
