// SPDX-License-Identifier: Apache-2.0
/* vhost-user ports, end to end: two front ends on one switch, its data thread running. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/ring.h"
#include "kernel/lib/fdpass.h"
#include "kernel/lib/log.h"
#include "kernel/net/dataplane.h"
#include "kernel/net/vhost-user-msg.h"
#include "tests/unit/cunit.h"

#define FEATURES (RING_VERSION_1 | RING_MERGEABLE | RING_EVENT_IDX | RING_INDIRECT)
#define SIZE	 64

static struct event_loop *loop;
static struct dataplane *dp;
static struct ring_client guest[2];
static void *room;
static int gone[2];
static char why_gone[200];

static void pump(void)
{
	while (event_loop_once(loop, 0) > 0)
		;
}

static void port_gone(void *arg, const char *port, const char *why)
{
	gone[port[1] - '0']++;
	snprintf(why_gone, sizeof(why_gone), "%s", why);
}

static int connect_port(int i, bool open)
{
	const char name[] = {'p', (char)('0' + i), 0};
	struct err e = {0};
	int s[2];

	CU_ASSERT_FATAL(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s));
	CU_ASSERT_EQUAL_FATAL(dp_port_connect(dp, name, s[0], &e), 0);
	guest[i] = (struct ring_client){.pump = pump, .sock = s[1], .memfd = -1};
	guest[i].rx.kick = guest[i].rx.call = guest[i].tx.kick = guest[i].tx.call = -1;
	return open ? ring_open(&guest[i], s[1], FEATURES, SIZE) : 0;
}

static void set_up_with(const struct dp_port_conf *conf)
{
	struct dp_conf dc = {.port_gone = port_gone, .mem.len = 1u << 20};
	struct err e = {0};

	log_set_level(LOG_ERROR);
	gone[0] = gone[1] = 0;
	loop = event_loop_new();
	dc.mem.va = room = aligned_alloc(64, dc.mem.len);
	dp = dp_new(loop, &dc, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(dp);
	for (int i = 0; i < 2; i++) {
		struct dp_port_conf pc = conf ? *conf : (struct dp_port_conf){0};

		pc.name[0] = 'p';
		pc.name[1] = (char)('0' + i);
		CU_ASSERT_EQUAL_FATAL(dp_port_add(dp, &pc, &e), 0);
	}
	dp_start(dp);
}

static void set_up(void)
{
	set_up_with(NULL);
	for (int i = 0; i < 2; i++) {
		CU_ASSERT_EQUAL_FATAL(connect_port(i, true), 0);
		guest[i].rx.avail->idx = guest[i].rx.avail_idx = SIZE;
		CU_ASSERT_EQUAL_FATAL(ring_start(&guest[i]), 0);
	}
}

static void tear_down(void)
{
	struct dp_stats s;

	for (int i = 0; i < 2; i++)
		ring_close(&guest[i]);
	pump();
	dp_pause(dp);
	dp_stats(dp, &s);
	CU_ASSERT_EQUAL(s.buffers, s.buffers_free);
	dp_resume(dp);
	dp_free(dp);
	event_loop_free(loop);
	free(room);
}

/* Puts one broadcast frame with this number into slot i of the transmit ring and kicks. */
static void send_from(struct ring_client *c, uint64_t gpa, uint8_t *at, uint8_t number)
{
	struct ring_queue *q = &c->tx;
	uint16_t i = q->avail_idx & (SIZE - 1);

	memset(at, 0, RING_HDR + 60);
	memset(at + RING_HDR, 0xff, 6);
	memcpy(at + RING_HDR + 6, "\x52\x54\0\0\0", 5);
	at[RING_HDR + 11] = (uint8_t)(c - guest);
	at[RING_HDR + 20] = number;
	q->desc[i] = (struct vring_desc){gpa, RING_HDR + 60, 0, 0};
	q->avail->ring[i] = i;
	__atomic_store_n(&q->avail->idx, ++q->avail_idx, __ATOMIC_RELEASE);
	eventfd_write(q->kick, 1);
}

static void send_frame(struct ring_client *c, uint8_t number)
{
	send_from(c, c->tx.buf_gpa, c->tx.buf, number);
}

