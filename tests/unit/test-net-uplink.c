// SPDX-License-Identifier: Apache-2.0
/* Uplinks that misbehave: a driver whose ring stands still, or that breaks the rules; a dead passt. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/ring.h"
#include "kernel/lib/clock.h"
#include "kernel/lib/log.h"
#include "kernel/net/dataplane.h"
#include "tests/unit/cunit.h"

#define SIZE  64
#define DEPTH 64

/* Which operation answers that it did more than it was asked for. */
enum lie {
	LIE_NONE,
	LIE_TX,
	LIE_TX_DONE,
	LIE_RX_POST,
	LIE_RX,
};

/* A card with one ring each way. What it does wrong is set by the test while the data path runs. */
static struct card {
	struct vmhi_pkt posted[DEPTH], sent[DEPTH];
	uint32_t nposted, nsent;
	_Atomic bool stuck;		/* takes no frame to send */
	_Atomic bool lazy;		/* takes frames, and sends none */
	_Atomic uint32_t receives;	/* so many frames are handed over yet */
	_Atomic bool bad;		/* all of these are marked as damaged */
	uint64_t counted, tx_counted;	/* frames received and sent, in the statistics */
	_Atomic int64_t rx_off, done_off;	/* added to the next cookie that comes back */
	_Atomic enum lie lie;
	_Atomic uint32_t calls;
	uint32_t filters;		/* set so often, and so often with a table of VLANs */
	uint32_t vlan_filters;
} card;

static uint32_t answer(enum lie op, uint32_t n)
{
	return card.lie == op ? 1000 : n;
}

static int card_info(void *dev, struct vmhi_nic_info *info)
{
	*info = (struct vmhi_nic_info){.size = sizeof(*info), .tx_queues = 1, .rx_queues = 1,
				       .depth_min = DEPTH, .depth_max = DEPTH, .tx_segs = 1,
				       .mtu_max = 1500, .uc_max = 1,
				       .features = VMHI_NIC_VLAN_FILTER};
	return 0;
}

static int card_configure(void *dev, const struct vmhi_nic_conf *conf)
{
	return 0;
}

static int card_queue(void *dev, uint32_t kind, uint32_t idx, uint32_t depth, uint32_t vec, void **q)
{
	*q = dev;
	return 0;
}

static int card_start_stop(void *q)
{
	card.calls++;
	return 0;
}

static void card_queue_free(void *q)
{
	card.calls++;
}

static uint32_t card_tx(void *q, const struct vmhi_pkt *pkt, uint32_t n)
{
	card.calls++;
	if (card.stuck)
		return 0;
	n = n < DEPTH - card.nsent ? n : DEPTH - card.nsent;
	memcpy(card.sent + card.nsent, pkt, n * sizeof(*pkt));
	card.nsent += n;
	return answer(LIE_TX, n);
}

static uint32_t card_tx_done(void *q, uint64_t *cookie, uint32_t n)
{
	uint32_t i;

	card.calls++;
	for (i = 0; i < n && card.nsent && !card.lazy; i++)
		cookie[i] = card.sent[--card.nsent].cookie + (uint64_t)card.done_off;
	return answer(LIE_TX_DONE, i);
}

static uint32_t card_rx_post(void *q, const struct vmhi_pkt *pkt, uint32_t n)
{
	card.calls++;
	n = n < DEPTH - card.nposted ? n : DEPTH - card.nposted;
	memcpy(card.posted + card.nposted, pkt, n * sizeof(*pkt));
	card.nposted += n;
	return answer(LIE_RX_POST, n);
}

/* Receives only what it is told to, or what is wrong. */
static uint32_t card_rx(void *q, struct vmhi_pkt *pkt, uint32_t n)
{
	card.calls++;
	if ((!card.rx_off && !card.receives) || !card.nposted)
		return answer(LIE_RX, 0);
	card.receives -= card.receives > 0;
	pkt[0] = card.posted[--card.nposted];
	pkt[0].cookie += (uint64_t)card.rx_off;
	pkt[0].va += (uint64_t)card.rx_off;
	pkt[0].len = 60;
	pkt[0].nseg = 1;
	pkt[0].err = card.bad ? VMHI_PKT_ERR_CRC : 0;
	card.rx_off = 0;
	return 1;
}

