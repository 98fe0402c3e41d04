/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One VM and all that was started for it: its folder, the programs that serve its disks, its own
 * set or its ports on shared ones. Whatever way it ends, nothing of it stays.
 */
#ifndef KERNEL_CLI_SESSION_H
#define KERNEL_CLI_SESSION_H

#include <jansson.h>
#include <stdbool.h>

#include "kernel/cli/child.h"
#include "kernel/lib/err.h"
#include "kernel/vm/config.h"

struct session {
	const struct vm_config *cfg;
	json_t *vm;			/* VM.json, being resolved for vmhi-vm */
	char dir[80];			/* RUN_DIR/vms/NAME */
	char set[40];			/* the VM's own set, "" if it has none */
	int lock, alive[2];		/* its own set ends when alive[1] closes */
	struct child keeper, disks[VM_DISKS_MAX], machine;
	const char *port_set[VM_NETS_MAX];	/* shared set that net i has a port on */
};

/* Whether the images are there and of a known format: before anything is made or started. */
int session_check_disks(const struct vm_config *cfg, struct err *e);

/* Makes the folder, or takes over what a dead predecessor left. -EBUSY: that VM runs. */
int session_open(struct session *s, const struct vm_config *cfg, json_t *vm, struct err *e);

/* Starts what serves the (checked) disks and networks, and replaces them by sockets in s->vm. */
int session_disks(struct session *s, struct err *e);
int session_nets(struct session *s, struct err *e);

/* Starts vmhi-vm on s->vm; stdio: the guest's console is ours. */
int session_machine(struct session *s, bool stdio, struct err *e);

/* Ends all of it and removes the folder. */
void session_close(struct session *s);

#endif
