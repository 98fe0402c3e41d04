// SPDX-License-Identifier: Apache-2.0
#include "kernel/lib/event.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "kernel/lib/clock.h"

struct event {
	struct event_loop *loop;
	struct event *next;	/* in the loop's list of the dead */
	int fd;
	bool dead;
	event_fn fn;
	void *arg;
};

struct timer {
	struct timer *next;
	uint64_t due_ms;
	int id;
	void (*fn)(void *);
	void *arg;
};

struct event_loop {
	int epfd, next_id;
	bool stop;
	struct event *dead;	/* freed when no report can name them any more */
	struct timer *timers;	/* soonest first */
};

struct event_loop *event_loop_new(void)
{
	struct event_loop *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epfd < 0) {
		free(l);
		return NULL;
	}
	return l;
}

static void free_dead(struct event_loop *l)
{
	while (l->dead) {
		struct event *ev = l->dead;

		l->dead = ev->next;
		free(ev);
	}
}

void event_loop_free(struct event_loop *l)
{
	if (!l)
		return;
	free_dead(l);
	while (l->timers) {
		struct timer *t = l->timers;

		l->timers = t->next;
		free(t);
	}
	close(l->epfd);
	free(l);
}

struct event *event_add(struct event_loop *l, int fd, uint32_t events, event_fn fn, void *arg)
{
	struct event *ev = calloc(1, sizeof(*ev));
	struct epoll_event ee = {.events = events, .data.ptr = ev};

	if (!ev)
		return NULL;
	*ev = (struct event){.loop = l, .fd = fd, .fn = fn, .arg = arg};
	if (epoll_ctl(l->epfd, EPOLL_CTL_ADD, fd, &ee) < 0) {
		free(ev);
		return NULL;
	}
	return ev;
}

int event_modify(struct event *ev, uint32_t events)
{
	struct epoll_event ee = {.events = events, .data.ptr = ev};

	return epoll_ctl(ev->loop->epfd, EPOLL_CTL_MOD, ev->fd, &ee) < 0 ? -errno : 0;
}

void event_del(struct event *ev)
{
	if (!ev || ev->dead)
		return;
	epoll_ctl(ev->loop->epfd, EPOLL_CTL_DEL, ev->fd, NULL);
	ev->dead = true;
	ev->next = ev->loop->dead;
	ev->loop->dead = ev;
}

int event_timer(struct event_loop *l, uint64_t ms, void (*fn)(void *), void *arg)
{
	struct timer *t = calloc(1, sizeof(*t)), **at = &l->timers;

	if (!t)
		return -ENOMEM;
	*t = (struct timer){.due_ms = now_ms() + ms, .id = ++l->next_id, .fn = fn, .arg = arg};
	while (*at && (*at)->due_ms <= t->due_ms)
		at = &(*at)->next;
	t->next = *at;
	*at = t;
	return t->id;
}

void event_timer_cancel(struct event_loop *l, int id)
{
	for (struct timer **at = &l->timers; *at; at = &(*at)->next) {
		struct timer *t = *at;

		if (t->id == id) {
			*at = t->next;
			free(t);
			return;
		}
	}
}

static void run_timers(struct event_loop *l)
{
	uint64_t now = now_ms();

	while (l->timers && l->timers->due_ms <= now) {
		struct timer *t = l->timers;

		l->timers = t->next;
		t->fn(t->arg);
		free(t);
	}
}

static int wait_ms(const struct event_loop *l, int timeout_ms)
{
	uint64_t now = now_ms(), left;

	if (!l->timers)
		return timeout_ms;
	left = l->timers->due_ms > now ? l->timers->due_ms - now : 0;
	if (timeout_ms >= 0 && left > (uint64_t)timeout_ms)
		return timeout_ms;
	return left > 1000000 ? 1000000 : (int)left;
}

int event_loop_once(struct event_loop *l, int timeout_ms)
{
	struct epoll_event ee[16];
	/* The call that the data thread makes, too: one less that a sandbox must allow. */
	int n = epoll_pwait(l->epfd, ee, 16, wait_ms(l, timeout_ms), NULL);

	if (n < 0 && errno != EINTR)
		return -errno;
	for (int i = 0; i < n; i++) {
		struct event *ev = ee[i].data.ptr;

		if (!ev->dead)
			ev->fn(ev->arg, ee[i].events);
	}
	free_dead(l);
	run_timers(l);
	return n < 0 ? 0 : n;
}

int event_loop_run(struct event_loop *l)
{
	int r = 0;

	l->stop = false;
	while (!l->stop && r >= 0)
		r = event_loop_once(l, -1);
	return r < 0 ? r : 0;
}

void event_loop_stop(struct event_loop *l)
{
	l->stop = true;
}
