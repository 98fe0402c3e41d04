// SPDX-License-Identifier: Apache-2.0
/* Loads an admitted driver with libltdl, and looks at the head of its table. */
#include "kernel/admission/loader.h"

#include <errno.h>
#include <fcntl.h>
#include <ltdl.h>
#include <stddef.h>
#include <stdio.h>

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int check_table(const struct vmhi_driver_ops *ops, struct err *e)
{
	/* Version 1 ends with event(); a longer table is a newer driver's, and is fine. */
	const size_t need = offsetof(struct vmhi_driver_ops, event) + sizeof(ops->event);

	if (ops->h.id != VMHI_IF_DRIVER || ops->h.version != 1)
		return err_set(e, -EINVAL,
			       "vmhi_driver is interface %u version %u, wanted %u version 1",
			       ops->h.id, ops->h.version, VMHI_IF_DRIVER);
	if (ops->h.size < need)
		return err_set(e, -EINVAL, "vmhi_driver has %u bytes, version 1 has %zu",
			       ops->h.size, need);
	if (!ops->attach || !ops->start || !ops->quiesce || !ops->detach || !ops->forget ||
	    !ops->query || !ops->event)
		return err_set(e, -EINVAL, "vmhi_driver leaves out an operation: version 1 "
			       "requires all seven");
	return 0;
}

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
	if (check_table(table, e))
		return NULL;
	*ops = table;
	return handle;
}
