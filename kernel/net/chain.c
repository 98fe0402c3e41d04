// SPDX-License-Identifier: Apache-2.0
/* The long way: descriptor chains of both kinds of rings, indirect tables, regions that change. */
#include <linux/virtio_net.h>

#include "kernel/net/csum.h"
#include "kernel/net/packed.h"
#include "kernel/net/split.h"

/*
 * Descriptors read for one frame: no guest needs as many, and one that links more of them, empty
 * ones too, would hold up the others.
 */
#define FRAME_DESCS 256

/* A walk along one chain. */
struct walk {
	const uint8_t *table;
	uint32_t size, left;	/* of the table; descriptors that may still come */
	uint32_t next;
	uint32_t *budget;	/* of FRAME_DESCS: what is left */
	bool more, indirect;
	uint16_t id, skip;	/* as in struct vq_done */
};

/* One of either kind. id: a packed one's; next: where a chained one goes on. */
struct link {
	uint64_t addr;
	uint32_t len, next;
	uint16_t flags, id;
};

static int stop(struct vq *vq, const char *why, uint64_t arg)
{
	vq_break(vq, why, arg);
	return -1;
}

static void walk_start(const struct vq *vq, uint16_t start, struct walk *w, uint32_t *budget)
{
	*w = (struct walk){.table = (const uint8_t *)(vq->packed ? (void *)vq->ring : vq->desc),
			   .size = vq->size, .left = vq->size, .budget = budget, .more = true,
			   .next = vq->packed ? start & vq->mask : start, .id = start};
}

/* Descriptor w->next, read once. In a packed table the next one follows, in a ring round its end. */
static struct link walk_load(const struct vq *vq, const struct walk *w)
{
	struct split_desc d = split_load((const void *)(w->table + w->next * 16ul));
	struct link l = {.addr = d.addr, .len = d.len, .flags = d.flags, .next = d.next};

	if (!vq->packed)
		return l;
	l.id = d.flags;		/* the last two fields change places */
	l.flags = d.next;
	if (w->indirect) {
		l.flags &= VRING_DESC_F_WRITE | VRING_DESC_F_INDIRECT;
		l.flags |= w->next + 1 < w->size ? VRING_DESC_F_NEXT : 0;
	}
	l.next = w->indirect ? w->next + 1 : (w->next + 1) & vq->mask;
	return l;
}

static int enter_indirect(struct vq *vq, const struct link *d, struct walk *w)
{
	uint64_t len = d->len;
	const uint8_t *table;

	if (!vq->indirect)
		return stop(vq, "indirect descriptor, which was not negotiated, at", d->addr);
	if (w->indirect)
		return stop(vq, "indirect table inside an indirect table at", d->addr);
	if (d->flags & VRING_DESC_F_NEXT)
		return stop(vq, "indirect descriptor that is chained, at", d->addr);
	if (vq->packed && w->skip > 1)
		return stop(vq, "indirect descriptor at a chain's end, at", d->addr);
	if (!len || len % sizeof(struct vring_desc) ||
	    len / sizeof(struct vring_desc) > VQ_SIZE_MAX)
		return stop(vq, "indirect table of length", len);
	table = guestmem_find(vq->mem, &vq->cache, d->addr, &len);
	if (!table || len < d->len)
		return stop(vq, "indirect table outside of memory at", d->addr);
	w->table = table;
	w->size = w->left = d->len / sizeof(struct vring_desc);
	w->next = 0;
	w->indirect = true;
	return 0;
}

/* The next descriptor with a buffer: 1, and *d; 0 at the chain's end; -1 after vq_break(). */
static int walk_next(struct vq *vq, struct walk *w, bool write, struct link *d)
{
	for (;;) {
		if (!w->more)
			return 0;
		if (w->next >= w->size)
			return stop(vq, "chain goes on at descriptor", w->next);
		if (!w->left--)
			return stop(vq, "descriptor chain loops at", w->next);
		if (!*w->budget)
			return stop(vq, "frame of more descriptors than", FRAME_DESCS);
		--*w->budget;
		*d = walk_load(vq, w);
		if (!w->indirect) {
			w->skip++;
			w->id = vq->packed ? d->id : w->id;	/* the last one's counts */
		}
		if (!(d->flags & VRING_DESC_F_INDIRECT))
			break;
		if (enter_indirect(vq, d, w))
			return -1;
	}
	w->more = d->flags & VRING_DESC_F_NEXT;
	w->next = d->next;
	if (!!(d->flags & VRING_DESC_F_WRITE) != write)
		return stop(vq, write ? "receive buffer that may not be written at"
				      : "transmit buffer for writing at", d->addr);
	if (d->addr + d->len < d->addr)
		return stop(vq, "buffer wraps around at", d->addr);
	return 1;
}

