// SPDX-License-Identifier: Apache-2.0
#include "kernel/lib/driver-op.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#define NAME_MAX_BYTES 16	/* of a thread's name, with its end */

static char own[NAME_MAX_BYTES];	/* the name outside of any operation */
static const char *current;

void driver_op(const char *name)
{
	if (!own[0])
		prctl(PR_GET_NAME, own);
	prctl(PR_SET_NAME, name ? name : own);
	current = name;
}

int driver_op_end(int r, struct err *e)
{
	const char *op = current;

	driver_op(NULL);
	if (r > 0 || r < -4095)
		return err_set(e, -EPROTO, "the driver's %s() returned %d: must be 0 or a negative "
			       "VMHI_E value", op, r);
	return r ? err_set(e, r, "the driver's %s() failed: %s", op, strerror(-r)) : 0;
}

void driver_op_of(pid_t pid, const char *worker, char *op, size_t len)
{
	char path[40], name[NAME_MAX_BYTES + 1] = "";
	FILE *f;

	op[0] = 0;
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	f = fopen(path, "re");
	if (!f)
		return;
	/* A driver may have given itself any name. */
	if (fscanf(f, "%16[a-z_-]", name) == 1 && strcmp(name, worker))
		snprintf(op, len, "%s", name);
	fclose(f);
}
