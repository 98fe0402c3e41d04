// SPDX-License-Identifier: Apache-2.0
/*
 * Frames that guests leave to us to cut: their segments, what a guest may claim of them, and how
 * they come out of rings of both kinds.
 */
#include <linux/virtio_net.h>

#include "kernel/net/csum.h"
#include "tests/unit/ring-guest.h"
#include "tests/unit/tcp-frame.h"

#define F_TSO	  (1ull << VIRTIO_NET_F_HOST_TSO4)
#define F_PACKED  (1ull << 34)
#define FRAME_MAX 1518u

static struct gso gso;
static uint8_t frame[GSO_MAX + 64];
static struct gso_hdr said;	/* what a guest says that does as it should */

static uint32_t build(const struct shape *s)
{
	said = (struct gso_hdr){(uint16_t)s->mss, (uint16_t)l4(s), 16};
	return build_frame(s, frame);
}

/* A segment is described as the switch wants it, and is right once its checksum is complete. */
static bool is_right(const struct shape *s, struct vmhi_pkt *p, uint32_t at, uint32_t nth)
{
	bool good = p->flags == VMHI_PKT_CSUM && p->l4_off == l4(s) && p->csum_off == 16 &&
		    p->nseg == 1;

	csum_complete(p);
	return good && is_segment(s, (const uint8_t *)(uintptr_t)p->va, p->len, at, nth);
}

/* All segments of the frame in g, so many at a time. */
static bool cuts_well(const struct shape *s, struct gso *g, uint32_t batch)
{
	uint32_t at = 0, nth = 0, n;
	bool good = true;

	while (good && g->len) {
		n = gso_cut(g, &pool, pkt, batch);
		good = n == batch || !g->len;
		for (uint32_t i = 0; i < n; i++, at += s->mss)
			good &= at < s->payload && is_right(s, &pkt[i], at, nth++);
		pool_put(&pool, pkt, n);
	}
	return good && at >= s->payload && pool.nfree == pool.usable;
}

static bool accepts(uint32_t len)
{
	memcpy(gso.data, frame, len);
	gso.len = 0;
	return gso_accept(&gso, len, &said, FRAME_MAX);
}

static const struct shape shapes[] = {
	{0, 0, 0, 65495, 1460, ACK | PSH, 0},	/* the longest packet */
	{0x8100, 0, 12, 65483, 1448, ACK | PSH | FIN, 0},
	{0, 40, 40, 30000, 1380, ACK | CWR, 0},	/* the longest headers, a full MTU */
	{0x8100, 8, 20, 4321, 100, ACK | PSH | CWR, 0},
	{0, 0, 0, 2920, 1460, ACK, 0},		/* no rest */
	{0, 0, 0, 2921, 1460, ACK | FIN, 0},	/* a rest of one byte */
	{0, 0, 0, 100, 1460, ACK | PSH, 0},		/* nothing to cut */
	{0, 0, 0, 1, 1, ACK, 0},
	{0x88a8, 0, 12, 20000, 1448, ACK, 0},
	{0, 0, 0, 777, 1, ACK | PSH, 0},
	{0, 0, 12, 5000, 1448, ACK | URG, 1448},	/* the urgent data ends with the first */
	{0, 0, 12, 5000, 1448, ACK | URG, 3000},
};
#define SHAPES (sizeof(shapes) / sizeof(shapes[0]))

static void set_up(void)
{
	guest_memory();
}

static void test_segments(void)
{
	set_up();
	for (size_t i = 0; i < SHAPES; i++)
		for (uint32_t batch = 1; batch <= VQ_BATCH; batch += 31) {
			CU_ASSERT_FATAL(accepts(build(&shapes[i])));
			CU_ASSERT(cuts_well(&shapes[i], &gso, batch));
		}
	tear_down();
}

/* Without buffers it waits where it is, and goes on when some are back. */
static void test_no_buffers(void)
{
	uint32_t had;

	set_up();
	had = pool.nfree;
	CU_ASSERT_FATAL(accepts(build(&shapes[4])));
	pool.nfree = 1;
	CU_ASSERT_EQUAL(gso_cut(&gso, &pool, pkt, VQ_BATCH), 1);
	CU_ASSERT(gso.len && is_right(&shapes[4], &pkt[0], 0, 0));
	CU_ASSERT_EQUAL(gso_cut(&gso, &pool, pkt, VQ_BATCH), 0);
	CU_ASSERT(gso.len);
	pool.nfree = had - 1;
	CU_ASSERT_EQUAL(gso_cut(&gso, &pool, pkt + 1, VQ_BATCH - 1), 1);
	CU_ASSERT(!gso.len && is_right(&shapes[4], &pkt[1], 1460, 1));
	CU_ASSERT_EQUAL(gso_cut(&gso, &pool, pkt, VQ_BATCH), 0);
	tear_down();
}

/* Some guests leave the total length 0: each segment gets its own all the same. */
static void test_no_length(void)
{
	uint32_t len;

	set_up();
	len = build(&shapes[1]);
	put(frame + l3(&shapes[1]) + 2, 0, 2);
	CU_ASSERT_FATAL(accepts(len));
	CU_ASSERT(cuts_well(&shapes[1], &gso, VQ_BATCH));
	tear_down();
}

