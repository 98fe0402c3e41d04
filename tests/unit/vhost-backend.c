// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/vhost-backend.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel/lib/fdpass.h"

struct message {
	struct vhost_user_header h;
	union {
		uint64_t u64;
		struct vhost_user_vring_state state;
		struct vhost_user_vring_addr addr;
		struct vhost_user_mem_table table;
		struct vhost_user_mem_reg reg;
		struct vhost_user_config config;
		struct vhost_user_inflight inflight;
		uint8_t bytes[512];
	} p;
	int fds[FDPASS_MAX], nfd;
};

static void put_fd(int *slot, struct message *m)
{
	if (*slot >= 0)
		close(*slot);
	*slot = m->nfd ? m->fds[0] : -1;
	m->nfd = 0;
}

static void forget(struct backend *b)
{
	for (int i = 0; i < BACKEND_RINGS; i++) {
		int *fds[] = {&b->rings[i].kick, &b->rings[i].call, &b->rings[i].err};

		for (int k = 0; k < 3; k++) {
			if (*fds[k] >= 0)
				close(*fds[k]);
			*fds[k] = -1;
		}
	}
	b->regions = 0;
}

/* Sends n bytes of header and payload, with a descriptor if fd is not negative. */
static void out(int sock, const struct message *m, size_t n, int fd)
{
	uint8_t buf[sizeof(m->h) + sizeof(m->p)];

	memcpy(buf, &m->h, sizeof(m->h));
	memcpy(buf + sizeof(m->h), &m->p, sizeof(m->p));
	fdpass_send(sock, buf, n, &fd, fd >= 0, 0);
}

/* The answer, made wrong if it is this one's turn. Says whether the connection goes on. */
static bool answer(struct backend *b, int sock, struct message *m, uint32_t size, int fd)
{
	enum fault f = FAULT_NONE;
	size_t n = sizeof(m->h) + size;

	if (m->h.request == b->fault_request && b->fault && b->fault_skip-- <= 0)
		f = b->fault;
	m->h.flags = VHOST_USER_VERSION | VHOST_USER_REPLY;
	m->h.size = size;
	switch (f) {
	case FAULT_SILENT:
		return true;
	case FAULT_CLOSE:
		return false;
	case FAULT_HALF_HEADER:
		out(sock, m, 6, -1);
		return false;
	case FAULT_HALF_PAYLOAD:
		out(sock, m, sizeof(m->h) + size / 2, fd);
		return true;
	case FAULT_WRONG_REQUEST:
		m->h.request = m->h.request == VHOST_USER_GET_FEATURES ?
				       VHOST_USER_GET_VRING_BASE :
				       VHOST_USER_GET_FEATURES;
		break;
	case FAULT_UNKNOWN_REQUEST:
		m->h.request = 0xdeadbeef;
		break;
	case FAULT_SHORT:
		m->h.size = size - 1;
		n--;
		break;
	case FAULT_HUGE:
		m->h.size = UINT32_MAX;
		break;
	case FAULT_NOT_REPLY:
		m->h.flags = VHOST_USER_VERSION;
		break;
	case FAULT_VERSION:
		m->h.flags = VHOST_USER_REPLY | 2;
		break;
	case FAULT_EXTRA_FD:
		fd = fd < 0 ? b->stop_fd : fd;
		break;
	case FAULT_NO_FD:
		fd = -1;
		break;
	case FAULT_REFUSE:
		m->p.u64 = 22;
		break;
	default:
		break;
	}
	out(sock, m, n, fd);
	return true;
}

static void set(struct backend *b, struct message *m)
{
	struct backend_ring *r = &b->rings[m->p.state.index % BACKEND_RINGS];

	switch (m->h.request) {
	case VHOST_USER_SET_FEATURES:
		b->acked = m->p.u64;
		break;
	case VHOST_USER_SET_PROTOCOL_FEATURES:
		b->acked_protocol = m->p.u64;
		break;
	case VHOST_USER_SET_MEM_TABLE:
		b->regions = m->p.table.nregions;
		memcpy(b->region, m->p.table.regions, sizeof(m->p.table.regions));
		break;
	case VHOST_USER_ADD_MEM_REG:
		b->region[b->regions++ % 8] = m->p.reg.region;
		break;
	case VHOST_USER_SET_VRING_NUM:
		r->num = m->p.state.num;
		break;
	case VHOST_USER_SET_VRING_BASE:
		r->base = m->p.state.num;
		break;
	case VHOST_USER_SET_VRING_ADDR:
		r->addr = m->p.addr;
		break;
	case VHOST_USER_SET_VRING_ENABLE:
		r->enabled = m->p.state.num;
		break;
	case VHOST_USER_SET_VRING_KICK:
		put_fd(&r->kick, m);
		break;
	case VHOST_USER_SET_VRING_CALL:
		put_fd(&r->call, m);
		break;
	case VHOST_USER_SET_VRING_ERR:
		put_fd(&r->err, m);
		break;
	case VHOST_USER_SET_INFLIGHT_FD:
		b->inflight = m->p.inflight;
		break;
	case VHOST_USER_SET_CONFIG:
		b->written_config = m->p.config.data[0];
		break;
	}
}

