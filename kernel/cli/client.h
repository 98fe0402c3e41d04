/* SPDX-License-Identifier: Apache-2.0 */
/* What every command shares: control sockets by name, lists of what runs, tables. */
#ifndef KERNEL_CLI_CLIENT_H
#define KERNEL_CLI_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "kernel/lib/err.h"

/* RUN_DIR/kind/name/leaf; kind: "sets" or "vms". */
int client_path(const char *kind, const char *name, const char *leaf, char *out, size_t n,
		struct err *e);

/*
 * Asks the set or VM of that name. request is taken over. fd_out as control_request(). Says that
 * it does not run, and how to start it, when nobody answers.
 */
json_t *client_ask(const char *kind, const char *name, json_t *request, int *fd_out,
		   struct err *e);

/* Sorted names under RUN_DIR/kind whose control socket answers: a new JSON array of strings. */
json_t *client_running(const char *kind, struct err *e);

/*
 * Prints an array of objects: as JSON, or as a table of the columns named. Each column is
 * "key:TITLE", or "object.key:TITLE" for a member's member; absent values are "-".
 */
void client_table(const json_t *rows, const char *const columns[], bool as_json);

/* Prints "vmhi: text" and answers the exit status of a failed command. */
int client_fail(const struct err *e);

/* argv without the first "--json"; tells whether it was there. */
bool client_wants_json(int *argc, char **argv);

#endif
