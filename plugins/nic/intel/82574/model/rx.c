// SPDX-License-Identifier: Apache-2.0
/* Reception: from the wire into the packet buffer, from there into the rings' descriptors. */
#include "card.h"

#include <stdlib.h>
#include <string.h>

#define FCS 4
#define PROTO_TCP 6
#define PROTO_UDP 17
#define ETH_CONTROL 0x8808

#define ST_DD		0x01u
#define ST_EOP		0x02u
#define ST_IXSM		0x04u
#define ST_VP		0x08u
#define ST_UDPCS	0x10u
#define ST_TCPCS	0x20u
#define ST_IPCS		0x40u
#define ST_PIF		0x80u
#define ER_TCPE		0x20u
#define ER_IPE		0x40u

/* What the descriptors of one frame say, but for their lengths. */
struct result {
	uint32_t status, errors, hash;
	uint16_t sum, tag;
	uint8_t type, queue;
};

static uint32_t crc32(const uint8_t *p, uint32_t n)
{
	static uint32_t table[256];
	uint32_t crc = UINT32_MAX;

	for (uint32_t i = 0; !table[255] && i < 256; i++) {
		uint32_t v = i;

		for (int k = 0; k < 8; k++)
			v = v >> 1 ^ (v & 1 ? 0xedb88320u : 0);
		table[i] = v;
	}
	while (n--)
		crc = table[(crc ^ *p++) & 0xff] ^ crc >> 8;
	return ~crc;
}

static uint32_t buffer_size(struct card *c)
{
	static const uint32_t plain[4] = {2048, 1024, 512, 256};
	static const uint32_t extended[4] = {2048, 16384, 8192, 4096};
	uint32_t rctl = *reg(c, RCTL), flex = rctl >> RCTL_FLXBUF_SHIFT & 15;

	if (flex)
		return flex * 1024;
	return (rctl & RCTL_BSEX ? extended : plain)[rctl >> RCTL_BSIZE_SHIFT & 3];
}

static uint32_t ring_size(struct card *c, unsigned int q)
{
	return (*reg(c, RXQ(q, Q_LEN)) & 0xfff80) / DESC_SIZE;
}

static uint32_t ring_free(struct card *c, unsigned int q)
{
	uint32_t n = ring_size(c, q), h = *reg(c, RXQ(q, Q_HEAD)), t = *reg(c, RXQ(q, Q_TAIL));

	if (h >= n || t >= n)
		return 0;
	return t >= h ? t - h : n - h + t;
}

static void judge_sums(struct card *c, const uint8_t *f, const struct packet *p,
		       struct result *r)
{
	uint32_t on = *reg(c, RXCSUM);
	bool l4 = !p->fragment && p->l4;

	if (!(on & (RXCSUM_IPOFL | RXCSUM_TUOFL)))
		r->status |= ST_IXSM;
	if (on & RXCSUM_IPOFL && p->ipv4) {
		r->status |= ST_IPCS;
		if (!ip_sum_ok(f, p))
			r->errors |= ER_IPE;
	}
	if (!(on & RXCSUM_TUOFL) || !l4)
		return;
	if (p->protocol == PROTO_TCP && p->end - p->l4 >= 20)
		r->status |= ST_TCPCS;
	else if (p->protocol == PROTO_UDP && p->end - p->l4 >= 8 && get16(f + p->l4 + 6))
		r->status |= ST_UDPCS;
	else
		return;
	if (!l4_sum_ok(f, p))
		r->errors |= ER_TCPE;
}

/* Decides all that does not depend on where the frame goes, and takes the tag out. */
static void examine(struct card *c, struct frame *f, struct result *r)
{
	uint16_t vet = (uint16_t)*reg(c, VET);
	uint32_t start = *reg(c, RXCSUM) & RXCSUM_PCSS;
	struct rss_result rss;
	struct packet p;

	memset(r, 0, sizeof(*r));
	parse(f->data, f->len, vet, &p);
	rss = rss_hash(c, f->data, &p);
	r->hash = rss.hash;
	r->type = rss.type;
	r->queue = rss.queue;
	r->status = f->inexact ? ST_PIF : 0;
	judge_sums(c, f->data, &p, r);
	if (*reg(c, CTRL) & CTRL_VME && f->len >= 18 && get16(f->data + 12) == vet) {
		r->tag = get16(f->data + 14);
		r->status |= ST_VP;
		memmove(f->data + 12, f->data + 16, f->len - 16);
		f->len -= 4;
	}
	if (start < f->len)
		r->sum = sum_fold(sum_bytes(f->data + start, f->len - start, 0));
}

