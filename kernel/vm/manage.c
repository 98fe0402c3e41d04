// SPDX-License-Identifier: Apache-2.0
#include "kernel/vm/manage.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "kernel/lib/control.h"
#include "kernel/lib/log.h"
#include "kernel/vm/console.h"
#include "kernel/vm/power.h"
#include "kernel/vm/vm.h"

struct manage {
	struct vm *vm;
	struct control_server *control;
	struct event *signals;
	int signal_fd;
	unsigned int stop_seconds;
	int timer;		/* of a stop by signal; 0: none */
	bool stopping;
};

static void stop_timeout(void *arg)
{
	struct manage *m = arg;

	m->timer = 0;
	log_warning("the guest has not powered off within %u s: ended by force", m->stop_seconds);
	vm_end(m->vm, VM_KILLED);
}

static void press_button(struct manage *m)
{
	m->stopping = true;
	power_button(m->vm);
}

/* The first signal asks the guest, the second does not. */
static void signal_event(void *arg, uint32_t events)
{
	struct manage *m = arg;
	struct signalfd_siginfo si;

	if (read(m->signal_fd, &si, sizeof(si)) != sizeof(si))
		return;
	if (m->timer > 0) {
		vm_end(m->vm, VM_KILLED);
		return;
	}
	press_button(m);
	m->timer = event_timer(m->vm->loop, m->stop_seconds * 1000ULL, stop_timeout, m);
}

static json_t *op_status(struct manage *m)
{
	const struct vm_config *cfg = m->vm->cfg;

	return json_pack("{s:s,s:s,s:i,s:i,s:I}", "name", cfg->name, "state",
			 m->stopping ? "stopping" : "running", "pid", (int)getpid(), "cpus",
			 (int)cfg->cpus, "memory", (json_int_t)cfg->memory);
}

static void take_console(void *arg, int fd)
{
	struct manage *m = arg;

	console_attach(m->vm->console, fd);
}

static json_t *on_request(void *arg, const char *op, const json_t *request,
			  struct control_take *take, struct err *e)
{
	struct manage *m = arg;

	if (!strcmp(op, "status"))
		return op_status(m);
	if (!strcmp(op, "stop")) {
		press_button(m);
		return json_object();
	}
	if (!strcmp(op, "kill")) {
		vm_end(m->vm, VM_KILLED);
		return json_object();
	}
	if (!strcmp(op, "console")) {
		if (console_attachable(m->vm->console, e))
			return NULL;
		take->fn = take_console;
		take->arg = m;
		return json_object();
	}
	err_set(e, -EINVAL, "unknown op \"%s\": a VM knows status, stop, kill and console", op);
	return NULL;
}

static int watch_signals(struct manage *m, struct err *e)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	m->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (m->signal_fd >= 0)
		m->signals = event_add(m->vm->loop, m->signal_fd, EPOLLIN, signal_event, m);
	return m->signals ? 0 : err_set(e, -errno, "no signalfd: %s", strerror(errno));
}

struct manage *manage_new(struct vm *vm, const char *socket, unsigned int stop_seconds,
			  struct err *e)
{
	struct manage *m = calloc(1, sizeof(*m));

	if (!m) {
		err_set(e, -ENOMEM, "no memory");
		return NULL;
	}
	m->vm = vm;
	m->stop_seconds = stop_seconds;
	if (!watch_signals(m, e))
		m->control = control_server_new(vm->loop, socket, on_request, m, e);
	if (m->control)
		return m;
	manage_free(m);
	return NULL;
}

void manage_free(struct manage *m)
{
	if (!m)
		return;
	control_server_free(m->control);
	if (m->timer > 0)
		event_timer_cancel(m->vm->loop, m->timer);
	if (m->signals)
		event_del(m->signals);
	if (m->signal_fd >= 0)
		close(m->signal_fd);
	free(m);
}
