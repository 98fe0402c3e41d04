// SPDX-License-Identifier: Apache-2.0
/*
 * The last step before a driver's code runs: an empty root, no capability, few system calls. What
 * the keeper's clone could not give (namespaces need privilege, or user namespaces) is missing here,
 * too: then the root stays as it is, and no system call is left that could reach it.
 */
#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/lib/driver-op.h"
#include "kernel/lib/log.h"
#include "kernel/worker/worker.h"

#define EMPTY_DIR "/proc"	/* any folder will do; this one is everywhere */

/* An initramfs cannot be pivoted away from: there the new root is moved over the old one. */
static int change_root(void)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", EMPTY_DIR, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k") < 0 ||
	    chdir(EMPTY_DIR) < 0)
		return -errno;
	if (syscall(SYS_pivot_root, ".", ".") == 0) {
		if (umount2(".", MNT_DETACH) < 0)
			return -errno;
	} else if (mount(".", "/", NULL, MS_MOVE, NULL) < 0) {
		return -errno;
	}
	if (chroot(".") < 0 || chdir("/") < 0)
		return -errno;
	mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
	      NULL);
	return 0;
}

static int drop_capabilities(void)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {0};

	return syscall(SYS_capset, &h, none) < 0 ? -errno : 0;
}

/* Nothing of it is needed from here on; without privilege it cannot be raised again. */
static void limit_resources(void)
{
	static const struct {
		int what;
		rlim_t most;
	} limits[] = {
		{RLIMIT_CORE, 0},
		{RLIMIT_FSIZE, 16 << 20},	/* an in-flight area is far smaller */
		{RLIMIT_MEMLOCK, 0},
		{RLIMIT_MSGQUEUE, 0},
		{RLIMIT_NPROC, 0},
		{RLIMIT_RTPRIO, 0},
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		const struct rlimit l = {limits[i].most, limits[i].most};

		setrlimit(limits[i].what, &l);
	}
}

static void say_calls(void)
{
#ifdef __SANITIZE_ADDRESS__
	char names[512] = "";
	size_t at = 0;

	for (size_t l = 0; l < worker_calls_lists; l++)
		for (size_t i = 0; i < worker_calls[l].n && at < sizeof(names); i++)
			at += (size_t)snprintf(names + at, sizeof(names) - at, " %s",
					       worker_calls[l].call[i].name);
	log_info("sanitizer build: %u system calls are allowed:%s",
		 confine_count(worker_calls, worker_calls_lists), names);
#endif
}

int sandbox_enter(bool own_mounts, struct err *e)
{
	int listener, r = own_mounts ? change_root() : 0;

	if (r)
		return err_set(e, r, "the sandbox's empty root cannot be entered: %s",
			       strerror(-r));
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return err_set(e, -errno, "the worker cannot be made undumpable");
	r = drop_capabilities();
	if (r)
		return err_set(e, r, "capabilities cannot be dropped: %s", strerror(-r));
	driver_op(NULL);	/* asks for the thread's name, now that it may */
	limit_resources();
	say_calls();
	r = confine(worker_calls, worker_calls_lists, CONFINE_NOTIFY, &listener, e);
	return r ? r : listener;
}
