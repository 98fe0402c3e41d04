// SPDX-License-Identifier: Apache-2.0
#include "kernel/lib/control.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "kernel/lib/fdpass.h"
#include "kernel/lib/log.h"

#define MAX_CLIENTS 64
#define REST_MS	    500	/* before the next try, when no connection can be taken */

struct client {
	struct control_server *server;
	struct client *next;
	struct event *ev;
	int fd;
	size_t used;
	char line[CONTROL_LINE_MAX];
};

struct control_server {
	struct event_loop *loop;
	struct event *ev;
	int fd, nclients, timer;
	bool told;
	struct client *clients;
	control_fn fn;
	void *arg;
	char path[108];
};

static void client_free(struct client *c, int close_fd)
{
	struct client **at = &c->server->clients;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	c->server->nclients--;
	event_del(c->ev);
	if (close_fd)
		close(c->fd);
	free(c);
}

static int send_line(int fd, json_t *obj)
{
	char *text = json_dumps(obj, JSON_COMPACT);
	size_t n, at = 0;

	if (!text)
		return -ENOMEM;
	n = strlen(text);
	text[n++] = '\n'; /* over the final NUL: n counts it */
	while (at < n) {
		ssize_t r = send(fd, text + at, n - at, MSG_NOSIGNAL);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0) {
			free(text);
			return -errno;
		}
		at += (size_t)r;
	}
	free(text);
	return 0;
}

/* Answers one line; 1: the connection was taken over. */
static int answer(struct client *c, const char *line, size_t n)
{
	struct control_take take = {0};
	struct err e = {0};
	json_error_t je;
	json_t *req = json_loadb(line, n, JSON_REJECT_DUPLICATES, &je), *ans = NULL;
	const char *op = json_string_value(json_object_get(req, "op"));
	int r;

	if (!op)
		err_set(&e, -EINVAL, "a request is one JSON object with a string \"op\"");
	else
		ans = c->server->fn(c->server->arg, op, req, &take, &e);
	if (ans)
		json_object_set_new(ans, "ok", json_true());
	else
		ans = json_pack("{s:b,s:s}", "ok", 0, "error", e.msg);
	r = send_line(c->fd, ans);
	json_decref(ans);
	json_decref(req);
	if (r == 0 && take.fn) {
		/* Whoever takes it may watch it on this very loop, which takes each one once. */
		event_del(c->ev);
		c->ev = NULL;
		take.fn(take.arg, c->fd);
		return 1;
	}
	return r;
}

static void client_event(void *arg, uint32_t events)
{
	struct client *c = arg;
	ssize_t r = recv(c->fd, c->line + c->used, sizeof(c->line) - c->used, MSG_DONTWAIT);
	char *nl;

	if (r < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (r <= 0) {
		client_free(c, 1);
		return;
	}
	c->used += (size_t)r;
	while ((nl = memchr(c->line, '\n', c->used))) {
		size_t n = (size_t)(nl - c->line) + 1;
		int taken = answer(c, c->line, n);

		if (taken) {
			client_free(c, taken < 0);
			return;
		}
		memmove(c->line, c->line + n, c->used - n);
		c->used -= n;
	}
	if (c->used == sizeof(c->line))
		client_free(c, 1);
}

static int allowed(int fd)
{
	struct ucred cred;
	socklen_t n = sizeof(cred);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) == 0 &&
	       (cred.uid == 0 || cred.uid == geteuid());
}

static void rested(void *arg)
{
	struct control_server *s = arg;

	s->timer = 0;
	event_modify(s->ev, EPOLLIN);
}

/* The connection stays in the queue and would wake us at once: better later, and told once. */
static void rest(struct control_server *s, int why)
{
	if (why == EAGAIN || why == EINTR || why == ECONNABORTED)
		return;
	if (!s->told)
		log_warning("%s: no connection can be taken: %s", s->path, strerror(why));
	s->told = true;
	s->timer = event_timer(s->loop, REST_MS, rested, s);
	if (s->timer > 0)
		event_modify(s->ev, 0);
}

