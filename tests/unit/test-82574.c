// SPDX-License-Identifier: Apache-2.0
/*
 * The 82574L driver on a card of registers only, whose rings the test fills: what the driver writes
 * to the card, and that a card which lies in its descriptors cannot lead it, or the host, astray.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/nic/intel/82574/dev.h"
#include "tests/unit/cunit.h"

#define DEPTH 64u
#define ROOM  2048u

struct vmhi_host_context {
	uint32_t reg[0x20000 / 4];
	uint32_t reads, doorbells, masks, phy_writes, faults, no_link;
	uint64_t waited, watch_in;
	void *mem[16];
};

extern const struct vmhi_driver_ops vmhi_driver;
static struct vmhi_host_context card;
static const struct vmhi_nic *nic;
static void *dev;

static int fake_alloc(vmhi_hc h, uint64_t len, uint64_t align, uint32_t flags, uint32_t tag,
		      struct vmhi_mem *out)
{
	uint32_t i = 0;

	while (h->mem[i])
		i++;
	h->mem[i] = aligned_alloc(4096, (len + 4095) & ~4095ull);
	memset(h->mem[i], 0, len);
	*out = (struct vmhi_mem){
		.va = h->mem[i], .iova = (uintptr_t)h->mem[i], .len = len, .handle = i + 1};
	return 0;
}

static void fake_free(vmhi_hc h, uint32_t handle)
{
	free(h->mem[handle - 1]);
	h->mem[handle - 1] = NULL;
}

/* An EEPROM whose words are 2, 3, 4, ... and the checksum at its end */
static uint32_t eeprom(uint32_t word)
{
	uint32_t sum = 0;

	if (word < NVM_WORDS - 1)
		return word + 2;
	for (uint32_t i = 0; i < NVM_WORDS - 1; i++)
		sum += i + 2;
	return (NVM_SUM - sum) & 0xffff;
}

static uint32_t fake_rd(vmhi_hc h, uint32_t bar, uint64_t off)
{
	uint32_t v = h->reg[off / 4];

	h->reads++;
	switch (off) {
	case R_STATUS: return (h->no_link ? 0 : STATUS_LU) | STATUS_FD | 2u << STATUS_SPEED_SHIFT;
	case R_CTRL: return v & ~CTRL_RST;
	case R_EECD: return EECD_AUTO_RD;
	case R_EERD: return EERD_DONE | eeprom(v >> 2) << 16;
	case R_MDIC: return MDIC_READY | 0x1140;
	case R_RAL(0): return 0x00030002;
	case R_RAH(0): return RAH_AV | 0x0004;
	default: return v;
	}
}

static void fake_wr(vmhi_hc h, uint32_t bar, uint64_t off, uint32_t v)
{
	h->reg[off / 4] = v;
	h->doorbells += off == R_TDT(0) || off == R_TDT(1) || off == R_RDT(0);
	h->masks += off == R_IMS;
	h->phy_writes += off == R_MDIC && (v & MDIC_WRITE);
}

static int fake_wait(vmhi_hc h, uint64_t ns)
{
	h->waited += ns;
	return 0;
}

static int fake_timer(vmhi_hc h, uint32_t id, uint64_t ns)
{
	if (id == TIMER_WATCH)
		h->watch_in = ns;
	return 0;
}

static void fake_raise(vmhi_hc h, const struct vmhi_event *ev)
{
	h->faults += ev->type == VMHI_EV_FAULT;
}

static void fake_log(vmhi_hc h, uint32_t level, const char *text, uint32_t len,
		     const uint64_t *val, uint32_t nval)
{
}

static const struct vmhi_host host = {
	.h = {sizeof(host), VMHI_IF_HOST, 1}, .dma_alloc = fake_alloc, .dma_free = fake_free,
	.rd32 = fake_rd, .wr32 = fake_wr, .wait = fake_wait, .timer = fake_timer,
	.raise = fake_raise, .log = fake_log,
};

