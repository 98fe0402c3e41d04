// SPDX-License-Identifier: Apache-2.0
/*
 * The worker's denied system calls: each waits in the Linux kernel until it is answered here. The
 * answer is EPERM, the call's name goes to the log once, and all are counted. A worker that makes
 * too many is ended: a driver has no reason to make any, and one that floods the keeper with them
 * means harm. A call whose answer is late holds nobody but the worker: the keeper's own waits are
 * all bounded, and SIGKILL ends a call that waits.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kernel/keeper/set.h"
#include "kernel/lib/driver-op.h"
#include "kernel/lib/log.h"

#define MOST 100

static bool named(struct notified *d, int nr)
{
	unsigned int bit = (unsigned int)nr % (8 * sizeof(d->named));
	bool was = d->named[bit / 8] >> bit % 8 & 1;

	d->named[bit / 8] |= (unsigned char)(1u << bit % 8);
	return was;
}

static void say(const struct child *c, const struct seccomp_data *call)
{
	char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, call->nr);
	char op[17];

	driver_op_of(c->pid, "vmhi-worker", op, sizeof(op));
	log_warning("the worker tried %s(0x%llx, 0x%llx, 0x%llx)%s%s%s: denied",
		    name ? name : "an unknown system call", (unsigned long long)call->args[0],
		    (unsigned long long)call->args[1], (unsigned long long)call->args[2],
		    op[0] ? " in the driver's " : "", op, op[0] ? "()" : "");
	free(name);
}

void notify_serve(struct child *c)
{
	struct seccomp_notif n = {0};
	struct seccomp_notif_resp answer = {.error = -EPERM};
	struct pollfd p = {.fd = c->listener, .events = POLLIN};
	char why[80];

	/*
	 * It may have been served since it was announced, while the keeper waited for an answer, or
	 * interrupted; and with nothing there the ioctl waits for ever.
	 */
	if (poll(&p, 1, 0) != 1 || !(p.revents & POLLIN) ||
	    ioctl(c->listener, SECCOMP_IOCTL_NOTIF_RECV, &n) < 0)
		return;
	c->denied.count++;
	if (!named(&c->denied, n.data.nr))
		say(c, &n.data);
	if (c->denied.count >= MOST) {
		snprintf(why, sizeof(why), "the worker tried %d forbidden system calls: killed",
			 MOST);
		child_end(c, why);
		return;
	}
	answer.id = n.id;
	ioctl(c->listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
}

static void on_denied(void *arg, uint32_t events)
{
	struct child *c = arg;

	if (events & EPOLLIN) {
		notify_serve(c);
		return;
	}
	/* The worker ends. */
	event_del(c->ev_denied);
	c->ev_denied = NULL;
}

int notify_open(struct child *c, int listener, struct err *e)
{
	c->listener = listener;
	c->ev_denied = event_add(c->set->loop, c->listener, EPOLLIN, on_denied, c);
	return c->ev_denied ? 0 : err_set(e, -errno, "denied system calls cannot be watched");
}

void notify_close(struct child *c)
{
	if (c->ev_denied)
		event_del(c->ev_denied);
	c->ev_denied = NULL;
	if (c->listener >= 0)
		close(c->listener);
	c->listener = -1;
}
