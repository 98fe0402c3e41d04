/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which control operation of its driver a worker is in: its thread's name, in place of its own. So
 * the keeper, and ps, can tell where a driver crashed or hangs, whatever became of its memory.
 */
#ifndef KERNEL_LIB_DRIVER_OP_H
#define KERNEL_LIB_DRIVER_OP_H

#include <stddef.h>
#include <sys/types.h>

#include "kernel/lib/err.h"

/* The operation that is called next; NULL: none. */
void driver_op(const char *name);

/* The operation returned r: 0, or a negative errno with e worded; -EPROTO if r is neither. */
int driver_op_end(int r, struct err *e);

/*
 * Writes the name of the operation that process pid is in to op; "" if its name is worker, that of
 * a process in none. Also of a process that has ended, until it is waited for.
 */
void driver_op_of(pid_t pid, const char *worker, char *op, size_t len);

#endif
