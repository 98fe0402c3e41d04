// SPDX-License-Identifier: Apache-2.0
/* The dynamic table: what it may hold, and that the loader will read it as we do. */
#include "kernel/admission/image.h"

#define DYN_MAX 256
#define HEX(x)	((unsigned long long)(x))

/* Tags that are refused under a rule of their own. */
static const struct refused {
	int64_t tag;
	enum admission_rule rule;
	const char *name, *wanted;
} refused[] = {
	{DT_NEEDED, RULE_NEEDED, "DT_NEEDED", "no other library"},
	{DT_FILTER, RULE_NEEDED, "DT_FILTER", "no other library"},
	{DT_AUXILIARY, RULE_NEEDED, "DT_AUXILIARY", "no other library"},
	{0x6ffffefc, RULE_NEEDED, "DT_AUDIT", "no other library"},
	{0x6ffffefb, RULE_NEEDED, "DT_DEPAUDIT", "no other library"},
	{DT_RPATH, RULE_RPATH, "DT_RPATH", "no search path"},
	{DT_RUNPATH, RULE_RPATH, "DT_RUNPATH", "no search path"},
	{DT_TEXTREL, RULE_TEXTREL, "DT_TEXTREL", "no relocation in code (compile with -fPIC)"},
	{DT_INIT, RULE_INIT_FINI, "DT_INIT", "no constructor (link with -nostdlib)"},
	{DT_FINI, RULE_INIT_FINI, "DT_FINI", "no destructor (link with -nostdlib)"},
	{DT_INIT_ARRAY, RULE_INIT_FINI, "DT_INIT_ARRAY", "no constructor"},
	{DT_FINI_ARRAY, RULE_INIT_FINI, "DT_FINI_ARRAY", "no destructor"},
	{DT_INIT_ARRAYSZ, RULE_INIT_FINI, "DT_INIT_ARRAYSZ", "no constructor"},
	{DT_FINI_ARRAYSZ, RULE_INIT_FINI, "DT_FINI_ARRAYSZ", "no destructor"},
	{DT_PREINIT_ARRAY, RULE_INIT_FINI, "DT_PREINIT_ARRAY", "no constructor"},
	{DT_PREINIT_ARRAYSZ, RULE_INIT_FINI, "DT_PREINIT_ARRAYSZ", "no constructor"},
	{DT_VERNEED, RULE_IMPORTS, "DT_VERNEED", "no symbol of another library"},
	{DT_VERNEEDNUM, RULE_IMPORTS, "DT_VERNEEDNUM", "no symbol of another library"},
	{DT_REL, RULE_RELOCATIONS, "DT_REL", "DT_RELA only"},
	{DT_RELSZ, RULE_RELOCATIONS, "DT_RELSZ", "DT_RELA only"},
	{DT_RELENT, RULE_RELOCATIONS, "DT_RELENT", "DT_RELA only"},
	{36, RULE_RELOCATIONS, "DT_RELR", "DT_RELA only (-z nopack-relative-relocs)"},
	{35, RULE_RELOCATIONS, "DT_RELRSZ", "DT_RELA only"},
	{37, RULE_RELOCATIONS, "DT_RELRENT", "DT_RELA only"},
};

/* Tags below IMAGE_DYN that a driver may have; JMPREL and its like are looked at later. */
static bool allowed(int64_t tag)
{
	static const int64_t tags[] = {
		DT_SONAME, DT_HASH, DT_STRTAB, DT_STRSZ, DT_SYMTAB, DT_SYMENT, DT_RELA, DT_RELASZ,
		DT_RELAENT, DT_PLTGOT, DT_PLTRELSZ, DT_PLTREL, DT_JMPREL, DT_SYMBOLIC, DT_BIND_NOW,
		DT_FLAGS,
	};

	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		if (tags[i] == tag)
			return true;
	return false;
}

static const struct refused *find_refused(int64_t tag)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (refused[i].tag == tag)
			return &refused[i];
	return NULL;
}