static bool wait_used(const struct ring_queue *q, uint16_t idx)
{
	for (int i = 0; i < 2000; i++) {
		if (__atomic_load_n(&q->used->idx, __ATOMIC_ACQUIRE) == idx)
			return true;
		pump();
		usleep(1000);
	}
	return false;
}

/* The frame that c received as its nth has this number. */
static bool received(struct ring_client *c, uint16_t nth, uint8_t number)
{
	struct ring_queue *q = &c->rx;
	const struct vring_used_elem *e = &q->used->ring[(nth - 1) & (SIZE - 1)];

	if (!wait_used(q, nth) || e->len != RING_HDR + 60)
		return false;
	q->avail->ring[q->avail_idx & (SIZE - 1)] = (uint16_t)e->id;
	__atomic_store_n(&q->avail->idx, ++q->avail_idx, __ATOMIC_RELEASE);
	return q->buf[e->id * RING_STRIDE + RING_HDR + 20] == number;
}

static void test_traffic(void)
{
	set_up();
	CU_ASSERT(guest[0].features & RING_EVENT_IDX);
	for (int i = 1; i <= 100; i++) {
		send_frame(&guest[0], (uint8_t)i);
		CU_ASSERT(received(&guest[1], (uint16_t)i, (uint8_t)i));
		send_frame(&guest[1], (uint8_t)(100 + i));
		CU_ASSERT(received(&guest[0], (uint16_t)i, (uint8_t)(100 + i)));
	}
	CU_ASSERT(wait_used(&guest[0].tx, 100));
	tear_down();
}

/* The data thread sleeps, and a kick wakes it; the guest is interrupted. */
static void test_wake(void)
{
	struct pollfd p;

	set_up();
	for (int i = 1; i <= 3; i++) {
		usleep(20000);
		send_frame(&guest[0], (uint8_t)i);
		p = (struct pollfd){.fd = guest[1].rx.call, .events = POLLIN};
		CU_ASSERT_EQUAL(poll(&p, 1, 2000), 1);
		CU_ASSERT(received(&guest[1], (uint16_t)i, (uint8_t)i));
		memcpy(&guest[1].rx.avail->ring[SIZE], &guest[1].rx.used->idx, 2);
	}
	tear_down();
}

/* Messages that nobody may send: the connection ends, the other port goes on. */
static const struct bad {
	uint32_t request, flags, size;
	int fds;
	uint64_t payload[5];
} bad[] = {
	{0, 1, 0, 0, {0}},				/* unknown requests */
	{6, 1, 8, 0, {0}},
	{255, 1, 0, 0, {0}},
	{VU_GET_FEATURES, 2, 0, 0, {0}},		/* version, reply bit, other bits */
	{VU_GET_FEATURES, 5, 0, 0, {0}},
	{VU_GET_FEATURES, 0x101, 0, 0, {0}},
	{VU_GET_FEATURES, 1, 8, 0, {0}},		/* sizes */
	{VU_SET_FEATURES, 1, 4, 0, {0}},
	{VU_SET_FEATURES, 1, 40, 0, {0}},
	{VU_SET_VRING_ADDR, 1, 8, 0, {0}},
	{VU_SET_MEM_TABLE, 1, 8, 0, {9}},
	{VU_SET_MEM_TABLE, 1, 40, 0, {1}},
	{VU_SET_MEM_TABLE, 1, 40, 2, {1}},
	{VU_GET_FEATURES, 1, 0, 1, {0}},		/* descriptors */
	{VU_SET_VRING_KICK, 1, 8, 0, {0}},
	{VU_SET_VRING_KICK, 1, 8, 2, {0}},
	{VU_SET_VRING_CALL, 1, 8, 1, {0x100}},
	{VU_SET_VRING_KICK, 1, 8, 1, {0x200}},
	{VU_SET_FEATURES, 1, 8, 0, {1ull << 63}},	/* values */
	{VU_SET_FEATURES, 1, 8, 0, {1}},
	{VU_SET_PROTOCOL_FEATURES, 1, 8, 0, {1ull << 40}},
	{VU_SET_VRING_NUM, 1, 8, 0, {64ull << 32 | 2}},
	{VU_SET_VRING_NUM, 1, 8, 0, {63ull << 32}},
	{VU_SET_VRING_NUM, 1, 8, 0, {65536ull << 32}},
	{VU_SET_VRING_BASE, 1, 8, 0, {65536ull << 32}},
	{VU_GET_VRING_BASE, 1, 8, 0, {99}},
	{VU_SET_VRING_ENABLE, 1, 8, 0, {2ull << 32}},
	{VU_SET_VRING_ADDR, 1, 40, 0, {1ull << 32}},
	{VU_ADD_MEM_REG, 1, 40, 1, {0}},		/* not negotiated */
	{VU_GET_QUEUE_NUM, 1, 0, 0, {0}},
};

