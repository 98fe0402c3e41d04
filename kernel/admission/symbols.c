// SPDX-License-Identifier: Apache-2.0
/*
 * The dynamic symbols. How many there are is nowhere written: it follows from the hash tables,
 * which the loader walks trustingly, so they are walked here first.
 */
#include <string.h>
#include <vmhi/core.h>

#include "kernel/admission/image.h"

#define EXPORT	  "vmhi_driver"
#define STEPS_MAX 1000000u
#define HEX(x)	  ((unsigned long long)(x))

struct strings {
	const char *s;
	uint64_t size;
};

static bool table_broken(struct image *m, const char *what)
{
	BROKEN(m, RULE_SYMBOL_TABLE, "tables inside a read-only segment, consistent in themselves",
	       "%s", what);
	return false;
}

static const uint32_t *words(struct image *m, uint64_t va, uint64_t n)
{
	Elf_Data *d = va % 4 || n > ADMISSION_FILE_MAX / 4 ? NULL :
		      image_data(m, va, n * 4, ELF_T_WORD);

	return d ? d->d_buf : NULL;
}

static uint32_t gnu_hash(const char *s)
{
	uint32_t h = 5381;

	for (; *s; s++)
		h = h * 33 + (unsigned char)*s;
	return h;
}

struct gnu {
	uint32_t nbuckets, bias, nwords, shift;
	const uint64_t *bloom;
	const uint32_t *bucket;
	const uint32_t *chain;	/* of symbol bias and on, to the segment's end */
	uint64_t nchain;
};

static bool gnu_header(struct image *m, struct gnu *g)
{
	const uint64_t va = m->dyn.gnu_hash;
	const uint32_t *h = va % 8 ? NULL : words(m, va, 4);
	uint64_t chains;
	Elf_Data *d;

	if (!h)
		return false;
	g->nbuckets = h[0];
	g->bias = h[1];
	g->nwords = h[2];
	g->shift = h[3];
	if (!g->nbuckets || !g->nwords || (g->nwords & (g->nwords - 1)) || g->shift > 31 ||
	    !g->bias || g->bias > IMAGE_SYM_MAX || g->nbuckets > IMAGE_SYM_MAX ||
	    g->nwords > IMAGE_SYM_MAX)
		return false;
	d = image_data(m, va + 16, (uint64_t)g->nwords * 8, ELF_T_XWORD);
	g->bloom = d ? d->d_buf : NULL;
	g->bucket = words(m, va + 16 + (uint64_t)g->nwords * 8, g->nbuckets);
	chains = va + 16 + (uint64_t)g->nwords * 8 + (uint64_t)g->nbuckets * 4;
	g->nchain = image_rest(m, chains) / 4;
	g->chain = words(m, chains, g->nchain);
	/* No symbol in the table: then there may be no chain either. */
	return g->bloom && g->bucket;
}

/* One after the last link of a bucket's chain, or 0: it leaves the segment. */
static uint64_t chain_end(const struct gnu *g, uint64_t first, uint32_t *steps)
{
	for (uint64_t i = first; g->chain && i < g->nchain && (*steps)++ < STEPS_MAX; i++)
		if (g->chain[i] & 1)
			return i + 1;
	return 0;
}

static bool walk_gnu(struct image *m, uint64_t *count)
{
	uint32_t steps = 0;
	struct gnu g;

	if (!gnu_header(m, &g))
		return table_broken(m, "DT_GNU_HASH whose head is wrong or out of bounds");
	*count = g.bias;
	for (uint32_t b = 0; b < g.nbuckets; b++) {
		uint64_t end;

		if (!g.bucket[b])
			continue;
		if (g.bucket[b] < g.bias)
			return table_broken(m, "a bucket of DT_GNU_HASH before its first symbol");
		end = chain_end(&g, g.bucket[b] - g.bias, &steps);
		if (!end)
			return table_broken(m, "a chain of DT_GNU_HASH that does not end");
		if (*count < g.bias + end)
			*count = g.bias + end;
	}
	return true;
}

static bool walk_sysv(struct image *m, uint64_t *count)
{
	const uint64_t va = m->dyn.val[DT_HASH];
	const uint32_t *h = words(m, va, 2), *bucket, *chain;
	uint32_t steps = 0;

	if (!h || !h[0] || !h[1] || h[0] > IMAGE_SYM_MAX || h[1] > IMAGE_SYM_MAX)
		return table_broken(m, "DT_HASH whose head is wrong or out of bounds");
	*count = h[1];
	bucket = words(m, va + 8, h[0]);
	chain = words(m, va + 8 + (uint64_t)h[0] * 4, h[1]);
	if (!bucket || !chain)
		return table_broken(m, "DT_HASH out of bounds");
	for (uint32_t b = 0; b < h[0]; b++)
		for (uint32_t i = bucket[b]; i; i = chain[i])
			if (i >= *count || steps++ > STEPS_MAX)
				return table_broken(m, "a chain of DT_HASH that does not end");
	return true;
}

static bool count_symbols(struct image *m)
{
	uint64_t by_gnu = 0, by_sysv = 0;

	if (m->dyn.has_gnu_hash && !walk_gnu(m, &by_gnu))
		return false;
	if (m->dyn.has[DT_HASH] && !walk_sysv(m, &by_sysv))
		return false;
	if (by_gnu && by_sysv && by_gnu != by_sysv)
		return table_broken(m, "DT_HASH and DT_GNU_HASH of different sizes");
	m->nsym = by_gnu ? by_gnu : by_sysv;
	return m->nsym <= IMAGE_SYM_MAX ? true : table_broken(m, "more than 65536 symbols");
}

