// SPDX-License-Identifier: Apache-2.0
/*
 * What a machine may ask of the Linux kernel while a guest runs. All else is answered ENOSYS: there
 * is no file to open, nothing to start, no process to signal but itself, no network.
 */
#include "kernel/vm/calls.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/kvm.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/lib/confine.h"

static struct confine_call calls[] = {
	/* its own process alone; its id is filled in */
	CONFINE_IF(tgkill, CONFINE_IS(0, 0)),
	CONFINE_IF(clone, {0, CLONE_VM | CLONE_THREAD, CLONE_VM | CLONE_THREAD}),
	CONFINE_CALL(set_robust_list), CONFINE_CALL(rseq), CONFINE_CALL(getpid),
	CONFINE_CALL(gettid), CONFINE_CALL(getuid), CONFINE_CALL(geteuid),
	CONFINE_CALL(sched_yield), CONFINE_CALL(sched_getaffinity), CONFINE_CALL(getrandom),
	CONFINE_CALL(rt_sigaction), CONFINE_CALL(rt_sigprocmask), CONFINE_CALL(rt_sigreturn),
	CONFINE_CALL(sigaltstack), CONFINE_IF(prctl, CONFINE_IS(0, PR_SET_NAME)),
	CONFINE_CALL(exit), CONFINE_CALL(exit_group),
	/* the machine, and the terminal of its console */
	CONFINE_IF(ioctl, {1, 0xff00, KVMIO << 8}),
	CONFINE_IF(ioctl, CONFINE_IS(1, TCGETS)), CONFINE_IF(ioctl, CONFINE_IS(1, TCSETS)),
	CONFINE_IF(ioctl, CONFINE_IS(1, TCSETSW)), CONFINE_IF(ioctl, CONFINE_IS(1, TCSETSF)),
	CONFINE_IF(ioctl, CONFINE_IS(1, TIOCGWINSZ)),
	/* descriptors that it has */
	CONFINE_CALL(read), CONFINE_CALL(write), CONFINE_CALL(readv), CONFINE_CALL(writev),
	CONFINE_CALL(pread64), CONFINE_CALL(pwrite64), CONFINE_CALL(preadv),
	CONFINE_CALL(pwritev), CONFINE_CALL(lseek), CONFINE_CALL(close), CONFINE_CALL(fstat),
	CONFINE_IF(newfstatat, CONFINE_IS(3, 0x1000)),	/* AT_EMPTY_PATH: fstat() of the library */
	CONFINE_CALL(fcntl), CONFINE_CALL(eventfd2), CONFINE_CALL(memfd_create),
	CONFINE_CALL(ftruncate),
	/* control connections, back ends, and a new back end for one that was lost */
	CONFINE_IF(socket, CONFINE_IS(0, AF_UNIX)), CONFINE_CALL(connect), CONFINE_CALL(accept4),
	CONFINE_CALL(recvmsg), CONFINE_CALL(sendmsg), CONFINE_CALL(recvfrom),
	CONFINE_CALL(sendto), CONFINE_CALL(shutdown), CONFINE_CALL(getsockopt),
	CONFINE_CALL(setsockopt),
	/* waiting */
	CONFINE_CALL(epoll_wait), CONFINE_CALL(epoll_pwait), CONFINE_CALL(epoll_ctl),
	CONFINE_CALL(poll), CONFINE_CALL(ppoll), CONFINE_CALL(futex),
	CONFINE_CALL(clock_gettime), CONFINE_CALL(gettimeofday), CONFINE_CALL(nanosleep),
	CONFINE_CALL(clock_nanosleep), CONFINE_CALL(restart_syscall),
	/* memory, never executable */
	CONFINE_IF(mmap, CONFINE_NOT(2, PROT_EXEC)),
	CONFINE_IF(mprotect, CONFINE_NOT(2, PROT_EXEC)), CONFINE_CALL(munmap),
	CONFINE_CALL(mremap), CONFINE_CALL(madvise), CONFINE_CALL(brk),
};

static int drop_capabilities(void)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {0};

	return syscall(SYS_capset, &h, none) < 0 ? -errno : 0;
}

int vm_confine(struct err *e)
{
	const struct confine_list list = {calls, sizeof(calls) / sizeof(calls[0])};
	int r;

	/*
	 * For root only. In a user namespace, which others would need, every user that its control
	 * socket sees were the same.
	 */
	(void)!unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS);
	r = drop_capabilities();
	if (r)
		return err_set(e, r, "capabilities cannot be given up: %s", strerror(-r));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_set(e, -errno, "no_new_privs: %s", strerror(errno));
	calls[0].arg[0].value = (uint64_t)getpid();
	return confine(&list, 1, CONFINE_ENOSYS, NULL, e);
}
