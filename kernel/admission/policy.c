// SPDX-License-Identifier: Apache-2.0
/* The host's policy: admission.json, and the trust store it names. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "kernel/admission/trust.h"
#include "kernel/lib/json.h"
#include "kernel/lib/paths.h"

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
