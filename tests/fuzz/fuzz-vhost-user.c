// SPDX-License-Identifier: Apache-2.0
/*
 * The vhost-user back end: the input is a sequence of messages. Each begins with request, flags,
 * size and what descriptors to send along, and goes on with its payload; between messages the
 * queues that run are polled.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel/lib/fdpass.h"
#include "kernel/lib/log.h"
#include "kernel/net/vhost-user.h"

#define PAIRS 2

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct vq vq[2 * PAIRS];
static struct pool pool;
static bool gone;
static int depth;

static void fuzz_pause(void *arg)
{
	depth++;
}

static void fuzz_resume(void *arg)
{
	if (--depth < 0)
		abort();
}

static int fuzz_watch(void *arg, int fd, bool on)
{
	return fcntl(fd, F_GETFD) < 0 ? -1 : 0;
}

static void fuzz_gone(void *arg, const char *why)
{
	struct vhost_user **v = arg;

	vhost_user_free(*v);
	*v = NULL;
	gone = true;
}

/* Descriptors of each kind: memory (sealed or not), an eventfd, none. */
static int make_fds(uint8_t kind, int fds[4])
{
	int n = kind & 3;

	for (int i = 0; i < n; i++) {
		if (kind & 4) {
			fds[i] = eventfd(0, EFD_NONBLOCK);
			continue;
		}
		fds[i] = memfd_create("fuzz", 0);
		if (fds[i] >= 0 && ftruncate(fds[i], 65536))
			abort();
	}
	return n;
}

static void poll_queues(void)
{
	struct vmhi_pkt pkt[VQ_BATCH];
	uint32_t n;

	for (int i = 0; i < 2 * PAIRS; i++) {
		if (!vq[i].run)
			continue;
		if (i % 2) {
			n = vq[i].take(&vq[i], &pool, pkt, VQ_BATCH);
		} else {
			n = 1;
			pool_describe(&pool, pool.free[--pool.nfree], 60, 1, &pkt[0]);
			pkt[0].len = 60;
			vq[i].give(&vq[i], pkt, 1);
		}
		pool_put(&pool, pkt, n);
	}
}

/* Sends one message of the input; returns the bytes of it that were used. */
static size_t send_message(int sock, const uint8_t *data, size_t n)
{
	uint32_t size = data[2] | (data[3] & 1u) << 8;
	uint32_t head[3] = {data[0], data[1], size};
	uint8_t out[12 + 512] = {0}, answer[600];
	int fds[4], nfds = make_fds(data[3] >> 1, fds);
	size_t used = n - 4 < size ? n - 4 : size;

	memcpy(out, head, 12);
	memcpy(out + 12, data + 4, used);
	fdpass_send(sock, out, 12 + size, fds, nfds, MSG_DONTWAIT);
	while (nfds)
		close(fds[--nfds]);
	while (recv(sock, answer, sizeof(answer), MSG_DONTWAIT) > 0)
		;
	return 4 + used;
}

static void set_up(void)
{
	uint8_t *room = aligned_alloc(64, 1u << 18);

	log_set_level(LOG_ERROR);
	if (!room || pool_init(&pool, room, 0, 1u << 18, 1500) || guestmem_guard())
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct session_port session;
	static struct vhost_user *v;
	static struct vhost_user_port port = {
		.arg = &v, .name = "fuzz", .mtu = 1500, .pairs = PAIRS, .vq = vq,
		.mac = {2, 0, 0, 0, 0, 1}, .pause = fuzz_pause, .resume = fuzz_resume,
		.watch = fuzz_watch, .gone = fuzz_gone, .session = &session,
	};
	struct event_loop *loop = event_loop_new();
	int s[2];

	if (!pool.count) {
		set_up();
		port.eventfd = eventfd(0, EFD_CLOEXEC);
	}
	for (int i = 0; i < 2 * PAIRS; i++)
		vq[i] = (struct vq){.call_fd = -1, .frame_max = 1518};
	if (!loop || socketpair(AF_UNIX, SOCK_STREAM, 0, s))
		abort();
	v = vhost_user_new(loop, s[0], &port, NULL, NULL);
	gone = false;
	memset(&session, 0, sizeof(session));
	while (n >= 4 && !gone) {
		size_t used = send_message(s[1], data, n);

		data += used;
		n -= used;
		for (int i = 0; i < 4 && !gone; i++)
			event_loop_once(loop, 0);
		if (!gone)
			poll_queues();
	}
	close(s[1]);
	while (!gone)
		event_loop_once(loop, 0);
	event_loop_free(loop);
	if (depth || pool.nfree != pool.count)
		abort();
	return 0;
}
