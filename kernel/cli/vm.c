// SPDX-License-Identifier: Apache-2.0
/* vmhi vm list | console | stop | kill: what can be asked of a VM that runs. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "kernel/cli/cli.h"
#include "kernel/cli/client.h"
#include "kernel/lib/fdpass.h"

static int list(bool as_json)
{
	static const char *const columns[] = {"name:NAME", "state:STATE", "pid:PID", "cpus:CPUS",
					      "memory:MEMORY", NULL};
	struct err e;
	json_t *names = client_running("vms", &e), *rows = json_array(), *name;
	size_t i;

	if (!names)
		return client_fail(&e);
	json_array_foreach(names, i, name) {
		json_t *row = client_ask("vms", json_string_value(name),
					 json_pack("{s:s}", "op", "status"), NULL, &e);

		if (!row)
			continue; /* it ended just now */
		json_object_del(row, "ok");
		json_object_set(row, "name", name);
		json_array_append_new(rows, row);
	}
	client_table(rows, columns, as_json);
	json_decref(rows);
	json_decref(names);
	return 0;
}

static int order(const char *name, const char *op)
{
	struct err e;
	json_t *ans = client_ask("vms", name, json_pack("{s:s}", "op", op), NULL, &e);

	if (!ans)
		return client_fail(&e);
	json_decref(ans);
	return 0;
}

/* Waits until the VM's control socket is gone. */
static int wait_gone(const char *name, int seconds)
{
	struct timespec tick = {.tv_nsec = 100000000};
	char path[108];
	struct err e;

	if (client_path("vms", name, "control", path, sizeof(path), &e))
		return client_fail(&e);
	for (int i = 0; i < seconds * 10; i++) {
		int fd = unix_connect(path);

		if (fd < 0)
			return 0;
		close(fd);
		if (i == 30)
			fprintf(stderr, "waiting for the guest to power off, at most %d s\n", seconds);
		nanosleep(&tick, NULL);
	}
	err_set(&e, -ETIMEDOUT,
		"VM \"%s\" was asked to power off and has not: its guest may not listen to the "
		"power button; \"vmhi vm kill %s\" ends it", name, name);
	return client_fail(&e);
}

static int stop(const char *name)
{
	int r = order(name, "stop");

	return r ? r : wait_gone(name, 60);
}

/* Copies what is there from one descriptor to another; false when the source has ended. */
static bool pump(int from, int to)
{
	char buf[4096];
	ssize_t n = read(from, buf, sizeof(buf)), at = 0;

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	while (at < n) {
		ssize_t w = write(to, buf + at, (size_t)(n - at));

		if (w < 0 && errno != EINTR)
			return false;
		at += w > 0 ? w : 0;
	}
	return n > 0;
}

/* Typed bytes to the guest; Ctrl-] leaves. */
static bool keys(int fd, bool *input_open)
{
	char buf[256];
	ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));

	if (n <= 0) {
		*input_open = false;
		return true;
	}
	if (isatty(STDIN_FILENO) && memchr(buf, 0x1d, (size_t)n))
		return false;
	return write(fd, buf, (size_t)n) == n;
}

static void attach(int fd)
{
	struct pollfd p[2] = {{.fd = fd, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
	bool input_open = true;

	while (poll(p, input_open ? 2 : 1, -1) >= 0 || errno == EINTR) {
		if ((p[0].revents & (POLLIN | POLLHUP)) && !pump(fd, STDOUT_FILENO))
			return;
		if (input_open && (p[1].revents & (POLLIN | POLLHUP)) && !keys(fd, &input_open))
			return;
	}
}

static int console(const char *name)
{
	struct termios was, raw;
	bool tty = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &was) == 0;
	struct err e;
	int fd;
	json_t *ans = client_ask("vms", name, json_pack("{s:s}", "op", "console"), &fd, &e);

	if (!ans)
		return client_fail(&e);
	json_decref(ans);
	if (tty) {
		fprintf(stderr, "console of VM \"%s\": Ctrl-] leaves it\n", name);
		raw = was;
		cfmakeraw(&raw);
		tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	}
	attach(fd);
	if (tty)
		tcsetattr(STDIN_FILENO, TCSANOW, &was);
	close(fd);
	return 0;
}

int cmd_vm(int argc, char **argv)
{
	bool as_json = client_wants_json(&argc, argv);

	if (argc == 2 && !strcmp(argv[1], "list"))
		return list(as_json);
	if (argc == 3 && !strcmp(argv[1], "console"))
		return console(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "stop"))
		return stop(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "kill"))
		return order(argv[2], "kill");
	fputs("usage: vmhi vm list [--json]\n"
	      "       vmhi vm console|stop|kill NAME\n", stderr);
	return 2;
}
