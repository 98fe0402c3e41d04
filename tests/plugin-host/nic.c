// SPDX-License-Identifier: Apache-2.0
/* The life of a port, and one round of its queues. */
#include "tests/plugin-host/nic.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/net/nic-check.h"

bool failed(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("    ");
	vprintf(fmt, ap);
	printf("\n");
	va_end(ap);
	return false;
}

bool lacking(struct nic *n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(n->lacks, sizeof(n->lacks), fmt, ap);
	va_end(ap);
	return false;
}

struct nic_want nic_want(void)
{
	return (struct nic_want){.flags = VMHI_ATTACH_WARM, .mtu = 1500, .room = 2048,
				 .tx_queues = 1, .rx_queues = 1, .depth = 256};
}

static bool is_linked(struct nic *n)
{
	return n->link;
}

static bool is_unlinked(struct nic *n)
{
	return !n->link;
}

bool nic_wait_link(struct nic *n, bool up, uint32_t ms)
{
	return nic_until(n, up ? is_linked : is_unlinked, ms);
}

static uint32_t *vec_of(struct nic *n, uint32_t kind, uint32_t idx)
{
	return kind == VMHI_QUEUE_TX ? &n->tx_vec[idx] : &n->rx_vec[idx];
}

static void **queue_of(struct nic *n, uint32_t kind, uint32_t idx)
{
	return kind == VMHI_QUEUE_TX ? &n->txq[idx] : &n->rxq[idx];
}

void nic_post_all(struct nic *n, uint32_t idx)
{
	struct vmhi_pkt pkt[NIC_BUFS];
	uint32_t num[NIC_BUFS], c = 0, took;

	for (uint32_t i = 0; i < NIC_BUFS && c < n->depth; i++) {
		uint64_t at = (uint64_t)i * n->conf.rx_room;

		if (n->posted[idx][i] || at + n->conf.rx_room > n->buf[idx].len)
			continue;
		num[c] = i;
		pkt[c++] = (struct vmhi_pkt){
			.iova = n->buf[idx].iova + at,
			.va = (uintptr_t)n->buf[idx].va + at,
			.cookie = idx << 16 | i,
			.room = n->conf.rx_room,
		};
	}
	n->h->queue_call = "rx_post";
	took = c ? n->nic->rx_post(n->rxq[idx], pkt, c) : 0;
	n->h->queue_call = NULL;
	if (took > c)
		host_complain(n->h, "rx_post took %u of %u", took, c);
	for (uint32_t i = 0; i < took && i < c; i++)
		n->posted[idx][num[i]] = true;
	n->nposted[idx] += took;
}

static bool make_queue(struct nic *n, uint32_t kind, uint32_t idx)
{
	int r = n->nic->queue(n->dev, kind, idx, n->depth, *vec_of(n, kind, idx),
			      queue_of(n, kind, idx));

	CHECK(!r, "queue %u %u of %u: error %d", kind, idx, n->depth, r);
	return nic_queue_start(n, kind, idx);
}

/* As vmhi-driverd does: of two and more the first is for events, and queues share the others. */
static void share_vectors(struct nic *n, bool polled)
{
	uint32_t first = n->h->nvec > 1, queues = n->h->nvec - first, vec = 0;

	n->event_vec = polled || !first ? VMHI_NO_VEC : 0;
	for (uint32_t i = 0; i < 2 * NIC_QUEUES; i++)
		*vec_of(n, i & 1 ? VMHI_QUEUE_TX : VMHI_QUEUE_RX, i / 2) =
			polled || !queues ? VMHI_NO_VEC : first + vec++ % queues;
}

bool nic_configure(struct nic *n, const struct nic_want *w)
{
	int r;

	n->depth = w->depth < n->info.depth_min ? n->info.depth_min :
		   w->depth > n->info.depth_max ? n->info.depth_max : w->depth;
	share_vectors(n, w->polled);
	n->conf = (struct vmhi_nic_conf){
		.size = sizeof(n->conf), .mtu = w->mtu, .features = w->features,
		.rx_room = w->room, .event_vec = n->event_vec,
		.tx_queues = w->tx_queues, .rx_queues = w->rx_queues};
	r = n->nic->configure(n->dev, &n->conf);
	CHECK(!r, "configure: error %d", r);
	for (uint32_t i = 0; i < w->rx_queues; i++)
		if (!make_queue(n, VMHI_QUEUE_RX, i))
			return false;
	for (uint32_t i = 0; i < w->tx_queues; i++)
		if (!make_queue(n, VMHI_QUEUE_TX, i))
			return false;
	return true;
}

