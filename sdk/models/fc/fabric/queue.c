// SPDX-License-Identifier: Apache-2.0
/*
 * Frames on their way out of a port. While the far end is full they wait here; who fills the queue
 * is paused, as the lack of BB_Credit would; and what waited for E_D_TOV is discarded (FC-FS-3,
 * class 3), so that a dead port holds up nobody for longer.
 */
#include "fabric.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define QUEUE_LOW	8
#define QUEUE_HIGH	32	/* its sources are paused */
#define QUEUE_MAX	512	/* the fabric's own frames come on top */
#define HOLD_NS		(FC_E_D_TOV_MS * 1000000ull)

static void resume(struct port *out)
{
	for (int i = 0; i < PORTS_MAX; i++) {
		struct port *p = out->f->port[i];

		if (p && p->stopped_by == out) {
			p->stopped_by = NULL;
			p->ops->pause(p, false);
		}
	}
}

static void pop(struct port *p)
{
	struct waiting *w = p->head;

	p->head = w->next;
	if (!p->head)
		p->tail = &p->head;
	p->waiting--;
	free(w);
}

/* Sends the first if it may go by now. False: it stays, and the timer is set. */
static bool send_first(struct port *p, uint64_t now)
{
	struct waiting *w = p->head;
	int r;

	if (w->due_ns > now) {
		model_timer_set(p->f->loop, &p->drain, w->due_ns - now);
		return false;
	}
	r = p->ops->send(p, w->sof, w->frame, w->n, w->eof, w->corrupt);
	if (r == -EAGAIN && now < w->due_ns + HOLD_NS) {
		model_timer_set(p->f->loop, &p->drain, w->due_ns + HOLD_NS - now);
		return false;
	}
	if (r)
		p->f->discarded++;
	pop(p);
	return true;
}

static void drain(void *arg)
{
	struct port *p = arg;
	uint64_t now = model_now_ns();

	model_timer_cancel(p->f->loop, &p->drain);
	while (p->head)
		if (!send_first(p, now))
			break;
	if (p->waiting <= QUEUE_LOW)
		resume(p);
}

void port_init(struct port *p)
{
	p->tail = &p->head;
	p->drain = (struct model_timer){.fn = drain, .arg = p};
}

void port_ready(struct port *p)
{
	drain(p);
}

void port_flush(struct port *p)
{
	while (p->head)
		pop(p);
	model_timer_cancel(p->f->loop, &p->drain);
	resume(p);
}

static void wait(struct port *p, struct port *from, const struct waiting *how,
		 const uint8_t *frame, size_t n)
{
	struct waiting *w = NULL;

	if (p->waiting < QUEUE_MAX)
		w = malloc(sizeof(*w) + n);
	if (!w) {
		p->f->discarded++;
		return;
	}
	*w = *how;
	w->n = (uint16_t)n;
	memcpy(w->frame, frame, n);
	*p->tail = w;
	p->tail = &w->next;
	p->waiting++;
	if (from && !from->stopped_by && p->waiting >= QUEUE_HIGH) {
		from->stopped_by = p;
		from->ops->pause(from, true);
	}
}

void port_send(struct port *p, struct port *from, uint8_t sof, const uint8_t *frame, size_t n,
	       uint8_t eof)
{
	struct waiting how = {.sof = sof, .eof = eof, .due_ns = model_now_ns()};
	int r;

	if (fault_hits(p, FAULT_DROP, frame))
		return;
	how.corrupt = fault_hits(p, FAULT_CORRUPT, frame);
	if (fault_hits(p, FAULT_DELAY, frame))
		how.due_ns += p->fault[FAULT_DELAY].delay_ms * 1000000ull;
	else if (!p->head) {
		r = p->ops->send(p, sof, frame, n, eof, how.corrupt);
		if (r != -EAGAIN) {
			p->f->discarded += r ? 1 : 0;
			return;
		}
	}
	wait(p, from, &how, frame, n);
	if (!p->drain.armed)
		drain(p);
}
