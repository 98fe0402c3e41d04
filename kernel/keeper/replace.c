// SPDX-License-Identifier: Apache-2.0
/*
 * Another driver for a set that runs. Its file is admitted on a thread, since the keeper must go on
 * serving; a worker loads it beside the one that serves; that one is quiesced and the devices go
 * over. Then the new driver is on trial: until that ends the set's driver is still the old one, so
 * whatever the new one's worker dies of, recovery brings the old driver back.
 *
 * It stays once the link of each uplink that had one is back, and its worker has lived for the
 * trial's time since, and packets pass in the second half of that: if they came in before, some do;
 * and it does not leave all lie that guests want to send.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "kernel/keeper/set.h"
#include "kernel/lib/clock.h"
#include "kernel/lib/json.h"
#include "kernel/lib/log.h"

#define BEFORE_MS  500	/* traffic is counted for so long, at least, before the take-over */
#define BUSY	   10	/* packets that should come in: one at least must */
#define LOOK_MS	   50
#define LINK_MS	   4000	/* for links to come back: negotiation on copper takes up to 3 s */
#define UPLINKS	   (BUS_DEVICES_MAX + 1)

enum phase { ADMITS, LOADS, TRIAL, KEPT, REFUSED, WENT_BACK };

static const char *const phase_names[] = {"admitting", "loading", "trial", "kept", "refused",
					  "went back"};

struct traffic {
	uint32_t n;			/* drivers' uplinks */
	bool up[UPLINKS];
	uint64_t received, sent, left;	/* of all of them; left: dropped for want of room */
};

struct replace {
	struct set *s;
	enum phase phase;
	char path[SET_PATH_MAX];
	uint32_t trial_ms;
	pthread_t thread;
	int done;			/* eventfd: the thread is through */
	struct event *ev;
	struct admitted a;
	char name[2 * NOTE_TEXT_MAX + 2];	/* of the new driver, with its version */
	int result;
	struct err err;			/* why it was refused, or went back */
	struct child *next;		/* loads the new driver, until the take-over */
	pid_t pid;			/* of the worker on trial */
	int timer;
	struct traffic before, after, half;
	int64_t counted;		/* ms: since when, and then for how long, before */
	int64_t took_over, up_since;	/* ms; 0: a link is missing */
	bool half_seen, moved;		/* moved: packets passed in the second half */
	double ms;			/* the take-over itself */
};

static bool under_way(const struct replace *p)
{
	return p && p->phase < KEPT;
}

static int count(struct set *s, struct traffic *t, struct err *e)
{
	struct chan_index ix = {0};
	struct dp_port_stats ps;
	uint32_t most = UPLINKS + 1;
	int r;

	*t = (struct traffic){0};
	for (const struct port *p = s->ports; p; p = p->next)
		most++;
	/* ports come first */
	for (ix.index = most - UPLINKS - 1; ix.index < most; ix.index++) {
		r = child_call(s->child, CMD_PORT_STATS, &ix, sizeof(ix), NULL, 0, &ps, sizeof(ps),
			       e);
		if (r)
			return r == -ENOENT ? 0 : r;
		if (ps.kind != DP_KIND_DRIVER || t->n == UPLINKS)
			continue;
		t->up[t->n++] = !!ps.up;
		t->received += ps.rx_packets;
		t->sent += ps.tx_packets;
		t->left += ps.drop_nobuf;
	}
	return 0;
}

static int device_left(const struct set *s, struct err *e)
{
	for (uint32_t i = 0; i < s->bus.ndev; i++)
		if (!s->bus.dev[i]->gone)
			return 0;
	return s->bus.ndev ? err_set(e, -ENODEV, "no device of set %s is left to try it on",
				     s->cfg.name) : 0;
}

static void *admit(void *arg)
{
	struct replace *p = arg;
	uint64_t one = 1;

	p->result = driver_admit(&p->s->cfg, p->path, &p->a, &p->err);
	(void)!write(p->done, &one, sizeof(one));
	return NULL;
}

/* What was begun and not taken over is given up. */
static void let_go(struct replace *p)
{
	if (p->timer > 0)
		event_timer_cancel(p->s->loop, p->timer);
	p->timer = 0;
	child_free(p->next);
	p->next = NULL;
	driver_drop(&p->a);
}

