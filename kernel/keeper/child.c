// SPDX-License-Identifier: Apache-2.0
/* A worker process: started, commanded, and buried. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/keeper/set.h"
#include "kernel/lib/clock.h"
#include "kernel/lib/driver-op.h"
#include "kernel/lib/log.h"
#include "kernel/lib/paths.h"
#include "kernel/worker/launch.h"

#define ATTACH_MS 12000	/* a device: the ABI gives attach() 10 s */
#define ANSWER_MS 5000
#define DEATH_MS  200	/* one that was killed is dead within a few */
#define OP_MAX	  17
#define FIXED_FDS 5	/* that a call waits for, beside the register rings */

static void on_request(void *arg, uint32_t events)
{
	request_serve(arg);
}

static void on_command(void *arg, uint32_t events)
{
	child_listen(arg);
}

static void on_end(void *arg, uint32_t events)
{
	child_end(arg, "");
}

static int open_channels(struct child *c, struct worker_ends *w, struct err *e)
{
	int a[2], b[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, a) < 0)
		return err_set(e, -errno, "no socket pair for the worker: %s", strerror(errno));
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, b) < 0) {
		close(a[0]);
		close(a[1]);
		return err_set(e, -errno, "no socket pair for the worker: %s", strerror(errno));
	}
	c->command = a[0];
	c->request = b[0];
	w->command = a[1];
	w->request = b[1];
	/* Our ends alone: a worker that does not read must not hold us. */
	fcntl(c->command, F_SETFL, O_NONBLOCK);
	fcntl(c->request, F_SETFL, O_NONBLOCK);
	return said_open(c, &w->output, e);
}

static void close_ends(const struct worker_ends *w)
{
	const int fd[] = {w->command, w->request, w->output};

	for (size_t i = 0; i < sizeof(fd) / sizeof(fd[0]); i++)
		if (fd[i] >= 0)
			close(fd[i]);
}

static int start(struct child *c, struct err *e)
{
	char program[SET_PATH_MAX];
	struct worker_ends ends = {-1, -1, -1};
	int r = path_program("vmhi-worker", program, sizeof(program), e);

	if (r == 0)
		r = open_channels(c, &ends, e);
	if (r == 0) {
		c->own_mounts = c->set->namespaces;
		r = worker_launch(program, c->set->cfg.name, &ends, &c->pidfd, &c->own_mounts, e);
	}
	close_ends(&ends);
	if (r < 0) {
		close_ends(&(struct worker_ends){c->command, c->request, -1});
		return r;
	}
	c->pid = r;
	c->set->namespaces |= c->own_mounts;
	c->ev_end = event_add(c->set->loop, c->pidfd, EPOLLIN, on_end, c);
	c->ev_request = event_add(c->set->loop, c->request, EPOLLIN, on_request, c);
	c->ev_command = event_add(c->set->loop, c->command, EPOLLIN, on_command, c);
	return c->ev_end && c->ev_request && c->ev_command ? 0 :
	       err_set(e, -errno, "the worker cannot be watched");
}

struct child *child_new(struct set *s, struct err *e)
{
	struct child *c = calloc(1, sizeof(*c));

	if (!c) {
		err_set(e, -ENOMEM, "no memory for another worker");
		return NULL;
	}
	c->set = s;
	c->listener = c->command = c->request = c->said.fd = -1;
	if (start(c, e) || devices_rings(c, e)) {
		child_free(c);
		return NULL;
	}
	return c;
}

void child_free(struct child *c)
{
	if (!c)
		return;
	child_end(c, "it is not needed");
	devices_rings_free(c);
	if (c->corpse) {
		c->orphan = true;	/* freed when it is buried */
		return;
	}
	said_close(c);
	free(c);
}

/* The driver's operation that it is in, or "". */
static void running(const struct child *c, char op[OP_MAX])
{
	driver_op_of(c->pid, "vmhi-worker", op, OP_MAX);
}

