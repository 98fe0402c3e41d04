// SPDX-License-Identifier: Apache-2.0
/*
 * Commands that nobody waits for: a spare is made ready while the set goes on, one command after
 * the other, and the worker that serves is asked whether it is there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "kernel/keeper/set.h"
#include "kernel/lib/clock.h"

#define ORDERS_MS 10000	/* for all of them */

static void too_late(void *arg)
{
	struct child *c = arg;

	c->late = 0;
	child_end(c, "the worker was not ready in time: killed");
}

static int send_first(struct child *c)
{
	const struct order *o = c->orders;

	return chan_send(c->command, o->cmd, 0, o->body, o->len, o->fd, o->nfd);
}

static void drop_first(struct child *c)
{
	struct order *o = c->orders;

	c->orders = o->next;
	free(o);
}

void child_drop_orders(struct child *c)
{
	while (c->orders)
		drop_first(c);
	if (c->late > 0)
		event_timer_cancel(c->set->loop, c->late);
	c->late = 0;
}

int child_order(struct child *c, enum chan_command cmd, const void *body, size_t len,
		const int *fds, int nfd, struct err *e)
{
	struct order *o = calloc(1, sizeof(*o) + len), **at = &c->orders;
	int r = 0;

	if (!o || nfd > FDPASS_MAX) {
		free(o);
		return err_set(e, -ENOMEM, "no memory to command the worker");
	}
	*o = (struct order){.cmd = cmd, .nfd = nfd, .len = len};
	if (nfd)
		memcpy(o->fd, fds, (size_t)nfd * sizeof(*fds));
	if (len)
		memcpy(o->body, body, len);
	while (*at)
		at = &(*at)->next;
	*at = o;
	if (o == c->orders) {
		c->late = event_timer(c->set->loop, ORDERS_MS, too_late, c);
		r = c->late < 0 ? c->late : send_first(c);
	}
	return r ? err_set(e, r, "the worker cannot be commanded: %s", strerror(-r)) : 0;
}

void child_ping(struct child *c)
{
	/* It serves, and gets no orders any more. Its end is heard all the same. */
	if (!c->quiet && !c->orders)
		c->quiet = !event_modify(c->ev_command, 0);
	if (!c->pinged && chan_send(c->command, CMD_PING, 0, NULL, 0, NULL, 0) == 0)
		c->pinged = now_ms();
}

/* The first order is answered: the next one follows. */
static void go_on(struct child *c, struct chan_msg *m)
{
	struct err e = {0};

	if (m->status < 0) {
		char why[176];

		snprintf(why, sizeof(why), "the worker cannot be made ready: %.120s: killed",
			 chan_text(m));
		child_end(c, why);
		return;
	}
	if (m->type == CMD_SANDBOX) {
		bool one = m->nfd == 1;

		if (one)
			m->nfd = 0; /* taken, also if it cannot be watched */
		if (!one || notify_open(c, m->fd[0], &e)) {
			child_end(c, one ? e.msg : CHILD_LIES);
			return;
		}
	}
	drop_first(c);
	if (!c->orders)
		child_drop_orders(c); /* and the timer */
	else if (send_first(c))
		child_end(c, "the worker does not read: killed");
}

bool child_answered(struct child *c, struct chan_msg *m)
{
	bool ping = c->pinged && m->type == CMD_PING;

	if (!ping && (!c->orders || m->type != c->orders->cmd))
		return false;
	if (ping)
		c->pinged = 0;
	else
		go_on(c, m);
	chan_close_fds(m);
	return true;
}

void child_listen(struct child *c)
{
	static struct chan_msg m;
	int r;

	while (c->pid && (r = chan_recv(c->command, &m, MSG_DONTWAIT)) != -EAGAIN) {
		if (r == 0 && child_answered(c, &m))
			continue;
		if (r == 0)
			chan_close_fds(&m);
		child_end(c, r == -EPIPE ? "" : CHILD_LIES);
	}
}

int child_settle(struct child *c, struct err *e)
{
	while (c->pid && c->orders) {
		int r = child_call(c, CMD_PING, NULL, 0, NULL, 0, NULL, 0, e);

		if (r)
			return r;
	}
	return c->pid ? 0 : err_set(e, -EPIPE, "%s", c->fate);
}
