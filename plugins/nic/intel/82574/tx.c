// SPDX-License-Identifier: Apache-2.0
/* Sending. */
#include "dev.h"

#define REPORT_EVERY 32u	/* descriptors at most between two that report */

void *memcpy(void *restrict to, const void *restrict from, size_t n);

void tx_configure(struct dev *d)
{
	uint32_t tctl = rd(d, R_TCTL) & ~TCTL_CT_COLD;

	wr(d, R_TIPG, TIPG_COPPER);
	wr(d, R_TIDV, 0);
	wr(d, R_TADV, 0);
	for (uint32_t i = 0; i < QUEUES; i++)
		wr(d, R_TDLEN(i), 0);
	wr(d, R_TCTL, tctl | TCTL_EN | TCTL_PSP | TCTL_RTLC | TCTL_CT_15 | TCTL_COLD_63);
}

/* Only if the host wants tags put in but not taken out; the card can do neither or both. */
static int make_headers(struct queue *q)
{
	struct dev *d = q->dev;
	uint64_t f = d->conf.features;
	int r;

	q->tx.soft_tag = (f & VMHI_NIC_TX_VLAN) && !(f & VMHI_NIC_RX_VLAN);
	if (!q->tx.soft_tag || q->tx.header.va)
		return 0;
	/* addresses and tag; of packets to be segmented all headers */
	q->tx.header_room = f & VMHI_NIC_TX_TSO4 ? 272 : 16;
	r = d->host->dma_alloc(d->hc, (uint64_t)(q->mask + 1) * q->tx.header_room, 0, 0, 0,
			       &q->tx.header);
	if (r)
		q->tx.header.va = NULL;
	return r;
}

int tx_start(struct queue *q)
{
	struct dev *d = q->dev;
	int r = make_headers(q);

	if (r)
		return r;
	q->head = q->tail = q->tx.done = 0;
	q->tx.report_head = q->tx.report_tail = 0;
	q->tx.given = q->tx.watch.looks = 0;
	q->tx.ctx_cmd = 0;
	/* The card keeps one context for both queues (datasheet 7.2.6), so with two, none lasts. */
	q->tx.reuse = d->conf.tx_queues == 1;
	wr(d, R_TDBAL(q->idx), (uint32_t)q->ring.iova);
	wr(d, R_TDBAH(q->idx), (uint32_t)(q->ring.iova >> 32));
	wr(d, R_TDLEN(q->idx), (q->mask + 1) * (uint32_t)sizeof(struct tx_desc));
	wr(d, R_TDH(q->idx), 0);
	wr(d, R_TDT(q->idx), 0);
	wr(d, R_TXDCTL(q->idx), TXDCTL_MB1_22 | TXDCTL_GRAN);
	wr(d, R_TARC(q->idx), rd(d, R_TARC(q->idx)) | TARC_ENABLE);
	q->running = 1;
	return 0;
}

/* What was counted when it was given to the card, and never left it. */
static void uncount(struct queue *q, uint32_t tdh)
{
	uint32_t left = (q->tail - tdh) & q->mask;
	uint64_t bytes = q->tx.bytes;

	for (uint32_t i = q->tail - left; i != q->tail; i++)
		if (q->tx.slot[i & q->mask].eop)
			bytes -= q->tx.slot[i & q->mask].len;
	__atomic_store_n(&q->tx.bytes, bytes, __ATOMIC_RELAXED);
}

static int last_is_done(const struct queue *q)
{
	uint32_t last = q->tx.report[(q->tx.report_tail - 1) & q->mask];

	return q->tx.report_head == q->tx.report_tail ||
	       (__atomic_load_n(&q->tx.desc[last & q->mask].opts, __ATOMIC_ACQUIRE) & TXD_DD);
}

/* Lets the ring run empty for 100 ms at most; with no link it never does. 0: no buffer is used. */
static int run_empty(struct queue *q)
{
	struct dev *d = q->dev;

	for (uint32_t i = 0; i < 1000; i++) {
		if (is_gone(d))
			return -VMHI_ENODEV;
		if (last_is_done(q) && (rd(d, R_TDH(q->idx)) & 0xffff) == (q->tail & q->mask))
			return 0;
		if (!(rd(d, R_STATUS) & STATUS_LU))
			return -VMHI_ETIMEDOUT;
		if (d->host->wait(d->hc, 100 * USEC))
			return -VMHI_ENODEV;
	}
	return -VMHI_ETIMEDOUT;
}

