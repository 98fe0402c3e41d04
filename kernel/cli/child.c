// SPDX-License-Identifier: Apache-2.0
#include "kernel/cli/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FD_HIGH 64	/* above every number that a child is promised */

static void redirect(const char *log)
{
	int null = open("/dev/null", O_RDONLY), out;

	if (null >= 0)
		dup2(null, STDIN_FILENO);
	out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (out >= 0) {
		dup2(out, STDOUT_FILENO);
		dup2(out, STDERR_FILENO);
	}
}

/* In the child: descriptors to their numbers (through high ones, lest they overwrite each other). */
static void place_fds(const struct child_fd *fds, int nfds)
{
	int high[16], last = 2;

	for (int i = 0; i < nfds; i++)
		high[i] = fcntl(fds[i].from, F_DUPFD, FD_HIGH);
	for (int i = 0; i < nfds; i++) {
		dup2(high[i], fds[i].to);
		last = fds[i].to > last ? fds[i].to : last;
	}
	close_range((unsigned int)last + 1, ~0u, 0);
}

static int start(struct child *c, const char *what, char *const argv[], const struct child_fd *fds,
		 int nfds, const char *log, bool daemon, struct err *e)
{
	pid_t parent = getpid();
	int status[2], failed = 0;
	ssize_t n;

	if (pipe2(status, O_CLOEXEC) < 0)
		return err_set(e, -errno, "%s: cannot be started: %s", what, strerror(errno));
	c->what = what;
	c->pid = fork();
	if (c->pid < 0) {
		c->pid = 0;
		close(status[0]);
		close(status[1]);
		return err_set(e, -errno, "%s: cannot be started: %s", what, strerror(errno));
	}
	if (c->pid == 0) {
		sigset_t none;
		int tell = fcntl(status[1], F_DUPFD_CLOEXEC, FD_HIGH - 1);
		struct child_fd all[16];

		if (daemon)
			setsid();
		else if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent)
			_exit(127);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		if (log)
			redirect(log);
		memcpy(all, fds, (size_t)nfds * sizeof(*fds));
		place_fds(all, nfds);
		execvp(argv[0], argv);
		failed = errno;
		if (write(tell, &failed, sizeof(failed)) < 0)
			_exit(126);
		_exit(127);
	}
	close(status[1]);
	do
		n = read(status[0], &failed, sizeof(failed));
	while (n < 0 && errno == EINTR);
	close(status[0]);
	if (n <= 0)
		return 0;
	waitpid(c->pid, NULL, 0);
	c->pid = 0;
	return err_set(e, -failed, "%s: %s cannot be started: %s", what, argv[0],
		       strerror(failed));
}

int child_start(struct child *c, const char *what, char *const argv[], const struct child_fd *fds,
		int nfds, const char *log, struct err *e)
{
	return start(c, what, argv, fds, nfds, log, false, e);
}

int child_start_daemon(struct child *c, const char *what, char *const argv[],
		       const struct child_fd *fds, int nfds, const char *log, struct err *e)
{
	return start(c, what, argv, fds, nfds, log, true, e);
}

void child_stop(struct child *c, int ms)
{
	struct timespec tick = {.tv_nsec = 5000000};

	if (!c->pid)
		return;
	kill(c->pid, SIGTERM);
	for (; ms > 0; ms -= 5) {
		if (waitpid(c->pid, NULL, WNOHANG) != 0) {
			c->pid = 0;
			return;
		}
		nanosleep(&tick, NULL);
	}
	kill(c->pid, SIGKILL);
	waitpid(c->pid, NULL, 0);
	c->pid = 0;
}

const char *child_fate(int status, char *buf, size_t n)
{
	if (WIFSIGNALED(status))
		snprintf(buf, n, "was ended by signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(buf, n, "exited with status %d", WEXITSTATUS(status));
	return buf;
}
