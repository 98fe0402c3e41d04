// SPDX-License-Identifier: Apache-2.0
/*
 * The vfio-user connection: one client at a time, messages taken whole from the socket, replies and
 * DMA messages sent on it. What the messages mean is protocol.c's.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BURST 64	/* messages before the rest of the loop gets its turn */

uint8_t *message_body(struct message *msg)
{
	return msg->heap ? msg->heap : (uint8_t *)msg->small;
}

void message_free(struct message *msg)
{
	fds_close(&msg->fds);
	free(msg->heap);
	msg->heap = NULL;
}

/* The header is complete: is it one we can follow, and is there room for the rest? */
static int begin_body(struct message *msg)
{
	if (msg->h.size < sizeof(msg->h) || msg->h.size > sizeof(msg->h) + MSG_MAX)
		return -EMSGSIZE;
	msg->body_size = msg->h.size - sizeof(msg->h);
	if (msg->body_size > sizeof(msg->small)) {
		msg->heap = malloc(msg->body_size);
		if (!msg->heap)
			return -ENOMEM;
	}
	return 0;
}

/* 1: c->in is a whole message; 0: not yet; -errno: the stream is of no more use. */
static int receive(struct client *c)
{
	struct message *msg = &c->in;
	ssize_t n;

	for (;;) {
		size_t head = sizeof(msg->h);

		if (msg->have < head)
			n = stream_take(c->sock, &msg->fds, (uint8_t *)&msg->h + msg->have,
					head - msg->have);
		else
			n = stream_take(c->sock, &msg->fds, message_body(msg) + (msg->have - head),
					msg->body_size - (msg->have - head));
		if (n <= 0)
			return (int)n;
		msg->have += (size_t)n;
		if (msg->have == head) {
			int r = begin_body(msg);

			if (r)
				return r;
		}
		if (msg->have >= head && msg->have - head == msg->body_size)
			return 1;
	}
}

static void gone(struct model *m, const char *why)
{
	if (m->c.up && why)
		model_log("client dropped: %s", why);
	m->c.up = false;
	model_timer_set(m->loop, &m->kick, 0);
}

int server_send(struct model *m, const struct vfu_header *h, const void *body, size_t n,
		const int *fds, int nfds)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(8 * sizeof(int))];
	} ctl;
	struct iovec iov[2] = {
		{.iov_base = (void *)h, .iov_len = sizeof(*h)},
		{.iov_base = (void *)body, .iov_len = n},
	};
	struct msghdr mh = {.msg_iov = iov, .msg_iovlen = 2};
	size_t left = sizeof(*h) + n;

	if (nfds > 0 && nfds <= 8) {
		memset(&ctl, 0, sizeof(ctl));
		ctl.align.cmsg_level = SOL_SOCKET;
		ctl.align.cmsg_type = SCM_RIGHTS;
		ctl.align.cmsg_len = CMSG_LEN((size_t)nfds * sizeof(int));
		memcpy(CMSG_DATA(&ctl.align), fds, (size_t)nfds * sizeof(int));
		mh.msg_control = &ctl;
		mh.msg_controllen = CMSG_SPACE((size_t)nfds * sizeof(int));
	}
	while (left && m->c.up) {
		struct pollfd p = {.fd = m->c.sock, .events = POLLOUT};
		ssize_t sent = sendmsg(m->c.sock, &mh, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0 && errno == EAGAIN) {
			if (poll(&p, 1, PEER_TIMEOUT_MS) == 0)
				gone(m, "it does not read its replies");
			continue;
		}
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0) {
			gone(m, errno == EPIPE || errno == ECONNRESET ? NULL : strerror(errno));
			break;
		}
		left -= (size_t)sent;
		mh.msg_control = NULL;
		mh.msg_controllen = 0;
		for (int i = 0; i < 2 && sent; i++) {
			size_t k = (size_t)sent < iov[i].iov_len ? (size_t)sent : iov[i].iov_len;

			iov[i].iov_base = (uint8_t *)iov[i].iov_base + k;
			iov[i].iov_len -= k;
			sent -= (ssize_t)k;
		}
	}
	return m->c.up ? 0 : -EIO;
}

static void client_free(struct model *m)
{
	struct client *c = &m->c;

	message_free(&c->in);
	while (c->held) {
		struct message *msg = c->held;

		c->held = msg->next;
		message_free(msg);
		free(msg);
	}
	free(c->out);
	close(c->sock);
	*c = (struct client){.sock = -1};
}

/* The client is gone: its memory and eventfds go too, and the card is as after power-on. */
void server_close(struct model *m)
{
	if (m->c.sock < 0)
		return;
	m->c.up = false;
	model_timer_cancel(m->loop, &m->kick);
	model_loop_del(m->loop, m->c.sock);
	for (unsigned int i = 0; i < m->pci.msix_vectors; i++) {
		msix_set_trigger(m, i, -1);
		m->vectors[i].masked = false;
	}
	model_power_cycle(m);
	client_free(m);
	model_await_client(m, true);
}

/* The next message, of those held first; 1, 0 or -errno. */
static int next_message(struct client *c, struct message *msg)
{
	int r;

	if (c->held) {
		struct message *first = c->held;

		*msg = *first;
		c->held = first->next;
		if (!c->held)
			c->held_end = NULL;
		c->nheld--;
		free(first);
		return 1;
	}
	r = receive(c);
	if (r == 1) {
		*msg = c->in;
		memset(&c->in, 0, sizeof(c->in));
	}
	return r;
}

