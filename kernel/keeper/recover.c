// SPDX-License-Identifier: Apache-2.0
/*
 * A worker has died, or is to be replaced: its place is taken. The devices are fenced by then, and
 * nothing was unmapped or closed; memory comes back only now. If it happens too often the set is
 * given up, and its guests see their link go down.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "kernel/keeper/set.h"
#include "kernel/lib/clock.h"
#include "kernel/lib/log.h"

#define QUICK_MS     1000	/* who dies sooner than this took over in vain */
#define QUICK_DEATHS 3		/* so many in a row: the devices are reset, too */
#define DELAY_MAX_MS 1000
#define CORPSE_MS    50

/* How many restarts there were within the set's window. */
static uint32_t recent(const struct set *s)
{
	const struct restarts *r = &s->restarts;
	int64_t since = now_ms() - (int64_t)s->cfg.restart_seconds * 1000;
	uint32_t n = 0;

	for (int i = 0; i < RESTART_LIMIT_MAX; i++)
		n += r->when[i] && r->when[i] > since;
	return n;
}

/* The first two come at once; then it takes its time. */
static uint64_t delay_ms(const struct set *s)
{
	uint32_t n = recent(s);
	uint64_t ms;

	if (!s->cfg.restart_limit || n < 2)
		return 0;
	ms = n < 10 ? 10ull << (n - 2) : DELAY_MAX_MS;
	return ms < DELAY_MAX_MS ? ms : DELAY_MAX_MS;
}

static void give_up(struct set *s)
{
	struct restarts *r = &s->restarts;

	s->failed = true;
	s->status = 1;
	log_error("the set has failed: it was restarted %u times within %u s; last: %s",
		  s->cfg.restart_limit, s->cfg.restart_seconds, r->cause);
	snprintf(s->child->fate, sizeof(s->child->fate), "set %s has failed: %.100s; stop it and "
		 "start it anew", s->cfg.name, r->cause);
	spare_drop(s);
	ports_fail(s);
}

static void record(struct set *s, bool planned, const char *cause)
{
	struct restarts *r = &s->restarts;
	struct restart *one = &r->last[r->n++ % RESTARTS_KEPT];

	*one = (struct restart){
		.at = time(NULL), .us = (uint32_t)(now_us() - r->noticed_us), .planned = planned,
	};
	snprintf(one->cause, sizeof(one->cause), "%s", cause);
}

static double last_ms(const struct set *s)
{
	const struct restarts *r = &s->restarts;

	return r->last[(r->n - 1) % RESTARTS_KEPT].us / 1000.0;
}

/* A worker with the set's own driver that is ready to attach it. */
static struct child *take_spare(struct set *s, struct err *e)
{
	struct child *c = s->spare;

	s->spare = NULL;
	if (c && !c->pid) {
		child_free(c);
		c = NULL;
	}
	if (!c)
		c = child_prepare(s, s->driver, s->note, s->param, e);
	if (c && child_settle(c, e)) {
		child_free(c);
		return NULL;
	}
	return c;
}

/* The last one is dead, or stands still, and its devices are fenced. */
static int hand_over(struct set *s, struct child *next, bool cold, struct err *e)
{
	struct child *old = s->child;
	int r;

	r = cold ? devices_reset(s, e) : 0;
	dma_pool_worker_died(&s->pool);
	pulse_anew(s);
	if (r == 0)
		r = put_to_work(s, next, !cold, e);
	else
		s->child = next;
	child_free(old);
	/* It may live, and be of no use. */
	if (r)
		child_end(s->child, e->msg);
	return r;
}

static void take_over(void *arg);

static void try_later(struct set *s, uint64_t ms)
{
	struct restarts *r = &s->restarts;

	r->timer = event_timer(s->loop, ms, take_over, s);
	if (r->timer < 0)
		give_up(s);
}

/* It did not work: the next try is a cold start. */
static void missed(struct set *s, const struct err *e)
{
	struct restarts *r = &s->restarts;
	uint64_t ms = delay_ms(s);

	log_warning("restart %u: %s; but: %s", r->total, r->cause, e->msg);
	snprintf(r->cause, sizeof(r->cause), "%.*s", (int)sizeof(r->cause) - 1, e->msg);
	r->cold = true;
	try_later(s, ms > 10 ? ms : 10);
}

static void take_over(void *arg)
{
	struct set *s = arg;
	struct restarts *r = &s->restarts;
	struct err e = {0};
	struct child *next;

	r->timer = 0;
	if (s->child->corpse) {	/* of a try that failed */
		try_later(s, CORPSE_MS);
		return;
	}
	if (s->cfg.restart_limit && recent(s) >= s->cfg.restart_limit) {
		give_up(s);
		return;
	}
	r->when[r->total++ % RESTART_LIMIT_MAX] = now_ms();
	r->busy = true;
	next = take_spare(s, &e);
	if (!next || hand_over(s, next, r->cold, &e)) {
		r->busy = false;
		missed(s, &e);
		return;
	}
	r->busy = r->cold = false;
	record(s, false, r->cause);
	log_warning("restart %u: %s; back after %.1f ms", r->total, r->cause, last_ms(s));
	spare_prepare(s);
}

void recover_later(struct set *s)
{
	struct restarts *r = &s->restarts;
	int64_t last = r->total ? r->when[(r->total - 1) % RESTART_LIMIT_MAX] : 0;

	if (!s->running || s->stopping || s->failed || r->busy || r->timer > 0)
		return;
	r->quick = last && now_ms() - last < QUICK_MS ? r->quick + 1 : 0;
	r->cold = r->quick >= QUICK_DEATHS;
	r->noticed_us = now_us();
	snprintf(r->cause, sizeof(r->cause), "%s", s->child->fate);
	try_later(s, delay_ms(s));
}

/*
 * The one that serves is told to let go, and is not waited for while it dies: it stands still. One
 * that cannot let go was killed as one that hangs, and must be dead. -errno: it is not.
 */
static int let_go(struct set *s, struct err *e)
{
	struct child *old = s->child;

	child_call(old, CMD_LET_GO, NULL, 0, NULL, 0, NULL, 0, NULL);
	if (!old->pid && old->corpse)
		return err_set(e, -EBUSY, "the worker that serves was killed and does not end");
	child_retire(old, "it was replaced");
	return 0;
}

int recover_planned(struct set *s, struct child *next, const char *cause, struct err *e)
{
	struct restarts *r = &s->restarts;
	int rc;

	/* From here on, its end is no reason for another take-over. */
	r->busy = true;
	r->noticed_us = now_us();
	rc = let_go(s, e);
	if (rc)
		child_free(next);
	else
		rc = hand_over(s, next, false, e);
	r->busy = false;
	if (rc) {
		/* Back to the set's own driver. */
		recover_later(s);
		return rc;
	}
	record(s, true, cause);
	log_info("take-over: %s; back after %.1f ms", cause, last_ms(s));
	return 0;
}
