// SPDX-License-Identifier: Apache-2.0
/* Sending: what the far end got is fetched from it, and judged byte by byte. */
#include <string.h>

#include "tests/plugin-host/frames.h"
#include "tests/plugin-host/tests.h"

static const uint8_t far_end[6] = {2, 0, 0, 0, 0, 1};

/* The far end's frame i is this one; a shorter one may be padded to 60: not every
 * emulated wire asks for that. */
static bool arrived(struct nic *n, uint32_t i, const uint8_t *f, uint32_t len)
{
	static uint8_t got[NIC_FRAME];
	uint32_t got_len;

	if (!nic_drain(n) || !peer_frame(n, i, got, &got_len))
		return false;
	CHECK(got_len == len || (len < 60 && got_len == 60), "a frame of %u bytes arrived as %u",
	      len, got_len);
	for (uint32_t b = 0; b < len; b++)
		CHECK(got[b] == f[b], "byte %u of a frame of %u is %02x, not %02x", b, len, got[b],
		      f[b]);
	return true;
}

static bool sizes(struct nic *n, uint32_t queue, uint32_t from, uint32_t to, uint32_t step)
{
	uint8_t f[NIC_FRAME];
	uint32_t i = 0;

	if (!peer_clear(n))
		return false;
	for (uint32_t len = from; len <= to; len += step, i++) {
		frame_plain(f, far_end, 0x88b6, len);
		if (!nic_send(n, queue, f, len, NULL, 1 + i % 16) || !arrived(n, i, f, len))
			return false;
	}
	return true;
}

static bool test_sizes(struct nic *n, const struct expect *x)
{
	struct nic_want w = nic_want();

	return nic_open(n, &w) && sizes(n, 0, 40, 1514, 67) && sizes(n, 0, 1514, 1514, 1) &&
	       nic_close(n);
}

static bool test_jumbo(struct nic *n, const struct expect *x)
{
	struct nic_want w = nic_want();

	w.mtu = 9000;
	return nic_open(n, &w) && sizes(n, 0, 1514, 9014, 750) && sizes(n, 0, 9014, 9014, 1) &&
	       nic_close(n);
}

/* Many in a row, over ring ends, on every queue; all arrive in order, every cookie comes back. */
static bool test_batches(struct nic *n, const struct expect *x)
{
	struct nic_want w = nic_want();
	uint8_t f[1514], got[NIC_FRAME];
	uint32_t len, count;

	w.tx_queues = nic_some(n->info.tx_queues);
	w.depth = 64;
	if (!nic_open(n, &w))
		return false;
	for (uint32_t q = 0; q < w.tx_queues; q++) {
		if (!peer_clear(n))
			return false;
		for (uint32_t i = 0; i < 1000; i++) {
			frame_plain(f, far_end, 0x88b6, 100);
			memcpy(f + 14, &i, sizeof(i));
			if (!nic_send(n, q, f, 100, NULL, 1 + i % 3))
				return false;
		}
		if (!nic_drain(n) || !peer_count(n, &count))
			return false;
		CHECK(count == 1000, "%u of 1000 frames arrived from queue %u", count, q);
		for (uint32_t i = 0; i < 1000; i += 111) {
			if (!peer_frame(n, i, got, &len))
				return false;
			CHECK(!memcmp(got + 14, &i, sizeof(i)), "frame %u is out of order", i);
		}
	}
	return nic_close(n);
}

/* Both ways at once, on all queues, in frames of every size, without an error counter moving. */
static bool test_both_ways(struct nic *n, const struct expect *x)
{
	struct nic_want w = nic_want();
	uint64_t v[VMHI_STAT_TX_ERR + 1];
	uint32_t count, arrived = 0;
	uint8_t f[1514];

	w.tx_queues = nic_some(n->info.tx_queues);
	w.rx_queues = nic_some(n->info.rx_queues);
	if (!nic_open(n, &w) || !peer_clear(n))
		return false;
	for (uint32_t i = 0; i < 3000; i++) {
		frame_plain(f, far_end, 0x88b6, 60 + i % 1455);
		if (!nic_send(n, i % w.tx_queues, f, 60 + i % 1455, NULL, 1 + i % 5))
			return false;
		if (i % 100)
			continue;
		frame_plain(f, n->info.mac, 0x88b6, 14);
		if (!peer_inject(n, f, 14, 60 + i % 1455, 100))
			return false;
		arrived += n->ninbox;
		nic_forget_inbox(n);
	}
	if (!nic_drain(n) || !peer_count(n, &count))
		return false;
	CHECK(count == 3000 && arrived == 3000, "%u and %u frames arrived of 3000 each way", count,
	      arrived);
	n->nic->stats(n->dev, v, VMHI_STAT_TX_ERR + 1);
	for (int i = VMHI_STAT_RX_NO_BUFFER; i <= VMHI_STAT_TX_ERR; i++)
		CHECK(!v[i], "error counter %d is %lu", i, (long)v[i]);
	return nic_close(n);
}

