// SPDX-License-Identifier: Apache-2.0
/* Messages of vfio-user: sent, awaited, and the server's own commands answered in between. */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "kernel/bus/vfio-user.h"
#include "kernel/lib/clock.h"
#include "kernel/lib/log.h"

#define TIMEOUT_MS 5000
#define POLL_MS	   50	/* one vfu_poll() takes no further message after so long */
#define BUSY                                                                                       \
	"the server does not answer; a model serves one client at a time: is another set or VM "   \
	"using it?"

int vfu_drop(struct vfu_dev *v, struct err *e, const char *why)
{
	if (!v->d.gone) {
		v->d.gone = true;
		shutdown(v->sock, SHUT_RDWR);
		if (!e)
			log_error("%s: %s", v->d.name, why);
	}
	return err_set(e, -ENODEV, "%s: %s", v->d.name, why);
}

static int wait_for(struct vfu_dev *v, short events, int64_t deadline, struct err *e)
{
	struct pollfd p = {.fd = v->sock, .events = events};

	for (;;) {
		int64_t left = deadline - now_ms();
		int n = left > 0 ? poll(&p, 1, (int)left) : 0;

		if (n > 0)
			return 0;
		if (n == 0)
			return vfu_drop(v, e, v->answered ? "the server does not answer" : BUSY);
		if (errno != EINTR)
			return vfu_drop(v, e, "its socket failed");
	}
}

/* Exactly n bytes. Descriptors, *nfd of them, come with the first byte, if fds has room for them. */
static int get(struct vfu_dev *v, void *buf, size_t n, int *fds, int *nfd, int64_t deadline,
	       struct err *e)
{
	size_t at = 0;

	if (fds)
		*nfd = 0;
	while (at < n) {
		int came = fds ? FDPASS_MAX : 0, r = wait_for(v, POLLIN, deadline, e);
		ssize_t got;

		if (r)
			return r;
		got = fdpass_recv(v->sock, (char *)buf + at, n - at, fds, &came, MSG_DONTWAIT);
		if (got == -EAGAIN)
			continue;
		if (got == -EMSGSIZE)
			return vfu_drop(v, e, "the server sent descriptors nobody asked for");
		if (got <= 0)
			return vfu_drop(v, e, "the server went away");
		at += (size_t)got;
		if (fds)
			*nfd = came;
		fds = NULL;
	}
	return 0;
}

static int put(struct vfu_dev *v, const struct vfu_head *h, const struct vfu_call *c,
	       int64_t deadline, struct err *e)
{
	unsigned char buf[sizeof(*h) + sizeof(v->batch)];
	const unsigned char *part[2] = {buf, c->data};
	size_t len[2] = {sizeof(*h) + c->req_len, c->data_len};
	int nfd = c->nfd;

	memcpy(buf, h, sizeof(*h));
	if (c->req_len)
		memcpy(buf + sizeof(*h), c->req, c->req_len);
	if (c->data_len && len[0] + c->data_len <= sizeof(buf)) {
		memcpy(buf + len[0], c->data, c->data_len); /* registers: one system call */
		len[0] += c->data_len;
		len[1] = 0;
	}
	for (int i = 0; i < 2; i++) {
		for (size_t at = 0; at < len[i];) {
			ssize_t n = fdpass_send(v->sock, part[i] + at, len[i] - at, c->fds, nfd,
						MSG_DONTWAIT);
			int r = n == -EAGAIN ? wait_for(v, POLLOUT, deadline, e) : 0;

			if (r)
				return r;
			if (n < 0 && n != -EAGAIN)
				return vfu_drop(v, e, "the server went away");
			if (n > 0) {
				at += (size_t)n;
				nfd = 0;
			}
		}
	}
	return 0;
}

/* The server reads or writes memory that we mapped for it. Anything else it may not ask. */
static int serve(struct vfu_dev *v, const struct vfu_head *h, uint32_t len, int64_t deadline,
		 struct err *e)
{
	bool write = h->command == VFU_DMA_WRITE;
	struct vfu_head ans = {h->id, h->command, sizeof(ans), VFU_F_REPLY, 0};
	struct vfu_dma_access a = {0};
	struct vfu_call c = {.req = &a};
	void *mem = NULL;

	if (len >= sizeof(a))
		memcpy(&a, v->body, sizeof(a));
	if ((write || h->command == VFU_DMA_READ) && a.count && a.count <= VFU_XFER_MAX &&
	    len == sizeof(a) + (write ? a.count : 0))
		mem = bus_dma_ptr(v->d.bus, a.address, a.count);
	if (!mem) {
		ans.flags |= VFU_F_ERROR;
		ans.error = EINVAL;
	} else if (write) {
		memcpy(mem, v->body + sizeof(a), a.count);
		c.req_len = sizeof(a);
	} else {
		c.req_len = sizeof(a);
		c.data = mem;
		c.data_len = (uint32_t)a.count;
	}
	if (h->flags & VFU_F_NO_REPLY)
		return 0;
	ans.size = (uint32_t)sizeof(ans) + c.req_len + c.data_len;
	return put(v, &ans, &c, deadline, e);
}

/* One message into *h and v->body; descriptors only where there is room for them. */
static int receive(struct vfu_dev *v, struct vfu_head *h, int *fds, int *nfd, int64_t deadline,
		   struct err *e)
{
	int r = get(v, h, sizeof(*h), fds, nfd, deadline, e);

