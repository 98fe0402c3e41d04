// SPDX-License-Identifier: Apache-2.0
/*
 * Event and completion queues. An entry for an armed completion queue makes an entry in its event
 * queue, one for an armed event queue an interrupt; either disarms, until the doorbell arms anew.
 */
#include "queue.h"

#include "card.h"
#include "mbox.h"
#include "rx.h"
#include "wqe.h"

#define EQE_VALID	0x1u
#define EQE_CQ_SHIFT	16

static void eq_notify(struct card *c, unsigned int id)
{
	struct eq *q = &c->eq[id];

	if (!q->armed || !q->ring.waiting)
		return;
	q->armed = false;
	model_msix_raise(c->model, id);
}

static void eq_post(struct card *c, uint16_t eq_id, uint16_t cq_id)
{
	uint32_t word = (uint32_t)cq_id << EQE_CQ_SHIFT | EQE_VALID;
	struct eq *q = &c->eq[eq_id];

	if (!q->used)
		return;
	if (q->ring.waiting == q->ring.entries) {
		model_log("event queue %u is full: an event is lost", eq_id);
		return;
	}
	if (words_write(c, ring_address(&q->ring), &word, 1))
		return;		/* counted and logged as a DMA fault */
	ring_advance(&q->ring);
	q->ring.waiting++;
	eq_notify(c, eq_id);
}

static void cq_notify(struct card *c, unsigned int id)
{
	struct cq *q = &c->cq[id];

	if (!q->armed || !q->ring.waiting)
		return;
	q->armed = false;
	eq_post(c, q->eq_id, (uint16_t)id);
}

void cq_post(struct card *c, uint16_t cq_id, const uint32_t word[4])
{
	uint32_t last = word[3] | CQE_VALID;
	struct cq *q = cq_id < CQS ? &c->cq[cq_id] : NULL;
	uint64_t at;

	if (!q || !q->used || q->ring.waiting == q->ring.entries) {
		model_log("completion queue %u %s: an entry is lost", cq_id,
			  q && q->used ? "is full" : "is not there");
		return;
	}
	at = ring_address(&q->ring);
	/* The host looks at the valid bit: it goes out after the rest. */
	if (words_write(c, at, word, 3) || words_write(c, at + 12, &last, 1))
		return;
	ring_advance(&q->ring);
	q->ring.waiting++;
	cq_notify(c, cq_id);
}

static void release(struct ring *r, uint32_t n, const char *what, unsigned int id)
{
	if (n > r->waiting) {
		model_log("%s %u: %u entries released, but %u were there", what, id, n, r->waiting);
		n = r->waiting;
	}
	r->waiting -= n;
}

void doorbell_eqcq(struct card *c, uint32_t v)
{
	uint32_t released = v >> 16 & 0x1fff, high = v >> 11 & 0x1f, id;

	if (v & EQCQ_IS_EQ) {
		id = (v & 0x1ff) | high << 9;
		if (id >= EQS || !c->eq[id].used) {
			model_log("doorbell for event queue %u, which is not there", id);
			return;
		}
		release(&c->eq[id].ring, released, "event queue", id);
		if (v & EQCQ_ARM) {
			c->eq[id].armed = true;
			eq_notify(c, id);
		}
		return;
	}
	id = (v & 0x3ff) | high << 10;
	if (id >= CQS || !c->cq[id].used) {
		model_log("doorbell for completion queue %u, which is not there", id);
		return;
	}
	release(&c->cq[id].ring, released, "completion queue", id);
	if (v & EQCQ_ARM) {
		c->cq[id].armed = true;
		cq_notify(c, id);
	}
}

/* Entries that the host posted to a queue of its own. NULL: not understood. */
static struct sq *posted(struct sq *queues, unsigned int count, uint32_t id, uint32_t n,
			 const char *what)
{
	struct sq *q = id < count ? &queues[id] : NULL;

	if (!q || !q->used) {
		model_log("doorbell for %s queue %u, which is not there", what, id);
		return NULL;
	}
	if (n > q->ring.entries - q->ring.waiting) {
		model_log("%s queue %u: %u entries posted, room is for %u", what, id, n,
			  q->ring.entries - q->ring.waiting);
		n = q->ring.entries - q->ring.waiting;
	}
	q->ring.waiting += n;
	return q;
}

/* List format: the count is in the top byte. The index beside it is for the port's prefetch. */
void doorbell_wq(struct card *c, uint32_t v)
{
	struct sq *q = posted(c->wq, WQS, v & 0xffff, v >> 24, "work");

	if (q)
		wq_run(c, q);
}

void doorbell_rq(struct card *c, uint32_t v)
{
	uint32_t id = v & 0xffff, n = v >> 16 & 0x3fff;
	struct sq *header = posted(c->rq, RQS, id, n, "receive");

	/* The doorbell of a header queue is that of its data queue too. */
	if (header && posted(c->rq, RQS, id + 1, n, "receive"))
		rx_resume(c);
}

void doorbell_mq(struct card *c, uint32_t v)
{
	struct sq *q = posted(c->mq, MQS, v & 0xffff, v >> 16 & 0x3fff, "mailbox");

	if (q)
		mq_run(c, q);
}
