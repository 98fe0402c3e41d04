// SPDX-License-Identifier: Apache-2.0
/*
 * /init of the disk boot's initramfs: finds the boot loader's configuration on the VM's disks,
 * and boots the kernel that it names by kexec. Nothing is written to a disk.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/cli/diskboot/disks.h"
#include "kernel/cli/diskboot/handover.h"

static void load_module(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST && errno != ENODEV))
		printf("diskboot: %s does not load: %s\n", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* /modules/NAME.list holds paths, in the order to load them in. */
void load_modules(const char *name)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "/modules/%s.list", name);
	f = fopen(path, "re");
	while (f && fgets(path, sizeof(path), f)) {
		path[strcspn(path, "\n")] = 0;
		load_module(path);
	}
	if (f)
		fclose(f);
}

static void start(void)
{
	int fd;

	mount("proc", "/proc", "proc", 0, "");
	mount("sysfs", "/sys", "sysfs", 0, "");
	mount("devtmpfs", "/dev", "devtmpfs", 0, "");
	fd = open("/dev/console", O_RDWR);
	for (int i = 0; fd >= 0 && i < 3; i++)
		dup2(fd, i);
	setvbuf(stdout, NULL, _IOLBF, 0);
	load_modules("base");
}

static void add_argument(struct boot_entry *b, const char *arg)
{
	size_t at = strlen(b->args);

	snprintf(b->args + at, sizeof(b->args) - at, "%s%s", at ? " " : "", arg);
}

/*
 * What follows "--" on this kernel's command line goes behind the disk's. Init's own arguments are
 * not it: the kernel puts words there that it does not know. And the disk's kernel speaks where
 * this one does, unless it was told where to speak.
 */
static void add_arguments(struct boot_entry *b)
{
	char line[4096] = "", consoles[4096], *save = NULL;
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC), behind = 0;

	if (fd < 0 || read(fd, line, sizeof(line) - 1) < 0)
		*line = 0;
	if (fd >= 0)
		close(fd);
	strcpy(consoles, line);
	for (char *w = strtok_r(line, " \n", &save); w; w = strtok_r(NULL, " \n", &save)) {
		if (behind)
			add_argument(b, w);
		behind |= !strcmp(w, "--");
	}
	if (strstr(b->args, "console="))
		return;
	for (char *w = strtok_r(consoles, " \n", &save); w && strcmp(w, "--");
	     w = strtok_r(NULL, " \n", &save))
		if (!strncmp(w, "console=", 8))
			add_argument(b, w);
}

int main(void)
{
	struct err e = { 0 };
	struct boot_entry *b = calloc(1, sizeof(*b));
	struct disk *on = NULL;

	start();
	if (b && disks_find_entry(b, &on, &e) == 0) {
		add_arguments(b);
		printf("diskboot: booting '%s' from %s: %s %s\n", b->title, on->name, b->linux_path,
		       b->args);
		handover(b, on, &e);
	}
	printf("diskboot: error: %s\n", b ? e.msg : "out of memory");
	sync();
	reboot(RB_POWER_OFF);
	return 1;
}
