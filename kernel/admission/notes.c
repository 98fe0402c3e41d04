// SPDX-License-Identifier: Apache-2.0
/* ELF notes: all of them well formed, since the loader walks them too; one of them ours. */
#include <string.h>

#include "kernel/admission/image.h"

#define WANTED "one note of owner VMHI, type 1"

static void our_note(struct image *m, const GElf_Nhdr *h, const char *desc)
{
	struct elf_result *out = m->out;

	if (h->n_type != VMHI_NOTE_TYPE) {
		BROKEN(m, RULE_NOTE_FORMAT, "type 1", "a note of owner VMHI, type %u",
		       h->n_type);
		return;
	}
	if (out->rule[RULE_NOTE_MISSING].outcome == ADMISSION_PASSED) {
		BROKEN(m, RULE_NOTE_DUPLICATE, WANTED, "a second one");
		return;
	}
	CHECKED(m, RULE_NOTE_MISSING);
	if (!h->n_descsz || h->n_descsz > VMHI_NOTE_MAX) {
		BROKEN(m, RULE_NOTE_FORMAT, "a descriptor of 1 to 16384 bytes", "%u bytes",
		       h->n_descsz);
		return;
	}
	out->note_len = h->n_descsz;
	memcpy(out->note, desc, h->n_descsz);
}

static bool ours(const GElf_Nhdr *h, const char *owner)
{
	return h->n_namesz == sizeof(VMHI_NOTE_OWNER) &&
	       !memcmp(owner, VMHI_NOTE_OWNER, sizeof(VMHI_NOTE_OWNER));
}

static void walk(struct image *m, const GElf_Phdr *p)
{
	const Elf_Type type = p->p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR;
	Elf_Data *d;
	size_t at = 0, next, name, desc;
	GElf_Nhdr h;

	if (p->p_align > 8 || (p->p_align & (p->p_align - 1)) || p->p_vaddr % 4 || !p->p_filesz) {
		BROKEN(m, RULE_NOTE_FORMAT, "PT_NOTE aligned to 4 or 8, not empty",
		       "alignment %llu, %llu bytes", (unsigned long long)p->p_align,
		       (unsigned long long)p->p_filesz);
		return;
	}
	d = elf_getdata_rawchunk(m->elf, (int64_t)p->p_offset, p->p_filesz, type);
	while (d && at < d->d_size && (next = gelf_getnote(d, at, &h, &name, &desc))) {
		const char *buf = d->d_buf;

		if (p->p_type == PT_NOTE && ours(&h, buf + name))
			our_note(m, &h, buf + desc);
		at = next;
	}
	if (!d || at < d->d_size)
		BROKEN(m, RULE_NOTE_FORMAT, "notes that fill their segment",
		       "a note at %#llx that does not fit",
		       (unsigned long long)(p->p_offset + at));
}

void check_notes(struct image *m)
{
	struct admission_verdict *rule = m->out->rule;

	CHECKED(m, RULE_NOTE_FORMAT);
	for (unsigned int i = 0; i < m->nph; i++)
		if (m->ph[i].p_type == PT_NOTE || m->ph[i].p_type == PT_GNU_PROPERTY)
			walk(m, &m->ph[i]);
	if (rule[RULE_NOTE_MISSING].outcome == ADMISSION_PASSED)
		CHECKED(m, RULE_NOTE_DUPLICATE);
	else
		BROKEN(m, RULE_NOTE_MISSING, WANTED, "none in a PT_NOTE segment");
	/* Which of two would count? None. */
	if (rule[RULE_NOTE_DUPLICATE].outcome == ADMISSION_BROKEN)
		m->out->note_len = 0;
}
