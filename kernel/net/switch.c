// SPDX-License-Identifier: Apache-2.0
/* Ports of the switch, what they may send, and where it goes. */
#include "kernel/net/switch.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "kernel/net/copy.h"

#define MAC_MASK      0xffffffffffffull
#define ETH_VLAN      0x0081u	/* 0x8100 as a little-endian CPU loads it */
#define MULTICAST     1ull	/* the group bit, in a loaded address */
#define LINK_LOCAL    0x0000c28001ull	/* 01:80:c2:00:00:0x, which bridges keep (802.1Q 8.6.3) */
#define likely(x)     __builtin_expect(!!(x), 1)
#define unlikely(x)   __builtin_expect(!!(x), 0)

static inline uint8_t *frame(const struct vmhi_pkt *p)
{
	return (uint8_t *)(uintptr_t)p->va + p->data_off;
}

void switch_init(struct vswitch *s, struct pool *pool)
{
	memset(s, 0, sizeof(*s));
	s->pool = pool;
	s->generation = 1;
}

/* What was decided before need not hold any more. */
static void changed(struct vswitch *s)
{
	if (!++s->generation)
		s->generation = 1;
}

static void forget_sources(struct vswitch *s)
{
	for (int i = 0; i < s->top; i++)
		if (s->port[i])
			memset(s->port[i]->src_cache, 0, sizeof(s->port[i]->src_cache));
	changed(s);
}

/* Fixed entries of a port with an address: one for each VLAN that it is in. */
static int fix_address(struct vswitch *s, const struct switch_port *p)
{
	struct macentry evicted;
	bool full = false;

	for (uint32_t vid = 0; vid < 4095; vid++) {
		uint64_t key = mac_key(p->mac, (uint16_t)vid);
		const struct macentry *e = mactable_find(&s->macs, key);

		if (!vlan_member(p, (uint16_t)vid))
			continue;
		if (e && e->fixed)
			return -EEXIST;
		mactable_learn(&s->macs, key, p->id, true, &evicted, &full);
		if (full)
			return -ENOSPC;
	}
	return 0;
}

int switch_add(struct vswitch *s, struct switch_port *port)
{
	int id = SWITCH_UPLINK + 1, r = 0;

	while (id < SWITCH_PORTS && s->port[id])
		id++;
	if (id == SWITCH_PORTS)
		return -ENOSPC;
	port->id = (uint16_t)id;
	if (port->mac)
		r = fix_address(s, port);
	if (r) {
		mactable_forget(&s->macs, port->id, true);
		return r;
	}
	s->port[id] = port;
	s->top = id >= s->top ? id + 1 : s->top;
	forget_sources(s);
	return id;
}

void switch_add_uplink(struct vswitch *s, struct switch_port *port)
{
	port->id = SWITCH_UPLINK;
	port->trunk = true;
	memset(port->member, 0xff, sizeof(port->member));
	s->port[SWITCH_UPLINK] = port;
	s->top = s->top > SWITCH_UPLINK ? s->top : SWITCH_UPLINK + 1;
	changed(s);
}

void switch_remove(struct vswitch *s, struct switch_port *port)
{
	mactable_forget(&s->macs, port->id, true);
	s->port[port->id] = NULL;
	forget_sources(s);
}

void switch_set_up(struct vswitch *s, struct switch_port *port, bool up)
{
	if (port->up && !up) {
		mactable_forget(&s->macs, port->id, false);
		port->learnt = 0;
		memset(port->src_cache, 0, sizeof(port->src_cache));
	}
	port->up = up;
	changed(s);
}

void switch_age(struct vswitch *s)
{
	struct macentry *e = &s->macs.set[0][0];

	for (int i = 0; i < MACTABLE_SETS * MACTABLE_WAYS; i++) {
		if (!e[i].key || e[i].fixed || ++e[i].age < 2)
			continue;
		if (s->port[e[i].port])
			s->port[e[i].port]->learnt--;
		e[i].key = 0;
	}
	forget_sources(s);
}

void switch_set_rate(struct switch_port *port, uint64_t rate, uint64_t burst, uint64_t hz)
{
	port->rate = rate;
	port->burst = port->tokens = burst;
	port->hz = hz;
}

