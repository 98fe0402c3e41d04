// SPDX-License-Identifier: Apache-2.0
/* The event loop of a model: ppoll(2) over a small table of descriptors, and a list of timers. */
#include <vmhi-model/loop.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

struct watch {
	int fd;		/* -1: free */
	short events;
	void (*fn)(void *arg, short revents);
	void *arg;
};

struct model_loop {
	struct watch watch[MODEL_LOOP_FDS];
	struct model_timer *timers;	/* soonest first */
	bool stop;
};

struct model_loop *model_loop_new(void)
{
	struct model_loop *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	for (int i = 0; i < MODEL_LOOP_FDS; i++)
		l->watch[i].fd = -1;
	return l;
}

void model_loop_free(struct model_loop *l)
{
	free(l);
}

static struct watch *find(struct model_loop *l, int fd)
{
	for (int i = 0; i < MODEL_LOOP_FDS; i++)
		if (l->watch[i].fd == fd)
			return &l->watch[i];
	return NULL;
}

int model_loop_add(struct model_loop *l, int fd, short events,
		   void (*fn)(void *arg, short revents), void *arg)
{
	struct watch *w;

	if (fd < 0)
		return -EBADF;
	if (find(l, fd))
		return -EEXIST;
	w = find(l, -1);
	if (!w)
		return -ENOSPC;
	*w = (struct watch){.fd = fd, .events = events, .fn = fn, .arg = arg};
	return 0;
}

void model_loop_watch(struct model_loop *l, int fd, short events)
{
	struct watch *w = find(l, fd);

	if (w && fd >= 0)
		w->events = events;
}

void model_loop_del(struct model_loop *l, int fd)
{
	struct watch *w = find(l, fd);

	if (w && fd >= 0)
		w->fd = -1;
}

void model_timer_cancel(struct model_loop *l, struct model_timer *t)
{
	if (!t->armed)
		return;
	for (struct model_timer **at = &l->timers; *at; at = &(*at)->next) {
		if (*at == t) {
			*at = t->next;
			break;
		}
	}
	t->armed = false;
}

void model_timer_set(struct model_loop *l, struct model_timer *t, uint64_t delay_ns)
{
	struct model_timer **at = &l->timers;

	model_timer_cancel(l, t);
	t->due_ns = model_now_ns() + delay_ns;
	while (*at && (*at)->due_ns <= t->due_ns)
		at = &(*at)->next;
	t->next = *at;
	t->armed = true;
	*at = t;
}

static void run_timers(struct model_loop *l)
{
	uint64_t now = model_now_ns();

	/* One that is set again by its own callback is later than now: no endless round. */
	while (l->timers && l->timers->due_ns <= now) {
		struct model_timer *t = l->timers;

		l->timers = t->next;
		t->armed = false;
		t->fn(t->arg);
	}
}

static const struct timespec *wait_time(const struct model_loop *l, int timeout_ms,
					struct timespec *ts)
{
	uint64_t ns = UINT64_MAX;

	if (timeout_ms >= 0)
		ns = (uint64_t)timeout_ms * 1000000u;
	if (l->timers) {
		uint64_t now = model_now_ns(), due = l->timers->due_ns;
		uint64_t left = due > now ? due - now : 0;

		if (left < ns)
			ns = left;
	}
	if (ns == UINT64_MAX)
		return NULL;
	ts->tv_sec = (time_t)(ns / 1000000000u);
	ts->tv_nsec = (long)(ns % 1000000000u);
	return ts;
}

int model_loop_once(struct model_loop *l, int timeout_ms)
{
	struct pollfd pfd[MODEL_LOOP_FDS];
	struct timespec ts;
	int n, used = 0;

	/* A slot's place in pfd is its place in watch; poll skips negative descriptors. */
	for (int i = 0; i < MODEL_LOOP_FDS; i++) {
		if (l->watch[i].fd >= 0)
			used = i + 1;
		pfd[i] = (struct pollfd){
			.fd = l->watch[i].events ? l->watch[i].fd : -1,
			.events = l->watch[i].events,
		};
	}
	n = ppoll(pfd, (nfds_t)used, wait_time(l, timeout_ms, &ts), NULL);
	if (n < 0 && errno != EINTR)
		return -errno;
	for (int i = 0; n > 0 && i < used; i++) {
		struct watch *w = &l->watch[i];

		/* An earlier callback may have closed this one, or put another in its slot. */
		if (pfd[i].fd >= 0 && pfd[i].revents && w->fd == pfd[i].fd)
			w->fn(w->arg, pfd[i].revents);
	}
	run_timers(l);
	return 0;
}

int model_loop_run(struct model_loop *l)
{
	int r = 0;

	l->stop = false;
	while (!l->stop && !r)
		r = model_loop_once(l, -1);
	return r;
}

void model_loop_stop(struct model_loop *l)
{
	l->stop = true;
}
