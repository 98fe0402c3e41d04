/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vfio-user client for the tests of models: raw messages, blocking, written from the protocol's
 * text; and a thread that runs the model's loop meanwhile.
 */
#ifndef TESTS_MODEL_CLIENT_H
#define TESTS_MODEL_CLIENT_H

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vmhi-model/model.h>

#define CMD_VERSION 1
#define CMD_DMA_MAP 2
#define CMD_DMA_UNMAP 3
#define CMD_INFO 4
#define CMD_REGION_INFO 5
#define CMD_IO_FDS 6
#define CMD_IRQ_INFO 7
#define CMD_SET_IRQS 8
#define CMD_READ 9
#define CMD_WRITE 10
#define CMD_DMA_READ 11
#define CMD_DMA_WRITE 12
#define CMD_RESET 13
#define CMD_WRITE_MULTI 15

struct mc_header {
	uint16_t id, command;
	uint32_t size, flags, error;
};

struct mc {
	int sock;
	uint16_t id;
	struct mc_header h;	/* of the last message received */
	uint8_t body[4096];
	size_t n;
	int fd;			/* that came with it, -1 */
	int (*serve_dma)(struct mc *c, void *arg);	/* answers a DMA message; 0 */
	void *arg;
};

static inline int mc_send(struct mc *c, uint16_t command, uint32_t flags, const void *body,
			  size_t n, const int *fds, int nfds)
{
	char ctl[CMSG_SPACE(128 * sizeof(int))];
	struct mc_header h = {++c->id, command, (uint32_t)(sizeof(h) + n), flags, 0};
	struct iovec iov[2] = {{&h, sizeof(h)}, {(void *)body, n}};
	struct msghdr mh = {.msg_iov = iov, .msg_iovlen = 2};

	if (nfds) {
		struct cmsghdr *cm;

		memset(ctl, 0, sizeof(ctl));
		mh.msg_control = ctl;
		mh.msg_controllen = CMSG_SPACE((size_t)nfds * sizeof(int));
		cm = CMSG_FIRSTHDR(&mh);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN((size_t)nfds * sizeof(int));
		memcpy(CMSG_DATA(cm), fds, (size_t)nfds * sizeof(int));
	}
	return sendmsg(c->sock, &mh, MSG_NOSIGNAL) == (ssize_t)(sizeof(h) + n) ? 0 : -1;
}

/* One message whole; 0, or -1 when the model hung up. */
static inline int mc_receive(struct mc *c)
{
	char ctl[CMSG_SPACE(8 * sizeof(int))];
	struct iovec iov = {&c->h, sizeof(c->h)};
	struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = ctl,
			    .msg_controllen = sizeof(ctl)};
	struct cmsghdr *cm;

	c->fd = -1;
	if (recvmsg(c->sock, &mh, MSG_WAITALL) != sizeof(c->h))
		return -1;
	cm = CMSG_FIRSTHDR(&mh);
	if (cm)
		memcpy(&c->fd, CMSG_DATA(cm), sizeof(int));
	c->n = c->h.size - sizeof(c->h);
	if (c->h.size < sizeof(c->h) || c->n > sizeof(c->body))
		return -1;
	if (c->n && recv(c->sock, c->body, c->n, MSG_WAITALL) != (ssize_t)c->n)
		return -1;
	return 0;
}

/* The reply's errno (0: done), or -1 when the model hung up or answered something else. */
static inline int mc_call_fds(struct mc *c, uint16_t command, const void *body, size_t n,
			      const int *fds, int nfds)
{
	if (mc_send(c, command, 0, body, n, fds, nfds))
		return -1;
	for (;;) {
		if (mc_receive(c))
			return -1;
		if ((c->h.flags & 0xf) == 1)
			break;
		if (!c->serve_dma || c->serve_dma(c, c->arg))
			return -1;
	}
	if (c->h.id != c->id || c->h.command != command)
		return -1;
	if (!(c->h.flags & 0x20))
		return 0;
	return c->n ? -1 : (int)c->h.error;
}

