// SPDX-License-Identifier: Apache-2.0
/* TCP segmentation: what the far end got is compared, byte by byte, with segments of our own. */
#include <stdlib.h>
#include <string.h>

#include "tests/plugin-host/frames.h"
#include "tests/plugin-host/tests.h"

#define WHOLE_MAX 65600u
#define NEEDS	  (VMHI_NIC_TX_TSO4 | VMHI_NIC_TX_CSUM | VMHI_NIC_TX_IP_CSUM)

struct shape {
	uint32_t payload, mss;
	uint8_t options, tcp_options, tcp_flags;
};

/* One segment and less, exact multiples, all the headers that there are, the largest packet. */
static const struct shape shapes[] = {
	{1, 1460, 0, 0, 0},	    {1460, 1460, 0, 0, 8},    {1461, 1460, 0, 12, 9},
	{2920, 1460, 0, 0, 1},	    {5000, 536, 8, 12, 9},    {3000, 64, 0, 0, 8},
	{20000, 1448, 0, 12, 0},    {65495, 1460, 0, 0, 9},   {65395, 1300, 40, 40, 9},
};

#define NSHAPES (sizeof(shapes) / sizeof(shapes[0]))

static struct ip_frame flow(const struct shape *s, uint32_t i)
{
	return (struct ip_frame){
		.dst = {2, 0, 0, 0, 0, 1}, .proto = IPPROTO_TCP_, .sport = 1000,
		.dport = (uint16_t)(6000 + i), .saddr = 0x0a000001, .daddr = 0x0a000002,
		.payload = s->payload, .options = s->options, .tcp_options = s->tcp_options,
		.tcp_flags = s->tcp_flags, .seq = 0xffffff00u + i};	/* wraps */
}

static struct vmhi_pkt ask(const struct ip_frame *f, uint32_t mss, int tci)
{
	return (struct vmhi_pkt){
		.flags = VMHI_PKT_TSO | VMHI_PKT_IPV4 | VMHI_PKT_TCP | VMHI_PKT_CSUM |
			 VMHI_PKT_IP_CSUM | (tci >= 0 ? VMHI_PKT_VLAN : 0),
		.vlan = (uint16_t)(tci >= 0 ? tci : 0),
		.mss = (uint16_t)mss,
		.l3_off = (uint16_t)f->l3_off,
		.l4_off = (uint16_t)f->l4_off,
		.csum_off = (uint16_t)f->csum_off,
		.hdr_len = (uint16_t)f->hdr_len,
	};
}

static bool same(const uint8_t *got, uint32_t got_len, const uint8_t *want, uint32_t len,
		 uint32_t i)
{
	CHECK(got_len == len || (len < 60 && got_len == 60), "segment %u has %u bytes, not %u", i,
	      got_len, len);
	for (uint32_t b = 0; b < len; b++)
		CHECK(got[b] == want[b], "segment %u: byte %u is %02x, not %02x", i, b, got[b],
		      want[b]);
	return true;
}

/* *at: of the far end's frames, the first of this packet; moved past its last. */
static bool segments_arrived(struct nic *n, const uint8_t *whole, const struct ip_frame *f,
			     uint32_t mss, int tci, uint32_t *at)
{
	static uint8_t want[NIC_FRAME], got[NIC_FRAME];
	uint32_t len, got_len;

	for (uint32_t i = 0; (len = frame_segment(want, whole, f, mss, i)); i++, ++*at) {
		if (tci >= 0)
			len = frame_tag(want, len, (uint16_t)tci);
		if (!peer_frame(n, *at, got, &got_len) || !same(got, got_len, want, len, i))
			return false;
		n->want[VMHI_STAT_TX_PACKETS]++;
		n->want[VMHI_STAT_TX_BYTES] += len;
	}
	return true;
}

/*
 * A card known to cut into IP fragments instead (QEMU 7.2's, where its wire has no header for
 * offloads): put together, they are the packet; its checksum then is nobody's business here.
 */
static bool fragments_arrived(struct nic *n, const uint8_t *whole, const struct ip_frame *f,
			      uint32_t *at)
{
	static uint8_t got[NIC_FRAME], all[WHOLE_MAX];
	uint32_t len, have = 0, want = f->hdr_len - f->l4_off + f->payload;

	for (bool more = true; more; ++*at) {
		if (!peer_frame(n, *at, got, &len))
			return false;
		const uint8_t *ip = got + f->l3_off;
		uint32_t off = (uint32_t)(ip[6] << 8 | ip[7]), ihl = (ip[0] & 15u) * 4;
		uint32_t part = (uint32_t)(ip[2] << 8 | ip[3]) - ihl;

		more = off & 0x2000;
		off = (off & 0x1fff) * 8;
		CHECK(off == have && off + part <= want && f->l3_off + ihl + part <= len,
		      "a fragment of %u bytes at %u, of %u", part, off, want);
		memcpy(all + off, ip + ihl, part);
		have += part;
	}
	all[f->csum_off] = whole[f->l4_off + f->csum_off];
	all[f->csum_off + 1] = whole[f->l4_off + f->csum_off + 1];
	CHECK(have == want && !memcmp(all, whole + f->l4_off, want), "the fragments are not it");
	return true;
}

