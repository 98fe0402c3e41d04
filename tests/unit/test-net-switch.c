// SPDX-License-Identifier: Apache-2.0
/* The switch: learning, VLANs, spoofing, rates, flooding; frames go between ports made here. */
#include <stdlib.h>
#include <string.h>

#include "kernel/net/csum.h"
#include "kernel/net/switch.h"
#include "tests/unit/cunit.h"

#define PORTS 5		/* port 0 is the uplink */

static struct vswitch sw;
static struct pool pool;
static struct switch_port *port[PORTS];
static uint8_t *room;
/* What each port was given last, and how much. */
static struct { uint32_t n, calls, bytes, len; uint8_t frame[128]; uint32_t flags; uint16_t vlan; } got[PORTS];

static void output(struct switch_port *p, struct vmhi_pkt *pkt, uint32_t n)
{
	got[p->id].n += n;
	got[p->id].calls++;
	for (uint32_t i = 0; i < n; i++)
		got[p->id].bytes += pkt[i].len;
	got[p->id].len = pkt[n - 1].len;
	got[p->id].flags = pkt[n - 1].flags;
	got[p->id].vlan = pkt[n - 1].vlan;
	memcpy(got[p->id].frame, (void *)(uintptr_t)pkt[n - 1].va, 64);
	if (p->takes)
		pool_put(&pool, pkt, n);
}

static void set_up(void)
{
	room = aligned_alloc(64, 1u << 20);
	CU_ASSERT_FATAL(!pool_init(&pool, room, 0, 1u << 20, 1500));
	switch_init(&sw, &pool);
	memset(got, 0, sizeof(got));
	for (int i = 0; i < PORTS; i++) {
		port[i] = calloc(1, sizeof(*port[i]));
		port[i]->output = output;
		port[i]->inline_tags = i != 0;
		port[i]->member[0] = 1;
	}
	port[0]->takes = true;
	switch_add_uplink(&sw, port[0]);
	switch_set_up(&sw, port[0], true);
}

static void add(int i)
{
	CU_ASSERT_EQUAL_FATAL(switch_add(&sw, port[i]), i);
	switch_set_up(&sw, port[i], true);
}

static void tear_down(void)
{
	CU_ASSERT_EQUAL(pool.nfree, pool.usable);	/* no buffer is ever lost */
	for (int i = 0; i < PORTS; i++)
		free(port[i]);
	pool_free(&pool);
	free(room);
}

static void set_mac(uint8_t *p, unsigned int mac)
{
	static const uint8_t all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	const uint8_t m[6] = {0x52, 0x54, 0, (uint8_t)(mac >> 16), (uint8_t)(mac >> 8),
			      (uint8_t)mac};

	memcpy(p, mac == 0xffffff ? all : m, 6);
}

static struct vmhi_pkt make(unsigned int dst, unsigned int src, uint16_t tag)
{
	struct vmhi_pkt pkt;
	uint8_t *d;

	pool_describe(&pool, pool.free[--pool.nfree], 60, 1, &pkt);
	d = (uint8_t *)(uintptr_t)pkt.va;
	memset(d, 0, 64);
	set_mac(d, dst);
	set_mac(d + 6, src);
	memcpy(d + 12, tag ? "\x81" : "\x08", 1);
	if (tag) {
		d[14] = (uint8_t)(tag >> 8);
		d[15] = (uint8_t)tag;
		d[16] = 8;
	}
	return pkt;
}

/* Sends n frames into port from; tag: 0 for none. */
static void send_n(int from, unsigned int dst, unsigned int src, uint16_t tag, uint32_t n)
{
	struct vmhi_pkt pkt[SWITCH_BATCH];

	for (uint32_t i = 0; i < n; i++)
		pkt[i] = make(dst, src, tag);
	switch_input(&sw, port[from], pkt, n);
}

static void send(int from, unsigned int dst, unsigned int src, uint16_t tag)
{
	send_n(from, dst, src, tag, 1);
}

static bool arrived(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	bool same = got[0].n == a && got[1].n == b && got[2].n == c && got[3].n == d;

	for (int i = 0; i < PORTS; i++)
		got[i].n = 0;
	return same;
}

