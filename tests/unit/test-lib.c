// SPDX-License-Identifier: Apache-2.0
/* kernel/lib: errors, sizes, strict JSON, descriptors over sockets, the control socket. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "kernel/lib/control.h"
#include "kernel/lib/err.h"
#include "kernel/lib/event.h"
#include "kernel/lib/fdpass.h"
#include "kernel/lib/json.h"
#include "kernel/lib/log.h"
#include "kernel/lib/map-shared.h"
#include "kernel/lib/paths.h"
#include "tests/unit/cunit.h"

static void test_err(void)
{
	struct err e;

	CU_ASSERT_EQUAL(err_set(&e, -EINVAL, "bad \"%s\"", "a\nb"), -EINVAL);
	CU_ASSERT_STRING_EQUAL(e.msg, "bad \"a?b\"");
	CU_ASSERT_EQUAL(err_prefix(&e, "file %d", 7), -EINVAL);
	CU_ASSERT_STRING_EQUAL(e.msg, "file 7: bad \"a?b\"");
}

static void test_parse(void)
{
	uint8_t mac[6];
	uint64_t n = 0;

	CU_ASSERT_EQUAL(parse_size("512M", &n), 0);
	CU_ASSERT_EQUAL(n, 512ull << 20);
	CU_ASSERT_EQUAL(parse_size("99999999999T", &n), -EINVAL);
	CU_ASSERT_EQUAL(parse_size("-1", &n), -EINVAL);
	CU_ASSERT_EQUAL(parse_size("1MB", &n), -EINVAL);
	CU_ASSERT_EQUAL(parse_mac("52:54:00:12:34:56", mac), 0);
	CU_ASSERT_EQUAL(mac[5], 0x56);
	CU_ASSERT_EQUAL(parse_mac("52:54:00:12:34", mac), -EINVAL);
	CU_ASSERT_EQUAL(parse_mac("52:54:00:12:34:5g", mac), -EINVAL);
}

/* Whatever is quoted, however it is cut: JSON takes the message, and a terminal stays as it is. */
static void test_err_text(void)
{
	static const char *const bad[] = {
		"\x80", "\xc3", "\xc0\xaf", "\xc2\x9b", "\xe2\x82", "\xe0\x9f\xbf", "\xed\xa0\x80",
		"\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xff", "\x1b[2J",
	};
	struct err e;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		json_t *j;

		err_set(&e, -EINVAL, "%sx", bad[i]);
		CU_ASSERT(e.msg[0] == '?' && strchr(e.msg, 'x'));
		j = json_string(e.msg);
		CU_ASSERT_PTR_NOT_NULL(j);
		json_decref(j);
	}
	err_set(&e, -EINVAL, "k\xc3\xa4se \xe2\x82\xac \xf0\x9f\x98\x80");
	CU_ASSERT_STRING_EQUAL(e.msg, "k\xc3\xa4se \xe2\x82\xac \xf0\x9f\x98\x80");
	for (int width = (int)sizeof(e.msg) - 8; width < (int)sizeof(e.msg) + 2; width++) {
		json_t *j;

		err_set(&e, -EINVAL, "%*d\xf0\x9f\x98\x80", width, 1);
		j = json_string(e.msg);
		CU_ASSERT_PTR_NOT_NULL(j);
		json_decref(j);
	}
}

static void test_json(void)
{
	static const char *const keys[] = {"a", "b", NULL};
	json_t *j = json_pack("{s:i,s:s}", "a", 5, "b", "2G");
	struct err e;
	uint64_t v = 0;

	CU_ASSERT_EQUAL(json_known_keys(j, "x", keys, &e), 0);
	CU_ASSERT_EQUAL(json_get_uint(j, "x", "a", true, 1, 4, &v, &e), -EINVAL);
	CU_ASSERT_STRING_EQUAL(e.msg, "x: \"a\" must be a whole number from 1 to 4");
	CU_ASSERT_EQUAL(json_get_size(j, "x", "b", true, &v, &e), 0);
	CU_ASSERT_EQUAL(v, 2ull << 30);
	json_object_set_new(j, "c", json_true());
	CU_ASSERT_EQUAL(json_known_keys(j, "x", keys, &e), -EINVAL);
	CU_ASSERT_STRING_EQUAL(e.msg, "x: unknown key \"c\"");
	json_decref(j);
}

