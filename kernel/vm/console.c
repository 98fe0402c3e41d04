// SPDX-License-Identifier: Apache-2.0
#include "kernel/vm/console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "kernel/vm/vm.h"

#define RING	   65536U
#define CHUNK	   512U		/* a write of this much does not block once poll(2) says so */
#define PATIENCE   2		/* seconds that somebody who does not read may hold the guest */
#define LAST_WORDS 500		/* milliseconds for the last output to leave */
#define ESCAPE	   0x01		/* Ctrl-A */

struct console {
	struct vm *vm;
	console_input_fn input;
	console_room_fn room;
	void *arg;

	/* output: bytes [tail, head) of ring wait; head and tail only grow */
	uint64_t head, tail;
	bool wanted_room;
	time_t progress;

	/* input read and not yet taken by the device */
	unsigned char pending[64];
	size_t npending;

	int in_fd, out_fd;		/* -1: nobody attached */
	struct event *in, *out;		/* out only while somebody does not read */
	bool stdio, raw, escaped, input_off;
	struct termios saved;

	int wake_fd;
	struct event *wake;
	char ring[RING];
};

static time_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return t.tv_sec;
}

static void wake(struct console *c)
{
	eventfd_write(c->wake_fd, 1);
}

bool console_output_room(struct console *c)
{
	return c->out_fd < 0 || c->head - c->tail < RING || now() - c->progress > PATIENCE;
}

size_t console_output(struct console *c, const void *data, size_t n)
{
	const char *p = data;
	size_t i = 0;
	bool was_empty = c->head == c->tail;

	for (; i < n && console_output_room(c); i++) {
		if (c->head - c->tail == RING)
			c->tail++;
		c->ring[c->head++ % RING] = p[i];
	}
	if (i < n)
		c->wanted_room = true;
	if (was_empty && i && c->out_fd >= 0)
		wake(c);
	return i;
}

void console_input_ready(struct console *c)
{
	if (c->npending)
		wake(c);
}

static void detach(struct console *c)
{
	if (c->in)
		event_del(c->in);
	if (c->out)
		event_del(c->out);
	c->in = c->out = NULL;
	if (!c->stdio && c->in_fd >= 0) {
		close(c->in_fd);
		close(c->out_fd);
	}
	if (c->raw)
		tcsetattr(0, TCSANOW, &c->saved);
	c->raw = c->stdio = c->escaped = c->input_off = false;
	c->npending = 0;
	pthread_mutex_lock(&c->vm->lock);
	c->in_fd = c->out_fd = -1;
	pthread_mutex_unlock(&c->vm->lock);
}

/* Takes up to CHUNK bytes of output without consuming them. */
static size_t peek(struct console *c, char *buf, uint64_t *from)
{
	size_t n, at;

	pthread_mutex_lock(&c->vm->lock);
	n = c->head - c->tail < CHUNK ? (size_t)(c->head - c->tail) : CHUNK;
	*from = c->tail;
	at = c->tail % RING;
	if (n > RING - at)
		n = RING - at;
	memcpy(buf, c->ring + at, n);
	pthread_mutex_unlock(&c->vm->lock);
	return n;
}

/* What was peeked at from is written: n bytes, unless newer output pushed them out meanwhile. */
static void consume(struct console *c, uint64_t from, size_t n)
{
	pthread_mutex_lock(&c->vm->lock);
	if (c->tail < from + n)
		c->tail = from + n;
	c->progress = now();
	if (c->wanted_room && c->room) {
		c->wanted_room = false;
		c->room(c->arg);
	}
	pthread_mutex_unlock(&c->vm->lock);
}