	if (r)
		return r;
	if (h->size < sizeof(*h) || h->size - sizeof(*h) > sizeof(v->body)) {
		r = vfu_drop(v, e, "the server sent a message of a wrong size");
	} else {
		r = get(v, v->body, h->size - sizeof(*h), NULL, NULL, deadline, e);
	}
	while (r && fds && *nfd)
		close(fds[--*nfd]);
	return r;
}

static int check_reply(struct vfu_dev *v, const struct vfu_head *h, uint16_t id,
		       struct vfu_call *c, struct err *e)
{
	c->reply_len = h->size - (uint32_t)sizeof(*h);
	if (h->id != id || h->command != c->command)
		return vfu_drop(v, e, "the server answered what was not asked");
	if (h->flags & VFU_F_ERROR) {
		int code = h->error && h->error < 4096 ? -(int)h->error : -EIO;

		return err_set(e, code == -ENODEV ? -EIO : code, "%s: the server refuses command "
			       "%d: %s", v->d.name, c->command, strerror(-code));
	}
	if (c->reply_len < c->reply_min)
		return vfu_drop(v, e, "the server sent too short an answer");
	return 0;
}

static struct vfu_head head_for(struct vfu_dev *v, const struct vfu_call *c, uint32_t flags)
{
	return (struct vfu_head){
		.id = v->next_id++,
		.command = (uint16_t)c->command,
		.size = (uint32_t)sizeof(struct vfu_head) + c->req_len + c->data_len,
		.flags = flags,
	};
}

/* The message of what was gathered. */
static struct vfu_call take_batch(struct vfu_dev *v)
{
	struct vfu_batch *b = &v->batch;

	b->count = v->gathered;
	v->gathered = 0;
	return (struct vfu_call){
		.command = VFU_REGION_WRITE_MULTI, .data = b,
		.data_len = (uint32_t)(offsetof(struct vfu_batch, one) +
				       b->count * sizeof(b->one[0])),
		.reply_min = sizeof(b->count),
	};
}

int vfu_call(struct vfu_dev *v, struct vfu_call *c, struct err *e)
{
	int64_t deadline = now_ms() + (c->timeout_ms ? c->timeout_ms : TIMEOUT_MS);
	struct vfu_head h;
	uint16_t id;
	int r = 0;

	if (v->d.gone)
		return err_set(e, -ENODEV, "%s: the server is gone", v->d.name);
	c->reply_nfd = 0;
	if (v->gathered) {
		struct vfu_call before = take_batch(v);

		r = vfu_post(v, &before);
	}
	h = head_for(v, c, 0);
	id = h.id;
	if (r == 0)
		r = put(v, &h, c, deadline, e);
	while (r == 0) {
		r = receive(v, &h, c->reply_fds, &c->reply_nfd, deadline, e);
		if (r)
			break;
		if ((h.flags & VFU_F_TYPE) == VFU_F_REPLY) {
			r = check_reply(v, &h, id, c, e);
			break;
		}
		while (c->reply_nfd)
			close(c->reply_fds[--c->reply_nfd]);
		r = serve(v, &h, h.size - (uint32_t)sizeof(h), deadline, e);
	}
	while (r && c->reply_nfd)
		close(c->reply_fds[--c->reply_nfd]);
	return r;
}

int vfu_post(struct vfu_dev *v, struct vfu_call *c)
{
	struct vfu_head h = head_for(v, c, VFU_F_NO_REPLY);

	return put(v, &h, c, now_ms() + TIMEOUT_MS, NULL);
}

int vfu_write_batched(struct vfu_dev *v, uint32_t region, uint64_t off, const void *buf,
		      uint32_t n, enum bus_write how)
{
	struct vfu_write_one *one = &v->batch.one[v->gathered++];
	struct vfu_call c;
	int r;

	*one = (struct vfu_write_one){.offset = off, .region = region, .count = n};
	memcpy(one->data, buf, n);
	if (how == BUS_HELD && v->gathered < VFU_BATCH_MAX)
		return 0;
	c = take_batch(v);
	if (how != BUS_ARRIVED)
		return vfu_post(v, &c);
	r = vfu_call(v, &c, NULL);
	return r ? r : memcmp(v->body, &v->batch.count, sizeof(v->batch.count)) ? -EIO : 0;
}

int vfu_poll(struct bus_device *d)
{
	struct vfu_dev *v = (struct vfu_dev *)d;
	struct pollfd p = {.fd = v->sock, .events = POLLIN};

	/* A server that always has more does not keep us, nor is it dropped: we are called again. */
	for (int64_t end = now_ms() + POLL_MS; !d->gone && now_ms() < end && poll(&p, 1, 0) > 0;) {
		int64_t deadline = now_ms() + TIMEOUT_MS;
		struct vfu_head h;
		int r = receive(v, &h, NULL, NULL, deadline, NULL);

		if (r)
			return r;
		if ((h.flags & VFU_F_TYPE) == VFU_F_REPLY)
			return vfu_drop(v, NULL, "the server answered what was not asked");
		r = serve(v, &h, h.size - (uint32_t)sizeof(h), deadline, NULL);
		if (r)
			return r;
	}
	return d->gone ? -ENODEV : 0;
}