/* What is refused: each changes one thing of a frame that is accepted, and its length by so much. */
static void no_mss(void) { said.mss = 0; }
static void huge_mss(void) { said.mss = 65535; }
static void mss_above_mtu(void) { said.mss = 1461; }
static void csum_elsewhere(void) { said.csum_start += 2; }
static void csum_before(void) { said.csum_start = 0; }
static void csum_beyond(void) { said.csum_start = 65535; }
static void csum_of_udp(void) { said.csum_offset = 6; }
static void csum_far(void) { said.csum_offset = 65535; }
static void no_ip(void) { frame[12] = 0x86; }
static void ip_v6(void) { frame[14] = 0x65; }
static void two_tags(void) { put(frame + 12, 0x8100000a, 4); put(frame + 16, 0x8100000a, 4); }
static void outer_tag_only(void) { put(frame + 12, 0x88a8, 2); }
static void udp(void) { frame[23] = 17; }
static void short_ip_header(void) { frame[14] = 0x44; said.csum_start = 30; }
static void no_ip_header(void) { frame[14] = 0x40; said.csum_start = 14; }
static void long_ip_header(void) { frame[14] = 0x4f; }
static void total_above(void) { put(frame + 16, 3041, 2); }
static void total_below(void) { put(frame + 16, 3039, 2); }
static void fragment(void) { frame[20] |= 0x20; }
static void fragment_later(void) { frame[21] |= 1; }
static void short_tcp_header(void) { frame[46] = 0x40; }
static void nothing(void) {}
static void empty(void) { put(frame + 16, 40, 2); }
static void one_byte(void) { put(frame + 16, 1, 2); }
static void headers_only(void) { frame[46] = 0xf0; put(frame + 16, 80, 2); }

static const struct {
	void (*spoil)(void);
	uint32_t len;		/* 0: all of it */
} bad[] = {
	{no_mss, 0}, {huge_mss, 0}, {mss_above_mtu, 0}, {csum_elsewhere, 0}, {csum_before, 0},
	{csum_beyond, 0}, {csum_of_udp, 0}, {csum_far, 0}, {no_ip, 0}, {ip_v6, 0}, {two_tags, 0},
	{outer_tag_only, 0}, {outer_tag_only, 14},
	{udp, 0}, {short_ip_header, 0}, {no_ip_header, 0}, {long_ip_header, 0}, {total_above, 0},
	{total_below, 0}, {fragment, 0}, {fragment_later, 0}, {short_tcp_header, 0},
	/* cut off behind the address, in the IP header, in TCP's, in its options, before the payload */
	{one_byte, 14}, {nothing, 33}, {nothing, 53}, {headers_only, 94}, {empty, 54},
};

static void test_hostile(void)
{
	static const struct shape s = {.payload = 3000, .mss = 1460, .flags = ACK};

	set_up();
	CU_ASSERT(accepts(build(&s)));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint32_t len = build(&s);

		bad[i].spoil();
		CU_ASSERT(!accepts(bad[i].len ? bad[i].len : len));
		CU_ASSERT_EQUAL(gso.len, 0);
	}
	tear_down();
}

static const struct vring_packed_desc *packed_ring(void)
{
	return (const void *)base;
}

static void open_queue(uint64_t features)
{
	guest_memory();
	guest_queue(features, base, base + 4096, base + 8192,
		    features & F_PACKED ? (struct vq_state){0x8000, 0x8000} : (struct vq_state){0});
	vq.gso = &gso;
	gso.len = 0;
}

static uint16_t put_at;

/* A chain of pieces of this many bytes each, from the guest's memory at buffer n; its id is n. */
static void offer(uint64_t features, uint32_t n, uint32_t len, uint32_t piece)
{
	uint64_t at = GPA + BUF_AT + n * 4096;
	uint16_t head = put_at;

	for (; len; len -= piece, at += piece) {
		uint16_t i = put_at++, more;

		piece = piece < len ? piece : len;
		more = piece < len ? VRING_DESC_F_NEXT : 0;
		if (features & F_PACKED)
			((struct vring_packed_desc *)base)[i] =
				(struct vring_packed_desc){at, piece, (uint16_t)n, more | 0x80};
		else
			((struct vring_desc *)base)[i] = (struct vring_desc){at, piece, more, i + 1};
	}
	if (!(features & F_PACKED)) {
		struct vring_avail *avail = (void *)(base + 4096);

		avail->ring[avail->idx++] = head;
	}
}

/* The frame behind its header at buffer n. */
static uint32_t place(uint32_t n, uint32_t len, uint8_t flags, uint8_t type)
{
	struct virtio_net_hdr_v1 h = {.flags = flags, .gso_type = type, .hdr_len = 0xffff,
				      .gso_size = said.mss, .csum_start = said.csum_start,
				      .csum_offset = said.csum_offset};

	memcpy(base + BUF_AT + n * 4096, &h, VQ_HDR);
	memcpy(base + BUF_AT + n * 4096 + VQ_HDR, frame, len);
	return len + VQ_HDR;
}

