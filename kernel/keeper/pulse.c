// SPDX-License-Identifier: Apache-2.0
/*
 * Does the worker hang? Its data thread counts its rounds in the session, and says there when it
 * sleeps: without a sign of life for HANG_MS it is stuck, if the worker had the processor for half
 * of that; on a host that is overloaded it may just not have had its turn, and gets STARVED_MS. Its
 * control thread is asked once a second, and may be in the driver's event(), which has 5 s.
 */
#include <string.h>
#include <time.h>

#include "kernel/keeper/set.h"
#include "kernel/lib/clock.h"

#define HANG_MS	   1000		/* the deadline that is promised: see doc/driverd.md */
#define STARVED_MS 5000
#define CONTROL_MS 6000
#define IDLE_MS	   1000		/* between two looks at a worker that sleeps */
#define BUSY_MS	   250		/* at one that works, or owes an answer */

/* Processor time of a process, in ms. */
static int64_t cpu_ms(pid_t pid)
{
	struct timespec ts;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &ts) < 0)
		return 0;
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Looks at the data thread; false: it hangs. */
static bool data_thread(struct set *s, bool *asleep)
{
	const struct session_pulse *now = &s->session->pulse;
	uint32_t rounds = __atomic_load_n(&now->rounds, __ATOMIC_RELAXED);
	struct pulse *p = &s->pulse;
	int64_t ms;

	*asleep = __atomic_load_n(&now->asleep, __ATOMIC_RELAXED);
	if (*asleep || rounds != p->rounds || !p->alive_at) {
		p->rounds = rounds;
		p->alive_at = now_ms();
		p->cpu_ms = cpu_ms(s->child->pid);
		return true;
	}
	ms = now_ms() - p->alive_at;
	return ms < HANG_MS ||
	       (ms < STARVED_MS && cpu_ms(s->child->pid) - p->cpu_ms < HANG_MS / 2);
}

/* Asks the control thread; false: it did not answer. */
static bool control_thread(struct set *s)
{
	struct child *c = s->child;
	struct pulse *p = &s->pulse;

	child_listen(c);
	if (!c->pid)
		return true;
	if (c->pinged)
		return now_ms() - c->pinged < CONTROL_MS;
	if (now_ms() - p->asked_at < IDLE_MS - BUSY_MS / 2)
		return true;
	p->asked_at = now_ms();
	child_ping(c);
	return true;
}

static void look(void *arg)
{
	struct set *s = arg;
	struct child *c = s->child;
	bool asleep = true;

	if (c->pid && !data_thread(s, &asleep))
		child_end(c, "the worker's data thread hangs: killed");
	else if (c->pid && !control_thread(s))
		child_end(c, "the worker's control thread hangs: killed");
	if (!s->failed)
		s->pulse.timer = event_timer(s->loop, asleep && !c->pinged ? IDLE_MS : BUSY_MS,
					     look, s);
}

void pulse_anew(struct set *s)
{
	int timer = s->pulse.timer;

	s->pulse = (struct pulse){.timer = timer};
	memset(&s->session->pulse, 0, sizeof(s->session->pulse));
}

int pulse_start(struct set *s, struct err *e)
{
	s->pulse.timer = event_timer(s->loop, IDLE_MS, look, s);
	return s->pulse.timer > 0 ? 0 : err_set(e, s->pulse.timer, "no timer for the worker");
}
