// SPDX-License-Identifier: Apache-2.0
/*
 * What a keeper may ask of the Linux kernel, and with it the processes that it starts: a worker until
 * it enters its own, far smaller sandbox (kernel/worker/calls.c), the child that reads a driver's file,
 * and passt. All else is answered ENOSYS: loading kernel modules or another kernel, BPF, io_uring,
 * tracing and reading other processes, keys, performance counters, setting clocks, raw I/O ports,
 * swapping, rebooting, changing owners or modes of files, opening files by handle, and so on.
 */
#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/keeper/set.h"
#include "kernel/lib/confine.h"

static const struct confine_call calls[] = {
	/* files and descriptors */
	CONFINE_CALL(read), CONFINE_CALL(write), CONFINE_CALL(pread64), CONFINE_CALL(pwrite64),
	CONFINE_CALL(readv), CONFINE_CALL(writev), CONFINE_CALL(open), CONFINE_CALL(openat),
	CONFINE_CALL(close), CONFINE_CALL(close_range), CONFINE_CALL(stat), CONFINE_CALL(fstat),
	CONFINE_CALL(lstat), CONFINE_CALL(newfstatat), CONFINE_CALL(statx), CONFINE_CALL(lseek),
	CONFINE_CALL(access), CONFINE_CALL(faccessat), CONFINE_CALL(faccessat2),
	CONFINE_CALL(readlink), CONFINE_CALL(readlinkat), CONFINE_CALL(getdents64),
	CONFINE_CALL(fcntl), CONFINE_CALL(flock), CONFINE_CALL(dup), CONFINE_CALL(dup2),
	CONFINE_CALL(dup3), CONFINE_CALL(pipe2), CONFINE_CALL(memfd_create),
	CONFINE_CALL(ftruncate), CONFINE_CALL(fallocate), CONFINE_CALL(ioctl),
	CONFINE_CALL(mkdir), CONFINE_CALL(mkdirat), CONFINE_CALL(rmdir), CONFINE_CALL(unlink),
	CONFINE_CALL(unlinkat), CONFINE_CALL(fadvise64), CONFINE_CALL(umask), CONFINE_CALL(chdir),
	CONFINE_CALL(getcwd), CONFINE_CALL(splice), CONFINE_CALL(sendfile),
	/* sockets */
	CONFINE_CALL(socket), CONFINE_CALL(socketpair), CONFINE_CALL(bind), CONFINE_CALL(listen),
	CONFINE_CALL(connect), CONFINE_CALL(accept), CONFINE_CALL(accept4),
	CONFINE_CALL(shutdown), CONFINE_CALL(sendto), CONFINE_CALL(recvfrom),
	CONFINE_CALL(sendmsg), CONFINE_CALL(recvmsg), CONFINE_CALL(sendmmsg),
	CONFINE_CALL(recvmmsg), CONFINE_CALL(getsockopt), CONFINE_CALL(setsockopt),
	CONFINE_CALL(getsockname), CONFINE_CALL(getpeername),
	/* waiting */
	CONFINE_CALL(poll), CONFINE_CALL(ppoll), CONFINE_CALL(epoll_create1),
	CONFINE_CALL(epoll_ctl), CONFINE_CALL(epoll_wait), CONFINE_CALL(epoll_pwait),
	CONFINE_CALL(epoll_pwait2), CONFINE_CALL(eventfd2), CONFINE_CALL(signalfd4),
	CONFINE_CALL(timerfd_create), CONFINE_CALL(timerfd_settime),
	CONFINE_CALL(timerfd_gettime), CONFINE_CALL(timer_create), CONFINE_CALL(timer_settime),
	CONFINE_CALL(timer_delete), CONFINE_CALL(futex), CONFINE_CALL(futex_waitv),
	CONFINE_CALL(nanosleep), CONFINE_CALL(clock_nanosleep), CONFINE_CALL(clock_gettime),
	CONFINE_CALL(clock_getres), CONFINE_CALL(gettimeofday), CONFINE_CALL(restart_syscall),
	CONFINE_CALL(select), CONFINE_CALL(pselect6),
	/* memory */
	CONFINE_CALL(mmap), CONFINE_CALL(munmap), CONFINE_CALL(mprotect), CONFINE_CALL(mremap),
	CONFINE_CALL(madvise), CONFINE_CALL(brk), CONFINE_CALL(mlock), CONFINE_CALL(munlock),
	CONFINE_CALL(mincore), CONFINE_CALL(msync),
	/* processes, and what each sets for itself */
	CONFINE_CALL(clone), CONFINE_CALL(clone3), CONFINE_CALL(fork), CONFINE_CALL(vfork),
	CONFINE_CALL(execve), CONFINE_CALL(execveat), CONFINE_CALL(exit),
	CONFINE_CALL(exit_group), CONFINE_CALL(wait4), CONFINE_CALL(waitid), CONFINE_CALL(kill),
	CONFINE_CALL(tgkill), CONFINE_CALL(pidfd_open), CONFINE_CALL(pidfd_send_signal),
	CONFINE_CALL(pidfd_getfd), CONFINE_CALL(prctl), CONFINE_CALL(arch_prctl),
	CONFINE_CALL(prlimit64), CONFINE_CALL(getrlimit), CONFINE_CALL(setrlimit),
	CONFINE_CALL(rt_sigaction), CONFINE_CALL(rt_sigprocmask), CONFINE_CALL(rt_sigreturn),
	CONFINE_CALL(rt_sigpending), CONFINE_CALL(rt_sigtimedwait), CONFINE_CALL(sigaltstack),
	CONFINE_CALL(set_tid_address), CONFINE_CALL(set_robust_list),
	CONFINE_CALL(get_robust_list), CONFINE_CALL(rseq), CONFINE_CALL(getpid),
	CONFINE_CALL(getppid), CONFINE_CALL(gettid), CONFINE_CALL(getpgrp), CONFINE_CALL(setpgid),
	CONFINE_CALL(setsid), CONFINE_CALL(getuid), CONFINE_CALL(geteuid), CONFINE_CALL(getgid),
	CONFINE_CALL(getegid), CONFINE_CALL(getresuid), CONFINE_CALL(getresgid),
	CONFINE_CALL(getgroups), CONFINE_CALL(uname), CONFINE_CALL(sysinfo),
	CONFINE_CALL(getrusage), CONFINE_CALL(times), CONFINE_CALL(getrandom),
	CONFINE_CALL(getcpu), CONFINE_CALL(sched_yield), CONFINE_CALL(sched_getaffinity),
	CONFINE_CALL(sched_setaffinity), CONFINE_CALL(sched_getparam),
	CONFINE_CALL(sched_getscheduler), CONFINE_CALL(membarrier),
	/* the cages of the worker, of the child that reads drivers, and of passt */
	CONFINE_CALL(seccomp), CONFINE_CALL(capget), CONFINE_CALL(capset), CONFINE_CALL(setuid),
	CONFINE_CALL(setgid), CONFINE_CALL(setgroups), CONFINE_CALL(setresuid),
	CONFINE_CALL(setresgid), CONFINE_CALL(unshare), CONFINE_CALL(setns), CONFINE_CALL(mount),
	CONFINE_CALL(umount2), CONFINE_CALL(pivot_root), CONFINE_CALL(chroot),
};

