// SPDX-License-Identifier: Apache-2.0
/* What is done to a packet on its way out: checksums, the VLAN tag, TCP and UDP segmentation. */
#include "card.h"

#include <string.h>

#define CMD_IC	(1u << 26)	/* legacy: insert checksum */
#define CMD_TSE	(1u << 26)	/* extended: segment */
#define CMD_DEXT (1u << 29)
#define CMD_VLE	(1u << 30)
#define OPT_IP	1
#define OPT_L4	2
#define TCP_FIN 0x01
#define TCP_PSH 0x08

/* The sum over [start, end], end 0 meaning the packet's, goes to offset, which counts as it is. */
static void insert_sum(uint8_t *p, uint32_t n, uint32_t start, uint32_t offset, uint32_t end,
		       bool udp)
{
	uint16_t sum;

	if (!end || end >= n)
		end = n - 1;
	if (start > end || offset + 2 > n)
		return;
	sum = (uint16_t)~sum_fold(sum_bytes(p + start, end - start + 1, 0));
	put16(p + offset, udp && !sum ? 0xffff : sum);
}

static void checksums(uint8_t *p, uint32_t n, const struct tx_context *x, uint8_t options)
{
	if (options & OPT_IP) {
		if (x->ip_offset + 2u <= n)
			put16(p + x->ip_offset, 0);
		insert_sum(p, n, x->ip_start, x->ip_offset, x->ip_end, false);
	}
	if (options & OPT_L4)
		insert_sum(p, n, x->l4_start, x->l4_offset, x->l4_end, !x->tcp);
}

/* The lengths, ids, sequence numbers and flags of segment i in its copy of the headers. */
static void patch_headers(uint8_t *p, const struct tx_context *x, uint32_t i, uint32_t at,
			  uint32_t n, bool last)
{
	uint8_t *ip = p + x->ip_start, *l4 = p + x->l4_start;
	uint32_t l4_len = x->header_len - x->l4_start + n;

	if (x->ipv4) {
		put16(ip + 2, x->header_len - x->ip_start + n);
		put16(ip + 4, get16(ip + 4) + i);
	} else {
		put16(ip + 4, x->header_len - x->ip_start - 40u + n);
	}
	if (x->tcp) {
		put32(l4 + 4, get32(l4 + 4) + at);
		if (!last)
			l4[13] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
	} else {
		put16(l4 + 4, l4_len);
	}
	/* The pseudo header that software summed has no length in it. */
	put16(p + x->l4_offset,
	      sum_fold((uint32_t)get16(p + x->l4_offset) + l4_len));
}

static bool context_ok(const struct tx_context *x, uint32_t n)
{
	uint32_t h = x->header_len, l4 = x->tcp ? 20 : 8;

	return x->mss && h <= n && x->ip_start >= 14 && x->ip_start + (x->ipv4 ? 20u : 40u) <= h &&
	       x->l4_start > x->ip_start && x->l4_start + l4 <= h && x->l4_offset + 2u <= h;
}

static void segments(struct card *c, struct tx_queue *q, int tag)
{
	const struct tx_context *x = &q->context[1];
	static uint8_t p[MODEL_FRAME_MAX];
	uint32_t total = q->len, at = 0;

	if (x->header_len + x->payload_len < total)
		total = x->header_len + x->payload_len;
	if (!context_ok(x, total) || x->header_len + (uint32_t)x->mss > sizeof(p))
		return;
	total -= x->header_len;
	for (uint32_t i = 0; at < total; i++) {
		uint32_t n = total - at < x->mss ? total - at : x->mss;

		memcpy(p, q->data, x->header_len);
		memcpy(p + x->header_len, q->data + x->header_len + at, n);
		patch_headers(p, x, i, at, n, at + n == total);
		checksums(p, x->header_len + n, x, q->options);
		tx_frame(c, p, x->header_len + n, tag);
		at += n;
	}
	stats_add(c, S_TSCTC, 1);
}

void segment_send(struct card *c, struct tx_queue *q)
{
	bool tagged = q->first & CMD_VLE && *reg(c, CTRL) & CTRL_VME;
	int tag = tagged ? q->tag : -1;

	if (q->len < 14)
		return;
	if (q->first & CMD_DEXT) {
		if (q->first & CMD_TSE) {
			segments(c, q, tag);
			return;
		}
		checksums(q->data, q->len, &q->context[0], q->options);
	} else if (q->first & CMD_IC) {
		/* Offset in bits 16 to 23 of the command word; the start was put in options. */
		insert_sum(q->data, q->len, q->options, q->first >> 16 & 0xff, 0, false);
	}
	tx_frame(c, q->data, q->len, tag);
}
