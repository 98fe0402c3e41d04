// SPDX-License-Identifier: Apache-2.0
/* vmhi driver new: copies the template of a class into a new folder, with its names put in. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/cli/client.h"
#include "kernel/cli/driver.h"

struct names {
	const char *vendor;
	char device_vendor[5], device_id[5];
	char name[NOTE_TEXT_MAX + 1];
};

/*
 * The template: beside this program (a build tree), else in the share folder that goes with its bin
 * folder (an installation, wherever it was moved to), else where it was meant to be installed.
 */
static int find_template(const char *class, char *out, size_t n, struct err *e)
{
	static const char *const places[] = {"template", "../share/openvmhi/template", NULL};
	char self[3800];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (strchr(class, '/'))
		return err_set(e, -EINVAL, "no class \"%s\": use nic", class);
	for (int i = 0; len > 0 && places[i]; i++) {
		self[len] = 0;
		snprintf(out, n, "%.*s/%s/%s", (int)(strrchr(self, '/') - self), self, places[i],
			 class);
		if (!access(out, R_OK | X_OK))
			return 0;
	}
	snprintf(out, n, "%s/template/%s", PKGDATADIR, class);
	if (!access(out, R_OK | X_OK))
		return 0;
	return err_set(e, -ENOENT, "no template for class %s in %s/template", class, PKGDATADIR);
}

static int parse_device(const char *text, struct names *v)
{
	if (!text || strlen(text) != 9 || text[4] != ':' ||
	    strspn(text, "0123456789abcdef") != 4 || strspn(text + 5, "0123456789abcdef") != 4)
		return -EINVAL;
	memcpy(v->device_vendor, text, 4);
	memcpy(v->device_id, text + 5, 4);
	return 0;
}

/* The driver is named as its folder. Takes slashes off the end of dir. */
static int parse_name(char *dir, struct names *v)
{
	size_t n = strlen(dir), start;

	while (n > 1 && dir[n - 1] == '/')
		dir[--n] = 0;
	for (start = n; start > 0 && dir[start - 1] != '/'; start--)
		;
	if (n == start || n - start > NOTE_TEXT_MAX)
		return -EINVAL;
	memcpy(v->name, dir + start, n - start);
	return v->name[strspn(v->name, "abcdefghijklmnopqrstuvwxyz0123456789._-")] ? -EINVAL : 0;
}

/* The vendor goes into a C string, into a C comment, and into the note. */
static bool vendor_ok(const char *s)
{
	size_t n = strlen(s);

	for (size_t i = 0; i < n; i++)
		if (s[i] < ' ' || s[i] > '~' || s[i] == '"' || s[i] == '\\' || s[i] == '@' ||
		    s[i] == '*')
			return false;
	return n > 0 && n <= NOTE_TEXT_MAX;
}

static void substitute(const char *text, const struct names *v, FILE *to)
{
	const struct {
		const char *mark, *value;
	} marks[] = {
		{"@VENDOR@", v->vendor},
		{"@DEVICE_VENDOR@", v->device_vendor},
		{"@DEVICE_ID@", v->device_id},
		{"@NAME@", v->name},
	};

	while (*text) {
		size_t i = 0;

		while (i < 4 && strncmp(text, marks[i].mark, strlen(marks[i].mark)))
			i++;
		if (i < 4) {
			fputs(marks[i].value, to);
			text += strlen(marks[i].mark);
		} else {
			putc(*text++, to);
		}
	}
}

static int copy_file(const char *from, const char *to, const struct names *v, struct err *e)
{
	static char text[1 << 20];
	FILE *in = fopen(from, "re"), *out;
	size_t n;

	if (!in)
		return err_set(e, -errno, "%s: cannot be read: %s", from, strerror(errno));
	n = fread(text, 1, sizeof(text) - 1, in);
	text[n] = 0;
	fclose(in);
	out = fopen(to, "wxe");
	if (!out)
		return err_set(e, -errno, "%s: cannot be made: %s", to, strerror(errno));
	substitute(text, v, out);
	if (fclose(out))
		return err_set(e, -errno, "%s: cannot be written: %s", to, strerror(errno));
	return 0;
}

static int wanted(const struct dirent *d)
{
	return d->d_name[0] != '.' && strcmp(d->d_name, "stamp");
}

static int copy_template(const char *template, const char *dir, const struct names *v,
			 struct err *e)
{
	struct dirent **files;
	int n = scandir(template, &files, wanted, alphasort), r = 0;

	if (n < 0)
		return err_set(e, -errno, "%s: %s", template, strerror(errno));
	if (mkdir(dir, 0777))
		r = err_set(e, -errno, "%s: cannot be made: %s", dir, strerror(errno));
	for (int i = 0; i < n; i++) {
		char from[4096], to[4096];

		if (!r && (snprintf(from, sizeof(from), "%s/%s", template, files[i]->d_name) >=
			   (int)sizeof(from) ||
			   snprintf(to, sizeof(to), "%s/%s", dir, files[i]->d_name) >=
			   (int)sizeof(to)))
			r = err_set(e, -ENAMETOOLONG, "%.64s...: the path is too long", dir);
		if (!r)
			r = copy_file(from, to, v, e);
		free(files[i]);
	}
	free(files);
	return r;
}

static int check_values(const char *device, char *dir, struct names *v, struct err *e)
{
	struct stat st;

	if (!stat(dir, &st))
		return err_set(e, -EEXIST, "%s exists already: name a new folder", dir);
	if (parse_name(dir, v))
		return err_set(e, -EINVAL, "%s: the folder names the driver, so its last part must "
			       "be 1 to %d bytes of [a-z0-9._-]", dir, NOTE_TEXT_MAX);
	if (parse_device(device, v))
		return err_set(e, -EINVAL, "device \"%s\": use VVVV:DDDD, PCI vendor and device id "
			       "in lower-case hexadecimal", device);
	if (!vendor_ok(v->vendor))
		return err_set(e, -EINVAL, "vendor \"%s\": use 1 to %d printable bytes but \", \\, "
			       "* and @", v->vendor, NOTE_TEXT_MAX);
	return 0;
}

int driver_new(int argc, char **argv)
{
	static const char form[] = "new --class nic --vendor NAME --device VVVV:DDDD DIR";
	const char *class = NULL, *vendor = NULL, *device = NULL;
	const struct driver_option opt[] = {
		{.name = "--class", .value = &class, .needed = true},
		{.name = "--vendor", .value = &vendor, .needed = true},
		{.name = "--device", .value = &device, .needed = true},
		{0},
	};
	char *dir = NULL;
	struct names v = {0};
	char template[4096];
	struct err e;
	int r = driver_args(argc, argv, opt, "DIR", &dir, form);

	if (r >= 0)
		return r;
	v.vendor = vendor;
	if (check_values(device, dir, &v, &e) ||
	    find_template(class, template, sizeof(template), &e) ||
	    copy_template(template, dir, &v, &e))
		return client_fail(&e);
	printf("%s: a %s driver that builds and loads: `make -C %s`, then `vmhi driver inspect "
	       "%s/%s.so`\n", dir, class, dir, dir, v.name);
	return 0;
}