/* The text of how it ended, unless it is known better why. */
static void tell_fate(struct child *c, const char *end, const char *op)
{
	if (!c->fate[0] && c->reason[0])
		snprintf(c->fate, sizeof(c->fate), "%s", c->reason);
	if (!c->fate[0])
		snprintf(c->fate, sizeof(c->fate), "the worker died: %s%s%s%s", end,
			 op[0] ? " in the driver's " : "", op, op[0] ? "()" : "");
}

/* Reaps it if it is dead within ms; false: it is not. */
static bool bury(struct child *c, int ms, const char *op)
{
	struct pollfd p = {.fd = c->pidfd, .events = POLLIN};
	char end[64] = "its fate is unknown";
	int status;

	if (poll(&p, 1, ms) != 1)
		return false;
	if (waitpid(c->corpse, &status, 0) == c->corpse) {
		if (WIFSIGNALED(status))
			snprintf(end, sizeof(end), "signal %d (%s)", WTERMSIG(status),
				 strsignal(WTERMSIG(status)));
		else
			snprintf(end, sizeof(end), "exit status %d", WEXITSTATUS(status));
	}
	tell_fate(c, end, op);
	said_close(c);	/* its last words come before the log has its death */
	close(c->pidfd);
	c->corpse = 0;
	return true;
}

/* What follows from its death. */
static void buried(struct child *c)
{
	struct set *s = c->set;

	if (c->orphan)
		free(c);
	else if (c == s->child)
		recover_later(s);
	else if (c == s->spare)
		spare_lost(s);
}

static void on_late_death(void *arg, uint32_t events)
{
	struct child *c = arg;

	event_del(c->ev_end);
	c->ev_end = NULL;
	bury(c, -1, "");
	buried(c);
}

/* Nobody hears it any more, and what it was told is forgotten. */
static void unwatch(struct child *c)
{
	event_del(c->ev_end);
	event_del(c->ev_request);
	event_del(c->ev_command);
	c->ev_end = c->ev_request = c->ev_command = NULL;
	notify_close(c);
	child_drop_orders(c);
	devices_rings_quiet(c);
}

/*
 * Kills it. One that is not dead within ms, since a device or a file system holds it in the Linux
 * kernel, is waited for by the event loop, and nobody takes its place before.
 */
static void end(struct child *c, const char *why, int ms)
{
	char op[OP_MAX] = "";

	unwatch(c);
	if (c == c->set->child)
		devices_fence(c->set);
	snprintf(c->fate, sizeof(c->fate), "%s", why);
	/* A guest waits for what follows: what it was in is asked only where it is told. */
	if (!why[0])
		running(c, op);
	/* A closed channel does not say that it is dead; where it is, this changes nothing. */
	kill(c->pid, SIGKILL);
	close(c->command);
	close(c->request);
	c->corpse = c->pid;
	c->pid = 0;
	if (bury(c, ms, op)) {
		buried(c);
		return;
	}
	if (ms)
		log_warning("worker %d was killed and does not end: waiting for it", c->corpse);
	tell_fate(c, "it was killed", op);
	c->ev_end = event_add(c->set->loop, c->pidfd, EPOLLIN, on_late_death, c);
	if (!c->ev_end)
		on_late_death(c, 0);
}

void child_end(struct child *c, const char *why)
{
	if (c->pid)
		end(c, why, DEATH_MS);
}

void child_retire(struct child *c, const char *why)
{
	if (c->pid)
		end(c, why, 0);
}

static nfds_t watch(struct child *c, struct pollfd *p, struct reg_server **ring)
{
	nfds_t n = 0;

	p[n++] = (struct pollfd){.fd = c->request, .events = POLLIN};
	p[n++] = (struct pollfd){.fd = c->listener, .events = POLLIN};
	p[n++] = (struct pollfd){.events = POLLIN};	/* said_fd() */
	for (uint32_t i = 0; i < c->set->bus.ndev; i++) {
		ring[n] = &c->ring[i];
		p[n++] = (struct pollfd){.fd = c->ring[i].kick, .events = POLLIN};
	}
	return n;
}

