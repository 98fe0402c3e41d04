/* SPDX-License-Identifier: Apache-2.0 */
/* Used by the keeper: starts a worker. */
#ifndef KERNEL_WORKER_LAUNCH_H
#define KERNEL_WORKER_LAUNCH_H

#include <stdbool.h>
#include <sys/types.h>

#include "kernel/lib/err.h"

struct worker_ends {
	int command, request;	/* its CHAN_FD_* */
	int output;		/* its standard output and error */
};

/*
 * Starts program for the set called name, in as many namespaces as are permitted here; *own_mounts:
 * one of them is for mounts (and must be, where it was true before). It gets a copy of each of its ends.
 * Its pid, and a descriptor that can be read once it has ended; or -errno.
 */
pid_t worker_launch(const char *program, const char *name, const struct worker_ends *ends,
		    int *pidfd, bool *own_mounts, struct err *e);

#endif