static void test_bad_messages(void)
{
	set_up();
	ring_close(&guest[1]);
	pump();
	CU_ASSERT_EQUAL(gone[1], 1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint32_t head[3] = {bad[i].request, bad[i].flags, bad[i].size};
		uint8_t out[12 + sizeof(bad[i].payload)];
		int fds[2] = {STDIN_FILENO, STDIN_FILENO}, before = gone[1];

		CU_ASSERT_EQUAL_FATAL(connect_port(1, false), 0);
		memcpy(out, head, 12);
		memcpy(out + 12, bad[i].payload, sizeof(bad[i].payload));
		CU_ASSERT(!ring_send(&guest[1], VU_GET_FEATURES, 0, NULL, 0, NULL, 0));
		pump();
		CU_ASSERT_EQUAL(gone[1], before);
		/* the message as it is, past ring_send() */
		CU_ASSERT(fdpass_send(guest[1].sock, out, 12 + bad[i].size, fds, bad[i].fds, 0) > 0);
		pump();
		if (gone[1] != before + 1)
			fprintf(stderr, "bad message %zu was let through\n", i);
		CU_ASSERT_EQUAL(gone[1], before + 1);
		ring_close(&guest[1]);
	}
	/* a message longer than any, and one that never ends */
	CU_ASSERT_EQUAL_FATAL(connect_port(1, false), 0);
	CU_ASSERT_EQUAL(send(guest[1].sock, "\1\0\0\0\1\0\0\0\0\0\0\1", 12, 0), 12);
	pump();
	ring_close(&guest[1]);
	CU_ASSERT_EQUAL_FATAL(connect_port(1, false), 0);
	CU_ASSERT_EQUAL(send(guest[1].sock, "\2\0\0\0\1\0", 6, 0), 6);
	pump();
	ring_close(&guest[1]);
	pump();
	CU_ASSERT_EQUAL_FATAL(connect_port(1, true), 0);
	guest[1].rx.avail->idx = guest[1].rx.avail_idx = SIZE;
	CU_ASSERT_EQUAL_FATAL(ring_start(&guest[1]), 0);
	send_frame(&guest[0], 7);
	CU_ASSERT(received(&guest[1], 1, 7));
	CU_ASSERT_EQUAL(gone[0], 0);
	tear_down();
}

/* A second file of memory, mapped here and added there. */
struct slot {
	int fd;
	uint8_t *at;
	struct { uint64_t zero; struct vu_region region; } msg;
};

static void make_slot(struct slot *s, uint64_t gpa, uint64_t len)
{
	s->fd = memfd_create("slot", MFD_CLOEXEC);
	CU_ASSERT_FATAL(s->fd >= 0 && !ftruncate(s->fd, (off_t)len));
	s->at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
	s->msg.zero = 0;
	s->msg.region = (struct vu_region){gpa, len, gpa + (1ull << 45), 0};
}

static void drop_slot(struct slot *s)
{
	munmap(s->at, s->msg.region.size);
	close(s->fd);
}

static int64_t add_slot(struct slot *s)
{
	return ring_call(&guest[0], VU_ADD_MEM_REG, &s->msg, sizeof(s->msg), &s->fd, 1);
}

static int64_t remove_slot(struct slot *s)
{
	return ring_call(&guest[0], VU_REM_MEM_REG, &s->msg, sizeof(s->msg), NULL, 0);
}