/* The next contiguous piece of a descriptor, which it shrinks: its address, or NULL. */
static uint8_t *piece(struct vq *vq, struct link *d, uint64_t *len)
{
	uint8_t *p;

	*len = d->len;
	p = guestmem_find(vq->mem, &vq->cache, d->addr, len);
	if (!p) {
		vq_break(vq, "buffer outside of memory at", d->addr);
		return NULL;
	}
	d->addr += *len;
	d->len -= (uint32_t)*len;
	return p;
}

/* Where a chain's bytes go. at counts those of header and frame. */
struct sink {
	uint8_t hdr[VQ_HDR];
	uint8_t *frame;
	uint64_t room, at;
	bool gso;
};

/* Whether a header asks for the one kind of segmentation that was offered, as it must be asked for. */
static bool wants_gso(const struct vq *vq, uint64_t hdr)
{
	return vq->tso && vq->gso && (hdr & VIRTIO_NET_HDR_F_NEEDS_CSUM) &&
	       (uint8_t)(hdr >> 8) == VIRTIO_NET_HDR_GSO_TCPV4;
}

static void gather(const struct vq *vq, struct sink *s, const uint8_t *p, uint64_t len)
{
	if (s->at < VQ_HDR) {
		uint64_t n = len < VQ_HDR - s->at ? len : VQ_HDR - s->at;

		memcpy(s->hdr + s->at, p, n);
		s->at += n;
		p += n;
		len -= n;
		if (s->at == VQ_HDR && wants_gso(vq, load64(s->hdr))) {
			s->frame = vq->gso->data;
			s->room = GSO_MAX;
			s->gso = true;
		}
	}
	if (len && s->at - VQ_HDR + len <= s->room)
		memcpy(s->frame + (s->at - VQ_HDR), p, len);
	s->at += len;
}

/* A frame that lies in vq->gso: true if it can be cut. */
static bool accept_gso(const struct vq *vq, uint32_t len, uint64_t hdr, uint16_t offset)
{
	const struct gso_hdr h = {.mss = (uint16_t)(hdr >> 32), .csum_start = (uint16_t)(hdr >> 48),
				  .csum_offset = offset};

	return gso_accept(vq->gso, len, &h, vq->frame_max);
}

int vq_take_chain(struct vq *vq, uint16_t start, const struct pool *pool, uint64_t cookie,
		  struct vmhi_pkt *pkt, struct vq_done *done)
{
	struct sink s = {.frame = pool_data(pool, cookie), .room = vq->frame_max};
	uint32_t budget = FRAME_DESCS;
	struct link d;
	struct walk w;
	int r;

	pool_describe(pool, cookie, 0, 1, pkt);
	walk_start(vq, start, &w, &budget);
	while ((r = walk_next(vq, &w, false, &d)) > 0) {
		while (d.len) {
			uint64_t len;
			const uint8_t *p = piece(vq, &d, &len);

			if (!p)
				return -1;
			gather(vq, &s, p, len);
		}
	}
	if (r < 0)
		return -1;
	*done = (struct vq_done){.id = w.id, .skip = w.skip};
	if (s.at < VQ_HDR)
		return stop(vq, "chain shorter than its header: bytes", s.at);
	s.at -= VQ_HDR;
	if (s.at < 14 || s.at > s.room) {
		vq->bad++;
		return 0;
	}
	pkt->len = (uint32_t)s.at;
	if (!s.gso)
		return !load16(s.hdr) || vq_take_offload(vq, load64(s.hdr), load16(s.hdr + 8), pkt);
	vq->bad += !accept_gso(vq, pkt->len, load64(s.hdr), load16(s.hdr + 8));
	return 0;
}

/* A frame in a buffer, of a header that asks for segmentation: into vq->gso, or it is refused. */
static __attribute__((noinline)) bool take_gso(struct vq *vq, uint64_t hdr, uint16_t offset,
					       const struct vmhi_pkt *pkt)
{
	bool good = wants_gso(vq, hdr);

	if (good) {
		memcpy(vq->gso->data, (const uint8_t *)(uintptr_t)pkt->va, pkt->len);
		good = accept_gso(vq, pkt->len, hdr, offset);
	}
	vq->bad += !good;
	return false;
}

