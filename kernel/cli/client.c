// SPDX-License-Identifier: Apache-2.0
#include "kernel/cli/client.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/lib/control.h"
#include "kernel/lib/fdpass.h"
#include "kernel/lib/paths.h"

#define COLUMNS_MAX 24

int client_path(const char *kind, const char *name, const char *leaf, char *out, size_t n,
		struct err *e)
{
	char run[4096];
	int r = path_run_dir(run, sizeof(run), e), len;

	if (r)
		return r;
	len = snprintf(out, n, "%s/%s%s%s%s%s", run, kind, name ? "/" : "", name ? name : "",
		       leaf ? "/" : "", leaf ? leaf : "");
	if (len < 0 || (size_t)len >= n)
		return err_set(e, -ENAMETOOLONG, "%s: the run-time path is too long", run);
	return 0;
}

json_t *client_ask(const char *kind, const char *name, json_t *request, int *fd_out,
		   struct err *e)
{
	const char *what = strcmp(kind, "sets") ? "VM" : "set";
	char path[108];
	json_t *ans = NULL;

	if (path_check_name(what, name, e) == 0 &&
	    client_path(kind, name, "control", path, sizeof(path), e) == 0)
		ans = control_request(path, request, fd_out, e);
	if (!ans && (e->code == -ENOENT || e->code == -ECONNREFUSED))
		err_set(e, e->code, "%s \"%s\" is not running: \"vmhi %s list\" shows those that are",
			what, name, strcmp(kind, "sets") ? "vm" : "set");
	json_decref(request);
	return ans;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool answers(const char *kind, const char *name)
{
	char path[108];
	struct err e;
	int fd;

	if (name[0] == '.' || client_path(kind, name, "control", path, sizeof(path), &e))
		return false;
	fd = unix_connect(path);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

json_t *client_running(const char *kind, struct err *e)
{
	char path[4096];
	char *names[1024];
	json_t *out;
	struct dirent *de;
	int n = 0;
	DIR *d;

	if (client_path(kind, NULL, NULL, path, sizeof(path), e))
		return NULL;
	out = json_array();
	d = opendir(path);
	while (d && n < 1024 && (de = readdir(d)))
		if (answers(kind, de->d_name))
			names[n++] = strdup(de->d_name);
	if (d)
		closedir(d);
	qsort(names, (size_t)n, sizeof(*names), by_name);
	for (int i = 0; i < n; i++) {
		json_array_append_new(out, json_string(names[i]));
		free(names[i]);
	}
	return out;
}

static void cell(const json_t *row, const char *key, char *out, size_t n)
{
	const char *dot = strchr(key, '.');
	const json_t *v;
	char outer[32];

	if (dot) {
		snprintf(outer, sizeof(outer), "%.*s", (int)(dot - key), key);
		row = json_object_get(row, outer);
		key = dot + 1;
	}
	v = json_object_get(row, key);
	if (json_is_string(v) && *json_string_value(v))
		snprintf(out, n, "%s", json_string_value(v));
	else if (json_is_integer(v))
		snprintf(out, n, "%lld", (long long)json_integer_value(v));
	else if (json_is_boolean(v))
		snprintf(out, n, "%s", json_is_true(v) ? "yes" : "no");
	else
		snprintf(out, n, "-");
}

void client_table(const json_t *rows, const char *const columns[], bool as_json)
{
	char key[COLUMNS_MAX][32], text[256];
	const char *title[COLUMNS_MAX];
	int width[COLUMNS_MAX], n = 0;
	const json_t *row;
	size_t i;

	if (as_json) {
		json_dumpf(rows, stdout, JSON_INDENT(2));
		putchar('\n');
		return;
	}
	for (; columns[n] && n < COLUMNS_MAX; n++) {
		const char *colon = strchr(columns[n], ':');

		snprintf(key[n], sizeof(key[n]), "%.*s", (int)(colon - columns[n]), columns[n]);
		title[n] = colon + 1;
		width[n] = (int)strlen(title[n]);
		json_array_foreach(rows, i, row) {
			cell(row, key[n], text, sizeof(text));
			if ((int)strlen(text) > width[n])
				width[n] = (int)strlen(text);
		}
	}
	for (int c = 0; c < n; c++)
		printf("%-*s%s", c + 1 < n ? width[c] : 0, title[c], c + 1 < n ? "  " : "\n");
	json_array_foreach(rows, i, row) {
		for (int c = 0; c < n; c++) {
			cell(row, key[c], text, sizeof(text));
			printf("%-*s%s", c + 1 < n ? width[c] : 0, text, c + 1 < n ? "  " : "\n");
		}
	}
}

int client_fail(const struct err *e)
{
	fprintf(stderr, "vmhi: %s\n", e->msg);
	return 1;
}

bool client_wants_json(int *argc, char **argv)
{
	for (int i = 1; i < *argc; i++) {
		if (strcmp(argv[i], "--json"))
			continue;
		memmove(&argv[i], &argv[i + 1], (size_t)(*argc - i) * sizeof(*argv));
		(*argc)--;
		return true;
	}
	return false;
}
