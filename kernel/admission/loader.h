/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading an admitted driver. Only the worker links this: the keeper must not be able to load
 * anything. A driver is never unloaded: its process ends.
 */
#ifndef KERNEL_ADMISSION_LOADER_H
#define KERNEL_ADMISSION_LOADER_H

#include <vmhi/core.h>

#include "kernel/lib/err.h"

/*
 * Loads the sealed copy that admission_check() admitted, and finds its table, whose head and
 * operations are checked. A handle that stays valid for ever, or NULL with *e worded. Needs
 * /proc: call it before the sandbox closes.
 */
void *loader_open(int memfd, const struct vmhi_driver_ops **ops, struct err *e);

#endif
