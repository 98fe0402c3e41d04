// SPDX-License-Identifier: Apache-2.0
/*
 * The last step before a driver's code runs: an empty root, no capability. What the keeper's clone
 * could not give (namespaces need privilege, or user namespaces) is missing here, too: then only
 * the capabilities go.
 */
#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

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

int sandbox_enter(bool own_mounts, struct err *e)
{
	int r = own_mounts ? change_root() : 0;

	if (r)
		return err_set(e, r, "the sandbox's empty root cannot be entered: %s",
			       strerror(-r));
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return err_set(e, -errno, "the worker cannot be made undumpable");
	r = drop_capabilities();
	if (r)
		return err_set(e, r, "capabilities cannot be dropped: %s", strerror(-r));
	return 0;
}
