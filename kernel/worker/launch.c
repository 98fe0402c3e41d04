// SPDX-License-Identifier: Apache-2.0
/*
 * How a worker comes to be: cloned into namespaces, with nothing open but its two channels, then
 * exec. The other half of its sandbox, sandbox.c, is what it does to itself.
 */
#include "kernel/worker/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/bus/bus.h"
#include "kernel/lib/log.h"
#include "kernel/net/session.h"
#include "kernel/net/vhost-user.h"
#include "kernel/worker/channel.h"

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)

/* Each port's connection with three for every ring; each device's vectors and register ring. */
#define FD_LIMIT                                                                                   \
	(SESSION_PORTS * (1 + 3 * VHOST_USER_RINGS) + BUS_DEVICES_MAX * (BUS_VECTORS_MAX + 3) + 512)

static void limit(int what, rlim_t n)
{
	struct rlimit old, l = {n, n};

	if (getrlimit(what, &old) == 0 && old.rlim_max < n)
		l.rlim_cur = l.rlim_max = old.rlim_max;
	setrlimit(what, &l);
}

/* In the new process, up to exec. go: a byte comes once the keeper has written the id maps. */
static void become_worker(const char *program, const char *name, int go,
			  const struct worker_ends *ends)
{
	char *const argv[] = {"vmhi-worker", (char *)name, NULL};
	char *const envp[] = {NULL};
	int null = open("/dev/null", O_RDWR);
	sigset_t none;
	int command, request, output;
	char byte;

	if (read(go, &byte, 1) != 1)
		_exit(126);
	/* Above all that is overwritten below. */
	command = fcntl(ends->command, F_DUPFD, 16);
	request = fcntl(ends->request, F_DUPFD, 16);
	output = fcntl(ends->output, F_DUPFD, 16);
	if (dup2(null, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0 ||
	    dup2(command, CHAN_FD_COMMAND) < 0 || dup2(request, CHAN_FD_REQUEST) < 0 ||
	    close_range(CHAN_FD_REQUEST + 1, ~0u, 0) < 0)
		_exit(126);
	signal(SIGXFSZ, SIG_IGN);	/* for good: what is too long is an error */
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NOFILE, FD_LIMIT);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	execve(program, argv, envp);
	_exit(127);
}

static int write_file(pid_t pid, const char *name, const char *text)
{
	char path[64];
	int fd, r = 0;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		r = -errno;
	if (fd >= 0)
		close(fd);
	return r;
}

/* Root of its user namespace, and there only: enough to give itself an empty root folder. */
static int map_ids(pid_t pid)
{
	char text[64];
	int r;

	snprintf(text, sizeof(text), "0 %u 1\n", geteuid());
	r = write_file(pid, "uid_map", text);
	if (r == 0)
		r = write_file(pid, "setgroups", "deny");
	snprintf(text, sizeof(text), "0 %u 1\n", getegid());
	return r ? r : write_file(pid, "gid_map", text);
}

/* fork() into namespaces; the pid as fork() answers it. */
static pid_t fork_into(unsigned long flags, int *pidfd)
{
	return (pid_t)syscall(SYS_clone, flags | CLONE_PIDFD | SIGCHLD, NULL, pidfd, NULL, 0);
}

/* Once, with these namespaces; -errno. */
static pid_t spawn(const char *program, const char *name, unsigned long flags,
		   const struct worker_ends *ends, int *pidfd)
{
	int go[2], r = 0;
	pid_t pid;

	if (pipe2(go, O_CLOEXEC) < 0)
		return -errno;
	pid = fork_into(flags, pidfd);
	if (pid == 0) {
		close(go[1]);
		become_worker(program, name, go[0], ends);
	}
	if (pid < 0)
		r = -errno;
	close(go[0]);
	if (pid > 0 && flags & CLONE_NEWUSER)
		r = map_ids(pid);
	if (r == 0 && write(go[1], "", 1) != 1)
		r = -errno;
	close(go[1]); /* unless it was told to go on, it ends by itself: nothing comes through */
	if (r && pid > 0) {
		waitpid(pid, NULL, 0);
		close(*pidfd);
	}
	return r ? r : pid;
}

static bool no_user_namespaces(void)
{
	int fd = open("/proc/sys/user/max_user_namespaces", O_RDONLY | O_CLOEXEC);
	char text[2] = "";
	bool none = fd >= 0 && read(fd, text, 2) > 0 && text[0] == '0';

	if (fd >= 0)
		close(fd);
	return none;
}

/* Does this machine never permit what was tried, rather than being short of something now? */
static bool not_permitted(int r)
{
	return r == -EPERM || r == -EACCES || r == -EINVAL ||
	       (r == -ENOSPC && no_user_namespaces());
}

pid_t worker_launch(const char *program, const char *name, const struct worker_ends *ends,
		    int *pidfd, bool *own_mounts, struct err *e)
{
	static const unsigned long tries[] = {NAMESPACES | CLONE_NEWUSER, NAMESPACES, 0};
	size_t n = *own_mounts ? 2 : 3;
	pid_t pid = -EPERM;

	for (size_t i = 0; i < n && not_permitted(pid); i++) {
		pid = spawn(program, name, tries[i], ends, pidfd);
		*own_mounts = tries[i] & CLONE_NEWNS;
	}
	if (pid < 0)
		return err_set(e, pid, "%s cannot be started: %s", program, strerror(-pid));
	if (!*own_mounts)
		log_warning("namespaces are not permitted here: the worker runs without them");
	return pid;
}
