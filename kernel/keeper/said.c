// SPDX-License-Identifier: Apache-2.0
/*
 * What a worker says: its standard output and error are a pipe, and this end of it is read here. A
 * driver can write anything there, so the set's log gets it line by line, each as the worker's, in
 * printable ASCII, cut to a length, and so many a second; the rest is counted. In a second that had
 * too many nothing more is read: the pipe fills up, and the worker's writes fail. It never waits for
 * us, and we never for it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/keeper/set.h"
#include "kernel/lib/clock.h"
#include "kernel/lib/log.h"

#define LINES_A_SECOND 100
#define READS	       16		/* at once: others want to be served, too */
#define LOG_FULL       (16ll << 20)	/* what more there is in the log is the keeper's only */

/* Whoever reads the log, if it is a pipe, may have stopped: our own lines wait then, but no other. */
static bool log_takes(void)
{
	struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};

	return poll(&p, 1, 0) == 1 && p.revents & POLLOUT;
}

/* Of a log that is no regular file somebody else takes care. */
static bool log_full(void)
{
	struct stat st;

	return fstat(STDERR_FILENO, &st) == 0 && S_ISREG(st.st_mode) && st.st_size >= LOG_FULL;
}

static void tell_left_out(struct said *s)
{
	if (s->left_out)
		log_warning("the worker says too much: %u of its lines or more were left out",
			    s->left_out);
	s->left_out = 0;
}

/* Once a second, if there is anything to say. */
static void begin_second(struct said *s)
{
	bool full = log_full();

	s->since = now_ms();
	s->lines = 0;
	s->bytes = 0;
	if (full && !s->full)
		log_warning("the log has %lld MiB: the worker's lines are left out until it is cut",
			    LOG_FULL >> 20);
	else if (!full)
		tell_left_out(s);
	s->full = full;
}

static void end_line(struct child *c)
{
	struct said *s = &c->said;
	char who[64];

	if (!s->len)
		return;
	s->line[s->len] = 0;
	s->len = 0;
	if (s->lines++ >= LINES_A_SECOND || s->full || !log_takes()) {
		s->left_out++;
		return;
	}
	snprintf(who, sizeof(who), "vmhi-worker[%s]", c->set->cfg.name);
	log_other(who, s->line);
}

static void take(struct child *c, const char *text, size_t n)
{
	struct said *s = &c->said;

	if (now_ms() - s->since >= 1000)
		begin_second(s);
	s->bytes += n;
	for (size_t i = 0; i < n; i++) {
		if (text[i] == '\n')
			end_line(c);
		else if (s->len < SAID_LINE)
			s->line[s->len++] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
		else	/* it goes on, but not here */
			memcpy(s->line + SAID_LINE - 3, "...", 3);
	}
}

/* As much as READS can take; false: all that there is was taken. */
static bool read_some(struct child *c)
{
	char text[4096];

	for (int i = 0; i < READS; i++) {
		ssize_t n = read(c->said.fd, text, sizeof(text));

		if (n <= 0)
			return false;
		take(c, text, (size_t)n);
	}
	return true;
}

/* This second had as much as it may have. */
static bool had_enough(const struct said *s)
{
	return (s->lines >= LINES_A_SECOND || s->bytes >= LINES_A_SECOND * SAID_LINE) &&
	       now_ms() - s->since < 1000;
}

static void on_said(void *arg, uint32_t events);

static void after_rest(void *arg)
{
	struct child *c = arg;

	c->said.rest = 0;
	begin_second(&c->said);
	c->said.ev = event_add(c->set->loop, c->said.fd, EPOLLIN, on_said, c);
}

static void on_said(void *arg, uint32_t events)
{
	struct child *c = arg;

	said_listen(c);
	if (!(events & EPOLLIN) && c->said.ev) {	/* the end: it is dead, or has closed it */
		event_del(c->said.ev);
		c->said.ev = NULL;
	}
}

int said_open(struct child *c, int *worker_end, struct err *e)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_set(e, -errno, "no pipe for the worker's log: %s", strerror(errno));
	c->said = (struct said){.fd = p[0]};
	*worker_end = p[1];
	c->said.ev = event_add(c->set->loop, p[0], EPOLLIN, on_said, c);
	if (c->said.ev)
		return 0;
	close(p[0]);
	close(p[1]);
	c->said.fd = -1;
	return err_set(e, -errno, "the worker's log cannot be watched");
}

int said_fd(const struct child *c)
{
	return had_enough(&c->said) ? -1 : c->said.fd;
}

void said_listen(struct child *c)
{
	struct said *s = &c->said;
	int r;

	if (said_fd(c) < 0)
		return;
	read_some(c);
	if (!had_enough(s) || s->rest > 0)
		return;
	r = event_timer(c->set->loop, 1000, after_rest, c);
	if (r < 0)
		return;
	s->rest = r;
	event_del(s->ev);
	s->ev = NULL;
}

void said_close(struct child *c)
{
	struct said *s = &c->said;

	if (s->fd < 0)
		return;
	if (s->rest > 0)
		event_timer_cancel(c->set->loop, s->rest);
	event_del(s->ev);
	s->rest = 0;
	s->ev = NULL;
	while (read_some(c))
		;
	end_line(c);
	tell_left_out(s);
	close(s->fd);
	s->fd = -1;
}