static void *open_queue(uint32_t kind, uint32_t tx_queues, uint32_t mtu)
{
	struct vmhi_attach at = {.size = sizeof(at), .flags = VMHI_ATTACH_WARM, .vendor = 0x8086,
				 .device = 0x10d3, .nvec = 5, .bar_len = {0x20000}};
	struct vmhi_nic_conf c = {.size = sizeof(c), .mtu = mtu, .features = FEATURES,
				  .rx_room = ROOM, .tx_queues = tx_queues, .rx_queues = 1};
	void *q = NULL;

	memset(&card, 0, sizeof(card));
	CU_ASSERT_EQUAL_FATAL(vmhi_driver.attach(&host, &card, &at, &dev), 0);
	nic = vmhi_driver.query(dev, VMHI_IF_NIC, 1);
	CU_ASSERT_EQUAL_FATAL(nic->configure(dev, &c), 0);
	CU_ASSERT_EQUAL_FATAL(nic->queue(dev, kind, 0, DEPTH, 1, &q), 0);
	CU_ASSERT_EQUAL_FATAL(nic->queue_start(q), 0);
	return q;
}

static void close_queue(void *q)
{
	nic->queue_free(q);
	vmhi_driver.quiesce(dev);
	vmhi_driver.detach(dev);
	for (int i = 0; i < 16; i++)
		CU_ASSERT_PTR_NULL(card.mem[i]);
}

static uint32_t dice(uint32_t n)
{
	return (uint32_t)rand() % n;
}

static bool held[DEPTH * 4];

static void post(void *q)
{
	struct vmhi_pkt p[DEPTH] = {0};
	uint32_t n = 0, took;

	for (uint32_t i = 0; i < DEPTH * 4 && n < DEPTH; i++)
		if (!held[i])
			p[n++] = (struct vmhi_pkt){.iova = 0x1000 + i * 4096ull, .cookie = i,
						   .room = ROOM};
	took = nic->rx_post(q, p, n);
	for (uint32_t i = 0; i < took; i++)
		held[p[i].cookie] = true;
}

static uint32_t count_held(void)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < DEPTH * 4; i++)
		n += held[i];
	return n;
}

/* Whole packets of buffers that we gave, each of them once, none fuller than it is. */
static void judge(const struct vmhi_pkt *p, uint32_t n, bool cancelled)
{
	for (uint32_t i = 0; i < n;) {
		uint32_t nseg = p[i].nseg;

		CU_ASSERT_FATAL(nseg && nseg <= n - i);
		for (uint32_t s = 0; s < nseg; s++) {
			const struct vmhi_pkt *e = &p[i + s];

			CU_ASSERT_FATAL(e->cookie < DEPTH * 4 && held[e->cookie]);
			held[e->cookie] = false;
			CU_ASSERT_EQUAL(e->iova, 0x1000 + e->cookie * 4096);
			CU_ASSERT(e->len <= e->room && e->room == ROOM && !e->data_off);
			CU_ASSERT_EQUAL(!!(e->flags & VMHI_PKT_MORE), s + 1 < nseg);
			CU_ASSERT(cancelled || !(e->flags & VMHI_PKT_CANCELLED));
		}
		i += nseg;
	}
}

/* The card writes anything into its ring: lengths, ends, errors, in any order. */
static void test_lying_receiver(void)
{
	struct queue *q = open_queue(VMHI_QUEUE_RX, 1, 9000);
	struct vmhi_pkt p[DEPTH];
	uint32_t n;

	srand(82574);
	memset(held, 0, sizeof(held));
	for (int round = 0; round < 20000; round++) {
		post(q);
		for (uint32_t i = dice(12); i--;) {
			struct rx_desc *d = &q->rx.desc[(q->head + dice(round & 1 ? 8 : DEPTH)) &
							q->mask];

			d->lo.wb.mrq = (uint32_t)rand();
			d->len = (uint16_t)(dice(3) ? dice(ROOM) : dice(65536));
			d->status = ((uint32_t)rand() & (dice(4) ? 0xfffu : ~0u)) | dice(2) * RXD_DD;
		}
		card.reads = 0;
		n = nic->rx(q, p, 5 + dice(DEPTH - 5));
		CU_ASSERT_EQUAL(card.reads, 0);
		judge(p, n, false);
	}
	n = count_held();
	CU_ASSERT(n > DEPTH / 2);
	CU_ASSERT_EQUAL(nic->queue_stop(q), 0);
	while ((n = nic->rx(q, p, DEPTH)))
		judge(p, n, true);
	CU_ASSERT_EQUAL(count_held(), 0);
	close_queue(q);
}

