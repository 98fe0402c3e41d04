// SPDX-License-Identifier: Apache-2.0
/* Looks through every partition for grub.cfg and boot loader entries. */
#include "kernel/cli/diskboot/disks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_DISKS 128
#define MAX_TEXT (4 << 20)
#define WAIT_MS 10000

static struct disk disks[MAX_DISKS];
static unsigned int ndisks;

/* --- block devices --- */

static unsigned int partition_number(const char *name)
{
	char path[128];
	unsigned int n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/block/%s/partition", name);
	f = fopen(path, "re");
	if (f && fscanf(f, "%u", &n) != 1)
		n = 0;
	if (f)
		fclose(f);
	return n;
}

static int by_name(const void *a, const void *b)
{
	return strverscmp(((const struct disk *)a)->name, ((const struct disk *)b)->name);
}

static void list_disks(void)
{
	DIR *d = opendir("/sys/class/block");
	struct dirent *n;
	unsigned int disk = 0;

	ndisks = 0;
	while (d && (n = readdir(d)) && ndisks < MAX_DISKS) {
		struct disk *k = &disks[ndisks];

		if (*n->d_name == '.' || strlen(n->d_name) >= sizeof(k->name) ||
		    !strncmp(n->d_name, "loop", 4) || !strncmp(n->d_name, "ram", 3))
			continue;
		memset(k, 0, sizeof(*k));
		strcpy(k->name, n->d_name);
		k->partition = partition_number(k->name);
		ndisks++;
	}
	if (d)
		closedir(d);
	qsort(disks, ndisks, sizeof(*disks), by_name);
	for (unsigned int i = 0; i < ndisks; i++) {
		if (i && !disks[i].partition)
			disk++;
		disks[i].number = disk;
	}
}

static void mount_disk(struct disk *k)
{
	static char tried[64];
	char dev[64];
	int fd, rc;

	snprintf(dev, sizeof(dev), "/dev/%s", k->name);
	fd = open(dev, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || filesystem_probe(fd, &k->fs) < 0) {
		printf("diskboot: cannot read %s: %s\n", dev, strerror(errno));
		if (fd >= 0)
			close(fd);
		return;
	}
	close(fd);
	if (k->fs.cannot)
		printf("diskboot: %s %s, and is passed over\n", k->name, k->fs.cannot);
	if (!k->fs.type)
		return;
	if (!strstr(tried, k->fs.type)) {
		load_modules(k->fs.type);
		strncat(tried, k->fs.type, sizeof(tried) - strlen(tried) - 1);
	}
	snprintf(k->dir, sizeof(k->dir), "/mnt/%s", dev + strlen("/dev/"));
	mkdir("/mnt", 0755);
	mkdir(k->dir, 0755);
	rc = mount(dev, k->dir, k->fs.type, MS_RDONLY | MS_NODEV | MS_NOSUID | MS_NOEXEC,
		   k->fs.options);
	if (rc < 0) {
		printf("diskboot: %s (%s) does not mount: %s\n", k->name, k->fs.type, strerror(errno));
		*k->dir = 0;
	}
}

void disks_unmount(void)
{
	for (unsigned int i = 0; i < ndisks; i++)
		if (*disks[i].dir)
			umount2(disks[i].dir, MNT_DETACH);
}

/* --- files on them --- */

int disk_open(const struct disk *k, const char *path)
{
	/* a link on the disk means a place on the disk */
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
				.resolve = RESOLVE_IN_ROOT };
	int dir = open(k->dir, O_PATH | O_CLOEXEC), fd;

	fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
	if (dir >= 0)
		close(dir);
	return fd;
}

/* A whole file; empty if there is none, or if it is too large to be what it should be. */
static struct text read_text(const struct disk *k, const char *path)
{
	struct text t = { "", 0 };
	int fd = disk_open(k, path);
	struct stat st;
	char *buf;
	ssize_t n;

	if (fd < 0)
		return t;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 && st.st_size <= MAX_TEXT) {
		buf = malloc((size_t)st.st_size);
		n = buf ? read(fd, buf, (size_t)st.st_size) : -1;
		if (n > 0)
			t = (struct text){ buf, (size_t)n };
		else
			free(buf);
	}
	close(fd);
	return t;
}

static int has_file(const struct disk *k, const char *path)
{
	int fd = *k->dir ? disk_open(k, path) : -1, yes = 0;
	struct stat st;

	if (fd >= 0) {
		yes = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
		close(fd);
	}
	return yes;
}

/* hd0,msdos1 or (hd0,gpt2) */
static int is_grub_device(const struct disk *k, const char *name)
{
	unsigned int disk, part = 0;
	const char *digits;

	name += *name == '(';
	if (sscanf(name, "hd%u", &disk) != 1 || disk != k->number)
		return 0;
	digits = strchr(name, ',');
	if (digits)
		part = (unsigned int)atoi(digits + strcspn(digits, "0123456789"));
	return part == k->partition;
}

/* The file system that the entry's kernel is on: the one it names, else where the entry was found,
 * else any that has such a file. */
