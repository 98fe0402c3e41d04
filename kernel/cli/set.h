/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for a keeper that was just started. */
#ifndef KERNEL_CLI_SET_H
#define KERNEL_CLI_SET_H

#include "kernel/cli/child.h"

/*
 * Waits until the keeper says on ready_fd that its drivers are attached. When it ends or takes too
 * long instead, stops it and words *e with the last line of its log (log may be NULL).
 */
int set_wait_ready(struct child *keeper, int ready_fd, const char *log, struct err *e);

#endif
