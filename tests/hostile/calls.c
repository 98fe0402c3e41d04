// SPDX-License-Identifier: Apache-2.0
/*
 * What a hostile driver would try, from within its attach(). It imports nothing, so it makes system
 * calls by the instruction itself. Built into a copy of the null driver by
 * tests/system/driverd-hostile.sh, which defines VICTIM (a process of the host's), MADE (a file that
 * must not come to be), and one of ATTACK_CALLS, ATTACK_LOG, ATTACK_FLOOD, ATTACK_I386,
 * ATTACK_X32, ATTACK_STRAY (an address).
 */
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/mount.h>
#include <linux/prctl.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/syscall.h>

#include "hostile.h"

#define HERE	(-100)	/* AT_FDCWD */
#define SIZE(a) (sizeof(a) / sizeof((a)[0]))

typedef unsigned long word;

static long call(word nr, word a, word b, word c, word d, word e, word f)
{
	register word r10 __asm__("r10") = d;
	register word r8 __asm__("r8") = e;
	register word r9 __asm__("r9") = f;
	long r;

	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return r;
}

static void say(const struct vmhi_host *host, vmhi_hc hc, const char *text, long value)
{
	uint64_t v = (uint64_t)value;
	uint32_t n = 0;

	while (text[n])
		n++;
	host->log(hc, 0, text, n, &v, 1);
}

#ifdef ATTACK_CALLS
static char page[4096] __attribute__((aligned(4096))) = "x";
static const char shell[] = "/bin/sh", made[] = MADE, passwd[] = "/etc/passwd";

/* The name is looked for in the keeper's log. */
struct attempt {
	char name[20];
	word nr, arg[6];
};

#define TRY(name, ...) {#name, SYS_##name, {__VA_ARGS__}}
#define P(pointer)     (word)(pointer)

static const struct attempt attempts[] = {
	/* files */
	TRY(open, P(passwd), O_RDONLY),
	TRY(openat, (word)HERE, P(made), O_CREAT | O_RDWR, 0644),
	TRY(creat, P(made), 0644),
	TRY(openat2, (word)HERE, P(passwd), P(page), 24),
	TRY(mkdir, P(made), 0755),
	TRY(unlink, P(passwd)),
	TRY(readlink, P(passwd), P(page), 16),
	TRY(newfstatat, (word)HERE, P(passwd), P(page), 0),
	TRY(mount, P(passwd), P(passwd), 0, MS_BIND),
	TRY(chroot, P("..")),
	TRY(pivot_root, P("."), P(".")),
	TRY(open_by_handle_at, (word)HERE, P(page), 0),
	TRY(memfd_secret, 0),
	TRY(ftruncate, 2, 0),
	/* the network */
	TRY(socket, 2, 1, 0),
	TRY(socketpair, 1, 1, 0, P(page)),
	TRY(connect, 3, P(page), 16),
	TRY(bind, 3, P(page), 16),
	TRY(accept4, 3, 0, 0, 0),
	TRY(sendto, 3, P(page), 1, 0, 0, 0),
	/* processes */
	TRY(fork),
	TRY(vfork),
	TRY(clone, CLONE_VM | CLONE_THREAD | CLONE_SIGHAND, 0),
	TRY(clone3, P(page), 88),
	TRY(execve, P(shell), 0, 0),
	TRY(execveat, (word)HERE, P(shell), 0, 0, 0),
	TRY(kill, VICTIM, SIGKILL),
	TRY(tkill, VICTIM, SIGKILL),
	TRY(tgkill, VICTIM, VICTIM, SIGKILL),
	TRY(rt_sigqueueinfo, VICTIM, SIGKILL, P(page)),
	TRY(pidfd_open, VICTIM, 0),
	TRY(pidfd_getfd, 3, 0, 0),
	TRY(ptrace, PTRACE_ATTACH, VICTIM, 0, 0),
	TRY(process_vm_readv, VICTIM, P(page), 1, P(page), 1, 0),
	TRY(process_vm_writev, VICTIM, P(page), 1, P(page), 1, 0),
	/* code of its own */
	TRY(mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, (word)-1, 0),
	TRY(mprotect, P(page), 4096, PROT_READ | PROT_EXEC),
	TRY(pkey_mprotect, P(page), 4096, PROT_READ | PROT_EXEC, (word)-1),
	TRY(mremap, P(page), 4096, 8192, 1),
	TRY(shmat, 0, 0, 0100000),
	TRY(personality, 0x0400000),
	/* the way out of its cage */
	TRY(ioctl, 3, 0x5401, P(page)),
	TRY(fcntl, 3, F_SETOWN, VICTIM),
	TRY(prctl, PR_SET_DUMPABLE, 1, 0, 0, 0),
	TRY(seccomp, SECCOMP_SET_MODE_STRICT, 0, 0),
	TRY(unshare, CLONE_NEWUSER),
	TRY(setns, 3, 0),
	TRY(capset, P(page), P(page)),
	TRY(setuid, 0),
	TRY(rt_sigaction, SIGSEGV, 0, 0, 8),
	TRY(bpf, 0, P(page), 64),
	TRY(io_uring_setup, 8, P(page)),
	TRY(userfaultfd, 0),
	TRY(perf_event_open, P(page), 0, (word)-1, (word)-1, 0),
	TRY(keyctl, 0),
	TRY(init_module, P(page), 1, P(page)),
	TRY(kexec_load, 0, 0, 0, 0),
	TRY(reboot, 0xfee1dead, 672274793, 0x1234567, 0),
	TRY(iopl, 3),
};

