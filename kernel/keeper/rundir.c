// SPDX-License-Identifier: Apache-2.0
/* The set's run-time folder. Whoever holds the lock on it lives; all else there is left over. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/keeper/set.h"
#include "kernel/lib/log.h"
#include "kernel/lib/paths.h"

static int open_lock(struct set *s, const char *path, struct err *e)
{
	char pid[16] = "?";
	ssize_t n;

	s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (s->lock < 0)
		return err_set(e, -errno, "%s: %s", path, strerror(errno));
	if (flock(s->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	n = read(s->lock, pid, sizeof(pid) - 1);
	if (n > 0)
		pid[strcspn(pid, "\n")] = 0;
	close(s->lock);
	s->lock = -1;
	return err_set(e, -EBUSY, "set %s runs already (process %s): stop it with \"vmhi set stop "
		       "%s\" first", s->cfg.name, pid, s->cfg.name);
}

/* Removes the sockets below dir; how many there were. */
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

int rundir_open(struct set *s, struct err *e)
{
	char run[64], path[SOCKET_MAX + 8], pid[16];
	int n, r = path_run_dir(run, sizeof(run), e);

	if (r)
		return r;
	if (snprintf(s->dir, sizeof(s->dir), "%s/sets/%s", run, s->cfg.name) > 60)
		return err_set(e, -ENAMETOOLONG, "%s/sets/%s: too long for sockets in it", run,
			       s->cfg.name);
	snprintf(path, sizeof(path), "%s/ports", s->dir);
	r = path_make_dirs(path, e);
	if (r)
		return r;
	snprintf(path, sizeof(path), "%s/lock", s->dir);
	r = open_lock(s, path, e);
	if (r)
		return r;
	snprintf(path, sizeof(path), "%s/ports", s->dir);
	n = sweep(path) + sweep(s->dir);
	if (n)
		log_info("removed %d sockets that a killed predecessor left", n);
	n = snprintf(pid, sizeof(pid), "%d\n", getpid());
	if (ftruncate(s->lock, 0) < 0 || pwrite(s->lock, pid, (size_t)n, 0) != n)
		return err_set(e, -errno, "%s/lock: %s", s->dir, strerror(errno));
	return 0;
}

void rundir_close(struct set *s)
{
	char path[SOCKET_MAX + 8];

	if (s->lock < 0)
		return;
	snprintf(path, sizeof(path), "%s/ports", s->dir);
	sweep(path);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/lock", s->dir);
	unlink(path);
	rmdir(s->dir);
	close(s->lock);
	s->lock = -1;
}
