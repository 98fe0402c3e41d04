// SPDX-License-Identifier: Apache-2.0
/*
 * What a driver may expect of an Intel 82574L, register by register. Run on our model, over two
 * clients, and on QEMU's e1000e, which nobody here wrote. Where these cannot agree, it is said.
 */
#include "tests/unit/card-driver.h"

static void test_identity(void)
{
	uint16_t total = 0, word[64];

	CU_ASSERT_EQUAL(card_config(0), 0x10d38086);
	CU_ASSERT_EQUAL(card_config(8) >> 8, 0x020000);
	bring_up(0, 0);
	for (uint32_t i = 0; i < 64; i++) {
		card_w32(EERD, i << 2 | 1);
		CU_ASSERT_TRUE(card_r32(EERD) & 2);
		word[i] = (uint16_t)(card_r32(EERD) >> 16);
		total = (uint16_t)(total + word[i]);
	}
	CU_ASSERT_TRUE(card_r32(0x102c) & 2);	/* EEWR: ready */
	CU_ASSERT_EQUAL(total, 0xbaba);
	CU_ASSERT_EQUAL(memcmp(word, "\x52\x54\x00\x12\x34\x56", 6), 0);
	CU_ASSERT_EQUAL(card_r32(RAL0), 0x12005452);
	CU_ASSERT_EQUAL(card_r32(RAL0 + 4), 0x80005634);
}

static uint32_t mdic(uint32_t op, uint32_t reg, uint32_t data)
{
	card_w32(MDIC, op << 26 | 1u << 21 | reg << 16 | data);
	for (int i = 0; i < 10 && !(card_r32(MDIC) & 1u << 28); i++)
		card_wait_ms(1);
	return card_r32(MDIC) & (1u << 30 | 0xffff);
}

static void test_phy_and_link(void)
{
	bring_up(0, 0);
	CU_ASSERT_EQUAL(mdic(2, 2, 0), 0x0141);
	CU_ASSERT_EQUAL(mdic(2, 3, 0), 0x0cb1);
	CU_ASSERT_EQUAL(mdic(2, 17, 0) & 0xec00, 0xac00);	/* 1000, full, resolved, link */
	CU_ASSERT_EQUAL(card_r32(STATUS) & 0xc3, 0x83);
	/* Negotiation anew: down, then up, and each told by LSC. */
	card_w32(IMS, LSC);
	mdic(1, 0, 0x1340);
	for (int i = 0; i < 500 && !(card_r32(STATUS) & LU); i++)
		card_wait_ms(10);
	CU_ASSERT_TRUE(card_r32(STATUS) & LU);
	CU_ASSERT_TRUE(card_r32(ICR) & LSC);
	/* Link and completion in the PHY's own register. */
	for (int i = 0; i < 500 && (mdic(2, 1, 0) & 0x24) != 0x24; i++)
		card_wait_ms(10);
	CU_ASSERT_EQUAL(mdic(2, 1, 0) & 0x24, 0x24);
}

/* The cable pulled and plugged in: told by LSC and its vector each time. */
static void test_cable(void)
{
	bring_up(0, 0);
	card_irq(4);
	card_w32(CTRL_EXT, 1u << 24);
	card_w32(IVAR, 0x000c0000);
	card_w32(IMS, LSC | OTHER);
	for (int up = 0; up < 2; up++) {
		if (!card_cable(up))
			return;
		for (int i = 0; i < 500 && !(card_r32(STATUS) & LU) != !up; i++)
			card_wait_ms(2);
		CU_ASSERT_EQUAL(card_r32(STATUS) & LU, up ? LU : 0);
		CU_ASSERT_TRUE(fires(4));
		CU_ASSERT_TRUE(card_r32(ICR) & LSC);
	}
}

static void test_semaphores(void)
{
	bring_up(0, 0);
	CU_ASSERT_EQUAL(card_r32(EXTCNF) & 0x20, 0);
	card_w32(EXTCNF, card_r32(EXTCNF) | 0x20);
	CU_ASSERT_EQUAL(card_r32(EXTCNF) & 0x20, 0x20);
	card_w32(EXTCNF, card_r32(EXTCNF) & ~0x20u);
	CU_ASSERT_EQUAL(card_r32(EXTCNF) & 0x20, 0);
	card_w32(SWSM, 0);
	CU_ASSERT_EQUAL(card_r32(SWSM) & 1, 0);
	CU_ASSERT_EQUAL(card_r32(SWSM) & 1, 1);
	card_w32(SWSM, 2);
	CU_ASSERT_EQUAL(card_r32(SWSM) & 3, 2);
	card_w32(SWSM, 0);
}