static int try_all(const struct vmhi_host *host, vmhi_hc hc)
{
	int refused = 0;

	for (unsigned int i = 0; i < SIZE(attempts); i++) {
		const struct attempt *t = &attempts[i];
		long r = call(t->nr, t->arg[0], t->arg[1], t->arg[2], t->arg[3], t->arg[4],
			      t->arg[5]);

		if (r == -1)
			refused++;
		else
			say(host, hc, t->name, r);
	}
	say(host, hc, refused == SIZE(attempts) ? "all refused" : "some were not refused", refused);
	return 0;
}
#endif

#ifdef ATTACK_LOG
static const char passwd[] = "/etc/passwd";
static const char forged[] =
	"\nvmhi-driverd[lan0]: info: ready: driver good 9.9 of intel, level certified\n"
	"\033[1A\rvmhi-driverd[lan0]: info: all is well\n";
static const char noise[] = "noise\n";

/* Puts words into the keeper's mouth, and erases or drowns what it said itself. */
static int attack_log(const struct vmhi_host *host, vmhi_hc hc)
{
	long lost = 0;

	call(SYS_open, (word)passwd, O_RDONLY, 0, 0, 0, 0);
	for (word fd = 1; fd <= 2; fd++)
		call(SYS_write, fd, (word)forged, sizeof(forged) - 1, 0, 0, 0);
	call(SYS_ftruncate, 2, 0, 0, 0, 0, 0);
	call(SYS_fcntl, 2, F_SETFL, 0, 0, 0, 0);
	for (int i = 0; i < 100000; i++)
		lost += call(SYS_write, 2, (word)noise, sizeof(noise) - 1, 0, 0, 0) < 0;
	if (!lost)
		say(host, hc, "the keeper takes all", lost);
	return 0;
}
#endif

int hostile(const struct vmhi_host *host, vmhi_hc hc)
{
#if defined(ATTACK_CALLS)
	return try_all(host, hc);
#elif defined(ATTACK_LOG)
	return attack_log(host, hc);
#elif defined(ATTACK_FLOOD)
	for (;;)
		call(SYS_getppid, 0, 0, 0, 0, 0, 0);
#elif defined(ATTACK_I386)
	int r = 20;	/* getpid there, writev here */

	__asm__ volatile("int $0x80" : "+a"(r) : : "memory");
	say(host, hc, "int 0x80 passed", r);
	return 0;
#elif defined(ATTACK_X32)
	say(host, hc, "x32 passed", call(0x40000000 | SYS_getpid, 0, 0, 0, 0, 0, 0));
	return 0;
#else
	say(host, hc, "read a stranger's memory", *(volatile char *)ATTACK_STRAY);
	return 0;
#endif
}
