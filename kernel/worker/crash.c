// SPDX-License-Identifier: Apache-2.0
/*
 * The last word of a worker that dies of a signal: which thread, which address, and where in the
 * driver's file, as addr2line takes it. It is the worker's word only: the driver could write such a
 * line, too. The keeper learns of the death, and its signal, by itself.
 */
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

#include "kernel/lib/log.h"
#include "kernel/worker/worker.h"

#ifndef __SANITIZE_ADDRESS__	/* which has a report of its own */
static struct {
	uintptr_t from, to;	/* in memory */
} driver;
static pthread_t control;
static volatile char *volatile nowhere;	/* a signal that somebody sent has no instruction: this one */

/* Only what is safe while anything else may be broken: no lock, no memory, no system call but write. */
static void on_crash(int sig, siginfo_t *info, void *context)
{
	const ucontext_t *at = context;
	uintptr_t ip = (uintptr_t)at->uc_mcontext.gregs[REG_RIP];
	bool inside = ip >= driver.from && ip < driver.to;

	if (info->si_code > 0)
		log_error("signal %d in the %s thread, address 0x%lx, %s0x%lx", sig,
			  pthread_equal(pthread_self(), control) ? "control" : "data",
			  (unsigned long)info->si_addr,
			  inside ? "in the driver at " : "outside of the driver at ",
			  (unsigned long)(inside ? ip - driver.from : ip));
	else
		(void)*nowhere;
	/* Back to the instruction: made again, it is fatal. */
}

static int find(struct dl_phdr_info *so, size_t size, void *arg)
{
	if (so->dlpi_addr != driver.from)
		return 0;
	for (int i = 0; i < so->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &so->dlpi_phdr[i];

		if (p->p_type == PT_LOAD && driver.from + p->p_vaddr + p->p_memsz > driver.to)
			driver.to = driver.from + p->p_vaddr + p->p_memsz;
	}
	return 1;
}

void crash_watch(const void *inside)
{
	static const int sigs[] = {SIGSEGV, SIGILL, SIGFPE};
	const struct sigaction sa = {
		.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_RESETHAND,
	};
	Dl_info so;

	control = pthread_self();
	if (dladdr(inside, &so)) {
		driver.from = driver.to = (uintptr_t)so.dli_fbase;
		dl_iterate_phdr(find, NULL);
	}
	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		sigaction(sigs[i], &sa, NULL);
}
#else
void crash_watch(const void *inside)
{
}
#endif