static struct vmhi_pkt offloads(const struct ip_frame *f, uint32_t flags)
{
	uint32_t kind = f->proto == IPPROTO_TCP_ ? VMHI_PKT_TCP : VMHI_PKT_UDP;

	return (struct vmhi_pkt){.flags = flags | VMHI_PKT_IPV4 | kind,
				 .l3_off = (uint16_t)f->l3_off,
				 .l4_off = flags & VMHI_PKT_CSUM ? (uint16_t)f->l4_off : 0,
				 .csum_off = flags & VMHI_PKT_CSUM ? (uint16_t)f->csum_off : 0};
}

/* Frame i of a series that goes through protocols, tags, options and offloads */
static bool one_checksum(struct nic *n, uint32_t queue, uint32_t i, uint32_t at)
{
	static const uint32_t flags[] = {VMHI_PKT_CSUM, VMHI_PKT_IP_CSUM,
					 VMHI_PKT_CSUM | VMHI_PKT_IP_CSUM};
	struct ip_frame f = {.proto = i & 1 ? IPPROTO_TCP_ : IPPROTO_UDP_,
			     .options = i & 2 ? 8 : 0, .vid = i & 4 ? 7 : 0, .sport = 1000,
			     .dport = (uint16_t)(5000 + i), .saddr = 0x0a000001,
			     .daddr = 0x0a000002 + i, .payload = 19 + 31 * i};
	uint8_t right[2048], asked[2048];
	struct vmhi_pkt like;
	uint32_t len;

	memcpy(f.dst, far_end, 6);
	len = frame_ip(right, &f);
	memcpy(asked, right, len);
	frame_for_offload(asked, &f, flags[i % 3] & VMHI_PKT_CSUM, flags[i % 3] & VMHI_PKT_IP_CSUM);
	like = offloads(&f, flags[i % 3]);
	return nic_send(n, queue, asked, len, &like, 1 + i % 3) && arrived(n, at, right, len);
}

/* Per packet, so that the plugin may not lean on the one before it. */
static bool test_checksums(struct nic *n, const struct expect *x)
{
	struct nic_want w = nic_want();
	uint32_t at = 0;

	w.features = VMHI_NIC_TX_CSUM | VMHI_NIC_TX_IP_CSUM;
	for (; w.tx_queues <= nic_some(n->info.tx_queues); w.tx_queues++, at = 0) {
		if (!nic_open(n, &w) || !peer_clear(n))
			return false;
		for (uint32_t i = 0; i < 48; i++) {
			/* i / 2: the same again, so that a context may be used twice */
			if (!one_checksum(n, i % w.tx_queues, i / 2, at++))
				return false;
		}
		if (!nic_close(n))
			return false;
	}
	return true;
}

static bool one_vlan(struct nic *n, uint32_t i, uint16_t tci)
{
	struct ip_frame f = {.proto = IPPROTO_UDP_, .sport = 9, .dport = 10, .saddr = 0x0a000001,
			     .daddr = 0x0a000002, .payload = 100};
	uint8_t right[2048], asked[2048];
	struct vmhi_pkt like;
	uint32_t len;

	memcpy(f.dst, far_end, 6);
	len = frame_ip(asked, &f);
	memcpy(right, asked, len);
	frame_for_offload(asked, &f, true, true);
	like = offloads(&f, VMHI_PKT_CSUM | VMHI_PKT_IP_CSUM);
	like.flags |= VMHI_PKT_VLAN;
	like.vlan = tci;
	return nic_send(n, 0, asked, len, &like, 1 + i % 3) &&
	       arrived(n, i, right, frame_tag(right, len, tci));
}

/* Tags put in, together with checksums, with and without taking them out on the way in. */
static bool test_vlan(struct nic *n, const struct expect *x)
{
	static const uint16_t tci[] = {1, 7, 4094, 0xe007};
	struct nic_want w = nic_want();

	for (int strip = 0; strip < 2; strip++) {
		w.features = VMHI_NIC_TX_VLAN | VMHI_NIC_TX_CSUM | VMHI_NIC_TX_IP_CSUM |
			     (strip ? VMHI_NIC_RX_VLAN : 0);
		if (!nic_open(n, &w) || !peer_clear(n))
			return false;
		for (uint32_t i = 0; i < 12; i++)
			if (!one_vlan(n, i, tci[i % 4]))
				return false;
		if (!nic_close(n))
			return false;
	}
	return true;
}

const struct nic_test send_tests[] = {
	{"send-sizes", test_sizes, WIRE},
	{"send-batches", test_batches, WIRE},
	{"send-both-ways", test_both_ways, WIRE},
	{"send-checksums", test_checksums, WIRE},
	{"send-vlan", test_vlan, WIRE},
	{"send-jumbo", test_jumbo, WIRE},
	{0},
};
