// SPDX-License-Identifier: Apache-2.0
/* The end of a program's main(): its loop, until a signal ends it. */
#include "program.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <vmhi-model/model.h>

static void on_signal(void *arg, short revents)
{
	model_loop_stop(arg);
}

int fc_program_run(struct model_loop *l)
{
	sigset_t set;
	int fd, r;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	r = fd < 0 ? -errno : model_loop_add(l, fd, POLLIN, on_signal, l);
	if (!r) {
		r = model_loop_run(l);
		model_loop_del(l, fd);
	}
	if (fd >= 0)
		close(fd);
	if (r)
		model_log("the loop ends: %s", strerror(-r));
	return r ? 1 : 0;
}