static void test_learning(void)
{
	set_up();
	for (int i = 1; i < 4; i++)
		add(i);
	send(1, 0xb, 0xa, 0);
	CU_ASSERT(arrived(1, 0, 1, 1));		/* not known: everywhere */
	send(2, 0xa, 0xb, 0);
	CU_ASSERT(arrived(0, 1, 0, 0));
	send_n(1, 0xb, 0xa, 0, 32);
	CU_ASSERT(arrived(0, 0, 32, 0));
	send_n(1, 0xb, 0xa, 0, 32);		/* the short way */
	CU_ASSERT(arrived(0, 0, 32, 0));
	send(3, 0xc, 0xb, 0);			/* b moves to port 3 */
	CU_ASSERT(arrived(1, 1, 1, 0));
	send_n(1, 0xb, 0xa, 0, 32);
	CU_ASSERT(arrived(0, 0, 0, 32));
	send(2, 0xa, 0xb, 0);			/* and back */
	send(1, 0xb, 0xa, 0);
	CU_ASSERT(arrived(0, 1, 1, 0));
	send(1, 0xa, 0xa, 0);			/* to itself */
	CU_ASSERT(arrived(0, 0, 0, 0));
	switch_set_up(&sw, port[2], false);	/* forgotten with its port */
	send(1, 0xb, 0xa, 0);
	CU_ASSERT(arrived(1, 0, 0, 1));
	tear_down();
}

static void test_mixed_batch(void)
{
	struct vmhi_pkt pkt[4];

	set_up();
	for (int i = 1; i < 4; i++)
		add(i);
	send(2, 1, 0xb, 0);
	send(3, 1, 0xc, 0);
	arrived(0, 0, 0, 0);
	for (int i = 0; i < 4; i++) {
		uint8_t *d;

		pool_describe(&pool, pool.free[--pool.nfree], 60, 1, &pkt[i]);
		d = (uint8_t *)(uintptr_t)pkt[i].va;
		memset(d, 0, 64);
		set_mac(d, i % 2 ? 0xb : 0xc);
		set_mac(d + 6, 0xa);
		pkt[i].len = 60;
	}
	switch_input(&sw, port[1], pkt, 4);
	CU_ASSERT(arrived(0, 0, 2, 2));
	CU_ASSERT_EQUAL(port[1]->c.rx_packets, 4);
	tear_down();
}

/* Batches to one port after the other, as an uplink brings them for many guests. */
static void test_turns(void)
{
	set_up();
	for (int i = 1; i < 4; i++)
		add(i);
	send(2, 0xffffff, 0xb, 0);
	send(3, 0xffffff, 0xc, 0);
	for (int i = 0; i < PORTS; i++)
		got[i].n = 0;
	for (int turn = 0; turn < 4; turn++) {
		uint32_t calls = got[2].calls + got[3].calls;

		send_n(0, turn % 2 ? 0xc : 0xb, 0xa, 0, 32);
		CU_ASSERT(turn % 2 ? arrived(0, 0, 0, 32) : arrived(0, 0, 32, 0));
		CU_ASSERT_EQUAL(got[2].calls + got[3].calls, calls + 1);
	}
	tear_down();
}

/* A tag in the first frame says nothing of the others, wherever they all go. */
static void test_tag_in_front(void)
{
	struct vmhi_pkt pkt[8];

	set_up();
	for (int i = 1; i < 3; i++) {
		port[i]->trunk = true;
		port[i]->vlan = 5;
		port[i]->member[0] = 1ull << 5 | 1ull << 10;
		add(i);
	}
	send(2, 0xffffff, 0xb, 0);
	send(2, 0xffffff, 0xb, 10);
	send_n(1, 0xb, 0xa, 0, 8);
	got[2].bytes = got[2].n = 0;
	for (int i = 0; i < 8; i++)
		pkt[i] = make(0xb, 0xa, i ? 0 : 10);
	switch_input(&sw, port[1], pkt, 8);
	CU_ASSERT_EQUAL(got[2].n, 8);
	CU_ASSERT_EQUAL(got[2].bytes, 8 * 60);	/* the tag is in the one that had it */
	tear_down();
}

static void test_aging(void)
{
	set_up();
	add(1);
	add(2);
	send(2, 1, 0xb, 0);
	arrived(0, 0, 0, 0);
	switch_age(&sw);
	send(1, 0xb, 0xa, 0);
	CU_ASSERT(arrived(0, 0, 1, 0));
	switch_age(&sw);
	send(1, 0xb, 0xa, 0);
	CU_ASSERT(arrived(1, 0, 1, 0));	/* forgotten: flooded */
	tear_down();
}

