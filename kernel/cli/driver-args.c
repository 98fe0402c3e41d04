// SPDX-License-Identifier: Apache-2.0
/* The arguments of vmhi driver's sub-commands: what is wrong about them is named. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kernel/cli/driver.h"

static int wrong(const char *form, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int wrong(const char *form, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "vmhi driver %.*s: ", (int)strcspn(form, " "), form);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\nusage: vmhi driver %s\n", form);
	return 2;
}

int driver_args(int argc, char **argv, const struct driver_option *opt, const char *what,
		char **operand, const char *form)
{
	const struct driver_option *o;

	for (int i = 1; i < argc; i++) {
		for (o = opt; o->name && strcmp(o->name, argv[i]); o++)
			;
		if (!strcmp(argv[i], "--help")) {
			printf("usage: vmhi driver %s\n", form);
			return 0;
		}
		if (o->flag) {
			*o->flag = true;
		} else if (o->name) {
			if (*o->value)
				return wrong(form, "%s is there twice", o->name);
			if (i + 1 == argc)
				return wrong(form, "%s needs a value", o->name);
			*o->value = argv[++i];
		} else if (argv[i][0] == '-') {
			return wrong(form, "no option \"%s\"", argv[i]);
		} else if (*operand) {
			return wrong(form, "\"%s\" is one %s too many", argv[i], what);
		} else {
			*operand = argv[i];
		}
	}
	for (o = opt; o->name; o++)
		if (o->needed && !*o->value)
			return wrong(form, "%s is missing", o->name);
	return *operand ? -1 : wrong(form, "%s is missing", what);
}
