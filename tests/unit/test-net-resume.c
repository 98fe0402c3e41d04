// SPDX-License-Identifier: Apache-2.0
/*
 * Connections that outlive the data path that served them: another one goes on from the session and
 * the descriptors that were kept, and the front end sees nothing of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/ring.h"
#include "kernel/lib/log.h"
#include "kernel/net/dataplane.h"
#include "kernel/net/session.h"
#include "kernel/net/vhost-user-msg.h"
#include "tests/unit/cunit.h"

#define SPLIT  (RING_VERSION_1 | RING_MERGEABLE | RING_EVENT_IDX | RING_INDIRECT)
#define PACKED (SPLIT | RING_PACKED)
#define SIZE   64

static struct event_loop *loop;
static struct dataplane *dp;
static struct session *session;
static struct kept kept[2];
static struct ring_client guest[2];
static int conn[2];	/* the keeper's duplicates */
static int gone;
static void *room;

static void pump(void)
{
	while (event_loop_once(loop, 0) > 0)
		;
}

static void port_gone(void *arg, const char *port, const char *why)
{
	gone++;
}

static int keep(void *arg, const char *port, uint32_t kind, uint32_t index, int fd)
{
	int *at = &kept[port[1] - '0'].fd[kind][index];

	if (*at >= 0)
		close(*at);
	*at = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return 0;
}

/* Where the process dies that serves the next message. */
static enum { LIVES, DIES_BEFORE, DIES_AFTER } fate;

static int report(void *arg, const char *port, const struct session_report *q, int fd,
		  struct err *e)
{
	int i = port[1] - '0', r = 0;

	if (fate != DIES_BEFORE)
		r = session_take(&kept[i].conn, conn[i], q, fd, e);
	if (fate != LIVES)
		event_loop_stop(loop);
	return r;
}

