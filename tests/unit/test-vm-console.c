// SPDX-License-Identifier: Apache-2.0
/* The console's byte stream between a device and who is attached, and a VM's place. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "kernel/lib/control.h"
#include "kernel/lib/fdpass.h"
#include "kernel/vm/console.h"
#include "kernel/vm/manage.h"
#include "kernel/vm/place.h"
#include "kernel/vm/vm.h"
#include "tests/unit/cunit.h"

#define RING 65536

static struct vm vm = {.vm_fd = -1, .lock = PTHREAD_MUTEX_INITIALIZER};
static char got[256];
static size_t ngot, limit;
static int rooms;

static size_t input(void *arg, const void *data, size_t n)
{
	if (n > limit - ngot)
		n = limit - ngot;
	memcpy(got + ngot, data, n);
	ngot += n;
	return n;
}

static void room(void *arg)
{
	rooms++;
}

static void start(void)
{
	struct err e = {0};

	vm.loop = event_loop_new();
	vm.end_fd = eventfd(0, EFD_NONBLOCK);
	vm.end = VM_RUNNING;
	vm.console = console_new(&vm, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(vm.console);
	console_set_device(vm.console, input, room, NULL);
	ngot = 0;
	limit = sizeof(got);
	rooms = 0;
}

static void stop(void)
{
	console_free(vm.console);
	event_loop_free(vm.loop);
	close(vm.end_fd);
}

static size_t put(const void *data, size_t n)
{
	size_t took;

	pthread_mutex_lock(&vm.lock);
	took = console_output(vm.console, data, n);
	pthread_mutex_unlock(&vm.lock);
	return took;
}

static void turn(void)
{
	for (int i = 0; i < 20; i++)
		event_loop_once(vm.loop, 0);
}

static int attach(void)
{
	int sv[2];

	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	console_attach(vm.console, sv[1]);
	fcntl(sv[0], F_SETFL, O_NONBLOCK);
	return sv[0];
}

static void test_both_ways(void)
{
	char buf[64];
	int fd;

	start();
	CU_ASSERT_EQUAL(put("early ", 6), 6);
	fd = attach();
	turn();
	CU_ASSERT_EQUAL(put("late", 4), 4);
	turn();
	CU_ASSERT_EQUAL(read(fd, buf, sizeof(buf)), 10);
	CU_ASSERT(!memcmp(buf, "early late", 10));
	CU_ASSERT_EQUAL(write(fd, "typed\x01x", 7), 7);
	turn();
	CU_ASSERT(ngot == 7 && !memcmp(got, "typed\x01x", 7));	/* escapes are a terminal's */
	CU_ASSERT_EQUAL(vm.end, VM_RUNNING);
	close(fd);
	turn();
	CU_ASSERT_EQUAL(put("on its own", 10), 10);
	stop();
}

/* With nobody there, the newest 64 KiB are kept. */
static void test_history(void)
{
	static char buf[RING + 16];
	size_t n = 0;
	ssize_t r;
	int fd;

	start();
	memset(buf, 'o', sizeof(buf));
	CU_ASSERT_EQUAL(put(buf, sizeof(buf)), sizeof(buf));
	CU_ASSERT_EQUAL(put("new", 3), 3);
	fd = attach();
	turn();
	while ((r = read(fd, buf + n, sizeof(buf) - n)) > 0 || n < RING) {
		if (r > 0)
			n += (size_t)r;
		else if (errno != EAGAIN)
			break;
		turn();
	}
	CU_ASSERT_EQUAL_FATAL(n, RING);
	CU_ASSERT(!memcmp(buf + n - 4, "onew", 4));
	close(fd);
	stop();
}

/* A device that takes little at a time gets the rest when it says so, and nothing is lost. */
static void test_slow_device(void)
{
	char text[200];
	int fd;

	start();
	memset(text, 'i', sizeof(text));
	text[199] = '!';
	limit = 10;
	fd = attach();
	CU_ASSERT_EQUAL(write(fd, text, sizeof(text)), sizeof(text));
	turn();
	CU_ASSERT_EQUAL(ngot, 10);
	while (limit < sizeof(text)) {
		limit += 10;
		pthread_mutex_lock(&vm.lock);
		console_input_ready(vm.console);
		pthread_mutex_unlock(&vm.lock);
		turn();
		CU_ASSERT_EQUAL_FATAL(ngot, limit);
	}
	CU_ASSERT_EQUAL(got[199], '!');
	close(fd);
	stop();
}

/* A reader that is slow holds the device back; one that does not read at all for long does not. */
static void test_slow_reader(void)
{
	static char buf[RING];
	size_t n = 0, took;
	int fd, small = 4096;

	start();
	fd = attach();
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	memset(buf, 'x', sizeof(buf));
	do {
		took = put(buf, sizeof(buf));
		n += took;
		turn();
	} while (took == sizeof(buf) && n < 64 * sizeof(buf));
	CU_ASSERT(n < 64 * sizeof(buf));
	CU_ASSERT_EQUAL(rooms, 0);
	CU_ASSERT(!console_output_room(vm.console));
	while (read(fd, buf, sizeof(buf)) > 0)
		;
	turn();
	CU_ASSERT_EQUAL(rooms, 1);
	CU_ASSERT(console_output_room(vm.console));
	while (put(buf, sizeof(buf)) == sizeof(buf))
		turn();
	sleep(4);
	CU_ASSERT_EQUAL(put(buf, sizeof(buf)), sizeof(buf));
	close(fd);
	stop();
}

static void test_take_over(void)
{
	char buf[16];
	int one, two;

	start();
	one = attach();
	two = attach();
	CU_ASSERT_EQUAL(put("x", 1), 1);
	turn();
	CU_ASSERT_EQUAL(read(one, buf, 1), 0);
	CU_ASSERT_EQUAL(read(two, buf, sizeof(buf)), 1);
	close(one);
	close(two);
	stop();
}

