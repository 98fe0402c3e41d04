// SPDX-License-Identifier: Apache-2.0
/*
 * When a queue's interrupt arises: at once, or when no descriptor was written back for the packet
 * timer's time, or at latest when the absolute timer has run since the first.
 */
#include "card.h"

#define TICK_NS 1024ull
#define RX_CAUSES (3u << 20)
#define TX_CAUSES (3u << 22)

static void flush(struct card *c, uint32_t queues, uint32_t legacy)
{
	uint32_t causes = c->waiting & queues;

	c->waiting &= ~queues;
	if (causes)
		irq_cause(c, causes | legacy);
}

void delay_flush_rx(struct card *c)
{
	model_timer_cancel(c->loop, &c->rx_delay);
	model_timer_cancel(c->loop, &c->rx_absolute);
	flush(c, RX_CAUSES, ICR_RXT0);
}

void delay_flush_tx(struct card *c)
{
	model_timer_cancel(c->loop, &c->tx_delay);
	model_timer_cancel(c->loop, &c->tx_absolute);
	flush(c, TX_CAUSES, ICR_TXDW);
}

static void rx_over(void *arg)
{
	delay_flush_rx(arg);
}

static void tx_over(void *arg)
{
	delay_flush_tx(arg);
}

void delay_init(struct card *c)
{
	c->rx_delay = c->rx_absolute = (struct model_timer){.fn = rx_over, .arg = c};
	c->tx_delay = c->tx_absolute = (struct model_timer){.fn = tx_over, .arg = c};
}

void delay_reset(struct card *c)
{
	c->waiting = 0;
	delay_flush_rx(c);
	delay_flush_tx(c);
}

static void wait(struct card *c, uint32_t cause, uint32_t delay, uint32_t absolute,
		 struct model_timer *packet, struct model_timer *total)
{
	c->waiting |= cause;
	model_timer_set(c->loop, packet, delay * TICK_NS);
	if (absolute && !total->armed)
		model_timer_set(c->loop, total, absolute * TICK_NS);
}

void delay_rx(struct card *c, unsigned int queue)
{
	uint32_t cause = ICR_RXQ0 << queue, delay = *reg(c, RDTR) & 0xffff;

	if (*reg(c, IVAR) & IVAR_ALL_WB)
		irq_cause(c, cause);
	if (delay) {
		wait(c, cause, delay, *reg(c, RADV) & 0xffff, &c->rx_delay, &c->rx_absolute);
		return;
	}
	c->waiting |= cause;
	delay_flush_rx(c);
}

void delay_tx(struct card *c, unsigned int queue, bool ide)
{
	uint32_t cause = ICR_TXQ0 << queue, delay = *reg(c, TIDV) & 0xffff;

	if (*reg(c, IVAR) & IVAR_ALL_WB)
		irq_cause(c, cause);
	if (ide && delay) {
		wait(c, cause, delay, *reg(c, TADV) & 0xffff, &c->tx_delay, &c->tx_absolute);
		return;
	}
	c->waiting |= cause;
	delay_flush_tx(c);
}
