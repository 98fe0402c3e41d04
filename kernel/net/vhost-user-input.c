// SPDX-License-Identifier: Apache-2.0
/*
 * vhost-user: messages off the socket. Each is looked at, carried out, and reported to who holds the
 * connection; that one answers it and takes it out. When this process dies before the report, the
 * next one finds the message there and does it, from the state before it; after that, it is gone.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel/lib/fdpass.h"
#include "kernel/net/vhost-user-msg.h"

static void close_fds(struct vhost_user *v)
{
	while (v->nfds)
		if (v->fds[--v->nfds] >= 0)
			close(v->fds[v->nfds]);
}

/* Does this message come with descriptors? */
static bool wants_fds(const struct vhost_user *v)
{
	uint32_t request;
	uint64_t u64 = 0;

	memcpy(&request, v->in, 4);
	if (v->have >= VU_HDR + 8)
		memcpy(&u64, v->in + VU_HDR, 8);
	switch (request) {
	case VU_SET_VRING_KICK:
	case VU_SET_VRING_CALL:
	case VU_SET_VRING_ERR:
		return !(u64 & VU_RING_NOFD);
	case VU_SET_MEM_TABLE:
		return (uint32_t)u64;
	}
	return request == VU_ADD_MEM_REG || request == VU_SET_INFLIGHT_FD;
}

static int carry_out(struct vhost_user *v, struct err *e)
{
	struct vu_msg m = {.fds = v->fds, .nfds = v->nfds, .reply_fd = -1};
	uint32_t head[3];
	int r;

	memcpy(head, v->in, VU_HDR);
	m.request = head[0];
	m.flags = head[1];
	m.size = head[2];
	memcpy(&m.p, v->in + VU_HDR, m.size);
	/* No packet moves by what is not held yet. */
	v->port->pause(v->port->arg);
	r = vu_dispatch(v, &m, e);
	if (r == 0)
		r = vu_report(v, &m, e);
	v->port->resume(v->port->arg);
	if (m.reply_fd >= 0)
		close(m.reply_fd);
	vu_keep_tidy(v);
	return r;
}

/* The message in v->in is whole. */
static int handle(struct vhost_user *v, struct err *e)
{
	int r = carry_out(v, e);

	v->torn = false;
	close_fds(v);
	v->have = 0;
	return r < 0 ? r : 1;
}

/* Looks at the first n bytes: how many are there; descriptors come in v->fds. */
static ssize_t look(struct vhost_user *v, uint32_t n, struct err *e)
{
	ssize_t got;

	v->nfds = sizeof(v->fds) / sizeof(v->fds[0]);
	got = fdpass_recv(v->sock, v->in, n, v->fds, &v->nfds, MSG_DONTWAIT | MSG_PEEK);
	if (got < 0)
		v->nfds = 0;
	if (got == -EAGAIN || got == -EINTR)
		return 0;
	if (got == 0)
		return err_set(e, -EPIPE, "the front end hung up");
	return got < 0 ? err_set(e, (int)got, "message cannot be received: %s",
				 strerror((int)-got)) : got;
}

/* The length of the message whose header is in v->in. */
static int length(const struct vhost_user *v, struct err *e)
{
	uint32_t size;

	memcpy(&size, v->in + 8, 4);
	if (size > SESSION_MSG - VU_HDR)
		return err_set(e, -EPROTO, "message of %u bytes", size);
	return (int)(VU_HDR + size);
}

/* Goes on to take a message out piece by piece: 1 when it is whole and was carried out. */
static int receive_torn(struct vhost_user *v, struct err *e)
{
	for (;;) {
		int nfds = (int)(sizeof(v->fds) / sizeof(v->fds[0])) - v->nfds;
		int whole = v->have < VU_HDR ? VU_HDR : length(v, e);
		ssize_t got;

		if (whole < 0)
			return whole;
		if (v->have == (uint32_t)whole && whole > VU_HDR)
			return handle(v, e);
		if (v->have == VU_HDR && length(v, e) == VU_HDR)
			return handle(v, e);
		got = fdpass_recv(v->sock, v->in + v->have, (uint32_t)whole - v->have,
				  v->fds + v->nfds, &nfds, MSG_DONTWAIT);
		if (got == -EAGAIN || got == -EINTR)
			return 0;
		if (got == 0)
			return err_set(e, -EPIPE, "the front end hung up");
		if (got < 0)
			return err_set(e, (int)got, "message cannot be received: %s",
				       strerror((int)-got));
		v->nfds += nfds;
		v->have += (uint32_t)got;
	}
}

/*
 * A look does not reach beyond the piece that carries descriptors: of a message whose front end
 * sends those with a first part only, the rest is not to be seen before that is taken out. A crash
 * while one half is here costs the connection.
 */
static int tear(struct vhost_user *v, struct err *e)
{
	int r = vu_report_torn(v, e);

	close_fds(v);
	v->have = 0;
	v->torn = true;
	return r < 0 ? r : receive_torn(v, e);
}

/* 1: a message was carried out; 0: none is there as a whole. */
static int receive(struct vhost_user *v, struct err *e)
{
	ssize_t got;
	int whole;

	if (v->torn)
		return receive_torn(v, e);
	got = look(v, VU_HDR, e);
	if (got > 0 && got < VU_HDR)
		return v->nfds ? tear(v, e) : 0;
	if (got <= 0)
		return (int)got;
	close_fds(v);
	whole = length(v, e);
	if (whole < 0)
		return whole;
	got = look(v, (uint32_t)whole, e);
	if (got < 0)
		return (int)got;
	v->have = (uint32_t)got;
	if (got == whole) {
		/* Looking also shows those of the next message, where this one has none. */
		if (!wants_fds(v))
			close_fds(v);
		return handle(v, e);
	}
	return v->nfds ? tear(v, e) : 0;
}

/* One message a time, since other ports have some too; whether there is more is reported anew. */
void vu_input(void *arg, uint32_t events)
{
	struct vhost_user *v = arg;
	struct err e = {0};
	int r = receive(v, &e);

	/* What is there of a message stays in the socket, and hides its end. */
	if (r == 0 && events & (EPOLLHUP | EPOLLRDHUP))
		r = err_set(&e, -EPIPE, "the front end hung up");
	if (r < 0)
		v->port->gone(v->port->arg, e.msg);
	else if (r > 0)
		event_modify(v->event, VU_EVENTS);
}
