// SPDX-License-Identifier: Apache-2.0
/* Packets given to the driver, whole or in segments, until their cookies are back. */
#include <string.h>
#include <unistd.h>

#include "tests/plugin-host/nic.h"

static bool all_back(struct nic *n)
{
	return !n->tx_inflight;
}

bool nic_drain(struct nic *n)
{
	CHECK(nic_until(n, all_back, 2000), "%u packets sent did not come back in 2 s",
	      n->tx_inflight);
	return true;
}

static int free_buffer(struct nic *n)
{
	for (uint32_t i = 0; i < NIC_TXBUFS; i++) {
		n->tx_next = (n->tx_next + 1) % NIC_TXBUFS;
		if (!n->tx_busy[n->tx_next])
			return (int)n->tx_next;
	}
	return -1;
}

/* Gives the packet to the plugin, waiting for room in the ring if there is none. */
static bool hand_over(struct nic *n, uint32_t queue, const struct vmhi_pkt *pkt, uint32_t nseg)
{
	uint32_t took = 0;

	for (int i = 0; i < 20000 && !took && !n->h->gone; i++) {
		n->h->queue_call = "tx";
		took = n->nic->tx(n->txq[queue], pkt, nseg);
		n->h->queue_call = NULL;
		if (took)
			break;
		nic_poll(n);
		usleep(i > 1000 ? 50 : 0);
	}
	if (!took && n->h->gone)
		return false;
	CHECK(took == nseg, "tx took %u of %u elements", took, nseg);
	return true;
}

static bool send_from(struct nic *n, uint32_t queue, int num, const struct vmhi_mem *mem,
		      uint64_t at, uint32_t len, const struct vmhi_pkt *like, uint32_t nseg)
{
	struct vmhi_pkt pkt[NIC_SEGS] = {0};
	uint32_t off = 0;

	if (like)
		pkt[0] = *like;
	pkt[0].cookie = (uint64_t)num ^ 0xc0ffee00000000ull;
	pkt[0].nseg = (uint16_t)nseg;
	for (uint32_t i = 0; i < nseg; i++) {
		uint32_t part = i + 1 == nseg ? len - off : len / nseg;

		/* begins inside the buffer, at an odd place */
		pkt[i].data_off = i & 1 ? 3 : 0;
		pkt[i].iova = mem->iova + at + off - pkt[i].data_off;
		pkt[i].va = (uintptr_t)mem->va + at + off - pkt[i].data_off;
		pkt[i].len = part;
		pkt[i].room = part + pkt[i].data_off;
		pkt[i].flags |= i + 1 < nseg ? VMHI_PKT_MORE : 0;
		off += part;
	}
	if (!hand_over(n, queue, pkt, nseg))
		return false;
	n->tx_busy[num] = true;
	n->tx_inflight++;
	return true;
}

bool nic_send(struct nic *n, uint32_t queue, const uint8_t *data, uint32_t len,
	      const struct vmhi_pkt *like, uint32_t nseg)
{
	int num = free_buffer(n);
	uint64_t at = (uint64_t)num * NIC_FRAME;

	nseg = nseg < n->info.tx_segs ? nseg : n->info.tx_segs;
	CHECK(num >= 0, "no buffer to send from");
	memcpy((uint8_t *)n->txbuf.va + at, data, len);
	if (!send_from(n, queue, num, &n->txbuf, at, len, like, nseg))
		return false;
	if (like && (like->flags & VMHI_PKT_VLAN))
		len += 4;
	n->want[VMHI_STAT_TX_PACKETS]++;
	n->want[VMHI_STAT_TX_BYTES] += len;
	if (data[0] & 1)
		n->want[data[0] == 0xff ? VMHI_STAT_TX_BROADCAST : VMHI_STAT_TX_MULTICAST]++;
	return true;
}

bool nic_send_from(struct nic *n, uint32_t queue, const struct vmhi_mem *mem, uint32_t len,
		   const struct vmhi_pkt *like, uint32_t nseg)
{
	int num = free_buffer(n);

	CHECK(num >= 0, "too many packets on their way");
	return send_from(n, queue, num, mem, 0, len, like, nseg);
}