static void test_memory_slots(void)
{
	struct dp_port_stats stats;
	struct slot s;
	uint16_t n = 0;

	set_up();
	make_slot(&s, 0x200000000ull, 1u << 20);
	for (int i = 0; i < 50; i++) {
		send_frame(&guest[0], 1);
		CU_ASSERT_EQUAL(add_slot(&s), 0);
		CU_ASSERT_NOT_EQUAL(add_slot(&s), 0);	/* overlaps itself */
		CU_ASSERT(received(&guest[1], ++n, 1));
		send_from(&guest[0], 0x200000000ull + 4096, s.at + 4096, 2);
		CU_ASSERT(received(&guest[1], ++n, 2));
		send_frame(&guest[0], 3);
		CU_ASSERT_EQUAL(remove_slot(&s), 0);
		CU_ASSERT(received(&guest[1], ++n, 3));
	}
	CU_ASSERT_NOT_EQUAL(remove_slot(&s), 0);
	/* once it is gone, a descriptor that names it stops the queue, and only that */
	send_from(&guest[0], 0x200000000ull + 4096, s.at + 4096, 4);
	for (int i = 0; i < 2000; i++) {
		usleep(1000);
		pump();
		dp_port_stats(dp, 0, &stats);
		if (stats.ring_errors)
			break;
	}
	CU_ASSERT_EQUAL(stats.ring_errors, 1);
	send_frame(&guest[1], 5);
	CU_ASSERT(received(&guest[0], 1, 5));
	CU_ASSERT_EQUAL(gone[0] + gone[1], 0);
	drop_slot(&s);
	tear_down();
}

static void test_slot_count(void)
{
	uint64_t max;
	struct slot s;
	int n = 1;

	set_up();
	CU_ASSERT(!ring_ask(&guest[0], VU_GET_MAX_MEM_SLOTS, NULL, 0, &max, 8));
	make_slot(&s, 0x200000000ull, 4096);
	while (n < 1000 && !add_slot(&s)) {
		n++;
		s.msg.region.gpa += 4096;
		s.msg.region.uaddr += 4096;
	}
	CU_ASSERT_EQUAL((uint64_t)n, max);
	send_frame(&guest[0], 9);
	CU_ASSERT(received(&guest[1], 1, 9));
	drop_slot(&s);
	tear_down();
}

/* The whole table anew while the rings run: they go on where they were. */
static void test_table_again(void)
{
	struct { uint32_t n, zero; struct vu_region region; } t = {.n = 1};

	set_up();
	t.region = (struct vu_region){RING_GPA, guest[0].mem_len, RING_UADDR, 0};
	for (uint16_t i = 1; i <= 20; i++) {
		send_frame(&guest[0], (uint8_t)i);
		CU_ASSERT_EQUAL(ring_call(&guest[0], VU_SET_MEM_TABLE, &t, sizeof(t),
					  &guest[0].memfd, 1), 0);
		CU_ASSERT(received(&guest[1], i, (uint8_t)i));
	}
	/* a table that cannot be: the old one stays */
	t.region.size = 1ull << 40;
	CU_ASSERT_NOT_EQUAL(ring_call(&guest[0], VU_SET_MEM_TABLE, &t, sizeof(t),
				      &guest[0].memfd, 1), 0);
	send_frame(&guest[0], 77);
	CU_ASSERT(received(&guest[1], 21, 77));
	/* one that has the rings where no ring may be: they stop, and nothing else */
	t.region = (struct vu_region){RING_GPA, guest[0].mem_len - 4096, RING_UADDR, 1};
	CU_ASSERT_EQUAL(ring_call(&guest[0], VU_SET_MEM_TABLE, &t, sizeof(t), &guest[0].memfd, 1),
			0);
	send_frame(&guest[0], 78);
	send_frame(&guest[1], 79);
	usleep(20000);
	pump();
	CU_ASSERT_EQUAL(gone[0] + gone[1], 0);
	tear_down();
}

static void test_stop_and_go_on(void)
{
	uint32_t num[2] = {1, 0}, answer[2];
	uint64_t one = 1;

	set_up();
	send_frame(&guest[0], 1);
	send_frame(&guest[0], 2);
	CU_ASSERT(received(&guest[1], 2, 2));
	CU_ASSERT(!ring_ask(&guest[0], VU_GET_VRING_BASE, num, 8, answer, 8));
	CU_ASSERT(answer[0] == 1 && answer[1] == 2);
	send_frame(&guest[0], 3);
	usleep(20000);
	CU_ASSERT_EQUAL(guest[0].tx.used->idx, 2);	/* it is stopped */
	num[1] = 2;
	CU_ASSERT(!ring_call(&guest[0], VU_SET_VRING_BASE, num, 8, NULL, 0));
	CU_ASSERT(!ring_call(&guest[0], VU_SET_VRING_KICK, &one, 8, &guest[0].tx.kick, 1));
	CU_ASSERT(received(&guest[1], 3, 3));
	/* disabled, it stands still; enabled, it goes on */
	num[1] = 0;
	CU_ASSERT(!ring_call(&guest[0], VU_SET_VRING_ENABLE, num, 8, NULL, 0));
	send_frame(&guest[0], 4);
	usleep(20000);
	CU_ASSERT_EQUAL(guest[0].tx.used->idx, 3);
	num[1] = 1;
	CU_ASSERT(!ring_call(&guest[0], VU_SET_VRING_ENABLE, num, 8, NULL, 0));
	CU_ASSERT(received(&guest[1], 4, 4));
	/* a ring that runs is not given another size or base */
	CU_ASSERT_NOT_EQUAL(ring_call(&guest[0], VU_SET_VRING_BASE, num, 8, NULL, 0), 0);
	tear_down();
}