static uint32_t used_entries(uint64_t features)
{
	uint32_t n = 0;

	if (!(features & F_PACKED))
		return ((const struct vring_used *)(base + 8192))->idx;
	while (n < put_at && (packed_ring()[n].flags & 0x8080) == 0x8080)
		n++;
	return n;
}

/* A plain frame, one to be cut, two plain ones: the batch ends behind the second. */
static void one_among_others(uint64_t features, uint32_t piece)
{
	static const struct shape shape[] = {{.payload = 40000, .mss = 1460, .flags = ACK},
					     {.payload = 1200, .mss = 500, .flags = ACK}};
	bool in_order = features & F_ORDER;

	for (int i = 0; i < 2; i++) {
		uint32_t len;

		open_queue(features);
		put_at = 0;
		offer(features, 0, (frame_at(0, 60), VQ_HDR + 60), 4096);
		len = build(&shape[i]);
		offer(features, 1, place(1, len, VIRTIO_NET_HDR_F_NEEDS_CSUM,
					 VIRTIO_NET_HDR_GSO_TCPV4), piece);
		for (uint32_t k = 20; k < 22; k++)
			offer(features, k, (frame_at(k, 70), VQ_HDR + 70), 4096);
		CU_ASSERT_EQUAL(vq.take(&vq, &pool, pkt, VQ_BATCH), 1);
		CU_ASSERT(is_frame(&pkt[0], 0, 60));
		CU_ASSERT_FATAL(gso.len == len);
		CU_ASSERT(used_entries(features) >= (in_order && features & F_PACKED ? 1 : 2));
		pool_put(&pool, pkt, 1);
		CU_ASSERT(cuts_well(&shape[i], &gso, VQ_BATCH));
		CU_ASSERT_EQUAL(vq.take(&vq, &pool, pkt, VQ_BATCH), 2);
		CU_ASSERT(is_frame(&pkt[0], 20, 70) && is_frame(&pkt[1], 21, 70));
		CU_ASSERT_EQUAL(vq.take(&vq, &pool, pkt, VQ_BATCH), 0);
		CU_ASSERT(vq.run && !vq.bad);
		tear_down();
	}
}

static void test_rings(void)
{
	static const uint64_t features[] = {0, F_EVENT, F_ORDER, F_PACKED, F_PACKED | F_ORDER};
	static const uint32_t piece[] = {65536, 4096, 1000};

	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++)
		for (size_t k = 0; k < sizeof(piece) / sizeof(piece[0]); k++)
			one_among_others(F_CSUM | F_TSO | features[i], piece[k]);
}

/* One frame, which is refused while the queue goes on, in one piece and in several. */
static void refused(uint64_t features, uint32_t len, uint8_t flags, uint8_t type)
{
	for (uint32_t piece = 2000; piece <= 80000; piece += 78000)
		for (int packed = 0; packed < 2; packed++) {
			uint64_t f = features | (packed ? F_PACKED : 0);

			open_queue(f);
			put_at = 0;
			offer(f, 0, place(0, len, flags, type), piece);
			CU_ASSERT_EQUAL(vq.take(&vq, &pool, pkt, VQ_BATCH), 0);
			CU_ASSERT(vq.run && vq.bad == 1 && !gso.len);
			CU_ASSERT(used_entries(f) > 0 && pool.nfree == pool.usable);
			tear_down();
		}
}

static void test_refused(void)
{
	static const struct shape s = {.payload = 1200, .mss = 500, .flags = ACK};
	uint8_t csum = VIRTIO_NET_HDR_F_NEEDS_CSUM, tcp = VIRTIO_NET_HDR_GSO_TCPV4;
	uint64_t both = F_CSUM | F_TSO;
	uint32_t len = build(&s);

	refused(0, len, csum, tcp);			/* not negotiated */
	refused(F_CSUM, len, csum, tcp);
	refused(F_TSO, len, csum, tcp);
	refused(both, len, 0, tcp);			/* without its checksum */
	refused(both, len, csum, VIRTIO_NET_HDR_GSO_TCPV6);
	refused(both, len, csum, VIRTIO_NET_HDR_GSO_UDP);
	refused(both, len, csum, tcp | VIRTIO_NET_HDR_GSO_ECN);
	refused(both, 13, csum, tcp);
	said.mss = 0;
	refused(both, len, csum, tcp);
	refused(both, sizeof(frame), csum, tcp);	/* longer than there is room for */
	said.mss = 500;
	refused(both, GSO_MAX + 1, csum, tcp);
}

static const struct unit_test tests[] = {
	{"cuts frames into the segments that a sender would send", test_segments},
	{"waits for buffers", test_no_buffers},
	{"takes a frame that does not say its length", test_no_length},
	{"believes nothing that a guest says of a frame", test_hostile},
	{"takes them from rings of both kinds, among others", test_rings},
	{"refuses what was not negotiated", test_refused},
};
UNIT_MAIN("segmentation", tests)
