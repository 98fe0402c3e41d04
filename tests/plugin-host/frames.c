// SPDX-License-Identifier: Apache-2.0
/* Ethernet frames made and judged in software: RFC 791, 768, 9293, 1071; IEEE 802.1Q. */
#include "tests/plugin-host/frames.h"

#include <string.h>

#include "tests/plugin-host/peer.h"

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

static uint32_t get16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t sum(const uint8_t *p, uint32_t len, uint32_t s)
{
	for (uint32_t i = 0; i + 1 < len; i += 2)
		s += get16(p + i);
	if (len & 1)
		s += (uint32_t)p[len - 1] << 8;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return s;
}

void frame_plain(uint8_t *out, const uint8_t *dst, uint16_t type, uint32_t len)
{
	memcpy(out, dst, 6);
	memcpy(out + 6, (const uint8_t[6]){2, 0, 0, 0, 0, 2}, 6);
	put16(out + 12, type);
	for (uint32_t i = 14; i < len; i++)
		out[i] = peer_pattern(i);
}

uint32_t frame_tag(uint8_t *frame, uint32_t len, uint16_t tci)
{
	memmove(frame + 16, frame + 12, len - 12);
	put16(frame + 12, 0x8100);
	put16(frame + 14, tci);
	return len + 4;
}

static uint32_t pseudo(const uint8_t *ip, uint32_t l4_len)
{
	return sum(ip + 12, 8, ip[9] + l4_len);
}

uint32_t frame_ip(uint8_t *out, struct ip_frame *f)
{
	uint32_t l4_head = f->proto == IPPROTO_TCP_ ? 20u + f->tcp_options : 8;
	uint32_t ihl = 20u + f->options;
	uint32_t l4_len = l4_head + f->payload, len;
	uint8_t *ip, *l4;

	frame_plain(out, f->dst, 0x0800, 14);
	f->l3_off = f->vid ? frame_tag(out, 14, f->vid) : 14;
	f->l4_off = f->l3_off + ihl;
	f->csum_off = f->proto == IPPROTO_TCP_ ? 16 : 6;
	f->hdr_len = f->l4_off + l4_head;
	ip = out + f->l3_off;
	l4 = out + f->l4_off;
	memset(ip, 0, ihl + l4_head);
	memset(ip + 20, 1, f->options);	/* no-operation */
	ip[0] = (uint8_t)(0x40 | ihl / 4);
	put16(ip + 2, ihl + l4_len);
	ip[6] = f->fragment ? 0x20 : 0;
	ip[8] = 64;
	ip[9] = f->proto;
	put32(ip + 12, f->saddr);
	put32(ip + 16, f->daddr);
	put16(ip + 10, ~sum(ip, ihl, 0));
	put16(l4, f->sport);
	put16(l4 + 2, f->dport);
	if (f->proto == IPPROTO_TCP_) {
		put32(l4 + 4, f->seq);
		put16(l4 + 12, l4_head / 4 << 12 | 0x10 | f->tcp_flags);
		memset(l4 + 20, 1, f->tcp_options);
	} else {
		put16(l4 + 4, l4_len);
	}
	len = f->l4_off + l4_len;
	for (uint32_t i = f->l4_off + l4_head; i < len; i++)
		out[i] = peer_pattern(i);
	put16(l4 + f->csum_off, ~sum(l4, l4_len, pseudo(ip, l4_len)));
	return len;
}

void frame_for_offload(uint8_t *frame, const struct ip_frame *f, bool l4, bool ip)
{
	uint32_t l4_len = (f->proto == IPPROTO_TCP_ ? 20 : 8) + f->payload;

	if (l4)
		put16(frame + f->l4_off + f->csum_off, pseudo(frame + f->l3_off, l4_len));
	if (ip)
		put16(frame + f->l3_off + 10, 0);
}

void frame_for_tso(uint8_t *frame, const struct ip_frame *f)
{
	put16(frame + f->l4_off + f->csum_off, pseudo(frame + f->l3_off, 0));
	put16(frame + f->l3_off + 10, 0);
}

uint32_t frame_segment(uint8_t *out, const uint8_t *frame, const struct ip_frame *f, uint32_t mss,
		       uint32_t i)
{
	uint32_t from = i * mss, left = from < f->payload ? f->payload - from : 0;
	uint32_t n = left < mss ? left : mss, l4_len = f->hdr_len - f->l4_off + n;
	uint8_t *ip = out + f->l3_off, *tcp = out + f->l4_off;

	if (!n)
		return 0;
	memcpy(out, frame, f->hdr_len);
	memcpy(out + f->hdr_len, frame + f->hdr_len + from, n);
	put16(ip + 2, f->l4_off - f->l3_off + l4_len);
	put16(ip + 4, get16(frame + f->l3_off + 4) + i);
	put32(tcp + 4, f->seq + from);
	if (left > mss)
		tcp[13] &= 0xf6;	/* neither FIN nor PSH */
	put16(ip + 10, 0);
	put16(ip + 10, ~sum(ip, f->l4_off - f->l3_off, 0));
	put16(tcp + 16, 0);
	put16(tcp + 16, ~sum(tcp, l4_len, pseudo(ip, l4_len)));
	return f->hdr_len + n;
}

bool frame_sums_right(const uint8_t *frame, uint32_t len)
{
	const uint8_t *ip = frame + (get16(frame + 12) == 0x8100 ? 18 : 14);
	uint32_t ihl = (ip[0] & 0xf) * 4u, total = get16(ip + 2);

	if (total < ihl || (uint32_t)(ip - frame) + total > len)
		return false;
	return sum(ip, ihl, 0) == 0xffff &&
	       sum(ip + ihl, total - ihl, pseudo(ip, total - ihl)) == 0xffff;
}