/* A frame without end is cut into errors; the one after it is whole again. */
static void test_endless_frame(void)
{
	struct queue *q = open_queue(VMHI_QUEUE_RX, 1, 1500);
	struct vmhi_pkt p[DEPTH];
	uint32_t n;

	memset(held, 0, sizeof(held));
	post(q);
	for (uint32_t i = 0; i < 10; i++) {
		q->rx.desc[i].len = i < 9 ? ROOM : 60;
		q->rx.desc[i].status = RXD_DD | (i >= 8 ? RXD_EOP : 0);
	}
	n = nic->rx(q, p, DEPTH);
	CU_ASSERT_EQUAL_FATAL(n, 10);
	for (uint32_t i = 0; i < 9; i++)
		CU_ASSERT_EQUAL(p[i].err, VMHI_PKT_ERR_LENGTH);
	CU_ASSERT_EQUAL(p[9].err, 0);
	CU_ASSERT_EQUAL(p[9].len, 60);
	CU_ASSERT_EQUAL(nic->rx(q, p, DEPTH), 0);
	nic->queue_stop(q);
	while (nic->rx(q, p, DEPTH))
		;
	close_queue(q);
}

static void test_lying_sender(void)
{
	struct queue *q = open_queue(VMHI_QUEUE_TX, 1, 1500);
	struct vmhi_pkt p[3] = {{.iova = 0x1000, .len = 60}, {.iova = 0x2000, .len = 40},
				{.iova = 0x3000, .len = 40}};
	bool out[1024] = {0};
	uint64_t cookie[8];
	uint32_t next = 0, left = 0, n;

	srand(82574);
	for (int round = 0; round < 20000 || left; round++) {
		if (round < 20000 && !out[next % 1024]) {
			p[0].cookie = next % 1024;
			p[0].nseg = (uint16_t)(1 + dice(3));
			if (nic->tx(q, p, p[0].nseg)) {
				out[next++ % 1024] = true;
				left++;
			}
		}
		if (round == 20000)
			CU_ASSERT_EQUAL(nic->queue_stop(q), 0);
		q->tx.desc[(q->head + dice(8)) & q->mask].opts = (uint32_t)rand();
		n = nic->tx_done(q, cookie, dice(9));
		for (uint32_t i = 0; i < n; i++) {
			CU_ASSERT_FATAL(cookie[i] < 1024 && out[cookie[i]]);
			out[cookie[i]] = false;
			left--;
		}
		if (round > 21000)
			break;
	}
	CU_ASSERT(next > 1000);
	CU_ASSERT_EQUAL(left, 0);
	close_queue(q);
}

static uint32_t contexts(const struct queue *q)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < q->tail; i++)
		n += (q->tx.desc[i].cmd_len & (TXD_DEXT | TXD_DTYP_DATA)) == TXD_DEXT;
	return n;
}

/* One doorbell a batch; a context is used again only where no other queue can change it. */
static void test_batch(void)
{
	struct vmhi_pkt p[8];
	uint32_t last;

	for (uint32_t queues = 1; queues <= 2; queues++) {
		struct queue *q = open_queue(VMHI_QUEUE_TX, queues, 1500);

		for (uint32_t i = 0; i < 8; i++)
			p[i] = (struct vmhi_pkt){.iova = 0x1000, .len = 100, .nseg = 1, .l3_off = 14,
						 .l4_off = 34, .csum_off = 16,
						 .flags = VMHI_PKT_CSUM | VMHI_PKT_TCP};
		p[7].csum_off = 6;
		p[7].flags = VMHI_PKT_CSUM | VMHI_PKT_UDP;
		card.doorbells = card.reads = 0;
		CU_ASSERT_EQUAL(nic->tx(q, p, 8), 8);
		CU_ASSERT_EQUAL(card.doorbells, 1);
		CU_ASSERT_EQUAL(card.reads, 0);
		CU_ASSERT_EQUAL(contexts(q), queues == 1 ? 2 : 8);
		CU_ASSERT_EQUAL(card.reg[R_TDT(0) / 4], q->tail);
		last = q->tail - 1;
		for (uint32_t i = 0; i <= last; i++)
			CU_ASSERT_EQUAL(!!(q->tx.desc[i].cmd_len & TXD_RS), i == last);
		nic->queue_stop(q);
		while (nic->tx_done(q, (uint64_t[8]){0}, 8))
			;
		close_queue(q);
	}
}