static void test_table_is_bounded(void)
{
	uint8_t mac[2000][6];

	set_up();
	add(1);
	for (unsigned int i = 0; i < 20000; i++)
		send(1, 0xffffff, 0x10000 + i, 0);
	CU_ASSERT_EQUAL(port[1]->learnt, SWITCH_LEARN_MAX);
	CU_ASSERT_EQUAL(switch_guest_macs(&sw, mac, 2000), SWITCH_LEARN_MAX);
	for (unsigned int i = 0; i < 20000; i++)
		send(0, 0xffffff, 0x20000 + i, 0);
	CU_ASSERT(port[0]->learnt <= MACTABLE_SETS * MACTABLE_WAYS);
	tear_down();
}

static void test_spoofing(void)
{
	set_up();
	port[1]->mac = 0x0a0000005452;	/* 52:54:00:00:00:0a */
	add(1);
	add(2);
	send(1, 0xffffff, 0xa, 0);
	CU_ASSERT(arrived(1, 0, 1, 0));
	send_n(1, 0xffffff, 0xb, 0, 5);
	CU_ASSERT(arrived(0, 0, 0, 0));
	CU_ASSERT_EQUAL(port[1]->c.drop_spoof, 5);
	send(2, 0xffffff, 0xa, 0);	/* another port's address, from one that has none */
	CU_ASSERT(arrived(0, 0, 0, 0));
	CU_ASSERT_EQUAL(port[2]->c.drop_spoof, 1);
	send(0, 0xffffff, 0xa, 0);	/* from outside: passes, and is not learnt */
	CU_ASSERT(arrived(0, 1, 1, 0));
	send(2, 0xa, 0xb, 0);
	CU_ASSERT(arrived(0, 1, 0, 0));
	send(0, 0x77, 0xc, 0);		/* unknown: not to a port whose address is known */
	CU_ASSERT(arrived(0, 0, 1, 0));
	port[3]->mac = port[1]->mac;
	CU_ASSERT(switch_add(&sw, port[3]) < 0);
	tear_down();
}

/* Good frames first, so that the spoofed one meets the short way. */
static void test_spoof_after_flow(void)
{
	set_up();
	port[1]->mac = 0x0a0000005452;
	add(1);
	add(2);
	send(2, 0xffffff, 0xb, 0);
	send_n(1, 0xb, 0xa, 0, 8);
	send_n(1, 0xb, 0xa, 0, 8);
	arrived(0, 0, 0, 0);
	send_n(1, 0xb, 0xc, 0, 8);
	CU_ASSERT(arrived(0, 0, 0, 0));
	CU_ASSERT_EQUAL(port[1]->c.drop_spoof, 8);
	tear_down();
}

/* An unknown address that can be behind one port only is as good as known, until it is learnt. */
static void test_only_way(void)
{
	set_up();
	port[1]->mac = 0x0a0000005452;
	add(1);
	port[2]->mac = 0x0b0000005452;
	add(2);
	for (int i = 0; i < 3; i++) {
		send_n(1, 0x77, 0xa, 0, 32);
		CU_ASSERT(arrived(32, 0, 0, 0));
	}
	add(3);				/* now there are two ways */
	send_n(1, 0x77, 0xa, 0, 32);
	CU_ASSERT(arrived(32, 0, 0, 32));
	send(3, 0xffffff, 0x77, 0);
	arrived(0, 0, 0, 0);
	send_n(1, 0x77, 0xa, 0, 32);
	CU_ASSERT(arrived(0, 0, 0, 32));
	tear_down();
}

static void access_port(int i, uint16_t vlan)
{
	port[i]->vlan = vlan;
	memset(port[i]->member, 0, sizeof(port[i]->member));
	port[i]->member[vlan / 64] = 1ull << vlan % 64;
}

