// SPDX-License-Identifier: Apache-2.0
#include "kernel/cli/diskboot.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "kernel/lib/paths.h"

/* vmhi-diskboot finds or makes the two files and prints "kernel=PATH" and "initrd=PATH". */
int diskboot_prepare(json_t *vm, struct err *e)
{
	char program[PATH_MAX], line[PATH_MAX + 16];
	const char *append = json_string_value(json_object_get(vm, "cmdline"));
	char cmdline[2048];
	int r = path_program("vmhi-diskboot", program, sizeof(program), e), status;
	FILE *f;

	if (r)
		return r;
	f = popen(program, "re");
	if (!f)
		return err_set(e, -errno, "%s: cannot be started: %s", program, strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, "kernel=", 7) || !strncmp(line, "initrd=", 7)) {
			line[6] = 0;
			json_object_set_new(vm, line, json_string(line + 7));
		}
	}
	status = pclose(f);
	if (status || !json_object_get(vm, "kernel") || !json_object_get(vm, "initrd"))
		return err_set(e, -ENOENT, "no kernel to boot the disk with, as said above: give "
			       "--kernel and --initrd, or make one readable");
	/* the options given are for the image's kernel, which takes them after its own */
	snprintf(cmdline, sizeof(cmdline), "console=ttyS0 quiet%s%s", append ? " -- " : "",
		 append ? append : "");
	json_object_set_new(vm, "cmdline", json_string(cmdline));
	return 0;
}
