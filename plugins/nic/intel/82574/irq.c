// SPDX-License-Identifier: Apache-2.0
/*
 * Interrupts. A queue's cause is unmasked by arm() and masks itself when its message goes out
 * (EIAC, and IAM under EIAME); its bit of ICR stays set while it is masked, so nothing that
 * happens between a last look at the ring and arm() is lost.
 */
#include "dev.h"

/* Sends the cause at this place of IVAR to a vector, or nowhere. */
int irq_route(struct dev *d, uint32_t shift, uint32_t vec)
{
	uint32_t field = 0;

	if (vec != VMHI_NO_VEC) {
		if (vec >= d->nvec || vec >= VECTORS)
			return -VMHI_EINVAL;
		field = vec | IVAR_VALID;
	}
	d->ivar = (d->ivar & ~(0xfu << shift)) | (field << shift);
	wr(d, R_IVAR, d->ivar);
	return 0;
}

void irq_start(struct dev *d)
{
	for (uint32_t v = 0; v < VECTORS; v++)
		wr(d, R_EITR(v), 0);
	wr(d, R_EIAC, INT_QUEUES);
	wr(d, R_IAM, INT_QUEUES);
	if (d->conf.event_vec == VMHI_NO_VEC)
		d->host->timer(d->hc, TIMER_LINK, 100 * MSEC);
	else
		wr(d, R_IMS, INT_OTHER | INT_LSC);
	d->host->timer(d->hc, TIMER_STATS, 60 * SEC);
	d->host->timer(d->hc, TIMER_WATCH, WATCH_EVERY);
}

/* The cause is cleared before the link is looked at: a change after that interrupts again. */
void irq_event(struct dev *d, const struct vmhi_event *ev)
{
	if (!d->started || is_gone(d))
		return;
	if (ev->type == VMHI_EV_IRQ && ev->index == d->conf.event_vec) {
		wr(d, R_ICR, INT_LSC | INT_OTHER);
		link_check(d);
		wr(d, R_IMS, INT_OTHER | INT_LSC);
	} else if (ev->type == VMHI_EV_TIMER && ev->index == TIMER_LINK) {
		link_check(d);
		d->host->timer(d->hc, TIMER_LINK, 100 * MSEC);
	} else if (ev->type == VMHI_EV_TIMER && ev->index == TIMER_STATS) {
		/* 32-bit counters stand still when full; at full rate that takes 48 minutes. */
		stats_collect(d);
		d->host->timer(d->hc, TIMER_STATS, 60 * SEC);
	} else if (ev->type == VMHI_EV_TIMER && ev->index == TIMER_WATCH) {
		tx_watch(d);
	}
}