static void make_dp(void)
{
	struct dp_conf dc = {.port_gone = port_gone, .keep = keep, .report = report,
			     .session = session,
			     .mem = {.va = room, .len = 1u << 20}};
	struct err e = {0};

	loop = event_loop_new();
	dp = dp_new(loop, &dc, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(dp);
	for (uint32_t i = 0; i < 2; i++) {
		struct dp_port_conf pc = {.name = {'p', (char)('0' + i)}, .slot = 7 * i};

		CU_ASSERT_EQUAL_FATAL(dp_port_add(dp, &pc, &e), 0);
	}
}

/* Makes buffer id available, with so many bytes of it. */
static void offer(struct ring_client *c, struct ring_queue *q, uint16_t id, uint32_t len)
{
	uint16_t at = q->avail_idx & (SIZE - 1), flags = q == &c->rx ? VRING_DESC_F_WRITE : 0;
	uint64_t gpa = q->buf_gpa + (uint64_t)id * RING_STRIDE;

	if (c->features & RING_PACKED) {
		struct vring_packed_desc *d = &q->packed[at];

		d->addr = gpa;
		d->len = len;
		d->id = id;
		flags |= q->avail_idx++ & SIZE ? 1u << 15 : 1u << 7;
		__atomic_store_n(&d->flags, flags, __ATOMIC_RELEASE);
		return;
	}
	q->desc[id] = (struct vring_desc){gpa, len, flags, 0};
	q->avail->ring[at] = id;
	__atomic_store_n(&q->avail->idx, ++q->avail_idx, __ATOMIC_RELEASE);
}

static bool is_used(const struct ring_client *c, const struct ring_queue *q)
{
	uint16_t flags;

	if (!(c->features & RING_PACKED))
		return __atomic_load_n(&q->used->idx, __ATOMIC_ACQUIRE) != q->used_idx;
	flags = __atomic_load_n(&q->packed[q->used_idx & (SIZE - 1)].flags, __ATOMIC_ACQUIRE);
	return (flags >> 15 & 1) == (flags >> 7 & 1) && (flags >> 15 & 1) == !(q->used_idx & SIZE);
}

/* The next buffer that comes back, within ms; -1: none. */
static int take_used(struct ring_client *c, struct ring_queue *q, int ms)
{
	uint16_t at = q->used_idx & (SIZE - 1);

	for (; !is_used(c, q); ms--) {
		if (!ms)
			return -1;
		usleep(1000);
		pump();
	}
	q->used_idx++;
	return c->features & RING_PACKED ? q->packed[at].id : (int)q->used->ring[at].id;
}

/* One broadcast frame with this number. */
static void send_frame(int from, uint8_t number)
{
	struct ring_queue *q = &guest[from].tx;
	uint16_t id = q->avail_idx & (SIZE - 1);
	uint8_t *at = q->buf + (uint32_t)id * RING_STRIDE;

	memset(at, 0, RING_HDR + 60);
	memset(at + RING_HDR, 0xff, 6);
	memcpy(at + RING_HDR + 6, "\x52\x54\0\0\0", 5);
	at[RING_HDR + 11] = (uint8_t)from;
	at[RING_HDR + 20] = number;
	offer(&guest[from], q, id, RING_HDR + 60);
	eventfd_write(q->kick, 1);
}

/* The number of the next frame that comes; -1: none. */
static int receive_frame(int to, int ms)
{
	struct ring_queue *q = &guest[to].rx;
	int id = take_used(&guest[to], q, ms), number;

	if (id < 0)
		return -1;
	number = q->buf[id * RING_STRIDE + RING_HDR + 20];
	offer(&guest[to], q, (uint16_t)id, 2048);
	return number;
}

static void set_up(uint64_t features)
{
	struct err e = {0};

	log_set_level(LOG_ERROR);
	gone = 0;
	fate = LIVES;
	memset(kept, 0, sizeof(kept));
	for (int i = 0; i < 2; i++)
		memset(kept[i].fd, 0xff, sizeof(kept[i].fd));
	session = calloc(1, sizeof(*session));
	room = aligned_alloc(64, 1u << 20);
	make_dp();
	dp_start(dp);
	for (int i = 0; i < 2; i++) {
		int s[2];

		CU_ASSERT_FATAL(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s));
		conn[i] = fcntl(s[0], F_DUPFD_CLOEXEC, 0);
		CU_ASSERT_EQUAL_FATAL(dp_port_connect(dp, i ? "p1" : "p0", s[0], &e), 0);
		guest[i] = (struct ring_client){.pump = pump};
		CU_ASSERT_EQUAL_FATAL(ring_open(&guest[i], s[1], features, SIZE), 0);
		CU_ASSERT_EQUAL_FATAL(ring_start(&guest[i]), 0);
		for (uint16_t id = 0; id < SIZE; id++)
			offer(&guest[i], &guest[i].rx, id, 2048);
	}
}

/* Ends the data path as a crash does: nobody is told, nothing is given back. */
static void crash(void)
{
	struct session *left = malloc(sizeof(*left));
	struct kept held[2];

	dp_pause(dp);
	memcpy(left, session, sizeof(*left));
	for (int i = 0; i < 2; i++)
		for (int *fd = &kept[i].fd[0][0], n = 0; n < KEEP_KINDS * KEEP_MEMS; n++)
			(&held[i].fd[0][0])[n] = fd[n] < 0 ? -1 : fcntl(fd[n], F_DUPFD_CLOEXEC, 0);
	dp_free(dp);
	event_loop_free(loop);
	memcpy(session, left, sizeof(*left));
	for (int i = 0; i < 2; i++)
		for (int n = 0; n < KEEP_KINDS * KEEP_MEMS; n++)
			keep(NULL, i ? "p1" : "p0", (uint32_t)n / KEEP_MEMS,
			     (uint32_t)n % KEEP_MEMS, (&held[i].fd[0][0])[n]);
	for (int i = 0; i < 2; i++)
		for (int *fd = &held[i].fd[0][0], n = 0; n < KEEP_KINDS * KEEP_MEMS; n++)
			if (fd[n] >= 0)
				close(fd[n]);
	free(left);
}

