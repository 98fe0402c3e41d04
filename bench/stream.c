// SPDX-License-Identifier: Apache-2.0
/*
 * A guest and the far end of its network card's wire in one: between the two, numbered frames go
 * both ways at a steady pace, and each is judged where it arrives. The guest is a vhost-user front
 * end that works as Linux does: it sleeps until the back end interrupts it, asks for that with
 * event indices, and kicks only when asked to.
 *
 *   stream PORT-SOCKET WIRE-LOCAL WIRE-REMOTE RATE
 *
 * The wire is a pair of datagram sockets by path, or with WIRE-LOCAL packet:NAME (and any
 * WIRE-REMOTE) a network interface.
 *
 * Commands come on standard input, a line each, and are answered by a line:
 *   watch            gaps are measured from here on
 *   fault WORD       sends the frame that has tests/faulty-82574 crash or hang
 *   settle MS        waits until both ways have run steadily again, at most so long; tells the
 *                    largest gap of each in ms, and the longest that this program itself was late
 *   passed MS        waits until a frame sent after that one has arrived, at most so long
 *   alive MS         waits until both ways have delivered a few frames more, at most so long
 *   total            what was sent, and what became of it
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "bench/flow.h"
#include "bench/ring.h"
#include "kernel/lib/fdpass.h"

#define RING_SIZE   256
#define CATCH_UP    64		/* frames that are sent at once after a delay of our own */
#define MSEC	    1000000ll
#define AFTER_EVENT (300 * MSEC) /* from the settle command until its answer, at the least */
#define RUN_AGAIN   (100 * MSEC) /* without a gap: it runs again */
#define ALIVE	    8		/* frames that tell that it is */

static const uint8_t guest_mac[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x01};
static const uint8_t wire_mac[6] = {0x02, 0, 0, 0, 0, 0x99};

static struct stream {
	struct ring_client c;
	struct flow up, down;		/* guest to wire, wire to guest */
	int wire, timer;
	struct sockaddr_un remote;
	socklen_t remote_len;		/* 0: an interface */
	uint64_t ring_faults;		/* of the back end: not in our order, not ours, too short */
	uint64_t unsent;		/* no room in the ring or on the wire */
	uint16_t free[RING_SIZE];
	uint16_t nfree;
	bool out[2][RING_SIZE];		/* given to the back end: receive, transmit */
	int64_t tick, late;		/* the last tick of the timer; the largest delay of one */
	int64_t settle_from, settle_by;	/* 0: no such command */
	int64_t passed_by;		/* 0: no such command */
	uint64_t fault_at;		/* number of the next frame after the faulty one */
	int64_t alive_by;		/* 0: no such command */
	uint64_t alive_up, alive_down;	/* deliveries that were there when it came */
	bool hung_up;
} s;

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

static void die(const char *what, int r)
{
	fprintf(stderr, "stream: %s: %s\n", what, strerror(-r));
	exit(1);
}

/* Ring memory beyond the entries: where each side says when it wants to hear of the other. */
static uint16_t *used_event(struct ring_queue *q)
{
	return &q->avail->ring[q->size];
}

static uint16_t avail_event(const struct ring_queue *q)
{
	const volatile void *at = &q->used->ring[q->size];

	return *(const volatile uint16_t *)at;
}

