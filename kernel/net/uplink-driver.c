// SPDX-License-Identifier: Apache-2.0
/* An uplink through a driver: one transmit and one receive queue of its port. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/lib/driver-op.h"
#include "kernel/lib/log.h"
#include "kernel/net/csum.h"
#include "kernel/net/dp.h"
#include "kernel/net/nic-check.h"

#define TX_DONE_BATCH 64
#define POOL_RESERVE  64	/* buffers that receive queues leave for the guests */
#define TX_TOO_MANY   "its driver's tx() took more packets than it was given"

/* It broke this rule of the ABI: what it holds is lost, and nothing it says is believed any more. */
static void fail(struct uplink *u, const char *why)
{
	u->failed = true;
	u->why = why;
	u->dp->trouble = true;
}

static void count_sent(struct uplink *u, uint64_t bytes, uint32_t n)
{
	u->c.tx_bytes += bytes;
	u->c.tx_packets += n;
	u->dp->stats.packets += n;
	u->sent += n;
}

static uint64_t count_bytes(const struct vmhi_pkt *pkt, uint32_t n)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < n; i++)
		bytes += pkt[i].len;
	return bytes;
}

/* Checksums that the card does not complete are completed here. Returns the bytes. */
static uint64_t prepare(const struct uplink *u, struct vmhi_pkt *pkt, uint32_t n)
{
	uint32_t flags = 0;
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < n; i++) {
		flags |= pkt[i].flags;
		bytes += pkt[i].len;
	}
	if (__builtin_expect(!(flags & VMHI_PKT_CSUM), 1))
		return bytes;
	for (uint32_t i = 0; i < n; i++)
		if ((pkt[i].flags & VMHI_PKT_CSUM) &&
		    (!(u->features & VMHI_NIC_TX_CSUM) || !csum_describe(&pkt[i])))
			csum_complete(&pkt[i]);
	return bytes;
}

static void driver_output(struct switch_port *sp, struct vmhi_pkt *pkt, uint32_t n)
{
	struct uplink *u = sp->owner;
	uint64_t bytes = prepare(u, pkt, n);
	uint32_t sent = 0, keep;

	if (!u->npending && !u->failed)
		sent = u->nic->tx(u->tx, pkt, n);
	if (__builtin_expect(sent > n, 0)) {
		fail(u, TX_TOO_MANY);
		return;
	}
	if (sent == n) {
		count_sent(u, bytes, n);
		return;
	}
	count_sent(u, count_bytes(pkt, sent), sent);
	keep = n - sent < DP_PENDING - u->npending ? n - sent : DP_PENDING - u->npending;
	memcpy(u->pending + u->npending, pkt + sent, keep * sizeof(*pkt));
	u->npending += keep;
	if (keep)
		port_hold(u->dp);
	u->c.drop_nobuf += n - sent - keep;
	pool_put(&u->dp->pool, pkt + sent + keep, n - sent - keep);
}

static void send_pending(struct uplink *u)
{
	uint32_t sent = u->nic->tx(u->tx, u->pending, u->npending);

	if (sent > u->npending) {
		fail(u, TX_TOO_MANY);
		return;
	}
	count_sent(u, count_bytes(u->pending, sent), sent);
	u->npending -= sent;
	memmove(u->pending, u->pending + sent, u->npending * sizeof(u->pending[0]));
	if (!u->npending)
		u->dp->congested = false;
}

static void complete(struct uplink *u)
{
	struct pool *pool = &u->dp->pool;
	uint32_t n = u->nic->tx_done(u->tx, pool_top(pool), TX_DONE_BATCH);

	if (n > u->sent || n > TX_DONE_BATCH) {
		fail(u, "its driver's tx_done() gave back more packets than it had, or were asked for");
		return;
	}
	if (!pool_accept(pool, n)) {
		fail(u, "its driver's tx_done() gave back a cookie that no packet has");
		return;
	}
	u->sent -= n;
}

/* Posts buffers, a batch at a time. */
static void post(struct uplink *u)
{
	struct pool *pool = &u->dp->pool;
	const struct pool p = *pool;	/* what does not change, for the compiler to know it */
	struct vmhi_pkt pkt[DP_BATCH];

	while (u->depth - u->posted >= DP_BATCH && pool->nfree >= DP_BATCH + POOL_RESERVE) {
		uint64_t *top = pool_top(pool) - 1;
		uint32_t n;

		for (int i = 0; i < DP_BATCH; i++)
			pool_describe(&p, *(top - i), 0, 0, &pkt[i]);
		n = u->nic->rx_post(u->rx, pkt, DP_BATCH);
		if (n > DP_BATCH) {
			fail(u, "its driver's rx_post() took more buffers than it was given");
			return;
		}
		pool->nfree -= n;
		u->posted += n;
		if (n < DP_BATCH)
			return;
	}
}

