// SPDX-License-Identifier: Apache-2.0
/* When the driver crashes or does not return: what it was called for, and where it is. */
#include "tests/plugin-host/crash.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

static const struct vmhi_host_context *host;
static const void *base;	/* of the driver in memory */
static const char *path, *test;

/* Where in the driver it was, as addr2line takes it. */
static int place(char *to, size_t room, const ucontext_t *at)
{
	uintptr_t ip = (uintptr_t)at->uc_mcontext.gregs[REG_RIP];
	Dl_info so;

	if (!dladdr((void *)ip, &so) || so.dli_fbase != base)
		return snprintf(to, room, "at 0x%lx, outside of the driver", (long)ip);
	return snprintf(to, room, "in the driver at 0x%lx (addr2line -f -e %s 0x%lx)",
			(long)(ip - (uintptr_t)base), path, (long)(ip - (uintptr_t)base));
}

/* Nothing goes on after it, so what is not safe in a signal's handler may only fail to be printed. */
static void on_crash(int sig, siginfo_t *info, void *at)
{
	const char *op = host->queue_call;
	char where[512], line[1024], what[64];
	int n;

	place(where, sizeof(where), at);
	if (sig == SIGALRM)
		snprintf(what, sizeof(what), "the test did not end");
	else
		snprintf(what, sizeof(what), "signal %d (%s), address 0x%lx", sig,
			 sigdescr_np(sig), (long)info->si_addr);
	n = snprintf(line, sizeof(line), "FAIL %s\n    %s, %s%s%s\n", test, what, where,
		     op ? ", called as " : ", in a control call", op ? op : "");
	fflush(stdout);
	if (write(1, line, (size_t)n) != n)
		_exit(2);
	_exit(1);
}

void crash_watch(const struct vmhi_host_context *h, const char *so_path, const void *inside)
{
	static const int sigs[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGALRM};
	struct sigaction sa = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	static char stack[65536];
	Dl_info so;

	host = h;
	path = so_path;
	base = dladdr(inside, &so) ? so.dli_fbase : NULL;
	sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof(stack)}, NULL);
	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		sigaction(sigs[i], &sa, NULL);
}

void crash_test(const char *name)
{
	test = name;
}