static bool attach(struct nic *n, uint32_t flags)
{
	struct vmhi_attach at;
	int r;

	host_attach_args(n->h, &at, flags);
	n->h->nevent = 0;
	n->h->rd_count = n->h->wr_count = n->h->wait_ns = 0;
	n->up.ns = host_clock();
	r = n->ops->attach(&host_table, n->h, &at, &n->dev);
	CHECK(!r, "attach: error %d", r);
	return nic_identify(n);
}

bool nic_identify(struct nic *n)
{
	struct err e;
	int r;

	n->nic = n->ops->query(n->dev, VMHI_IF_NIC, 1);
	CHECK(n->nic, "no NIC interface");
	CHECK(!nic_check_table(n->nic, &e), "%s", e.msg);
	n->info = (struct vmhi_nic_info){.size = sizeof(n->info), .features = NIC_FEATURES};
	r = n->nic->info(n->dev, &n->info);
	CHECK(!r, "info: error %d", r);
	CHECK(!nic_check_info(&n->info, NIC_FEATURES, &e), "%s", e.msg);
	return true;
}

bool nic_detach(struct nic *n)
{
	int r = n->ops->quiesce(n->dev);

	CHECK(!r || n->h->gone, "quiesce: error %d", r);
	n->ops->detach(n->dev);
	n->dev = NULL;
	return true;
}

bool nic_ask(struct nic *n)
{
	return attach(n, 0) && nic_detach(n);
}

static bool can(struct nic *n, const struct nic_want *w)
{
	const struct vmhi_nic_info *i = &n->info;

	if (w->features & ~i->features)
		return lacking(n, "the driver does not offer the features 0x%lx",
			       (long)(w->features & ~i->features));
	if (w->tx_queues > i->tx_queues || w->rx_queues > i->rx_queues)
		return lacking(n, "the driver has not %u and %u queues", w->tx_queues,
			       w->rx_queues);
	if (w->mtu > i->mtu_max)
		return lacking(n, "the driver has no MTU of %u", w->mtu);
	return true;
}

bool nic_open(struct nic *n, const struct nic_want *w)
{
	uint64_t v[1];
	int r;

	if (!can(n, w) || !attach(n, w->flags))
		return false;
	n->up.ns -= host_clock();
	for (int i = 0; i < NIC_QUEUES; i++)
		CHECK(!host_dma(n->h, 8 << 20, &n->buf[i]), "no memory for buffers");
	CHECK(!host_dma(n->h, NIC_TXBUFS * (uint64_t)NIC_FRAME, &n->txbuf), "no memory to send");
	n->up.ns += host_clock();	/* that is the test's own time */
	if (!nic_configure(n, w))
		return false;
	r = n->nic->stats(n->dev, v, 1);
	CHECK(r > VMHI_STAT_TX_ERR, "stats knows %d counters", r);
	r = n->ops->start(n->dev);
	CHECK(!r, "start: error %d", r);
	n->up = (struct nic_cost){n->h->rd_count, n->h->wr_count, n->h->wait_ns,
				  host_clock() - n->up.ns};
	CHECK(n->alone || nic_wait_link(n, true, NIC_LINK_MS), "no link within %u s",
	      NIC_LINK_MS / 1000);
	return true;
}

bool nic_queue_start(struct nic *n, uint32_t kind, uint32_t idx)
{
	int r = n->nic->queue_start(*queue_of(n, kind, idx));

	CHECK(!r, "queue_start %u %u: error %d", kind, idx, r);
	if (kind == VMHI_QUEUE_RX) {
		n->rx_running[idx] = true;
		nic_post_all(n, idx);
	}
	return true;
}

