// SPDX-License-Identifier: Apache-2.0
/* Reception by the 82574L: descriptors, checksum verdicts, filters, tags, long frames, RSS. */
#include "tests/unit/card-driver.h"

void test_rx_legacy(void)
{
	const uint32_t *d;
	uint8_t f[1000];

	bring_up(0x8000, 0);
	card_r32(GPRC);
	make_frame(f, 1000, 2);
	card_wire_send(f, 1000);
	d = received(RX_RING, false);
	CU_ASSERT_PTR_NOT_NULL_FATAL(d);
	CU_ASSERT_EQUAL(d[2] & 0xffff, 1000);
	CU_ASSERT_EQUAL(d[3] & 0xff83, 0x03);	/* DD and EOP, no error, exact match */
	CU_ASSERT_EQUAL(memcmp(card_mem + RX_BUFFER(0), f, 1000), 0);
	CU_ASSERT_EQUAL(card_r32(RX(0x10)), 1);
	CU_ASSERT_EQUAL(card_r32(GPRC), 1);
	/* With its FCS, when it is not stripped; QEMU gives that a descriptor of its own. */
	if (card_is_qemu)
		return;
	card_w32(RCTL, 0x8002);
	card_wire_send(f, 1000);
	d = received(RX_RING, false);
	CU_ASSERT_TRUE(d && (d[2] & 0xffff) == 1004);
}

static void send_ip(uint8_t protocol, int spoil)
{
	uint8_t f[512];
	size_t n = make_ip(f, protocol, 200);

	finish_ip(f, n);
	if (spoil)
		f[spoil] ^= 0x40;
	card_wire_send(f, n);
}

static void expect_extended(uint32_t bits, uint32_t wanted)
{
	const uint32_t *d = received(RX_RING, true);

	CU_ASSERT_PTR_NOT_NULL_FATAL(d);
	CU_ASSERT_EQUAL(d[2] & bits, wanted);
}

void test_rx_checksums(void)
{
	const uint32_t bits = 0x60000077;	/* IPE, TCPE; IPCS, TCPCS, UDPCS, IXSM, EOP, DD */

	bring_up(0x8000, 0x8000);
	card_w32(RXCSUM, 0x300);
	send_ip(6, 0);
	expect_extended(bits, 0x63);
	send_ip(6, 100);
	expect_extended(bits, 0x20000063);
	send_ip(6, 19);
	expect_extended(bits, 0x40000063);
	send_ip(17, 0);
	expect_extended(bits & ~0x20u, 0x53);
	send_ip(17, 100);
	expect_extended(bits & ~0x20u, 0x20000053);
}

/* What a filter lets pass is told by what comes first: the frame, or the one sent after it. */
static bool passes(const uint8_t dst[6], int tag)
{
	uint8_t f[100];
	const uint32_t *d;

	make_frame(f, 80, 9);
	memcpy(f, dst, 6);
	if (tag >= 0) {
		put16(f + 12, 0x8100);
		put16(f + 14, (uint32_t)tag);
	}
	card_wire_send(f, 80);
	make_frame(f, 100, 10);
	card_wire_send(f, 100);
	d = received(RX_RING, true);
	if (!d || (d[3] & 0xffff) == 100)
		return false;
	d = received(RX_RING, true);
	CU_ASSERT_TRUE(d && (d[3] & 0xffff) == 100);
	return true;
}

void test_rx_filters(void)
{
	static const uint8_t ours[6] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};
	static const uint8_t second[6] = {2, 0x11, 0x22, 0x33, 0x44, 0x55};
	static const uint8_t multi[6] = {1, 0, 0x5e, 1, 2, 3};
	static const uint8_t broad[6] = {255, 255, 255, 255, 255, 255};
	uint32_t hash = 3u << 4 | 2 >> 4;

	bring_up(0, 0x8000);
	CU_ASSERT_TRUE(passes(ours, -1));
	CU_ASSERT_FALSE(passes(second, -1));
	card_w32(RAL0 + 8, 0x33221102);
	card_w32(RAL0 + 12, 0x80005544);
	CU_ASSERT_TRUE(passes(second, -1));
	card_w32(RAL0 + 12, 0x00005544);
	CU_ASSERT_FALSE(passes(second, -1));
	CU_ASSERT_FALSE(passes(broad, -1));
	CU_ASSERT_FALSE(passes(multi, -1));
	card_w32(MTA + hash / 32 * 4, 1u << hash % 32);
	CU_ASSERT_TRUE(passes(multi, -1));
	card_w32(MTA + hash / 32 * 4, 0);
	card_w32(RCTL, 0x04008002);
	CU_ASSERT_TRUE(passes(broad, -1));
	card_w32(RCTL, 0x04000012);
	CU_ASSERT_TRUE(passes(multi, -1));
	CU_ASSERT_FALSE(passes(second, -1));
	card_w32(RCTL, 0x0400000a);
	CU_ASSERT_TRUE(passes(second, -1));
	/* VLANs: only those in the table. */
	card_w32(RCTL, 0x04040002);
	CU_ASSERT_FALSE(passes(ours, 100));
	card_w32(VFTA + 100 / 32 * 4, 1u << 100 % 32);
	CU_ASSERT_TRUE(passes(ours, 100));
	CU_ASSERT_FALSE(passes(ours, 101));
	CU_ASSERT_TRUE(passes(ours, -1));
}

