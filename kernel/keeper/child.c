// SPDX-License-Identifier: Apache-2.0
/* The worker process: started, commanded, and buried. */
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
#define OP_MAX	  17
#define FIXED_FDS 4	/* that a call waits for, beside the register rings */

static void on_request(void *arg, uint32_t events)
{
	request_serve(arg);
}

static void on_end(void *arg, uint32_t events)
{
	child_end(arg, "");
}

int child_start(struct set *s, struct err *e)
{
	struct child *c = &s->child;
	char program[SET_PATH_MAX];
	int cmd[2], req[2], r = path_program("vmhi-worker", program, sizeof(program), e);

	if (r)
		return r;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, cmd) < 0)
		return err_set(e, -errno, "no socket pair for the worker: %s", strerror(errno));
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, req) < 0) {
		r = err_set(e, -errno, "no socket pair for the worker: %s", strerror(errno));
		close(cmd[0]);
		close(cmd[1]);
		return r;
	}
	c->listener = -1;
	c->denied = (struct notified){0};
	c->command = cmd[0];
	c->request = req[0];
	/* Our ends alone: a worker that does not read must not hold us. */
	fcntl(c->command, F_SETFL, O_NONBLOCK);
	fcntl(c->request, F_SETFL, O_NONBLOCK);
	r = worker_launch(program, s->cfg.name, cmd[1], req[1], &c->pidfd, &c->own_mounts, e);
	close(cmd[1]);
	close(req[1]);
	if (r < 0)
		return r;
	c->pid = r;
	c->ev_end = event_add(s->loop, c->pidfd, EPOLLIN, on_end, s);
	c->ev_request = event_add(s->loop, c->request, EPOLLIN, on_request, s);
	return c->ev_end && c->ev_request ? 0 : err_set(e, -errno, "the worker cannot be watched");
}

/* The driver's operation that it is in, or "". */
static void running(const struct child *c, char op[OP_MAX])
{
	driver_op_of(c->pid, "vmhi-worker", op, OP_MAX);
}

static void reap(struct child *c, const char *op)
{
	char end[64] = "its fate is unknown";
	int status;

	if (waitpid(c->pid, &status, 0) == c->pid) {
		if (WIFSIGNALED(status))
			snprintf(end, sizeof(end), "signal %d (%s)", WTERMSIG(status),
				 strsignal(WTERMSIG(status)));
		else
			snprintf(end, sizeof(end), "exit status %d", WEXITSTATUS(status));
	}
	if (!c->fate[0])
		snprintf(c->fate, sizeof(c->fate), "the worker died: %s%s%s%s", end,
			 op[0] ? " in the driver's " : "", op, op[0] ? "()" : "");
}

void child_end(struct set *s, const char *why)
{
	struct child *c = &s->child;
	char op[OP_MAX];

	if (!c->pid)
		return;
	if (c->ev_end)
		event_del(c->ev_end);
	if (c->ev_request)
		event_del(c->ev_request);
	c->ev_end = c->ev_request = NULL;
	notify_close(c);
	snprintf(c->fate, sizeof(c->fate), "%s", why);
	running(c, op);
	/* A closed channel does not say that it is dead; where it is, this changes nothing. */
	kill(c->pid, SIGKILL);
	reap(c, op);
	close(c->pidfd);
	close(c->command);
	close(c->request);
	c->pid = 0;
	/* Who starts or stops the set sees the fate in its error; else nobody may be there to see. */
	if (!s->control || s->stopping)
		return;
	log_error("%s; the set ends", c->fate);
	s->status = 1;
	event_loop_stop(s->loop);
}

/*
 * Waits for the answer. The worker may be in the driver's attach() now, asking for memory and
 * registers: both are served here, or it would never answer.
 */
static int await(struct set *s, struct chan_msg *m, int64_t deadline)
{
	struct pollfd p[FIXED_FDS + BUS_DEVICES_MAX];
	nfds_t n = FIXED_FDS;

	p[0] = (struct pollfd){.fd = s->child.command, .events = POLLIN};
	p[1] = (struct pollfd){.fd = s->child.request, .events = POLLIN};
	p[2] = (struct pollfd){.fd = s->child.pidfd, .events = POLLIN};
	p[3] = (struct pollfd){.fd = s->child.listener, .events = POLLIN};
	for (uint32_t i = 0; i < s->bus.ndev; i++)
		p[n++] = (struct pollfd){.fd = s->ring[i].kick, .events = POLLIN};
	for (;;) {
		int64_t left = deadline - now_ms();

		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(p, n, (int)left) < 0 && errno != EINTR)
			return -errno;
		for (nfds_t i = FIXED_FDS; i < n; i++)
			if (p[i].revents & POLLIN)
				reg_server_run(&s->ring[i - FIXED_FDS]);
		/* The answer first: the last one may come with the worker's orderly end. */
		if (p[0].revents || p[2].revents) {
			int r = chan_recv(s->child.command, m, MSG_DONTWAIT);

			return r == -EAGAIN ? -EPIPE : r;
		}
		if (p[1].revents)
			request_serve(s);
		if (p[3].revents & POLLIN && s->child.pid)
			notify_serve(s);
		if (!s->child.pid)
			return -EPIPE;
	}
}

static void end_late(struct set *s, int seconds)
{
	char op[OP_MAX], why[96];

	running(&s->child, op);
	if (op[0])
		snprintf(why, sizeof(why), "the driver's %s() did not return within %d s: killed",
			 op, seconds);
	else
		snprintf(why, sizeof(why), "the worker did not answer within %d s: killed",
			 seconds);
	child_end(s, why);
}

int child_call(struct set *s, enum chan_command cmd, const void *body, size_t len, const int *fds,
	       int nfd, void *out, size_t outlen, struct err *e)
{
	static struct chan_msg m;
	int ndev = s->bus.ndev ? (int)s->bus.ndev : 1;
	int ms = cmd == CMD_ATTACH || cmd == CMD_QUIT ? ATTACH_MS * ndev : ANSWER_MS;
	int r;

	if (!s->child.pid)
		return err_set(e, -EPIPE, "%s", s->child.fate);
	r = chan_send(s->child.command, cmd, 0, body, len, fds, nfd);
	if (r == 0)
		r = await(s, &m, now_ms() + ms);
	if (r == 0) {
		if (cmd == CMD_SANDBOX && m.type == cmd && m.nfd == 1 && s->child.listener < 0) {
			s->child.listener = m.fd[0];
			m.nfd = 0;
		}
		chan_close_fds(&m);
		if (m.type == cmd && m.status < 0)
			return err_set(e, m.status, "%.*s", (int)m.len, (char *)m.body);
		if (m.type == cmd && m.status == 0 && m.len == outlen) {
			if (outlen)
				memcpy(out, m.body, outlen);
			return 0;
		}
		r = -EPROTO;
	}
	if (r == -ETIMEDOUT)
		end_late(s, ms / 1000);
	else
		child_end(s, r == -EPIPE || r == -ECONNRESET ? "" : CHILD_LIES);
	return err_set(e, r, "%s", s->child.fate);
}