static void keep_frame(struct nic *n, uint32_t queue, const struct vmhi_pkt *p)
{
	struct frame f = {.flags = p->flags, .hash = p->hash, .queue = queue, .vlan = p->vlan,
			  .err = p->err, .nseg = p->nseg};

	f.data = malloc(NIC_FRAME);
	for (uint32_t i = 0; i < p->nseg && f.data; i++) {
		if (f.len + p[i].len <= NIC_FRAME)
			memcpy(f.data + f.len, (uint8_t *)(uintptr_t)p[i].va + p[i].data_off,
			       p[i].len);
		f.len += p[i].len;
	}
	n->want[VMHI_STAT_RX_PACKETS]++;
	n->want[VMHI_STAT_RX_BYTES] += f.len + (p->flags & VMHI_PKT_VLAN ? 4 : 0);
	if (f.data && (f.data[0] & 1))
		n->want[f.data[0] == 0xff ? VMHI_STAT_RX_BROADCAST : VMHI_STAT_RX_MULTICAST]++;
	if (f.data && f.len >= PEER_HEAD && f.len <= sizeof(n->answer) &&
	    f.data[12] == PEER_ETHERTYPE >> 8 && f.data[13] == (PEER_ETHERTYPE & 0xff) &&
	    (f.data[offsetof(struct peer_msg, op)] & PEER_ANSWER)) {
		memcpy(&n->answer, f.data, f.len);
		free(f.data);
	} else if (n->ninbox < NIC_INBOX && f.data) {
		n->inbox[n->ninbox++] = f;
	} else {
		free(f.data);
	}
}

/* Is this element what the ABI says? The buffer comes back to us. */
static void judge(struct nic *n, uint32_t idx, const struct vmhi_pkt *p, uint32_t of, uint32_t at)
{
	uint32_t num = p->cookie & 0xffff;

	if (p->cookie >> 16 != idx || num >= NIC_BUFS || !n->posted[idx][num]) {
		host_complain(n->h, "rx gave cookie %lx, which it does not hold", (long)p->cookie);
		return;
	}
	n->posted[idx][num] = false;
	n->nposted[idx]--;
	if (p->va != (uintptr_t)n->buf[idx].va + (uint64_t)num * n->conf.rx_room ||
	    p->len + p->data_off > p->room || p->zero[0] || p->zero[1] || p->zero[2] || p->hdr_len ||
	    p->mss)
		host_complain(n->h, "rx: an element is not as it was posted");
	if (!(p->flags & VMHI_PKT_MORE) != (at + 1 == of))
		host_complain(n->h, "rx: MORE is wrong at segment %u of %u", at, of);
}

static uint32_t take(struct nic *n, uint32_t idx)
{
	struct vmhi_pkt pkt[64];
	uint32_t got, i = 0;

	memset(pkt, 0xa5, sizeof(pkt));
	n->h->queue_call = "rx";
	got = n->nic->rx(n->rxq[idx], pkt, 64);
	n->h->queue_call = NULL;
	while (i < got) {
		uint32_t nseg = pkt[i].nseg;

		if (!nseg || nseg > got - i) {
			host_complain(n->h, "rx: nseg %u of %u elements", nseg, got - i);
			break;
		}
		if (pkt[i].flags & VMHI_PKT_CANCELLED) {
			n->ncancelled++;
			if (n->rx_running[idx])
				host_complain(n->h, "rx: CANCELLED on a queue that runs");
		} else {
			keep_frame(n, idx, &pkt[i]);
		}
		for (uint32_t s = 0; s < nseg; s++)
			judge(n, idx, &pkt[i + s], nseg, s);
		i += nseg;
	}
	return got;
}

static uint32_t reap(struct nic *n, uint32_t idx)
{
	uint64_t cookie[64];
	uint32_t got;

	n->h->queue_call = "tx_done";
	got = n->nic->tx_done(n->txq[idx], cookie, 64);
	n->h->queue_call = NULL;
	for (uint32_t i = 0; i < got; i++) {
		uint64_t num = cookie[i] ^ 0xc0ffee00000000ull;

		if (num >= NIC_TXBUFS || !n->tx_busy[num]) {
			host_complain(n->h, "tx_done gave cookie %lx, which it does not hold",
				      (long)cookie[i]);
			continue;
		}
		n->tx_busy[num] = false;
		n->tx_inflight--;
	}
	return got;
}

