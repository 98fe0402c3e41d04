// SPDX-License-Identifier: Apache-2.0
#include "kernel/net/csum.h"

#include "kernel/net/copy.h"

uint16_t csum_sum(const uint8_t *p, uint32_t n, uint64_t s)
{
	for (; n >= 8; p += 8, n -= 8)
		s += (uint64_t)load32(p) + load32(p + 4);
	for (; n >= 2; p += 2, n -= 2)
		s += load16(p);
	if (n)
		s += *p;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)s;
}

void csum_complete(struct vmhi_pkt *pkt)
{
	uint8_t *l4 = (uint8_t *)(uintptr_t)pkt->va + pkt->data_off + pkt->l4_off;
	uint16_t s = csum_sum(l4, pkt->len - pkt->l4_off, 0);

	/* RFC 768: a UDP checksum that comes out as 0 is sent as all ones; so for TCP, where the
	 * two are the same to the receiver. */
	store16(l4 + pkt->csum_off, s == 0xffff ? 0xffff : (uint16_t)~s);
	pkt->flags &= ~VMHI_PKT_CSUM;
}

int csum_describe(struct vmhi_pkt *pkt)
{
	const uint8_t *eth = (const uint8_t *)(uintptr_t)pkt->va + pkt->data_off;
	uint32_t l3 = 14, proto;

	if (load16(eth + 12) == __builtin_bswap16(0x8100))
		l3 = 18;
	if (pkt->len < l3 + 20 || load16(eth + l3 - 2) != __builtin_bswap16(0x0800) ||
	    eth[l3] >> 4 != 4 || l3 + (eth[l3] & 15u) * 4 != pkt->l4_off)
		return 0;
	proto = eth[l3 + 9];
	if (!(proto == 6 && pkt->csum_off == 16) && !(proto == 17 && pkt->csum_off == 6))
		return 0;
	pkt->l3_off = (uint16_t)l3;
	pkt->flags |= VMHI_PKT_IPV4 | (proto == 6 ? VMHI_PKT_TCP : VMHI_PKT_UDP);
	return 1;
}