static void test_fdpass(void)
{
	int sp[2], p[2], got[4], n = 4;
	char buf[8];

	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sp), 0);
	CU_ASSERT_EQUAL_FATAL(pipe(p), 0);
	CU_ASSERT_EQUAL(fdpass_send(sp[0], "hi", 2, p, 2, 0), 2);
	CU_ASSERT_EQUAL(fdpass_recv(sp[1], buf, sizeof(buf), got, &n, 0), 2);
	CU_ASSERT_EQUAL(n, 2);
	CU_ASSERT_EQUAL(write(got[1], "x", 1), 1);
	CU_ASSERT_EQUAL(read(p[0], buf, 1), 1);
	close(got[0]);
	close(got[1]);
	/* more than there is room for: an error, and nothing leaks */
	n = 1;
	CU_ASSERT_EQUAL(fdpass_send(sp[0], "hi", 2, p, 2, 0), 2);
	CU_ASSERT_EQUAL(fdpass_recv(sp[1], buf, sizeof(buf), got, &n, 0), -EMSGSIZE);
	CU_ASSERT_EQUAL(n, 0);
	close(p[0]);
	close(p[1]);
	close(sp[0]);
	close(sp[1]);
}

static json_t *echo_op(void *arg, const char *op, const json_t *req, struct control_take *take,
		       struct err *e)
{
	static char much[100000];

	if (!strcmp(op, "stop"))
		event_loop_stop(arg);
	else if (!strcmp(op, "much"))	/* as many ports say */
		return json_pack("{s:s}", "much", memset(much, 'm', sizeof(much) - 1));
	else if (strcmp(op, "echo")) {
		err_set(e, -EINVAL, "unknown op \"%s\"", op);
		return NULL;
	}
	return json_pack("{s:O}", "got", json_object_get(req, "op"));
}

static void *client_thread(void *arg)
{
	json_t *req = json_pack("{s:s}", "op", "echo"), *ans;
	static char verdict[1024];
	struct err e = {0};

	ans = control_request(arg, req, NULL, &e);
	strcpy(verdict, ans ? "echo " : e.msg);
	json_decref(ans);
	json_object_set_new(req, "op", json_string("much"));
	ans = control_request(arg, req, NULL, &e);
	strcat(verdict, json_string_length(json_object_get(ans, "much")) == 99999 ? "much " : "?");
	json_decref(ans);
	json_object_set_new(req, "op", json_string("nope"));
	ans = control_request(arg, req, NULL, &e);
	snprintf(verdict + strlen(verdict), 600, "%s", ans ? "?" : e.msg);
	json_object_set_new(req, "op", json_string("stop"));
	json_decref(control_request(arg, req, NULL, &e));
	json_decref(req);
	return verdict;
}

static void test_control(void)
{
	char path[] = "/tmp/test-control-XXXXXX", sock[64];
	struct event_loop *l = event_loop_new();
	struct control_server *s;
	struct err e;
	pthread_t t;
	void *verdict;

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(path));
	snprintf(sock, sizeof(sock), "%s/c", path);
	s = control_server_new(l, sock, echo_op, l, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	pthread_create(&t, NULL, client_thread, sock);
	event_loop_run(l);
	pthread_join(t, &verdict);
	CU_ASSERT_STRING_EQUAL(verdict, "echo much unknown op \"nope\"");
	control_server_free(s);
	event_loop_free(l);
	CU_ASSERT_NOT_EQUAL(access(sock, F_OK), 0);
	rmdir(path);
}

/* A connection that cannot be taken waits; it does not make the loop spin. */
static void test_no_descriptors(void)
{
	char path[] = "/tmp/vmhi-test-XXXXXX", sock[64];
	struct event_loop *l = event_loop_new();
	struct control_server *s;
	struct rlimit old, none;
	struct err e = {0};
	int fd, taken = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(path));
	snprintf(sock, sizeof(sock), "%s/control", path);
	s = control_server_new(l, sock, echo_op, l, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	fd = unix_connect(sock);
	CU_ASSERT_FATAL(fd >= 0);
	getrlimit(RLIMIT_NOFILE, &old);
	none = old;
	none.rlim_cur = (rlim_t)fd + 1;
	setrlimit(RLIMIT_NOFILE, &none);
	CU_ASSERT_EQUAL(event_loop_once(l, 0), 1);
	CU_ASSERT_EQUAL(event_loop_once(l, 50), 0);
	setrlimit(RLIMIT_NOFILE, &old);
	for (int i = 0; i < 100 && !taken; i++)
		taken = event_loop_once(l, 100);
	CU_ASSERT_EQUAL(taken, 1);
	CU_ASSERT_EQUAL(send(fd, "{\"op\":\"echo\"}\n", 14, 0), 14);
	CU_ASSERT_EQUAL(event_loop_once(l, 0), 1);
	CU_ASSERT_EQUAL(recv(fd, sock, 1, MSG_DONTWAIT | MSG_PEEK), 1);
	close(fd);
	control_server_free(s);
	event_loop_free(l);
	rmdir(path);
}