static inline int mc_call(struct mc *c, uint16_t command, const void *body, size_t n)
{
	return mc_call_fds(c, command, body, n, NULL, 0);
}

static inline int mc_version(struct mc *c, uint16_t major, uint16_t minor, const char *json)
{
	uint8_t b[1024];
	size_t n = json ? strlen(json) + 1 : 0;

	memcpy(b, &major, 2);
	memcpy(b + 2, &minor, 2);
	if (n)
		memcpy(b + 4, json, n);
	return mc_call(c, CMD_VERSION, b, 4 + n);
}

struct mc_access {
	uint64_t offset;
	uint32_t region, count;
	uint8_t data[512];
};

static inline int mc_read(struct mc *c, uint32_t region, uint64_t offset, void *buf, uint32_t n)
{
	struct mc_access a = {.offset = offset, .region = region, .count = n};
	int r = mc_call(c, CMD_READ, &a, 16);

	if (r)
		return r;
	if (c->n != 16 + n || memcmp(c->body, &a, 16))
		return -1;
	memcpy(buf, c->body + 16, n);
	return 0;
}

static inline int mc_write(struct mc *c, uint32_t region, uint64_t offset, const void *buf,
			   uint32_t n)
{
	struct mc_access a = {.offset = offset, .region = region, .count = n};

	memcpy(a.data, buf, n);
	return mc_call(c, CMD_WRITE, &a, 16 + n);
}

static inline uint32_t mc_r32(struct mc *c, uint32_t region, uint64_t offset)
{
	uint32_t v = 0xdeadbeef;

	return mc_read(c, region, offset, &v, 4) ? 0xdeadbeef : v;
}

static inline int mc_w32(struct mc *c, uint32_t region, uint64_t offset, uint32_t v)
{
	return mc_write(c, region, offset, &v, 4);
}

static inline int mc_map(struct mc *c, uint32_t flags, uint64_t offset, uint64_t iova,
			 uint64_t size, int fd)
{
	struct {
		uint32_t argsz, flags;
		uint64_t offset, address, size;
	} req = {32, flags, offset, iova, size};

	return mc_call_fds(c, CMD_DMA_MAP, &req, sizeof(req), &fd, fd >= 0);
}

static inline int mc_unmap(struct mc *c, uint32_t flags, uint64_t iova, uint64_t size)
{
	struct {
		uint32_t argsz, flags;
		uint64_t address, size;
	} req = {24, flags, iova, size};

	return mc_call(c, CMD_DMA_UNMAP, &req, sizeof(req));
}

static inline int mc_set_irqs(struct mc *c, uint32_t flags, uint32_t index, uint32_t start,
			      uint32_t count, const int *fds, int nfds)
{
	uint32_t req[5] = {20, flags, index, start, count};

	return mc_call_fds(c, CMD_SET_IRQS, req, sizeof(req), fds, nfds);
}

/* Runs a model's loop on a thread of its own until mc_loop_stop(). */
struct mc_loop {
	struct model_loop *loop;
	pthread_t thread;
	int quit;
};

static inline void mc_on_quit(void *arg, short revents)
{
	model_loop_stop(arg);
}

static inline void *mc_run(void *arg)
{
	model_loop_run(arg);
	return NULL;
}

static inline void mc_loop_start(struct mc_loop *t, struct model_loop *l)
{
	t->loop = l;
	t->quit = eventfd(0, EFD_CLOEXEC);
	model_loop_add(l, t->quit, 1 /* POLLIN */, mc_on_quit, l);
	pthread_create(&t->thread, NULL, mc_run, l);
}

static inline void mc_loop_stop(struct mc_loop *t)
{
	uint64_t one = 1;

	if (write(t->quit, &one, sizeof(one)) != sizeof(one))
		return;
	pthread_join(t->thread, NULL);
	model_loop_del(t->loop, t->quit);
	close(t->quit);
}

#endif
