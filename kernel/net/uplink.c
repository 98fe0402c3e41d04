// SPDX-License-Identifier: Apache-2.0
/* The uplinks as a team: one carries the traffic, the others stand by; and what their cards filter. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/lib/driver-op.h"
#include "kernel/lib/log.h"
#include "kernel/net/dp.h"

struct uplink *uplink_new(struct dataplane *dp, const char *name, int kind, struct err *e)
{
	struct uplink *u;

	if (dp_check_name(dp, name, e))
		return NULL;
	if (dp->nuplinks == DP_UPLINKS) {
		err_set(e, -ENOSPC, "uplink %s: at most %d uplinks", name, DP_UPLINKS);
		return NULL;
	}
	u = aligned_alloc(64, (sizeof(*u) + 63) & ~63ul);
	if (!u) {
		err_set(e, -ENOMEM, "uplink %s: out of memory", name);
		return NULL;
	}
	memset(u, 0, sizeof(*u));
	u->dp = dp;
	u->kind = (uint8_t)kind;
	u->fd = -1;
	strcpy(u->name, name);	/* its length was checked */
	return u;
}

void uplink_carry(struct uplink *u, struct switch_port *sp)
{
	u->sp = sp;
	sp->owner = u;
	sp->output = u->ops->output;
	sp->takes = u->ops->takes;
	sp->inline_tags = u->inline_tags;
}

/* The first uplink with link carries the traffic. Data thread paused. */
void uplink_elect(struct dataplane *dp)
{
	struct uplink *u = NULL;

	for (uint32_t i = 0; i < dp->nuplinks && !u; i++)
		if (dp->uplink[i]->up && !dp->uplink[i]->failed)
			u = dp->uplink[i];
	if (u == dp->active)
		return;
	if (dp->active) {
		pool_put(&dp->pool, dp->active->pending, dp->active->npending);
		dp->active->npending = 0;
		dp->active->sp = NULL;
		dp->congested = false;
		switch_set_up(&dp->sw, &dp->team, false);
	}
	dp->active = u;
	if (!u) {
		log_warning("no uplink has link");
		return;
	}
	uplink_carry(u, &dp->team);
	switch_set_up(&dp->sw, &dp->team, true);
	log_info("uplink %s carries the traffic", u->name);
}

int uplink_join(struct uplink *u, struct err *e)
{
	struct dataplane *dp = u->dp;

	dp_pause(dp);
	u->c = dp->session->uplink_count[dp->nuplinks].c;
	dp->uplink[dp->nuplinks++] = u;
	uplink_elect(dp);
	dp_resume(dp);
	uplink_filter(dp);
	return (int)dp->nuplinks - 1;
}

void dp_uplink_event(struct dataplane *dp, int uplink, const struct vmhi_event *ev)
{
	struct uplink *u;

	if (ev->type != VMHI_EV_LINK || uplink < 0 || (uint32_t)uplink >= dp->nuplinks)
		return;
	u = dp->uplink[uplink];
	if (u->up == (ev->arg[0] == 1))
		return;
	dp_pause(dp);
	u->up = ev->arg[0] == 1 && !u->failed;
	uplink_elect(dp);
	dp_resume(dp);
}

void uplink_input(struct uplink *u, struct vmhi_pkt *pkt, uint32_t n)
{
	struct switch_port *sp = u->sp;
	uint64_t bytes, vlan, bad;

	if (__builtin_expect(!sp, 0)) {
		pool_put(&u->dp->pool, pkt, n);
		return;
	}
	bytes = sp->c.rx_bytes;
	vlan = sp->c.drop_vlan;
	bad = sp->c.drop_bad;
	switch_input(&u->dp->sw, sp, pkt, n);
	u->c.rx_packets += n;
	u->c.rx_bytes += sp->c.rx_bytes - bytes;
	u->c.drop_vlan += sp->c.drop_vlan - vlan;
	u->c.drop_bad += sp->c.drop_bad - bad;
}

#define FILTER_MACS 1024
#define VLANS_MS    500	/* after the start: nobody waits for a filter then */

static void set_filter(struct uplink *u, const struct vmhi_nic_filter *wanted)
{
	struct vmhi_nic_filter f = *wanted;
	int r;

	if (!(u->features & VMHI_NIC_VLAN_FILTER) || u->dp->vlan_timer > 0)
		f.vlan = NULL;
	driver_op("filter");
	if (f.nuc > FILTER_MACS)
		r = -VMHI_ENOSPC;
	else
		r = u->nic->filter(u->dev, &f);
	if (r == -VMHI_ENOSPC) {
		f.nuc = 0;
		f.flags |= VMHI_FILTER_PROMISC;
		r = u->nic->filter(u->dev, &f);
	}
	driver_op(NULL);
	if (r)
		log_warning("uplink %s: the card's address filter cannot be set: %d", u->name, r);
}

/*
 * The card receives what is for the guests: their addresses, those given and those learnt; all
 * multicast, since guests do not say which they want; their VLANs.
 */
void uplink_filter(struct dataplane *dp)
{
	uint8_t mac[FILTER_MACS][6];
	uint64_t vlan[64] = {0};
	struct vmhi_nic_filter f = {.size = sizeof(f), .flags = VMHI_FILTER_ALLMULTI,
				    .uc = (const uint8_t (*)[6])mac, .vlan = vlan};

	if (!dp->started)
		return;	/* once for all, then */
	dp_pause(dp);
	f.nuc = switch_guest_macs(&dp->sw, mac, FILTER_MACS);
	dp_resume(dp);
	for (uint32_t i = 0; i < dp->nports; i++)
		for (int w = 0; w < 64; w++)
			vlan[w] |= dp->port[i]->sp.member[w];
	vlan[0] &= ~1ull;	/* VLAN 0 is no tag: those always pass */
	for (uint32_t i = 0; i < dp->nuplinks; i++)
		if (dp->uplink[i]->nic && !dp->uplink[i]->failed)
			set_filter(dp->uplink[i], &f);
}

static void filter_vlans(void *arg)
{
	struct dataplane *dp = arg;

	dp->vlan_timer = 0;
	uplink_filter(dp);
}

/* Without a timer all is set at once. The switch drops what a card lets through meanwhile. */
void uplink_filter_first(struct dataplane *dp)
{
	dp->vlan_timer = event_timer(dp->loop, VLANS_MS, filter_vlans, dp);
	uplink_filter(dp);
}