/* The next one; what it answers for port i. */
static int resume(int i, struct err *e)
{
	struct kept k;
	int *fd = &k.fd[0][0], sock = fcntl(conn[i], F_DUPFD_CLOEXEC, 0), r;

	k.conn = kept[i].conn;
	for (int n = 0; n < KEEP_KINDS * KEEP_MEMS; n++) {
		fd[n] = (&kept[i].fd[0][0])[n];
		if (fd[n] >= 0)
			fd[n] = fcntl(fd[n], F_DUPFD_CLOEXEC, 0);
	}
	r = dp_port_resume(dp, i ? "p1" : "p0", sock, &k, e);
	if (r)
		close(sock);
	for (int n = 0; n < KEEP_KINDS * KEEP_MEMS; n++)
		if (fd[n] >= 0)
			close(fd[n]);
	return r;
}

static void go_on(void)
{
	struct err e = {0};

	make_dp();
	for (int i = 0; i < 2; i++)
		CU_ASSERT_EQUAL(resume(i, &e), 0);
	if (e.code)
		fprintf(stderr, "%s\n", e.msg);
	dp_start(dp);
}

static void tear_down(void)
{
	for (int i = 0; i < 2; i++) {
		ring_close(&guest[i]);
		close(conn[i]);
	}
	dp_free(dp);
	event_loop_free(loop);
	for (int i = 0; i < 2; i++)
		for (int n = 0; n < KEEP_KINDS * KEEP_MEMS; n++)
			keep(NULL, i ? "p1" : "p0", (uint32_t)n / KEEP_MEMS,
			     (uint32_t)n % KEEP_MEMS, -1);
	free(session);
	free(room);
}

static bool signalled(const struct ring_queue *q)
{
	eventfd_t n;

	for (int i = 0; i < 1000; i++) {
		if (eventfd_read(q->call, &n) == 0)
			return true;
		usleep(1000);
	}
	return false;
}

/* Frames before, between and after; each comes once, in order. */
static void over_crashes(uint64_t features)
{
	uint8_t sent = 0, got = 0, back = 0;
	struct dp_port_stats before, after;
	eventfd_t n;

	set_up(features);
	for (int crashes = 0; crashes < 4; crashes++) {
		for (int i = 0; i < 20; i++)
			send_frame(0, sent++);
		while (got != sent) {
			int number = receive_frame(1, 2000);

			CU_ASSERT_EQUAL_FATAL(number, got);
			got++;
		}
		/* each buffer that was sent comes back once */
		for (; back != sent; back++)
			CU_ASSERT_EQUAL_FATAL(take_used(&guest[0], &guest[0].tx, 100),
					      back & (SIZE - 1));
		CU_ASSERT_EQUAL(dp_port_stats(dp, 0, &before), 0);
		crash();
		for (int i = 0; i < 2; i++) {
			eventfd_read(guest[i].rx.call, &n);
			eventfd_read(guest[i].tx.call, &n);
		}
		for (int i = 0; i < 7; i++)
			send_frame(0, sent++);
		go_on();
		for (int i = 0; i < 2; i++)
			CU_ASSERT(signalled(&guest[i].rx) && signalled(&guest[i].tx));
		/* of the last millisecond some may be lost */
		CU_ASSERT_EQUAL(dp_port_stats(dp, 0, &after), 0);
		CU_ASSERT(after.rx_packets + 20 >= before.rx_packets && after.rx_packets >= 7u);
	}
	while (got != sent)
		CU_ASSERT_EQUAL_FATAL(receive_frame(1, 2000), got++);
	CU_ASSERT_EQUAL(receive_frame(1, 20), -1);
	for (; back != sent; back++)
		CU_ASSERT_EQUAL_FATAL(take_used(&guest[0], &guest[0].tx, 100), back & (SIZE - 1));
	CU_ASSERT_EQUAL(take_used(&guest[0], &guest[0].tx, 20), -1);
	send_frame(1, 99);
	CU_ASSERT_EQUAL(receive_frame(0, 2000), 99);
	CU_ASSERT_EQUAL(gone, 0);
	tear_down();
}

static void test_split(void)
{
	over_crashes(SPLIT);
}

static void test_packed(void)
{
	over_crashes(PACKED);
}

