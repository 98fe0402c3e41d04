// SPDX-License-Identifier: Apache-2.0
/* Receiving. */
#include "dev.h"

/* The key of the published verification suite for this hash. */
static const uint32_t rss_key[10] = {
	0xda565a6d, 0xc20e5b25, 0x3d256741, 0xb08fa343, 0xcb2bcad0,
	0xb4307bae, 0xa32dcb77, 0x0cf23080, 0x3bb7426a, 0xfa01acbe,
};

static uint32_t running(const struct dev *d, uint32_t i)
{
	return d->rx[i] && d->rx[i]->running;
}

/* Spreads over the queues that run. What has no IP header always goes to queue 0. */
static void spread(struct dev *d)
{
	uint32_t odd = 0;

	if (d->conf.rx_queues < 2)
		return;
	if (running(d, 1))
		odd = running(d, 0) ? RETA_QUEUE1 << 8 | RETA_QUEUE1 << 24 : RETA_QUEUE1 * 0x01010101u;
	for (uint32_t i = 0; i < 32; i++)
		wr(d, R_RETA(i), odd);
}

/* Makes RCTL what configure, filter and the queues that run want. */
void rx_enable(struct dev *d)
{
	uint32_t on = running(d, 0) || running(d, 1);

	wr(d, R_RCTL, d->rctl | (on ? RCTL_EN : 0));
}

static uint32_t buffer_size(uint32_t room)
{
	static const struct {
		uint32_t room, rctl;
	} sizes[] = {
		{2048, 0},
		{4096, RCTL_BSEX | 3u << RCTL_BSIZE_SHIFT},
		{8192, RCTL_BSEX | 2u << RCTL_BSIZE_SHIFT},
		{16384, RCTL_BSEX | 1u << RCTL_BSIZE_SHIFT},
	};

	for (uint32_t i = 0; i < 4; i++)
		if (sizes[i].room == room)
			return sizes[i].rctl;
	return ~0u;
}

void rx_configure(struct dev *d)
{
	const struct vmhi_nic_conf *c = &d->conf;
	uint32_t ctrl = rd(d, R_CTRL) & ~CTRL_VME, rxcsum = 0;

	d->rctl = RCTL_BAM | RCTL_SECRC | buffer_size(c->rx_room);
	if (c->mtu > 1500)
		d->rctl |= RCTL_LPE;
	wr(d, R_RCTL, d->rctl);
	wr(d, R_PBA, PBA_20K);
	wr(d, R_RDTR, 0);
	wr(d, R_RADV, 0);
	wr(d, R_RFCTL, RFCTL_EXSTEN | RFCTL_ACK_DIS | RFCTL_NFSW_DIS | RFCTL_NFSR_DIS);
	if (c->features & VMHI_NIC_RX_CSUM)
		rxcsum |= RXCSUM_IPOFL | RXCSUM_TUOFL;
	if (c->rx_queues > 1)
		rxcsum |= RXCSUM_PCSD;
	wr(d, R_RXCSUM, rxcsum);
	wr(d, R_MRQC, 0);
	if (c->rx_queues > 1) {
		for (uint32_t i = 0; i < 10; i++)
			wr(d, R_RSSRK(i), rss_key[i]);
		spread(d);
		wr(d, R_MRQC, MRQC_2Q | MRQC_FIELDS);
	}
	/* VME both strips and allows to insert; put_tag() serves those that want only the latter. */
	if (c->features & VMHI_NIC_RX_VLAN)
		ctrl |= CTRL_VME;
	wr(d, R_CTRL, ctrl);
	for (uint32_t i = 0; i < QUEUES; i++)
		wr(d, R_RDLEN(i), 0);
}

int rx_start(struct queue *q)
{
	struct dev *d = q->dev;

	q->rx.frame_max = d->conf.mtu + FRAME_EXTRA;
	q->rx.segs_max = (q->rx.frame_max + d->conf.rx_room - 1) / d->conf.rx_room;
	q->rx.vlan = !!(d->conf.features & VMHI_NIC_RX_VLAN);
	q->rx.csum = !!(d->conf.features & VMHI_NIC_RX_CSUM);
	q->rx.cut = 0;
	wr(d, R_RCTL, d->rctl);
	wr(d, R_RDBAL(q->idx), (uint32_t)q->ring.iova);
	wr(d, R_RDBAH(q->idx), (uint32_t)(q->ring.iova >> 32));
	wr(d, R_RDLEN(q->idx), (q->mask + 1) * (uint32_t)sizeof(struct rx_desc));
	wr(d, R_RXDCTL(q->idx), RXDCTL_GRAN);
	wr(d, R_RDH(q->idx), q->head & q->mask);
	wr(d, R_RDT(q->idx), q->tail & q->mask);
	q->running = 1;
	spread(d);
	rx_enable(d);
	return 0;
}

/*
 * The card has one switch for all its receive queues, so the other one pauses too: what is on its
 * way into memory arrives within the wait, and a ring of length 0 is not looked at again.
 */
int rx_stop(struct queue *q)
{
	struct dev *d = q->dev;

	wr(d, R_IMC, q->irq);
	q->running = 0;
	wr(d, R_RCTL, d->rctl);
	hw_finish_frames(d);
	wr(d, R_RDLEN(q->idx), 0);
	wr(d, R_RDH(q->idx), 0);
	wr(d, R_RDT(q->idx), 0);
	spread(d);
	rx_enable(d);
	rd(d, R_STATUS);
	return 0;
}

