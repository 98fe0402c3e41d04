// SPDX-License-Identifier: Apache-2.0
/* The least of a driver for the 82574L: rings, descriptors and frames for its tests. */
#include "tests/unit/card-driver.h"

uint32_t rx_next, tx_tail;

uint32_t *desc(uint32_t ring, uint32_t i)
{
	return (uint32_t *)(card_mem + ring) + 4 * i;
}

void rx_descriptor(uint32_t ring, uint32_t i)
{
	uint32_t *d = desc(ring, i);

	d[0] = BUS_IOVA + RX_BUFFER(i);
	d[1] = d[2] = d[3] = 0;
}

/* As a driver's reset and init: rings, filters, link. */
void bring_up(uint32_t rctl, uint32_t rfctl)
{
	card_w32(IMC, UINT32_MAX);
	card_w32(CTRL, 1u << 26);
	card_wait_ms(5);
	card_w32(IMC, UINT32_MAX);
	card_r32(ICR);
	memset(card_mem, 0, BUFFERS);
	for (uint32_t i = 0; i < RING; i++) {
		rx_descriptor(RX_RING, i);
		rx_descriptor(RX1_RING, i);
	}
	rx_next = tx_tail = 0;
	card_w32(CTRL, (card_r32(CTRL) & ~0x1800u) | 0x41);
	for (int i = 0; i < 500 && !(card_r32(STATUS) & LU); i++)
		card_wait_ms(10);
	card_w32(RFCTL, rfctl);
	for (uint32_t q = 0; q < 2; q++) {
		card_w32(0x100 * q + RX(0), BUS_IOVA + (q ? RX1_RING : RX_RING));
		card_w32(0x100 * q + RX(4), 0);
		card_w32(0x100 * q + RX(8), RING * 16);
		card_w32(0x100 * q + RX(0x10), 0);
	}
	card_w32(TX(0), BUS_IOVA + TX_RING);
	card_w32(TX(4), 0);
	card_w32(TX(8), RING * 16);
	card_w32(TX(0x10), 0);
	card_w32(TX(0x18), 0);
	card_w32(TCTL, 0x0003f0fa);
	card_wire_drain();
	card_w32(RCTL, rctl | 0x04000002);	/* EN, SECRC */
	card_w32(RX(0x18), RING - 1);
	card_w32(0x100 + RX(0x18), RING - 1);
}

void put(uint32_t lower, uint32_t upper, uint32_t cmd, uint32_t status)
{
	uint32_t *d = desc(TX_RING, tx_tail);

	d[0] = lower, d[1] = upper, d[2] = cmd, d[3] = status;
	tx_tail = (tx_tail + 1) % RING;
}

bool done(uint32_t i)
{
	for (int k = 0; k < 3000; k++) {
		if (__atomic_load_n(&desc(TX_RING, i)[3], __ATOMIC_ACQUIRE) & 1)
			return true;
		card_wait_ms(1);
	}
	return false;
}

/* Rings the doorbell and waits for the last descriptor put, which must ask for its status. */
void go(void)
{
	card_w32(TX(0x18), tx_tail);
	CU_ASSERT_TRUE(done((tx_tail + RING - 1) % RING));
}

void make_frame(uint8_t *f, size_t n, uint8_t last)
{
	static const uint8_t head[14] = {0x52, 0x54, 0, 0x12, 0x34, 0x56, 2, 0, 0, 0, 0, 1,
					 0x88, 0xb5};

	for (size_t i = 0; i < n; i++)
		f[i] = (uint8_t)(i * 7 + last);
	memcpy(f, head, sizeof(head));
}

uint32_t sum(const uint8_t *p, size_t n, uint32_t s)
{
	for (size_t i = 0; i < n; i++)
		s += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return s;
}

void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

uint32_t get16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

/* IPv4 and TCP or UDP over n bytes of payload, without checksums; the frame's length. */
size_t make_ip(uint8_t *f, uint8_t protocol, size_t n)
{
	size_t l4 = protocol == 6 ? 20 : 8;

	make_frame(f, 34 + l4 + n, 3);
	memset(f + 14, 0, 20 + l4);
	put16(f + 12, 0x0800);
	f[14] = 0x45;
	put16(f + 16, (uint32_t)(20 + l4 + n));
	put16(f + 18, 0x1234);
	f[22] = 64;
	f[23] = protocol;
	memcpy(f + 26, "\x0a\0\0\1\x0a\0\0\2", 8);
	put16(f + 34, 1000);
	put16(f + 36, 2000);
	if (protocol == 6) {
		f[46] = 0x50;
		f[47] = 0x19;	/* ACK, PSH, FIN */
	} else {
		put16(f + 38, (uint32_t)(8 + n));
	}
	return 34 + l4 + n;
}

uint32_t pseudo(const uint8_t *f, size_t l4_len)
{
	return sum(f + 26, 8, (uint32_t)(f[23] + l4_len));
}

void finish_ip(uint8_t *f, size_t n)
{
	size_t at = f[23] == 6 ? 50 : 40;

	put16(f + 24, ~sum(f + 14, 20, 0) & 0xffff);
	put16(f + at, ~sum(f + 34, n - 34, pseudo(f, n - 34)) & 0xffff);
}

bool sums_right(const uint8_t *f)
{
	size_t total = get16(f + 16);

	return sum(f + 14, 20, 0) == 0xffff &&
	       sum(f + 34, total - 20, pseudo(f, total - 20)) == 0xffff;
}

/* The next receive descriptor, once done; NULL if in three seconds none is. */
const uint32_t *received(uint32_t ring, bool extended)
{
	uint32_t i = rx_next;
	uint32_t *d = desc(ring, i);

	for (int k = 0; k < 1500; k++) {
		if (__atomic_load_n(&d[extended ? 2 : 3], __ATOMIC_ACQUIRE) & 1) {
			rx_next = (rx_next + 1) % RING;
			return d;
		}
		card_wait_ms(2);
	}
	return NULL;
}

/* A tenth of a second, in which no descriptor is done. */
bool received_nothing(uint32_t ring, bool extended)
{
	for (int k = 0; k < 50; k++) {
		if (__atomic_load_n(&desc(ring, rx_next)[extended ? 2 : 3], __ATOMIC_ACQUIRE) & 1)
			return false;
		card_wait_ms(2);
	}
	return true;
}

bool fires(unsigned int vector)
{
	for (int k = 0; k < 1500; k++) {
		if (card_irq(vector))
			return true;
		card_wait_ms(2);
	}
	return false;
}