bool nic_queue_stop(struct nic *n, uint32_t kind, uint32_t idx)
{
	int r = n->nic->queue_stop(*queue_of(n, kind, idx));

	CHECK(!r || n->h->gone, "queue_stop %u %u: error %d", kind, idx, r);
	if (kind == VMHI_QUEUE_TX) {
		while (reap(n, idx))
			;
		return true;
	}
	n->rx_running[idx] = false;
	while (take(n, idx))
		;
	CHECK(!n->nposted[idx], "%u buffers did not come back", n->nposted[idx]);
	return true;
}

bool nic_stop_queues(struct nic *n)
{
	for (uint32_t i = 0; i < n->conf.tx_queues; i++) {
		if (!nic_queue_stop(n, VMHI_QUEUE_TX, i))
			return false;
		n->nic->queue_free(n->txq[i]);
	}
	for (uint32_t i = 0; i < n->conf.rx_queues; i++) {
		if (n->rx_running[i] && !nic_queue_stop(n, VMHI_QUEUE_RX, i))
			return false;
		n->nic->queue_free(n->rxq[i]);
	}
	CHECK(!n->tx_inflight, "%u packets to send did not come back", n->tx_inflight);
	return true;
}

static void free_memory(struct nic *n)
{
	for (int i = 0; i < NIC_QUEUES; i++)
		host_table.dma_free(n->h, n->buf[i].handle);
	host_table.dma_free(n->h, n->txbuf.handle);
}

bool nic_close(struct nic *n)
{
	if (!nic_stop_queues(n) || !nic_detach(n))
		return false;
	nic_forget_inbox(n);
	free_memory(n);
	return true;
}

void nic_forget_inbox(struct nic *n)
{
	while (n->ninbox)
		free(n->inbox[--n->ninbox].data);
}

static void take_event(struct nic *n, const struct vmhi_event *ev)
{
	n->fault |= ev->type == VMHI_EV_FAULT;
	if (ev->type != VMHI_EV_LINK || ev->index)
		return;
	if (ev->arg[0] > 1 || ev->arg[2] > 1)
		host_complain(n->h, "a link event says %lu and %lu where 0 and 1 are allowed",
			      (long)ev->arg[0], (long)ev->arg[2]);
	n->link = ev->arg[0];
	n->speed = (uint32_t)ev->arg[1];
	*(n->link ? &n->link_ups : &n->link_downs) += 1;
}

void nic_events(struct nic *n)
{
	struct vmhi_event ev;
	int id;

	if (n->event_vec != VMHI_NO_VEC && host_irq_taken(n->h, n->event_vec)) {
		ev = (struct vmhi_event){.type = VMHI_EV_IRQ, .index = n->event_vec};
		n->ops->event(n->dev, &ev);
	}
	while ((id = host_timer_due(n->h)) >= 0) {
		ev = (struct vmhi_event){.type = VMHI_EV_TIMER, .index = (uint32_t)id};
		n->ops->event(n->dev, &ev);
	}
	for (uint32_t i = 0; i < n->h->nevent; i++)
		take_event(n, &n->h->event[i]);
	n->h->nevent = 0;
}

void nic_poll(struct nic *n)
{
	nic_events(n);
	for (uint32_t i = 0; i < n->conf.tx_queues; i++)
		reap(n, i);
	for (uint32_t i = 0; i < n->conf.rx_queues; i++) {
		if (!n->rx_running[i])
			continue;
		if (take(n, i) && !n->hold)
			nic_post_all(n, i);
	}
}

bool nic_until(struct nic *n, bool (*fn)(struct nic *n), uint32_t ms)
{
	uint64_t end = host_clock() + ms * 1000000ull;

	do {
		nic_poll(n);
		if (fn(n))
			return true;
		usleep(50);
	} while (host_clock() < end);
	return false;
}

bool nic_filter(struct nic *n, uint32_t flags, const uint8_t (*uc)[6], uint32_t nuc,
		const uint8_t (*mc)[6], uint32_t nmc, const uint64_t *vlan)
{
	struct vmhi_nic_filter f = {.size = sizeof(f), .flags = flags, .nuc = nuc, .nmc = nmc,
				    .uc = uc, .mc = mc, .vlan = vlan};
	int r = n->nic->filter(n->dev, &f);

	CHECK(!r, "filter: error %d", r);
	return true;
}