static void test_vlans(void)
{
	set_up();
	access_port(1, 10);
	access_port(2, 20);
	access_port(3, 10);
	for (int i = 1; i < 4; i++)
		add(i);
	send(1, 0xffffff, 0xa, 0);
	CU_ASSERT((got[0].flags & VMHI_PKT_VLAN) && got[0].vlan == 10);
	CU_ASSERT(arrived(1, 0, 0, 1));		/* never to VLAN 20 */
	send(2, 0xa, 0xb, 0);			/* a is known in VLAN 10 only */
	CU_ASSERT(arrived(1, 0, 0, 0));
	send(1, 0xffffff, 0xa, 20);		/* an access port may not tag */
	send(1, 0xffffff, 0xa, 10);
	CU_ASSERT(arrived(0, 0, 0, 0));
	CU_ASSERT_EQUAL(port[1]->c.drop_vlan, 2);
	send(0, 0xffffff, 0xe, 20);		/* from outside, tagged: arrives untagged */
	CU_ASSERT(arrived(0, 0, 1, 0));
	CU_ASSERT(got[2].len == 56 && got[2].frame[12] == 8);
	send(0, 0xffffff, 0xe, 0);		/* the untagged network is none of theirs */
	CU_ASSERT(arrived(0, 0, 0, 0));
	send_n(3, 0xa, 0xc, 0, 4);
	send_n(3, 0xa, 0xc, 0, 4);
	CU_ASSERT(arrived(0, 8, 0, 0));
	tear_down();
}

static void test_trunk(void)
{
	set_up();
	access_port(1, 10);
	access_port(2, 20);
	access_port(3, 30);
	port[4]->trunk = port[4]->drop_untagged = true;
	memset(port[4]->member, 0, sizeof(port[4]->member));
	port[4]->member[0] = 1ull << 10 | 1ull << 20;
	for (int i = 1; i < 5; i++)
		add(i);
	send(1, 0xffffff, 0xa, 0);
	CU_ASSERT_EQUAL(got[4].n, 1);
	CU_ASSERT(got[4].len == 64 && got[4].frame[12] == 0x81 && got[4].frame[15] == 10);
	arrived(0, 0, 0, 0);
	send(3, 0xffffff, 0xc, 0);		/* 30 is not in the trunk */
	CU_ASSERT(got[4].n == 0 && arrived(1, 0, 0, 0));
	send(4, 0xffffff, 0xd, 20);
	CU_ASSERT(arrived(1, 0, 1, 0));
	CU_ASSERT(got[2].frame[12] == 8);
	send(4, 0xffffff, 0xd, 30);
	send(4, 0xffffff, 0xd, 0);
	CU_ASSERT(arrived(0, 0, 0, 0));
	CU_ASSERT_EQUAL(port[4]->c.drop_vlan, 2);
	tear_down();
}

/* A second tag must not become the first one on the way. */
static void test_double_tag(void)
{
	struct vmhi_pkt pkt;
	uint8_t *d;

	set_up();
	add(1);
	access_port(2, 20);
	port[2]->trunk = true;
	add(2);
	pool_describe(&pool, pool.free[--pool.nfree], 60, 1, &pkt);
	d = (uint8_t *)(uintptr_t)pkt.va;
	memset(d, 0, 64);
	set_mac(d, 0xffffff);
	set_mac(d + 6, 0xa);
	memcpy(d + 12, "\x81\x00\x00\x14\x81\x00\x00\x0a\x08", 9);
	pkt.len = 60;
	switch_input(&sw, port[2], &pkt, 1);
	CU_ASSERT(arrived(0, 0, 0, 0));
	CU_ASSERT_EQUAL(port[2]->c.drop_vlan, 1);
	tear_down();
}

static void test_multicast(void)
{
	struct vmhi_pkt pkt;
	uint8_t *d;

	set_up();
	add(1);
	add(2);
	send_n(1, 0xffffff, 0xa, 0, 32);
	CU_ASSERT(arrived(32, 0, 32, 0));
	for (int i = 0; i < 2; i++) {
		/* a group as source is bad; a bridge keeps 01:80:c2:00:00:0x to itself */
		pool_describe(&pool, pool.free[--pool.nfree], 60, 1, &pkt);
		d = (uint8_t *)(uintptr_t)pkt.va;
		memset(d, 0, 64);
		memcpy(d, "\x01\x80\xc2\x00\x00\x0e", 6);
		set_mac(d + 6, i ? 0xffffff : 0xa);
		pkt.len = 60;
		switch_input(&sw, port[1], &pkt, 1);
	}
	CU_ASSERT(arrived(0, 0, 0, 0));
	CU_ASSERT_EQUAL(port[1]->c.drop_bad, 1);
	tear_down();
}

