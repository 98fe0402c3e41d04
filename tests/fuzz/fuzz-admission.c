// SPDX-License-Identifier: Apache-2.0
/* The whole check of a driver's file, in process: signatures, ELF rules, note. */
#include <stdlib.h>

#include "kernel/admission/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever the rules meet, their result must be one that the keeper accepts from its child. */
static int in_process(const void *bytes, size_t len, struct elf_result *out, struct err *e)
{
	elf_check(bytes, len, out);
	if (!elf_result_valid(out))
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct admission_policy any = {.min = ADMISSION_COMMUNITY};
	static struct admission_report r;
	struct err e;

	if (admission_check_bytes(data, size, &any, in_process, &r, &e) || r.elf_len > size)
		abort();
	/* Admitted is: every rule looked at, none broken, and a note to go by. */
	if (r.admitted && !r.has_note)
		abort();
	return 0;
}