/* A plain packet whose checksum is the card's, so that each change of contexts is seen. */
static bool one_checksum(struct nic *n, uint32_t queue, uint32_t i)
{
	struct ip_frame f = flow(&(struct shape){.payload = 100 + i}, i);
	struct vmhi_pkt like;
	uint8_t b[512];
	uint32_t len = frame_ip(b, &f);

	frame_for_offload(b, &f, true, true);
	like = ask(&f, 0, -1);
	like.flags &= ~VMHI_PKT_TSO;
	like.hdr_len = 0;
	return nic_send(n, queue, b, len, &like, 1);
}

static bool one(struct nic *n, const struct expect *x, const struct vmhi_mem *mem, uint32_t i,
		int tci)
{
	const struct shape *s = &shapes[i % NSHAPES];
	struct ip_frame f = flow(s, i);
	static uint8_t whole[WHOLE_MAX], plain[NIC_FRAME], got[NIC_FRAME];
	uint32_t len = frame_ip(whole, &f), nseg = 1 + 7 * i % (n->info.tx_segs - 1), at = 0;
	uint32_t got_len;
	struct vmhi_pkt like = ask(&f, s->mss, tci);

	if (nseg > NIC_SEGS)
		nseg = NIC_SEGS;
	while (len / nseg < f.hdr_len)	/* the headers in the first element */
		nseg--;
	memcpy(mem->va, whole, len);
	frame_for_tso(mem->va, &f);
	if (!peer_clear(n) || !nic_send_from(n, i % n->conf.tx_queues, mem, len, &like, nseg) ||
	    !one_checksum(n, i % n->conf.tx_queues, i) || !nic_drain(n))
		return false;
	if (x->ip_fragments ? !fragments_arrived(n, whole, &f, &at)
			    : !segments_arrived(n, whole, &f, s->mss, tci, &at))
		return failed("payload %u, MSS %u, headers %u, %u elements", s->payload, s->mss,
			      f.hdr_len, nseg);
	f = flow(&(struct shape){.payload = 100 + i}, i);
	len = frame_ip(plain, &f);
	return peer_frame(n, at, got, &got_len) && same(got, got_len, plain, len, 0);
}

static bool counted(struct nic *n)
{
	uint64_t v[VMHI_STAT_TX_BYTES + 1];

	n->nic->stats(n->dev, v, VMHI_STAT_TX_BYTES + 1);
	CHECK(v[VMHI_STAT_TX_PACKETS] == n->want[VMHI_STAT_TX_PACKETS],
	      "TX_PACKETS is %lu, not %lu", (long)v[VMHI_STAT_TX_PACKETS],
	      (long)n->want[VMHI_STAT_TX_PACKETS]);
	CHECK(v[VMHI_STAT_TX_BYTES] == n->want[VMHI_STAT_TX_BYTES], "TX_BYTES is %lu, not %lu",
	      (long)v[VMHI_STAT_TX_BYTES], (long)n->want[VMHI_STAT_TX_BYTES]);
	return true;
}

static bool rounds(struct nic *n, const struct expect *x, const struct nic_want *w, int tci)
{
	struct vmhi_mem mem;

	memset(n->want, 0, sizeof(n->want));
	if (!nic_open(n, w))
		return false;
	CHECK(!host_dma(n->h, WHOLE_MAX, &mem), "no memory for packets");
	for (uint32_t i = 0; i < 2 * NSHAPES; i++)
		if (!one(n, x, &mem, i, tci))
			return false;
	host_table.dma_free(n->h, mem.handle);
	return (x->ip_fragments || counted(n)) && nic_close(n);
}

static bool test_segments(struct nic *n, const struct expect *x)
{
	struct nic_want w = nic_want();

	w.features = NEEDS;
	w.depth = 64;	/* the ring's end inside packets */
	for (; w.tx_queues <= nic_some(n->info.tx_queues); w.tx_queues++)
		if (!rounds(n, x, &w, -1))
			return false;
	return true;
}

/* Every segment has the tag, whether received ones lose theirs or not. */
static bool test_tagged(struct nic *n, const struct expect *x)
{
	struct nic_want w = nic_want();

	if (x->ip_fragments)
		return lacking(n, "the card cuts into IP fragments");
	for (int strip = 0; strip < 2; strip++) {
		w.features = NEEDS | VMHI_NIC_TX_VLAN | (strip ? VMHI_NIC_RX_VLAN : 0);
		if (!rounds(n, x, &w, 0xe007))
			return false;
	}
	return true;
}

/* What the host does not name is not offered; segmentation alone is not acknowledged. */
static bool test_offer(struct nic *n, const struct expect *x)
{
	struct nic_want w = nic_want();
	struct vmhi_nic_info some = {.size = sizeof(some)};

	if (!nic_open(n, &w))
		return false;
	for (uint64_t known = 0; known <= NIC_FEATURES; known++) {
		some.features = known;
		CHECK(!n->nic->info(n->dev, &some) && !(some.features & ~known),
		      "of features %lx it offers %lx", (long)known, (long)some.features);
	}
	if (!nic_stop_queues(n))
		return false;
	n->conf.features = VMHI_NIC_TX_TSO4;
	CHECK(n->nic->configure(n->dev, &n->conf) == -VMHI_EINVAL,
	      "segmentation without checksums is taken");
	n->conf.tx_queues = n->conf.rx_queues = 0;
	return nic_close(n);
}

const struct nic_test tso_tests[] = {
	{"features", test_offer, ALONE},
	{"send-tso", test_segments, WIRE},
	{"send-tso-vlan", test_tagged, WIRE},
	{0},
};