static void on_client(void *arg, short revents)
{
	struct model *m = arg;
	int r = 1;

	for (int i = 0; r == 1 && m->c.up && (i < BURST || m->c.held); i++) {
		struct message msg;

		r = next_message(&m->c, &msg);
		if (r < 0)
			gone(m, r == -EPIPE || r == -ECONNRESET ? NULL : strerror(-r));
		if (r != 1)
			break;
		if (!protocol_command(m, &msg))
			gone(m, "it broke the protocol");
		message_free(&msg);
	}
	if (!m->c.up)
		server_close(m);
}

/* Something is to be done for the client that its socket will not announce. */
static void on_kick(void *arg)
{
	on_client(arg, 0);
}

int model_serve(struct model *m, int sock)
{
	int r;

	if (m->c.sock >= 0 || m->proxy)
		return -EBUSY;
	m->c = (struct client){.sock = sock, .up = true};
	m->dma_faults = 0;
	m->kick = (struct model_timer){.fn = on_kick, .arg = m};
	r = model_loop_add(m->loop, sock, POLLIN, on_client, m);
	if (r) {
		m->c = (struct client){.sock = -1};
		return r;
	}
	config_as_vfio(m);
	model_await_client(m, false);
	return 0;
}

static int hold(struct model *m)
{
	struct client *c = &m->c;
	struct message *msg;

	if (c->nheld >= HELD_MAX)
		return -ENOSPC;
	msg = malloc(sizeof(*msg));
	if (!msg)
		return -ENOMEM;
	*msg = c->in;
	msg->next = NULL;
	memset(&c->in, 0, sizeof(c->in));
	if (c->held)
		*c->held_end = msg;
	else
		c->held = msg;
	c->held_end = &msg->next;
	c->nheld++;
	model_timer_set(m->loop, &m->kick, 0);
	return 0;
}

/* Waits for the answer to our DMA message; commands that come meanwhile are held in order. */
static int await_reply(struct model *m, uint16_t id, uint16_t command)
{
	struct client *c = &m->c;
	uint64_t end = model_now_ns() + PEER_TIMEOUT_MS * 1000000ull;

	for (;;) {
		struct pollfd p = {.fd = c->sock, .events = POLLIN};
		int r = receive(c);

		if (r == 1) {
			if ((c->in.h.flags & VFU_TYPE_MASK) == VFU_TYPE_REPLY)
				return c->in.h.id == id && c->in.h.command == command ? 0 : -EPROTO;
			r = hold(m);
		}
		if (r < 0)
			return r;
		if (model_now_ns() >= end)
			return -ETIMEDOUT;
		poll(&p, 1, 100);
	}
}

static int dma_answer(struct model *m, const struct vfu_dma_access *req, void *buf, bool write)
{
	struct message *in = &m->c.in;
	struct vfu_dma_access got;
	size_t want = sizeof(got) + (write ? 0 : req->count);

	if (in->h.flags & VFU_ERROR)
		return in->body_size ? -EPROTO : -EFAULT;
	/* A write's answer has a count of 4 bytes in the text, of 8 in every program. */
	if (write && in->body_size == 12)
		want = 12;
	if (in->body_size != want)
		return -EPROTO;
	got.count = 0;
	memcpy(&got, message_body(in), want < sizeof(got) ? want : sizeof(got));
	if (got.address != req->address || got.count != req->count)
		return -EPROTO;
	if (!write)
		memcpy(buf, message_body(in) + sizeof(got), req->count);
	return 0;
}

static int dma_once(struct model *m, uint64_t iova, void *buf, size_t n, bool write)
{
	uint16_t command = write ? VFU_DMA_WRITE : VFU_DMA_READ;
	struct vfu_dma_access req = {.address = iova, .count = n};
	size_t body = sizeof(req) + (write ? n : 0);
	struct vfu_header h = {
		.id = m->c.next_id++,
		.command = command,
		.size = (uint32_t)(sizeof(h) + body),
	};
	uint8_t *p = malloc(body);
	int r;

	if (!p)
		return -ENOMEM;
	memcpy(p, &req, sizeof(req));
	if (write)
		memcpy(p + sizeof(req), buf, n);
	r = server_send(m, &h, p, body, NULL, 0);
	free(p);
	if (r)
		return r;
	r = await_reply(m, h.id, command);
	if (!r)
		r = dma_answer(m, &req, buf, write);
	if (r && r != -EFAULT)
		gone(m, "no proper answer to a DMA message");
	message_free(&m->c.in);
	memset(&m->c.in, 0, sizeof(m->c.in));
	return r && r != -EFAULT ? -EIO : r;
}

int server_dma(struct model *m, uint64_t iova, void *buf, size_t n, bool write)
{
	uint8_t *p = buf;

	while (n) {
		size_t most = m->c.max_xfer < MSG_XFER ? m->c.max_xfer : MSG_XFER;
		size_t len = n < most ? n : most;
		int r = m->c.up ? dma_once(m, iova, p, len, write) : -EIO;

		if (r)
			return r;
		iova += len;
		p += len;
		n -= len;
	}
	return 0;
}