/* The next place of a packed transmit ring: a frame that goes to nobody. */
static void send_packed(struct ring_client *c)
{
	struct ring_queue *q = &c->tx;
	struct vring_packed_desc *d = &q->packed[q->avail_idx & (SIZE - 1)];

	memset(q->buf + RING_HDR, 0x02, 60);
	d->len = RING_HDR + 60;
	__atomic_store_n(&d->flags, q->avail_idx & SIZE ? 0x8000 : 0x80, __ATOMIC_RELEASE);
	q->avail_idx++;
	eventfd_write(q->kick, 1);
}

/* Whether the frame sent last comes back within ms. */
static bool came_back(const struct ring_queue *q, int ms)
{
	uint16_t at = q->avail_idx - 1, used = at & SIZE ? 0 : 0x8080;

	for (int i = 0; i < ms; i++) {
		if ((__atomic_load_n(&q->packed[at & (SIZE - 1)].flags, __ATOMIC_ACQUIRE) &
		     0x8080) == used)
			return true;
		usleep(1000);
	}
	return false;
}

/* The base of a packed ring has both places with their wrap counters. */
static void test_stop_packed(void)
{
	uint32_t num[2] = {1, 0}, answer[2];
	struct ring_client *c = &guest[0];
	uint64_t one = 1;

	set_up();
	ring_close(c);
	pump();
	CU_ASSERT_EQUAL_FATAL(connect_port(0, false), 0);
	CU_ASSERT_EQUAL_FATAL(ring_open(c, c->sock, FEATURES | RING_PACKED, SIZE), 0);
	CU_ASSERT_FATAL((c->features & RING_PACKED) != 0);
	CU_ASSERT_EQUAL_FATAL(ring_start(c), 0);
	for (uint32_t i = 1; i <= 2 * SIZE + 3; i++) {
		uint32_t place = (i % SIZE) | (i / SIZE % 2 ? 0 : 0x8000);

		send_packed(c);
		CU_ASSERT_FATAL(came_back(&c->tx, 5000));
		if (i % 16 > 3)
			continue;
		CU_ASSERT(!ring_ask(c, VU_GET_VRING_BASE, num, 8, answer, 8));
		CU_ASSERT_EQUAL(answer[1], place | place << 16);
		CU_ASSERT(!ring_call(c, VU_SET_VRING_BASE, answer, 8, NULL, 0));
		CU_ASSERT(!ring_call(c, VU_SET_VRING_KICK, &one, 8, &c->tx.kick, 1));
	}
	/* a place outside of the ring: it does not run */
	CU_ASSERT(!ring_ask(c, VU_GET_VRING_BASE, num, 8, answer, 8));
	answer[1] = 0x80008000 | SIZE;
	CU_ASSERT(!ring_call(c, VU_SET_VRING_BASE, answer, 8, NULL, 0));
	CU_ASSERT(!ring_call(c, VU_SET_VRING_KICK, &one, 8, &c->tx.kick, 1));
	send_packed(c);
	CU_ASSERT(!came_back(&c->tx, 100));
	CU_ASSERT_EQUAL(gone[0], 1);
	tear_down();
}