static void over(struct replace *p, enum phase phase)
{
	p->phase = phase;
	let_go(p);
	if (phase != KEPT)
		log_warning("%s: %s: %s", p->path,
			    phase == REFUSED ? "does not replace the driver" :
					       "the set went back to the driver before it",
			    p->err.msg);
}

/* Every timer of ours: the next step, unless the set has failed meanwhile. */
static void in(struct replace *p, uint32_t ms, void (*fn)(void *))
{
	p->timer = event_timer(p->s->loop, ms, fn, p);
	if (p->timer > 0)
		return;
	err_set(&p->err, p->timer, "no timer: %s", strerror(-p->timer));
	over(p, p->phase == TRIAL ? WENT_BACK : REFUSED);
}

static void keep(struct replace *p)
{
	struct set *s = p->s;

	close(s->driver);
	free(s->note);
	s->driver = p->a.fd;
	s->note = p->a.note;
	s->level = p->a.level;
	memcpy(s->param, p->a.param, sizeof(s->param));
	p->a = (struct admitted){.fd = -1};
	strcpy(s->cfg.driver, p->path);
	spare_drop(s);
	spare_prepare(s);
	log_info("driver %s stays: links are up%s", p->name, p->moved ? ", and packets pass" :
		 "; no packets passed, so that was not judged");
	over(p, KEPT);
}

/* It is not asked to stop, since it may not: its worker is ended, and the spare has the old driver. */
static void go_back(struct replace *p)
{
	char why[200];

	snprintf(why, sizeof(why), "driver %.60s on trial: %.120s", p->name, p->err.msg);
	child_end(p->s->child, why);
	over(p, WENT_BACK);
}

static bool links_are_back(const struct replace *p)
{
	for (uint32_t i = 0; i < p->before.n; i++)
		if (p->before.up[i] && (i >= p->after.n || !p->after.up[i]))
			return false;
	return true;
}

/* Packets pass in the second half of the trial, if they did before. */
static bool passes(struct replace *p)
{
	const struct traffic *now = &p->after;
	uint32_t ms = p->trial_ms / 2;

	if (p->before.received * ms / (uint64_t)p->counted >= BUSY &&
	    now->received == p->half.received) {
		err_set(&p->err, -EIO, "no packet came in for %u ms; %lu had in the %lu ms before",
			ms, p->before.received, (unsigned long)p->counted);
		return false;
	}
	if (now->sent == p->half.sent && now->left > p->half.left) {
		err_set(&p->err, -EIO, "it sent nothing for %u ms; %lu packets found no room", ms,
			now->left - p->half.left);
		return false;
	}
	p->moved = now->received != p->half.received || now->sent != p->half.sent;
	return true;
}

static void look(void *arg)
{
	struct replace *p = arg;
	struct set *s = p->s;
	struct err e = {0};
	int64_t now;

	p->timer = 0;
	if (s->child->pid != p->pid || count(s, &p->after, &e)) {
		/* recovery has brought, or brings, a worker of the old driver */
		err_set(&p->err, -EIO, "%s", s->child->pid == p->pid ? e.msg :
				       s->restarts.cause);
		over(p, WENT_BACK);
		return;
	}
	now = now_ms();
	if (!links_are_back(p)) {
		p->up_since = 0;
		if (now - p->took_over < LINK_MS) {
			in(p, LOOK_MS, look);
			return;
		}
		err_set(&p->err, -EIO, "the link did not come back within %d s", LINK_MS / 1000);
		go_back(p);
		return;
	}
	if (!p->up_since) {
		p->up_since = now;
		p->half_seen = false;
	}
	if (!p->half_seen && now - p->up_since >= p->trial_ms / 2) {
		p->half = p->after;
		p->half_seen = true;
	}
	if (now - p->up_since < p->trial_ms || !p->half_seen)
		in(p, LOOK_MS, look);
	else if (passes(p))
		keep(p);
	else
		go_back(p);
}