static void server_event(void *arg, uint32_t events)
{
	struct control_server *s = arg;
	int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);
	struct timeval patience = {.tv_sec = 2};
	struct client *c;

	if (fd < 0) {
		rest(s, errno);
		return;
	}
	s->told = false;
	if (s->nclients == MAX_CLIENTS || !allowed(fd) || !(c = calloc(1, sizeof(*c)))) {
		close(fd);
		return;
	}
	/* A client that does not read its answer must not hold the server. */
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	c->server = s;
	c->fd = fd;
	c->next = s->clients;
	s->clients = c;
	s->nclients++;
	c->ev = event_add(s->loop, fd, EPOLLIN, client_event, c);
	if (!c->ev)
		client_free(c, 1);
}

struct control_server *control_server_new(struct event_loop *l, const char *path, control_fn fn,
					  void *arg, struct err *e)
{
	struct control_server *s = calloc(1, sizeof(*s));

	if (!s) {
		err_set(e, -ENOMEM, "no memory for the control socket");
		return NULL;
	}
	s->loop = l;
	s->fn = fn;
	s->arg = arg;
	s->fd = unix_listen(path, 16);
	if (s->fd < 0) {
		err_set(e, s->fd, "%s: control socket cannot be made: %s", path,
			strerror(-s->fd));
		free(s);
		return NULL;
	}
	strcpy(s->path, path); /* unix_listen() checked its length */
	s->ev = event_add(l, s->fd, EPOLLIN, server_event, s);
	return s;
}

void control_server_free(struct control_server *s)
{
	if (!s)
		return;
	while (s->clients)
		client_free(s->clients, 1);
	if (s->timer > 0)
		event_timer_cancel(s->loop, s->timer);
	event_del(s->ev);
	close(s->fd);
	unlink(s->path);
	free(s);
}

/* Reads up to the first newline and not a byte more: the rest may belong to another protocol. */
static ssize_t read_line(int fd, char *buf, size_t n)
{
	size_t used = 0;

	while (used < n) {
		ssize_t r = recv(fd, buf + used, n - used, MSG_PEEK);
		char *nl;
		size_t take;

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return r < 0 ? -errno : -ECONNRESET;
		nl = memchr(buf + used, '\n', (size_t)r);
		take = nl ? (size_t)(nl - (buf + used)) + 1 : (size_t)r;
		if (recv(fd, buf + used, take, 0) != (ssize_t)take)
			return -EIO;
		used += take;
		if (nl)
			return (ssize_t)used;
	}
	return -EMSGSIZE;
}

json_t *control_request(const char *path, const json_t *request, int *fd_out, struct err *e)
{
	struct timeval patience = {.tv_sec = CONTROL_ANSWER_S};
	int fd = unix_connect(path);
	json_error_t je;
	json_t *ans = NULL;
	char *buf;
	ssize_t n;

	if (fd < 0) {
		err_set(e, fd, "%s: no answer: %s", path, strerror(-fd));
		return NULL;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	buf = malloc(CONTROL_ANSWER_MAX);
	n = buf ? send_line(fd, (json_t *)request) : -ENOMEM;
	if (n == 0)
		n = read_line(fd, buf, CONTROL_ANSWER_MAX);
	if (n > 0)
		ans = json_loadb(buf, (size_t)n, 0, &je);
	free(buf);
	if (!ans && n == -EAGAIN) {
		err_set(e, -ETIMEDOUT, "%s: no answer in %d s", path, CONTROL_ANSWER_S);
	} else if (!ans) {
		err_set(e, n < 0 ? (int)n : -EPROTO, "%s: no answer: %s", path,
			n < 0 ? strerror((int)-n) : "not JSON");
	} else if (!json_is_true(json_object_get(ans, "ok"))) {
		const char *why = json_string_value(json_object_get(ans, "error"));

		err_set(e, -EREMOTEIO, "%s", why ? why : "refused without a reason");
		json_decref(ans);
		ans = NULL;
	}
	if (ans && fd_out)
		*fd_out = fd;
	else
		close(fd);
	return ans;
}