uint32_t rx_post(void *queue, const struct vmhi_pkt *pkt, uint32_t n)
{
	struct queue *q = queue;
	uint32_t room = q->mask - (q->tail - q->head);

	if (n > room)
		n = room;
	if (!n || is_gone(q->dev))
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = q->tail++ & q->mask;
		struct rx_slot *s = &q->rx.slot[at];
		struct rx_desc *desc = &q->rx.desc[at];

		s->iova = pkt[i].iova;
		s->va = pkt[i].va;
		s->cookie = pkt[i].cookie;
		s->room = pkt[i].room;
		desc->status = 0;
		desc->lo.addr = pkt[i].iova;
	}
	if (q->running)
		wr(q->dev, R_RDT(q->idx), q->tail & q->mask);
	return n;
}

static uint32_t status_at(const struct queue *q, uint32_t at)
{
	return __atomic_load_n(&q->rx.desc[at & q->mask].status, __ATOMIC_ACQUIRE);
}

/* How many descriptors the oldest frame takes, 0 if it is not all there; *last: its end's status */
static uint32_t frame_segs(const struct queue *q, uint32_t *last)
{
	uint32_t n = 0;

	while (q->head + n != q->tail) {
		*last = status_at(q, q->head + n);
		if (!(*last & RXD_DD))
			return 0;
		n++;
		/* Longer than allowed: it is handed over in pieces, so that any n suffices. */
		if ((*last & RXD_EOP) || n == q->rx.segs_max)
			return n;
	}
	return 0;
}

int rx_ready(const struct queue *q)
{
	uint32_t last;

	return frame_segs(q, &last) != 0;
}

static void fill(struct queue *q, struct vmhi_pkt *p, uint32_t len)
{
	const struct rx_slot *s = &q->rx.slot[q->head++ & q->mask];

	*p = (struct vmhi_pkt){
		.iova = s->iova, .va = s->va, .cookie = s->cookie, .room = s->room, .len = len};
}

static uint32_t checksum_flags(uint32_t status)
{
	uint32_t f = 0;

	if (status & RXD_IXSM)
		return 0;
	if (status & RXD_IPCS)
		f |= VMHI_PKT_IPV4 | (status & RXD_IPE ? VMHI_PKT_IP_BAD : VMHI_PKT_IP_OK);
	if (status & (RXD_TCPCS | RXD_UDPCS)) {
		f |= status & RXD_UDPCS ? VMHI_PKT_UDP : VMHI_PKT_TCP;
		f |= status & RXD_TCPE ? VMHI_PKT_CSUM_BAD : VMHI_PKT_CSUM_OK;
	}
	return f;
}

static uint16_t frame_error(struct queue *q, uint32_t status, uint32_t len)
{
	uint16_t err = 0;

	if (status & RXD_FRAME_ERR)
		err = status & (RXD_CE | RXD_SE) ? VMHI_PKT_ERR_CRC : VMHI_PKT_ERR_OTHER;
	if (q->rx.cut || !(status & RXD_EOP) || len > q->rx.frame_max)
		err = VMHI_PKT_ERR_LENGTH;
	q->rx.cut = !(status & RXD_EOP);
	return err;
}

/* One frame of segs descriptors whose last has this status. */
static void take_frame(struct queue *q, struct vmhi_pkt *p, uint32_t segs, uint32_t status)
{
	const struct rx_desc *first = &q->rx.desc[q->head & q->mask];
	const struct rx_desc *end = &q->rx.desc[(q->head + segs - 1) & q->mask];
	uint32_t flags = q->rx.csum ? checksum_flags(status) : 0, len = 0, i;
	uint32_t hash = first->lo.wb.hash, type = first->lo.wb.mrq & MRQ_TYPE;
	uint16_t vlan = end->vlan;
	int lied = 0;

	for (i = 0; i < segs; i++) {
		uint32_t seg = q->rx.desc[q->head & q->mask].len;
		uint32_t room = q->rx.slot[q->head & q->mask].room;

		/* More than the buffer holds: the card is broken, and the host must not follow. */
		if (seg > room) {
			seg = room;
			lied = 1;
		}
		fill(q, &p[i], seg);
		p[i].flags = i + 1 < segs ? VMHI_PKT_MORE : 0;
		len += seg;
	}
	p->nseg = (uint16_t)segs;
	p->err = frame_error(q, status, len);
	if (lied)
		p->err = VMHI_PKT_ERR_OTHER;
	if (q->dev->conf.rx_queues > 1 && type) {
		flags |= VMHI_PKT_HASH;
		p->hash = hash;
	}
	if (q->rx.vlan && (status & RXD_VP)) {
		flags |= VMHI_PKT_VLAN;
		p->vlan = vlan;
	}
	p->flags |= flags;
}

/* A buffer of a stopped queue, or of a device that is gone, goes back unused. */
static void cancel(struct queue *q, struct vmhi_pkt *p)
{
	fill(q, p, 0);
	p->nseg = 1;
	p->flags = VMHI_PKT_CANCELLED;
}

uint32_t rx_take(void *queue, struct vmhi_pkt *pkt, uint32_t n)
{
	struct queue *q = queue;
	uint32_t out = 0, last, segs;

	while (out < n) {
		segs = frame_segs(q, &last);
		if (segs) {
			if (segs > n - out)
				break;
			take_frame(q, &pkt[out], segs, last);
			out += segs;
		} else if (q->head != q->tail && !q->running) {
			cancel(q, &pkt[out++]);
		} else {
			break;
		}
	}
	return out;
}