/* Memory that was added, and an in-flight area, are there again. */
static void test_memory(void)
{
	struct { uint64_t zero; struct vu_region region; } slot = {
		.region = {1ull << 40, 65536, 1ull << 45, 0},
	};
	struct vu_inflight a = {.rings = 2, .size = SIZE};
	int fd = memfd_create("slot", MFD_CLOEXEC);

	set_up(SPLIT);
	CU_ASSERT_FATAL(fd >= 0 && !ftruncate(fd, 65536));
	CU_ASSERT_EQUAL(ring_call(&guest[0], VU_ADD_MEM_REG, &slot, sizeof(slot), &fd, 1), 0);
	CU_ASSERT_EQUAL(ring_ask(&guest[0], VU_GET_INFLIGHT_FD, &a, sizeof(a), &a, sizeof(a)), 0);
	CU_ASSERT_EQUAL_FATAL(ftruncate(fd, (off_t)a.len > 65536 ? (off_t)a.len : 65536), 0);
	CU_ASSERT_EQUAL(ring_call(&guest[0], VU_SET_INFLIGHT_FD, &a, sizeof(a), &fd, 1), 0);
	crash();
	go_on();
	/* The same once more is refused, or not, as it would have been before. */
	CU_ASSERT_EQUAL(ring_call(&guest[0], VU_ADD_MEM_REG, &slot, sizeof(slot), &fd, 1), 1);
	CU_ASSERT_EQUAL(ring_call(&guest[0], VU_REM_MEM_REG, &slot, sizeof(slot), NULL, 0), 0);
	CU_ASSERT_EQUAL(ring_call(&guest[0], VU_REM_MEM_REG, &slot, sizeof(slot), NULL, 0), 1);
	CU_ASSERT_EQUAL(gone, 0);
	close(fd);
	tear_down();
}

/* Frames for an address that was learnt go there, and nowhere else, from the first one on. */
static void test_addresses(void)
{
	struct dp_port_stats s;

	set_up(SPLIT);
	send_frame(1, 1);
	CU_ASSERT_EQUAL(receive_frame(0, 2000), 1);
	for (int i = 0; i < 5000 && !session->port[7].macs; i++, usleep(1000))
		pump();
	CU_ASSERT_EQUAL(session->port[7].macs, 1);
	crash();
	session->port[7].mac[1] = 0x5452ull | 1;	/* a group's */
	session->port[7].mac[2] = 0x5452ull | 4095ull << 48;	/* not of its VLAN */
	session->port[7].macs = ~0u;
	go_on();
	for (int i = 0; i < 5000 && session->port[7].macs != 1; i++, usleep(1000))
		pump();
	CU_ASSERT_EQUAL(session->port[7].macs, 1);
	CU_ASSERT_EQUAL(dp_port_stats(dp, 1, &s), 0);
	CU_ASSERT_EQUAL(s.rx_packets, 1);
	tear_down();
}

/*
 * The process dies when it has carried a message out, before or after it could tell: the message has
 * its effect and its answer once, and the same once more is another one.
 */
static void test_once(void)
{
	struct { uint64_t zero; struct vu_region region; } slot = {
		.region = {1ull << 40, 65536, 1ull << 45, 0},
	};
	int fd = memfd_create("slot", MFD_CLOEXEC);
	uint64_t answer[8];

	CU_ASSERT_FATAL(fd >= 0 && !ftruncate(fd, 65536));
	for (int after = 0; after < 2; after++) {
		set_up(SPLIT);
		fate = after ? DIES_AFTER : DIES_BEFORE;
		ring_send(&guest[0], VU_ADD_MEM_REG, VU_NEED_REPLY, &slot, sizeof(slot), &fd, 1);
		event_loop_run(loop);
		CU_ASSERT_EQUAL(recv(guest[0].sock, answer, sizeof(answer),
				     MSG_DONTWAIT | MSG_PEEK), after ? 20 : -1);
		fate = LIVES;
		crash();
		go_on();
		pump();
		/* 20 bytes of an answer that says that it worked; done twice, it would not */
		CU_ASSERT_EQUAL(recv(guest[0].sock, (char *)answer + 4, sizeof(answer) - 4,
				     MSG_DONTWAIT), 20);
		CU_ASSERT_EQUAL(answer[2], 0);
		CU_ASSERT_EQUAL(ring_call(&guest[0], VU_ADD_MEM_REG, &slot, sizeof(slot), &fd, 1),
				1);
		send_frame(0, 5);
		CU_ASSERT_EQUAL(receive_frame(1, 2000), 5);
		CU_ASSERT_EQUAL(gone, 0);
		tear_down();
	}
	close(fd);
}

