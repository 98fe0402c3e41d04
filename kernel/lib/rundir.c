// SPDX-License-Identifier: Apache-2.0
#include "kernel/lib/rundir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/lib/log.h"
#include "kernel/lib/paths.h"

#define PATH_LEN (RUNDIR_MAX + 16)

static int take_lock(const char *path, const char *kind, const char *name, struct err *e)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	char pid[16] = "?";
	ssize_t n;

	if (fd < 0)
		return err_set(e, -errno, "%s: %s", path, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	n = read(fd, pid, sizeof(pid) - 1);
	if (n > 0)
		pid[strcspn(pid, "\n")] = 0;
	close(fd);
	return err_set(e, -EBUSY, "%s %s runs already (process %s): stop it with \"vmhi %s stop "
		       "%s\" first", kind, name, pid, kind, name);
}

static int write_pid(int lock, const char *path, struct err *e)
{
	char pid[16];
	int n = snprintf(pid, sizeof(pid), "%d\n", getpid());

	if (ftruncate(lock, 0) < 0 || pwrite(lock, pid, (size_t)n, 0) != n)
		return err_set(e, -errno, "%s: %s", path, strerror(errno));
	return 0;
}

/* Removes the sockets in dir; how many there were. */
static int sweep(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *ent;
	struct stat st;
	int n = 0;

	while (d && (ent = readdir(d)))
		if (fstatat(dirfd(d), ent->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISSOCK(st.st_mode) && unlinkat(dirfd(d), ent->d_name, 0) == 0)
			n++;
	if (d)
		closedir(d);
	return n;
}

int rundir_open(const char *kind, const char *name, const char *sub, char *dir, struct err *e)
{
	char path[PATH_LEN], run[RUNDIR_MAX];
	int n, lock, r = path_run_dir(run, sizeof(run), e);

	if (r)
		return r;
	if (snprintf(dir, RUNDIR_MAX, "%s/%ss/%s", run, kind, name) >= RUNDIR_MAX)
		return err_set(e, -ENAMETOOLONG, "%s/%ss/%s: too long for sockets in it", run, kind,
			       name);
	snprintf(path, sizeof(path), "%s/%.14s", dir, sub ? sub : "");
	r = path_make_dirs(path, e);
	if (r)
		return r;
	n = snprintf(path, sizeof(path), "%s/lock", dir);
	lock = take_lock(path, kind, name, e);
	if (lock < 0)
		return lock;
	r = write_pid(lock, path, e);
	if (r) {
		close(lock);
		return r;
	}
	snprintf(path, sizeof(path), "%s/%.14s", dir, sub ? sub : "");
	n = sweep(dir) + (sub ? sweep(path) : 0);
	if (n)
		log_info("removed %d sockets that a killed predecessor left", n);
	return lock;
}

void rundir_close(int lock, const char *dir, const char *sub)
{
	char path[PATH_LEN];

	if (sub) {
		snprintf(path, sizeof(path), "%s/%.14s", dir, sub);
		sweep(path);
		rmdir(path);
	}
	sweep(dir);
	snprintf(path, sizeof(path), "%s/lock", dir);
	unlink(path);
	rmdir(dir);
	close(lock);
}
