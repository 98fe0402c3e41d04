// SPDX-License-Identifier: Apache-2.0
/* Bytes and descriptors taken from a client's stream socket; the same for every protocol. */
#include "internal.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void fds_close(struct fds *f)
{
	while (f->n)
		close(f->fd[--f->n]);
}

/* Keeps every descriptor that came, so that none is lost; -EMSGSIZE when there were too many. */
static int take_fds(struct fds *f, struct msghdr *mh)
{
	int r = mh->msg_flags & MSG_CTRUNC ? -EMSGSIZE : 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(mh); c; c = CMSG_NXTHDR(mh, c)) {
		size_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (f->n < MSG_FDS) {
				f->fd[f->n++] = fd;
			} else {
				close(fd);
				r = -EMSGSIZE;
			}
		}
	}
	return r;
}

ssize_t stream_take(int sock, struct fds *f, void *p, size_t n)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(MSG_FDS * sizeof(int))];
	} ctl;
	struct iovec iov = {.iov_base = p, .iov_len = n};
	struct msghdr mh = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = ctl.room,
		.msg_controllen = sizeof(ctl.room),
	};
	ssize_t got;
	int r;

	do
		got = recvmsg(sock, &mh, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == EAGAIN ? 0 : -errno;
	r = take_fds(f, &mh);
	if (r)
		return r;
	return got ? got : -EPIPE;
}