/* No kick descriptor: the ring is polled. */
static void test_polled_ring(void)
{
	uint64_t none = 1 | VU_RING_NOFD;

	set_up();
	CU_ASSERT(!ring_call(&guest[0], VU_SET_VRING_KICK, &none, 8, NULL, 0));
	close(guest[0].tx.kick);
	guest[0].tx.kick = -1;
	usleep(20000);
	send_frame(&guest[0], 1);
	CU_ASSERT(received(&guest[1], 1, 1));
	/* a kick that cannot be waited for is refused */
	none = 1;
	CU_ASSERT_NOT_EQUAL(ring_call(&guest[0], VU_SET_VRING_KICK, &none, 8, &guest[0].memfd, 1),
			    0);
	tear_down();
}

/* Makes an eventfd such that the next write to it blocks. */
static void fill(int fd)
{
	CU_ASSERT(!fcntl(fd, F_SETFL, O_NONBLOCK));
	CU_ASSERT(!eventfd_write(fd, ~0ull - 1));
	CU_ASSERT(!fcntl(fd, F_SETFL, 0));
}

/* A front end that would have the data thread block is thrown out, and the others go on. */
static void test_blocking_eventfd(void)
{
	for (int error = 0; error < 2; error++) {
		struct err e = {0};
		uint64_t ring = error;
		int fd = eventfd(0, 0);

		set_up();
		if (error) {	/* its transmit queue is stopped, which the descriptor would tell */
			CU_ASSERT(!ring_call(&guest[1], VU_SET_VRING_ERR, &ring, 8, &fd, 1));
			fill(fd);
			send_from(&guest[1], 0x1000, guest[1].tx.buf, 1);
		} else {
			fill(guest[1].rx.call);
			send_frame(&guest[0], 1);
		}
		for (int i = 0; i < 2000 && !gone[1]; i++) {
			usleep(1000);
			pump();
		}
		CU_ASSERT_EQUAL(gone[1], 1);
		CU_ASSERT_EQUAL(dp_port_connect(dp, "p1", 0, &e), -EAGAIN);
		send_frame(&guest[0], 2);
		CU_ASSERT(wait_used(&guest[0].tx, 2 - error));
		CU_ASSERT_EQUAL(gone[0], 0);
		close(fd);
		tear_down();
	}
}

static void test_no_eventfd(void)
{
	uint64_t ring = 1;
	int s[2];

	set_up();
	CU_ASSERT_FATAL(!pipe(s));
	CU_ASSERT_NOT_EQUAL(ring_call(&guest[0], VU_SET_VRING_CALL, &ring, 8, &s[1], 1), 0);
	CU_ASSERT_NOT_EQUAL(ring_call(&guest[0], VU_SET_VRING_CALL, &ring, 8, &guest[0].memfd, 1),
			    0);
	send_frame(&guest[0], 1);
	CU_ASSERT(received(&guest[1], 1, 1));
	close(s[0]);
	close(s[1]);
	tear_down();
}

static void test_inflight(void)
{
	struct vu_inflight want = {.rings = 2, .size = SIZE}, have;
	uint16_t *area;
	uint32_t head[3];
	int fd = -1, n = 1;

	set_up();
	CU_ASSERT(!ring_send(&guest[0], VU_GET_INFLIGHT_FD, 0, &want, sizeof(want), NULL, 0));
	pump();
	CU_ASSERT_EQUAL(fdpass_recv(guest[0].sock, head, 12, &fd, &n, 0), 12);
	CU_ASSERT_EQUAL(recv(guest[0].sock, &have, sizeof(have), 0), sizeof(have));
	CU_ASSERT_FATAL(n == 1 && have.len >= 2 * (16 + 16 * SIZE));
	area = mmap(NULL, have.len, PROT_READ, MAP_SHARED, fd, 0);
	CU_ASSERT_FATAL(area != MAP_FAILED);
	CU_ASSERT_EQUAL(ring_call(&guest[0], VU_SET_INFLIGHT_FD, &have, sizeof(have), &fd, 1), 0);
	for (uint16_t i = 1; i <= 5; i++) {
		send_frame(&guest[0], (uint8_t)i);
		CU_ASSERT(received(&guest[1], i, (uint8_t)i));
	}
	/* second ring: features, version, desc_num, last_batch_head, used_idx */
	area += have.len / 4;
	CU_ASSERT(area[4] == 1 && area[5] == SIZE && area[7] == 5);
	have.len += 64;
	CU_ASSERT(ring_call(&guest[0], VU_SET_INFLIGHT_FD, &have, sizeof(have), &fd, 1) < 0);
	pump();
	CU_ASSERT_EQUAL(gone[0], 1);
	munmap(area - have.len / 4, have.len);
	close(fd);
	tear_down();
}

