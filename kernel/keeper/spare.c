// SPDX-License-Identifier: Apache-2.0
/* The spare: a worker that has done everything that it can do before the one that serves dies. */
#include "kernel/keeper/set.h"
#include "kernel/lib/log.h"

#define AGAIN_MS 5000	/* after one that could not be made */

static void again(void *arg)
{
	struct set *s = arg;

	s->spare_timer = 0;
	spare_prepare(s);
}

static void later(struct set *s)
{
	if (s->spare_timer > 0 || s->stopping || s->failed)
		return;
	s->spare_timer = event_timer(s->loop, AGAIN_MS, again, s);
}

void spare_prepare(struct set *s)
{
	struct err e = {0};

	if (s->spare && s->spare->pid)
		return;
	child_free(s->spare);
	s->spare = child_prepare(s, s->driver, s->note, s->param, &e);
	if (!s->spare) {
		log_warning("no spare worker: %s", e.msg);
		later(s);
	}
}

void spare_lost(struct set *s)
{
	if (s->stopping || s->failed)
		return;
	log_warning("the spare worker: %s", s->spare->fate);
	later(s);
}

void spare_drop(struct set *s)
{
	struct child *c = s->spare;

	if (s->spare_timer > 0)
		event_timer_cancel(s->loop, s->spare_timer);
	s->spare_timer = 0;
	s->spare = NULL;
	child_free(c);
}