static int card_arm(void *q)
{
	card.calls++;
	return 0;
}

static int card_filter(void *dev, const struct vmhi_nic_filter *f)
{
	card.calls++;
	card.filters++;
	card.vlan_filters += !!f->vlan;
	return 0;
}

static int card_stats(void *dev, uint64_t *v, uint32_t n)
{
	v[VMHI_STAT_RX_PACKETS] = card.counted;
	v[VMHI_STAT_TX_PACKETS] = card.tx_counted;
	return (int)n;
}

static const struct vmhi_nic nic = {
	.h = {sizeof(nic), VMHI_IF_NIC, 1},
	.info = card_info, .configure = card_configure, .queue = card_queue,
	.queue_start = card_start_stop, .queue_stop = card_start_stop,
	.queue_free = card_queue_free, .tx = card_tx, .tx_done = card_tx_done,
	.rx_post = card_rx_post, .rx = card_rx, .arm = card_arm, .filter = card_filter,
	.stats = card_stats,
};

static struct event_loop *loop;
static struct dataplane *dp;
static struct ring_client guest[2];
static void *room;

static void pump(void)
{
	while (event_loop_once(loop, 0) > 0)
		;
}

static void add_guest(int i)
{
	struct dp_port_conf pc = {.name = {'p', (char)('0' + i)}};
	struct err e = {0};
	int s[2];

	CU_ASSERT_EQUAL_FATAL(dp_port_add(dp, &pc, &e), 0);
	CU_ASSERT_FATAL(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s));
	CU_ASSERT_EQUAL_FATAL(dp_port_connect(dp, pc.name, s[0], &e), 0);
	guest[i] = (struct ring_client){.pump = pump, .sock = s[1], .memfd = -1};
	guest[i].rx.kick = guest[i].rx.call = guest[i].tx.kick = guest[i].tx.call = -1;
	CU_ASSERT_EQUAL_FATAL(ring_open(&guest[i], s[1], RING_VERSION_1, SIZE), 0);
	guest[i].rx.avail->idx = guest[i].rx.avail_idx = SIZE;
	CU_ASSERT_EQUAL_FATAL(ring_start(&guest[i]), 0);
}

static void set_link(int up)
{
	const struct vmhi_event ev = {.type = VMHI_EV_LINK, .arg = {(uint64_t)up}};

	dp_uplink_event(dp, 0, &ev);
}

static char failure[128];

static void on_failed(void *arg, const char *uplink, const char *why)
{
	snprintf(failure, sizeof(failure), "%s: %s", uplink, why);
}

