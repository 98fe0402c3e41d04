/* SPDX-License-Identifier: Apache-2.0 */
/* Commands to a running model: one line in a datagram, without an answer. */
#ifndef VMHI_MODEL_COMMANDS_H
#define VMHI_MODEL_COMMANDS_H

#include <stdbool.h>

#include <vmhi-model/loop.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MODEL_COMMAND_MAX 2048	/* bytes of a line; the rest of a longer one is lost */

struct model_commands;

/*
 * A unix datagram socket at path, readable by its owner only. fn is called from the loop with each
 * line (a newline at its end is taken off); false: it was not understood, which the log says. fn
 * must not call model_commands_close(). 0 and *c; -ENAMETOOLONG, -ENOMEM, -ENOSPC from the loop,
 * -EADDRINUSE (a file is there) and those of socket(2) and bind(2).
 */
int model_commands_listen(struct model_loop *l, const char *path,
			  bool (*fn)(void *arg, const char *line), void *arg,
			  struct model_commands **c);
/* Closes and removes the socket. NULL is let be. */
void model_commands_close(struct model_commands *c);

#ifdef __cplusplus
}
#endif

#endif
