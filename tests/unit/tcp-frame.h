/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Long TCP frames as a guest leaves them to its device to cut, and whether what came of them are the
 * segments that the guest would have sent itself, by arithmetic of this file's own, a byte at a time.
 */
#ifndef TESTS_UNIT_TCP_FRAME_H
#define TESTS_UNIT_TCP_FRAME_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define FIN	  0x01u
#define PSH	  0x08u
#define ACK	  0x10u
#define URG	  0x20u
#define CWR	  0x80u
#define SEQ	  0xfffff000u	/* wraps around within a frame */
#define ID	  0xfff8u

struct shape {
	uint32_t tag;				/* its EtherType, or 0 */
	uint32_t ip_options, tcp_options;	/* bytes */
	uint32_t payload, mss;
	uint32_t flags, urgent;			/* of the TCP header */
};

static inline void put(uint8_t *p, uint32_t v, uint32_t n)
{
	while (n--)
		*p++ = (uint8_t)(v >> 8 * n);
}

static inline uint32_t get(const uint8_t *p, uint32_t n)
{
	uint32_t v = 0;

	while (n--)
		v = v << 8 | *p++;
	return v;
}

static inline uint8_t payload_byte(uint32_t i)
{
	return (uint8_t)(i * 31 + (i >> 8) * 7 + 3);
}

static inline uint32_t l3(const struct shape *s)
{
	return s->tag ? 18 : 14;
}

static inline uint32_t l4(const struct shape *s)
{
	return l3(s) + 20 + s->ip_options;
}

static inline uint32_t headers(const struct shape *s)
{
	return l4(s) + 20 + s->tcp_options;
}

/* Options are a row of ones: no-operations. */
static inline void build_ip(const struct shape *s, uint8_t *ip)
{
	memset(ip, 1, 20 + s->ip_options);
	put(ip, 0x4000 | (5 + s->ip_options / 4) << 8, 2);
	put(ip + 2, headers(s) - l3(s) + s->payload, 2);
	put(ip + 4, ID << 16 | 0x4000, 4);	/* do not fragment */
	put(ip + 8, 64 << 24 | 6 << 16 | 0xdead, 4);
	put(ip + 12, 0x0a000001, 4);
	put(ip + 16, 0x0a0000fe, 4);
}

static inline void build_tcp(const struct shape *s, uint8_t *tcp)
{
	memset(tcp, 1, 20 + s->tcp_options);
	put(tcp, 40000u << 16 | 5001, 4);
	put(tcp + 4, SEQ, 4);
	put(tcp + 8, 77, 4);
	put(tcp + 12, (5 + s->tcp_options / 4) << 12 | s->flags, 2);
	put(tcp + 14, 1000, 2);
	put(tcp + 16, 0xbeef0000 | s->urgent, 4);
}

/* The frame, from station 1 to station 2, with checksums that say nothing. Returns its length. */
static inline uint32_t build_frame(const struct shape *s, uint8_t *frame)
{
	memcpy(frame, "\x52\x54\0\0\0\2\x52\x54\0\0\0\1", 12);
	if (s->tag)
		put(frame + 12, s->tag << 16 | 10, 4);
	put(frame + l3(s) - 2, 0x0800, 2);
	build_ip(s, frame + l3(s));
	build_tcp(s, frame + l4(s));
	for (uint32_t i = 0; i < s->payload; i++)
		frame[headers(s) + i] = payload_byte(i);
	return headers(s) + s->payload;
}

static inline uint32_t ones_sum(const uint8_t *p, uint32_t n, uint32_t s)
{
	for (uint32_t i = 0; i < n; i++) {
		s += i % 2 ? p[i] : (uint32_t)p[i] << 8;
		s = (s & 0xffff) + (s >> 16);
	}
	return s;
}

static inline bool is_ip(const struct shape *s, const uint8_t *ip, uint32_t len, uint32_t nth)
{
	uint8_t as_built[60];

	build_ip(s, as_built);
	put(as_built + 2, len, 2);
	put(as_built + 4, ID + nth, 2);
	memcpy(as_built + 10, ip + 10, 2);
	return !memcmp(ip, as_built, 20 + s->ip_options) &&
	       ones_sum(ip, 20 + s->ip_options, 0) == 0xffff;
}

static inline bool is_tcp(const struct shape *s, const uint8_t *tcp, uint32_t at, bool last)
{
	uint32_t urgent = s->flags & URG && s->urgent > at ? s->urgent - at : 0;
	uint8_t as_built[60];

	build_tcp(s, as_built);
	put(as_built + 4, SEQ + at, 4);
	if (!last)
		as_built[13] &= (uint8_t)~(FIN | PSH);
	if (at)
		as_built[13] &= (uint8_t)~CWR;
	if (!urgent)
		as_built[13] &= (uint8_t)~URG;
	memcpy(as_built + 16, tcp + 16, 2);
	put(as_built + 18, urgent, 2);
	return !memcmp(tcp, as_built, 20 + s->tcp_options);
}

/* Whether f is the nth segment, that which begins with this byte of payload, checksums and all. */
static inline bool is_segment(const struct shape *s, const uint8_t *f, uint32_t len, uint32_t at,
			      uint32_t nth)
{
	uint32_t n = s->payload - at < s->mss ? s->payload - at : s->mss;
	const uint8_t *ip = f + l3(s), *tcp = f + l4(s);
	uint8_t as_built[18 + 60 + 60 + 65536];

	if (len != headers(s) + n)
		return false;
	build_frame(s, as_built);
	return !memcmp(f, as_built, l3(s)) && is_ip(s, ip, len - l3(s), nth) &&
	       is_tcp(s, tcp, at, at + n == s->payload) &&
	       ones_sum(tcp, len - l4(s), ones_sum(ip + 12, 8, 6 + len - l4(s))) == 0xffff &&
	       !memcmp(f + headers(s), as_built + headers(s) + at, n);
}

#endif
