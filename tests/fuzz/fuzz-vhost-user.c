// SPDX-License-Identifier: Apache-2.0
/*
 * The vhost-user back end: the input is a sequence of messages. Each begins with request, flags,
 * size and what descriptors to send along, and goes on with its payload; between messages the
 * queues that run are polled.
 */
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "kernel/lib/fdpass.h"
#include "tests/fuzz/back-end.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct session_port session;
	static struct vhost_user *v;
	static struct vhost_user_port port = FUZZ_PORT(&v, &session);
	struct event_loop *loop = event_loop_new();
	int s[2];

	if (!pool.count) {
		fuzz_pool(LOG_ERROR);
		port.eventfd = eventfd(0, EFD_CLOEXEC);
	}
	for (int i = 0; i < 2 * PAIRS; i++)
		vq[i] = (struct vq){.call_fd = -1, .frame_max = 1518};
	if (!loop || socketpair(AF_UNIX, SOCK_STREAM, 0, s))
		abort();
	v = vhost_user_new(loop, s[0], &port, NULL, NULL);
	memset(&session, 0, sizeof(session));
	while (n >= 4 && v) {
		size_t used = send_message(s[1], data, n);

		data += used;
		n -= used;
		for (int i = 0; i < 4 && v; i++)
			event_loop_once(loop, 0);
		if (v)
			poll_queues();
	}
	close(s[1]);
	while (v)
		event_loop_once(loop, 0);
	event_loop_free(loop);
	if (depth || pool.nfree != pool.count)
		abort();
	return 0;
}
