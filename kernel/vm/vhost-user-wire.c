// SPDX-License-Identifier: Apache-2.0
#include "kernel/vm/vhost-user-wire.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "kernel/lib/clock.h"
#include "kernel/lib/fdpass.h"

static const char *const request_names[] = {
	[VHOST_USER_GET_FEATURES] = "GET_FEATURES",
	[VHOST_USER_SET_FEATURES] = "SET_FEATURES",
	[VHOST_USER_SET_OWNER] = "SET_OWNER",
	[VHOST_USER_SET_MEM_TABLE] = "SET_MEM_TABLE",
	[VHOST_USER_SET_VRING_NUM] = "SET_VRING_NUM",
	[VHOST_USER_SET_VRING_ADDR] = "SET_VRING_ADDR",
	[VHOST_USER_SET_VRING_BASE] = "SET_VRING_BASE",
	[VHOST_USER_GET_VRING_BASE] = "GET_VRING_BASE",
	[VHOST_USER_SET_VRING_KICK] = "SET_VRING_KICK",
	[VHOST_USER_SET_VRING_CALL] = "SET_VRING_CALL",
	[VHOST_USER_SET_VRING_ERR] = "SET_VRING_ERR",
	[VHOST_USER_GET_PROTOCOL_FEATURES] = "GET_PROTOCOL_FEATURES",
	[VHOST_USER_SET_PROTOCOL_FEATURES] = "SET_PROTOCOL_FEATURES",
	[VHOST_USER_GET_QUEUE_NUM] = "GET_QUEUE_NUM",
	[VHOST_USER_SET_VRING_ENABLE] = "SET_VRING_ENABLE",
	[VHOST_USER_GET_CONFIG] = "GET_CONFIG",
	[VHOST_USER_SET_CONFIG] = "SET_CONFIG",
	[VHOST_USER_GET_INFLIGHT_FD] = "GET_INFLIGHT_FD",
	[VHOST_USER_SET_INFLIGHT_FD] = "SET_INFLIGHT_FD",
	[VHOST_USER_GET_MAX_MEM_SLOTS] = "GET_MAX_MEM_SLOTS",
	[VHOST_USER_ADD_MEM_REG] = "ADD_MEM_REG",
};

const char *vhost_user_request_name(enum vhost_user_request request)
{
	unsigned int i = (unsigned int)request;
	const char *name = i < sizeof(request_names) / sizeof(request_names[0]) ? request_names[i] :
										  NULL;

	return name ? name : "unknown request";
}

/* 0 when the socket is ready for events; -ETIMEDOUT at the deadline. */
static int wait_for(int fd, short events, int64_t deadline)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = events};
		int64_t left = deadline - now_ms();
		int r = left > 0 ? poll(&p, 1, (int)left) : 0;

		if (r > 0)
			return 0;
		if (r == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

int vhost_wire_connect(struct vhost_wire *w, const char *path, struct err *e)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int r;

	w->fd = -1;
	if (strlen(path) >= sizeof(sa.sun_path))
		return err_set(e, -ENAMETOOLONG, "socket path is longer than %zu characters",
			       sizeof(sa.sun_path) - 1);
	strcpy(sa.sun_path, path);
	w->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (w->fd < 0)
		return err_set(e, -errno, "no socket: %s", strerror(errno));
	if (connect(w->fd, (struct sockaddr *)&sa, sizeof(sa)) == 0)
		return 0;
	r = -errno;
	vhost_wire_close(w);
	return err_set(e, r, "cannot connect: %s; is the back end running?", strerror(-r));
}

void vhost_wire_close(struct vhost_wire *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}

