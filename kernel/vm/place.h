/* SPDX-License-Identifier: Apache-2.0 */
/* A VM's folder under the run-time folder: RUN_DIR/vms/NAME, one process at a time. */
#ifndef KERNEL_VM_PLACE_H
#define KERNEL_VM_PLACE_H

#include "kernel/lib/err.h"

struct place {
	char dir[96];		/* so that "/control" still fits a socket's path */
	char control[108];
	int fd;			/* of the folder; its lock says that the VM runs */
};

/* Makes and locks it; -EBUSY when that VM runs. What a killed predecessor left is replaced. */
int place_take(const char *name, struct place *p, struct err *e);

/* Removes it. The socket is gone already. */
void place_leave(struct place *p);

#endif
