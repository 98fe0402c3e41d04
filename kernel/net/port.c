// SPDX-License-Identifier: Apache-2.0
/* Guests' ports: between a vhost-user back end's virtqueues and the switch. */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/lib/log.h"
#include "kernel/net/copy.h"
#include "kernel/net/dp.h"

/* How long frames wait for buffers of the only guest there is. */
#define WAIT_SECONDS 1

/* The rx queue for a frame, by its addresses and ports, so that a flow stays in order. */
static uint32_t spread(const struct vmhi_pkt *pkt, uint32_t queues)
{
	const uint8_t *f = (const uint8_t *)(uintptr_t)pkt->va + pkt->data_off;
	uint64_t h = load64(f) ^ load32(f + 8);

	if (pkt->len >= 38)
		h ^= load64(f + 22) * 31 + load64(f + 30);
	return (uint32_t)((h * 0x9e3779b97f4a7c15ull) >> 40) % queues;
}

/* Gives frames to one queue; what finds no room is dropped. */
static void give(struct guest_port *p, struct vq *vq, struct vmhi_pkt *pkt, uint32_t n)
{
	uint64_t bytes = 0;

	while (n && vq->run) {
		uint32_t given = vq->give(vq, pkt, n);

		for (uint32_t i = 0; i < given; i++)
			bytes += pkt[i].len;
		p->sp.c.tx_packets += given;
		p->dp->stats.packets += given;
		pkt += given;
		n -= given;
		if (!n || !vq->run || !vq_pending(vq))
			break;
		pkt++;	/* too long for the buffers that are there */
		n--;
		p->sp.c.drop_nobuf++;
	}
	p->sp.c.drop_nobuf += n;
	p->sp.c.tx_bytes += bytes;
}

static void port_output(struct switch_port *sp, struct vmhi_pkt *pkt, uint32_t n)
{
	struct guest_port *p = (struct guest_port *)sp;
	uint32_t i = 0, run, q;

	if (p->rx_queues == 1) {
		give(p, &p->vq[0], pkt, n);
		return;
	}
	for (; i < n; i += run) {
		q = spread(&pkt[i], p->rx_queues);
		for (run = 1; i + run < n && spread(&pkt[i + run], p->rx_queues) == q; run++)
			;
		give(p, &p->vq[2 * q], &pkt[i], run);
	}
}

void port_hold(struct dataplane *dp)
{
	dp->congested = true;
	dp->polled->held_until = dp->sw.clock + dp->hz / 1000;
}

/* The port that frames to this address go to, or NULL if there are several, or none. */
static struct guest_port *behind(struct dataplane *dp, const uint8_t *mac)
{
	uint64_t dst = load32(mac) | (uint64_t)load16(mac + 4) << 32;
	const struct macentry *e = mactable_find(&dp->sw.macs, mac_key(dst, 0));
	struct switch_port *sp = e ? dp->sw.port[e->port] : NULL;

	return sp && sp->output == port_output ? (struct guest_port *)sp : NULL;
}

static bool alone(const struct guest_port *p)
{
	const struct dataplane *dp = p->dp;

	for (uint32_t i = 0; i < dp->nports; i++)
		if (dp->port[i] != p && dp->port[i]->sp.up)
			return false;
	return true;
}

uint32_t port_room(struct dataplane *dp, const uint8_t *mac, uint32_t need)
{
	struct guest_port *p = behind(dp, mac);
	uint32_t room = UINT32_MAX;

	if (!p)
		return room;
	for (uint32_t q = 0; q < p->rx_queues; q++)
		if (p->vq[2 * q].run && vq_room(&p->vq[2 * q]) < room)
			room = vq_room(&p->vq[2 * q]);
	if (room >= need || !alone(p)) {
		p->full_since = 0;
		return room >= need ? room : UINT32_MAX;
	}
	if (!p->full_since)
		p->full_since = dp->sw.clock;
	return dp->sw.clock - p->full_since < WAIT_SECONDS * dp->hz ? 0 : UINT32_MAX;
}

bool port_cut(struct guest_port *p)
{
	struct vmhi_pkt pkt[DP_BATCH];
	uint32_t n = 0;

	p->dp->polled = p;
	if (!port_held(p))
		n = gso_cut(&p->gso, &p->dp->pool, pkt, DP_BATCH);
	if (n)
		switch_input(&p->dp->sw, &p->sp, pkt, n);
	return n;
}