#ifdef __SANITIZE_ADDRESS__
/* LeakSanitizer, at the end, stops the process from a helper. */
static const struct confine_call sanitizer_calls[] = {CONFINE_CALL(ptrace)};
#endif

static const struct confine_list lists[] = {
	{calls, sizeof(calls) / sizeof(calls[0])},
#ifdef __SANITIZE_ADDRESS__
	{sanitizer_calls, 1},
#endif
};

/*
 * Of root's capabilities those that are left: namespaces for the worker and their id maps, a tap,
 * memory that stays for DMA, sockets in other users' folders, and another user's identity for passt.
 */
static const unsigned int capabilities[] = {
	CAP_SYS_ADMIN, CAP_NET_ADMIN, CAP_IPC_LOCK, CAP_SYS_RESOURCE, CAP_DAC_OVERRIDE,
	CAP_DAC_READ_SEARCH, CAP_SETUID, CAP_SETGID, CAP_SETPCAP, CAP_SETFCAP, CAP_SYS_CHROOT,
	CAP_KILL,
};

static int keep_capabilities(struct err *e)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct have[2], keep[2] = {0};

	if (syscall(SYS_capget, &h, have) < 0)
		return err_set(e, -errno, "capabilities cannot be read: %s", strerror(errno));
	for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++)
		keep[capabilities[i] / 32].permitted |= 1u << capabilities[i] % 32;
	for (unsigned int i = 0; i < 64; i++)
		if (!(keep[i / 32].permitted >> i % 32 & 1))
			prctl(PR_CAPBSET_DROP, i); /* fails without privilege: then there are none */
	for (int i = 0; i < 2; i++) {
		keep[i].permitted &= have[i].permitted;
		keep[i].effective = keep[i].permitted;
	}
	if (syscall(SYS_capset, &h, keep) < 0)
		return err_set(e, -errno, "capabilities cannot be given up: %s", strerror(errno));
	return 0;
}

int keeper_confine(struct err *e)
{
	int r = keep_capabilities(e);

	if (r)
		return r;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_set(e, -errno, "no_new_privs: %s", strerror(errno));
	return confine(lists, sizeof(lists) / sizeof(lists[0]), CONFINE_ENOSYS, NULL, e);
}