int vhost_wire_send(struct vhost_wire *w, enum vhost_user_request request, uint32_t flags,
		    const void *payload, uint32_t size, const int *fds, int nfd, struct err *e)
{
	struct vhost_user_header h = {request, VHOST_USER_VERSION | flags, size};
	uint8_t msg[sizeof(h) + sizeof(struct vhost_user_mem_table)];
	size_t n = sizeof(h) + size, done = 0;
	int64_t deadline = now_ms() + w->timeout_ms;

	if (n > sizeof(msg) || w->fd < 0)
		return err_set(e, -EINVAL, "%s: not sent", vhost_user_request_name(request));
	memcpy(msg, &h, sizeof(h));
	if (size)
		memcpy(msg + sizeof(h), payload, size);
	while (done < n) {
		ssize_t r = fdpass_send(w->fd, msg + done, n - done, fds, nfd, MSG_DONTWAIT);

		if (r > 0) {
			done += (size_t)r;
			nfd = 0;	/* they went with the first byte */
		} else if (r == -EAGAIN) {
			r = wait_for(w->fd, POLLOUT, deadline);
		}
		if (r == -ETIMEDOUT)
			return err_set(e, -ETIMEDOUT, "back end did not take %s for %d ms",
				       vhost_user_request_name(request), w->timeout_ms);
		if (r < 0)
			return err_set(e, (int)r, "back end is gone (sending %s: %s)",
				       vhost_user_request_name(request), strerror((int)-r));
	}
	return 0;
}

/* Exactly n bytes; descriptors that come along are gathered in fds, *nfd so far, of FDPASS_MAX. */
static int receive(struct vhost_wire *w, enum vhost_user_request request, void *buf, size_t n,
		   int *fds, int *nfd, int64_t deadline, struct err *e)
{
	const char *name = vhost_user_request_name(request);
	size_t done = 0;

	while (done < n) {
		int room = FDPASS_MAX - *nfd;
		ssize_t r = fdpass_recv(w->fd, (uint8_t *)buf + done, n - done, fds + *nfd, &room,
					MSG_DONTWAIT);

		if (r > 0) {
			done += (size_t)r;
			*nfd += room;
			continue;
		}
		if (r == 0)
			return err_set(e, -ECONNRESET, "back end closed the connection, answer to "
				       "%s wanted", name);
		if (r == -EAGAIN)
			r = wait_for(w->fd, POLLIN, deadline);
		if (r == -ETIMEDOUT)
			return err_set(e, -ETIMEDOUT, "back end did not answer %s for %d ms", name,
				       w->timeout_ms);
		if (r < 0)
			return err_set(e, (int)r, "no answer to %s: %s", name, strerror((int)-r));
	}
	return 0;
}

static int check_header(const struct vhost_user_header *h, enum vhost_user_request request,
			uint32_t min, uint32_t max, struct err *e)
{
	const char *name = vhost_user_request_name(request);

	if (h->request != (uint32_t)request)
		return err_set(e, -EPROTO, "back end answered %s with a message of type %u", name,
			       h->request);
	if ((h->flags & VHOST_USER_VERSION_MASK) != VHOST_USER_VERSION ||
	    !(h->flags & VHOST_USER_REPLY))
		return err_set(e, -EPROTO, "back end's answer to %s has flags 0x%x: not a reply of "
			       "version 1", name, h->flags);
	if (h->size < min || h->size > max)
		return err_set(e, -EPROTO, "back end's answer to %s has %u bytes, %u to %u are "
			       "right", name, h->size, min, max);
	return 0;
}

int vhost_wire_reply(struct vhost_wire *w, enum vhost_user_request request, void *payload,
		     uint32_t min, uint32_t max, uint32_t *got, int *fd, struct err *e)
{
	int64_t deadline = now_ms() + w->timeout_ms;
	struct vhost_user_header h;
	int fds[FDPASS_MAX], nfd = 0, r;

	r = receive(w, request, &h, sizeof(h), fds, &nfd, deadline, e);
	if (!r)
		r = check_header(&h, request, min, max, e);
	if (!r)
		r = receive(w, request, payload, h.size, fds, &nfd, deadline, e);
	if (!r && nfd != (fd ? 1 : 0))
		r = err_set(e, -EPROTO, "back end's answer to %s carries %d descriptors, %d wanted",
			    vhost_user_request_name(request), nfd, fd ? 1 : 0);
	if (r) {
		while (nfd)
			close(fds[--nfd]);
		return r;
	}
	if (got)
		*got = h.size;
	if (fd)
		*fd = fds[0];
	return 0;
}