static void fill_extended(struct card *c, uint32_t d[4], const struct result *r, uint32_t status,
			  uint32_t n)
{
	/* The checksum's bytes lie in memory as on the wire. */
	uint32_t sum = (uint32_t)(uint16_t)(r->sum << 8 | r->sum >> 8);

	d[0] = *reg(c, RXCSUM) & RXCSUM_PCSD ? r->type | (uint32_t)r->queue << 8 : 0;
	d[1] = *reg(c, RXCSUM) & RXCSUM_PCSD ? r->hash : sum << 16;
	d[2] = status | (status & ST_EOP ? r->errors << 24 : 0);
	d[3] = n | (uint32_t)r->tag << 16;
}

static void fill_legacy(uint32_t d[4], const struct result *r, uint32_t status, uint32_t n)
{
	uint32_t sum = (uint32_t)(uint16_t)(r->sum << 8 | r->sum >> 8);

	d[2] = n | sum << 16;
	d[3] = status | (status & ST_EOP ? r->errors << 8 : 0) | (uint32_t)r->tag << 16;
}

/* One descriptor's worth of the frame; false when the ring itself cannot be reached. */
static bool one_descriptor(struct card *c, unsigned int q, const struct result *r,
			   const uint8_t *data, uint32_t n, bool last)
{
	uint32_t head = *reg(c, RXQ(q, Q_HEAD));
	uint64_t at = ((uint64_t)*reg(c, RXQ(q, Q_BAH)) << 32 | *reg(c, RXQ(q, Q_BAL))) +
		      (uint64_t)head * DESC_SIZE;
	uint32_t d[4], status = ST_DD;
	uint64_t buffer;

	if (model_dma_read(c->model, at, d, sizeof(d)))
		return false;
	buffer = (uint64_t)d[1] << 32 | d[0];
	/* A buffer that cannot be reached is lost, and its descriptor done, as on a bus. */
	if (buffer)
		model_dma_write(c->model, buffer, data, n);
	if (last)
		status |= ST_EOP | r->status;
	else
		status |= r->status & ST_VP;
	if (*reg(c, RFCTL) & RFCTL_EXSTEN)
		fill_extended(c, d, r, status, n);
	else
		fill_legacy(d, r, status, n);
	/* The status last: the driver polls it. */
	if (model_dma_write(c->model, at, d, 8) || model_dma_write(c->model, at + 8, d + 2, 8))
		return false;
	*reg(c, RXQ(q, Q_HEAD)) = head + 1 >= ring_size(c, q) ? 0 : head + 1;
	return true;
}

static void low_water(struct card *c, unsigned int q, uint32_t before)
{
	uint32_t part = 2u << (*reg(c, RCTL) >> RCTL_RDMTS_SHIFT & 3);
	uint32_t line = ring_size(c, q) / part, left = ring_free(c, q);

	if (before > line && left <= line)
		irq_cause(c, ICR_RXDMT0);
}

static void deliver(struct card *c, struct frame *f, const struct result *r)
{
	uint32_t size = buffer_size(c), before = ring_free(c, r->queue);

	for (uint32_t at = 0; at < f->len; at += size) {
		uint32_t n = f->len - at < size ? f->len - at : size;

		if (!one_descriptor(c, r->queue, r, f->data + at, n, at + n == f->len))
			return;
	}
	low_water(c, r->queue, before);
	delay_rx(c, r->queue);
}

/* The frame's FCS is kept unless RCTL.SECRC strips it. frame_new() left room. */
static void keep_fcs(struct card *c, struct frame *f)
{
	uint32_t crc;

	if (*reg(c, RCTL) & RCTL_SECRC)
		return;
	crc = crc32(f->data, f->len);
	memcpy(f->data + f->len, &crc, FCS);
	f->len += FCS;
}