/* A packet to be segmented takes the place of the context; large pieces are cut for the card. */
static void test_tso(void)
{
	struct queue *q = open_queue(VMHI_QUEUE_TX, 1, 1500);
	static uint8_t head[64];
	struct vmhi_pkt p[4] = {{.iova = 0x1000, .len = 100, .nseg = 1, .l3_off = 14, .l4_off = 34,
				 .csum_off = 16, .flags = VMHI_PKT_CSUM | VMHI_PKT_TCP}};
	uint32_t last;

	p[1] = p[3] = p[0];
	p[1].va = (uintptr_t)head;
	p[1].len = 54;
	p[1].hdr_len = 54;
	p[1].mss = 1460;
	p[1].nseg = 2;
	p[1].flags |= VMHI_PKT_TSO | VMHI_PKT_IP_CSUM | VMHI_PKT_MORE;
	p[2] = (struct vmhi_pkt){.iova = 0x10000, .len = 40000};
	CU_ASSERT_EQUAL(nic->tx(q, p, 4), 4);
	CU_ASSERT_EQUAL(contexts(q), 3);
	/* context, packet; context, headers, three pieces; context, packet */
	CU_ASSERT_EQUAL_FATAL(q->tail, 9);
	CU_ASSERT_EQUAL(q->tx.desc[2].cmd_len & TXD_LEN_MAX, 40000);
	CU_ASSERT_EQUAL(q->tx.desc[2].opts, TXC_HDRLEN(54) | TXC_MSS(1460));
	for (uint32_t i = 3; i < 7; i++) {
		CU_ASSERT(q->tx.desc[i].cmd_len & TXD_TSE);
		CU_ASSERT((q->tx.desc[i].cmd_len & TXD_LEN_MAX) <= TX_DATA_MAX);
		CU_ASSERT_EQUAL(!!(q->tx.desc[i].cmd_len & TXD_EOP), i == 6);
	}
	CU_ASSERT(!(q->tx.desc[8].cmd_len & TXD_TSE));
	last = q->tail - 1;
	CU_ASSERT(q->tx.desc[last].cmd_len & TXD_RS);
	/* 100 twice, and 28 segments' headers with 40000 bytes */
	CU_ASSERT_EQUAL(q->tx.bytes, 200 + 28 * 54 + 40000);
	nic->queue_stop(q);
	while (nic->tx_done(q, (uint64_t[8]){0}, 8))
		;
	close_queue(q);
}

static uint32_t watch(uint32_t seconds)
{
	struct vmhi_event ev = {.type = VMHI_EV_TIMER, .index = TIMER_WATCH};

	card.faults = 0;
	while (seconds-- && !card.faults)
		vmhi_driver.event(dev, &ev);
	return card.faults;
}

static void link_is(bool up)
{
	struct vmhi_event ev = {.type = VMHI_EV_TIMER, .index = TIMER_LINK};

	card.no_link = !up;
	vmhi_driver.event(dev, &ev);
}

/* Idle, slow, without link: no fault. Standing still, or all fetched and one not done: a fault. */
static void test_watch(void)
{
	struct queue *q = open_queue(VMHI_QUEUE_TX, 1, 1500);
	struct vmhi_pkt p = {.iova = 0x1000, .len = 60, .nseg = 1};

	CU_ASSERT_EQUAL(vmhi_driver.start(dev), 0);
	card.reads = 0;
	CU_ASSERT_EQUAL(watch(20), 0);
	CU_ASSERT_EQUAL(card.reads, 0);
	CU_ASSERT_EQUAL(card.watch_in, WATCH_IDLE);
	for (uint32_t i = 0; i < 20; i++) {
		CU_ASSERT_EQUAL(nic->tx(q, &p, 1), 1);
		CU_ASSERT_EQUAL(watch(2), 0);
		CU_ASSERT_EQUAL(card.watch_in, WATCH_EVERY);
		card.reg[R_TDH(0) / 4]++;
	}
	link_is(false);
	CU_ASSERT_EQUAL(watch(20), 0);
	link_is(true);
	/* all fetched, the last one not done; then new ones are given meanwhile */
	CU_ASSERT_EQUAL(watch(3), 0);
	CU_ASSERT_EQUAL(watch(1), 1);
	q->tx.desc[q->tail - 1].opts |= TXD_DD;
	CU_ASSERT_EQUAL(watch(20), 0);
	/* given and sent since the last look */
	CU_ASSERT_EQUAL(nic->tx(q, &p, 1), 1);
	q->tx.desc[q->tail - 1].opts |= TXD_DD;
	CU_ASSERT_EQUAL(watch(1), 0);
	CU_ASSERT_EQUAL(card.watch_in, WATCH_EVERY);
	CU_ASSERT_EQUAL(watch(1), 0);
	CU_ASSERT_EQUAL(card.watch_in, WATCH_IDLE);
	for (uint32_t i = 0; i < 3; i++) {
		CU_ASSERT_EQUAL(watch(1), 0);
		CU_ASSERT_EQUAL(nic->tx(q, &p, 1), 1);
	}
	CU_ASSERT_EQUAL(watch(20), 1);
	nic->queue_stop(q);
	while (nic->tx_done(q, (uint64_t[8]){0}, 8))
		;
	close_queue(q);
}

