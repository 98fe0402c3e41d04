// SPDX-License-Identifier: Apache-2.0
/*
 * The child that reads hostile ELF files. It can compute and write its result to one pipe: no
 * files, no descriptors, no shared memory of its parent's, little memory, little time.
 */
#include <errno.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/admission/internal.h"
#include "kernel/lib/clock.h"

#define LIMIT_MS     10000
#define LIMIT_MEMORY (192ull << 20)	/* on top of what the parent had */

static int limit(int what, rlim_t value)
{
	const struct rlimit l = {value, value};

	return setrlimit(what, &l);
}

/* The parent may share memory with guests and workers: none of that stays. */
static int drop_shared_memory(void)
{
	FILE *f = fopen("/proc/self/maps", "re");
	char line[512];
	int r = 0;

	if (!f)
		return -1;
	while (!r && fgets(line, sizeof(line), f)) {
		unsigned long start, end;
		char rights[5];

		if (sscanf(line, "%lx-%lx %4s", &start, &end, rights) == 3 && rights[3] == 's')
			r = munmap((void *)start, end - start);
	}
	fclose(f);
	return r;
}

static int limit_resources(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long long data = 0;
	int n;

	if (!f)
		return -1;
	n = fscanf(f, "%*u %*u %*u %*u %*u %llu", &data);
	fclose(f);
	if (n != 1)
		return -1;
	data = data * (unsigned long long)sysconf(_SC_PAGESIZE) + LIMIT_MEMORY;
	if (limit(RLIMIT_DATA, data) || limit(RLIMIT_CPU, LIMIT_MS / 1000) ||
	    limit(RLIMIT_CORE, 0) || limit(RLIMIT_FSIZE, 0) || limit(RLIMIT_NOFILE, 0))
		return -1;
	return 0;
}

/* Memory of its own, the pipe, and the end. */
static int filter_calls(int pipe_fd)
{
	static const int plain[] = {SCMP_SYS(munmap), SCMP_SYS(brk), SCMP_SYS(madvise),
				    SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn)};
	scmp_filter_ctx c = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int r = c ? 0 : -ENOMEM;

	for (size_t i = 0; !r && i < sizeof(plain) / sizeof(plain[0]); i++)
		r = seccomp_rule_add(c, SCMP_ACT_ALLOW, plain[i], 0);
	if (!r)
		r = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(write), 1,
				     SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)pipe_fd, 0));
	if (!r)
		r = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
				     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
				     SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS | MAP_SHARED,
					     MAP_ANONYMOUS));
	if (!r)
		r = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(mremap), 0);
	if (!r)
		r = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
				     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (!r)
		r = seccomp_load(c);
	seccomp_release(c);
	return r;
}

static int close_all_but(int fd)
{
	if (fd > 0 && close_range(0, (unsigned int)fd - 1, 0))
		return -1;
	return close_range((unsigned int)fd + 1, ~0u, 0);
}

static _Noreturn void child(sandbox_fn fn, const void *bytes, size_t len, int fd)
{
	struct elf_result *out = malloc(sizeof(*out));
	const char *p = (const char *)out;
	size_t left = sizeof(*out);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!out || close_all_but(fd) || drop_shared_memory() || limit_resources() ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ||
	    filter_calls(fd))
		_exit(1);
	fn(bytes, len, out);
	while (left) {
		ssize_t n = write(fd, p, left);

		if (n <= 0)
			_exit(1);
		p += n;
		left -= (size_t)n;
	}
	_exit(0);
}

/* All of it within the time, and then the pipe's end. 0 or -errno. */
static int receive(int fd, struct elf_result *out)
{
	const int64_t end = now_ms() + LIMIT_MS;
	size_t got = 0;
	char extra;

	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		const int64_t left = end - now_ms();
		ssize_t n;

		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(&p, 1, (int)left) < 1)
			continue;
		n = got < sizeof(*out) ? read(fd, (char *)out + got, sizeof(*out) - got) :
		    read(fd, &extra, 1);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return got == sizeof(*out) ? 0 : -EPIPE;
		if (n > 0 && got == sizeof(*out))
			return -EPROTO;
		got += n > 0 ? (size_t)n : 0;
	}
}

/* The child is ended whatever it does. Its status, or 0 if somebody else has reaped it. */
static int finish(pid_t pid, bool done)
{
	int status = 0;

	if (!done)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static int word_failure(int r, int status, struct err *e)
{
	if (r == -ETIMEDOUT)
		return err_set(e, r, "checking it took more than %d s", LIMIT_MS / 1000);
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
		return err_set(e, -EIO, "checking it ended the checker with signal %d",
			       WTERMSIG(status));
	return err_set(e, -EIO, "the sandboxed checker gave no verdict (status %d): it needs /proc, "
		       "seccomp and a free process", status);
}

int sandbox_run(sandbox_fn fn, const void *bytes, size_t len, struct elf_result *out,
		struct err *e)
{
	int fds[2], r, status;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC))
		return err_set(e, -errno, "no pipe for the checker: %s", strerror(errno));
	pid = fork();
	if (pid < 0) {
		r = -errno;
		close(fds[0]);
		close(fds[1]);
		return err_set(e, r, "no process for the checker: %s", strerror(-r));
	}
	if (pid == 0)
		child(fn, bytes, len, fds[1]);
	close(fds[1]);
	r = receive(fds[0], out);
	close(fds[0]);
	status = finish(pid, r == 0 || r == -EPIPE);
	if (r)
		return word_failure(r, status, e);
	if (!elf_result_valid(out))
		return err_set(e, -EPROTO, "the checker's result is malformed");
	return 0;
}

int sandbox_elf_check(const void *bytes, size_t len, struct elf_result *out, struct err *e)
{
	return sandbox_run(elf_check, bytes, len, out, e);
}