static void take_over(void *arg)
{
	struct replace *p = arg;
	struct set *s = p->s;
	struct child *next = p->next;
	struct traffic now;
	int64_t begin;
	int r;

	p->timer = 0;
	r = s->child->pid ? device_left(s, &p->err) :
			    err_set(&p->err, -EAGAIN, "%s", s->child->fate);
	/* To wait for it here would hold the one that serves. */
	if (r == 0 && next->pid && next->orders) {
		in(p, LOOK_MS, take_over);
		return;
	}
	if (r == 0)
		r = child_settle(next, &p->err);
	if (r == 0)
		r = count(s, &now, &p->err);
	if (r) {
		over(p, REFUSED);
		return;
	}
	now.received -= p->before.received < now.received ? p->before.received : now.received;
	p->before = now;
	p->counted = now_ms() - p->counted;
	p->next = NULL;
	begin = now_us();
	r = recover_planned(s, next, p->name, &p->err);
	p->ms = (double)(now_us() - begin) / 1e3;
	if (r) {
		over(p, WENT_BACK);
		return;
	}
	p->phase = TRIAL;
	p->pid = s->child->pid;
	p->took_over = now_ms();
	look(p);
}

/* Does it drive every device, and what traffic was there before? Then the worker that loads it. */
static int load(struct replace *p)
{
	struct set *s = p->s;
	int r = p->result;

	for (uint32_t i = 0; i < s->bus.ndev && r == 0; i++)
		r = driver_fits(p->a.note, s->bus.dev[i], &p->err);
	if (r == 0)
		r = count(s, &p->before, &p->err);
	if (r)
		return r;
	p->counted = now_ms();
	snprintf(p->name, sizeof(p->name), "%s %s", p->a.note->name, p->a.note->version);
	p->next = child_prepare(s, p->a.fd, p->a.note, p->a.param, &p->err);
	return p->next ? 0 : p->err.code;
}

static void on_admitted(void *arg, uint32_t events)
{
	struct replace *p = arg;

	pthread_join(p->thread, NULL);
	event_del(p->ev);
	p->ev = NULL;
	if (load(p)) {
		over(p, REFUSED);
		return;
	}
	p->phase = LOADS;
	in(p, BEFORE_MS, take_over);
}

static int begin(struct replace *p, struct err *e)
{
	int r;

	p->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->done < 0)
		return err_set(e, -errno, "no eventfd: %s", strerror(errno));
	p->ev = event_add(p->s->loop, p->done, EPOLLIN, on_admitted, p);
	if (!p->ev)
		return err_set(e, -errno, "the admission cannot be watched: %s", strerror(errno));
	r = pthread_create(&p->thread, NULL, admit, p);
	if (r == 0)
		return 0;
	event_del(p->ev);
	p->ev = NULL;
	return err_set(e, -r, "no thread for the admission: %s", strerror(r));
}

static int check(struct set *s, const char *path, struct err *e)
{
	if (under_way(s->replace))
		return err_set(e, -EBUSY, "%s is replacing the driver now: wait for its end",
			       s->replace->path);
	if (!s->cfg.driver[0])
		return err_set(e, -EINVAL, "set %s has no driver that could be replaced",
			       s->cfg.name);
	if (s->failed)
		return err_set(e, -EINVAL, "%s", s->child->fate);
	if (path[0] != '/' || strlen(path) >= SET_PATH_MAX)
		return err_set(e, -EINVAL, "replace: \"driver\" is not the absolute path of a file");
	return device_left(s, e);
}

int replace_begin(struct set *s, const char *path, uint32_t trial_ms, struct err *e)
{
	struct replace *p;
	int r = check(s, path, e);

	if (r)
		return r;
	p = calloc(1, sizeof(*p));
	if (!p)
		return err_set(e, -ENOMEM, "no memory to replace the driver");
	replace_free(s);
	s->replace = p;
	p->s = s;
	p->a.fd = -1;
	p->trial_ms = trial_ms;
	strcpy(p->path, path);
	r = begin(p, e);
	if (r)
		replace_free(s);
	return r;
}

json_t *replace_status(const struct set *s)
{
	const struct replace *p = s->replace;

	if (!p)
		return json_null();
	return json_pack("{s:s,s:s,s:s?,s:s?,s:f,s:b}", "state", phase_names[p->phase], "file", p->path,
			 "driver", p->name[0] ? p->name : NULL, "error",
			 p->phase > KEPT ? p->err.msg : NULL, "ms", p->ms, "traffic", p->moved);
}

void replace_free(struct set *s)
{
	struct replace *p = s->replace;

	if (!p)
		return;
	s->replace = NULL;
	if (p->ev) {
		pthread_join(p->thread, NULL);
		event_del(p->ev);
	}
	if (p->done >= 0)
		close(p->done);
	let_go(p);
	free(p);
}