static void test_rate(void)
{
	set_up();
	switch_set_rate(port[1], 6000, 600, 1000);	/* a clock of 1000 ticks a second */
	add(1);
	send_n(1, 0xffffff, 0xa, 0, 20);
	CU_ASSERT_EQUAL(got[0].n, 10);
	CU_ASSERT_EQUAL(port[1]->c.drop_rate, 10);
	for (int i = 0; i < 100; i++) {			/* a tick at a time: nothing is lost */
		sw.clock += 1;
		send(1, 0xffffff, 0xa, 0);
	}
	CU_ASSERT_EQUAL(got[0].n, 20);
	sw.clock += 100000;				/* no more than the burst */
	send_n(1, 0xffffff, 0xa, 0, 20);
	CU_ASSERT_EQUAL(got[0].n, 30);
	tear_down();
}

static void test_tags(void)
{
	struct vmhi_pkt pkt;
	uint8_t *d, before[64];

	set_up();
	pool_describe(&pool, pool.free[pool.nfree - 1], 60, 1, &pkt);
	d = (uint8_t *)(uintptr_t)pkt.va;
	for (int i = 0; i < 64; i++)
		d[i] = before[i] = (uint8_t)i;
	pkt.len = 60;
	pkt.vlan = 0x2123;
	pkt.l4_off = 34;
	pkt.flags = VMHI_PKT_VLAN;
	vlan_insert(&pkt);
	d = (uint8_t *)(uintptr_t)pkt.va;
	CU_ASSERT(pkt.len == 64 && pkt.l4_off == 38 && !pkt.flags);
	CU_ASSERT(!memcmp(d, before, 12) && !memcmp(d + 12, "\x81\x00\x21\x23", 4));
	CU_ASSERT(!memcmp(d + 16, before + 12, 48));
	pkt.vlan = 0;
	vlan_strip(&pkt);
	CU_ASSERT(pkt.len == 60 && pkt.vlan == 0x2123 && pkt.flags == VMHI_PKT_VLAN);
	CU_ASSERT(!memcmp((void *)(uintptr_t)pkt.va, before, 60));
	tear_down();
}

static void test_csum_describe(void)
{
	uint8_t f[64] = {0};
	struct vmhi_pkt pkt = {.va = (uintptr_t)f, .len = 60, .l4_off = 34, .csum_off = 16,
			       .flags = VMHI_PKT_CSUM};

	f[12] = 8;
	f[14] = 0x45;
	f[23] = 6;
	CU_ASSERT(csum_describe(&pkt));
	CU_ASSERT(pkt.l3_off == 14 && (pkt.flags & VMHI_PKT_TCP) && (pkt.flags & VMHI_PKT_IPV4));
	pkt.flags = VMHI_PKT_CSUM;
	f[23] = 17;
	CU_ASSERT(!csum_describe(&pkt));
	pkt.csum_off = 6;
	CU_ASSERT(csum_describe(&pkt) && (pkt.flags & VMHI_PKT_UDP));
	f[14] = 0x46;
	CU_ASSERT(!csum_describe(&pkt));
	f[12] = 0x86;
	CU_ASSERT(!csum_describe(&pkt));
}

static const struct unit_test tests[] = {
	{"learns where addresses are, and when they move", test_learning},
	{"sorts a batch for several ports", test_mixed_batch},
	{"gives whole batches to one port after the other", test_turns},
	{"keeps a batch's first tag to its frame", test_tag_in_front},
	{"forgets addresses that are not seen any more", test_aging},
	{"lets no port fill the address table", test_table_is_bounded},
	{"drops and counts spoofed addresses", test_spoofing},
	{"drops a spoofed address in the middle of a flow", test_spoof_after_flow},
	{"sends unknown addresses the only way there is", test_only_way},
	{"keeps VLANs apart", test_vlans},
	{"carries a trunk's VLANs and no others", test_trunk},
	{"drops a second tag", test_double_tag},
	{"floods groups, but not those that bridges keep", test_multicast},
	{"limits the rate", test_rate},
	{"puts tags in and takes them out", test_tags},
	{"tells which checksums a card can complete", test_csum_describe},
};
UNIT_MAIN("switch", tests)
