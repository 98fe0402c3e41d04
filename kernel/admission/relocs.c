// SPDX-License-Identifier: Apache-2.0
/*
 * Relocations: addresses of the driver itself, written where they become read-only. With these the
 * driver's table can be read from the file, before anything is mapped.
 */
#include <string.h>
#include <vmhi/core.h>

#include "kernel/admission/image.h"

#define HEX(x)	((unsigned long long)(x))

/* The first function's place, and one after the last of version 1. */
#define OPS_FIRST offsetof(struct vmhi_driver_ops, attach)
#define OPS_END	  (offsetof(struct vmhi_driver_ops, event) + sizeof(void *))
#define OPS_COUNT ((OPS_END - OPS_FIRST) / 8)

static const char *const op_names[OPS_COUNT] = {"attach", "start", "quiesce", "detach", "forget",
						"query", "event"};

struct ops {
	bool set[OPS_COUNT];
};

static bool in_code(const struct image *m, uint64_t va)
{
	for (unsigned int i = 0; i < m->nph; i++) {
		const GElf_Phdr *p = &m->ph[i];

		if (p->p_type == PT_LOAD && (p->p_flags & PF_X) && va >= p->p_vaddr &&
		    va - p->p_vaddr < p->p_filesz)
			return true;
	}
	return false;
}

/* Addresses just past an object are legal C, so the end counts as inside. */
static bool in_image(const struct image *m, uint64_t va)
{
	for (unsigned int i = 0; i < m->nph; i++) {
		const GElf_Phdr *p = &m->ph[i];

		if (p->p_type == PT_LOAD && va >= p->p_vaddr && va - p->p_vaddr <= p->p_memsz)
			return true;
	}
	return false;
}

static void check_type(struct image *m, const GElf_Rela *r)
{
	switch (GELF_R_TYPE(r->r_info)) {
	case R_X86_64_IRELATIVE:
		BROKEN(m, RULE_IFUNC, "no indirect functions", "R_X86_64_IRELATIVE at %#llx",
		       HEX(r->r_offset));
		break;
	case R_X86_64_DTPMOD64:
	case R_X86_64_DTPOFF64:
	case R_X86_64_TPOFF64:
	case R_X86_64_TLSDESC:
		BROKEN(m, RULE_TLS, "no thread-local storage", "relocation of type %u at %#llx",
		       (unsigned int)GELF_R_TYPE(r->r_info), HEX(r->r_offset));
		break;
	default:
		BROKEN(m, RULE_RELOCATIONS, "R_X86_64_RELATIVE (8), of no symbol",
		       "type %u, symbol %u, at %#llx", (unsigned int)GELF_R_TYPE(r->r_info),
		       (unsigned int)GELF_R_SYM(r->r_info), HEX(r->r_offset));
	}
}

static void check_one(struct image *m, const GElf_Rela *r, struct ops *ops)
{
	const GElf_Phdr *dyn = m->dynamic;
	const uint64_t to = r->r_offset - m->table;

	if (r->r_info != GELF_R_INFO(0, R_X86_64_RELATIVE)) {
		check_type(m, r);
		return;
	}
	if (r->r_offset % 8 || !image_in_relro(m, r->r_offset, 8) ||
	    !image_load_at(m, r->r_offset, 8) ||
	    (r->r_offset + 8 > dyn->p_vaddr && r->r_offset < dyn->p_vaddr + dyn->p_filesz)) {
		BROKEN(m, RULE_RELOCATIONS,
		       "a target that becomes read-only (make it const), not the dynamic table",
		       "one at %#llx", HEX(r->r_offset));
		return;
	}
	if (!in_image(m, (uint64_t)r->r_addend))
		BROKEN(m, RULE_RELOCATIONS, "an address inside the driver", "%#llx at %#llx",
		       HEX(r->r_addend), HEX(r->r_offset));
	if (!m->table || r->r_offset < m->table || to >= OPS_END)
		return;
	if (to < OPS_FIRST)
		BROKEN(m, RULE_OPS_TABLE, "a head of plain numbers", "a relocation in it");
	else if (!in_code(m, (uint64_t)r->r_addend))
		BROKEN(m, RULE_OPS_TABLE, "operations that are code", "%s at %#llx",
		       op_names[(to - OPS_FIRST) / 8], HEX(r->r_addend));
	else
		ops->set[(to - OPS_FIRST) / 8] = true;
}

static void check_list(struct image *m, uint64_t va, uint64_t size, struct ops *ops)
{
	Elf_Data *d;

	if (!size)
		return;
	d = va % 8 ? NULL : image_data(m, va, size, ELF_T_RELA);
	if (!d) {
		BROKEN(m, RULE_RELOCATIONS, "a table inside a read-only segment",
		       "%#llx, %#llx bytes", HEX(va), HEX(size));
		return;
	}
	for (uint64_t i = 0; i < size / sizeof(Elf64_Rela); i++) {
		GElf_Rela r;

		if (gelf_getrela(d, (int)i, &r))
			check_one(m, &r, ops);
	}
}

/* The table's head as it stands in the file; the operations as relocation will fill them. */
static void check_ops(struct image *m, const struct ops *ops)
{
	const GElf_Phdr *p = image_load_at(m, m->table, m->table_size);
	struct vmhi_tab h;
	Elf_Data *d;

	CHECKED(m, RULE_OPS_TABLE);
	if (m->table_size < OPS_END || !p || !image_in_relro(m, m->table, m->table_size)) {
		BROKEN(m, RULE_OPS_TABLE, "a constant of at least 64 bytes, in the file",
		       "%llu bytes at %#llx", HEX(m->table_size), HEX(m->table));
		return;
	}
	d = elf_getdata_rawchunk(m->elf, (int64_t)(p->p_offset + (m->table - p->p_vaddr)),
				 sizeof(h), ELF_T_BYTE);
	if (!d)
		return;
	memcpy(&h, d->d_buf, sizeof(h));
	if (h.id != VMHI_IF_DRIVER || h.version != 1 || h.size < OPS_END ||
	    h.size > m->table_size)
		BROKEN(m, RULE_OPS_TABLE, "interface 2 version 1, 64 bytes up to the symbol's size",
		       "interface %u version %u, %u bytes, the symbol has %llu", h.id, h.version,
		       h.size, HEX(m->table_size));
	for (unsigned int i = 0; i < OPS_COUNT; i++)
		if (!ops->set[i])
			BROKEN(m, RULE_OPS_TABLE, "all seven operations", "no %s", op_names[i]);
}

void check_relocations(struct image *m)
{
	const struct dynamic *d = &m->dyn;
	struct ops ops = {0};

	check_list(m, d->val[DT_RELA], d->val[DT_RELASZ], &ops);
	if (d->has[DT_JMPREL]) {
		BROKEN(m, RULE_RELOCATIONS, "no procedure linkage table",
		       "DT_JMPREL of %llu bytes", HEX(d->val[DT_PLTRELSZ]));
		check_list(m, d->val[DT_JMPREL], d->val[DT_PLTRELSZ], &ops);
	}
	if (m->table)
		check_ops(m, &ops);
}