static void test_names(void)
{
	struct err e;

	CU_ASSERT_EQUAL(path_check_name("VM", "web-1.a", &e), 0);
	CU_ASSERT_EQUAL(path_check_name("VM", "../etc", &e), -EINVAL);
	CU_ASSERT_EQUAL(path_check_name("VM", "", &e), -EINVAL);
}

/* The signal that a store there ends this process with; 0: none. */
static int store_ends_with(char *at)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		signal(SIGSEGV, SIG_DFL); /* a sanitizer's handler would exit */
		*(volatile char *)at = 1;
		_exit(0);
	}
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void test_map_shared(void)
{
	const uint64_t len = 3 * 4096;
	int fd = memfd_create("test", MFD_CLOEXEC);
	char *map[3], byte = 0;

	CU_ASSERT_EQUAL_FATAL(ftruncate(fd, (off_t)len), 0);
	/* side by side, as the C library and the kernel place them */
	for (int i = 0; i < 3; i++) {
		map[i] = map_shared(fd, len);
		CU_ASSERT_PTR_NOT_NULL_FATAL(map[i]);
		CU_ASSERT_EQUAL((uintptr_t)map[i] % (2 << 20), 0);
	}
	for (int i = 0; i < 3; i++) {
		CU_ASSERT_EQUAL(store_ends_with(map[i] - 1), SIGSEGV);
		CU_ASSERT_EQUAL(store_ends_with(map[i] - MAP_SHARED_GAP), SIGSEGV);
		CU_ASSERT_EQUAL(store_ends_with(map[i] + len), SIGSEGV);
		CU_ASSERT_EQUAL(store_ends_with(map[i] + len + MAP_SHARED_GAP - 1), SIGSEGV);
	}
	CU_ASSERT_EQUAL(store_ends_with(map[1] + len - 1), 0);
	CU_ASSERT_EQUAL(pread(fd, &byte, 1, (off_t)len - 1), 1);
	CU_ASSERT_EQUAL(byte, 1);
	for (int i = 0; i < 3; i++)
		unmap_shared(map[i], len);
	close(fd);
	CU_ASSERT_PTR_NULL(map_shared(fd, len));
	CU_ASSERT_EQUAL(errno, EBADF);
}

/* What these calls write to standard error, as text; freed by the caller. */
static char *log_of(void (*fn)(void))
{
	int fd = memfd_create("log", MFD_CLOEXEC), old = dup(STDERR_FILENO);
	char *text = calloc(1, 65536);

	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	dup2(fd, STDERR_FILENO);
	fn();
	dup2(old, STDERR_FILENO);
	CU_ASSERT(pread(fd, text, 65535, 0) >= 0);
	close(old);
	close(fd);
	return text;
}

static void log_some(void)
{
	log_init("prog", "set");
	log_warning("bad \"%s\"", "a\nb");
	log_other("other[set]", "info: said\033[2J");
	log_init(NULL, NULL);
	log_info("no name");
}

static void log_much(void)
{
	static struct log_limit a, b;

	log_init("prog", NULL);
	for (int i = 0; i < 2 * LOG_LIMIT_LINES; i++)
		log_limited(&a, LOG_INFO, "line %d", i);
	log_limited(&b, LOG_INFO, "another's");
	a.since -= LOG_LIMIT_MS;
	log_limited(&a, LOG_INFO, "later");
}

static void test_log(void)
{
	char *some = log_of(log_some), *much = log_of(log_much), last[96];
	size_t lines = 0;

	CU_ASSERT_STRING_EQUAL(some, "prog[set]: warning: bad \"a?b\"\n"
				     "other[set]: info: said?[2J\n"
				     "info: no name\n");
	for (const char *c = much; *c; c++)
		lines += *c == '\n';
	CU_ASSERT_EQUAL(lines, LOG_LIMIT_LINES + 2);
	snprintf(last, sizeof(last), "line %d (more of this within 10 s is left out)\n"
		 "prog: info: another's\nprog: info: later\n", LOG_LIMIT_LINES - 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(much, last));
	free(some);
	free(much);
}

static const struct unit_test tests[] = {
	{"errors are one line", test_err},
	{"errors are text", test_err_text},
	{"shared memory lies between gaps", test_map_shared},
	{"the log", test_log},
	{"sizes and MAC addresses", test_parse},
	{"strict JSON", test_json},
	{"descriptors over sockets", test_fdpass},
	{"control socket", test_control},
	{"a control socket without descriptors", test_no_descriptors},
	{"names", test_names},
};
UNIT_MAIN("lib", tests)
