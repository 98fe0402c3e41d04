/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that a command starts, hands descriptors to, and ends with itself. */
#ifndef KERNEL_CLI_CHILD_H
#define KERNEL_CLI_CHILD_H

#include <sys/types.h>

#include "kernel/lib/err.h"

struct child {
	pid_t pid;		/* 0: not running */
	const char *what;	/* for messages */
};

/* A descriptor of ours and the number that the child finds it under. */
struct child_fd {
	int from, to;
};

/*
 * Starts argv[0] (a path, or a name on PATH). Only the named descriptors and 0 to 2 are passed on.
 * log: a file that its output is appended to, or NULL to share ours. The child gets SIGTERM when
 * this process dies, however that happens.
 */
int child_start(struct child *c, const char *what, char *const argv[], const struct child_fd *fds,
		int nfds, const char *log, struct err *e);

/* As child_start(), in a session of its own that outlives this process. */
int child_start_daemon(struct child *c, const char *what, char *const argv[],
		       const struct child_fd *fds, int nfds, const char *log, struct err *e);

/* SIGTERM, up to ms of patience, SIGKILL; reaps it. */
void child_stop(struct child *c, int ms);

/* "exited with status 3" or "was ended by signal 9 (Killed)". */
const char *child_fate(int status, char *buf, size_t n);

#endif
