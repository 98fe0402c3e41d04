// SPDX-License-Identifier: Apache-2.0
/* The list of system calls: what it lets through, what becomes of the rest, in all threads. */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/lib/confine.h"
#include "kernel/lib/fdpass.h"
#include "tests/unit/cunit.h"

static const struct confine_call some[] = {
	CONFINE_CALL(write),
	CONFINE_CALL(sendmsg),
	CONFINE_CALL(futex),
	CONFINE_CALL(exit_group),
	CONFINE_IF(fcntl, CONFINE_IS(1, F_GETFL)),
	CONFINE_IF(fcntl, CONFINE_IS(1, F_GETFD)),
	CONFINE_IF(madvise, CONFINE_NOT(2, 4), CONFINE_IS(1, 0)),
};
/* What is needed to add a second filter. */
static const struct confine_call more[] = {
	CONFINE_CALL(seccomp), CONFINE_CALL(memfd_create), CONFINE_CALL(lseek),
	CONFINE_CALL(pread64), CONFINE_CALL(close), CONFINE_CALL(brk), CONFINE_CALL(mmap),
	CONFINE_CALL(munmap), CONFINE_CALL(prctl), CONFINE_CALL(getrandom),
};
static const struct confine_list narrow = {some, sizeof(some) / sizeof(some[0])};
static const struct confine_list wide[2] = {
	{some, sizeof(some) / sizeof(some[0])}, {more, sizeof(more) / sizeof(more[0])},
};

/* The error of a system call, by the instruction itself: sanitizers stand before the library's. */
static long try(long nr, long a, long b, long c)
{
	long r = syscall(nr, a, b, c);

	return r < 0 ? errno : 0;
}

/* _exit() is one of those, too. */
static void leave(int status)
{
	syscall(SYS_exit_group, status);
}

/* Runs fn in a process of its own, which ends with what fn returns. */
static int in_child(int (*fn)(void *), void *arg)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		leave(fn(arg));
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int check_calls(void *arg)
{
	enum confine_else other = *(enum confine_else *)arg;
	int no = other == CONFINE_EPERM ? EPERM : ENOSYS;

	if (confine(&narrow, 1, other, NULL, NULL))
		return 1;
	if (try(SYS_write, 2, 0, 0) || try(SYS_fcntl, 2, F_GETFL, 0) ||
	    try(SYS_fcntl, 2, F_GETFD, 0) || try(SYS_madvise, 0, 0, 3))
		return 2;
	if (try(SYS_getppid, 0, 0, 0) != no || try(SYS_open, (long)"/", 0, 0) != no)
		return 3;
	/* arguments */
	if (try(SYS_fcntl, 2, F_DUPFD, 0) != no || try(SYS_fcntl, 2, F_SETFL, 0) != no)
		return 4;
	if (try(SYS_madvise, 0, 0, 4) != no || try(SYS_madvise, 0, 4096, 3) != no)
		return 5;
	/* an int argument is its low half */
	return try(SYS_fcntl, 2, 1L << 32 | F_GETFL, 0) ? 6 : 0;
}

static void test_calls(void)
{
	enum confine_else other = CONFINE_EPERM;

	CU_ASSERT_EQUAL(in_child(check_calls, &other), 0);
	other = CONFINE_ENOSYS;
	CU_ASSERT_EQUAL(in_child(check_calls, &other), 0);
}

static int step;

static void reach(int n)
{
	__atomic_store_n(&step, n, __ATOMIC_RELEASE);
}

static void await(int n)
{
	while (__atomic_load_n(&step, __ATOMIC_ACQUIRE) < n)
		;
}

static void *other_thread(void *arg)
{
	char c;

	reach(1);
	await(2);
	*(long *)arg = try(SYS_read, 0, (long)&c, 0);
	reach(3);
	await(4);	/* which never comes: a thread's end needs more calls */
	return NULL;
}

static int check_threads(void *arg)
{
	pthread_t t;
	long r = 0;

	alarm(20);
	if (pthread_create(&t, NULL, other_thread, &r))
		return 1;
	await(1);
	if (confine(&narrow, 1, CONFINE_EPERM, NULL, NULL))
		return 2;
	reach(2);
	await(3);
	return r == EPERM ? 0 : 3;
}

static void test_threads(void)
{
	CU_ASSERT_EQUAL(in_child(check_threads, NULL), 0);
}

/* Denied by both filters: the one that tells comes first. */
static int check_notify(void *arg)
{
	int sock = *(int *)arg, listener = -1;

	if (confine(wide, 2, CONFINE_ENOSYS, NULL, NULL) ||
	    confine(&narrow, 1, CONFINE_NOTIFY, &listener, NULL) || listener < 0)
		return 1;
	if (fdpass_send(sock, "", 1, &listener, 1, 0) != 1)
		return 2;
	return try(SYS_getppid, 11, 22, 33) == EPERM && try(SYS_write, 2, 0, 0) == 0 ? 0 : 3;
}

static void test_notify(void)
{
	struct seccomp_notif n = {0};
	struct seccomp_notif_resp answer = {.error = -EPERM};
	int s[2], listener = -1, nfd = 1, status = -1;
	struct pollfd p = {.events = POLLIN};
	pid_t pid;
	char c;

	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		leave(check_notify(&s[1]));
	}
	close(s[1]);
	CU_ASSERT_EQUAL_FATAL(fdpass_recv(s[0], &c, 1, &listener, &nfd, 0), 1);
	CU_ASSERT_EQUAL_FATAL(nfd, 1);
	p.fd = listener;
	CU_ASSERT_EQUAL(poll(&p, 1, 5000), 1);
	CU_ASSERT_EQUAL(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &n), 0);
	CU_ASSERT_EQUAL(n.data.nr, SYS_getppid);
	CU_ASSERT_EQUAL(n.data.args[0], 11);
	CU_ASSERT_EQUAL(n.data.args[2], 33);
	answer.id = n.id;
	CU_ASSERT_EQUAL(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer), 0);
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT_EQUAL(status, 0);
	/* nobody is left to tell of */
	p.revents = 0;
	CU_ASSERT_EQUAL(poll(&p, 1, 5000), 1);
	CU_ASSERT_EQUAL(p.revents & (POLLIN | POLLHUP), POLLHUP);
	close(listener);
	close(s[0]);
}

static int check_other_abi(void *arg)
{
	int r = 20;	/* writev there */

	if (confine(&narrow, 1, CONFINE_EPERM, NULL, NULL))
		return 1;
	__asm__ volatile("int $0x80" : "+a"(r) : "b"(2), "c"(0), "d"(0) : "memory");
	return 0;
}

static void test_other_abi(void)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		leave(check_other_abi(NULL));
	}
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

static void test_count(void)
{
	/* fcntl is there twice */
	CU_ASSERT_EQUAL(confine_count(&narrow, 1), narrow.n - 1);
	CU_ASSERT_EQUAL(confine_count(wide, 2), narrow.n - 1 + wide[1].n);
}

static const struct unit_test tests[] = {
	{"calls and arguments", test_calls},
	{"every thread", test_threads},
	{"told of and answered", test_notify},
	{"another ABI", test_other_abi},
	{"count", test_count},
};

UNIT_MAIN("confinement", tests)