static void offer(struct ring_queue *q, uint16_t id)
{
	uint16_t was = q->avail_idx;
	uint64_t one = 1;

	q->avail->ring[was & (q->size - 1)] = id;
	s.out[q == &s.c.tx][id] = true;
	q->avail_idx = (uint16_t)(was + 1);
	__atomic_store_n(&q->avail->idx, q->avail_idx, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (vring_need_event(avail_event(q), q->avail_idx, was) && write(q->kick, &one, 8) != 8)
		die("a kick", -errno);
}

/* The next used entry: its descriptor or -1. What was not given to the back end is a fault of it. */
static int take_used(struct ring_queue *q, uint32_t *len)
{
	const struct vring_used_elem *e;
	uint16_t n = (uint16_t)(__atomic_load_n(&q->used->idx, __ATOMIC_ACQUIRE) - q->used_idx);

	for (; n; n--) {
		e = &q->used->ring[q->used_idx++ & (q->size - 1)];
		if (e->id < q->size && s.out[q == &s.c.tx][e->id]) {
			s.out[q == &s.c.tx][e->id] = false;
			*len = e->len;
			return (int)e->id;
		}
		s.ring_faults++;
	}
	return -1;
}

/* Asks for an interrupt at the next used entry. True: there is one already. */
static bool rearm(struct ring_queue *q)
{
	*(volatile uint16_t *)used_event(q) = q->used_idx;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return __atomic_load_n(&q->used->idx, __ATOMIC_ACQUIRE) != q->used_idx;
}

static void guest_receives(void)
{
	struct ring_queue *q = &s.c.rx;
	uint16_t buffers;
	uint32_t len;
	int id;

	do {
		while ((id = take_used(q, &len)) >= 0) {
			const uint8_t *p = q->buf + (uint32_t)id * RING_STRIDE;

			memcpy(&buffers, p + 10, 2);
			if (len <= RING_HDR || len > 2048 || buffers != 1)
				s.ring_faults++;
			else
				flow_take(&s.down, p + RING_HDR, len - RING_HDR, now_ns());
			offer(q, (uint16_t)id);
		}
	} while (rearm(q));
}

static void guest_frees(void)
{
	uint32_t len;
	int id;

	do {
		while ((id = take_used(&s.c.tx, &len)) >= 0)
			s.free[s.nfree++] = (uint16_t)id;
	} while (rearm(&s.c.tx));
}

/* A frame of len bytes lies in the buffer that guest_buffer() told. */
static uint8_t *guest_buffer(void)
{
	return s.c.tx.buf + (uint32_t)s.free[s.nfree - 1] * RING_STRIDE;
}

static void guest_offers(size_t len)
{
	uint16_t id = s.free[--s.nfree];

	memset(s.c.tx.buf + (uint32_t)id * RING_STRIDE, 0, RING_HDR);
	s.c.tx.desc[id].len = (uint32_t)(RING_HDR + len);
	offer(&s.c.tx, id);
}

static void guest_sends(void)
{
	size_t len;

	if (!s.nfree) {
		s.unsent++;
		return;
	}
	len = flow_make(&s.up, guest_buffer() + RING_HDR);
	flow_sent(&s.up);
	guest_offers(len);
}

/* See tests/faulty-82574/fault.c. */
static int send_magic(const char *word)
{
	uint8_t *p;

	if (!s.nfree)
		return -ENOSPC;
	p = guest_buffer() + RING_HDR;
	memset(p, 0, 60);
	memcpy(p, wire_mac, 6);
	memcpy(p + 6, guest_mac, 6);
	p[12] = 0x88;
	p[13] = 0xb6;
	memcpy(p + 14, "vmhi:", 5);
	memcpy(p + 19, word, strnlen(word, 60 - 19));
	guest_offers(60);
	return 0;
}

static void wire_receives(void)
{
	uint8_t frame[2048];
	ssize_t n;

	while ((n = recv(s.wire, frame, sizeof(frame), MSG_DONTWAIT)) > 0)
		if (n < 14 || frame[13] != 0xb6) /* the magic frame may pass */
			flow_take(&s.up, frame, (size_t)n, now_ns());
}

static void wire_sends(void)
{
	uint8_t frame[FLOW_FRAME_MAX];
	size_t len = flow_make(&s.down, frame);

	const struct sockaddr *to = s.remote_len ? (struct sockaddr *)&s.remote : NULL;

	if (sendto(s.wire, frame, len, MSG_DONTWAIT, to, s.remote_len) == (ssize_t)len)
		flow_sent(&s.down);
	else
		s.unsent++;
}

static double ms(int64_t ns)
{
	return (double)ns / 1e6;
}

static void settle(int64_t now)
{
	bool over = now > s.settle_by || s.hung_up;

	if (!s.settle_from || now - s.settle_from < AFTER_EVENT)
		return;
	if (!over && (!flow_steady(&s.up, now, RUN_AGAIN) || !flow_steady(&s.down, now, RUN_AGAIN)))
		return;
	printf("%s to_guest %.3f from_guest %.3f late %.3f\n",
	       s.hung_up ? "disconnected" : over ? "stalled" : "runs", ms(flow_gap(&s.down, now)),
	       ms(flow_gap(&s.up, now)), ms(s.late));
	s.settle_from = 0;
}

static void alive(int64_t now)
{
	bool runs = s.up.delivered >= s.alive_up + ALIVE && s.down.delivered >= s.alive_down + ALIVE;

	if (!s.alive_by || (!runs && !s.hung_up && now < s.alive_by))
		return;
	puts(s.hung_up ? "disconnected" : runs ? "runs" : "stalled");
	s.alive_by = 0;
}

static void passed(int64_t now)
{
	bool is = s.up.highest > s.fault_at;

	if (!s.passed_by || (!is && !s.hung_up && now < s.passed_by))
		return;
	puts(s.hung_up ? "disconnected" : is ? "passed" : "stalled");
	s.passed_by = 0;
}

static void tick(int64_t period)
{
	int64_t now = now_ns();
	uint64_t n = 0;

	if (read(s.timer, &n, sizeof(n)) != sizeof(n))
		return;
	if (s.tick && now - s.tick - period > s.late)
		s.late = now - s.tick - period;
	s.tick = now;
	if (n > CATCH_UP)
		n = CATCH_UP;
	for (; n && s.up.sent < FLOW_NUMBERS && s.down.sent < FLOW_NUMBERS; n--) {
		guest_sends();
		wire_sends();
	}
	settle(now);
	passed(now);
	alive(now);
}

static void total(void)
{
	printf("sent_up %lu lost_up %lu sent_down %lu lost_down %lu twice %lu corrupt %lu "
	       "overtaken %lu ring_faults %lu unsent %lu\n", s.up.sent,
	       s.up.sent - s.up.delivered, s.down.sent, s.down.sent - s.down.delivered,
	       s.up.twice + s.down.twice, s.up.corrupt + s.down.corrupt,
	       s.up.overtaken + s.down.overtaken, s.ring_faults, s.unsent);
}

static void command(const char *line)
{
	int64_t now = now_ns();

	if (!strcmp(line, "watch")) {
		flow_watch(&s.up);
		flow_watch(&s.down);
		s.late = 0;
		puts("watching");
	} else if (!strncmp(line, "fault ", 6)) {
		s.fault_at = s.up.sent;
		puts(send_magic(line + 6) ? "no room" : "sent");
	} else if (!strncmp(line, "settle ", 7)) {
		s.settle_from = now;
		s.settle_by = now + atoll(line + 7) * MSEC;
	} else if (!strncmp(line, "passed ", 7)) {
		s.passed_by = now + atoll(line + 7) * MSEC;
	} else if (!strncmp(line, "alive ", 6)) {
		s.alive_by = now + atoll(line + 6) * MSEC;
		s.alive_up = s.up.delivered;
		s.alive_down = s.down.delivered;
	} else if (!strcmp(line, "total")) {
		total();
	} else {
		printf("no command \"%s\"\n", line);
	}
}

/* False: standard input has ended. */
static bool commands(void)
{
	static char text[256];
	static size_t have;
	ssize_t n = read(0, text + have, sizeof(text) - 1 - have);
	char *end;

	if (n <= 0)
		return false;
	have += (size_t)n;
	text[have] = 0;
	while ((end = strchr(text, '\n'))) {
		*end++ = 0;
		command(text);
		have -= (size_t)(end - text);
		memmove(text, end, have + 1);
	}
	return have < sizeof(text) - 1;
}

static void drain(int eventfd)
{
	uint64_t n;

	(void)!read(eventfd, &n, sizeof(n));
}

static void run(int64_t period)
{
	struct pollfd p[] = {
		{.fd = s.timer, .events = POLLIN}, {.fd = s.c.rx.call, .events = POLLIN},
		{.fd = s.c.tx.call, .events = POLLIN}, {.fd = s.wire, .events = POLLIN},
		{.fd = 0, .events = POLLIN}, {.fd = s.c.sock, .events = POLLRDHUP},
	};

	for (;;) {
		if (poll(p, sizeof(p) / sizeof(p[0]), -1) < 0 && errno != EINTR)
			die("poll", -errno);
		if (p[1].revents) {
			drain(p[1].fd);
			guest_receives();
		}
		if (p[2].revents) {
			drain(p[2].fd);
			guest_frees();
		}
		if (p[3].revents)
			wire_receives();
		if (p[0].revents)
			tick(period);
		if (p[4].revents && !commands())
			return;
		if (p[5].revents) {
			s.hung_up = true;
			p[5].fd = -1;
		}
	}
}

/* Frames of our own EtherType only, and not those that we send. */
static int open_interface(const char *name)
{
	struct sockaddr_ll sa = {.sll_family = AF_PACKET, .sll_protocol = htons(0x88b5)};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), one = 1;
	struct packet_mreq all = {.mr_type = PACKET_MR_PROMISC};

	sa.sll_ifindex = all.mr_ifindex = (int)if_nametoindex(name);
	if (fd < 0 || !sa.sll_ifindex || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof(all)) < 0)
		die(name, -errno);
	return fd;
}

