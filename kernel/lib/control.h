/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control sockets: one JSON object a line each way. A request is {"op": "...", ...}; the answer is
 * {"ok": true, ...} or {"ok": false, "error": "one line"}. Only root and the server's own user are
 * let in (SO_PEERCRED).
 */
#ifndef KERNEL_LIB_CONTROL_H
#define KERNEL_LIB_CONTROL_H

#include <jansson.h>

#include "kernel/lib/err.h"
#include "kernel/lib/event.h"

#define CONTROL_LINE_MAX   65536		/* a request */
#define CONTROL_ANSWER_MAX (1u << 20)	/* 255 ports with their counters are some 84 KiB */
#define CONTROL_ANSWER_S   10

struct control_server;

/*
 * Answers one request. Returns the answer's members (a new object; "ok" is added), or NULL with *e
 * worded. To take the connection over (a console), return an answer and set *take: after the answer
 * is sent, take_fn gets the descriptor and owns it.
 */
struct control_take {
	void (*fn)(void *arg, int fd);
	void *arg;
};
typedef json_t *(*control_fn)(void *arg, const char *op, const json_t *request,
			      struct control_take *take, struct err *e);

struct control_server *control_server_new(struct event_loop *l, const char *path, control_fn fn,
					  void *arg, struct err *e);
/* Closes every connection and unlinks the socket. */
void control_server_free(struct control_server *s);

/*
 * Client: one request, one answer, waiting at most CONTROL_ANSWER_S (then e->code is -ETIMEDOUT).
 * The answer's object, or NULL with *e worded (the server's own words if it refused). fd_out, if not NULL, keeps the connection open
 * and returns it, for requests that hand it over.
 */
json_t *control_request(const char *path, const json_t *request, int *fd_out, struct err *e);

#endif
