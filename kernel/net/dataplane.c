// SPDX-License-Identifier: Apache-2.0
/* Making and ending a data path, and what it tells about itself. */
#include "kernel/net/dataplane.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "kernel/lib/log.h"
#include "kernel/net/dp.h"

#define AGE_MS	     150000	/* two rounds without a frame, and an address is forgotten */
#define POOL_SPARE   1024u	/* buffers beside those that uplinks hold */
#define UPLINK_HOLDS (2 * 512u + DP_PENDING)

uint64_t dp_pool_len(uint32_t mtu, uint32_t uplinks)
{
	uint32_t stride = pool_room(mtu ? mtu : 1500) + POOL_HEADROOM;

	return ((uint64_t)uplinks * UPLINK_HOLDS + POOL_SPARE) * stride;
}

int dp_check_name(const struct dataplane *dp, const char *name, struct err *e)
{
	size_t n = strnlen(name, DP_NAME_MAX);
	bool taken = port_find(dp, name);

	if (!n || n == DP_NAME_MAX)
		return err_set(e, -EINVAL, "a port's name must have 1 to %d characters",
			       DP_NAME_MAX - 1);
	for (uint32_t i = 0; i < dp->nuplinks; i++)
		taken |= !strcmp(dp->uplink[i]->name, name);
	return taken ? err_set(e, -EEXIST, "there is a port %s already", name) : 0;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* Ticks of the time-stamp counter a second, from 5 ms of them. */
static uint64_t measure_hz(void)
{
	uint64_t t0 = now_ns(), c0 = dp_tsc(), t1;

	do {
		t1 = now_ns();
	} while (t1 - t0 < 5000000);
	return (dp_tsc() - c0) * 1000000000 / (t1 - t0);
}

static void report_failed(struct dataplane *dp, const struct uplink *u)
{
	const char *why = u->nic ? u->why : "the socket was closed or out of step";

	log_error("uplink %s: %s; it is out of use", u->name, why);
	if (u->nic && dp->conf.uplink_failed)
		dp->conf.uplink_failed(dp->conf.arg, u->name, why);
}

/* The data thread has something to say. */
static void on_news(void *arg, uint32_t events)
{
	struct dataplane *dp = arg;
	bool filter;
	eventfd_t n;

	(void)!eventfd_read(dp->news, &n);
	dp_pause(dp);
	filter = dp->sw.learnt_guest;
	if (filter)
		port_save_macs(dp);
	dp->sw.learnt_guest = false;
	for (uint32_t i = dp->nports; i-- > 0;)
		port_review(dp->port[i]);
	for (uint32_t i = 0; i < dp->nuplinks; i++) {
		struct uplink *u = dp->uplink[i];

		if (!u->failed || u->reported)
			continue;
		u->reported = true;
		u->up = false;
		report_failed(dp, u);
	}
	uplink_elect(dp);
	dp_resume(dp);
	if (filter)
		uplink_filter(dp);
}

static void on_age(void *arg)
{
	struct dataplane *dp = arg;

	dp_pause(dp);
	switch_age(&dp->sw);
	dp_resume(dp);
	dp->age_timer = event_timer(dp->loop, AGE_MS, on_age, dp);
}

static void release(struct dataplane *dp)
{
	const int fds[3] = {dp->epfd, dp->wake, dp->news};

	event_del(dp->news_event);
	for (int i = 0; i < 3; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	pool_free(&dp->pool);
	free(dp->own_session);
	free(dp);
}

struct dataplane *dp_new(struct event_loop *control_loop, const struct dp_conf *conf,
			 struct err *e)
{
	struct dataplane *dp = aligned_alloc(64, (sizeof(*dp) + 63) & ~63ul);
	int r;

	if (!dp) {
		err_set(e, -ENOMEM, "data path: out of memory");
		return NULL;
	}
	memset(dp, 0, sizeof(*dp));
	dp->epfd = dp->wake = dp->news = -1;
	dp->loop = control_loop;
	dp->conf = *conf;
	dp->conf.mtu = conf->mtu ? conf->mtu : 1500;
	dp->hz = measure_hz();
	dp->pulse = &dp->no_pulse;
	dp->session = conf->session;
	if (!dp->session)
		dp->session = dp->own_session = calloc(1, sizeof(*dp->session));
	if (!dp->session)
		r = err_set(e, -ENOMEM, "data path: out of memory");
	else if (dp->conf.mtu < 68 || dp->conf.mtu > 16000)
		r = err_set(e, -EINVAL, "an MTU must be 68 to 16000, not %u", conf->mtu);
	else
		r = pool_init(&dp->pool, conf->mem.va, conf->mem.iova, conf->mem.len,
			      dp->conf.mtu);
	if (r == -EINVAL && e && dp->conf.mtu == (conf->mtu ? conf->mtu : 1500) && !e->code)
		err_set(e, r, "packet memory is not aligned, or too short");
	switch_init(&dp->sw, &dp->pool);
	switch_add_uplink(&dp->sw, &dp->team);
	if (!r)
		r = guestmem_guard();
	if (!r)
		r = dp_thread_start(dp, e);
	if (r) {
		release(dp);
		return NULL;
	}
	dp->news_event = event_add(control_loop, dp->news, EPOLLIN, on_news, dp);
	dp->age_timer = event_timer(control_loop, AGE_MS, on_age, dp);
	if (!dp->news_event || dp->age_timer < 0) {
		err_set(e, dp->news_event ? dp->age_timer : -errno,
			"data path: the event loop takes no more");
		dp_free(dp);
		return NULL;
	}
	return dp;
}

void dp_free(struct dataplane *dp)
{
	if (!dp)
		return;
	dp_stop(dp);
	dp_thread_stop(dp);
	release(dp);
}

void dp_stop(struct dataplane *dp)
{
	if (!dp)
		return;
	dp_pause(dp);
	event_timer_cancel(dp->loop, dp->age_timer);
	if (dp->vlan_timer > 0)
		event_timer_cancel(dp->loop, dp->vlan_timer);
	dp->vlan_timer = 0;
	dp->conf.port_gone = NULL;
	while (dp->nports)
		dp_port_del(dp, dp->port[0]->conf.name);
	while (dp->nuplinks) {
		struct uplink *u = dp->uplink[--dp->nuplinks];

		u->ops->free(u);
		free(u);
	}
}

int dp_uplink_fd(struct dataplane *dp, const char *name, int fd, int kind, struct err *e)
{
	struct uplink *u;

	if (kind != DP_UPLINK_TAP && kind != DP_UPLINK_PASST)
		return err_set(e, -EINVAL, "uplink %s: of no known kind", name);
	u = uplink_new(dp, name, kind == DP_UPLINK_TAP ? DP_KIND_TAP : DP_KIND_PASST, e);
	if (!u)
		return e ? e->code : -EINVAL;
	u->ops = kind == DP_UPLINK_TAP ? &uplink_tap_ops : &uplink_passt_ops;
	u->inline_tags = u->wakes = u->up = true;
	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0 || dp_watch(dp, fd, true) ||
	    (kind == DP_UPLINK_PASST && passt_new(u))) {
		int r = errno ? -errno : -EINVAL;

		free(u);
		return err_set(e, r, "uplink %s: %s", name, strerror(-r));
	}
	u->fd = fd;
	return uplink_join(u, e);
}

static void copy_counters(struct dp_port_stats *out, const struct switch_counters *c)
{
	out->rx_packets = c->rx_packets;
	out->rx_bytes = c->rx_bytes;
	out->tx_packets = c->tx_packets;
	out->tx_bytes = c->tx_bytes;
	out->drop_spoof = c->drop_spoof;
	out->drop_vlan = c->drop_vlan;
	out->drop_rate = c->drop_rate;
	out->drop_nobuf = c->drop_nobuf;
	out->drop_bad = c->drop_bad;
}

/* Counters are single words that the data thread alone writes: they are read as they are. */
int dp_port_stats(struct dataplane *dp, unsigned int i, struct dp_port_stats *out)
{
	memset(out, 0, sizeof(*out));
	if (i < dp->nports) {
		const struct guest_port *p = dp->port[i];

		memcpy(out->name, p->conf.name, sizeof(out->name));
		memcpy(out->mac, p->conf.mac, 6);
		out->vlan = p->conf.vlan;
		out->connected = !!p->vu;
		out->up = p->sp.up;
		copy_counters(out, &p->sp.c);
		out->drop_bad += p->bad;
		for (uint32_t q = 0; q < 2 * p->conf.queue_pairs; q++)
			out->drop_bad += p->vq[q].bad;
		out->ring_errors = p->ring_errors;
		return 0;
	}
	if (i - dp->nports < dp->nuplinks) {
		const struct uplink *u = dp->uplink[i - dp->nports];

		memcpy(out->name, u->name, sizeof(out->name));
		memcpy(out->mac, u->info.mac, 6);
		out->kind = u->kind;
		out->connected = !u->failed;
		out->up = u->up;
		out->active = u == dp->active;
		copy_counters(out, &u->c);
		return 0;
	}
	return -ENOENT;
}

void dp_stats(struct dataplane *dp, struct dp_stats *out)
{
	*out = dp->stats;
	out->buffers = dp->pool.usable;
	out->buffers_free = dp->pool.nfree;
}