static void set_up(void)
{
	struct dp_conf dc = {.mem.len = 4u << 20, .uplink_failed = on_failed};
	struct err e = {0};

	log_set_level(LOG_ERROR);
	failure[0] = 0;
	memset(&card, 0, sizeof(card));
	loop = event_loop_new();
	dc.mem.va = room = aligned_alloc(64, dc.mem.len);
	dp = dp_new(loop, &dc, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(dp);
}

static void set_up_card(void)
{
	const struct dp_uplink_conf conf = {.event_vec = VMHI_NO_VEC};
	struct err e = {0};

	set_up();
	CU_ASSERT_EQUAL_FATAL(dp_uplink_driver(dp, "u0", &nic, &card, &conf, &e), 0);
	set_link(1);
	for (int i = 0; i < 2; i++)
		add_guest(i);
	dp_start(dp);
}

static void tear_down(void)
{
	for (int i = 0; i < 2; i++)
		if (guest[i].pump)
			ring_close(&guest[i]);
	memset(guest, 0, sizeof(guest));
	pump();
	dp_free(dp);
	event_loop_free(loop);
	free(room);
}

/* n frames of guest 0 at once, to an address that begins with this byte. */
static void send_frames(uint16_t n, uint8_t to, uint32_t len)
{
	struct ring_queue *q = &guest[0].tx;

	memset(q->buf, 0, RING_HDR + len);
	memset(q->buf + RING_HDR, to, 6);
	memcpy(q->buf + RING_HDR + 6, "\x52\x54\0\0\0\1", 6);
	for (uint16_t k = 0; k < n; k++) {
		uint16_t i = q->avail_idx++ & (SIZE - 1);

		q->desc[i] = (struct vring_desc){q->buf_gpa, RING_HDR + len, 0, 0};
		q->avail->ring[i] = i;
	}
	__atomic_store_n(&q->avail->idx, q->avail_idx, __ATOMIC_RELEASE);
	eventfd_write(q->kick, 1);
}

/* A broadcast frame of guest 0: to guest 1 and the uplink. */
static void send_frame(void)
{
	send_frames(1, 0xff, 60);
}

/* Guest 1 gets its nth frame, and gives the buffer back. */
static bool received(uint16_t nth)
{
	struct ring_queue *q = &guest[1].rx;

	for (int i = 0; i < 2000; i++) {
		if (__atomic_load_n(&q->used->idx, __ATOMIC_ACQUIRE) == nth) {
			q->avail->ring[q->avail_idx & (SIZE - 1)] =
				(uint16_t)q->used->ring[(nth - 1) & (SIZE - 1)].id;
			__atomic_store_n(&q->avail->idx, ++q->avail_idx, __ATOMIC_RELEASE);
			return true;
		}
		pump();
		usleep(500);
	}
	return false;
}

static struct dp_port_stats uplink_stats(void)
{
	struct dp_port_stats s = {0};

	for (unsigned int i = 0; !dp_port_stats(dp, i, &s) && s.kind == DP_KIND_PORT; i++)
		;
	return s;
}

static bool uplink_fails(void)
{
	for (int i = 0; i < 2000; i++) {
		struct dp_port_stats s = uplink_stats();

		if (!s.connected && !s.up)
			return true;
		pump();
		usleep(500);
	}
	return false;
}

/* It fails, and this is what is said of it. */
static bool fails_with(const char *why)
{
	bool r = uplink_fails();

	for (int i = 0; i < 2000 && !failure[0]; i++) {
		usleep(500);
		pump();
	}
	return r && !strcmp(failure, why);
}

static void test_stuck_ring(void)
{
	uint16_t n = 0;

	set_up_card();
	card.stuck = true;
	while (n < 400) {
		send_frame();
		CU_ASSERT_FATAL(received(++n));
	}
	CU_ASSERT(uplink_stats().drop_nobuf > 0);
	CU_ASSERT_EQUAL(uplink_stats().tx_packets, 0);
	/* it moves again, and so does what waited */
	card.stuck = false;
	send_frame();
	CU_ASSERT(received(++n));
	for (int i = 0; i < 2000 && uplink_stats().tx_packets < 256; i++)
		usleep(500);
	CU_ASSERT(uplink_stats().tx_packets >= 256);
	tear_down();
}

static void test_failed_stays_out(void)
{
	struct dp_port_conf pc = {.name = "p9"};
	struct err e = {0};
	uint32_t calls;

	set_up_card();
	card.rx_off = 1ll << 40;
	CU_ASSERT_FATAL(uplink_fails());
	calls = card.calls;
	set_link(0);
	set_link(1);
	CU_ASSERT(!uplink_stats().up && !uplink_stats().active);
	CU_ASSERT_EQUAL(dp_port_add(dp, &pc, &e), 0);
	for (uint16_t n = 1; n <= 100; n++) {
		send_frame();
		CU_ASSERT_FATAL(received(n));
	}
	tear_down();
	CU_ASSERT_EQUAL(card.calls, calls);	/* not for the filter, not at the end */
}

/* A cookie inside of a buffer, or of the last one's end: another frame would be written there. */
static void test_bad_cookies(void)
{
	for (int64_t off = -64; off <= 64; off += 128) {
		set_up_card();
		card.rx_off = off;
		CU_ASSERT(uplink_fails());
		CU_ASSERT(strstr(failure, "rx() gave back a cookie that no buffer has") != NULL);
		tear_down();
		set_up_card();
		card.done_off = off;
		send_frame();
		CU_ASSERT(uplink_fails());
		CU_ASSERT(strstr(failure, "tx_done() gave back a cookie that no packet has") != NULL);
		tear_down();
	}
}

/* More than there was, or than was asked for. */
static void test_too_many(void)
{
	static const struct {
		enum lie lie;
		const char *why;
	} c[] = {
		{LIE_TX, "tx() took more packets"},
		{LIE_TX_DONE, "tx_done() gave back more packets"},
		{LIE_RX_POST, "rx_post() took more buffers"},
		{LIE_RX, "rx() gave back more buffers"},
	};

	for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		set_up_card();
		card.lie = c[i].lie;
		/* the card's ring has room for more only once some of it came back */
		card.receives = card.lie == LIE_RX_POST ? DEPTH : 0;
		send_frame();
		CU_ASSERT(uplink_fails());
		CU_ASSERT(strstr(failure, c[i].why) != NULL);
		tear_down();
	}
}

