// SPDX-License-Identifier: Apache-2.0
/* Loads an admitted driver with libltdl. */
#include "kernel/admission/loader.h"

#include <errno.h>
#include <fcntl.h>
#include <ltdl.h>
#include <stdio.h>

#include "kernel/admission/table.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

void *loader_open(int memfd, const struct vmhi_driver_ops **ops, struct err *e)
{
	const struct vmhi_driver_ops *table;
	lt_dlhandle handle;
	char path[64];

	if (fcntl(memfd, F_GET_SEALS) < 0 || (fcntl(memfd, F_GET_SEALS) & SEALS) != SEALS) {
		err_set(e, -EINVAL, "the driver's copy is not sealed");
		return NULL;
	}
	if (lt_dlinit()) {
		err_set(e, -ENOSYS, "libltdl: %s", lt_dlerror());
		return NULL;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", memfd);
	handle = lt_dlopen(path);
	if (!handle) {
		err_set(e, -ENOEXEC, "the driver cannot be loaded: %s", lt_dlerror());
		return NULL;
	}
	lt_dlmakeresident(handle);
	table = lt_dlsym(handle, "vmhi_driver");
	if (!table) {
		err_set(e, -ENOEXEC, "the driver has no symbol vmhi_driver: %s", lt_dlerror());
		return NULL;
	}
	if (driver_table_check(table, e))
		return NULL;
	*ops = table;
	return handle;
}