/* Where a tag's value goes; NULL: a driver may not have such a tag. */
static uint64_t *place(struct dynamic *d, int64_t tag, bool **has)
{
	if (tag == DT_GNU_HASH) {
		*has = &d->has_gnu_hash;
		return &d->gnu_hash;
	}
	if (tag == DT_RELACOUNT) {
		*has = &d->has_relacount;
		return &d->relacount;
	}
	if (tag == DT_FLAGS_1) {
		*has = &d->has_flags_1;
		return &d->flags_1;
	}
	if (tag < 0 || tag >= IMAGE_DYN || !allowed(tag))
		return NULL;
	*has = &d->has[tag];
	return &d->val[tag];
}

static void take_tag(struct image *m, const GElf_Dyn *dyn)
{
	const struct refused *no = find_refused(dyn->d_tag);
	bool *has = NULL;
	uint64_t *value;

	if (no) {
		BROKEN(m, no->rule, no->wanted, "%s", no->name);
		return;
	}
	value = place(&m->dyn, dyn->d_tag, &has);
	if (!value) {
		BROKEN(m, RULE_DYNAMIC_TABLE, "only tags that a driver needs", "tag %#llx",
		       HEX(dyn->d_tag));
		return;
	}
	if (*has)
		BROKEN(m, RULE_DYNAMIC_TABLE, "each tag once", "tag %#llx twice",
		       HEX(dyn->d_tag));
	*has = true;
	*value = dyn->d_un.d_val;
}

/* The loader reads up to the first DT_NULL, wherever that is: it must be in the table. */
static bool read_table(struct image *m, const GElf_Phdr *p)
{
	Elf_Data *d = elf_getdata_rawchunk(m->elf, (int64_t)p->p_offset, p->p_filesz, ELF_T_DYN);
	const int n = (int)(p->p_filesz / sizeof(Elf64_Dyn));
	bool ended = false;

	for (int i = 0; i < n; i++) {
		GElf_Dyn dyn;

		if (!d || !gelf_getdyn(d, i, &dyn))
			break;
		if (!ended && dyn.d_tag != DT_NULL)
			take_tag(m, &dyn);
		else if (ended && (dyn.d_tag != DT_NULL || dyn.d_un.d_val))
			BROKEN(m, RULE_DYNAMIC_TABLE, "nothing after DT_NULL",
			       "entry %d of tag %#llx", i, HEX(dyn.d_tag));
		ended |= dyn.d_tag == DT_NULL;
	}
	if (!ended)
		BROKEN(m, RULE_DYNAMIC_TABLE, "an end, DT_NULL, in the table",
		       "none in %d entries", n);
	return ended;
}

/* These come together or not at all: the loader takes one and follows the others unasked. */
static bool relocation_tags(struct image *m)
{
	const struct dynamic *d = &m->dyn;
	bool ok = d->has[DT_RELA] == d->has[DT_RELASZ] && d->has[DT_RELA] == d->has[DT_RELAENT] &&
		  d->has[DT_JMPREL] == d->has[DT_PLTRELSZ] &&
		  d->has[DT_JMPREL] == d->has[DT_PLTREL];

	if (d->has[DT_RELA])
		ok = ok && d->val[DT_RELAENT] == sizeof(Elf64_Rela) &&
		     d->val[DT_RELASZ] % sizeof(Elf64_Rela) == 0;
	if (d->has_relacount)
		ok = ok && d->has[DT_RELA] &&
		     d->relacount <= d->val[DT_RELASZ] / sizeof(Elf64_Rela);
	if (d->has[DT_JMPREL])
		ok = ok && d->val[DT_PLTREL] == DT_RELA &&
		     d->val[DT_PLTRELSZ] % sizeof(Elf64_Rela) == 0;
	if (d->has[DT_PLTGOT])
		ok = ok && image_load_at(m, d->val[DT_PLTGOT], 0);
	if (!ok)
		BROKEN(m, RULE_DYNAMIC_TABLE,
		       "DT_RELA with its size, entries of 24 bytes, no larger DT_RELACOUNT",
		       "DT_RELASZ %llu, DT_RELAENT %llu, DT_RELACOUNT %llu, DT_PLTRELSZ %llu",
		       HEX(d->val[DT_RELASZ]), HEX(d->val[DT_RELAENT]), HEX(d->relacount),
		       HEX(d->val[DT_PLTRELSZ]));
	return ok;
}