void test_rx_vlan_strip(void)
{
	const uint32_t *d;
	uint8_t f[200];

	bring_up(0, 0x8000);
	card_w32(CTRL, card_r32(CTRL) | VME);
	make_frame(f, 200, 4);
	put16(f + 12, 0x8100);
	put16(f + 14, 0x6123);
	card_wire_send(f, 200);
	d = received(RX_RING, true);
	CU_ASSERT_PTR_NOT_NULL_FATAL(d);
	CU_ASSERT_EQUAL(d[2] & 0xb, 0xb);	/* VP */
	CU_ASSERT_EQUAL(d[3], 0x6123u << 16 | 196);
	CU_ASSERT_EQUAL(memcmp(card_mem + RX_BUFFER(0), f, 12), 0);
	CU_ASSERT_EQUAL(memcmp(card_mem + RX_BUFFER(0) + 12, f + 16, 184), 0);
}

void test_rx_long(void)
{
	static uint8_t f[9014];
	const uint32_t *d;
	uint32_t at = 0;

	bring_up(0, 0x8000);
	make_frame(f, sizeof(f), 6);
	CU_ASSERT_TRUE(received_nothing(RX_RING, true));
	card_wire_send(f, 1600);
	CU_ASSERT_TRUE(received_nothing(RX_RING, true));
	card_w32(RCTL, 0x04000022);
	card_wire_send(f, sizeof(f));
	for (int i = 0; i < 5; i++) {
		d = received(RX_RING, true);
		CU_ASSERT_PTR_NOT_NULL_FATAL(d);
		CU_ASSERT_EQUAL(d[2] & 3, i < 4 ? 1 : 3);
		CU_ASSERT_EQUAL(d[3] & 0xffff, i < 4 ? 2048 : 9014 - 4 * 2048);
		CU_ASSERT_EQUAL(memcmp(card_mem + RX_BUFFER(i), f + at, d[3] & 0xffff), 0);
		at += d[3] & 0xffff;
	}
}

void test_rss(void)
{
	static const uint8_t key[40] = {
		0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43,
		0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb,
		0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01,
		0xfa};
	const uint32_t *d;
	uint8_t f[512];
	size_t n;

	bring_up(0x8000, 0x8000);
	for (uint32_t i = 0; i < 10; i++)
		card_w32(RSSRK + 4 * i, key[4 * i] | (uint32_t)key[4 * i + 1] << 8 |
				       (uint32_t)key[4 * i + 2] << 16 |
				       (uint32_t)key[4 * i + 3] << 24);
	for (uint32_t i = 0; i < 32; i++)
		card_w32(RETA + 4 * i, 0x80008000);	/* odd entries: queue 1 */
	card_w32(RXCSUM, 0x2300);
	card_w32(MRQC, 0x00330001);
	/* The published check value for 66.9.149.187:2794 to 161.142.100.80:1766. */
	n = make_ip(f, 6, 10);
	memcpy(f + 26, "\x42\x09\x95\xbb\xa1\x8e\x64\x50", 8);
	put16(f + 34, 2794);
	put16(f + 36, 1766);
	finish_ip(f, n);
	card_wire_send(f, n);
	d = received(RX_RING, true);
	CU_ASSERT_PTR_NOT_NULL_FATAL(d);
	CU_ASSERT_EQUAL(d[1], 0x51ccc178);
	CU_ASSERT_EQUAL(d[0] & 0xf, 1);
	/* 199.92.111.2:14230 to 65.69.140.83:4739: 0xc626b0ea, even too; swap for an odd one. */
	memcpy(f + 26, "\xc7\x5c\x6f\x02\x41\x45\x8c\x53", 8);
	put16(f + 34, 14230);
	put16(f + 36, 4739);
	finish_ip(f, n);
	card_w32(RETA + (0xea / 4 * 4 & 0x7c), 0x00800000);
	card_wire_send(f, n);
	rx_next = 0;
	d = received(RX1_RING, true);
	CU_ASSERT_PTR_NOT_NULL_FATAL(d);
	CU_ASSERT_EQUAL(d[1], 0xc626b0ea);
}

/* No descriptors: the packet buffer fills, what is over is lost and counted, the rest is not. */
void test_rx_overrun(void)
{
	uint8_t f[1000];
	uint32_t lost = 0;

	if (card_is_qemu)	/* it leaves frames in the socket instead */
		return;
	bring_up(0, 0x8000);
	card_w32(RX(0x18), 0);
	card_r32(MPC), card_r32(RNBC);
	for (uint8_t i = 0; i < 30; i++) {
		make_frame(f, sizeof(f), i);
		card_wire_send(f, sizeof(f));
	}
	for (int i = 0; i < 1000 && lost < 10; i++) {
		lost += card_r32(MPC);
		card_wait_ms(2);
	}
	CU_ASSERT_EQUAL(lost, 10);	/* 20 KiB by PBA hold 20 of them */
	CU_ASSERT_TRUE(card_r32(ICR) & 0x40);
	CU_ASSERT_EQUAL(card_r32(RNBC), 1);
	CU_ASSERT_EQUAL(card_r32(RX(0x10)), 0);
	card_w32(RX(0x18), RING - 1);
	for (uint8_t i = 0; i < 20; i++) {
		make_frame(f, sizeof(f), i);
		CU_ASSERT_PTR_NOT_NULL(received(RX_RING, true));
		CU_ASSERT_EQUAL(memcmp(card_mem + RX_BUFFER(i), f, sizeof(f)), 0);
	}
	/* The division of the packet buffer is the one thing that CTRL.RST leaves. */
	card_w32(PBA, 8);
	bring_up(0, 0x8000);
	CU_ASSERT_EQUAL(card_r32(PBA) & 0xffff, 8);
	card_w32(PBA, 20);
}
