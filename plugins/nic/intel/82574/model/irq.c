// SPDX-License-Identifier: Apache-2.0
/*
 * Interrupts: causes, masks, and MSI-X messages with their throttling. Each of RXQ0, RXQ1, TXQ0,
 * TXQ1 and OTHER has a vector in IVAR; a message goes out when a cause of it arises or is unmasked.
 */
#include "card.h"

#define NCAUSES 5	/* ICR bits 20 to 24, in IVAR's order */

static uint32_t *icr(struct card *c)
{
	return reg(c, ICR);
}

static int vector_of(struct card *c, int cause)
{
	uint32_t field = *reg(c, IVAR) >> 4 * cause & 0xf;

	return field & 8 ? (int)(field & 7) : -1;
}

/* The message's causes are acknowledged and masked as EIAC and EIAME say. */
static void sent(struct card *c, uint32_t causes)
{
	uint32_t clear = causes & *reg(c, EIAC);

	if (*reg(c, CTRL_EXT) & CTRL_EXT_EIAME)
		*reg(c, IMS) &= ~(causes & *reg(c, IAM));
	*icr(c) &= ~clear;
	*reg(c, IMS) &= ~clear;
	stats_add(c, S_IAC, 1);
}

static void send_vector(struct card *c, unsigned int vector, uint32_t causes)
{
	struct throttle *t = &c->throttle[vector];
	uint64_t interval = (uint64_t)(*reg(c, EITR0 + 4 * vector) & 0xffff) * 256;
	uint64_t now = interval ? model_now_ns() : 0;

	if (interval && now < t->open_ns) {
		if (!t->timer.armed)
			model_timer_set(c->loop, &t->timer, t->open_ns - now);
		return;
	}
	t->open_ns = now + interval;
	model_msix_raise(c->model, vector);
	sent(c, causes);
}

/* Sends what of these causes is set and unmasked, one message a vector. */
static void deliver(struct card *c, uint32_t causes)
{
	uint32_t by_vector[8] = {0};

	causes &= *icr(c) & *reg(c, IMS);
	if (!causes || !model_msix_enabled(c->model))
		return;
	for (int i = 0; i < NCAUSES; i++) {
		int v = vector_of(c, i);

		if (v >= 0 && causes & ICR_RXQ0 << i)
			by_vector[v] |= ICR_RXQ0 << i;
	}
	for (unsigned int v = 0; v < VECTORS; v++)
		if (by_vector[v])
			send_vector(c, v, by_vector[v]);
}

static void throttle_over(void *arg)
{
	struct throttle *t = arg;
	uint32_t causes = 0;

	for (int i = 0; i < NCAUSES; i++)
		if (vector_of(t->card, i) == (int)t->vector)
			causes |= ICR_RXQ0 << i;
	deliver(t->card, causes);
}

void irq_init(struct card *c)
{
	for (unsigned int v = 0; v < VECTORS; v++)
		c->throttle[v] = (struct throttle){
			.card = c,
			.vector = v,
			.timer = {.fn = throttle_over, .arg = &c->throttle[v]},
		};
}

void irq_reset(struct card *c)
{
	for (unsigned int v = 0; v < VECTORS; v++) {
		model_timer_cancel(c->loop, &c->throttle[v].timer);
		c->throttle[v].open_ns = 0;
	}
}

void irq_cause(struct card *c, uint32_t causes)
{
	causes &= INT_MASK;
	/* "Other" arises with each of its causes, also with one that is masked itself. */
	if (causes & ICR_OTHERS && model_msix_enabled(c->model))
		causes |= ICR_OTHER;
	*icr(c) |= causes;
	deliver(c, causes);
}

uint32_t irq_read_icr(struct card *c)
{
	uint32_t v = *icr(c), ims = *reg(c, IMS);
	bool asserted = v & ims;

	/* With something unmasked, only a read that finds an interrupt acknowledges it. */
	if (asserted && *reg(c, CTRL_EXT) & CTRL_EXT_IAME)
		*reg(c, IMS) &= ~*reg(c, IAM);
	if (asserted || !ims)
		*icr(c) = 0;
	return v | (asserted ? ICR_ASSERTED : 0);
}

void irq_write_icr(struct card *c, uint32_t v)
{
	if (*icr(c) & *reg(c, IMS) && *reg(c, CTRL_EXT) & CTRL_EXT_IAME)
		*reg(c, IMS) &= ~*reg(c, IAM);
	*icr(c) &= ~v;
}

void irq_write_ims(struct card *c, uint32_t v)
{
	uint32_t fresh = v & INT_MASK & ~*reg(c, IMS);

	*reg(c, IMS) |= v & INT_MASK;
	deliver(c, fresh);
}

/* MSI-X went on: what is pending is sent now. */
void irq_config_changed(struct card *c)
{
	deliver(c, ICR_QUEUES | ICR_OTHER);
}