/* Whatever the session says, only its own port can suffer. */
static void test_spoilt(void)
{
	struct err e;

	for (int i = 0; i < 7; i++) {
		struct session_conn *c = &kept[0].conn;
		struct session_state *s = &c->state;

		set_up(SPLIT);
		crash();
		CU_ASSERT_EQUAL(c->valid, 1);
		switch (i) {
		case 0: c->torn = 1; break;
		case 1: s->features |= 1ull << 63; break;
		case 2: s->regions = 65; break;
		case 3: s->region[0].kept = KEEP_MEMS; break;
		case 4: s->region[0].kept = 77; break;	/* nothing is kept there */
		case 5: s->region[0].size = ~0ull; break;
		case 6: s->ring[1].size = 65; break;
		}
		make_dp();
		e.code = 0;
		CU_ASSERT(resume(0, &e) < 0 && e.code);
		CU_ASSERT_EQUAL(resume(1, &e), 0);
		dp_start(dp);
		CU_ASSERT_EQUAL(ring_ask(&guest[1], VU_GET_FEATURES, NULL, 0, &guest[1].features,
					 8), 0);
		tear_down();
	}
}

/* A driver wrote all over the memory that the processes share: split rings go on all the same. */
static void test_overwritten(void)
{
	set_up(SPLIT);
	send_frame(0, 1);
	CU_ASSERT_EQUAL(receive_frame(1, 2000), 1);
	for (int fill = 0; fill < 256; fill += 85) {
		crash();
		memset(session, fill, sizeof(*session));
		go_on();
		for (uint8_t n = 0; n < 40; n++) {
			send_frame(0, n);
			CU_ASSERT_EQUAL(receive_frame(1, 2000), n);
		}
	}
	CU_ASSERT_EQUAL(gone, 0);
	tear_down();
}

/* One that had said nothing yet begins as any. */
static void test_new(void)
{
	struct err e = {0};
	int s[2];

	set_up(SPLIT);
	ring_close(&guest[0]);
	close(conn[0]);
	pump();
	CU_ASSERT_EQUAL(gone, 1);
	for (int n = 0; n < KEEP_KINDS * KEEP_MEMS; n++)
		keep(NULL, "p0", (uint32_t)n / KEEP_MEMS, (uint32_t)n % KEEP_MEMS, -1);
	CU_ASSERT_FATAL(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s));
	conn[0] = fcntl(s[0], F_DUPFD_CLOEXEC, 0);
	memset(&kept[0].conn, 0, sizeof(kept[0].conn));
	CU_ASSERT_EQUAL_FATAL(dp_port_connect(dp, "p0", s[0], &e), 0);
	crash();
	go_on();
	CU_ASSERT_EQUAL_FATAL(ring_open(&guest[0], s[1], SPLIT, SIZE), 0);
	CU_ASSERT_EQUAL_FATAL(ring_start(&guest[0]), 0);
	send_frame(0, 3);
	CU_ASSERT_EQUAL(receive_frame(1, 2000), 3);
	tear_down();
}

static const struct unit_test tests[] = {
	{"split rings go on over crashes", test_split},
	{"packed rings go on over crashes", test_packed},
	{"memory and the in-flight area are there again", test_memory},
	{"addresses and counters are there again", test_addresses},
	{"a message is carried out and answered once", test_once},
	{"a spoilt session is refused, and its port only", test_spoilt},
	{"split rings go on, whatever the shared memory says", test_overwritten},
	{"a connection that said nothing begins anew", test_new},
};
UNIT_MAIN("resumed connections", tests)
