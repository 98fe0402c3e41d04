// SPDX-License-Identifier: Apache-2.0
/*
 * Does a driver still do its work? One that is broken need not crash or break a rule: it may send
 * nothing, hand over nothing, or think the link down. Looked at once a second, at counters that are
 * there anyway; the card is asked only when the guests send and hear nothing.
 */
#include "kernel/net/dp.h"

#define STILL  3	/* looks in a row */
#define FRAMES 32	/* that show that it is no chance */

static bool sends_nothing(struct uplink *u)
{
	struct uplink_watch *w = &u->watch;
	uint64_t handed = u->c.tx_packets, done = handed - u->sent;
	bool still = u->up && (u->sent || u->npending) && done == w->done;

	w->done = done;
	w->tx_still = still ? w->tx_still + 1 : 0;
	return w->tx_still >= STILL;
}

/* Frames that the card has received for us, taken from it or not. */
static uint64_t at_card(const struct uplink *u)
{
	uint64_t v[VMHI_STAT_RX_NO_BUFFER + 1] = {0};
	int n = u->nic->stats(u->dev, v, VMHI_STAT_RX_NO_BUFFER + 1);

	return n < 0 ? 0 : v[VMHI_STAT_RX_PACKETS] + v[VMHI_STAT_RX_NO_BUFFER];
}

static bool receives_nothing(struct uplink *u)
{
	struct uplink_watch *w = &u->watch;
	bool odd = u->up && u->taken == w->taken && u->c.tx_packets != w->handed;
	uint64_t now;

	w->handed = u->c.tx_packets;
	if (!odd) {
		w->rx_still = 0;
		return false;
	}
	now = at_card(u);
	if (!w->rx_still)
		w->at_card = now;
	return ++w->rx_still > STILL && now >= w->at_card + FRAMES;
}

static bool misses_the_link(struct uplink *u)
{
	struct uplink_watch *w = &u->watch;
	bool odd = !u->up && u->taken >= w->taken + FRAMES;

	w->no_link = odd ? w->no_link + 1 : 0;
	return w->no_link >= STILL;
}

void dp_check(struct dataplane *dp)
{
	for (uint32_t i = 0; i < dp->nuplinks; i++) {
		struct uplink *u = dp->uplink[i];
		const char *why = NULL;

		if (!u->nic || u->failed)
			continue;
		if (sends_nothing(u))
			why = "its driver sends none of the frames that it was given";
		if (receives_nothing(u))
			why = "its driver hands over none of the frames that its card receives";
		if (misses_the_link(u))
			why = "its driver says that the link is down, but frames come";
		u->watch.taken = u->taken;
		if (!why)
			continue;
		dp_pause(dp);
		u->why = why;
		u->failed = dp->trouble = true;
		dp_resume(dp);
	}
}
