// SPDX-License-Identifier: Apache-2.0
/* Transmission by the 82574L: descriptors, checksums, tags, segments. */
#include "tests/unit/card-driver.h"

void test_tx_plain(void)
{
	uint8_t f[2048], got[2048];

	bring_up(0, 0);
	card_r32(GPTC), card_r32(GOTCL), card_r32(GOTCL + 4);
	make_frame(f, 900, 1);
	/* Legacy, then one frame of three data descriptors, then a short one that is padded. */
	memcpy(card_mem + TX_BUFFER(0), f, 900);
	put(BUS_IOVA + TX_BUFFER(0), 0, 0x0b000000 | 900, 0);
	go();
	CU_ASSERT_EQUAL(card_wire_receive(got, sizeof(got)), 900);
	CU_ASSERT_EQUAL(memcmp(f, got, 900), 0);
	memcpy(card_mem + TX_BUFFER(1), f, 14);
	memcpy(card_mem + TX_BUFFER(2), f + 14, 386);
	memcpy(card_mem + TX_BUFFER(3), f + 400, 500);
	put(BUS_IOVA + TX_BUFFER(1), 0, 0x22100000 | 14, 0);
	put(BUS_IOVA + TX_BUFFER(2), 0, 0x22100000 | 386, 0);
	put(BUS_IOVA + TX_BUFFER(3), 0, 0x2b100000 | 500, 0);
	go();
	CU_ASSERT_EQUAL(card_wire_receive(got, sizeof(got)), 900);
	CU_ASSERT_EQUAL(memcmp(f, got, 900), 0);
	CU_ASSERT_EQUAL(card_r32(TX(0x10)), 4);
	CU_ASSERT_EQUAL(card_r32(GPTC), 2);
	CU_ASSERT_EQUAL(card_r32(GPTC), 0);
	/* With FCS by the text. */
	CU_ASSERT_EQUAL(card_r32(GOTCL), card_is_qemu ? 1800 : 1808);
	put(BUS_IOVA + TX_BUFFER(0), 0, 0x0b000000 | 20, 0);
	go();
	CU_ASSERT_EQUAL(card_wire_receive(got, sizeof(got)), card_is_qemu ? 20 : 60);
}

/* A context for IPv4 at 14 and TCP (or UDP) at 34. */
static void put_context(bool tcp, uint32_t tse, uint32_t header, uint32_t mss, uint32_t payload)
{
	uint32_t l4 = tcp ? 50 : 40;

	put(14 | 24 << 8 | 33u << 16, 34 | l4 << 8,
	    0x22000000 | (tcp ? 1u << 24 : 0) | tse << 26 | payload,
	    header << 8 | mss << 16);
}

void test_tx_checksums(void)
{
	uint8_t got[2048];

	bring_up(0, 0);
	for (uint32_t i = 0; i < 2; i++) {
		uint8_t *f = card_mem + TX_BUFFER(0);
		uint32_t n = (uint32_t)make_ip(f, i ? 17 : 6, 333);

		put16(f + (i ? 40 : 50), pseudo(f, n - 34));
		put_context(!i, 0, 0, 0, 0);
		put(BUS_IOVA + TX_BUFFER(0), 0, 0x2b100000 | n, 0x0300);
		go();
		CU_ASSERT_EQUAL(card_wire_receive(got, sizeof(got)), n);
		CU_ASSERT_TRUE(sums_right(got));
		CU_ASSERT_NOT_EQUAL(get16(got + 24), 0);
	}
}

void test_tx_vlan(void)
{
	uint8_t f[128], got[256];

	bring_up(0, 0);
	card_w32(CTRL, card_r32(CTRL) | VME);
	make_frame(f, 100, 5);
	memcpy(card_mem + TX_BUFFER(0), f, 100);
	put(BUS_IOVA + TX_BUFFER(0), 0, 0x4b000000 | 100, 0x20640000);
	go();
	CU_ASSERT_EQUAL(card_wire_receive(got, sizeof(got)), 104);
	CU_ASSERT_EQUAL(memcmp(got, f, 12), 0);
	CU_ASSERT_EQUAL(memcmp(got + 12, "\x81\x00\x20\x64", 4), 0);
	CU_ASSERT_EQUAL(memcmp(got + 16, f + 12, 88), 0);
}

void test_tx_segmentation(void)
{
	uint8_t *f = card_mem + TX_BUFFER(0), got[2048];
	uint32_t n = (uint32_t)make_ip(f, 6, 3500), at = 0;

	if (card_is_qemu)	/* 7.2 sends IP fragments instead */
		return;
	bring_up(0, 0);
	put16(f + 16, 0);
	put16(f + 50, pseudo(f, 0));
	memcpy(f + 38, "\0\0\1\0", 4);	/* sequence number 256 */
	put_context(true, 1, 54, 1460, 3500);
	put(BUS_IOVA + TX_BUFFER(0), 0, 0x2f100000 | n, 0x0300);
	go();
	for (uint32_t i = 0; i < 3; i++) {
		uint32_t want = i < 2 ? 1460 : 580;

		CU_ASSERT_EQUAL(card_wire_receive(got, sizeof(got)), 54 + want);
		CU_ASSERT_TRUE(sums_right(got));
		CU_ASSERT_EQUAL(get16(got + 16), 40 + want);
		CU_ASSERT_EQUAL(get16(got + 18), 0x1234 + i);
		CU_ASSERT_EQUAL(get16(got + 38) << 16 | get16(got + 40), 256 + at);
		CU_ASSERT_EQUAL(got[47], i < 2 ? 0x10 : 0x19);
		CU_ASSERT_EQUAL(memcmp(got + 54, f + 54 + at, want), 0);
		at += want;
	}
	CU_ASSERT_TRUE(card_wire_quiet());
}
