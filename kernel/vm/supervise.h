/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine runs in a process of its own, so that it can give up everything that starting anew and
 * cleaning up take. Who started vmhi-vm sees the other process, which only waits.
 */
#ifndef KERNEL_VM_SUPERVISE_H
#define KERNEL_VM_SUPERVISE_H

#include "kernel/lib/err.h"

/*
 * Runs fn in a child and waits for its end; SIGTERM, SIGINT and SIGHUP are passed on. 0 with how it
 * ended, as waitpid() tells it, or -errno.
 */
int supervise(int (*fn)(void *arg), void *arg, int *status, struct err *e);

#endif