bool port_poll(struct guest_port *p)
{
	struct vmhi_pkt pkt[DP_BATCH];
	bool any = false;

	if (__builtin_expect(p->gso.len, 0))
		return port_cut(p);
	p->dp->polled = p;
	for (uint32_t i = 1; i < 2 * p->conf.queue_pairs && !port_held(p); i += 2) {
		struct vq *vq = &p->vq[i];
		uint32_t n;

		if (!vq->run || p->gso.len)
			continue;
		n = vq->take(vq, &p->dp->pool, pkt, DP_BATCH);
		if (!n)
			continue;
		switch_input(&p->dp->sw, &p->sp, pkt, n);
		any = true;
	}
	if (__builtin_expect(p->vu && p->vu->mem.lost, 0))
		p->dp->trouble = true;
	return any;
}

static void port_pause(void *arg)
{
	struct guest_port *p = arg;

	dp_pause(p->dp);
}

/* Rings may have come or gone. */
static void port_resume(void *arg)
{
	struct guest_port *p = arg;
	uint32_t n = 0;

	while (n < p->conf.queue_pairs && p->vq[2 * n].run)
		n++;
	p->rx_queues = n;
	if (!n)
		p->gso.len = 0;	/* nothing comes from a port that is down */
	if (p->sp.up != (n > 0))
		switch_set_up(&p->dp->sw, &p->sp, n > 0);
	dp_resume(p->dp);
}

static int port_watch(void *arg, int fd, bool on)
{
	struct guest_port *p = arg;

	return dp_watch(p->dp, fd, on);
}

void port_init_queues(struct guest_port *p)
{
	for (int i = 0; i < VHOST_USER_RINGS; i++)
		p->vq[i] = (struct vq){.call_fd = -1, .trouble = &p->dp->trouble,
				       .frame_max = p->conf.mtu + 18, .gso = &p->gso,
				       .journal = &p->vu_port.session->journal[i]};
}

void port_hang_up(struct guest_port *p, const char *why)
{
	struct dataplane *dp = p->dp;
	struct vhost_user *vu = p->vu;

	if (!vu)
		return;
	log_limited(&p->limit, LOG_INFO, "port %s: disconnected: %s", p->conf.name, why);
	dp_pause(dp);	/* the data thread looks at p->vu too */
	p->vu = NULL;
	vhost_user_free(vu);
	for (int i = 0; i < VHOST_USER_RINGS; i++)
		p->bad += p->vq[i].bad;
	port_init_queues(p);
	memset(p->vu_port.session, 0, sizeof(*p->vu_port.session));
	dp_resume(dp);
	if (dp->conf.port_gone)
		dp->conf.port_gone(dp->conf.arg, p->conf.name, why);
}

static void port_gone(void *arg, const char *why)
{
	port_hang_up(arg, why);
}

/* The data thread met trouble: says which queue was stopped, or throws the front end out. */
void port_review(struct guest_port *p)
{
	if (p->vu && p->vu->mem.lost) {
		port_hang_up(p, "its memory was truncated");
		return;
	}
	for (uint32_t i = 0; p->vu && i < 2 * p->conf.queue_pairs; i++) {
		if (!p->vq[i].blocked)
			continue;
		p->barred_until = dp_tsc() + PORT_BAR_SECONDS * p->dp->hz;
		port_hang_up(p, "it filled an eventfd, to block the data thread");
	}
	for (uint32_t i = 0; p->vu && i < 2 * p->conf.queue_pairs; i++) {
		struct vq *vq = &p->vq[i];

		if (!vq->broken || vq->reported)
			continue;
		vq->reported = true;
		p->ring_errors++;
		log_limited(&p->limit, LOG_WARNING, "port %s: queue %u stopped: %s 0x%" PRIx64,
			    p->conf.name, i, vq->broken, vq->broken_arg);
	}
}

struct guest_port *port_find(const struct dataplane *dp, const char *name)
{
	for (uint32_t i = 0; i < dp->nports; i++)
		if (!strcmp(dp->port[i]->conf.name, name))
			return dp->port[i];
	return NULL;
}