/* Serves what one of these descriptors is about. */
static void serve(struct child *c, const struct pollfd *p, nfds_t n, struct reg_server **ring)
{
	for (nfds_t i = 3; i < n; i++)
		if (p[i].revents & POLLIN)
			reg_server_run(ring[i]);
	if (p[0].revents)
		request_serve(c);
	if (p[1].revents & POLLIN && c->pid)
		notify_serve(c);
	if (p[2].revents & POLLIN)
		said_listen(c);
}

/*
 * Waits for the answer. The worker may be in the driver's attach() now, asking for memory and
 * registers: both are served here, or it would never answer.
 */
static int await(struct child *c, struct chan_msg *m, int64_t deadline)
{
	struct pollfd p[FIXED_FDS + BUS_DEVICES_MAX];
	struct reg_server *ring[FIXED_FDS + BUS_DEVICES_MAX];
	nfds_t n = 2 + watch(c, p + 2, ring + 2);
	int64_t look_at = 0;

	p[0] = (struct pollfd){.fd = c->command, .events = POLLIN};
	p[1] = (struct pollfd){.fd = c->pidfd, .events = POLLIN};
	for (;;) {
		int64_t now = now_ms();

		if (now >= deadline)
			return -ETIMEDOUT;
		/* No timer runs meanwhile. */
		if (now >= look_at)
			look_at = now + pulse_look(c);
		if (!c->pid)
			return -EPIPE;
		p[4].fd = said_fd(c);
		if (poll(p, n, (int)((look_at < deadline ? look_at : deadline) - now)) < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		/* The answer first: the last one may come with the worker's orderly end. */
		if (p[0].revents || p[1].revents) {
			int r = chan_recv(c->command, m, MSG_DONTWAIT);

			if (r || !child_answered(c, m))
				return r == -EAGAIN ? -EPIPE : r;
		}
		if (c->pid)
			serve(c, p + 2, n - 2, ring + 2);
		if (!c->pid)
			return -EPIPE;
	}
}

static void end_late(struct child *c, int seconds)
{
	char op[OP_MAX], why[96];

	running(c, op);
	if (op[0])
		snprintf(why, sizeof(why), "the driver's %s() did not return within %d s: killed",
			 op, seconds);
	else
		snprintf(why, sizeof(why), "the worker did not answer within %d s: killed",
			 seconds);
	child_end(c, why);
}

static int limit_ms(const struct child *c, enum chan_command cmd)
{
	int ndev = c->set->bus.ndev ? (int)c->set->bus.ndev : 1;

	return cmd == CMD_ATTACH || cmd == CMD_START || cmd == CMD_QUIT ? ATTACH_MS * ndev :
									  ANSWER_MS;
}

int child_call(struct child *c, enum chan_command cmd, const void *body, size_t len, const int *fds,
	       int nfd, void *out, size_t outlen, struct err *e)
{
	static struct chan_msg m;
	int r, ms = limit_ms(c, cmd);

	if (!c->pid)
		return err_set(e, -EPIPE, "%s", c->fate);
	r = chan_send(c->command, cmd, 0, body, len, fds, nfd);
	if (r == 0)
		r = await(c, &m, now_ms() + ms);
	if (r == 0) {
		chan_close_fds(&m);
		if (m.type == cmd && m.status < 0)
			return err_set(e, m.status, "%s", chan_text(&m));
		if (m.type == cmd && m.status == 0 && m.len == outlen) {
			if (outlen)
				memcpy(out, m.body, outlen);
			return 0;
		}
		r = -EPROTO;
	}
	if (r == -ETIMEDOUT)
		end_late(c, ms / 1000);
	else
		child_end(c, r == -EPIPE || r == -ECONNRESET ? "" : CHILD_LIES);
	return err_set(e, r, "%s", c->fate);
}
