// SPDX-License-Identifier: Apache-2.0
#include "kernel/vm/supervise.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a terminal sends reaches the child as well: only what somebody sent to us is passed on. */
static int wait_for_end(pid_t pid, const sigset_t *set)
{
	siginfo_t si;
	int status;

	for (;;) {
		int sig = sigwaitinfo(set, &si);

		if (sig == SIGCHLD && waitpid(pid, &status, WNOHANG) == pid)
			return status;
		if (sig > 0 && sig != SIGCHLD && si.si_code <= 0)
			kill(pid, sig);
	}
}

int supervise(int (*fn)(void *arg), void *arg, int *status, struct err *e)
{
	pid_t self = getpid(), pid;
	sigset_t set, old;
	int r = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &old);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		sigprocmask(SIG_SETMASK, &old, NULL);
		_exit(getppid() == self ? fn(arg) : 1);
	}
	if (pid < 0)
		r = err_set(e, -errno, "no process for the machine: %s", strerror(errno));
	else
		*status = wait_for_end(pid, &set);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return r;
}
