/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A driver's ELF file while it is checked. What counts is what the dynamic loader will look at:
 * program headers and the dynamic table. Section headers only have to be in bounds.
 */
#ifndef KERNEL_ADMISSION_IMAGE_H
#define KERNEL_ADMISSION_IMAGE_H

#include <gelf.h>

#include "kernel/admission/internal.h"

#define PAGE	     4096ull
#define IMAGE_PH_MAX 32
#define IMAGE_DYN	64	/* dynamic tags below this have a place in image.dyn */
#define IMAGE_SYM_MAX	65536

/* The dynamic table's values that later rules need. */
struct dynamic {
	bool has[IMAGE_DYN];
	uint64_t val[IMAGE_DYN];
	bool has_gnu_hash, has_relacount, has_flags_1;
	uint64_t gnu_hash, relacount, flags_1;
};

struct image {
	Elf *elf;
	uint64_t len;
	struct elf_result *out;
	GElf_Ehdr eh;
	unsigned int nph;
	GElf_Phdr ph[IMAGE_PH_MAX];
	const GElf_Phdr *dynamic, *relro;
	uint64_t relro_start, relro_end;	/* what becomes read-only: whole pages */
	struct dynamic dyn;
	uint64_t nsym;
	uint64_t table, table_size;		/* vmhi_driver; 0: not found */
};

/* off + n, as long as it does not pass the file's end. */
bool image_in_file(const struct image *m, uint64_t off, uint64_t n);

/* The PT_LOAD that holds n bytes at a virtual address, all of them from the file; else NULL. */
const GElf_Phdr *image_load_at(const struct image *m, uint64_t va, uint64_t n);

/* The same bytes of a read-only PT_LOAD, as an array of n bytes of type; NULL: not there. */
Elf_Data *image_data(const struct image *m, uint64_t va, uint64_t n, Elf_Type type);

/* Bytes from va to the end of what its PT_LOAD has from the file. */
uint64_t image_rest(const struct image *m, uint64_t va);

/* Whether [va, va + n) becomes read-only once it is relocated. */
bool image_in_relro(const struct image *m, uint64_t va, uint64_t n);

/* Each runs some of the rules; false: what comes after would read what is not there. */
bool check_header(struct image *m, const void *bytes);
bool check_program_headers(struct image *m);
bool check_load_segments(struct image *m);
void check_segment_flags(struct image *m);
void check_sections(struct image *m);
void check_relro(struct image *m);
void check_notes(struct image *m);
bool check_dynamic(struct image *m);
bool check_symbols(struct image *m);
void check_relocations(struct image *m);

#define CHECKED(m, which)     rule_checked((m)->out->rule, which)
#define BROKEN(m, which, ...) rule_broken((m)->out->rule, which, __VA_ARGS__)

#endif