static void test_truncated_memory(void)
{
	set_up();
	CU_ASSERT_FATAL(!ftruncate(guest[0].memfd, 0));
	eventfd_write(guest[0].tx.kick, 1);
	for (int i = 0; i < 2000 && !gone[0]; i++) {
		usleep(1000);
		pump();
	}
	CU_ASSERT_EQUAL(gone[0], 1);
	CU_ASSERT_STRING_EQUAL(why_gone, "its memory was truncated");
	/* the memory is gone here too */
	guest[0].mem = NULL;
	CU_ASSERT_EQUAL(gone[1], 0);
	send_frame(&guest[1], 1);
	CU_ASSERT(wait_used(&guest[1].tx, 1));
	tear_down();
}

static void test_config(void)
{
	const struct dp_port_conf conf = {.mtu = 1400, .queue_pairs = 4};
	struct vu_config ask = {.size = 12}, all = {.size = VU_CONFIG_MAX}, have;
	uint64_t n;

	set_up_with(&conf);
	CU_ASSERT_EQUAL_FATAL(connect_port(0, true), 0);
	CU_ASSERT_EQUAL_FATAL(connect_port(1, true), 0);
	CU_ASSERT(!ring_ask(&guest[0], VU_GET_QUEUE_NUM, NULL, 0, &n, 8));
	CU_ASSERT_EQUAL(n, 4);
	CU_ASSERT(!ring_ask(&guest[0], VU_GET_CONFIG, &ask, 24, &have, 24));
	CU_ASSERT(have.data[8] == 4 && have.data[10] + have.data[11] * 256 == 1400);
	CU_ASSERT(!ring_ask(&guest[0], VU_GET_CONFIG, &all, sizeof(all), &have, sizeof(have)));
	CU_ASSERT(have.size == VU_CONFIG_MAX && have.data[8] == 4);
	CU_ASSERT(!ring_send(&guest[0], VU_RESET_OWNER, 0, NULL, 0, NULL, 0));
	CU_ASSERT(!ring_ask(&guest[0], VU_GET_QUEUE_NUM, NULL, 0, &n, 8));
	tear_down();
}

static void test_names(void)
{
	struct dp_port_conf c = {.name = "p0"};
	struct err e = {0};

	set_up();
	CU_ASSERT_EQUAL(dp_port_add(dp, &c, &e), -EEXIST);
	strcpy(c.name, "p2");
	c.vlan = 4095;
	CU_ASSERT_EQUAL(dp_port_add(dp, &c, &e), -EINVAL);
	c.vlan = 0;
	c.mtu = 9000;
	CU_ASSERT_EQUAL(dp_port_add(dp, &c, &e), -EINVAL);
	c.mtu = 0;
	CU_ASSERT_EQUAL(dp_port_add(dp, &c, &e), 0);
	CU_ASSERT_EQUAL(dp_port_connect(dp, "p0", 0, &e), -EBUSY);
	CU_ASSERT_EQUAL(dp_port_connect(dp, "p9", 0, &e), -ENOENT);
	CU_ASSERT_EQUAL(dp_port_del(dp, "p2"), 0);
	CU_ASSERT_EQUAL(dp_port_del(dp, "p2"), -ENOENT);
	tear_down();
}

static const struct unit_test tests[] = {
	{"carries frames between two guests", test_traffic},
	{"sleeps and is woken", test_wake},
	{"drops the connection for a bad message, and only that one", test_bad_messages},
	{"adds and removes memory slots under traffic", test_memory_slots},
	{"has as many memory slots as it says", test_slot_count},
	{"takes the memory table anew under traffic", test_table_again},
	{"stops a ring and goes on with it", test_stop_and_go_on},
	{"stops a packed ring and goes on with it", test_stop_packed},
	{"polls a ring that has no kick", test_polled_ring},
	{"throws out who fills an eventfd", test_blocking_eventfd},
	{"takes nothing but eventfds to signal", test_no_eventfd},
	{"keeps the in-flight area", test_inflight},
	{"fails only the port whose memory was truncated", test_truncated_memory},
	{"answers about its configuration", test_config},
	{"checks ports' names and settings", test_names},
};
UNIT_MAIN("vhost-user", tests)