/* A ring that does not run empty is taken from the card, and the other one pauses with it. */
int tx_stop(struct queue *q)
{
	struct dev *d = q->dev;
	int r;

	wr(d, R_IMC, q->irq);
	q->running = 0;
	r = run_empty(q);
	if (r != -VMHI_ENODEV) {
		uint32_t tctl = rd(d, R_TCTL);

		wr(d, R_TARC(q->idx), rd(d, R_TARC(q->idx)) & ~TARC_ENABLE);
		if (r) {
			wr(d, R_TCTL, tctl & ~TCTL_EN);
			hw_finish_frames(d);
			uncount(q, rd(d, R_TDH(q->idx)));
		}
		wr(d, R_TDLEN(q->idx), 0);
		wr(d, R_TDH(q->idx), 0);
		wr(d, R_TDT(q->idx), 0);
		if (r)
			wr(d, R_TCTL, tctl);
		rd(d, R_STATUS);
	}
	q->tx.done = q->tail;
	q->tx.report_head = q->tx.report_tail;
	return 0;
}

static void put(struct queue *q, uint64_t addr, uint32_t cmd_len, uint32_t opts)
{
	struct tx_desc *desc = &q->tx.desc[q->tail & q->mask];

	q->tx.slot[q->tail & q->mask].eop = 0;
	desc->addr = addr;
	desc->cmd_len = cmd_len;
	desc->opts = opts;
	q->tail++;
}

static uint32_t ip_header_len(const struct vmhi_pkt *p)
{
	const uint8_t *ip = (const uint8_t *)(uintptr_t)p->va + p->data_off + p->l3_off;

	return p->l3_off < p->len ? (*ip & 0xfu) * 4 : 20;
}

/*
 * Tells the card where checksums go, unless it knows. shift: bytes put in before the IP header.
 * Returns the options that the packet's descriptors need.
 */
static uint32_t put_context(struct queue *q, const struct vmhi_pkt *p, uint32_t shift)
{
	uint32_t l3 = p->l3_off + shift, l4 = p->l4_off + shift, opts = 0;
	uint32_t cmd = TXD_DEXT | TXC_IPV4;
	uint64_t addr;

	if (p->flags & VMHI_PKT_IP_CSUM)
		opts |= TXD_IXSM;
	if (p->flags & VMHI_PKT_CSUM)
		opts |= TXD_TXSM;
	else
		l4 = l3 + ip_header_len(p);
	if (p->flags & VMHI_PKT_TCP)
		cmd |= TXC_TCP;
	addr = (l3 & 0xff) | ((l3 + 10) & 0xff) << 8 | (uint64_t)((l4 - 1) & 0xffff) << 16 |
	       (uint64_t)(l4 & 0xff) << 32 | (uint64_t)((l4 + p->csum_off) & 0xff) << 40;
	if (q->tx.reuse && q->tx.ctx_cmd == cmd && q->tx.ctx_addr == addr)
		return opts;
	q->tx.ctx_cmd = cmd;
	q->tx.ctx_addr = addr;
	put(q, addr, cmd, 0);
	return opts;
}

/*
 * The same for a packet that the card segments. Linux and FreeBSD give the card an IPv4 total length
 * of 0, which it fills in for each segment: the datasheet's example is not clear on it.
 */
static uint32_t put_tso_context(struct queue *q, const struct vmhi_pkt *p, uint32_t payload,
				uint32_t shift)
{
	uint32_t l3 = p->l3_off + shift, l4 = p->l4_off + shift;
	uint8_t *ip = (uint8_t *)(uintptr_t)p->va + p->data_off + p->l3_off;

	ip[2] = ip[3] = 0;
	q->tx.ctx_cmd = 0;	/* it takes the place of the other */
	put(q,
	    (l3 & 0xff) | ((l3 + 10) & 0xff) << 8 | (uint64_t)((l4 - 1) & 0xffff) << 16 |
		    (uint64_t)(l4 & 0xff) << 32 | (uint64_t)((l4 + p->csum_off) & 0xff) << 40,
	    TXD_DEXT | TXC_IPV4 | TXC_TCP | TXD_TSE | (payload & TXD_LEN_MAX),
	    TXC_HDRLEN((p->hdr_len + shift) & 0xff) | TXC_MSS(p->mss));
	return TXD_IXSM | TXD_TXSM;
}

/*
 * Without CTRL.VME the tag goes in here: the addresses and the tag from memory of our own, then the
 * packet from byte 12 on; or all headers, since the card wants those that it repeats in one piece.
 * Returns how many bytes of the first segment that took.
 */
static uint32_t put_tag(struct queue *q, const struct vmhi_pkt *p, uint32_t cmd, uint32_t opts)
{
	const uint8_t *from = (const uint8_t *)(uintptr_t)p->va + p->data_off;
	uint64_t at = (uint64_t)(q->tail & q->mask) * q->tx.header_room;
	uint32_t n = p->flags & VMHI_PKT_TSO ? p->hdr_len : 12;
	uint8_t *h = (uint8_t *)q->tx.header.va + at;

	memcpy(h, from, 12);
	h[12] = 0x81;
	h[13] = 0x00;
	h[14] = (uint8_t)(p->vlan >> 8);
	h[15] = (uint8_t)p->vlan;
	memcpy(h + 16, from + 12, n - 12);
	put(q, q->tx.header.iova + at, cmd | (n + 4), opts);
	return n;
}