/* So many seconds later: each with a frame of a guest's, if it sends. */
static void seconds(int n, bool sends, uint16_t *nth)
{
	while (n--) {
		if (sends) {
			send_frame();
			CU_ASSERT_FATAL(received(++*nth));
		}
		dp_check(dp);
	}
	pump();
}

static void test_idle_driver(void)
{
	uint16_t n = 0;

	/* one that works is let be, with traffic and without */
	set_up_card();
	seconds(10, false, &n);
	seconds(10, true, &n);
	CU_ASSERT_STRING_EQUAL(failure, "");
	card.lazy = true;
	seconds(2, true, &n);
	card.lazy = false;
	seconds(10, true, &n);
	CU_ASSERT_STRING_EQUAL(failure, "");
	/* it sends nothing */
	card.lazy = true;
	seconds(5, true, &n);
	CU_ASSERT(fails_with("u0: its driver sends none of the frames that it was given"));
	tear_down();

	/* it says that it sends, and the card knows nothing of it; one that never counts is believed */
	n = 0;
	set_up_card();
	seconds(40, true, &n);
	card.tx_counted = 1;
	seconds(40, true, &n);
	CU_ASSERT(fails_with("u0: its driver says that it sends, but its card sends "
			       "nothing"));
	tear_down();
}

/* A second in which the driver hands over so many. */
static void receive_second(uint32_t frames, bool sends, uint16_t *nth)
{
	card.receives = frames;
	for (int k = 0; k < 2000 && card.receives; k++)
		usleep(500);
	CU_ASSERT_EQUAL(card.receives, 0);
	seconds(1, sends, nth);
}

static void test_idle_receiver(void)
{
	uint16_t n = 0;

	/* it hands over nothing of what the card counts */
	set_up_card();
	for (int i = 0; i < 6; i++, card.counted += 100)
		seconds(1, true, &n);
	CU_ASSERT(fails_with("u0: its driver hands over none of the frames that its card "
			       "receives"));
	tear_down();

	/* nothing that is any good */
	n = 0;
	set_up_card();
	card.bad = true;
	for (int i = 0; i < 3; i++, card.counted += 100)
		receive_second(100, true, &n);
	CU_ASSERT(fails_with("u0: its driver hands over none of the frames that its card "
			       "receives"));
	tear_down();

	/* it does not see the link come up */
	set_up_card();
	set_link(0);
	for (int i = 0; i < 3; i++)
		receive_second(40, false, NULL);
	CU_ASSERT(fails_with("u0: its driver says that the link is down, but frames come"));
	tear_down();
}

