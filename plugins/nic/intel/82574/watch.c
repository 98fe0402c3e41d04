// SPDX-License-Identifier: Apache-2.0
/*
 * A transmit queue that does not move though it has descriptors. Only a reset of the whole card is
 * known to help, so the host is told, which fences the device and starts it anew. Twice a second the
 * control thread looks at memory, once if nothing was sent meanwhile; at a register only if the last
 * packet is not sent yet.
 */
#include "dev.h"

#define LOOKS 3u	/* without a change; the longest frame takes 8 ms, at 10 Mbit/s */

/* The last descriptor of each batch reports. */
static int all_done(const struct queue *q, uint32_t given)
{
	const struct tx_desc *desc = &q->tx.desc[(given - 1) & q->mask];

	return !given || (__atomic_load_n(&desc->opts, __ATOMIC_RELAXED) & TXD_DD);
}

/* Nothing was given since the last look, and nothing waits. */
static int is_idle(const struct queue *q)
{
	uint32_t given = __atomic_load_n(&q->tx.given, __ATOMIC_RELAXED);

	return given == q->tx.watch.given && all_done(q, given);
}

static int is_hung(struct queue *q)
{
	uint32_t given = __atomic_load_n(&q->tx.given, __ATOMIC_RELAXED), head;

	if (all_done(q, given)) {
		q->tx.watch.looks = 0;
		q->tx.watch.given = given;
		return 0;
	}
	head = rd(q->dev, R_TDH(q->idx)) & 0xffff;
	/* Given more, a card at the ring's end had work; one in its midst has not moved. */
	if (head != q->tx.watch.head ||
	    (head == (given & q->mask) && given != q->tx.watch.given))
		q->tx.watch.looks = 0;
	q->tx.watch.head = head;
	q->tx.watch.given = given;
	return ++q->tx.watch.looks > LOOKS;
}

void tx_watch(struct dev *d)
{
	struct vmhi_event ev = {.type = VMHI_EV_FAULT, .arg = {FAULT_TX_HUNG}};
	uint32_t up = d->link & STATUS_LU;
	uint64_t every = WATCH_IDLE;

	for (uint32_t i = 0; i < QUEUES; i++) {
		struct queue *q = d->tx[i];

		if (!q || !q->running)
			continue;
		if (!up || is_idle(q)) {
			q->tx.watch.looks = 0;
			continue;
		}
		every = WATCH_EVERY;
		if (is_hung(q)) {
			say(d, VMHI_LOG_ERROR, "a transmit queue stands still; TDH:",
			    q->tx.watch.head);
			d->host->raise(d->hc, &ev);
			return;
		}
	}
	d->host->timer(d->hc, TIMER_WATCH, every);
}
