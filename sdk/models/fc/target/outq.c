// SPDX-License-Identifier: Apache-2.0
/*
 * Frames on their way out. What the wire has no room for waits, in order, and while much waits no
 * frame is taken in: so no more can be asked for than is taken away.
 */
#include "target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MUCH 64

struct waiting {
	struct waiting *next;
	uint8_t sof, eof;
	uint16_t n;
	uint8_t frame[];
};

void outq_init(struct outq *q)
{
	q->tail = &q->head;
}

static void keep(struct outq *q, uint8_t sof, const uint8_t *frame, size_t n, uint8_t eof)
{
	struct waiting *w = malloc(sizeof(*w) + n);

	if (!w)
		return;		/* lost, as class 3 may lose it */
	*w = (struct waiting){.sof = sof, .eof = eof, .n = (uint16_t)n};
	memcpy(w->frame, frame, n);
	*q->tail = w;
	q->tail = &w->next;
	if (++q->waiting == MUCH)
		fc_wire_pause(q->wire, true);
}

void outq_send(void *target, uint8_t sof, const uint8_t *frame, size_t n, uint8_t eof)
{
	struct outq *q = &((struct target *)target)->out;

	if (q->head || fc_wire_send(q->wire, sof, frame, n, eof) == -EAGAIN)
		keep(q, sof, frame, n, eof);
}

static void pop(struct outq *q)
{
	struct waiting *w = q->head;

	q->head = w->next;
	if (!q->head)
		q->tail = &q->head;
	free(w);
	if (q->waiting-- == MUCH)
		fc_wire_pause(q->wire, false);
}

void outq_ready(struct outq *q)
{
	while (q->head && fc_wire_send(q->wire, q->head->sof, q->head->frame, q->head->n,
				       q->head->eof) != -EAGAIN)
		pop(q);
}

void outq_flush(struct outq *q)
{
	while (q->head)
		pop(q);
}
