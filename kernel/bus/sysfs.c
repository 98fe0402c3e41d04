// SPDX-License-Identifier: Apache-2.0
#include "kernel/bus/sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_LEN 256

static const char *sysfs(void)
{
	const char *over = getenv("VMHI_SYSFS");

	return over && *over ? over : "/sys";
}

static void device_path(char *out, const char *address, const char *file)
{
	snprintf(out, PATH_LEN, "%s/bus/pci/devices/%s/%s", sysfs(), address, file);
}

/* A file of one number in hexadecimal; 0 if there is none. */
static uint32_t read_hex(const char *address, const char *file)
{
	char path[PATH_LEN], text[32] = "";
	int fd;

	device_path(path, address, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = 0;
	close(fd);
	return (uint32_t)strtoul(text, NULL, 16);
}

/* The last part of what a symbolic link points to; "" if there is none. */
static void read_link(const char *address, const char *file, char *out, size_t n)
{
	char path[PATH_LEN], target[PATH_LEN];
	ssize_t len;

	device_path(path, address, file);
	len = readlink(path, target, sizeof(target) - 1);
	target[len > 0 ? len : 0] = 0;
	snprintf(out, n, "%.*s", (int)n - 1,
		 strrchr(target, '/') ? strrchr(target, '/') + 1 : target);
}

static int check_address(const char *address, struct err *e)
{
	unsigned int domain, bus, dev, fn;
	int end = 0;

	if (strlen(address) == 12 &&
	    sscanf(address, "%4x:%2x:%2x.%1x%n", &domain, &bus, &dev, &fn, &end) == 4 &&
	    end == 12)
		return 0;
	return err_set(e, -EINVAL, "%.32s: not a PCI address such as 0000:00:04.0", address);
}

static void fill(const char *address, struct pci_info *out)
{
	char group[16];

	memset(out, 0, sizeof(*out));
	snprintf(out->address, sizeof(out->address), "%s", address);
	out->vendor = (uint16_t)read_hex(address, "vendor");
	out->device = (uint16_t)read_hex(address, "device");
	out->subvendor = (uint16_t)read_hex(address, "subsystem_vendor");
	out->subdevice = (uint16_t)read_hex(address, "subsystem_device");
	out->class = read_hex(address, "class");
	read_link(address, "driver", out->driver, sizeof(out->driver));
	read_link(address, "iommu_group", group, sizeof(group));
	out->group = group[0] ? atoi(group) : -1;
	out->bindable = out->group >= 0 && out->class >> 16 != 0x06;
}

int sysfs_device(const char *address, struct pci_info *out, struct err *e)
{
	char path[PATH_LEN];
	int r = check_address(address, e);

	if (r)
		return r;
	device_path(path, address, "vendor");
	if (access(path, R_OK) < 0)
		return err_set(e, -ENODEV, "%s: there is no such PCI device; \"vmhi device list\" "
			       "shows those that are there", address);
	fill(address, out);
	return 0;
}

static int by_address(const void *a, const void *b)
{
	return strcmp(((const struct pci_info *)a)->address, ((const struct pci_info *)b)->address);
}

int sysfs_list(struct pci_info **list, unsigned int *n, struct err *e)
{
	struct pci_info *all = NULL;
	char path[PATH_LEN];
	struct dirent *ent;
	DIR *d;

	*n = 0;
	snprintf(path, sizeof(path), "%s/bus/pci/devices", sysfs());
	d = opendir(path);
	if (!d && errno != ENOENT)
		return err_set(e, -errno, "%s: %s", path, strerror(errno));
	while (d && (ent = readdir(d))) {
		struct pci_info *more;

		if (check_address(ent->d_name, NULL))
			continue;
		more = realloc(all, (*n + 1) * sizeof(*all));
		if (!more) {
			free(all);
			closedir(d);
			return err_set(e, -ENOMEM, "no memory for the list of devices");
		}
		all = more;
		fill(ent->d_name, &all[(*n)++]);
	}
	if (d)
		closedir(d);
	if (*n)
		qsort(all, *n, sizeof(*all), by_address);
	*list = all;
	return 0;
}

int sysfs_check_usable(const struct pci_info *i, struct err *e)
{
	if (i->group < 0)
		return err_set(e, -ENODEV, "%s: no IOMMU stands over it: switch the IOMMU on in "
			       "the firmware, and boot with intel_iommu=on", i->address);
	if (strcmp(i->driver, "vfio-pci"))
		return err_set(e, -EBUSY, "%s: %s%s: run \"vmhi device bind %s\"", i->address,
			       i->driver[0] ? "driven by the host's " : "bound to no driver",
			       i->driver, i->address);
	return 0;
}

static int write_text(const char *path, const char *text, struct err *e)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), r = 0;

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		r = err_set(e, -errno, "%s: %s%s", path, strerror(errno),
			    errno == EACCES || errno == EPERM ? ": run this as root" : "");
	if (fd >= 0)
		close(fd);
	return r;
}

/* Takes the device from its driver, says which one may have it, lets the kernel look again. */
static int rebind(const struct pci_info *i, const char *override, struct err *e)
{
	char path[PATH_LEN];
	int r;

	device_path(path, i->address, "driver_override");
	r = write_text(path, override, e);
	if (r == 0 && i->driver[0]) {
		device_path(path, i->address, "driver/unbind");
		r = write_text(path, i->address, e);
	}
	if (r)
		return r;
	snprintf(path, sizeof(path), "%s/bus/pci/drivers_probe", sysfs());
	return write_text(path, i->address, e);
}

int sysfs_bind(const char *address, struct err *e)
{
	struct pci_info i;
	char path[PATH_LEN];
	int r = sysfs_device(address, &i, e);

	if (r || !strcmp(i.driver, "vfio-pci"))
		return r;
	if (!i.bindable)
		return err_set(e, -EINVAL, "%s: %s", address, i.group < 0 ?
			       "no IOMMU stands over it: boot with intel_iommu=on" :
			       "a bridge cannot be given to a driver");
	snprintf(path, sizeof(path), "%s/bus/pci/drivers/vfio-pci", sysfs());
	if (access(path, F_OK) < 0)
		return err_set(e, -ENOENT, "the kernel has no vfio-pci: run \"modprobe vfio-pci\"");
	r = rebind(&i, "vfio-pci\n", e);
	if (r == 0)
		r = sysfs_device(address, &i, e);
	if (r == 0 && strcmp(i.driver, "vfio-pci"))
		r = err_set(e, -EIO, "%s: vfio-pci did not take it: the kernel's log says why",
			    address);
	return r;
}

int sysfs_unbind(const char *address, struct err *e)
{
	struct pci_info i;
	int r = sysfs_device(address, &i, e);

	if (r || strcmp(i.driver, "vfio-pci"))
		return r;
	return rebind(&i, "\n", e);
}
