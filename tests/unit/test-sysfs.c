// SPDX-License-Identifier: Apache-2.0
/* PCI devices as sysfs tells of them, from a folder that looks like it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/bus/sysfs.h"
#include "tests/unit/cunit.h"

static char root[64];

static void run(const char *fmt, const char *a, const char *b)
{
	char cmd[512];

	snprintf(cmd, sizeof(cmd), fmt, root, a, b);
	CU_ASSERT_EQUAL_FATAL(system(cmd), 0);
}

/* A device with its files; driver and group may be "". */
static void add(const char *address, const char *class, const char *driver, const char *group)
{
	run("mkdir -p %s/bus/pci/devices/%s%s", address, "");
	run("cd %s/bus/pci/devices/%s && echo 0x8086 >vendor && echo 0x10d3 >device && "
	    "echo 0x1234 >subsystem_vendor && echo 0x5678 >subsystem_device && echo %s >class && "
	    "touch driver_override", address, class);
	if (driver[0])
		run("cd %s/bus/pci/devices/%s && mkdir -p ../../drivers/%s", address, driver);
	if (driver[0])
		run("cd %s/bus/pci/devices/%s && ln -s ../../drivers/%s driver && touch "
		    "driver/unbind", address, driver);
	if (group[0])
		run("cd %s/bus/pci/devices/%s && ln -s ../../../kernel/iommu_groups/%s iommu_group",
		    address, group);
}

static void begin(void)
{
	strcpy(root, "/tmp/vmhi-sysfs.XXXXXX");
	CU_ASSERT_FATAL(mkdtemp(root) != NULL);
	setenv("VMHI_SYSFS", root, 1);
}

static void end(void)
{
	run("rm -rf %s%s%s", "", "");
}

static void lists(void)
{
	struct pci_info *list;
	unsigned int n;
	struct err e;

	begin();
	CU_ASSERT_EQUAL(sysfs_list(&list, &n, &e), 0);
	CU_ASSERT_EQUAL(n, 0);
	add("0000:02:00.1", "0x020000", "", "");
	add("0000:00:04.0", "0x020000", "e1000e", "7");
	add("0000:00:1c.0", "0x060400", "pcieport", "8");
	run("mkdir -p %s/bus/pci/devices/%s%s", "not-an-address", "");
	CU_ASSERT_EQUAL_FATAL(sysfs_list(&list, &n, &e), 0);
	CU_ASSERT_EQUAL_FATAL(n, 3);
	CU_ASSERT_STRING_EQUAL(list[0].address, "0000:00:04.0");
	CU_ASSERT_EQUAL(list[0].vendor, 0x8086);
	CU_ASSERT_EQUAL(list[0].subdevice, 0x5678);
	CU_ASSERT_EQUAL(list[0].class, 0x020000);
	CU_ASSERT_STRING_EQUAL(list[0].driver, "e1000e");
	CU_ASSERT_EQUAL(list[0].group, 7);
	CU_ASSERT(list[0].bindable);
	CU_ASSERT(!list[1].bindable); /* a bridge */
	CU_ASSERT_EQUAL(list[2].group, -1);
	CU_ASSERT(!list[2].bindable);
	free(list);
	end();
}

static void says_what_to_do(void)
{
	struct pci_info i;
	struct err e;

	begin();
	add("0000:00:04.0", "0x020000", "e1000e", "7");
	add("0000:00:05.0", "0x020000", "vfio-pci", "9");
	add("0000:00:06.0", "0x020000", "", "");
	CU_ASSERT_EQUAL(sysfs_device("0000:00:04.0", &i, &e), 0);
	CU_ASSERT_EQUAL(sysfs_check_usable(&i, &e), -EBUSY);
	CU_ASSERT(strstr(e.msg, "vmhi device bind 0000:00:04.0") != NULL);
	CU_ASSERT(strstr(e.msg, "e1000e") != NULL);
	CU_ASSERT_EQUAL(sysfs_device("0000:00:05.0", &i, &e), 0);
	CU_ASSERT_EQUAL(sysfs_check_usable(&i, &e), 0);
	CU_ASSERT_EQUAL(sysfs_device("0000:00:06.0", &i, &e), 0);
	CU_ASSERT_EQUAL(sysfs_check_usable(&i, &e), -ENODEV);
	CU_ASSERT(strstr(e.msg, "IOMMU") != NULL);
	CU_ASSERT_EQUAL(sysfs_device("0000:00:07.0", &i, &e), -ENODEV);
	CU_ASSERT_EQUAL(sysfs_device("../../../etc", &i, &e), -EINVAL);
	CU_ASSERT_EQUAL(sysfs_device("0000:00:04.0/..", &i, &e), -EINVAL);
	end();
}

static void read_back(const char *file, char *out, size_t n)
{
	char path[256];
	int fd;
	ssize_t len;

	snprintf(path, sizeof(path), "%s/bus/pci/%s", root, file);
	fd = open(path, O_RDONLY);
	CU_ASSERT_FATAL(fd >= 0);
	len = read(fd, out, n - 1);
	out[len > 0 ? len : 0] = 0;
	close(fd);
}

/* What is written where; no kernel is behind it, so the device stays with its driver. */
static void binds(void)
{
	char text[64];
	struct err e;

	begin();
	add("0000:00:04.0", "0x020000", "e1000e", "7");
	add("0000:00:06.0", "0x020000", "", "");
	add("0000:00:1c.0", "0x060400", "pcieport", "8");
	CU_ASSERT_EQUAL(sysfs_bind("0000:00:04.0", &e), -ENOENT);
	CU_ASSERT(strstr(e.msg, "modprobe vfio-pci") != NULL);
	run("mkdir %s/bus/pci/drivers/%s%s", "vfio-pci", "");
	run("touch %s/bus/pci/%s%s", "drivers_probe", "");
	CU_ASSERT_EQUAL(sysfs_bind("0000:00:04.0", &e), -EIO);
	read_back("devices/0000:00:04.0/driver_override", text, sizeof(text));
	CU_ASSERT_STRING_EQUAL(text, "vfio-pci\n");
	read_back("drivers/e1000e/unbind", text, sizeof(text));
	CU_ASSERT_STRING_EQUAL(text, "0000:00:04.0");
	read_back("drivers_probe", text, sizeof(text));
	CU_ASSERT_STRING_EQUAL(text, "0000:00:04.0");
	CU_ASSERT_EQUAL(sysfs_bind("0000:00:06.0", &e), -EINVAL);
	CU_ASSERT_EQUAL(sysfs_bind("0000:00:1c.0", &e), -EINVAL);
	/* Not with vfio-pci: nothing to give back, nothing is written. */
	CU_ASSERT_EQUAL(sysfs_unbind("0000:00:1c.0", &e), 0);
	read_back("devices/0000:00:1c.0/driver_override", text, sizeof(text));
	CU_ASSERT_STRING_EQUAL(text, "");
	end();
}

static const struct unit_test tests[] = {
	{"lists devices", lists},
	{"says what to do", says_what_to_do},
	{"binds", binds},
};

UNIT_MAIN("PCI devices in sysfs", tests)
