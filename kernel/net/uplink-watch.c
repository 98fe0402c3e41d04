// SPDX-License-Identifier: Apache-2.0
/*
 * Does a driver still do its work? One that is broken need not crash or break a rule: it may send
 * nothing, hand over nothing or the same frame for ever, or think the link down. Looked at once a
 * second, at counters that are there anyway, and at the card's own while frames come or go.
 */
#include "kernel/lib/driver-op.h"
#include "kernel/net/dp.h"

#define STILL  3	/* looks in a row */
#define FRAMES 32	/* that show that it is no chance */
#define FLOOD  16	/* times as many frames as the card has received */

/* Whether a went on by FRAMES since b moved last, which is STILL looks ago. */
static bool b_lags(struct uplink_pace *p, uint64_t a, uint64_t b)
{
	if (b != p->b || a < p->a) {
		*p = (struct uplink_pace){.a = a, .b = b};
		return false;
	}
	return ++p->looks >= STILL && a - p->a >= FRAMES;
}

static bool sends_nothing(struct uplink *u, uint64_t done)
{
	struct uplink_watch *w = &u->watch;
	bool still = u->up && (u->sent || u->npending) && done == w->done;

	w->tx_still = still ? w->tx_still + 1 : 0;
	return w->tx_still >= STILL;
}

/* Frames that its card knows nothing of; what waited in a ring may come late. */
static bool floods(struct uplink *u, uint64_t received)
{
	struct uplink_watch *w = &u->watch;
	bool flood = u->taken > w->taken + FLOOD * (received - w->received + u->depth);

	w->flood = flood && w->received ? w->flood + 1 : 0;
	return w->flood >= STILL;
}

static bool misses_the_link(struct uplink *u)
{
	struct uplink_watch *w = &u->watch;
	bool odd = !u->up && u->taken >= w->taken + FRAMES;

	w->no_link = odd ? w->no_link + 1 : 0;
	return w->no_link >= STILL;
}

/* What the card says against its driver; only what it is seen to count. */
static const char *ask_card(struct uplink *u, uint64_t done)
{
	struct uplink_watch *w = &u->watch;
	uint64_t v[VMHI_STAT_RX_NO_BUFFER + 1] = {0}, received, at_card;
	const char *why = NULL;
	int r;

	driver_op("stats");
	r = u->nic->stats(u->dev, v, VMHI_STAT_RX_NO_BUFFER + 1);
	driver_op(NULL);
	if (r < 0)
		return NULL;
	received = v[VMHI_STAT_RX_PACKETS];
	at_card = received + v[VMHI_STAT_RX_NO_BUFFER];
	if (b_lags(&w->sending, done, v[VMHI_STAT_TX_PACKETS]) && v[VMHI_STAT_TX_PACKETS])
		why = "its driver says that it sends, but its card sends nothing";
	if (b_lags(&w->receiving, at_card, u->taken) && u->posted)
		why = "its driver hands over none of the frames that its card receives";
	if (floods(u, received))
		why = "its driver hands over frames that its card never received";
	w->received = received;
	return why;
}

static const char *what_is_wrong(struct uplink *u)
{
	struct uplink_watch *w = &u->watch;
	uint64_t handed = u->c.tx_packets, done = handed - u->sent;
	bool moves = handed != w->handed || done != w->done || u->taken != w->taken;
	const char *why = moves || !u->up ? ask_card(u, done) : NULL;

	if (sends_nothing(u, done))
		why = "its driver sends none of the frames that it was given";
	if (misses_the_link(u))
		why = "its driver says that the link is down, but frames come";
	w->handed = handed;
	w->done = done;
	w->taken = u->taken;
	return why;
}

void dp_check(struct dataplane *dp)
{
	for (uint32_t i = 0; i < dp->nuplinks; i++) {
		struct uplink *u = dp->uplink[i];
		const char *why = u->nic && !u->failed ? what_is_wrong(u) : NULL;

		if (!why)
			continue;
		dp_pause(dp);
		u->why = why;
		u->failed = dp->trouble = true;
		dp_resume(dp);
	}
}