/* Writes what can be written within wait_ms. False: more waits, and the reader does not read. */
static bool flush(struct console *c, int wait_ms)
{
	char buf[CHUNK];
	uint64_t from;
	size_t n;

	while (c->out_fd >= 0 && (n = peek(c, buf, &from))) {
		struct pollfd p = {.fd = c->out_fd, .events = POLLOUT};
		ssize_t r;

		if (poll(&p, 1, wait_ms) != 1)
			return false;
		r = write(c->out_fd, buf, n);
		if (r < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (r <= 0)
			detach(c);
		else
			consume(c, from, (size_t)r);
	}
	return true;
}

static void out_event(void *arg, uint32_t events);

static void flush_or_watch(struct console *c)
{
	if (flush(c, 0)) {
		if (c->out)
			event_del(c->out);
		c->out = NULL;
	} else if (!c->out) {
		c->out = event_add(c->vm->loop, c->out_fd, EPOLLOUT, out_event, c);
	}
}

static void out_event(void *arg, uint32_t events)
{
	flush_or_watch(arg);
}

/* Offers what is pending; true when the device took it all. */
static bool offer(struct console *c)
{
	size_t took = 0;

	pthread_mutex_lock(&c->vm->lock);
	if (c->npending && c->input)
		took = c->input(c->arg, c->pending, c->npending);
	c->npending -= took;
	pthread_mutex_unlock(&c->vm->lock);
	memmove(c->pending, c->pending + took, c->npending);
	return !c->npending;
}

/* Takes the escapes of a terminal out of what was typed. */
static size_t unescape(struct console *c, unsigned char *p, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (!c->escaped && p[i] == ESCAPE) {
			c->escaped = true;
			continue;
		}
		if (c->escaped && p[i] == 'x')
			vm_end(c->vm, VM_KILLED);
		else if (!c->escaped || p[i] == ESCAPE)
			p[kept++] = p[i];
		c->escaped = false;
	}
	return kept;
}

static void in_event(void *arg, uint32_t events)
{
	struct console *c = arg;
	ssize_t n;

	if (!offer(c)) {	/* not watched until then: a hang-up would be reported for ever */
		event_del(c->in);
		c->in = NULL;
		c->input_off = true;
		return;
	}
	n = read(c->in_fd, c->pending, sizeof(c->pending));
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0 && !c->stdio) {
		detach(c);
		return;
	}
	if (n <= 0) {	/* the end of standard input; output goes on */
		event_del(c->in);
		c->in = NULL;
		return;
	}
	c->npending = c->raw ? unescape(c, c->pending, (size_t)n) : (size_t)n;
	offer(c);
}

static void wake_event(void *arg, uint32_t events)
{
	struct console *c = arg;
	eventfd_t v;

	eventfd_read(c->wake_fd, &v);
	flush_or_watch(c);
	if (offer(c) && c->input_off) {
		c->input_off = false;
		c->in = event_add(c->vm->loop, c->in_fd, EPOLLIN, in_event, c);
	}
}

struct console *console_new(struct vm *vm, struct err *e)
{
	struct console *c = calloc(1, sizeof(*c));

	if (!c)
		goto fail;
	c->vm = vm;
	c->in_fd = c->out_fd = -1;
	c->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (c->wake_fd < 0)
		goto fail;
	c->wake = event_add(vm->loop, c->wake_fd, EPOLLIN, wake_event, c);
	if (c->wake)
		return c;
	close(c->wake_fd);
fail:
	err_set(e, -errno, "no console: %s", strerror(errno));
	free(c);
	return NULL;
}

void console_free(struct console *c)
{
	if (!c)
		return;
	flush(c, LAST_WORDS);
	detach(c);
	event_del(c->wake);
	close(c->wake_fd);
	free(c);
}

void console_set_device(struct console *c, console_input_fn input, console_room_fn room, void *arg)
{
	c->input = input;
	c->room = room;
	c->arg = arg;
}

static void attach(struct console *c, int in_fd, int out_fd)
{
	pthread_mutex_lock(&c->vm->lock);
	c->in_fd = in_fd;
	c->out_fd = out_fd;
	c->progress = now();
	pthread_mutex_unlock(&c->vm->lock);
	/* Files and /dev/null cannot be watched; then there is no input, and output never waits. */
	c->in = event_add(c->vm->loop, in_fd, EPOLLIN, in_event, c);
	flush_or_watch(c);
}

int console_attach_stdio(struct console *c, struct err *e)
{
	struct termios t;

	detach(c);
	c->stdio = true;
	if (isatty(0) && !tcgetattr(0, &c->saved)) {
		t = c->saved;
		cfmakeraw(&t);
		if (tcsetattr(0, TCSANOW, &t))
			return err_set(e, -errno, "the terminal cannot be made raw: %s",
				       strerror(errno));
		c->raw = true;
	}
	attach(c, 0, 1);
	return 0;
}

int console_attachable(struct console *c, struct err *e)
{
	if (!c->stdio)
		return 0;
	return err_set(e, -EBUSY, "the console is on the terminal of vmhi-vm, process %d",
		       (int)getpid());
}

void console_attach(struct console *c, int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);	/* epoll takes each descriptor once */

	detach(c);
	if (copy < 0)
		close(fd);
	else
		attach(c, fd, copy);
}