static bool read_strings(struct image *m, struct strings *st)
{
	Elf_Data *d = image_data(m, m->dyn.val[DT_STRTAB], m->dyn.val[DT_STRSZ], ELF_T_BYTE);
	uint64_t soname = m->dyn.val[DT_SONAME];

	if (!d)
		return table_broken(m, "DT_STRTAB out of bounds or writable");
	st->s = d->d_buf;
	st->size = d->d_size;
	if (st->s[0] || st->s[st->size - 1] || soname >= st->size)
		return table_broken(m, "DT_STRTAB without its NULs, or DT_SONAME outside it");
	return true;
}

static bool findable_gnu(struct image *m, uint64_t index)
{
	const uint32_t hash = gnu_hash(EXPORT);
	uint64_t word, i;
	struct gnu g;

	if (!gnu_header(m, &g))
		return false;
	word = g.bloom[(hash / 64) & (g.nwords - 1)];
	i = g.bucket[hash % g.nbuckets];
	if (!(word >> (hash & 63) & 1) || !(word >> (hash >> g.shift & 63) & 1) || !i)
		return false;
	/* Every chain was walked before: this ends. */
	while (i != index && !(g.chain[i - g.bias] & 1))
		i++;
	return i == index && (g.chain[i - g.bias] | 1) == (hash | 1);
}

static bool findable_sysv(struct image *m, uint64_t index)
{
	const uint64_t va = m->dyn.val[DT_HASH];
	const uint32_t *h = words(m, va, 2);
	const uint32_t *bucket = words(m, va + 8, h[0]);
	const uint32_t *chain = words(m, va + 8 + (uint64_t)h[0] * 4, h[1]);
	uint32_t i = bucket[elf_hash(EXPORT) % h[0]];

	while (i && i != index)
		i = chain[i];
	return i == index;
}

/* Whether the loader, walking the table that it prefers, finds the export where it is. */
static bool findable(struct image *m, uint64_t index)
{
	return m->dyn.has_gnu_hash ? findable_gnu(m, index) : findable_sysv(m, index);
}

static void check_export(struct image *m, const GElf_Sym *s, uint64_t index)
{
	static const char wanted[] = "one constant object " EXPORT ", global, default visibility";

	if (GELF_ST_TYPE(s->st_info) != STT_OBJECT || GELF_ST_BIND(s->st_info) != STB_GLOBAL ||
	    GELF_ST_VISIBILITY(s->st_other) != STV_DEFAULT || s->st_shndx >= SHN_LORESERVE ||
	    s->st_value % 8) {
		BROKEN(m, RULE_ONE_EXPORT, wanted,
		       EXPORT " of type %u, binding %u, visibility %u, section %#x, at %#llx",
		       GELF_ST_TYPE(s->st_info), GELF_ST_BIND(s->st_info),
		       GELF_ST_VISIBILITY(s->st_other), s->st_shndx, HEX(s->st_value));
		return;
	}
	if (m->table)
		BROKEN(m, RULE_ONE_EXPORT, wanted, "two of this name");
	if (!findable(m, index))
		BROKEN(m, RULE_ONE_EXPORT, wanted, "one that its hash table does not lead to");
	m->table = s->st_value;
	m->table_size = s->st_size;
}

static void check_symbol(struct image *m, const struct strings *st, uint64_t i,
			 const GElf_Sym *s)
{
	const char *name;

	if (s->st_name >= st->size) {
		table_broken(m, "a symbol's name outside DT_STRTAB");
		return;
	}
	name = st->s + s->st_name;
	if (GELF_ST_TYPE(s->st_info) == STT_GNU_IFUNC)
		BROKEN(m, RULE_IFUNC, "no indirect functions", "%.80s", name);
	if (GELF_ST_BIND(s->st_info) == STB_GNU_UNIQUE)
		BROKEN(m, RULE_GNU_UNIQUE, "no STB_GNU_UNIQUE symbols", "%.80s", name);
	if (GELF_ST_TYPE(s->st_info) == STT_TLS)
		BROKEN(m, RULE_TLS, "no thread-local storage", "symbol %.80s", name);
	if (s->st_shndx == SHN_UNDEF)
		BROKEN(m, RULE_IMPORTS, "no symbol of anybody else (link with -z defs)",
		       "%.100s", name);
	else if (strcmp(name, EXPORT))
		BROKEN(m, RULE_ONE_EXPORT, EXPORT " and nothing else (-fvisibility=hidden)",
		       "%.80s", name);
	else
		check_export(m, s, i);
}

bool check_symbols(struct image *m)
{
	static const GElf_Sym null;
	struct strings st;
	GElf_Sym s;
	Elf_Data *d;

	CHECKED(m, RULE_SYMBOL_TABLE);
	if (!count_symbols(m) || !read_strings(m, &st))
		return false;
	d = m->dyn.val[DT_SYMTAB] % 8 ? NULL :
	    image_data(m, m->dyn.val[DT_SYMTAB], m->nsym * sizeof(Elf64_Sym), ELF_T_SYM);
	if (!d || !gelf_getsym(d, 0, &s) || memcmp(&s, &null, sizeof(s)))
		return table_broken(m, "DT_SYMTAB out of bounds, writable, or without its null");
	CHECKED(m, RULE_IFUNC);
	CHECKED(m, RULE_GNU_UNIQUE);
	CHECKED(m, RULE_ONE_EXPORT);
	for (uint64_t i = 1; i < m->nsym; i++)
		if (gelf_getsym(d, (int)i, &s))
			check_symbol(m, &st, i, &s);
	if (!m->table)
		BROKEN(m, RULE_ONE_EXPORT, "the symbol " EXPORT, "none");
	return true;
}
