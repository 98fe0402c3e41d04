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

#define PASST_ROOM (128u << 10)

struct passt {
	uint32_t in_at, in_end;		/* of what was received and not yet taken */
	uint32_t out_at, out_end;	/* of what could not be sent */
	bool awaits_room;		/* the socket's wakes us */
	uint8_t in[PASST_ROOM], out[PASST_ROOM];
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

/* Sends what is left over; true: all of it went. */
static bool send_rest(struct uplink *u)
{
	struct passt *p = u->passt;
	struct iovec rest = {p->out + p->out_at, p->out_end - p->out_at};
	struct msghdr msg = {.msg_iov = &rest, .msg_iovlen = 1};
	ssize_t r;

	if (p->out_at == p->out_end)
		return true;
	r = sendmsg(u->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (r > 0)
		p->out_at += (uint32_t)r;
	return p->out_at == p->out_end;
}

/* Keeps what the socket did not take of these pieces, from byte sent on. */
static void keep_rest(struct passt *p, const struct iovec *iov, int n, size_t sent)
{
	p->out_at = p->out_end = 0;
	for (int i = 0; i < n; i++) {
		size_t skip = sent < iov[i].iov_len ? sent : iov[i].iov_len;

		sent -= skip;
		memcpy(p->out + p->out_end, (uint8_t *)iov[i].iov_base + skip,
		       iov[i].iov_len - skip);
		p->out_end += (uint32_t)(iov[i].iov_len - skip);
	}
}

static void passt_output(struct switch_port *team, struct vmhi_pkt *pkt, uint32_t n)
{
	struct uplink *u = ((struct dataplane *)team->owner)->active;
	struct iovec iov[2 * DP_BATCH];
	uint32_t head[DP_BATCH], total = 0, i;
	struct msghdr msg = {.msg_iov = iov};
	ssize_t r;

	if (u->failed || !send_rest(u)) {
		u->c.drop_nobuf += n;
		return;
	}
	for (i = 0; i < n && total + pkt[i].len + 4 <= PASST_ROOM; i++) {
		if (pkt[i].flags & VMHI_PKT_CSUM)
			csum_complete(&pkt[i]);
		head[i] = __builtin_bswap32(pkt[i].len);
		iov[2 * i] = (struct iovec){&head[i], 4};
		iov[2 * i + 1] = (struct iovec){
			(uint8_t *)(uintptr_t)pkt[i].va + pkt[i].data_off, pkt[i].len};
		total += pkt[i].len + 4;
	}
	msg.msg_iovlen = 2 * i;
	r = sendmsg(u->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (r < 0 && errno != EAGAIN && errno != EINTR) {
		fail(u);
		return;
	}
	if (r < 0) {
		u->c.drop_nobuf += n;
		return;
	}
	keep_rest(u->passt, iov, (int)(2 * i), (size_t)r);
	u->c.drop_nobuf += n - i;
	u->c.tx_packets += i;
	u->c.tx_bytes += total - 4 * i;
	u->dp->stats.packets += i;
}

/* Takes one whole frame out of what was received; false: there is none. */
static bool passt_frame(struct uplink *u, struct vmhi_pkt *pkt)
{
	struct pool *pool = &u->dp->pool;
	struct passt *p = u->passt;
	uint32_t len;

	if (p->in_end - p->in_at < 4 || !pool->nfree)
		return false;
	len = __builtin_bswap32(load32(p->in + p->in_at));
	if (len < 14 || len > 65535) {
		fail(u);
		return false;
	}
	if (p->in_end - p->in_at < 4 + len)
		return false;
	pool_describe(pool, pool_top(pool)[-1], len, 1, pkt);
	if (len <= pool->room) {
		memcpy((void *)(uintptr_t)pkt->va, p->in + p->in_at + 4, len);
	} else {
		u->c.drop_bad++;
		pkt->len = 0;
	}
	p->in_at += 4 + len;
	pool->nfree--;
	return true;
}

static void receive(struct uplink *u)
{
	struct passt *p = u->passt;
	struct iovec room;
	struct msghdr msg = {.msg_iov = &room, .msg_iovlen = 1};
	ssize_t r;

	memmove(p->in, p->in + p->in_at, p->in_end - p->in_at);
	p->in_end -= p->in_at;
	p->in_at = 0;
	room = (struct iovec){p->in + p->in_end, PASST_ROOM - p->in_end};
	r = recvmsg(u->fd, &msg, MSG_DONTWAIT);
	if (r > 0)
		p->in_end += (uint32_t)r;
	else if (r == 0 || (errno != EAGAIN && errno != EINTR))
		fail(u);
	else
		u->poll_at = u->dp->sw.clock + u->dp->hz / 100000;
}

static bool passt_poll(struct uplink *u)
{
	struct vmhi_pkt pkt[DP_BATCH];
	uint32_t n = 0;

	if (u->failed)
		return false;
	send_rest(u);
	while (n < DP_BATCH && passt_frame(u, &pkt[n])) {
		if (pkt[n].len)
			n++;
		else
			pool_put(&u->dp->pool, &pkt[n], 1);
	}
	if (n < DP_BATCH && u->dp->sw.clock >= u->poll_at)
		receive(u);
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
	/* Twice: what the first call received the second one takes. */
	if (passt_poll(u) || passt_poll(u))
		return true;
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
