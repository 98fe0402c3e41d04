// SPDX-License-Identifier: Apache-2.0
/* Between keeper and worker: messages when descriptors run out, texts, and a start that fails. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel/worker/channel.h"
#include "kernel/worker/launch.h"
#include "tests/unit/cunit.h"

static struct rlimit before;

/* No more than n descriptors can be opened from here on. */
static void leave_room(unsigned int n)
{
	struct rlimit l;
	int fd = dup(0);

	getrlimit(RLIMIT_NOFILE, &before);
	l = before;
	l.rlim_cur = (rlim_t)fd + n;
	close(fd);
	CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_NOFILE, &l), 0);
}

static void test_no_room(void)
{
	static struct chan_msg m;
	int pair[2], fds[3] = {0, 0, 0};

	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	CU_ASSERT_EQUAL(chan_send(pair[0], CMD_RING, 0, "abcd", 4, fds, 3), 0);
	CU_ASSERT_EQUAL(chan_send(pair[0], CMD_PING, 0, NULL, 0, NULL, 0), 0);
	leave_room(1);
	CU_ASSERT_EQUAL(chan_recv(pair[1], &m, 0), -EMSGSIZE);
	/* It can be refused, what came of it is closed, and the next one is whole. */
	CU_ASSERT_EQUAL(m.type, CMD_RING);
	CU_ASSERT_EQUAL(m.len, 0);
	CU_ASSERT_EQUAL(m.nfd, 0);
	fds[0] = dup(0);
	CU_ASSERT(fds[0] >= 0);
	close(fds[0]);
	CU_ASSERT_EQUAL(chan_recv(pair[1], &m, 0), 0);
	CU_ASSERT_EQUAL(m.type, CMD_PING);
	setrlimit(RLIMIT_NOFILE, &before);
	close(pair[0]);
	close(pair[1]);
}

/* What is short now is told; it does not make the worker start without namespaces. */
static void test_launch_short(void)
{
	struct err e = {0};
	bool own_mounts = false;
	int pidfd = -1;
	pid_t pid;

	leave_room(2); /* for a pipe, and no pidfd */
	pid = worker_launch("/bin/true", "test", &(struct worker_ends){0, 0, 0}, &pidfd, &own_mounts, &e);
	setrlimit(RLIMIT_NOFILE, &before);
	CU_ASSERT_EQUAL(pid, -EMFILE);
	CU_ASSERT_EQUAL(own_mounts, true);
	CU_ASSERT_STRING_EQUAL(e.msg, "/bin/true cannot be started: Too many open files");
}

static void test_text(void)
{
	static struct chan_msg m;
	char name[4] = {'a', (char)0xc3, '\n', 'b'};

	chan_tidy(name, sizeof(name));
	CU_ASSERT_STRING_EQUAL(name, "a??");
	memcpy(m.body, "caf\xe9\x7f then more", 16);
	m.len = 5;
	CU_ASSERT_STRING_EQUAL(chan_text(&m), "caf??");
	memset(m.body, 'x', sizeof(m.body));
	m.len = sizeof(m.body);
	CU_ASSERT_EQUAL(strlen(chan_text(&m)), sizeof(m.body) - 1);
	m.len = 0;
	CU_ASSERT_STRING_EQUAL(chan_text(&m), "");
}

static const struct unit_test tests[] = {
	{"no room for a message's descriptors", test_no_room},
	{"a worker's text", test_text},
	{"a start that is short of something", test_launch_short},
};
UNIT_MAIN("keeper-worker", tests)