static void put_data(struct queue *q, uint64_t addr, uint32_t len, uint32_t cmd, uint32_t opts)
{
	for (; len > TX_DATA_MAX; addr += TX_DATA_MAX, len -= TX_DATA_MAX)
		put(q, addr, cmd | TX_DATA_MAX, opts);
	if (len)
		put(q, addr, cmd | len, opts);
}

/* Bytes on the wire, without FCS: each segment repeats the headers. */
static uint32_t wire_bytes(const struct vmhi_pkt *p, uint32_t len)
{
	uint32_t tag = p->flags & VMHI_PKT_VLAN ? 4 : 0;

	if (!(p->flags & VMHI_PKT_TSO))
		return len + tag;
	return len - p->hdr_len +
	       (p->hdr_len + tag) * ((len - p->hdr_len + p->mss - 1) / (p->mss ? p->mss : 1));
}

/* Returns its bytes on the wire. */
static uint32_t put_packet(struct queue *q, const struct vmhi_pkt *p)
{
	uint32_t cmd = TXD_DTYP_DATA | TXD_DEXT | TXD_IFCS, opts = 0, skip = 0, len = 0, last;
	uint32_t soft = (p->flags & VMHI_PKT_VLAN) && q->tx.soft_tag && p->len > 12;

	for (uint32_t i = 0; i < p->nseg; i++)
		len += p[i].len;
	if (p->flags & VMHI_PKT_TSO) {
		opts = put_tso_context(q, p, len - p->hdr_len, soft ? 4 : 0);
		cmd |= TXD_TSE;
	} else if (p->flags & (VMHI_PKT_CSUM | VMHI_PKT_IP_CSUM)) {
		opts = put_context(q, p, soft ? 4 : 0);
	}
	if (soft) {
		skip = put_tag(q, p, cmd, opts);
	} else if (p->flags & VMHI_PKT_VLAN) {
		cmd |= TXD_VLE;
		opts |= (uint32_t)p->vlan << 16;
	}
	for (uint32_t i = 0; i < p->nseg; i++) {
		put_data(q, p[i].iova + p[i].data_off + skip, p[i].len - skip, cmd, opts);
		skip = 0;
	}
	len = wire_bytes(p, len);
	last = (q->tail - 1) & q->mask;
	q->tx.desc[last].cmd_len |= TXD_EOP;
	q->tx.slot[last].eop = 1;
	q->tx.slot[last].cookie = p->cookie;
	q->tx.slot[last].len = len;
	return len;
}

static void report(struct queue *q)
{
	q->tx.desc[(q->tail - 1) & q->mask].cmd_len |= TXD_RS;
	q->tx.report[q->tx.report_tail++ & q->mask] = q->tail - 1;
}

uint32_t tx_send(void *queue, const struct vmhi_pkt *pkt, uint32_t n)
{
	struct queue *q = queue;
	uint32_t start = q->tail, reported = start, i = 0;
	uint64_t bytes = q->tx.bytes;

	if (!q->running || is_gone(q->dev))
		return 0;
	while (i < n) {
		uint32_t segs = pkt[i].nseg;

		/* more: a context, a header, and 64 KiB in pieces of TX_DATA_MAX */
		if (!segs || segs > TX_SEGS || segs > n - i ||
		    segs + 6 > q->mask - (q->tail - q->head))
			break;
		bytes += put_packet(q, &pkt[i]);
		i += segs;
		if (q->tail - reported >= REPORT_EVERY) {
			report(q);
			reported = q->tail;
		}
	}
	if (q->tail == start)
		return 0;
	if (reported != q->tail)
		report(q);
	__atomic_store_n(&q->tx.bytes, bytes, __ATOMIC_RELAXED);
	__atomic_store_n(&q->tx.given, q->tail, __ATOMIC_RELAXED);
	wr(q->dev, R_TDT(q->idx), q->tail & q->mask);
	return i;
}

static int reported(const struct queue *q)
{
	const struct tx_desc *desc;

	if (q->tx.report_head == q->tx.report_tail)
		return 0;
	desc = &q->tx.desc[q->tx.report[q->tx.report_head & q->mask] & q->mask];
	return __atomic_load_n(&desc->opts, __ATOMIC_ACQUIRE) & TXD_DD;
}

int tx_ready(const struct queue *q)
{
	return q->head != q->tx.done || reported(q);
}

uint32_t tx_done(void *queue, uint64_t *cookie, uint32_t n)
{
	struct queue *q = queue;
	uint32_t out = 0;

	while (reported(q))
		q->tx.done = q->tx.report[q->tx.report_head++ & q->mask] + 1;
	while (out < n && q->head != q->tx.done) {
		const struct tx_slot *s = &q->tx.slot[q->head++ & q->mask];

		if (s->eop)
			cookie[out++] = s->cookie;
	}
	return out;
}
