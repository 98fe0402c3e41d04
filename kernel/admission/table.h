/* SPDX-License-Identifier: Apache-2.0 */
/* The head and the operations of a loaded driver's table. */
#ifndef KERNEL_ADMISSION_TABLE_H
#define KERNEL_ADMISSION_TABLE_H

#include <vmhi/core.h>

#include "kernel/lib/err.h"

/* 0, or -EINVAL: not version 1, too short, or without an operation. */
int driver_table_check(const struct vmhi_driver_ops *ops, struct err *e);

#endif
