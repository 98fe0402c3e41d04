// SPDX-License-Identifier: Apache-2.0
/* vmhi driver replace: has a set take another driver, and waits for what becomes of that. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/cli/client.h"
#include "kernel/cli/driver.h"
#include "kernel/lib/clock.h"

#define FORM	 "replace SET FILE [--trial MS]"
#define LOOK_US	 20000
#define REST_MS	 40000	/* what the keeper may need beside the trial */
#define TRIAL_MS 1000

static int usage(FILE *f, const char *why, const char *what)
{
	if (why)
		fprintf(f, "vmhi driver replace: %s%s\n", why, what);
	fputs("usage: vmhi driver " FORM "\n", f);
	return f == stdout ? 0 : 2;
}

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static int ask(const char *set, const char *file, long trial, struct err *e)
{
	char path[PATH_MAX];
	json_t *ans;

	if (!realpath(file, path))
		return err_set(e, -errno, "%s: %s", file, strerror(errno));
	ans = client_ask("sets", set, json_pack("{s:s,s:s,s:I}", "op", "replace", "driver", path,
						"trial", (json_int_t)trial), NULL, e);
	json_decref(ans);
	return ans ? 0 : e->code;
}

/* The end of it: 0 if the new driver stays. */
static int wait_for_end(const char *set, long trial, struct err *e)
{
	const int64_t end = now_ms() + trial + REST_MS;

	while (now_ms() < end) {
		json_t *ans = client_ask("sets", set, json_pack("{s:s}", "op", "status"), NULL, e);
		const json_t *p = json_object_get(ans, "replace");
		const char *state = text(p, "state");

		if (!ans && e->code == -ETIMEDOUT)
			continue;	/* the keeper waits for a driver's attach() */
		if (!ans)
			return e->code;
		if (!strcmp(state, "kept"))
			printf("%s: driver %s stays; it took over in %.1f ms%s\n", set,
			       text(p, "driver"), json_number_value(json_object_get(p, "ms")),
			       json_is_true(json_object_get(p, "traffic")) ? "" :
			       "; no packets passed, so that was not judged");
		else if (!strcmp(state, "refused"))
			err_set(e, -EINVAL, "set \"%s\" keeps its driver: %s", set,
				text(p, "error"));
		else if (!strcmp(state, "went back"))
			err_set(e, -EIO, "set \"%s\" went back to driver %s %s: %s", set,
				text(ans, "driver"), text(ans, "version"), text(p, "error"));
		else
			state = NULL;
		json_decref(ans);
		if (state)
			return e->code;
		usleep(LOOK_US);
	}
	return err_set(e, -ETIMEDOUT, "set \"%s\" was asked to replace its driver and has not told "
		       "the end: see \"vmhi set list --json\"", set);
}

int driver_replace(int argc, char **argv)
{
	const char *operand[2] = {NULL, NULL};
	struct err e = {0};
	long trial = TRIAL_MS;
	char *end;
	int n = 0;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--help"))
			return usage(stdout, NULL, NULL);
		if (!strcmp(argv[i], "--trial")) {
			trial = i + 1 < argc ? strtol(argv[++i], &end, 10) : 0;
			if (trial < 1 || *end)
				return usage(stderr, "--trial needs milliseconds", "");
		} else if (argv[i][0] == '-') {
			return usage(stderr, "no option ", argv[i]);
		} else if (n == 2) {
			return usage(stderr, "too much: ", argv[i]);
		} else {
			operand[n++] = argv[i];
		}
	}
	if (n < 2)
		return usage(stderr, n ? "FILE is missing" : "SET is missing", "");
	if (ask(operand[0], operand[1], trial, &e) || wait_for_end(operand[0], trial, &e))
		return client_fail(&e);
	return 0;
}
