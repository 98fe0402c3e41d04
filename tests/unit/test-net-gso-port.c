// SPDX-License-Identifier: Apache-2.0
/* Frames to be cut on their way from one guest to another: what is negotiated, allowed, and counted. */
#include <errno.h>
#include <linux/virtio_net.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/ring.h"
#include "kernel/lib/log.h"
#include "kernel/net/dataplane.h"
#include "tests/unit/cunit.h"
#include "tests/unit/tcp-frame.h"

#define SIZE	 128
#define BASIC	 (RING_VERSION_1 | RING_MERGEABLE)
#define CSUM	 (1ull << VIRTIO_NET_F_CSUM)
#define TSO	 (1ull << VIRTIO_NET_F_HOST_TSO4)

static const struct shape longest = {.tcp_options = 12, .payload = 65483, .mss = 1448,
				     .flags = ACK | PSH};

static struct event_loop *loop;
static struct dataplane *dp;
static struct ring_client guest[2];
static void *room;

static void pump(void)
{
	while (event_loop_once(loop, 0) > 0)
		;
}

static void add_guest(int i, const struct dp_port_conf *conf, uint64_t features)
{
	struct dp_port_conf pc = *conf;
	struct err e = {0};
	int s[2];

	pc.name[0] = (char)('0' + i);
	CU_ASSERT_EQUAL_FATAL(dp_port_add(dp, &pc, &e), 0);
	CU_ASSERT_FATAL(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s));
	CU_ASSERT_EQUAL_FATAL(dp_port_connect(dp, pc.name, s[0], &e), 0);
	guest[i] = (struct ring_client){.pump = pump};
	CU_ASSERT_EQUAL_FATAL(ring_open(&guest[i], s[1], features, SIZE), 0);
	guest[i].rx.avail->idx = guest[i].rx.avail_idx = SIZE;
	CU_ASSERT_EQUAL_FATAL(ring_start(&guest[i]), 0);
}

/* Guest 0 has such a port and sends with such features. */
static void set_up_alone(const struct dp_port_conf *conf, uint64_t features)
{
	struct dp_conf dc = {.mem.len = 1u << 20};
	struct err e = {0};

	log_set_level(LOG_ERROR);
	loop = event_loop_new();
	dc.mem.va = room = aligned_alloc(64, dc.mem.len);
	dp = dp_new(loop, &dc, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(dp);
	dp_start(dp);
	add_guest(0, conf, features);
}

/* Guest 1 gets its frames as they are on a wire. */
static void set_up(const struct dp_port_conf *conf, uint64_t features)
{
	set_up_alone(conf, features);
	add_guest(1, &(struct dp_port_conf){.vlan = conf->vlan}, BASIC);
}

static void tear_down(void)
{
	struct dp_stats s;

	for (int i = 0; i < 2; i++)
		if (guest[i].pump)
			ring_close(&guest[i]);
	memset(guest, 0, sizeof(guest));
	pump();
	dp_pause(dp);
	dp_stats(dp, &s);
	CU_ASSERT_EQUAL(s.buffers, s.buffers_free);
	dp_resume(dp);
	dp_free(dp);
	event_loop_free(loop);
	free(room);
}

/* Guest 0 sends it, in pieces of 4 KiB as Linux does. */
static void send_frame(const struct shape *s)
{
	struct ring_queue *q = &guest[0].tx;
	struct virtio_net_hdr_v1 h = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
		.gso_size = (uint16_t)s->mss, .hdr_len = (uint16_t)headers(s),
		.csum_start = (uint16_t)l4(s), .csum_offset = 16,
	};
	uint32_t left = RING_HDR + build_frame(s, q->buf + RING_HDR), n;
	uint64_t gpa = q->buf_gpa;

	memcpy(q->buf, &h, RING_HDR);
	for (uint16_t i = 0; left; left -= n, gpa += n, i++) {
		n = left < 4096 ? left : 4096;
		q->desc[i] = (struct vring_desc){gpa, n, left > n ? VRING_DESC_F_NEXT : 0,
						 (uint16_t)(i + 1)};
	}
	q->avail->ring[q->avail_idx++ & (SIZE - 1)] = 0;
	__atomic_store_n(&q->avail->idx, q->avail_idx, __ATOMIC_RELEASE);
	eventfd_write(q->kick, 1);
}

/* Waits until guest 0's frame is gone and its port has taken so many. */
static struct dp_port_stats sent(uint64_t packets)
{
	struct dp_port_stats s = {0};

	for (int i = 0; i < 2000; i++) {
		pump();
		dp_port_stats(dp, 0, &s);
		if (s.rx_packets + s.drop_bad == packets)
			break;
		usleep(500);
	}
	/* what is counted may be on its way yet: the round ends */
	dp_pause(dp);
	dp_resume(dp);
	CU_ASSERT_EQUAL(s.rx_packets + s.drop_bad, packets);
	return s;
}

static uint32_t segments(const struct shape *s)
{
	return (s->payload + s->mss - 1) / s->mss;
}

/* Guest 1 got the first n segments, and nothing else. */
static bool received(const struct shape *s, uint32_t n)
{
	const struct ring_queue *q = &guest[1].rx;
	bool good = q->used->idx == n;

	for (uint32_t i = 0; i < n && good; i++) {
		const struct vring_used_elem *u = &q->used->ring[i];

		good = is_segment(s, q->buf + u->id * RING_STRIDE + RING_HDR, u->len - RING_HDR,
				  i * s->mss, i);
	}
	return good;
}