static void test_flood(void)
{
	set_up_card();
	for (int i = 0; i < 6; i++, card.counted += 100)
		receive_second(i & 1 ? 100 : 0, false, NULL);
	CU_ASSERT_STRING_EQUAL(failure, "");
	for (int i = 0; i < 4; i++)
		receive_second(20 * DEPTH, false, NULL);
	CU_ASSERT(fails_with("u0: its driver hands over frames that its card never "
			       "received"));
	tear_down();
}

/* A long table would hold up the first packets after a take-over: it comes later. */
static void test_filter(void)
{
	set_up_card();
	CU_ASSERT(card.filters > 0);
	CU_ASSERT_EQUAL(card.vlan_filters, 0);
	for (int i = 0; i < 10 && !card.vlan_filters; i++)
		event_loop_once(loop, 1000);
	CU_ASSERT_EQUAL(card.vlan_filters, 1);
	tear_down();
}

/* A driver that wakes nobody is looked at soon after the start, and more and more rarely then. */
static void test_first_looks(void)
{
	struct dp_stats s = {0};

	set_up_card();
	for (int i = 0; i < 3000 && s.sleeps < 5; i++) {
		usleep(1000);
		dp_stats(dp, &s);
	}
	CU_ASSERT(s.sleeps >= 5);
	tear_down();
}

static void *work_again(void *arg)
{
	usleep(5000);
	card.lazy = false;
	return NULL;
}

/* What guests handed over is sent before another process takes over, if the card sends at all. */
static void test_let_go(void)
{
	int64_t begin;
	pthread_t t;

	for (int dead = 0; dead < 2; dead++) {
		set_up_card();
		card.lazy = true;
		send_frames(SIZE / 2, 2, 60);
		for (int i = 0; i < 2000 && uplink_stats().tx_packets < SIZE / 2; i++)
			usleep(500);
		CU_ASSERT_EQUAL(card.nsent, SIZE / 2);
		if (!dead)
			CU_ASSERT_EQUAL_FATAL(pthread_create(&t, NULL, work_again, NULL), 0);
		begin = now_ms();
		dp_let_go(dp);
		/* it waits 20 ms at most; on a busy machine the other thread may come later */
		CU_ASSERT(card.nsent == (dead ? SIZE / 2 : 0) || now_ms() - begin >= 20);
		CU_ASSERT(!dead || now_ms() - begin >= 20);
		if (!dead)
			pthread_join(t, NULL);
		send_frames(1, 2, 60);
		usleep(20000);
		CU_ASSERT_EQUAL(uplink_stats().tx_packets, SIZE / 2);
		tear_down();
	}
}

/* In a tenth of a second the data thread makes hardly a round. */
static bool sleeps(void)
{
	struct dp_stats before, after;

	dp_stats(dp, &before);
	usleep(100000);
	dp_stats(dp, &after);
	return after.rounds - before.rounds < 1000;
}

static void test_dead_passt(void)
{
	struct err e = {0};
	int s[2], least = 1;

	set_up();
	CU_ASSERT_FATAL(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s));
	CU_ASSERT(!setsockopt(s[0], SOL_SOCKET, SO_SNDBUF, &least, sizeof(least)));
	CU_ASSERT_EQUAL_FATAL(dp_uplink_fd(dp, "u0", s[0], DP_UPLINK_PASST, &e), 0);
	add_guest(0);
	dp_start(dp);
	/* nobody reads the socket: what is left over waits for room in it, asleep */
	send_frames(32, 2, 1500);
	for (int i = 0; i < 2000 && uplink_stats().tx_packets < 2; i++)
		usleep(500);
	CU_ASSERT(uplink_stats().tx_packets >= 2);
	for (int dead = 0; dead < 2; dead++) {
		/* on a busy machine it may have its turn, and fall asleep, late */
		for (int i = 0; i < 20 && !sleeps(); i++)
			;
		CU_ASSERT(sleeps());
		close(s[1]);
		s[1] = -1;
		CU_ASSERT(dead || uplink_fails());
	}
	tear_down();
}

