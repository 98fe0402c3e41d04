/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run-time folder of something that has a name. Whoever holds the lock on it lives; sockets found
 * there without a holder are left over from one that was killed, and are removed.
 */
#ifndef KERNEL_LIB_RUNDIR_H
#define KERNEL_LIB_RUNDIR_H

#include "kernel/lib/err.h"

#define RUNDIR_MAX 61	/* bytes of its path: leaves room for a socket's name below it */

/*
 * RUN_DIR/KINDs/NAME, made and locked: its path goes to dir (RUNDIR_MAX bytes). sub, or NULL: a
 * folder in it for more sockets. The lock's descriptor; -EBUSY: another process has it.
 */
int rundir_open(const char *kind, const char *name, const char *sub, char *dir, struct err *e);
/* Removes it with all sockets in it. */
void rundir_close(int lock, const char *dir, const char *sub);

#endif