static int check_conf(const struct dataplane *dp, const struct dp_port_conf *c, struct err *e)
{
	int r = dp_check_name(dp, c->name, e);

	if (r)
		return r;
	if (c->queue_pairs > VHOST_USER_PAIRS)
		return err_set(e, -EINVAL, "port %s: at most %d queue pairs", c->name,
			       VHOST_USER_PAIRS);
	if (c->mtu && (c->mtu < 68 || c->mtu > dp->conf.mtu))
		return err_set(e, -EINVAL, "port %s: the MTU must be 68 to the set's, %u", c->name,
			       dp->conf.mtu);
	if (c->vlan > 4094 || c->ntrunk > DP_TRUNK_MAX)
		return err_set(e, -EINVAL, "port %s: VLANs are 1 to 4094", c->name);
	for (int i = 0; i < c->ntrunk; i++)
		if (!c->trunk[i] || c->trunk[i] > 4094)
			return err_set(e, -EINVAL, "port %s: VLANs are 1 to 4094", c->name);
	if (c->mac[0] & 1)
		return err_set(e, -EINVAL, "port %s: the address is a group's", c->name);
	return 0;
}

static void set_up_switch_port(struct guest_port *p)
{
	const struct dp_port_conf *c = &p->conf;
	struct switch_port *sp = &p->sp;
	uint64_t burst = c->burst ? c->burst : c->rate / 100;

	sp->output = port_output;
	sp->inline_tags = true;
	memcpy(&sp->mac, c->mac, 6);
	sp->vlan = c->vlan;
	sp->trunk = c->ntrunk > 0;
	sp->drop_untagged = sp->trunk && !c->vlan;
	for (int i = 0; i < c->ntrunk; i++)
		sp->member[c->trunk[i] / 64] |= 1ull << c->trunk[i] % 64;
	if (!sp->drop_untagged)
		sp->member[c->vlan / 64] |= 1ull << c->vlan % 64;
	if (c->rate)
		switch_set_rate(sp, c->rate, burst < 65536 ? 65536 : burst, p->dp->hz);
}

int dp_port_add(struct dataplane *dp, const struct dp_port_conf *conf, struct err *e)
{
	struct guest_port *p;
	int r = check_conf(dp, conf, e);

	if (r)
		return r;
	p = aligned_alloc(64, (sizeof(*p) + 63) & ~63ul);
	if (!p)
		return err_set(e, -ENOMEM, "port %s: out of memory", conf->name);
	memset(p, 0, offsetof(struct guest_port, gso.data));	/* behind it, not before it is used */
	p->dp = dp;
	p->conf = *conf;
	p->conf.mtu = conf->mtu ? conf->mtu : dp->conf.mtu;
	p->conf.queue_pairs = conf->queue_pairs ? conf->queue_pairs : 1;
	p->vu_port = (struct vhost_user_port){
		.arg = p, .name = p->conf.name, .limit = &p->limit, .mtu = (uint16_t)p->conf.mtu,
		.pairs = p->conf.queue_pairs, .eventfd = dp->wake, .vq = p->vq,
		.pause = port_pause, .resume = port_resume, .watch = port_watch,
		.gone = port_gone, .keep = port_keep,
		.report = dp->conf.report ? port_report : NULL,
	};
	r = port_session(p, e);
	if (r) {
		free(p);
		return r;
	}
	port_init_queues(p);
	memcpy(p->vu_port.mac, conf->mac, 6);
	set_up_switch_port(p);
	dp_pause(dp);
	r = switch_add(&dp->sw, &p->sp);
	if (r >= 0)
		dp->port[dp->nports++] = p;
	dp_resume(dp);
	if (r < 0) {
		free(p);
		return err_set(e, r, r == -EEXIST ? "port %s: its address is another port's"
						  : "port %s: too many ports", conf->name);
	}
	uplink_filter(dp);
	return 0;
}

int dp_port_del(struct dataplane *dp, const char *name)
{
	struct guest_port *p = port_find(dp, name);

	if (!p)
		return -ENOENT;
	port_hang_up(p, "the port is removed");
	dp_pause(dp);
	switch_remove(&dp->sw, &p->sp);
	for (uint32_t i = 0; i < dp->nports; i++)
		if (dp->port[i] == p)
			dp->port[i] = dp->port[--dp->nports];
	dp_resume(dp);
	free(p);
	uplink_filter(dp);
	return 0;
}