static void flow_control(struct card *c)
{
	uint32_t high = *reg(c, FCRTH) & 0xfff8, low = *reg(c, FCRTL) & 0xfff8;

	if (!(*reg(c, CTRL) & CTRL_TFCE) || !high) {
		if (c->paused)
			model_wire_pause(c->wire, false);
		c->paused = false;
	} else if (!c->paused && c->in.bytes >= high) {
		c->paused = true;
		model_wire_pause(c->wire, true);
		stats_add(c, S_XOFFTXC, 1);
	} else if (c->paused && c->in.bytes <= low) {
		c->paused = false;
		model_wire_pause(c->wire, false);
		if (*reg(c, FCRTL) & FCRTL_XONE)
			stats_add(c, S_XONTXC, 1);
	}
}

void rx_run(struct card *c)
{
	while (c->in.first && card_may_dma(c) && *reg(c, RCTL) & RCTL_EN) {
		struct frame *f = c->in.first;
		struct result r;
		struct packet p;
		unsigned int q;

		parse(f->data, f->len, (uint16_t)*reg(c, VET), &p);
		q = rss_hash(c, f->data, &p).queue;
		if (ring_free(c, q) < (f->len + FCS + buffer_size(c) - 1) / buffer_size(c)) {
			if (!f->counted)
				stats_add(c, S_RNBC, 1);
			f->counted = true;
			break;
		}
		list_take(&c->in);
		examine(c, f, &r);
		keep_fcs(c, f);
		deliver(c, f, &r);
		free(f);
	}
	flow_control(c);
}

static bool size_ok(struct card *c, uint32_t n)
{
	uint32_t most = *reg(c, RCTL) & RCTL_LPE ? MODEL_FRAME_MAX : 1522;

	if (n + FCS <= most)
		return true;
	stats_add(c, S_ROC, 1);
	return false;
}

static void count_good(struct card *c, const uint8_t *frame, uint32_t n)
{
	stats_add(c, S_GPRC, 1);
	stats_add64(c, S_GORCL, n + FCS);
	stats_size(c, S_PRC64, n + FCS);
	if (!(frame[0] & 1))
		return;
	if ((get32(frame) & get16(frame + 4)) == 0xffff && get32(frame) == UINT32_MAX)
		stats_add(c, S_BPRC, 1);
	else
		stats_add(c, S_MPRC, 1);
}

/* A pause frame of the far end's: counted; passed on only if software wants it. */
static bool is_control(struct card *c, const uint8_t *frame, uint32_t n)
{
	if (n < 18 || get16(frame + 12) != ETH_CONTROL)
		return false;
	if (*reg(c, CTRL) & CTRL_RFCE)
		stats_add(c, get16(frame + 16) ? S_XOFFRXC : S_XONRXC, 1);
	return !(*reg(c, RCTL) & RCTL_PMCF);
}

/* Packet split has descriptors of another size, buffers of others: better no frame than a wrong one. */
static bool splits(struct card *c)
{
	if (!(*reg(c, RCTL) & RCTL_DTYP))
		return false;
	if (!(c->split++ & 1023))
		model_log("RCTL.DTYP asks for packet split, which is not modelled: frames are lost");
	return true;
}

void rx_wire(void *card, const uint8_t *frame, size_t size)
{
	static const uint8_t zeros[60];
	struct card *c = card;
	uint32_t n = (uint32_t)(size < 60 ? 60 : size);
	struct frame *f;
	bool inexact;

	if (!(*reg(c, RCTL) & RCTL_EN) || (!link_up(c) && !(*reg(c, RCTL) & RCTL_LBM)))
		return;
	stats_add(c, S_TPR, 1);
	stats_add64(c, S_TORL, n + FCS);
	if (fault_rx(c) || splits(c))
		return;
	if (!size_ok(c, n) || !filter_accepts(c, frame, n, &inexact) || is_control(c, frame, n))
		return;
	if (c->in.bytes + n > (*reg(c, PBA) & 0xffff) * 1024) {
		stats_add(c, S_MPC, 1);
		stats_add(c, S_ICRXOC, 1);
		irq_cause(c, ICR_RXO);
		return;
	}
	count_good(c, frame, n);
	f = frame_new(NULL, n);
	if (!f)
		return;
	memcpy(f->data, frame, size);
	memcpy(f->data + size, zeros, n - size);	/* a frame on the wire has 64 bytes */
	f->inexact = inexact;
	list_add(&c->in, f);
	rx_run(c);
}

void rx_disabled(struct card *c)
{
	list_drop(&c->in);
	flow_control(c);
}

void rx_reset(struct card *c)
{
	rx_disabled(c);
}
