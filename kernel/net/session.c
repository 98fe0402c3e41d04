// SPDX-License-Identifier: Apache-2.0
#include "kernel/net/session.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel/lib/fdpass.h"

static bool ring_sound(const struct session_ring *r)
{
	bool size = r->size <= VQ_SIZE_MAX && !(r->size & (r->size - 1));

	return size && r->have_addr <= 1 && r->kicked <= 1 && r->enabled <= 1 && r->started <= 1 &&
	       (!r->started || (r->size && r->have_addr));
}

static bool regions_sound(const struct session_state *s)
{
	bool taken[KEEP_MEMS] = {false};

	if (s->regions > GUESTMEM_SLOTS)
		return false;
	for (uint32_t i = 0; i < s->regions; i++) {
		if (s->region[i].kept >= KEEP_MEMS || taken[s->region[i].kept])
			return false;
		taken[s->region[i].kept] = true;
	}
	return true;
}

static const char *unsound(const struct session_state *s, uint32_t rings, uint64_t features,
			   uint64_t protocol)
{
	if (s->features & ~features || s->protocol & ~protocol)
		return "features that were not offered";
	if (s->owned > 1 || s->set_features > 1)
		return "flags";
	if (s->inflight > 2 || (s->inflight && (!s->inflight_rings || s->inflight_rings > rings ||
						!s->inflight_size ||
						s->inflight_size > VQ_SIZE_MAX)))
		return "an in-flight area";
	if (!regions_sound(s))
		return "memory regions";
	for (uint32_t i = 0; i < rings; i++)
		if (!ring_sound(&s->ring[i]))
			return "a ring";
	return NULL;
}

int session_load(const struct session_conn *c, uint32_t rings, uint64_t features,
		 uint64_t protocol, struct session_state *out, struct err *e)
{
	const char *why;

	if (c->torn)
		return err_set(e, -EPROTO, "half of a message was lost with the worker");
	if (!c->valid)
		return 0;
	memcpy(out, &c->state, sizeof(*out));
	why = unsound(out, rings, features, protocol);
	return why ? err_set(e, -EPROTO, "the session is spoilt: %s", why) : 1;
}

/* Its descriptors came when it was looked at, and come once more. */
static int take_out(int sock, const struct session_report *q, struct err *e)
{
	uint8_t same[SESSION_MSG];
	int fds[8], n = 8;
	ssize_t got = fdpass_recv(sock, same, q->len, fds, &n, MSG_DONTWAIT);

	for (int i = 0; got >= 0 && i < n; i++)
		close(fds[i]);
	if (got != (ssize_t)q->len)
		return err_set(e, -EPROTO, "a message cannot be taken out of the socket");
	if ((uint32_t)n < q->fds_min || (uint32_t)n > q->fds_max)
		return err_set(e, -EPROTO, "message %u with %d descriptors", q->request, n);
	return 0;
}

int session_take(struct session_conn *c, int sock, const struct session_report *q, int fd,
		 struct err *e)
{
	ssize_t r = 0;

	if (q->torn > 1 || q->len > SESSION_MSG || q->reply_len > SESSION_REPLY)
		return err_set(e, -EPROTO, "no report of a message");
	if (c) {
		c->torn = q->torn;
		c->valid |= !q->torn;
		if (!q->torn)
			c->state = q->state;
	}
	if (q->torn)
		return 0;
	if (q->reply_len)
		r = fdpass_send(sock, q->reply, q->reply_len, &fd, fd >= 0, MSG_DONTWAIT);
	if (r < 0)
		return err_set(e, (int)r, "answer cannot be sent: %s", strerror((int)-r));
	return q->len ? take_out(sock, q, e) : 0;
}
