// SPDX-License-Identifier: Apache-2.0
/* The ports' listening sockets, and a duplicate of each connection that a worker serves. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel/keeper/set.h"
#include "kernel/lib/log.h"

#define REST_MS 500	/* before the next try, when no connection can be taken */

struct port *set_port_find(struct set *s, const char *name)
{
	struct port *p = s->ports;

	while (p && strcmp(p->conf.name, name))
		p = p->next;
	return p;
}

/* What is written of its connection, where the worker and the next one find it. */
static void forget(struct port *p)
{
	memset(&p->set->session->port[p->conf.slot], 0, sizeof(struct session_port));
}

/* Ends the connection if there is one. */
static void cut(struct port *p)
{
	if (p->conn >= 0) {
		shutdown(p->conn, SHUT_RDWR);	/* whoever else holds it */
		close(p->conn);
	}
	p->conn = -1;
	kept_close(&p->kept);
}

static void hang_up(struct port *p)
{
	if (p->conn < 0)
		return;
	cut(p);
	forget(p);
	event_modify(p->ev, EPOLLIN);
}

static void rested(void *arg)
{
	struct port *p = arg;

	p->timer = 0;
	if (p->conn < 0)
		event_modify(p->ev, EPOLLIN);
}

/* The connection stays in the queue and would wake us at once: better later, and told once. */
static void rest(struct port *p, int why)
{
	if (why == EAGAIN || why == EINTR || why == ECONNABORTED)
		return;
	if (!p->told)
		log_limited(&p->limit, LOG_WARNING, "port %s: no connection can be taken: %s",
			    p->conf.name, strerror(why));
	p->told = true;
	p->timer = event_timer(p->set->loop, REST_MS, rested, p);
	if (p->timer > 0)
		event_modify(p->ev, 0);
}

static void no_more(struct port *p)
{
	if (p->timer > 0)
		event_timer_cancel(p->set->loop, p->timer);
	p->timer = 0;
	if (p->ev)
		event_del(p->ev);
	p->ev = NULL;
}

/* One front end a port: the next waits in the listening socket until this one is gone. */
static void on_connect(void *arg, uint32_t events)
{
	struct port *p = arg;
	struct chan_name cn = {0};
	struct err e = {0};
	int fd = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0) {
		rest(p, errno);
		return;
	}
	p->told = false;
	strcpy(cn.name, p->conf.name);
	/* Before the worker has it: it may report the front end's end even before it answers. */
	p->conn = fd;
	event_modify(p->ev, 0);
	forget(p);
	if (child_call(p->set->child, CMD_PORT_CONNECT, &cn, sizeof(cn), &fd, 1, NULL, 0, &e) &&
	    p->set->child->pid) {
		log_limited(&p->limit, LOG_WARNING, "port %s: %s", p->conf.name, e.msg);
		hang_up(p);
		return;
	}
	/* Also if the worker has just died: the next one will find it. */
	log_limited(&p->limit, LOG_INFO, "port %s: a front end connected", p->conf.name);
}

void set_port_gone(struct set *s, const char *name, const char *why)
{
	struct port *p = set_port_find(s, name);

	if (!p || p->conn < 0)
		return;
	log_debug("port %s: %s", name, why);
	hang_up(p);
}

static int listen_at(struct port *p, const char *path, struct err *e)
{
	int n;

	if (path[0])
		n = snprintf(p->socket, sizeof(p->socket), "%s", path);
	else
		n = snprintf(p->socket, sizeof(p->socket), "%s/ports/%s", p->set->dir,
			     p->conf.name);
	if (n >= (int)sizeof(p->socket))
		return err_set(e, -ENAMETOOLONG, "port %s: the path of its socket is too long",
			       p->conf.name);
	p->listener = unix_listen(p->socket, 4);
	if (p->listener < 0)
		return err_set(e, p->listener, "port %s: %s: %s", p->conf.name, p->socket,
			       strerror(-p->listener));
	p->ev = event_add(p->set->loop, p->listener, EPOLLIN, on_connect, p);
	return p->ev ? 0 : err_set(e, -errno, "port %s: %s", p->conf.name, strerror(errno));
}