static struct disk *find_root(const struct boot_entry *b, struct disk *found)
{
	for (unsigned int i = 0; *b->root_uuid && i < ndisks; i++)
		if (!strcasecmp(disks[i].fs.uuid, b->root_uuid) && has_file(&disks[i], b->linux_path))
			return &disks[i];
	for (unsigned int i = 0; *b->root_label && i < ndisks; i++)
		if (!strcmp(disks[i].fs.label, b->root_label) && has_file(&disks[i], b->linux_path))
			return &disks[i];
	for (unsigned int i = 0; *b->root_device && i < ndisks; i++)
		if (is_grub_device(&disks[i], b->root_device) && has_file(&disks[i], b->linux_path))
			return &disks[i];
	if (has_file(found, b->linux_path))
		return found;
	for (unsigned int i = 0; i < ndisks; i++)
		if (has_file(&disks[i], b->linux_path))
			return &disks[i];
	return NULL;
}

/* --- configurations --- */

/* The entry file that "wanted" names, else the newest. name is without .conf. */
static int choose_bls(const struct disk *k, const char *dir, const char *wanted, char *name, size_t size)
{
	int fd = disk_open(k, dir), exact = 0;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *n;

	*name = 0;
	while (d && (n = readdir(d)) && !exact) {
		size_t len = strlen(n->d_name);

		if (len < 6 || len >= size || strcmp(n->d_name + len - 5, ".conf"))
			continue;
		n->d_name[len - 5] = 0;
		exact = !strcmp(n->d_name, wanted);
		/* a rescue image is for when nothing else boots */
		if (!exact && strstr(n->d_name, "-rescue"))
			continue;
		if (exact || !*name || bls_newer(n->d_name, name))
			strcpy(name, n->d_name);
	}
	if (d)
		closedir(d);
	return *name;
}

static int try_bls(const struct disk *k, const char *wanted, struct text env, struct boot_entry *b,
		   struct err *e)
{
	static const char *const dirs[] = { "boot/loader/entries", "loader/entries",
					    "@/boot/loader/entries", "root/boot/loader/entries" };
	char name[256], path[512];

	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		struct text conf;
		int rc;

		if (!choose_bls(k, dirs[i], wanted, name, sizeof(name)))
			continue;
		snprintf(path, sizeof(path), "%s/%s.conf", dirs[i], name);
		conf = read_text(k, path);
		rc = bls_parse(conf, env, b, e);
		if (conf.len)
			free((void *)conf.p);
		return rc ? err_prefix(e, "%s: %s", k->name, path) : 0;
	}
	return err_set(e, -ENOENT, "%s: no boot loader entries", k->name);
}

/* -ENOENT: this partition says nothing of what to boot. */
static int try_disk(const struct disk *k, struct boot_entry *b, struct err *e)
{
	static const char *const dirs[] = { "boot/grub", "boot/grub2", "grub", "grub2", "@/boot/grub",
					    "@/boot/grub2", "root/boot/grub", "root/boot/grub2" };

	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		struct text cfg, env;
		char path[64];
		int rc;

		snprintf(path, sizeof(path), "%s/grub.cfg", dirs[i]);
		cfg = read_text(k, path);
		if (!cfg.len)
			continue;
		snprintf(path, sizeof(path), "%s/grubenv", dirs[i]);
		env = read_text(k, path);
		rc = grub_default_entry(cfg, env, b, e);
		if (rc == -EAGAIN) {
			char wanted[256];

			strcpy(wanted, b->title);
			rc = try_bls(k, wanted, env, b, e);
		} else if (rc) {
			err_prefix(e, "%s: %s", k->name, dirs[i]);
		}
		free((void *)cfg.p);
		if (env.len)
			free((void *)env.p);
		return rc;
	}
	return try_bls(k, "", (struct text){ "", 0 }, b, e);
}

static int find_on_disks(struct boot_entry *b, struct disk **on, struct err *e)
{
	for (unsigned int i = 0; i < ndisks; i++) {
		int rc = *disks[i].dir ? try_disk(&disks[i], b, e) : -ENOENT;

		if (rc == -ENOENT)
			continue;
		if (rc)
			return rc;
		*on = find_root(b, &disks[i]);
		if (*on)
			return 0;
		return err_set(e, -ENOENT, "%s: its entry '%s' wants %s, which is on no partition that "
			       "could be mounted", disks[i].name, b->title, b->linux_path);
	}
	return err_set(e, -ENOENT, "no grub.cfg and no boot loader entry on any of %u disks and "
		       "partitions (LUKS, LVM and unified kernel images are not supported)", ndisks);
}

int disks_find_entry(struct boot_entry *b, struct disk **on, struct err *e)
{
	for (int ms = 0; list_disks(), !ndisks; ms += 100) {
		if (ms >= WAIT_MS)
			return err_set(e, -ENODEV, "the VM has no disk");
		usleep(100000);
	}
	for (unsigned int i = 0; i < ndisks; i++)
		mount_disk(&disks[i]);
	return find_on_disks(b, on, e);
}