static void test_msix(void)
{
	uint8_t f[64];

	bring_up(0, 0x8000);
	for (unsigned int v = 0; v < BUS_VECTORS; v++)
		card_irq(v);
	card_w32(CTRL_EXT, 1u << 24);		/* EIAME */
	card_w32(IVAR, 0x800c0a08u);		/* rx 0: vector 0, tx 0: vector 2, other: 4 */
	card_w32(EIAC, 0x01f00000);
	card_w32(IMS, RXQ0 | TXQ0);
	make_frame(f, 64, 1);
	card_wire_send(f, 64);
	CU_ASSERT_PTR_NOT_NULL(received(RX_RING, true));
	CU_ASSERT_TRUE(fires(0));
	CU_ASSERT_FALSE(card_irq(2));
	/* Sent once; masked until software unmasks it. */
	CU_ASSERT_EQUAL(card_r32(IMS) & (RXQ0 | TXQ0), TXQ0);
	card_wire_send(f, 64);
	CU_ASSERT_PTR_NOT_NULL(received(RX_RING, true));
	CU_ASSERT_FALSE(card_irq(0));
	card_w32(IMS, RXQ0);
	CU_ASSERT_TRUE(fires(0));
	/* By software, and the vector of the rest. */
	card_w32(ICS, TXQ0);
	CU_ASSERT_TRUE(fires(2));
	card_w32(IMS, LSC | OTHER);
	card_w32(ICS, LSC);
	CU_ASSERT_TRUE(fires(4));
	CU_ASSERT_TRUE(card_r32(ICR) & LSC);
	/* "Other" comes with a cause that is masked itself. */
	card_w32(ICR, UINT32_MAX);
	card_w32(IMC, LSC);
	card_w32(IMS, OTHER);
	card_w32(ICS, LSC);
	CU_ASSERT_TRUE(fires(4));
}

static void test_icr(void)
{
	bring_up(0, 0);
	/* All masked: reading clears. Unmasked and asserted: it says so, and clears. */
	card_w32(ICS, LSC);
	CU_ASSERT_EQUAL(card_r32(ICR) & LSC, LSC);
	CU_ASSERT_EQUAL(card_r32(ICR) & LSC, 0);
	card_w32(ICS, LSC);
	card_w32(ICR, LSC);
	CU_ASSERT_EQUAL(card_r32(ICR) & LSC, 0);
	card_w32(IMS, LSC);
	CU_ASSERT_EQUAL(card_r32(IMS) & LSC, LSC);
	card_w32(IMC, LSC);
	CU_ASSERT_EQUAL(card_r32(IMS) & LSC, 0);
}

/* No Bus Master: nothing moves; with it back, what waited does. */
static void test_bus_master(void)
{
	uint8_t f[100], got[256];

	bring_up(0, 0);
	make_frame(f, 100, 5);
	memcpy(card_mem + TX_BUFFER(0), f, 100);
	card_set_master(false);
	put(BUS_IOVA + TX_BUFFER(0), 0, 0x0b000000 | 100, 0);
	card_w32(TX(0x18), tx_tail);
	CU_ASSERT_TRUE(card_wire_quiet());
	CU_ASSERT_FALSE(desc(TX_RING, 0)[3] & 1);
	card_set_master(true);
	if (card_is_qemu)	/* it reads zeros instead of waiting */
		return;
	CU_ASSERT_TRUE(done(0));
	CU_ASSERT_EQUAL(card_wire_receive(got, sizeof(got)), 100);
}

static const struct unit_test tests[] = {
	{"identity and EEPROM", test_identity},
	{"PHY and link", test_phy_and_link},
	{"cable", test_cable},
	{"semaphores", test_semaphores},
	{"transmit", test_tx_plain},
	{"transmit checksums", test_tx_checksums},
	{"VLAN insertion", test_tx_vlan},
	{"segmentation", test_tx_segmentation},
	{"receive, legacy descriptors", test_rx_legacy},
	{"receive checksums", test_rx_checksums},
	{"receive filters", test_rx_filters},
	{"VLAN stripping", test_rx_vlan_strip},
	{"long frames", test_rx_long},
	{"receive overrun", test_rx_overrun},
	{"MSI-X", test_msix},
	{"interrupt causes", test_icr},
	{"RSS", test_rss},
	{"Bus Master", test_bus_master},
};

int main(void)
{
	int r = card_open();

	if (r)
		return r == 77 ? 77 : 1;
	r = unit_main("82574L", tests, sizeof(tests) / sizeof(tests[0]));
	card_close();
	return r;
}
