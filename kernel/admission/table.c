// SPDX-License-Identifier: Apache-2.0
#include "kernel/admission/table.h"

#include <errno.h>
#include <stddef.h>

int driver_table_check(const struct vmhi_driver_ops *ops, struct err *e)
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