static void test_offered(void)
{
	set_up(&(struct dp_port_conf){0}, BASIC | CSUM | TSO);
	CU_ASSERT_EQUAL(guest[0].features & (CSUM | TSO), CSUM | TSO);
	tear_down();
	/* who does not want it, or not what it stands on, has frames like these refused */
	for (int i = 0; i < 2; i++) {
		set_up(&(struct dp_port_conf){0}, BASIC | (i ? TSO : CSUM));
		send_frame(&longest);
		CU_ASSERT_EQUAL(sent(1).drop_bad, 1);
		CU_ASSERT(received(&longest, 0));
		tear_down();
	}
}

static void test_delivered(void)
{
	static const struct dp_port_conf conf[] = {{.vlan = 0}, {.vlan = 10},
						   {.mac = {0x52, 0x54, 0, 0, 0, 1}}};
	uint32_t n = segments(&longest);

	for (size_t i = 0; i < sizeof(conf) / sizeof(conf[0]); i++) {
		struct dp_port_stats s;

		set_up(&conf[i], BASIC | CSUM | TSO);
		send_frame(&longest);
		s = sent(n);
		CU_ASSERT(received(&longest, n));
		CU_ASSERT_EQUAL(s.rx_bytes, longest.payload + n * headers(&longest));
		CU_ASSERT_EQUAL(s.drop_spoof + s.drop_vlan + s.drop_rate + s.drop_bad, 0);
		tear_down();
	}
}

/* A trunk's own tag goes into each segment, and out of it for a port of that VLAN. */
static void test_trunk(void)
{
	const struct dp_port_conf conf = {.trunk = {10}, .ntrunk = 1};
	struct shape s = longest;

	set_up_alone(&conf, BASIC | CSUM | TSO);
	add_guest(1, &(struct dp_port_conf){.vlan = 10}, BASIC);
	s.tag = 0x8100;
	send_frame(&s);
	sent(segments(&s));
	s.tag = 0;
	CU_ASSERT(received(&s, segments(&s)));
	tear_down();
}

/* n bytes of a stream, as they come. */
static bool read_all(int fd, uint8_t *to, size_t n)
{
	for (int i = 0; n && i < 2000; i++) {
		ssize_t r = recv(fd, to, n, MSG_DONTWAIT);

		if (r > 0) {
			to += r;
			n -= (size_t)r;
		} else {
			usleep(500);
		}
	}
	return !n;
}

/* passt's socket takes little at a time: what it does not take waits, and comes whole and in order. */
static void test_uplink(void)
{
	const struct dp_port_conf conf = {.mac = {0x52, 0x54, 0, 0, 0, 1}};
	uint8_t frame[4 + 1514];
	int s[2], least = 1;
	struct err e = {0};

	set_up_alone(&conf, BASIC | CSUM | TSO);
	CU_ASSERT_FATAL(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s));
	CU_ASSERT(!setsockopt(s[0], SOL_SOCKET, SO_SNDBUF, &least, sizeof(least)));
	CU_ASSERT_EQUAL_FATAL(dp_uplink_fd(dp, "u0", s[0], DP_UPLINK_PASST, &e), 0);
	send_frame(&longest);
	for (uint32_t at = 0, nth = 0; at < longest.payload; at += longest.mss, nth++) {
		CU_ASSERT_FATAL(read_all(s[1], frame, 4) && get(frame, 4) <= 1514);
		CU_ASSERT_FATAL(read_all(s[1], frame + 4, get(frame, 4)));
		CU_ASSERT(is_segment(&longest, frame + 4, get(frame, 4), at, nth));
	}
	CU_ASSERT(recv(s[1], frame, 1, MSG_DONTWAIT) < 0);
	close(s[1]);
	tear_down();
}

/* What the port may not send is dropped a segment at a time: each is asked for on its own. */
static void test_not_allowed(void)
{
	const struct dp_port_conf other = {.mac = {0x52, 0x54, 0, 0, 0, 9}};
	const struct dp_port_conf slow = {.rate = 1000, .burst = 65536};
	uint32_t n = segments(&longest), fit = 65536 / (headers(&longest) + longest.mss);
	struct dp_port_stats s;

	set_up(&other, BASIC | CSUM | TSO);
	send_frame(&longest);
	CU_ASSERT_EQUAL(sent(n).drop_spoof, n);
	CU_ASSERT(received(&longest, 0));
	tear_down();
	/* a bucket as large as the frame: the headers of its segments are too much for it */
	set_up(&slow, BASIC | CSUM | TSO);
	send_frame(&longest);
	s = sent(n);
	CU_ASSERT(s.drop_rate > 0 && s.drop_rate <= n - fit);
	tear_down();
}

static const struct unit_test tests[] = {
	{"is offered, and used by nobody else", test_offered},
	{"delivers segments as the guest would have sent them", test_delivered},
	{"keeps a trunk's tag in each", test_trunk},
	{"delivers them to passt, as fast as it takes them", test_uplink},
	{"is no way around what a port may send", test_not_allowed},
};
UNIT_MAIN("segmentation for ports", tests)