/* n frames from passt to guest 0, of 60 bytes, as bytes of the stream from skip on and at most len. */
static void passt_sends(int s, uint32_t n, size_t skip, size_t len)
{
	uint8_t frame[64] = {0, 0, 0, 60, 0x52, 0x54, 0, 0, 0, 1, 0x52, 0x54, 0, 0, 0, 9};

	len = len < sizeof(frame) - skip ? len : sizeof(frame) - skip;
	while (n--)
		CU_ASSERT_EQUAL(write(s, frame + skip, len), (ssize_t)len);
}

static bool guest_got(uint16_t nth)
{
	for (int i = 0; i < 2000; i++) {
		if (__atomic_load_n(&guest[0].rx.used->idx, __ATOMIC_ACQUIRE) == nth)
			return true;
		usleep(500);
	}
	return false;
}

/* The ring holds its descriptors in order from the start. */
static void guest_adds(uint16_t n)
{
	struct ring_queue *q = &guest[0].rx;

	q->avail_idx = (uint16_t)(q->avail_idx + n);
	__atomic_store_n(&q->avail->idx, q->avail_idx, __ATOMIC_RELEASE);
}

static uint64_t guest_missed(void)
{
	struct dp_port_stats s = {0};

	dp_port_stats(dp, 0, &s);
	return s.drop_nobuf;
}

static void test_passt_waits(void)
{
	struct err e = {0};
	int s[2], left = 0;

	set_up();
	CU_ASSERT_FATAL(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s));
	CU_ASSERT_EQUAL_FATAL(dp_uplink_fd(dp, "u0", s[0], DP_UPLINK_PASST, &e), 0);
	add_guest(0);
	dp_start(dp);
	send_frames(1, 2, 60);	/* its address is learnt */
	for (int i = 0; i < 2000 && uplink_stats().tx_packets < 1; i++)
		usleep(500);
	passt_sends(s[1], 150, 0, 64);
	CU_ASSERT(guest_got(SIZE));
	guest_adds(SIZE);
	CU_ASSERT(guest_got(2 * SIZE));
	guest_adds(SIZE);
	CU_ASSERT(guest_got(150));
	CU_ASSERT_EQUAL(guest_missed(), 0);
	/* half a frame stays in the socket, for whoever reads it next */
	passt_sends(s[1], 1, 0, 20);
	usleep(20000);
	CU_ASSERT(!ioctl(s[0], FIONREAD, &left) && left == 20);
	passt_sends(s[1], 1, 20, 64);
	CU_ASSERT(guest_got(151));
	/* another guest does not wait with this one */
	add_guest(1);
	passt_sends(s[1], 100, 0, 64);
	CU_ASSERT(guest_got(3 * SIZE));
	for (int i = 0; i < 2000 && guest_missed() < 251 - 3 * SIZE; i++)
		usleep(100);
	CU_ASSERT_EQUAL(guest_missed(), 251 - 3 * SIZE);
	tear_down();
	close(s[1]);
}

static const struct unit_test tests[] = {
	{"keeps no guest from another while its ring stands still", test_stuck_ring},
	{"is not called, or elected, once it broke the rules", test_failed_stays_out},
	{"fails for a cookie that is no buffer's", test_bad_cookies},
	{"fails for more than there was", test_too_many},
	{"fails when it sends nothing for seconds", test_idle_driver},
	{"fails when it hands over nothing for seconds", test_idle_receiver},
	{"fails when it makes frames up", test_flood},
	{"sends what it took before it lets go", test_let_go},
	{"is looked at soon after the start", test_first_looks},
	{"filters VLANs once packets flow", test_filter},
	{"keeps what passt sent for a guest's buffers, unless another guest waits", test_passt_waits},
	{"sleeps while a passt socket is full, and when it is dead", test_dead_passt},
};
UNIT_MAIN("uplinks", tests)