static void free_port(struct port *p)
{
	no_more(p);
	if (p->listener >= 0) {
		close(p->listener);
		unlink(p->socket);
	}
	cut(p);
	free(p);
}

bool set_restarts(const struct set *s)
{
	return !s->child->pid && s->running && !s->stopping && !s->failed;
}

static int tell_del(struct set *s, const struct port *p, struct err *e)
{
	struct chan_name cn = {0};

	int r;

	strcpy(cn.name, p->conf.name);
	r = child_call(s->child, CMD_PORT_DEL, &cn, sizeof(cn), NULL, 0, NULL, 0, e);
	return r && set_restarts(s) ? 0 : r;	/* the next one never hears of it */
}

/* A place in the session that no other port has; there are more of them than ports. */
static uint32_t free_slot(const struct set *s)
{
	bool taken[SESSION_PORTS + 1] = {false};
	uint32_t slot = 0;

	for (const struct port *p = s->ports; p; p = p->next)
		taken[p->conf.slot] = true;
	while (taken[slot])
		slot++;
	return slot;
}

int set_port_add(struct set *s, const struct set_port *sp, struct err *e)
{
	struct port **at = &s->ports, *p;
	int r;

	if (set_port_find(s, sp->conf.name))
		return err_set(e, -EEXIST, "there is a port %s already", sp->conf.name);
	p = calloc(1, sizeof(*p));
	if (!p)
		return err_set(e, -ENOMEM, "no memory for port %s", sp->conf.name);
	p->set = s;
	p->conf = sp->conf;
	p->listener = p->conn = -1;
	kept_init(&p->kept);
	p->conf.slot = free_slot(s);
	if (p->conf.slot == SESSION_PORTS) {
		free_port(p);
		return err_set(e, -ENOSPC, "set %s has %u ports already", s->cfg.name,
			       SESSION_PORTS);
	}
	forget(p);
	memset(&s->session->port_count[p->conf.slot], 0, sizeof(struct session_count));
	r = child_call(s->child, CMD_PORT_ADD, &p->conf, sizeof(p->conf), NULL, 0, NULL, 0, e);
	if (r && set_restarts(s))
		r = 0;	/* the next one is told */
	if (r == 0) {
		r = listen_at(p, sp->socket, e);
		if (r)
			tell_del(s, p, NULL);
	}
	if (r) {
		free_port(p);
		return r;
	}
	/* at the end: where two cannot both be, ports_replay() keeps the older one */
	while (*at)
		at = &(*at)->next;
	*at = p;
	return 0;
}

/* Takes it out of the list at *at, and frees it. */
static void drop_port(struct port **at)
{
	struct port *p = *at;

	*at = p->next;
	free_port(p);
}

/* One that was added while no worker was there to ask may turn out to be impossible. */
int ports_replay(struct set *s, struct child *c, struct err *e)
{
	struct port **at = &s->ports;
	int r = 0;

	while (*at && r == 0) {
		struct port *p = *at;

		r = child_call(c, CMD_PORT_ADD, &p->conf, sizeof(p->conf), NULL, 0, NULL, 0, e);
		if (r && c->pid) {
			log_warning("port %s is removed: %s", p->conf.name, e->msg);
			drop_port(at);
			r = 0;
			continue;
		}
		if (r == 0 && p->conn >= 0)
			r = replay_connection(c, p, e);
		at = &p->next;
	}
	return r;
}

int set_port_del(struct set *s, const char *name, struct err *e)
{
	struct port **at = &s->ports, *p;
	int r;

	while (*at && strcmp((*at)->conf.name, name))
		at = &(*at)->next;
	p = *at;
	if (!p)
		return err_set(e, -ENOENT, "there is no port %s", name);
	r = tell_del(s, p, e);
	if (r)
		return r;
	drop_port(at);
	return 0;
}

void ports_fail(struct set *s)
{
	for (struct port *p = s->ports; p; p = p->next) {
		hang_up(p);
		no_more(p);
		close(p->listener);
		p->listener = -1;
		unlink(p->socket);
	}
}

void ports_close(struct set *s)
{
	while (s->ports) {
		struct port *p = s->ports;

		s->ports = p->next;
		free_port(p);
	}
}