/* arm() reads no register, and leaves nothing armed when it says that there is work. */
static void test_arm(void)
{
	struct queue *q = open_queue(VMHI_QUEUE_RX, 1, 1500);
	struct vmhi_pkt p[DEPTH];

	memset(held, 0, sizeof(held));
	post(q);
	card.reads = card.masks = 0;
	CU_ASSERT_EQUAL(nic->arm(q), 0);
	CU_ASSERT_EQUAL(card.masks, 1);
	CU_ASSERT_EQUAL(card.reg[R_IMS / 4], INT_RXQ(0));
	q->rx.desc[0].len = 60;
	q->rx.desc[0].status = RXD_DD | RXD_EOP;
	CU_ASSERT_EQUAL(nic->arm(q), 1);
	CU_ASSERT_EQUAL(card.masks, 1);
	CU_ASSERT_EQUAL(card.reads, 0);
	nic->queue_stop(q);
	while (nic->rx(q, p, DEPTH))
		;
	close_queue(q);
}

static void bring_up(uint32_t flags)
{
	struct vmhi_attach at = {.size = sizeof(at), .flags = flags, .vendor = 0x8086,
				 .device = 0x10d3, .nvec = 5, .bar_len = {0x20000}};
	struct vmhi_nic_conf c = {.size = sizeof(c), .mtu = 1500, .rx_room = ROOM, .tx_queues = 1,
				  .rx_queues = 1};

	memset(&card, 0, sizeof(card));
	CU_ASSERT_EQUAL_FATAL(vmhi_driver.attach(&host, &card, &at, &dev), 0);
	nic = vmhi_driver.query(dev, VMHI_IF_NIC, 1);
	CU_ASSERT_EQUAL(nic->configure(dev, &c), 0);
	CU_ASSERT_EQUAL(vmhi_driver.start(dev), 0);
}

/* A warm attach writes nothing to the PHY, waits for the reset alone, and has the same address. */
static void test_warm(void)
{
	struct vmhi_nic_info info[2] = {{.size = sizeof(info[0])}, {.size = sizeof(info[1])}};

	bring_up(0);
	CU_ASSERT(card.phy_writes > 0);
	CU_ASSERT(card.waited > 20 * MSEC);
	nic->info(dev, &info[0]);
	vmhi_driver.quiesce(dev);
	vmhi_driver.detach(dev);
	bring_up(VMHI_ATTACH_WARM);
	CU_ASSERT_EQUAL(card.phy_writes, 0);
	CU_ASSERT_EQUAL(card.waited, 1 * MSEC);
	nic->info(dev, &info[1]);
	CU_ASSERT_EQUAL(memcmp(info[0].mac, info[1].mac, 6), 0);
	vmhi_driver.quiesce(dev);
	vmhi_driver.detach(dev);
}

static const struct unit_test tests[] = {
	{"a receiver that lies", test_lying_receiver},
	{"a frame without end", test_endless_frame},
	{"a sender that lies", test_lying_sender},
	{"a batch", test_batch},
	{"segmentation", test_tso},
	{"a queue that stands still", test_watch},
	{"arm", test_arm},
	{"a warm attach", test_warm},
};

UNIT_MAIN("82574", tests)