/* Whether it is a frame in one of the buffers that we posted. */
static inline bool whole(const struct pool *pool, const struct vmhi_pkt *p)
{
	const uint32_t odd = VMHI_PKT_MORE | VMHI_PKT_CANCELLED;

	return pool_number(pool, p->cookie) < pool->count && !(p->flags & odd) && !p->err &&
	       p->va == pool->first[1] + p->cookie && p->len >= 14 &&
	       (uint64_t)p->data_off + p->len <= pool->room;
}

/* Drops what is no good frame; returns how many are left. */
static uint32_t sort_out(struct uplink *u, struct vmhi_pkt *pkt, uint32_t n)
{
	struct pool *pool = &u->dp->pool;
	bool more = false;
	uint32_t out = 0;

	for (uint32_t i = 0; i < n; i++) {
		bool part = more;

		if (pool_number(pool, pkt[i].cookie) >= pool->count) {
			fail(u, "its driver's rx() gave back a cookie that no buffer has");
			return out;
		}
		more = pkt[i].flags & VMHI_PKT_MORE;
		if (!part && whole(pool, &pkt[i])) {
			pkt[out++] = pkt[i];
			continue;
		}
		pool_put(pool, &pkt[i], 1);
		if (!part && !(pkt[i].flags & VMHI_PKT_CANCELLED))
			u->c.drop_bad++;
	}
	return out;
}

/*
 * Whether all of them are whole, and their flags cut down to those that mean something here. Each
 * property is gathered over the batch and looked at once.
 */
static bool all_whole(const struct pool *pool, struct vmhi_pkt *pkt, uint32_t n)
{
	const uint32_t odd = VMHI_PKT_MORE | VMHI_PKT_CANCELLED;
	const uint32_t known = odd | VMHI_PKT_VLAN | VMHI_PKT_CSUM_OK;
	uint64_t number = 0, longest = 0, differ = 0;
	uint32_t shortest = UINT32_MAX, flags = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct vmhi_pkt *p = &pkt[i];
		uint64_t k = pool_number(pool, p->cookie), end = (uint64_t)p->data_off + p->len;

		number = k > number ? k : number;
		longest = end > longest ? end : longest;
		shortest = p->len < shortest ? p->len : shortest;
		differ |= (p->va ^ (pool->first[1] + p->cookie)) | p->err;
		flags |= p->flags;
		p->flags &= known;
	}
	return number < pool->count && longest <= pool->room && shortest >= 14 && !differ &&
	       !(flags & odd);
}

static bool receive(struct uplink *u)
{
	struct vmhi_pkt pkt[DP_BATCH];
	uint32_t n = u->nic->rx(u->rx, pkt, DP_BATCH);

	if (!n)
		return false;
	if (n > DP_BATCH || n > u->posted) {
		fail(u, "its driver's rx() gave back more buffers than it had, or were asked for");
		return true;
	}
	u->posted -= n;
	if (__builtin_expect(!all_whole(&u->dp->pool, pkt, n), 0))
		n = sort_out(u, pkt, n);
	u->taken += n;
	if (n)
		uplink_input(u, pkt, n);
	return true;
}

static bool driver_poll(struct uplink *u)
{
	bool any;

	if (__builtin_expect(u->failed, 0))
		return false;
	any = receive(u);
	if (u->sent && !u->failed)
		complete(u);
	if (u->npending && !u->failed)
		send_pending(u);
	if (!u->failed)
		post(u);
	return any;
}

static bool driver_arm(struct uplink *u)
{
	if (u->failed || !u->wakes)
		return false;
	/* Sent buffers may lie there a while, unless somebody waits for them. */
	if (u->npending && u->nic->arm(u->tx) == 1)
		return true;
	return u->nic->arm(u->rx) == 1;
}

/* Takes back what a stopped queue still holds. */
static void drain(struct uplink *u)
{
	struct pool *pool = &u->dp->pool;
	struct vmhi_pkt pkt[DP_BATCH];
	uint32_t n;

	for (int i = 0; i < 4096 && u->sent && !u->failed; i++)
		complete(u);
	for (int i = 0; i < 4096 && u->posted && !u->failed; i++) {
		n = u->nic->rx(u->rx, pkt, DP_BATCH);
		if (!n || n > u->posted)
			break;
		u->posted -= n;
		for (uint32_t k = 0; k < n; k++)
			if (pool_number(pool, pkt[k].cookie) < pool->count)
				pool_put(pool, &pkt[k], 1);
	}
}

