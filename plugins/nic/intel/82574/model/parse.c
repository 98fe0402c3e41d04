// SPDX-License-Identifier: Apache-2.0
/* Finds the IP and TCP or UDP headers of a received frame, and judges their checksums. */
#include "card.h"

#include <string.h>

#define ETH_IP4 0x0800
#define ETH_IP6 0x86dd
#define PROTO_UDP 17

uint32_t sum_bytes(const uint8_t *p, uint32_t n, uint32_t sum)
{
	uint64_t s = sum;

	for (; n > 1; p += 2, n -= 2)
		s += get16(p);
	if (n)
		s += (uint32_t)p[0] << 8;
	while (s >> 32)
		s = (s & 0xffffffff) + (s >> 32);
	return (uint32_t)s;
}

uint16_t sum_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void parse_ip4(const uint8_t *f, uint32_t n, struct packet *p)
{
	const uint8_t *ip = f + p->l3;
	uint32_t head = (uint32_t)(ip[0] & 15) * 4, total = get16(ip + 2);

	if (ip[0] >> 4 != 4 || head < 20 || total < head || total > n - p->l3)
		return;
	p->ipv4 = true;
	p->fragment = get16(ip + 6) & 0x3fff;
	p->protocol = ip[9];
	p->end = p->l3 + total;
	p->l4 = p->l3 + head;
}

static void parse_ip6(const uint8_t *f, uint32_t n, struct packet *p)
{
	const uint8_t *ip = f + p->l3;
	uint32_t payload = get16(ip + 4);

	if (ip[0] >> 4 != 6 || payload > n - p->l3 - 40)
		return;
	p->ipv6 = true;
	p->protocol = ip[6];
	p->end = p->l3 + 40 + payload;
	p->l4 = p->l3 + 40;
}

void parse(const uint8_t *f, uint32_t n, uint16_t vlan_type, struct packet *p)
{
	uint32_t at = 12;

	memset(p, 0, sizeof(*p));
	if (n >= 18 && get16(f + at) == vlan_type)
		at += 4;
	p->l3 = at + 2;
	if (n >= p->l3 + 20 && get16(f + at) == ETH_IP4)
		parse_ip4(f, n, p);
	else if (n >= p->l3 + 40 && get16(f + at) == ETH_IP6)
		parse_ip6(f, n, p);
}

bool ip_sum_ok(const uint8_t *f, const struct packet *p)
{
	return sum_fold(sum_bytes(f + p->l3, p->l4 - p->l3, 0)) == 0xffff;
}

bool l4_sum_ok(const uint8_t *f, const struct packet *p)
{
	uint32_t len = p->end - p->l4, sum = p->protocol + len;

	if (p->protocol == PROTO_UDP && get16(f + p->l4 + 4) < len)
		len = get16(f + p->l4 + 4), sum = p->protocol + len;
	if (p->ipv4)
		sum = sum_bytes(f + p->l3 + 12, 8, sum);
	else
		sum = sum_bytes(f + p->l3 + 8, 32, sum);
	return sum_fold(sum_bytes(f + p->l4, len, sum)) == 0xffff;
}
