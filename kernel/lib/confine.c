// SPDX-License-Identifier: Apache-2.0
/*
 * libseccomp turns the lists into a filter; it is installed by the system call itself, since
 * libseccomp knows neither all of its flags nor a filter that tells of every call not named.
 */
#include "kernel/lib/confine.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Once a call was told of, only a fatal signal interrupts it. Linux 5.19. */
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

unsigned int confine_count(const struct confine_list *lists, size_t nlists)
{
	unsigned char seen[1024] = {0};
	unsigned int n = 0;

	for (size_t l = 0; l < nlists; l++) {
		for (size_t i = 0; i < lists[l].n; i++) {
			unsigned int nr = (unsigned int)lists[l].call[i].nr;

			if (nr < sizeof(seen) && !seen[nr]++)
				n++;
		}
	}
	return n;
}

static int add(scmp_filter_ctx c, const struct confine_call *call)
{
	struct scmp_arg_cmp cmp[2];
	unsigned int n = 0;

	for (int i = 0; i < 2; i++)
		if (call->arg[i].mask)
			cmp[n++] = SCMP_CMP64(call->arg[i].no, SCMP_CMP_MASKED_EQ,
					      call->arg[i].mask, call->arg[i].value);
	return seccomp_rule_add_array(c, SCMP_ACT_ALLOW, call->nr, n, cmp);
}

static int build(scmp_filter_ctx c, const struct confine_list *lists, size_t nlists,
		 struct err *e)
{
	int r = seccomp_attr_set(c, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

	if (r)
		return err_set(e, r, "seccomp: %s", strerror(-r));
	for (size_t l = 0; l < nlists; l++) {
		for (size_t i = 0; i < lists[l].n; i++) {
			r = add(c, &lists[l].call[i]);
			if (r)
				return err_set(e, r, "seccomp: %s cannot be listed: %s",
					       lists[l].call[i].name, strerror(-r));
		}
	}
	return 0;
}

/* The filter as the kernel takes it; *code is to be freed. */
static int compile(scmp_filter_ctx c, struct sock_fprog *prog)
{
	int fd = memfd_create("filter", MFD_CLOEXEC), r = fd < 0 ? -errno : 0;
	off_t len = 0;

	prog->filter = NULL;
	if (!r)
		r = seccomp_export_bpf(c, fd);
	if (!r)
		len = lseek(fd, 0, SEEK_END);
	if (!r && (len <= 0 || len / (off_t)sizeof(struct sock_filter) > BPF_MAXINSNS))
		r = -E2BIG;
	if (!r)
		prog->filter = malloc((size_t)len);
	if (!r && (!prog->filter || pread(fd, prog->filter, (size_t)len, 0) != len))
		r = -ENOMEM;
	prog->len = (unsigned short)((size_t)len / sizeof(struct sock_filter));
	if (fd >= 0)
		close(fd);
	return r;
}

static int install(const struct sock_fprog *prog, int *listener)
{
	unsigned long flags = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
	unsigned long notify = SECCOMP_FILTER_FLAG_NEW_LISTENER |
			       SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	long fd;

	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, listener ? flags | notify : flags, prog);
	if (fd < 0 && errno == EINVAL && listener)
		fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			     flags | SECCOMP_FILTER_FLAG_NEW_LISTENER, prog);
	if (fd < 0)
		return -errno;
	if (listener)
		*listener = (int)fd;
	return 0;
}

int confine(const struct confine_list *lists, size_t nlists, enum confine_else other,
	    int *listener, struct err *e)
{
	static const uint32_t action[] = {
		[CONFINE_EPERM] = SCMP_ACT_ERRNO(EPERM),
		/* For a tracer to decide: without one, ENOSYS, but of less weight than notifying. */
		[CONFINE_ENOSYS] = SCMP_ACT_TRACE(0),
		[CONFINE_NOTIFY] = SCMP_ACT_NOTIFY,
	};
	scmp_filter_ctx c = seccomp_init(action[other]);
	struct sock_fprog prog = {0};
	int r;

	if (!c)
		return err_set(e, -ENOMEM, "seccomp: no memory for the filter");
	r = build(c, lists, nlists, e);
	if (!r) {
		r = compile(c, &prog);
		if (!r)
			r = install(&prog, other == CONFINE_NOTIFY ? listener : NULL);
		if (r)
			err_set(e, r, "the system call filter cannot be installed: %s",
				strerror(-r));
	}
	free(prog.filter);
	seccomp_release(c);
	return r;
}