static void *control_client(void *path)
{
	json_t *req = json_pack("{s:s}", "op", "console"), *ans;
	struct err e = {0};
	static int fd;

	fd = -1;
	ans = control_request(path, req, &fd, &e);
	json_decref(ans);
	json_decref(req);
	if (fd >= 0 && write(fd, "via control", 11) != 11)
		fd = -1;
	vm_end(&vm, VM_KILLED);
	return &fd;
}

/* The control socket's connection becomes the console's, input too. */
static void test_control(void)
{
	char run[] = "/tmp/vmhi-control-XXXXXX", sock[64], buf[8];
	struct manage *m;
	struct err e = {0};
	pthread_t t;
	void *fd;

	start();
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(run));
	snprintf(sock, sizeof(sock), "%s/control", run);
	m = manage_new(&vm, sock, 1, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	pthread_create(&t, NULL, control_client, sock);
	for (int i = 0; i < 500 && !(vm.end && ngot == 11); i++)
		event_loop_once(vm.loop, 10);
	pthread_join(t, &fd);
	CU_ASSERT(ngot == 11 && !memcmp(got, "via control", 11));
	put("and back", 8);
	turn();
	CU_ASSERT_EQUAL(read(*(int *)fd, buf, sizeof(buf)), 8);
	close(*(int *)fd);
	manage_free(m);
	CU_ASSERT_NOT_EQUAL(access(sock, F_OK), 0);
	rmdir(run);
	stop();
}

/* Puts a terminal in the place of descriptors 0 and 1; returns its other side. */
static int take_terminal(int saved[2])
{
	int master, slave;

	CU_ASSERT_EQUAL_FATAL(openpty(&master, &slave, NULL, NULL, NULL), 0);
	fflush(stdout);
	saved[0] = dup(0);
	saved[1] = dup(1);
	dup2(slave, 0);
	dup2(slave, 1);
	close(slave);
	return master;
}

static void give_back(const int saved[2])
{
	for (int i = 0; i < 2; i++) {
		dup2(saved[i], i);
		close(saved[i]);
	}
}

/* The terminal is raw while attached and as it was afterwards; Ctrl-A x ends the VM. */
static void test_terminal(void)
{
	struct termios before, during, after;
	struct err e = {0};
	int saved[2], tty, r;
	ssize_t shown;
	bool refused;
	char buf[8];

	start();
	tty = take_terminal(saved);
	tcgetattr(0, &before);
	r = console_attach_stdio(vm.console, &e);
	tcgetattr(0, &during);
	refused = console_attachable(vm.console, &e) == -EBUSY;
	put("hi", 2);
	turn();
	poll(&(struct pollfd){.fd = tty, .events = POLLIN}, 1, 2000);
	shown = read(tty, buf, sizeof(buf));
	if (write(tty, "a\x01\x01\x01zb\x01x", 8) != 8)
		r = -1;
	for (int i = 0; i < 200 && vm.end == VM_RUNNING; i++)
		event_loop_once(vm.loop, 10);
	stop();
	tcgetattr(0, &after);
	give_back(saved);
	CU_ASSERT_EQUAL(r, 0);
	CU_ASSERT(refused);
	CU_ASSERT((before.c_lflag & ECHO) && !(during.c_lflag & (ECHO | ISIG | ICANON)));
	CU_ASSERT_EQUAL(after.c_lflag, before.c_lflag);
	CU_ASSERT(shown == 2 && !memcmp(buf, "hi", 2));
	CU_ASSERT(ngot == 3 && !memcmp(got, "a\x01" "b", 3));
	CU_ASSERT_EQUAL(vm.end, VM_KILLED);
	close(tty);
}

static void test_place(void)
{
	char run[] = "/tmp/vmhi-place-XXXXXX", cmd[128];
	struct place a, b;
	struct err e = {0};
	struct stat st;
	int fd;

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(run));
	setenv("VMHI_RUN_DIR", run, 1);
	CU_ASSERT_EQUAL_FATAL(place_take("web", &a, &e), 0);
	CU_ASSERT_EQUAL(place_take("web", &b, &e), -EBUSY);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "web runs already"));
	CU_ASSERT_EQUAL(place_take("other", &b, &e), 0);
	place_leave(&b);
	/* killed: the lock goes with its process, folder and socket stay */
	fd = unix_listen(a.control, 1);
	CU_ASSERT(fd >= 0);
	close(fd);
	close(a.fd);
	CU_ASSERT_EQUAL(place_take("web", &b, &e), 0);
	fd = unix_listen(b.control, 1);
	CU_ASSERT(fd >= 0);
	close(fd);
	unlink(b.control);
	place_leave(&b);
	CU_ASSERT_NOT_EQUAL(stat(b.dir, &st), 0);
	snprintf(cmd, sizeof(cmd), "%s/%080d", run, 0);
	setenv("VMHI_RUN_DIR", cmd, 1);
	CU_ASSERT_EQUAL(place_take("web", &a, &e), -ENAMETOOLONG);
	unsetenv("VMHI_RUN_DIR");
	snprintf(cmd, sizeof(cmd), "rm -r %s", run);
	CU_ASSERT_EQUAL(system(cmd), 0);
}

static const struct unit_test tests[] = {
	{"both ways", test_both_ways},
	{"history", test_history},
	{"a device that takes little", test_slow_device},
	{"a reader that does not read", test_slow_reader},
	{"a second attach", test_take_over},
	{"the control socket", test_control},
	{"a terminal", test_terminal},
	{"a VM's place", test_place},
};

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	return unit_main("vm-console", tests, sizeof(tests) / sizeof(tests[0]));
}
