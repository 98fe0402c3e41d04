// SPDX-License-Identifier: Apache-2.0
/* Checks a sealed copy, and words the refusal. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "kernel/admission/internal.h"

/* All names first, since they must fit; then, for one rule, what was found and wanted. */
static int word_refusal(const struct admission_report *r, struct err *e)
{
	const struct admission_verdict *one = NULL;
	char names[400] = "";
	int n = 0;

	for (int i = 0; i < RULE_COUNT; i++) {
		if (r->rule[i].outcome != ADMISSION_BROKEN)
			continue;
		strcat(strcat(names, n++ ? ", " : ""), admission_rule_name(i));
		one = &r->rule[i];
	}
	if (n == 1)
		return err_set(e, -EACCES, "refused: %s: found %s; wanted %s", names, one->found,
			       one->wanted);
	return err_set(e, -EACCES, "refused by %d rules: %s (vmhi driver inspect says more)", n,
		       names);
}

static int map_copy(int memfd, void **file, size_t *len, struct err *e)
{
	const int seals = fcntl(memfd, F_GET_SEALS);
	struct stat st;

	if (seals < 0 || (seals & ADMISSION_SEALS) != ADMISSION_SEALS || fstat(memfd, &st))
		return err_set(e, -EINVAL, "the driver's copy is not sealed");
	*len = (size_t)st.st_size;
	*file = NULL;
	if (!*len)
		return 0;
	*file = mmap(NULL, *len, PROT_READ, MAP_PRIVATE, memfd, 0);
	if (*file == MAP_FAILED)
		return err_set(e, -errno, "the driver's copy cannot be read: %s",
			       strerror(errno));
	return 0;
}

int admission_check(int memfd, const struct admission_policy *p, struct admission_report **out,
		    struct err *e)
{
	struct admission_report *r;
	void *file;
	size_t len = 0;
	int error = map_copy(memfd, &file, &len, e);

	if (error)
		return error;
	r = calloc(1, sizeof(*r));
	error = r ? admission_check_bytes(file ? file : "", len, p, sandbox_elf_check, r, e) :
		err_set(e, -ENOMEM, "no memory to check the driver in");
	if (file)
		munmap(file, len);
	if (!error && !r->admitted)
		error = word_refusal(r, e);
	if (out && (!error || error == -EACCES))
		*out = r;
	else
		free(r);
	return error;
}
