// SPDX-License-Identifier: Apache-2.0
/*
 * What is held of a connection, and its session, as a process that ran vendor code left them: sound
 * ones, and the input is what that process wrote over them: places (24 bits) and bytes. They are gone
 * on from as far as that goes, queues are polled, and one more message comes.
 */
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "tests/fuzz/back-end.h"

#define MEM   (1u << 18)
#define UADDR 0x7000000000ull
#define SIZE  64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct { struct session_conn conn; struct session_port port; } left;
static struct kept kept;
static int memory;

/* As it stands after the last message of a guest's driver that started: all rings run. */
static void make_sound(void)
{
	struct session_state *s = &left.conn.state;

	memset(&left, 0, sizeof(left));
	memset(&kept, 0xff, sizeof(kept));
	s->features = 1ull << 32 | 1u << 30;
	s->protocol = 1u << 3;
	s->owned = s->set_features = 1;
	s->regions = 1;
	s->region[0] = (struct session_region){.size = MEM, .uaddr = UADDR, .kept = 5};
	kept.fd[KEEP_MEM][5] = fcntl(memory, F_DUPFD_CLOEXEC, 0);
	kept.fd[KEEP_MEM][6] = fcntl(memory, F_DUPFD_CLOEXEC, 0);
	kept.fd[KEEP_INFLIGHT][0] = fcntl(memory, F_DUPFD_CLOEXEC, 0);
	for (uint32_t i = 0; i < 2 * PAIRS; i++) {
		uint64_t at = UADDR + i * 16384ull;

		s->ring[i] = (struct session_ring){
			.desc = at, .avail = at + 4096, .used = at + 8192, .size = SIZE,
			.have_addr = 1, .kicked = 1, .enabled = 1, .started = 1,
		};
		kept.fd[KEEP_KICK][i] = eventfd(0, EFD_NONBLOCK);
		kept.fd[KEEP_CALL][i] = eventfd(0, EFD_NONBLOCK);
	}
	left.conn.valid = 1;
}

static void spoil(const uint8_t *data, size_t n)
{
	for (; n >= 4; data += 4, n -= 4) {
		uint32_t at = data[0] | data[1] << 8 | data[2] << 16;

		((uint8_t *)&left)[at % sizeof(left)] = data[3];
	}
}

static void set_up(void)
{
	fuzz_pool(LOG_ERROR - 1);
	memory = memfd_create("fuzz", MFD_CLOEXEC);
	if (memory < 0 || ftruncate(memory, MEM))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct vhost_user *v;
	static struct vhost_user_port port = FUZZ_PORT(&v, &left.port);
	struct event_loop *loop = event_loop_new();
	int s[2];

	if (!pool.count)
		set_up();
	if (!loop || socketpair(AF_UNIX, SOCK_STREAM, 0, s))
		abort();
	make_sound();
	spoil(data, n);
	port.eventfd = kept.fd[KEEP_CALL][3];
	for (int i = 0; i < 2 * PAIRS; i++)
		vq[i] = (struct vq){.call_fd = -1, .frame_max = 1518,
				    .journal = &left.port.journal[i]};
	kept.conn = left.conn;
	v = vhost_user_new(loop, s[0], &port, &kept, NULL);
	if (!v)
		close(s[0]);
	if (!n && !vq[1].run)
		abort(); /* a sound one is gone on from */
	for (int i = 0; v && i < 2; i++)
		poll_queues();
	/* One more message: SET_VRING_ENABLE. */
	if (send(s[1], "\x12\0\0\0\1\0\0\0\x08\0\0\0\0\0\0\0\1\0\0\0", 20, MSG_NOSIGNAL) != 20 && v)
		abort();
	for (int i = 0; v && i < 4; i++)
		event_loop_once(loop, 0);
	close(s[1]);
	for (int i = 0; v && i < 4; i++)
		event_loop_once(loop, 0);
	if (v)
		abort();
	for (int k = 0; k < KEEP_KINDS; k++)
		for (int i = 0; i < KEEP_MEMS; i++)
			if (kept.fd[k][i] >= 0)
				close(kept.fd[k][i]);
	event_loop_free(loop);
	if (depth || pool.nfree != pool.count)
		abort();
	return 0;
}