static void driver_free(struct uplink *u)
{
	void *q[2] = {u->tx, u->rx};
	struct err e;

	if (u->failed)
		return;	/* what it still does ends when the caller resets the device */
	for (int i = 0; i < 2; i++) {
		if (!q[i])
			continue;
		driver_op("queue_stop");
		if (driver_op_end(u->nic->queue_stop(q[i]), &e))
			log_warning("uplink %s: %s", u->name, e.msg);
	}
	driver_op("queue_free");
	if (u->tx && u->rx)
		drain(u);
	for (int i = 0; i < 2; i++)
		if (q[i])
			u->nic->queue_free(q[i]);
	driver_op(NULL);
}

const struct uplink_ops uplink_driver_ops = {
	.output = driver_output,
	.takes = true,
	.poll = driver_poll,
	.arm = driver_arm,
	.free = driver_free,
};

static uint32_t choose_depth(const struct vmhi_nic_info *info, uint32_t wanted)
{
	uint32_t depth = info->depth_min;

	while (depth < (wanted ? wanted : 512) && depth < info->depth_max)
		depth *= 2;
	return depth;
}

static uint32_t vector(const struct dp_uplink_conf *conf, uint32_t i)
{
	return conf->nvec ? conf->vec[i % conf->nvec].vec : VMHI_NO_VEC;
}

static int make_queue(struct uplink *u, uint32_t kind, uint32_t vec, void **q, struct err *e)
{
	driver_op("queue");
	return driver_op_end(u->nic->queue(u->dev, kind, 0, u->depth, vec, q), e);
}

static int start_queue(struct uplink *u, void *q, struct err *e)
{
	driver_op("queue_start");
	return driver_op_end(u->nic->queue_start(q), e);
}

static int set_up(struct uplink *u, const struct dp_uplink_conf *conf, struct err *e)
{
	const uint64_t used = VMHI_NIC_TX_CSUM | VMHI_NIC_RX_CSUM | VMHI_NIC_TX_VLAN |
			      VMHI_NIC_RX_VLAN | VMHI_NIC_VLAN_FILTER;
	struct vmhi_nic_conf c = {.size = sizeof(c), .mtu = u->dp->conf.mtu,
				  .rx_room = u->dp->pool.room, .event_vec = conf->event_vec,
				  .tx_queues = 1, .rx_queues = 1};
	int r;

	u->info.size = sizeof(u->info);
	u->info.features = NIC_KNOWN;
	driver_op("info");
	r = driver_op_end(u->nic->info(u->dev, &u->info), e);
	if (!r)
		r = nic_check_info(&u->info, NIC_KNOWN, e);
	if (r) {
		err_prefix(e, "uplink %s", u->name);
		return r;
	}
	if (c.mtu > u->info.mtu_max)
		return err_set(e, -EINVAL, "uplink %s: an MTU of %u is above the card's %u", u->name,
			       c.mtu, u->info.mtu_max);
	c.features = u->features = u->info.features & used;
	u->inline_tags = !(u->features & VMHI_NIC_TX_VLAN);
	u->depth = choose_depth(&u->info, conf->depth);
	driver_op("configure");
	r = driver_op_end(u->nic->configure(u->dev, &c), e);
	if (!r)
		r = make_queue(u, VMHI_QUEUE_TX, vector(conf, 1), &u->tx, e);
	if (!r)
		r = make_queue(u, VMHI_QUEUE_RX, vector(conf, 0), &u->rx, e);
	if (!r)
		r = start_queue(u, u->tx, e);
	if (!r)
		r = start_queue(u, u->rx, e);
	if (r)
		err_prefix(e, "uplink %s", u->name);
	return r;
}

int dp_uplink_driver(struct dataplane *dp, const char *name, const struct vmhi_nic *nic, void *dev,
		     const struct dp_uplink_conf *conf, struct err *e)
{
	struct uplink *u;
	int r;

	r = nic_check_table(nic, e);
	if (r) {
		err_prefix(e, "uplink %s", name);
		return r;
	}
	u = uplink_new(dp, name, DP_KIND_DRIVER, e);
	if (!u)
		return e ? e->code : -EINVAL;
	u->ops = &uplink_driver_ops;
	u->nic = nic;
	u->dev = dev;
	u->wakes = conf->nvec > 0;
	r = set_up(u, conf, e);
	for (uint32_t i = 0; !r && i < conf->nvec && i < 2; i++)
		r = dp_watch(dp, conf->vec[i].fd, true);
	if (r) {
		driver_free(u);
		free(u);
		return r;
	}
	return uplink_join(u, e);
}