static bool symbol_tags(struct image *m)
{
	const struct dynamic *d = &m->dyn;

	if (d->has[DT_SYMTAB] && d->has[DT_STRTAB] && d->has[DT_STRSZ] && d->has[DT_SYMENT] &&
	    d->val[DT_SYMENT] == sizeof(Elf64_Sym) && (d->has_gnu_hash || d->has[DT_HASH]))
		return true;
	BROKEN(m, RULE_DYNAMIC_TABLE,
	       "DT_SYMTAB, DT_SYMENT (24), DT_STRTAB, DT_STRSZ, DT_GNU_HASH or DT_HASH",
	       "there: %s%s%s%s%s%s entries of %llu bytes", d->has[DT_SYMTAB] ? "SYMTAB " : "",
	       d->has[DT_SYMENT] ? "SYMENT " : "", d->has[DT_STRTAB] ? "STRTAB " : "",
	       d->has[DT_STRSZ] ? "STRSZ " : "", d->has_gnu_hash ? "GNU_HASH " : "",
	       d->has[DT_HASH] ? "HASH " : "", HEX(d->val[DT_SYMENT]));
	return false;
}

static void check_flags(struct image *m)
{
	const struct dynamic *d = &m->dyn;
	const uint64_t flags = d->val[DT_FLAGS];
	const uint64_t other = flags & ~(uint64_t)(DF_SYMBOLIC | DF_BIND_NOW | DF_TEXTREL |
						   DF_STATIC_TLS);

	if (flags & DF_TEXTREL)
		BROKEN(m, RULE_TEXTREL, "no relocation in code (compile with -fPIC)",
		       "DF_TEXTREL");
	if (flags & DF_STATIC_TLS)
		BROKEN(m, RULE_TLS, "no thread-local storage", "DF_STATIC_TLS");
	if (other || (d->flags_1 & ~(uint64_t)DF_1_NOW))
		BROKEN(m, RULE_DYNAMIC_TABLE, "no flags but SYMBOLIC, BIND_NOW and NOW",
		       "DT_FLAGS %#llx, DT_FLAGS_1 %#llx", HEX(flags), HEX(d->flags_1));
	CHECKED(m, RULE_BIND_NOW);
	if (!d->has[DT_BIND_NOW] && !(flags & DF_BIND_NOW) && !(d->flags_1 & DF_1_NOW))
		BROKEN(m, RULE_BIND_NOW, "all bound at once (link with -z now)",
		       "DT_FLAGS %#llx, DT_FLAGS_1 %#llx", HEX(flags), HEX(d->flags_1));
}

bool check_dynamic(struct image *m)
{
	static const enum admission_rule by_tag[] = {RULE_NEEDED, RULE_RPATH, RULE_TEXTREL,
						     RULE_INIT_FINI, RULE_IMPORTS,
						     RULE_RELOCATIONS};
	const GElf_Phdr *p = m->dynamic, *l;
	bool ok;

	CHECKED(m, RULE_DYNAMIC_TABLE);
	l = p ? image_load_at(m, p->p_vaddr, p->p_filesz) : NULL;
	if (!l || !(l->p_flags & PF_W) || !(p->p_flags & PF_W) || p->p_vaddr % 8 ||
	    !p->p_filesz || p->p_filesz % sizeof(Elf64_Dyn) ||
	    p->p_filesz > DYN_MAX * sizeof(Elf64_Dyn)) {
		BROKEN(m, RULE_DYNAMIC_TABLE,
		       "PT_DYNAMIC of at most 256 entries in a writable segment",
		       p ? "%#llx, %#llx bytes" : "none", HEX(p ? p->p_vaddr : 0),
		       HEX(p ? p->p_filesz : 0));
		return false;
	}
	for (size_t i = 0; i < sizeof(by_tag) / sizeof(by_tag[0]); i++)
		CHECKED(m, by_tag[i]);
	if (!read_table(m, p))
		return false;
	check_flags(m);
	ok = relocation_tags(m);
	return symbol_tags(m) && ok;
}