uint32_t switch_guest_macs(const struct vswitch *s, uint8_t (*mac)[6], uint32_t max)
{
	const struct macentry *e = &s->macs.set[0][0];
	uint32_t n = 0;

	for (int i = 0; i < MACTABLE_SETS * MACTABLE_WAYS; i++) {
		bool seen = false;

		if (!e[i].key || e[i].port == SWITCH_UPLINK)
			continue;
		for (uint32_t j = 0; j < n && j < max && !seen; j++)
			seen = !memcmp(mac[j], &e[i].key, 6);
		if (seen)
			continue;
		if (n < max)
			memcpy(mac[n], &e[i].key, 6);
		n++;
	}
	return n;
}

void vlan_insert(struct vmhi_pkt *p)
{
	uint8_t *d = frame(p);

	memmove(d - 4, d, 12);
	store16(d + 8, ETH_VLAN);
	store16(d + 10, __builtin_bswap16(p->vlan));
	p->va -= 4;
	p->iova -= 4;
	p->room += 4;
	p->len += 4;
	p->l4_off = (uint16_t)(p->l4_off + 4);
	p->flags &= ~VMHI_PKT_VLAN;
}

void vlan_strip(struct vmhi_pkt *p)
{
	uint8_t *d = frame(p);

	p->vlan = __builtin_bswap16(load16(d + 14));
	memmove(d + 4, d, 12);
	p->va += 4;
	p->iova += 4;
	p->room -= 4;
	p->len -= 4;
	p->l4_off = (uint16_t)(p->l4_off - 4);
	p->flags |= VMHI_PKT_VLAN;
}

/* Tokens for n bytes: taken if there are enough. */
static bool take_tokens(const struct vswitch *s, struct switch_port *in, uint64_t n)
{
	uint64_t add = (uint64_t)((unsigned __int128)(s->clock - in->filled_at) * in->rate /
				  in->hz);

	if (add) {	/* else the clock's ticks go on adding up */
		in->tokens = in->tokens + add < in->burst ? in->tokens + add : in->burst;
		in->filled_at = s->clock;
	}
	if (in->tokens < n)
		return false;
	in->tokens -= n;
	return true;
}

/* Puts the frame's VLAN beside it, and its number in *vid; false: it may not come in. */
static bool admit_vlan(struct switch_port *in, struct vmhi_pkt *p, uint16_t *vid)
{
	bool tagged = p->flags & VMHI_PKT_VLAN;

	if (!tagged && load16(frame(p) + 12) == ETH_VLAN) {
		if (p->len < 18)
			return false;
		vlan_strip(p);
		tagged = true;
	}
	/* A second tag would come to the front where the first is taken off: into another VLAN. */
	if (tagged && (!in->trunk || load16(frame(p) + 12) == ETH_VLAN))
		return false;
	*vid = tagged ? p->vlan & 0xfff : 0;
	if (!*vid) {
		if (in->drop_untagged)
			return false;
		p->vlan = *vid = in->vlan;
		p->flags &= ~VMHI_PKT_VLAN;
	}
	if (*vid)
		p->flags |= VMHI_PKT_VLAN;
	return vlan_member(in, *vid);
}

/* Enters the source where it is not known yet; false: it is the fixed address of another port. */
static bool learn(struct vswitch *s, struct switch_port *in, uint64_t key)
{
	uint64_t *slot = &in->src_cache[mac_hash(key) % SWITCH_SRC_CACHE];
	bool guest = in->id != SWITCH_UPLINK, full;
	const struct macentry *e;
	struct macentry evicted;

	if (*slot == key || in->mac)
		return true;
	e = mactable_find(&s->macs, key);
	if (e && e->fixed)
		return !guest;
	if (!e && guest && in->learnt >= SWITCH_LEARN_MAX)
		return true;
	if (!e || e->port != in->id) {
		uint16_t before = mactable_learn(&s->macs, key, in->id, false, &evicted, &full);
		struct switch_port *old = before == MACTABLE_NONE ? NULL : s->port[before];

		if (full)
			return true;
		in->learnt++;
		s->learnt_guest |= guest || before != MACTABLE_NONE;
		if (old) {
			old->learnt--;
			old->src_cache[mac_hash(key) % SWITCH_SRC_CACHE] = 0;
		}
		if (evicted.key && s->port[evicted.port]) {
			struct switch_port *poor = s->port[evicted.port];

			poor->learnt--;
			poor->src_cache[mac_hash(evicted.key) % SWITCH_SRC_CACHE] = 0;
		}
		changed(s);
	} else {
		mactable_find(&s->macs, key)->age = 0;
	}
	*slot = key;
	return true;
}