static int open_wire(const char *local, const char *remote)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd;

	if (!strncmp(local, "packet:", 7))
		return open_interface(local + 7);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	s.remote_len = sizeof(s.remote);
	s.remote.sun_family = AF_UNIX;
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", local);
	snprintf(s.remote.sun_path, sizeof(s.remote.sun_path), "%s", remote);
	unlink(local);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		die(local, -errno);
	return fd;
}

static void begin(void)
{
	int r = ring_start(&s.c);

	if (r)
		die("the rings do not start", r);
	for (uint16_t i = 0; i < RING_SIZE; i++) {
		offer(&s.c.rx, i);
		s.free[s.nfree++] = i;
	}
	guest_receives();
	guest_frees();
}

int main(int argc, char **argv)
{
	int64_t period;
	struct itimerspec every = {0};
	int r;

	if (argc != 5 || atoi(argv[4]) < 1) {
		fprintf(stderr, "usage: stream PORT-SOCKET WIRE-LOCAL WIRE-REMOTE RATE\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	period = 1000000000ll / atoi(argv[4]);
	s.wire = open_wire(argv[2], argv[3]);
	r = flow_init(&s.up, (uint32_t)now_ns(), wire_mac, guest_mac);
	if (!r)
		r = flow_init(&s.down, ~s.up.mark, guest_mac, wire_mac);
	if (!r)
		r = ring_open(&s.c, unix_connect(argv[1]),
			      RING_VERSION_1 | RING_MERGEABLE | RING_EVENT_IDX | RING_PROTOCOL,
			      RING_SIZE);
	if (r)
		die(argv[1], r);
	begin();
	every.it_interval.tv_nsec = every.it_value.tv_nsec = (long)period;
	s.timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (s.timer < 0 || timerfd_settime(s.timer, 0, &every, NULL) < 0)
		die("a timer", -errno);
	run(period);
	ring_close(&s.c);
	flow_free(&s.up);
	flow_free(&s.down);
	if (s.remote_len)
		unlink(argv[2]);
	return 0;
}
