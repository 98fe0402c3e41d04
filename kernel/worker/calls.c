// SPDX-License-Identifier: Apache-2.0
/*
 * What a worker may ask of the Linux kernel once a driver's code runs in it. All else fails with
 * EPERM and is told to the keeper (kernel/keeper/notify.c).
 */
#include <fcntl.h>
#include <linux/prctl.h>
#include <sys/mman.h>

#include "kernel/worker/worker.h"

static const struct confine_call calls[] = {
	/* Descriptors that it was handed. There is no way to make one but memfd_create. */
	CONFINE_CALL(read),
	CONFINE_CALL(write),		/* eventfds, a tap, the pipe to the log */
	CONFINE_CALL(recvmsg),
	CONFINE_CALL(sendmsg),
	CONFINE_CALL(close),
	CONFINE_CALL(fstat),
	/* No other flag: a descriptor's are also those of whoever handed it to us. */
	CONFINE_IF(fcntl, CONFINE_IS(1, F_SETFL), CONFINE_IS(2, O_NONBLOCK)),
	CONFINE_IF(fcntl, CONFINE_IS(1, F_GET_SEALS)),
	CONFINE_CALL(memfd_create),	/* a front end's in-flight area */
	/* Waiting. */
	CONFINE_CALL(epoll_pwait),
	CONFINE_CALL(epoll_ctl),
	CONFINE_CALL(ppoll),
	CONFINE_CALL(futex),
	CONFINE_CALL(clock_gettime),	/* where the vDSO has no clock */
	/* Memory, never executable. */
	CONFINE_IF(mmap, CONFINE_NOT(2, PROT_EXEC)),
	CONFINE_CALL(munmap),
	CONFINE_CALL(brk),
	/* Itself. */
	CONFINE_CALL(rt_sigreturn),	/* SIGBUS of a guest's memory; the data thread's ticks */
	CONFINE_IF(prctl, CONFINE_IS(0, PR_SET_NAME)),	/* the operation that a driver is in */
	CONFINE_CALL(exit_group),
};

#ifdef __SANITIZE_ADDRESS__
/* AddressSanitizer: its memory, its locks, and the report before the end. */
static const struct confine_call sanitizer_calls[] = {
	CONFINE_CALL(madvise),
	CONFINE_IF(mprotect, CONFINE_NOT(2, PROT_EXEC)),
	CONFINE_CALL(mremap),
	CONFINE_CALL(rt_sigaction),
	CONFINE_CALL(rt_sigprocmask),
	CONFINE_CALL(sigaltstack),
	CONFINE_CALL(sched_yield),
	CONFINE_CALL(getpid),
	CONFINE_CALL(gettid),
	CONFINE_CALL(getrlimit),
	CONFINE_CALL(prlimit64),
	CONFINE_CALL(sched_getaffinity),
	CONFINE_CALL(readlink),
	CONFINE_CALL(ioctl),
};
#endif

#define LIST(table) {table, sizeof(table) / sizeof((table)[0])}

const struct confine_list worker_calls[] = {
	LIST(calls),
#ifdef __SANITIZE_ADDRESS__
	LIST(sanitizer_calls),
#endif
};
const size_t worker_calls_lists = sizeof(worker_calls) / sizeof(worker_calls[0]);
