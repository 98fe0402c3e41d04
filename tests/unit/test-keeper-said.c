// SPDX-License-Identifier: Apache-2.0
/* What a worker writes to its pipe, and what of it comes to the log; neither end ever waits. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/keeper/set.h"
#include "kernel/lib/log.h"
#include "tests/unit/cunit.h"

#define TEXT 65536
#define MANY 1000

static struct set set;
static struct child child;
static int worker, log_fd, terminal;

/* The log is log, which is ours from here on. */
static void begin(int log)
{
	struct err e;

	snprintf(set.cfg.name, sizeof(set.cfg.name), "lan0");
	set.loop = event_loop_new();
	CU_ASSERT_PTR_NOT_NULL_FATAL(set.loop);
	child = (struct child){.set = &set};
	CU_ASSERT_EQUAL_FATAL(said_open(&child, &worker, &e), 0);
	log_init("keeper", NULL);
	log_fd = log;
	terminal = dup(STDERR_FILENO);
	dup2(log, STDERR_FILENO);
}

/* All that the log got behind from; to be freed. */
static char *end(off_t from)
{
	char *text = calloc(1, TEXT);

	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	close(worker);
	said_close(&child);
	said_close(&child);
	dup2(terminal, STDERR_FILENO);
	close(terminal);
	event_loop_free(set.loop);
	CU_ASSERT(pread(log_fd, text, TEXT - 1, from) >= 0);
	close(log_fd);
	return text;
}

static void say(const char *text)
{
	CU_ASSERT_EQUAL(write(worker, text, strlen(text)), (ssize_t)strlen(text));
}

static unsigned int count(const char *text, const char *what)
{
	unsigned int n = 0;

	while ((text = strstr(text, what))) {
		text += strlen(what);
		n++;
	}
	return n;
}

static int new_file(void)
{
	int fd = memfd_create("log", MFD_CLOEXEC);

	CU_ASSERT_FATAL(fd >= 0);
	fcntl(fd, F_SETFL, O_APPEND);
	return fd;
}

static void test_lines(void)
{
	char *text;

	begin(new_file());
	say("info: one\n\nin ");
	event_loop_once(set.loop, 0);
	say("two\nkeeper: info: for\033[2Jged\xc3\xa4\r\n");
	said_listen(&child);
	say("the last");
	text = end(0);
	CU_ASSERT_STRING_EQUAL(text, "vmhi-worker[lan0]: info: one\n"
				     "vmhi-worker[lan0]: in two\n"
				     "vmhi-worker[lan0]: keeper: info: for?[2Jged???\n"
				     "vmhi-worker[lan0]: the last\n");
	free(text);
}

static void test_long_line(void)
{
	char line[2 * SAID_LINE + 1], *text;

	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = 0;
	begin(new_file());
	say(line);
	say("\nnext\n");
	text = end(0);
	CU_ASSERT_EQUAL(strlen(text), 2 * strlen("vmhi-worker[lan0]: \n") + SAID_LINE + 4);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "x...\nvmhi-worker[lan0]: next\n"));
	free(text);
}

/* Whoever keeps from the loop is told not to read any more, too. */
static void test_flood(void)
{
	char *text;

	begin(new_file());
	for (int i = 0; i < MANY; i++)
		say("noise\n");
	event_loop_once(set.loop, 0);
	CU_ASSERT_EQUAL(said_fd(&child), -1);
	for (int i = 0; i < MANY; i++)
		say("noise\n");
	CU_ASSERT_EQUAL(event_loop_once(set.loop, 0), 0);
	while (write(worker, "noise\n", 6) == 6)
		;
	CU_ASSERT_EQUAL(errno, EAGAIN);
	text = end(0);
	CU_ASSERT_EQUAL(count(text, "vmhi-worker[lan0]: noise\n"), 100);
	CU_ASSERT_EQUAL(count(text, "keeper: warning: the worker says too much: "), 1);
	free(text);
}

static void test_next_second(void)
{
	char *text;

	begin(new_file());
	for (int i = 0; i < MANY; i++)
		say("noise\n");
	event_loop_once(set.loop, 0);
	say("afterwards\n");
	while (child.said.rest > 0)
		event_loop_once(set.loop, -1);
	event_loop_once(set.loop, 0);
	CU_ASSERT_EQUAL(said_fd(&child), child.said.fd);
	text = end(0);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "keeper: warning: the worker says too much: 900 of its "
				      "lines or more were left out\n"
				      "vmhi-worker[lan0]: afterwards\n"));
	free(text);
}

static void test_full_log(void)
{
	const off_t full = 16 << 20;
	int fd = new_file();
	char *text;

	CU_ASSERT_EQUAL(ftruncate(fd, full), 0);
	begin(fd);
	say("no room\n");
	event_loop_once(set.loop, 0);
	text = end(full);
	CU_ASSERT_EQUAL(count(text, "no room"), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "keeper: warning: the log has 16 MiB: "));
	free(text);
}

/* The log is a pipe, and full. */
static void test_stuck_log(void)
{
	int p[2], old;

	CU_ASSERT_EQUAL_FATAL(pipe2(p, O_CLOEXEC | O_NONBLOCK), 0);
	while (write(p[1], "x", 1) == 1)
		;
	old = fcntl(p[1], F_GETFL);
	fcntl(p[1], F_SETFL, old & ~O_NONBLOCK);
	begin(p[1]);
	say("nobody reads this\n");
	event_loop_once(set.loop, 0);
	CU_ASSERT_EQUAL(child.said.left_out, 1);
	child.said.left_out = 0;	/* the keeper's own line would wait */
	dup2(terminal, STDERR_FILENO);
	close(terminal);
	close(worker);
	said_close(&child);
	event_loop_free(set.loop);
	close(p[0]);
	close(p[1]);
}

static const struct unit_test tests[] = {
	{"a worker's lines", test_lines},
	{"a line that is too long", test_long_line},
	{"a flood", test_flood},
	{"the second after it", test_next_second},
	{"a log that is full", test_full_log},
	{"a log that nobody reads", test_stuck_log},
};
UNIT_MAIN("keeper-said", tests)
