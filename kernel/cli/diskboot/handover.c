// SPDX-License-Identifier: Apache-2.0
/* Hands the machine over to the disk's kernel, by kexec. */
#include "kernel/cli/diskboot/handover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_on(const struct disk *on, const char *path, struct err *e)
{
	int fd = disk_open(on, path);

	if (fd < 0)
		err_set(e, -errno, "%s: %s: %s", on->name, path, strerror(errno));
	return fd;
}

static int append(int to, int from)
{
	static const char zero[4];
	struct stat st;
	off_t at = 0;

	if (fstat(from, &st) < 0)
		return -1;
	while (at < st.st_size)
		if (sendfile(to, from, &at, (size_t)(st.st_size - at)) <= 0)
			return -1;
	return st.st_size % 4 ? (int)write(to, zero, 4 - (size_t)(st.st_size % 4)) : 0;
}

/* All initrds as one, each to a multiple of four bytes. -2: there are none. */
static int gather_initrds(const struct boot_entry *b, const struct disk *on, struct err *e)
{
	int all, rc = 0;

	if (!b->ninitrds)
		return -2;
	all = memfd_create("initrd", MFD_CLOEXEC);
	if (all < 0)
		return err_set(e, -errno, "initrd: %s", strerror(errno));
	for (unsigned int i = 0; i < b->ninitrds && rc >= 0; i++) {
		int fd = open_on(on, b->initrd[i], e);

		if (fd < 0)
			return fd;
		rc = append(all, fd);
		if (rc < 0)
			err_set(e, -errno, "%s: %s: %s", on->name, b->initrd[i], strerror(errno));
		close(fd);
	}
	return rc < 0 ? rc : all;
}

/* Devices are reset, so that none writes into memory that the next kernel takes for its own. */
static void release_devices(void)
{
	static const char dir[] = "/sys/bus/pci/drivers/virtio-pci";
	DIR *d = opendir(dir);
	char path[512];
	struct dirent *n;

	while (d && (n = readdir(d))) {
		int fd;

		if (!strchr(n->d_name, ':'))
			continue;
		snprintf(path, sizeof(path), "%s/unbind", dir);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, n->d_name, strlen(n->d_name)) < 0)
			printf("diskboot: %s stays bound: %s\n", n->d_name, strerror(errno));
		if (fd >= 0)
			close(fd);
	}
	if (d)
		closedir(d);
}

int handover(const struct boot_entry *b, const struct disk *on, struct err *e)
{
	int kernel = open_on(on, b->linux_path, e), initrd;
	unsigned long flags = 0;

	if (kernel < 0)
		return kernel;
	initrd = gather_initrds(b, on, e);
	if (initrd == -2)
		flags |= KEXEC_FILE_NO_INITRAMFS;
	else if (initrd < 0)
		return initrd;
	if (syscall(SYS_kexec_file_load, kernel, initrd, strlen(b->args) + 1, b->args, flags) < 0)
		return err_set(e, -errno, "%s: kexec does not take %s: %s", on->name, b->linux_path,
			       errno == ENOEXEC ? "it is not a bzImage" : strerror(errno));
	disks_unmount();
	release_devices();
	sync();
	reboot(RB_KEXEC);
	return err_set(e, -errno, "kexec: %s", strerror(errno));
}