static bool get_inflight(struct backend *b, int sock, struct message *m)
{
	int fd = memfd_create("inflight", MFD_CLOEXEC);
	bool on;

	m->p.inflight.mmap_size = b->inflight_size;
	m->p.inflight.mmap_offset = 0;
	on = answer(b, sock, m, sizeof(m->p.inflight), fd);
	close(fd);
	return on;
}

static bool handle(struct backend *b, int sock, struct message *m)
{
	bool need_reply = m->h.flags & VHOST_USER_NEED_REPLY;
	uint32_t n;

	b->counts[m->h.request % 64]++;
	switch (m->h.request) {
	case VHOST_USER_GET_FEATURES:
		m->p.u64 = b->features;
		return answer(b, sock, m, 8, -1);
	case VHOST_USER_GET_PROTOCOL_FEATURES:
		m->p.u64 = b->protocol;
		return answer(b, sock, m, 8, -1);
	case VHOST_USER_GET_QUEUE_NUM:
		m->p.u64 = b->queues;
		return answer(b, sock, m, 8, -1);
	case VHOST_USER_GET_MAX_MEM_SLOTS:
		m->p.u64 = 8;
		return answer(b, sock, m, 8, -1);
	case VHOST_USER_GET_VRING_BASE:
		n = m->p.state.index % BACKEND_RINGS;
		b->rings[n].stopped++;
		m->p.state.num = 0;
		return answer(b, sock, m, 8, -1);
	case VHOST_USER_GET_CONFIG:
		n = m->p.config.size;
		memcpy(m->p.config.data, b->config, n <= 256 ? n : 256);
		return answer(b, sock, m, 12 + n, -1);
	case VHOST_USER_GET_INFLIGHT_FD:
		return get_inflight(b, sock, m);
	}
	set(b, m);
	m->p.u64 = 0;
	return need_reply ? answer(b, sock, m, 8, -1) : true;
}

static bool receive_part(int sock, struct message *m, void *buf, size_t n)
{
	size_t got = 0;

	while (got < n) {
		int room = FDPASS_MAX - m->nfd;
		ssize_t r = fdpass_recv(sock, (uint8_t *)buf + got, n - got, m->fds + m->nfd, &room,
					0);

		if (r <= 0)
			return false;
		m->nfd += room;
		got += (size_t)r;
	}
	return true;
}

/* One whole message; false when the front end is gone. */
static bool receive(int sock, struct message *m)
{
	m->nfd = 0;
	return receive_part(sock, m, &m->h, sizeof(m->h)) && m->h.size <= sizeof(m->p) &&
	       receive_part(sock, m, &m->p, m->h.size);
}

static void serve(struct backend *b, int sock)
{
	struct pollfd p[2] = {{.fd = sock, .events = POLLIN}, {.fd = b->stop_fd, .events = POLLIN}};
	bool on = true;

	while (on && poll(p, 2, -1) > 0 && !(p[1].revents & POLLIN)) {
		struct message m;

		if (!receive(sock, &m))
			break;
		pthread_mutex_lock(&b->lock);
		on = handle(b, sock, &m);
		pthread_mutex_unlock(&b->lock);
		while (m.nfd)
			close(m.fds[--m.nfd]);
	}
}

static void *run(void *arg)
{
	struct backend *b = arg;
	struct pollfd p[2] = {{.fd = b->listen_fd, .events = POLLIN},
			      {.fd = b->stop_fd, .events = POLLIN}};
	uint64_t count;

	while (poll(p, 2, -1) > 0) {
		int sock;

		if ((p[1].revents & POLLIN) &&
		    (read(b->stop_fd, &count, sizeof(count)) < 0 || !b->hang_up))
			break;
		b->hang_up = 0;
		if (!(p[0].revents & POLLIN))
			continue;
		sock = accept4(b->listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (sock < 0)
			continue;
		b->connected = true;
		serve(b, sock);
		b->connected = false;
		close(sock);
		pthread_mutex_lock(&b->lock);
		forget(b);
		pthread_mutex_unlock(&b->lock);
	}
	return NULL;
}

void backend_start(struct backend *b)
{
	snprintf(b->dir, sizeof(b->dir), "/tmp/vhost-test-XXXXXX");
	if (!mkdtemp(b->dir))
		abort();
	snprintf(b->path, sizeof(b->path), "%s/s", b->dir);
	for (int i = 0; i < BACKEND_RINGS; i++)
		b->rings[i].kick = b->rings[i].call = b->rings[i].err = -1;
	pthread_mutex_init(&b->lock, NULL);
	b->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	b->listen_fd = unix_listen(b->path, 4);
	if (b->listen_fd < 0 || b->stop_fd < 0 || pthread_create(&b->thread, NULL, run, b))
		abort();
}

static void poke(struct backend *b)
{
	uint64_t one = 1;

	if (write(b->stop_fd, &one, sizeof(one)) < 0)
		abort();
}

void backend_hang_up(struct backend *b)
{
	b->hang_up = 1;
	poke(b);
}

void backend_stop(struct backend *b)
{
	b->hang_up = 0;
	poke(b);
	pthread_join(b->thread, NULL);
	forget(b);
	close(b->listen_fd);
	close(b->stop_fd);
	unlink(b->path);
	rmdir(b->dir);
}

unsigned int backend_count(struct backend *b, enum vhost_user_request request)
{
	unsigned int n;

	pthread_mutex_lock(&b->lock);
	n = b->counts[request];
	pthread_mutex_unlock(&b->lock);
	return n;
}
