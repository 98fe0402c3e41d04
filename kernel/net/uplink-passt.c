// SPDX-License-Identifier: Apache-2.0
/* An uplink through a passt socket: a stream of frames, each after its length in 32 bits. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "kernel/net/copy.h"
#include "kernel/net/csum.h"
#include "kernel/net/dp.h"

/*
 * passt has no congestion control of its own: it sends what the guest's window takes, drops what the
 * socket does not, and answers each repeated acknowledgement with all of the window once more. So
 * nothing that it sent is to be lost here: the socket is emptied at once into room for a whole
 * window, and frames wait there for the guest's buffers.
 */
#define IN_ROOM	 (4u << 20)
#define OUT_ROOM (1u << 20)
#define READ_MAX (128u << 10)

/*
 * The kernel keeps as much as this in one piece, and gives it to the reader in one. The passt of 2023
 * loses its place in the stream when a length, or the rest of a frame, comes in two.
 */
#define CHUNK (32u << 10)

struct passt {
	uint32_t in_at, in_end;		/* whole frames that were received and not yet taken */
	uint32_t out_at, out_end;	/* what could not be sent yet */
	uint32_t out_chunk;		/* the end of what is being sent: a frame's */
	bool awaits_room;		/* the socket's wakes us */
	uint8_t in[IN_ROOM], out[OUT_ROOM];
};

int passt_new(struct uplink *u)
{
	u->passt = calloc(1, sizeof(*u->passt));
	return u->passt ? 0 : -ENOMEM;
}

/* The other end is gone, or talks nonsense. */
static void fail(struct uplink *u)
{
	u->failed = true;
	u->dp->trouble = true;
}

/* The two calls that the worker may make on a socket: recvmsg() and sendmsg(). */
static ssize_t take_bytes(int fd, void *to, size_t n, int flags)
{
	struct iovec iov = {to, n};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	return recvmsg(fd, &msg, MSG_DONTWAIT | flags);
}

static ssize_t send_bytes(int fd, void *from, size_t n)
{
	struct iovec iov = {from, n};
	const struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	return sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static uint32_t frame_len(const uint8_t *at)
{
	return __builtin_bswap32(load32(at));
}

/* As many whole frames as make one piece. */
static uint32_t next_chunk(const struct passt *p)
{
	uint32_t end = p->out_at;

	do
		end += 4 + frame_len(p->out + end);
	while (end < p->out_end && end + 4 + frame_len(p->out + end) - p->out_at <= CHUNK);
	return end;
}

/* Sends what there is; true: all of it went. */
static bool send_out(struct uplink *u)
{
	struct passt *p = u->passt;
	ssize_t r;

	if (p->out_at == p->out_end)
		return true;
	do {
		if (p->out_at == p->out_chunk)
			p->out_chunk = next_chunk(p);
		r = send_bytes(u->fd, p->out + p->out_at, p->out_chunk - p->out_at);
		if (r < 0 && errno != EAGAIN && errno != EINTR)
			fail(u);
		if (r > 0)
			p->out_at += (uint32_t)r;
	} while (r > 0 && p->out_at == p->out_chunk && p->out_at != p->out_end);
	if (p->out_at != p->out_end)
		return false;
	p->out_at = p->out_end = p->out_chunk = 0;
	u->dp->congested = false;
	return true;
}

static void passt_output(struct switch_port *sp, struct vmhi_pkt *pkt, uint32_t n)
{
	struct uplink *u = sp->owner;
	struct passt *p = u->passt;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t len = pkt[i].len;

		if (u->failed || OUT_ROOM - p->out_end < 4 + len) {
			u->c.drop_nobuf++;
			continue;
		}
		if (pkt[i].flags & VMHI_PKT_CSUM)
			csum_complete(&pkt[i]);
		store32(p->out + p->out_end, __builtin_bswap32(len));
		memcpy(p->out + p->out_end + 4,
		       (uint8_t *)(uintptr_t)pkt[i].va + pkt[i].data_off, len);
		p->out_end += 4 + len;
		u->c.tx_packets++;
		u->c.tx_bytes += len;
		u->dp->stats.packets++;
	}
	if (!u->failed && !send_out(u))
		port_hold(u->dp);
}

