// SPDX-License-Identifier: Apache-2.0
#include "kernel/net/gso.h"

#include "kernel/net/copy.h"
#include "kernel/net/csum.h"

#define ETH_S_VLAN  __builtin_bswap16(0x88a8)
#define IP_FRAGMENT 0x3fffu	/* more fragments, or an offset */
#define TCP_CSUM    16		/* from the TCP header to its checksum */
#define TCP_FIN	    0x01u
#define TCP_PSH	    0x08u
#define TCP_URG	    0x20u
#define TCP_CWR	    0x80u

static uint32_t get16(const uint8_t *p)
{
	return __builtin_bswap16(load16(p));
}

static void put16(uint8_t *p, uint32_t v)
{
	store16(p, __builtin_bswap16((uint16_t)v));
}

/* The total length, if it says one: Windows leaves it 0 in what it gives away to be cut. */
static bool total_length_fits(uint32_t total, uint32_t len)
{
	return !total || total == len;
}

bool gso_accept(struct gso *g, uint32_t len, const struct gso_hdr *h, uint32_t frame_max)
{
	/* An outer tag (802.1ad), which the switch takes no notice of, is part of the link's header. */
	uint32_t outer = load16(g->data + 12) == ETH_S_VLAN ? 4 : 0;
	struct vmhi_pkt p = {.va = (uintptr_t)g->data + outer, .len = len - outer,
			     .l4_off = (uint16_t)(h->csum_start - outer),
			     .csum_off = h->csum_offset};
	const uint8_t *ip, *tcp = g->data + h->csum_start;

	if (!csum_describe(&p) || !(p.flags & VMHI_PKT_TCP) || p.len < p.l4_off + 20u)
		return false;
	g->l3_off = (uint16_t)(p.l3_off + outer);
	g->l4_off = h->csum_start;
	g->hdr_len = (uint16_t)(g->l4_off + (tcp[12] >> 4) * 4);
	g->mss = h->mss;
	ip = g->data + g->l3_off;
	if (g->l4_off < g->l3_off + 20 || (get16(ip + 6) & IP_FRAGMENT) ||
	    !total_length_fits(get16(ip + 2), len - g->l3_off) ||
	    g->hdr_len < g->l4_off + 20 || g->hdr_len >= len)
		return false;
	/* the MTU, and what a frame may have with two tags */
	if (!g->mss || g->hdr_len - g->l3_off + g->mss + 18u > frame_max ||
	    g->hdr_len + g->mss > frame_max)
		return false;
	g->at = g->hdr_len;
	g->len = len;
	return true;
}

/* Length and checksums of the segment with n bytes of payload behind these headers. */
static void finish_headers(const struct gso *g, uint8_t *to, uint32_t n)
{
	uint8_t *ip = to + g->l3_off, *tcp = to + g->l4_off;
	uint32_t tcp_len = g->hdr_len - g->l4_off + n;

	put16(ip + 2, g->hdr_len - g->l3_off + n);
	store16(ip + 10, 0);
	store16(ip + 10, (uint16_t)~csum_sum(ip, g->l4_off - g->l3_off, 0));
	/* of the pseudo-header: addresses, protocol, length (RFC 9293 3.1) */
	store16(tcp + TCP_CSUM, csum_sum(ip + 12, 8, __builtin_bswap16((uint16_t)(ip[9])) +
					 (uint64_t)__builtin_bswap16((uint16_t)tcp_len)));
}

/* The headers in g->data become those of the segment that is n bytes of payload further on. */
static void advance(struct gso *g, uint32_t n)
{
	uint8_t *id = g->data + g->l3_off + 4, *tcp = g->data + g->l4_off;
	uint32_t urgent = get16(tcp + 18);

	put16(id, get16(id) + 1);
	store32(tcp + 4, __builtin_bswap32(__builtin_bswap32(load32(tcp + 4)) + n));
	tcp[13] &= (uint8_t)~TCP_CWR;	/* told once (RFC 3168 6.1.2) */
	if (!(tcp[13] & TCP_URG))
		return;
	if (urgent <= n)
		tcp[13] &= (uint8_t)~TCP_URG;
	put16(tcp + 18, urgent > n ? urgent - n : 0);
}

static uint32_t cut_one(struct gso *g, uint8_t *to)
{
	uint32_t left = g->len - g->at, n = left < g->mss ? left : g->mss;

	memcpy(to, g->data, g->hdr_len);
	memcpy(to + g->hdr_len, g->data + g->at, n);
	finish_headers(g, to, n);
	g->at += n;
	if (n < left) {
		to[g->l4_off + 13] &= (uint8_t)~(TCP_FIN | TCP_PSH);
		advance(g, n);
	}
	return g->hdr_len + n;
}

uint32_t gso_cut(struct gso *g, struct pool *pool, struct vmhi_pkt *pkt, uint32_t max)
{
	uint32_t n;

	for (n = 0; n < max && pool->nfree && g->at < g->len; n++) {
		uint64_t cookie = pool->free[--pool->nfree];

		pool_describe(pool, cookie, cut_one(g, pool_data(pool, cookie)), 1, &pkt[n]);
		pkt[n].flags = VMHI_PKT_CSUM;
		pkt[n].l4_off = g->l4_off;
		pkt[n].csum_off = TCP_CSUM;
	}
	if (g->at == g->len)
		g->len = 0;
	return n;
}
