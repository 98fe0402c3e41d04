/* SPDX-License-Identifier: Apache-2.0 */
/* What the 82574L's tests share: registers, a small driver's rings, and frames. */
#ifndef TESTS_CARD_DRIVER_H
#define TESTS_CARD_DRIVER_H

#include <string.h>

#include "tests/unit/card-bus.h"
#include "tests/unit/cunit.h"

#define CTRL 0x0
#define STATUS 0x8
#define EERD 0x14
#define CTRL_EXT 0x18
#define MDIC 0x20
#define ICR 0xc0
#define ICS 0xc8
#define IMS 0xd0
#define IMC 0xd8
#define EIAC 0xdc
#define IVAR 0xe4
#define RCTL 0x100
#define TCTL 0x400
#define PBA 0x1000
#define EXTCNF 0xf00
#define RX(r) (0x2800 + (r))
#define TX(r) (0x3800 + (r))
#define RXCSUM 0x5000
#define RFCTL 0x5008
#define MTA 0x5200
#define RAL0 0x5400
#define VFTA 0x5600
#define MRQC 0x5818
#define SWSM 0x5b50
#define RETA 0x5c00
#define RSSRK 0x5c80
#define MPC 0x4010
#define GPRC 0x4074
#define GPTC 0x4080
#define RNBC 0x40a0
#define GOTCL 0x4090

#define LU 0x2
#define VME (1u << 30)
#define LSC 0x4
#define RXQ0 (1u << 20)
#define TXQ0 (1u << 22)
#define OTHER (1u << 24)

#define RING 64
#define RX_RING 0x0000
#define RX1_RING 0x1000
#define TX_RING 0x2000
#define BUFFERS 0x10000		/* 2 KiB each: RING for receive, then for transmit */
#define RX_BUFFER(i) (BUFFERS + (i) * 2048u)
#define TX_BUFFER(i) (BUFFERS + 0x40000u + (i) * 4096u)

/* Which receive descriptor is looked at next, and where the next to transmit goes. */
extern uint32_t rx_next, tx_tail;

uint32_t *desc(uint32_t ring, uint32_t i);
void rx_descriptor(uint32_t ring, uint32_t i);
/* As a driver's reset and init: rings, filters, link. */
void bring_up(uint32_t rctl, uint32_t rfctl);
void put(uint32_t lower, uint32_t upper, uint32_t cmd, uint32_t status);
bool done(uint32_t i);
/* Rings the doorbell and waits for the last descriptor put, which must ask for its status. */
void go(void);
void make_frame(uint8_t *f, size_t n, uint8_t last);
/* The Internet checksum's sum, folded. */
uint32_t sum(const uint8_t *p, size_t n, uint32_t s);
void put16(uint8_t *p, uint32_t v);
uint32_t get16(const uint8_t *p);
/* IPv4 and TCP or UDP over n bytes of payload, without checksums; the frame's length. */
size_t make_ip(uint8_t *f, uint8_t protocol, size_t n);
uint32_t pseudo(const uint8_t *f, size_t l4_len);
void finish_ip(uint8_t *f, size_t n);
bool sums_right(const uint8_t *f);
/* The next receive descriptor, once done; NULL if in three seconds none is. */
const uint32_t *received(uint32_t ring, bool extended);
bool received_nothing(uint32_t ring, bool extended);
/* Does the vector fire within three seconds? */
bool fires(unsigned int vector);

/* The tests, by file. */
void test_tx_plain(void);
void test_tx_checksums(void);
void test_tx_vlan(void);
void test_tx_segmentation(void);
void test_rx_legacy(void);
void test_rx_checksums(void);
void test_rx_filters(void);
void test_rx_vlan_strip(void);
void test_rx_long(void);
void test_rss(void);
void test_rx_overrun(void);

#endif