void switch_learn(struct vswitch *s, struct switch_port *in, uint64_t key)
{
	learn(s, in, key);
}

static void tag(const struct switch_port *to, struct vmhi_pkt *p, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if ((p[i].flags & VMHI_PKT_VLAN) && (p[i].vlan & 0xfff) != to->vlan)
			vlan_insert(&p[i]);
}

static void deliver(struct vswitch *s, struct switch_port *to, struct vmhi_pkt *p, uint32_t n)
{
	if (unlikely(!to->up)) {
		to->c.drop_nobuf += n;
		pool_put(s->pool, p, n);
		return;
	}
	if (to->trunk && to->inline_tags)
		tag(to, p, n);
	to->output(to, p, n);
	if (!to->takes)
		pool_put(s->pool, p, n);
}

static void flush(struct vswitch *s, struct switch_port *to)
{
	uint32_t n = to->staged;

	to->staged = 0;
	if (n)
		deliver(s, to, to->stage, n);
}

static bool wants_tag(const struct switch_port *q, uint16_t vid)
{
	return q->trunk && q->inline_tags && vid && vid != q->vlan;
}

/* Whether q is one of those that a frame from in is flooded to. */
static bool floods_to(const struct switch_port *q, const struct switch_port *in, uint16_t vid,
		      bool unknown)
{
	return q && q != in && q->up && vlan_member(q, vid) && !(unknown && q->mac);
}

/* The one port that an unknown address can be behind, or NULL if there are more, or none. */
static struct switch_port *only_way(const struct vswitch *s, const struct switch_port *in,
				    uint16_t vid)
{
	struct switch_port *way = NULL;

	for (int i = 0; i < s->top; i++) {
		if (!floods_to(s->port[i], in, vid, true))
			continue;
		if (way)
			return NULL;
		way = s->port[i];
	}
	return way;
}

/*
 * To every port of the VLAN but its own. Those that want the tag in the frame come after those
 * that do not, since all are given the same buffer; one that takes it over comes last.
 */
static void flood(struct vswitch *s, struct switch_port *in, struct vmhi_pkt *p, uint16_t vid,
		  bool unknown)
{
	struct switch_port *taker = NULL;

	for (int pass = 0; pass < 2; pass++) {
		for (int i = 0; i < s->top; i++) {
			struct switch_port *q = s->port[i];

			if (!floods_to(q, in, vid, unknown) || wants_tag(q, vid) != pass)
				continue;
			flush(s, q);
			if (q->takes) {
				taker = q;
				continue;
			}
			if (pass && (p->flags & VMHI_PKT_VLAN))
				vlan_insert(p);
			q->output(q, p, 1);
		}
	}
	if (!taker)
		pool_put(s->pool, p, 1);
	else
		deliver(s, taker, p, 1);
}

/* What becomes of a frame. */
enum verdict { DROP, FLOOD, TO_PORT };

/*
 * One frame on its own: whether it may come in, and where it goes, to one port (*to) or to all.
 * What is dropped is counted, but not yet freed.
 */
