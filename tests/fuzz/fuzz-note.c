// SPDX-License-Identifier: Apache-2.0
/* The parser of a driver's note: what it accepts must keep the promises of its structure. */
#include <stdlib.h>
#include <string.h>

#include "kernel/admission/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int condition)
{
	if (!condition)
		abort();
}

static void check_param(const struct note_param *p)
{
	must(p->name[0] && memchr(p->name, 0, sizeof(p->name)));
	must(p->help[0] && memchr(p->help, 0, sizeof(p->help)));
	must(p->min <= p->def && p->def <= p->max);
	if (p->type != NOTE_CHOICE)
		return;
	must(p->max < NOTE_WORD_MAX);
	for (uint64_t i = 0; i <= p->max; i++)
		must(p->word[i][0] && memchr(p->word[i], 0, sizeof(p->word[i])));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct driver_note n;
	struct err e = {0};

	if (note_parse(data, size, &n, &e)) {
		must(e.msg[0]);
		return 0;
	}
	must(n.nclass > 0 && n.nclass <= NOTE_CLASS_MAX && n.npci <= NOTE_PCI_MAX);
	must(n.nparam <= NOTE_PARAM_MAX && n.nfeature <= NOTE_FEATURE_MAX);
	must(n.vendor[0] && n.name[0] && n.version[0] && n.license[0]);
	must((n.needs == NOTE_NEEDS_PCI) == (n.npci > 0));
	for (unsigned int i = 0; i < n.nparam; i++)
		check_param(&n.param[i]);
	return 0;
}
