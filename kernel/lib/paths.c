// SPDX-License-Identifier: Apache-2.0
#include "kernel/lib/paths.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fits(int printed, size_t n, const char *what, struct err *e)
{
	if (printed < 0 || (size_t)printed >= n)
		return err_set(e, -ENAMETOOLONG, "the path of %s is too long", what);
	return 0;
}

int path_run_dir(char *out, size_t n, struct err *e)
{
	const char *over = getenv("VMHI_RUN_DIR"), *xdg = getenv("XDG_RUNTIME_DIR");

	if (over && *over)
		return fits(snprintf(out, n, "%s", over), n, "VMHI_RUN_DIR", e);
	if (geteuid() == 0)
		return fits(snprintf(out, n, "/run/vmhi"), n, "/run/vmhi", e);
	if (!xdg || !*xdg)
		return err_set(e, -ENOENT,
			       "XDG_RUNTIME_DIR is not set: log in properly, or set VMHI_RUN_DIR");
	return fits(snprintf(out, n, "%s/vmhi", xdg), n, "XDG_RUNTIME_DIR", e);
}

int path_config_dir(char *out, size_t n, struct err *e)
{
	const char *over = getenv("VMHI_CONFIG_DIR"), *xdg = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");

	if (over && *over)
		return fits(snprintf(out, n, "%s", over), n, "VMHI_CONFIG_DIR", e);
	if (geteuid() == 0)
		return fits(snprintf(out, n, "/etc/vmhi"), n, "the configuration", e);
	if (xdg && *xdg)
		return fits(snprintf(out, n, "%s/vmhi", xdg), n, "XDG_CONFIG_HOME", e);
	if (!home || !*home)
		return err_set(e, -ENOENT, "HOME is not set: set it, or VMHI_CONFIG_DIR");
	return fits(snprintf(out, n, "%s/.config/vmhi", home), n, "HOME", e);
}

int path_program(const char *name, char *out, size_t n, struct err *e)
{
	char self[4096];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;
	int r;

	if (len > 0) {
		self[len] = 0;
		slash = strrchr(self, '/');
		*slash = 0;
		r = fits(snprintf(out, n, "%s/%s", self, name), n, name, e);
		if (r || access(out, X_OK) == 0)
			return r;
	}
	r = fits(snprintf(out, n, "%s/%s", PKGLIBEXECDIR, name), n, name, e);
	if (r || access(out, X_OK) == 0)
		return r;
	return err_set(e, -ENOENT, "%s: not found beside this program nor in %s", name,
		       PKGLIBEXECDIR);
}

int path_make_dirs(const char *path, struct err *e)
{
	char p[4096];
	int r = fits(snprintf(p, sizeof(p), "%s", path), sizeof(p), path, e);

	if (r)
		return r;
	for (char *c = p + 1;; c++) {
		char was = *c;

		if (was != '/' && was != 0)
			continue;
		*c = 0;
		if (mkdir(p, 0755) < 0 && errno != EEXIST)
			return err_set(e, -errno, "%s: cannot be made: %s", p, strerror(errno));
		*c = was;
		if (!was)
			return 0;
	}
}

int path_check_name(const char *what, const char *name, struct err *e)
{
	size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				"0123456789._-");

	if (n == 0 || n > 32 || name[n] || name[0] == '.' || name[0] == '-')
		return err_set(e, -EINVAL,
			       "%s name \"%s\": use 1 to 32 letters, digits, dots, dashes or "
			       "underscores, a letter or digit first", what, name);
	return 0;
}
