// SPDX-License-Identifier: Apache-2.0
/* The whole check of a sealed copy, and the host's policy. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/admission/internal.h"
#include "kernel/admission/signature.h"
#include "kernel/lib/json.h"
#include "kernel/lib/paths.h"

/* A vendor's key speaks for that vendor's drivers only. */
static void match_vendors(struct admission_report *r)
{
	for (unsigned int i = 0; i < r->nsig; i++)
		if (r->sig[i].state == SIGNATURE_GOOD && r->sig[i].role == ROLE_VENDOR &&
		    (!r->has_note || strcmp(r->sig[i].signer, r->note.vendor)))
			r->sig[i].state = SIGNATURE_OTHER_VENDOR;
}

static void acceptance_rule(struct admission_report *r, enum admission_level min)
{
	char wanted[64];

	match_vendors(r);
	r->level = signature_level(r);
	rule_checked(r->rule, RULE_ACCEPTANCE);
	snprintf(wanted, sizeof(wanted), "%s or better", admission_level_name(min));
	if (r->level < min)
		rule_broken(r->rule, RULE_ACCEPTANCE, wanted, "%s",
			    admission_level_name(r->level));
}

int admission_check_bytes(const void *file, size_t len, const struct admission_policy *p,
			  elf_check_fn elf, struct admission_report *r, struct err *e)
{
	struct elf_result *found = calloc(1, sizeof(*found));
	int error;

	if (!found || sodium_init() < 0) {
		free(found);
		return err_set(e, -ENOMEM, "no memory to check the driver in");
	}
	memset(r, 0, sizeof(*r));
	for (int i = 0; i < RULE_COUNT; i++)
		r->rule[i].outcome = ADMISSION_UNCHECKED;
	signatures_check(file, len, p->trust, r);
	error = elf(file, r->elf_len, found, e);
	if (!error) {
		memcpy(r->rule, found->rule, sizeof(r->rule[0]) * RULE_ABI_RANGE);
		note_rules(found, r);
		acceptance_rule(r, p->min);
		r->admitted = true;
		for (int i = 0; i < RULE_COUNT; i++)
			r->admitted &= r->rule[i].outcome == ADMISSION_PASSED;
	}
	free(found);
	return error;
}

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

static int policy_path(const json_t *j, const char *path, char *trust, size_t n, bool *given,
		       struct admission_policy *p, struct err *e)
{
	static const char *const keys[] = {"acceptance", "trust", NULL};
	const char *level = NULL, *dir = NULL;
	int r = json_known_keys(j, path, keys, e);

	if (!r)
		r = json_get_string(j, path, "acceptance", false, &level, e);
	if (!r)
		r = json_get_string(j, path, "trust", false, &dir, e);
	if (r)
		return r;
	if (level && admission_level_parse(level, &p->min))
		return err_set(e, -EINVAL, "%s: \"acceptance\" must be community, supported, "
			       "accepted or certified", path);
	*given = dir != NULL;
	if (dir && snprintf(trust, n, "%s", dir) >= (int)n)
		return err_set(e, -ENAMETOOLONG, "%s: the path in \"trust\" is too long", path);
	return 0;
}

int admission_policy_load(struct admission_policy *p, struct err *e)
{
	char dir[3800], path[4096], trust[4096];
	bool given = false;
	int r = path_config_dir(dir, sizeof(dir), e);

	p->min = ADMISSION_COMMUNITY;
	p->trust = NULL;
	if (r)
		return r;
	snprintf(path, sizeof(path), "%s/admission.json", dir);
	snprintf(trust, sizeof(trust), "%s/trust", dir);
	if (!access(path, F_OK)) {
		json_t *j = json_read_file(path, e);

		if (!j)
			return -EINVAL;
		r = policy_path(j, path, trust, sizeof(trust), &given, p, e);
		json_decref(j);
		if (r)
			return r;
	}
	p->trust = trust_load(trust, given, e);
	return p->trust ? 0 : -EINVAL;
}

void admission_policy_free(struct admission_policy *p)
{
	trust_free((struct trust_store *)p->trust);
	p->trust = NULL;
}
