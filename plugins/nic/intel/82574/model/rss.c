// SPDX-License-Identifier: Apache-2.0
/* Receive-side scaling: the Toeplitz hash over addresses and ports, and the queue it selects. */
#include "card.h"

#include <string.h>

#define PROTO_TCP 6

static uint32_t toeplitz(struct card *c, const uint8_t *in, uint32_t n)
{
	uint8_t key[40];
	uint32_t hash = 0, window;
	uint32_t next = 32;

	/* The key's first byte is the lowest of RSSRK[0]. */
	for (int i = 0; i < 40; i++)
		key[i] = (uint8_t)(*reg(c, RSSRK + (i & ~3u)) >> i % 4 * 8);
	window = get32(key);
	for (uint32_t i = 0; i < n * 8; i++, next++) {
		if (in[i / 8] & 0x80 >> i % 8)
			hash ^= window;
		window = window << 1 | (key[next / 8 % 40] >> (7 - next % 8) & 1);
	}
	return hash;
}

struct rss_result rss_hash(struct card *c, const uint8_t *frame, const struct packet *p)
{
	uint32_t mrqc = *reg(c, MRQC), alen = p->ipv4 ? 8 : 32;
	struct rss_result r = {0, 0, 0};
	bool tcp = p->protocol == PROTO_TCP && !p->fragment && p->l4 && p->end - p->l4 >= 20;
	uint8_t in[36];

	if ((mrqc & 3) != 1 || (!p->ipv4 && !p->ipv6))
		return r;
	if (p->ipv4)
		r.type = tcp && mrqc & MRQC_TCP4 ? 1 : mrqc & MRQC_IP4 ? 2 : 0;
	else
		r.type = tcp && mrqc & MRQC_TCP6 ? 3 : mrqc & MRQC_IP6 ? 5 : 0;
	if (!r.type)
		return r;
	memcpy(in, frame + p->l3 + (p->ipv4 ? 12 : 8), alen);
	if (r.type == 1 || r.type == 3) {
		memcpy(in + alen, frame + p->l4, 4);
		alen += 4;
	}
	r.hash = toeplitz(c, in, alen);
	r.queue = (uint8_t)(*reg(c, RETA + (r.hash & 0x7c)) >> (r.hash & 3) * 8 >> 7 & 1);
	return r;
}
