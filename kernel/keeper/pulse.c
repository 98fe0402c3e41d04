// SPDX-License-Identifier: Apache-2.0
/*
 * Does the worker hang? Its data thread writes the time of each round into the session, and says
 * there when it sleeps. Without a sign of life for HANG_MS it is stuck, once the worker has had the
 * processor for STUCK_CPU_MS more; on a host that is overloaded it may just not have had its turn,
 * and gets STARVED_MS. The control thread is asked once a second; it may be in the driver's event(),
 * which has 5 s.
 */
#include <string.h>
#include <time.h>

#include "kernel/keeper/set.h"
#include "kernel/lib/clock.h"
#include "kernel/lib/log.h"

#define HANG_MS	   1000		/* the deadline that is promised: see doc/driverd.md */
#define STUCK_CPU_MS 20		/* thousands of rounds */
#define STARVED_MS 5000
#define CONTROL_MS 6000
#define IDLE_MS	   1000		/* between two looks at a worker that lives */
#define LATE_MS	   50		/* at one that may hang */

/* Processor time of a process, in ms. */
static int64_t cpu_ms(pid_t pid)
{
	struct timespec ts;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &ts) < 0)
		return 0;
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* How long ago its last round began. */
static int64_t age_ms(const struct session_pulse *p)
{
	uint64_t clock = __atomic_load_n(&p->clock, __ATOMIC_RELAXED);
	uint64_t khz = __atomic_load_n(&p->hz, __ATOMIC_RELAXED) / 1000;
	int64_t ticks = (int64_t)(__builtin_ia32_rdtsc() - clock);

	return !clock || !khz || ticks < 0 ? 0 : ticks / (int64_t)khz;
}

/* Looks at the data thread; false: it hangs. *next: when to look again, at the latest, in ms. */
static bool data_thread(struct set *s, uint64_t *next)
{
	const struct session_pulse *now = &s->session->pulse;
	struct pulse *p = &s->pulse;
	int64_t age = age_ms(now), cpu;

	if (__atomic_load_n(&now->asleep, __ATOMIC_RELAXED))
		age = 0;
	if (age < HANG_MS) {
		p->late = false;
		*next = (uint64_t)(IDLE_MS - age);
		return true;
	}
	cpu = cpu_ms(s->child->pid);
	if (!p->late) {
		p->late = true;
		p->cpu_ms = cpu;
	}
	*next = LATE_MS;
	return age < STARVED_MS && cpu - p->cpu_ms < STUCK_CPU_MS;
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
	if (now_ms() - p->asked_at < IDLE_MS / 2)
		return true;
	p->asked_at = now_ms();
	child_ping(c);
	return true;
}

/* Whether it hangs is known only of a set that runs, from a take-over's end to the next. */
int64_t pulse_look(struct child *c)
{
	struct set *s = c->set;
	uint64_t next = IDLE_MS;

	if (c == s->child && c->pid && s->running && !s->stopping && !s->restarts.busy &&
	    !data_thread(s, &next))
		child_end(c, "the worker's data thread hangs: killed");
	return (int64_t)next;
}

static void look(void *arg)
{
	struct set *s = arg;
	struct child *c = s->child;
	int64_t next = pulse_look(c);

	if (c->pid && !control_thread(s))
		child_end(c, "the worker's control thread hangs: killed");
	if (s->failed)
		return;
	s->pulse.timer = event_timer(s->loop, (uint64_t)next, look, s);
	if (s->pulse.timer > 0)
		return;
	/* A hang would last for ever, unnoticed. */
	log_error("no timer to watch the worker: %s; the set ends", strerror(-s->pulse.timer));
	s->status = 1;
	event_loop_stop(s->loop);
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