/* How many bytes of these n are whole frames; a length that cannot be right fails the uplink. */
static uint32_t whole_frames(struct uplink *u, const uint8_t *at, uint32_t n)
{
	uint32_t whole = 0, len;

	while (n - whole >= 4) {
		len = frame_len(at + whole);
		if (len < 14 || len > 65535) {
			fail(u);
			return 0;
		}
		if (n - whole - 4 < len)
			break;
		whole += 4 + len;
	}
	return whole;
}

/* True if there is room for READ_MAX bytes more. */
static bool make_room(struct passt *p)
{
	if (p->in_at == p->in_end)
		p->in_at = p->in_end = 0;
	if (IN_ROOM - p->in_end >= READ_MAX)
		return true;
	if (p->in_at < IN_ROOM / 2)
		return false;	/* later, when less is to be moved */
	memmove(p->in, p->in + p->in_at, p->in_end - p->in_at);
	p->in_end -= p->in_at;
	p->in_at = 0;
	return true;
}

/* Whole frames only: the socket, which may outlive this process, then stands at a frame's start. */
static void receive(struct uplink *u)
{
	struct passt *p = u->passt;
	uint8_t *to = p->in + p->in_end;
	uint32_t whole;
	ssize_t r = take_bytes(u->fd, to, READ_MAX, MSG_PEEK);

	if (r == 0 || (r < 0 && errno != EAGAIN && errno != EINTR)) {
		fail(u);
		return;
	}
	whole = r > 0 ? whole_frames(u, to, (uint32_t)r) : 0;
	if (whole && take_bytes(u->fd, to, whole, 0) != whole)
		fail(u);
	else if (whole)
		p->in_end += whole;
	else
		u->poll_at = u->dp->sw.clock + u->dp->hz / 100000;
}

/* Copies the next frame into a buffer; false: it is too long for one. */
static bool take_frame(struct uplink *u, struct vmhi_pkt *pkt)
{
	struct pool *pool = &u->dp->pool;
	struct passt *p = u->passt;
	uint32_t len = frame_len(p->in + p->in_at);

	p->in_at += 4 + len;
	if (len > pool->room) {
		u->c.drop_bad++;
		return false;
	}
	pool_describe(pool, pool_top(pool)[-1], len, 1, pkt);
	memcpy((void *)(uintptr_t)pkt->va, p->in + p->in_at - len, len);
	pool->nfree--;
	return true;
}

/* Takes frames for one address, as long as the guest behind it has room for them. */
static uint32_t take_frames(struct uplink *u, struct vmhi_pkt *pkt)
{
	struct passt *p = u->passt;
	const uint8_t *first = p->in + p->in_at + 4;
	uint32_t n = 0, room = 0, len, need;

	while (n < DP_BATCH && p->in_at != p->in_end && u->dp->pool.nfree) {
		len = frame_len(p->in + p->in_at);
		need = vq_need(len);
		if (p->in + p->in_at + 4 == first)
			room = port_room(u->dp, first, need);
		else if (memcmp(first, p->in + p->in_at + 4, 6))
			break;
		if (need > room)
			break;
		room -= need;
		n += take_frame(u, &pkt[n]);
	}
	return n;
}

static bool passt_poll(struct uplink *u)
{
	struct vmhi_pkt pkt[DP_BATCH];
	uint32_t n;

	if (u->failed)
		return false;
	send_out(u);
	if (u->dp->sw.clock >= u->poll_at && make_room(u->passt))
		receive(u);
	n = take_frames(u, pkt);
	if (n)
		uplink_input(u, pkt, n);
	return n;
}

/* Whether room in the socket wakes the thread, too; false: that cannot be had. */
static bool await_room(struct uplink *u, bool on)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET | (on ? EPOLLOUT : 0)};

	if (u->passt->awaits_room == on)
		return true;
	if (epoll_ctl(u->dp->epfd, EPOLL_CTL_MOD, u->fd, &ev) < 0)
		return false;
	u->passt->awaits_room = on;
	return true;
}

static bool passt_arm(struct uplink *u)
{
	struct passt *p = u->passt;

	u->poll_at = 0;
	if (passt_poll(u))
		return true;
	u->wakes = u->failed || p->in_at == p->in_end;	/* a guest's buffers wake nobody */
	return !u->failed && !await_room(u, p->out_at != p->out_end);
}

static void passt_free(struct uplink *u)
{
	close(u->fd);
	free(u->passt);
}

const struct uplink_ops uplink_passt_ops = {
	.output = passt_output,
	.poll = passt_poll,
	.arm = passt_arm,
	.free = passt_free,
};
