// SPDX-License-Identifier: Apache-2.0
/* A listening unix socket, readable by its owner only. It is at its path once a client can connect. */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* A file left by a model that is gone is removed; anything else at the path is not ours. */
static int clear_stale(const struct sockaddr_un *sa, int type)
{
	struct stat st;
	int fd, r = 0;

	if (lstat(sa->sun_path, &st) < 0)
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) == 0 || errno != ECONNREFUSED)
		r = -EADDRINUSE;
	close(fd);
	if (!r)
		unlink(sa->sun_path);
	return r;
}

/* A path that is taken meanwhile is somebody else's. */
static int bind_and_listen(int fd, const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int r = 0;

	if (snprintf(sa.sun_path, sizeof(sa.sun_path), "%s.%d", path, (int)getpid()) >=
	    (int)sizeof(sa.sun_path))
		return -ENAMETOOLONG;
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		return -errno;
	if (listen(fd, 8) < 0 || link(sa.sun_path, path) < 0)
		r = errno == EEXIST ? -EADDRINUSE : -errno;
	unlink(sa.sun_path);
	return r;
}

int listen_at(const char *path, int type)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	mode_t mask;
	int fd, r;

	if (strlen(path) >= sizeof(sa.sun_path))
		return -ENAMETOOLONG;
	memcpy(sa.sun_path, path, strlen(path) + 1);
	r = clear_stale(&sa, type);
	if (r)
		return r;
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	mask = umask(0177);
	r = bind_and_listen(fd, path);
	umask(mask);
	if (r) {
		close(fd);
		return r;
	}
	return fd;
}