static enum verdict route(struct vswitch *s, struct switch_port *in, struct vmhi_pkt *p,
			  uint16_t *vid, struct switch_port **to)
{
	uint64_t w0 = load64(frame(p)), dst = w0 & MAC_MASK, src;
	bool untagged = !(p->flags & VMHI_PKT_VLAN);
	const struct macentry *e;

	src = (w0 >> 48 | (uint64_t)load32(frame(p) + 8) << 16) & MAC_MASK;
	if (p->len < 14 || (src & MULTICAST) || !src)
		return in->c.drop_bad++, DROP;
	if (in->mac && src != in->mac)
		return in->c.drop_spoof++, DROP;
	untagged &= load16(frame(p) + 12) != ETH_VLAN;
	if (!admit_vlan(in, p, vid))
		return in->c.drop_vlan++, DROP;
	if (in->rate && !take_tokens(s, in, p->len))
		return in->c.drop_rate++, DROP;
	if (!learn(s, in, mac_key(src, *vid)))
		return in->c.drop_spoof++, DROP;
	if ((dst & 0xf0ffffffffff) == LINK_LOCAL)
		return DROP;
	e = dst & MULTICAST ? NULL : mactable_find(&s->macs, mac_key(dst, *vid));
	*to = e ? s->port[e->port] : dst & MULTICAST ? NULL : only_way(s, in, *vid);
	if (!e && !*to)
		return FLOOD;
	if (!*to || *to == in)
		return DROP;
	if (untagged && !in->rate)
		in->flow = (struct switch_flow){w0, load32(frame(p) + 8), s->generation, *to};
	return TO_PORT;
}

/* One frame of several that are not alike. */
static void forward(struct vswitch *s, struct switch_port *in, struct vmhi_pkt *p)
{
	struct switch_port *to = NULL;
	uint16_t vid;

	switch (route(s, in, p, &vid, &to)) {
	case DROP:
		pool_put(s->pool, p, 1);
		return;
	case FLOOD:
		flood(s, in, p, vid, !(load64(frame(p)) & MULTICAST));
		return;
	case TO_PORT:
		if (!to->staged)
			s->waiting[s->nwaiting++] = to;
		to->stage[to->staged++] = *p;
	}
}

static void flush_all(struct vswitch *s)
{
	for (uint32_t i = 0; i < s->nwaiting; i++)
		flush(s, s->waiting[i]);
	s->nwaiting = 0;
}

/* All frames like the last one, and nothing to ask anew: they go on as they are. */
static bool alike(const struct vswitch *s, const struct switch_port *in, const struct vmhi_pkt *p,
		  uint32_t n, uint64_t *bytes)
{
	uint64_t w0 = in->flow.w0, differ = 0, len = 0, odd = 0;
	uint32_t w1 = in->flow.w1;

	for (uint32_t i = 0; i < n; i++) {
		const uint8_t *f = frame(&p[i]);
		uint64_t b = load64(f + 8);

		differ |= (load64(f) ^ w0) | ((uint32_t)b ^ w1);
		odd |= (uint64_t)((b >> 32 & 0xffff) == ETH_VLAN) | (p[i].flags & VMHI_PKT_VLAN);
		len += p[i].len;
	}
	*bytes = len;
	return !(differ | odd) && in->flow.generation == s->generation;
}

/* To where the last one went. */
static void follow(struct vswitch *s, struct switch_port *in, struct vmhi_pkt *p, uint32_t n)
{
	if (in->vlan)
		for (uint32_t i = 0; i < n; i++) {
			p[i].flags |= VMHI_PKT_VLAN;
			p[i].vlan = in->vlan;
		}
	deliver(s, in->flow.to, p, n);
}

/*
 * Frames unlike the last one. The first finds its own way; if all others are like it, it is taken
 * back from where it waits, and they go on together.
 */
static __attribute__((noinline)) void part(struct vswitch *s, struct switch_port *in,
					   struct vmhi_pkt *p, uint32_t n)
{
	uint64_t bytes;

	in->flow.generation = 0;	/* valid again only if the first frame makes it so */
	forward(s, in, p);
	if (n > 1 && alike(s, in, p + 1, n - 1, &bytes)) {
		in->flow.to->staged = 0;
		s->nwaiting = 0;
		follow(s, in, p, n);
		return;
	}
	for (uint32_t i = 1; i < n; i++)
		forward(s, in, &p[i]);
	flush_all(s);
}

void switch_input(struct vswitch *s, struct switch_port *in, struct vmhi_pkt *p, uint32_t n)
{
	uint64_t bytes;
	bool same = alike(s, in, p, n, &bytes);

	in->c.rx_packets += n;
	in->c.rx_bytes += bytes;
	if (likely(same))
		follow(s, in, p, n);
	else
		part(s, in, p, n);
}
