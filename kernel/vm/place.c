// SPDX-License-Identifier: Apache-2.0
#include "kernel/vm/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/lib/paths.h"

/* The folder that is open may have been removed by a predecessor that was just leaving. */
static int still_there(int fd, const char *dir)
{
	struct stat a, b;

	return !fstat(fd, &a) && !stat(dir, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static int lock_dir(const char *name, struct place *p, struct err *e)
{
	int r = path_make_dirs(p->dir, e);

	if (r)
		return r;
	p->fd = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->fd < 0)
		return err_set(e, -errno, "%s: %s", p->dir, strerror(errno));
	if (flock(p->fd, LOCK_EX | LOCK_NB))
		r = errno == EWOULDBLOCK ?
			err_set(e, -EBUSY, "VM %s runs already: stop it, or use another name",
				name) :
			err_set(e, -errno, "%s: cannot be locked: %s", p->dir, strerror(errno));
	else if (!still_there(p->fd, p->dir))
		r = -EAGAIN;
	if (r) {
		close(p->fd);
		p->fd = -1;
	}
	return r;
}

int place_take(const char *name, struct place *p, struct err *e)
{
	char run[256];
	int r = path_run_dir(run, sizeof(run), e);

	p->fd = -1;
	if (r)
		return r;
	if (snprintf(p->dir, sizeof(p->dir), "%s/vms/%s", run, name) >= (int)sizeof(p->dir))
		return err_set(e, -ENAMETOOLONG, "%s/vms/%s: too long for a socket's path", run,
			       name);
	snprintf(p->control, sizeof(p->control), "%s/control", p->dir);
	do
		r = lock_dir(name, p, e);
	while (r == -EAGAIN);
	return r;
}

void place_leave(struct place *p)
{
	if (p->fd < 0)
		return;
	rmdir(p->dir);
	close(p->fd);
	p->fd = -1;
}
