/* SPDX-License-Identifier: Apache-2.0 */
/* A worker that runs, as a campaign sees it: where the driver's parts lie, and access to them. */
#ifndef TESTS_FAULTS_TARGET_H
#define TESTS_FAULTS_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct range {
	uint64_t at, len;	/* in the worker; len 0: not there */
};

#define TARGET_CALLS 16		/* at most, of the table that a driver is given */

struct target {
	pid_t pid;
	int mem;		/* its /proc/PID/mem */
	struct range code, data;	/* of the driver */
	struct range dma;		/* memory that the driver allocated: rings, its device structure */
	uint64_t call[TARGET_CALLS];	/* entries of the host's functions */
	unsigned int ncalls;
};

/* driver: the file the set was given; worker: the program. 0 or -errno (-ESRCH: it is gone). */
int target_open(struct target *t, pid_t pid, const char *driver, const char *worker);
void target_close(struct target *t);

/* True if all of it was read, or written. A worker that is gone has no memory. */
bool target_read(const struct target *t, uint64_t at, void *buf, size_t n);
bool target_write(const struct target *t, uint64_t at, const void *buf, size_t n);

#endif