bool vq_take_offload(struct vq *vq, uint64_t hdr, uint16_t offset, struct vmhi_pkt *pkt)
{
	uint32_t start = (uint32_t)(hdr >> 48);

	if (unlikely((uint8_t)(hdr >> 8) != VIRTIO_NET_HDR_GSO_NONE))
		return take_gso(vq, hdr, offset, pkt);
	if (!(hdr & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return true;
	if (!vq->csum || start < 14 || start + offset + 2u > pkt->len) {
		vq->bad++;
		return false;
	}
	pkt->flags |= VMHI_PKT_CSUM;
	pkt->l4_off = (uint16_t)start;
	pkt->csum_off = offset;
	return true;
}

uint64_t vq_give_offload(const struct vq *vq, struct vmhi_pkt *pkt, uint16_t *csum_offset)
{
	if (!vq->guest_csum) {
		if (pkt->flags & VMHI_PKT_CSUM)
			csum_complete(pkt);
		return 0;
	}
	if (!(pkt->flags & VMHI_PKT_CSUM))
		return VIRTIO_NET_HDR_F_DATA_VALID;
	*csum_offset = pkt->csum_off;
	return VIRTIO_NET_HDR_F_NEEDS_CSUM | (uint64_t)pkt->l4_off << 48;
}

/* Room for one frame: pieces of one or, when they are merged, of several chains. */
#define GIVE_PIECES 256
struct room {
	struct { uint8_t *p; uint64_t len; } piece[GIVE_PIECES];
	uint64_t len[VQ_CHAINS];	/* of each chain */
	uint32_t pieces, chains;
	uint16_t skip;			/* places of all chains */
	uint32_t budget;
	uint64_t total;
};

static int add_chain(struct vq *vq, uint16_t start, struct room *b, struct vq_done *done)
{
	struct link d;
	struct walk w;
	int r;

	b->len[b->chains] = 0;
	walk_start(vq, start, &w, &b->budget);
	while ((r = walk_next(vq, &w, true, &d)) > 0) {
		while (d.len) {
			uint64_t len;
			uint8_t *p = piece(vq, &d, &len);

			if (!p)
				return -1;
			if (b->pieces == GIVE_PIECES)
				return stop(vq, "receive buffers of too many pieces:", b->pieces);
			b->piece[b->pieces].p = p;
			b->piece[b->pieces++].len = len;
			b->len[b->chains] += len;
		}
	}
	if (r < 0)
		return -1;
	if (!b->chains && b->len[0] < VQ_HDR)
		return stop(vq, "receive buffer shorter than the header: bytes", b->len[0]);
	*done = (struct vq_done){.id = w.id, .skip = w.skip};
	b->skip = (uint16_t)(b->skip + w.skip);
	b->total += b->len[b->chains++];
	return 0;
}

/* Whether there is another chain, and where it starts: its head, or its place. */
static bool next_chain(const struct vq *vq, const struct room *b, uint32_t avail, uint16_t *start)
{
	if (vq->packed) {
		*start = (uint16_t)(vq->last_avail + b->skip);
		return b->skip < vq->size && packed_available(vq, *start);
	}
	*start = split_head(vq, (uint16_t)(vq->last_avail + b->chains));
	return b->chains < avail;
}

/* Spreads n bytes over the pieces, from byte at of them on. */
static void scatter(const struct room *b, uint64_t at, const uint8_t *src, uint64_t n)
{
	for (uint32_t i = 0; n && i < b->pieces; i++) {
		uint64_t len = b->piece[i].len, part;

		if (at >= len) {
			at -= len;
			continue;
		}
		part = len - at < n ? len - at : n;
		memcpy(b->piece[i].p + at, src, part);
		src += part;
		n -= part;
		at = 0;
	}
}

int vq_give_chain(struct vq *vq, struct vmhi_pkt *pkt, uint32_t avail, struct vq_done *done)
{
	uint64_t need = VQ_HDR + (uint64_t)pkt->len;
	uint32_t most = vq->mergeable ? VQ_CHAINS : 1;
	uint16_t csum_offset = 0, start;
	uint8_t hdr[VQ_HDR];
	struct room b;

	b.pieces = b.chains = b.skip = 0;
	b.budget = FRAME_DESCS;
	b.total = 0;
	while (b.total < need && b.chains < most && next_chain(vq, &b, avail, &start))
		if (add_chain(vq, start, &b, &done[b.chains]))
			return -1;
	if (b.total < need)
		return 0;
	store64(hdr, pkt->flags & (VMHI_PKT_CSUM | VMHI_PKT_CSUM_OK)
			     ? vq_give_offload(vq, pkt, &csum_offset) : 0);
	store32(hdr + 8, b.chains << 16 | csum_offset);
	scatter(&b, 0, hdr, VQ_HDR);
	scatter(&b, VQ_HDR, (const uint8_t *)(uintptr_t)pkt->va + pkt->data_off, pkt->len);
	for (uint32_t i = 0; i < b.chains; i++) {
		done[i].len = (uint32_t)(b.len[i] < need ? b.len[i] : need);
		need -= done[i].len;
	}
	return (int)b.chains;
}
