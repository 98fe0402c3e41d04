// SPDX-License-Identifier: Apache-2.0
/*
 * The data thread: polls ports and uplinks while there is work, and sleeps when there has been
 * none for a while. Between two rounds it can be stopped: nothing is half done there.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/lib/clock.h"
#include "kernel/net/dp.h"

#define LET_GO_MS 20	/* a full ring takes 6 at 1 Gbit/s */
#define SPIN_US 50	/* idle polling before sleep is tried */

/* Between two looks at what cannot wake us: an eighth of the time since anything came. */
#define LOOK_SHARE     8
#define LOOK_RING_MS   250	/* at most, at a ring without a kick */
#define LOOK_UPLINK_MS 1000	/* at a driver without interrupts */

/*
 * The same where everyone can wake us, for an interrupt that may be lost. No longer than the least
 * while there are frames to be taken back once they are sent, for which nobody wakes us.
 */
#define LONG_MIN_MS 1000
#define LONG_MAX_MS 5000

/*
 * A signal every so often interrupts a write to an eventfd that blocks (see vq_unsignalled()): no
 * call that does not block costs as little, and a front end can let any other block at any time.
 */
#define TICK_MS	 20
#define TICK_SIG SIGURG

static bool poll_uplinks(struct dataplane *dp)
{
	bool any = false;

	for (uint32_t i = 0; i < dp->nuplinks; i++)
		any |= dp->uplink[i]->ops->poll(dp->uplink[i]);
	return any;
}

static bool letting_go(const struct dataplane *dp)
{
	return __builtin_expect(atomic_load_explicit(&dp->letting_go, memory_order_relaxed), 0);
}

/*
 * The uplinks' turn comes after each port that had frames: so many ports do not crowd out what the
 * uplinks receive, nor fill their rings before what was sent is taken back.
 */
static __attribute__((noinline)) bool poll_round(struct dataplane *dp)
{
	bool any = false, cut_only = letting_go(dp);

	dp->sw.clock = dp_tsc();
	for (uint32_t i = 0; i < (dp->nap ? 0 : dp->nports); i++) {
		if (!(cut_only ? port_cut(dp->port[i]) : port_poll(dp->port[i])))
			continue;
		any = true;
		poll_uplinks(dp);
	}
	return any || poll_uplinks(dp);
}

/* Counts a round's cycles as busy if a packet was handed to somebody in it. */
static bool count_round(struct dataplane *dp)
{
	uint64_t packets = dp->stats.packets, start = dp_tsc();
	bool any = poll_round(dp);

	dp->stats.rounds++;
	if (dp->stats.packets != packets) {
		dp->stats.busy_cycles += dp_tsc() - start;
		dp->stats.busy_rounds++;
	}
	if (__builtin_expect(dp->trouble | dp->sw.learnt_guest, 0)) {
		dp->trouble = false;
		(void)!eventfd_write(dp->news, 1);
	}
	/* From one nap to the next nothing has changed. */
	if (__builtin_expect(dp->sw.clock >= dp->save_at, 0) && !dp->nap)
		port_save_counters(dp);
	return any;
}

static bool all_sent(const struct dataplane *dp)
{
	for (uint32_t i = 0; i < dp->nports; i++)
		if (dp->port[i]->gso.len)
			return false;
	for (uint32_t i = 0; i < dp->nuplinks; i++) {
		const struct uplink *u = dp->uplink[i];

		if (!u->failed && (u->sent || u->npending))
			return false;
	}
	return true;
}

static int look_ms(const struct dataplane *dp, uint64_t least, uint64_t most)
{
	uint64_t ms = (dp->sw.clock - dp->moved_at) / (dp->hz / 1000) / LOOK_SHARE;

	return (int)(ms < least ? least : ms < most ? ms : most);
}

static int nap_ms(const struct dataplane *dp, enum dp_nap nap)
{
	if (nap == NAP_LOOK)
		return look_ms(dp, 1, LOOK_UPLINK_MS);
	return look_ms(dp, LONG_MIN_MS, all_sent(dp) ? LONG_MAX_MS : LONG_MIN_MS);
}

/*
 * Asks everyone to wake us; -1: there is work; else how long to sleep at most, in ms. *nap: what to
 * look at after that, if nobody wakes us.
 */
static int arm(struct dataplane *dp, enum dp_nap *nap)
{
	bool work = false, uplinks = false, ports = false, held = false;

	for (uint32_t i = 0; i < dp->nports; i++) {
		struct guest_port *p = dp->port[i];

		work |= p->gso.len && !port_held(p);
		held |= p->gso.len && port_held(p);
		for (uint32_t q = 1; q < 2 * p->conf.queue_pairs; q += 2) {
			if (!p->vq[q].run)
				continue;
			work |= vq_arm(&p->vq[q]) && !port_held(p);
			held |= port_held(p);
			ports |= p->vu->ring[q].kick < 0;
		}
	}
	for (uint32_t i = 0; i < dp->nuplinks; i++) {
		work |= dp->uplink[i]->ops->arm(dp->uplink[i]);
		uplinks |= !dp->uplink[i]->wakes;
	}
	if (work || dp->trouble || letting_go(dp) || atomic_load(&dp->pause_asked))
		return -1;
	*nap = held || ports ? NAP_NONE : uplinks ? NAP_LOOK : NAP_LONG;
	return held ? 1 : ports ? look_ms(dp, 1, LOOK_RING_MS) : nap_ms(dp, *nap);
}

static void disarm(struct dataplane *dp)
{
	for (uint32_t i = 0; i < dp->nports; i++)
		for (uint32_t q = 1; q < 2 * dp->port[i]->conf.queue_pairs; q += 2)
			if (dp->port[i]->vq[q].run)
				vq_disarm(&dp->port[i]->vq[q]);
}

/* To who watches for signs of life. */
static void set_asleep(struct dataplane *dp, bool asleep)
{
	__atomic_store_n(&dp->pulse->clock, dp_tsc(), __ATOMIC_RELAXED);
	__atomic_store_n(&dp->pulse->asleep, asleep, __ATOMIC_RELEASE);
}

static void end_nap(struct dataplane *dp)
{
	dp->nap = NAP_NONE;
	disarm(dp);
}

/*
 * Sleeps if it can; true: there is work, or somebody says so. Who can wake us stays armed from one
 * nap to the next, and is not looked at: a look at 64 guests' rings costs more than all else does.
 */
static bool sleep_until_work(struct dataplane *dp, const sigset_t *no_ticks)
{
	enum dp_nap nap = dp->nap;
	struct epoll_event ev[8];
	int ms = nap ? nap_ms(dp, nap) : arm(dp, &nap), woken = 1;

	if (ms > 0) {
		dp->stats.sleeps++;
		if (!dp->nap)
			port_save_counters(dp);
		set_asleep(dp, true);
		woken = epoll_pwait(dp->epfd, ev, 8, ms, no_ticks);
		set_asleep(dp, false);
	}
	dp->nap = nap;
	if (woken || !nap)
		end_nap(dp);
	return woken;
}

/*
 * Stands still while asked to; false: the thread is to end. It may be for long, in a process that
 * waits to take over: so it is without ticks. Edges that are missed are not: all is looked at anew.
 */
static bool stand(struct dataplane *dp, const sigset_t *no_ticks)
{
	struct epoll_event ev[8];
	bool quit;

	set_asleep(dp, true);
	pthread_mutex_lock(&dp->lock);
	while (atomic_load(&dp->pause_asked) && !dp->quit) {
		dp->standing = true;	/* anew: resume may have been followed by a pause */
		pthread_cond_broadcast(&dp->cond);
		pthread_mutex_unlock(&dp->lock);
		epoll_pwait(dp->epfd, ev, 8, -1, no_ticks);
		pthread_mutex_lock(&dp->lock);
	}
	dp->standing = false;
	quit = dp->quit;
	pthread_mutex_unlock(&dp->lock);
	set_asleep(dp, false);
	if (dp->nudge && !quit)
		port_nudge_all(dp);
	return !quit;
}

static void on_tick(int sig)
{
}

static int start_ticks(struct dataplane *dp)
{
	const struct sigaction sa = {.sa_handler = on_tick};	/* calls are not restarted */
	const struct itimerspec every = {{0, TICK_MS * 1000000}, {0, TICK_MS * 1000000}};
	struct sigevent sev = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = TICK_SIG};
	sigset_t set;

	sev._sigev_un._tid = (pid_t)syscall(SYS_gettid);
	sigemptyset(&set);
	sigaddset(&set, TICK_SIG);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	if (sigaction(TICK_SIG, &sa, NULL) < 0 ||
	    timer_create(CLOCK_MONOTONIC, &sev, &dp->ticks) < 0)
		return -errno;
	timer_settime(dp->ticks, 0, &every, NULL);	/* a valid time on a valid timer */
	return 0;
}

static void *data_thread(void *arg)
{
	struct dataplane *dp = arg;
	uint64_t spin = dp->hz / 1000000 * SPIN_US, busy_at = dp_tsc();
	sigset_t asleep;
	bool any;

	prctl(PR_SET_NAME, "data");
	dp->moved_at = busy_at;	/* or the first look at a card would come as late as one does */
	dp->ticks_error = start_ticks(dp);
	/* other signals stay as they are: the process may wait for them elsewhere */
	pthread_sigmask(SIG_SETMASK, NULL, &asleep);
	sigaddset(&asleep, TICK_SIG);
	for (;;) {
		if (__builtin_expect(atomic_load_explicit(&dp->pause_asked, memory_order_acquire),
				     0) && !stand(dp, &asleep))
			break;
		any = count_round(dp);
		if (letting_go(dp))
			atomic_store(&dp->drained, all_sent(dp));
		__atomic_store_n(&dp->pulse->clock, dp->sw.clock, __ATOMIC_RELAXED);
		if (any) {
			busy_at = dp->moved_at = dp->sw.clock;
			if (__builtin_expect(dp->nap, 0))
				end_nap(dp);
		} else if (dp->sw.clock - busy_at > spin && sleep_until_work(dp, &asleep)) {
			busy_at = dp_tsc();
		}
	}
	if (!dp->ticks_error)
		timer_delete(dp->ticks);
	return NULL;
}

int dp_watch(struct dataplane *dp, int fd, bool on)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET};

	if (epoll_ctl(dp->epfd, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, fd, &ev) < 0 &&
	    errno != EEXIST)
		return -errno;
	return 0;
}

static void wait_standing(struct dataplane *dp)
{
	pthread_mutex_lock(&dp->lock);
	while (!dp->standing && !dp->quit)
		pthread_cond_wait(&dp->cond, &dp->lock);
	pthread_mutex_unlock(&dp->lock);
}

int dp_thread_start(struct dataplane *dp, struct err *e)
{
	int r;

	dp->pauses = 1;
	atomic_store(&dp->pause_asked, 1);
	dp->epfd = epoll_create1(EPOLL_CLOEXEC);
	dp->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	dp->news = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (dp->epfd < 0 || dp->wake < 0 || dp->news < 0 || dp_watch(dp, dp->wake, true))
		return err_set(e, -errno, "data thread: %s", strerror(errno));
	pthread_mutex_init(&dp->lock, NULL);
	pthread_cond_init(&dp->cond, NULL);
	r = pthread_create(&dp->thread, NULL, data_thread, dp);
	if (r)
		return err_set(e, -r, "data thread: %s", strerror(r));
	wait_standing(dp);	/* its start needs more system calls than its work */
	if (!dp->ticks_error)
		return 0;
	dp_thread_stop(dp);
	return err_set(e, dp->ticks_error, "data thread: timer: %s", strerror(-dp->ticks_error));
}

void dp_thread_stop(struct dataplane *dp)
{
	dp_pause(dp);
	pthread_mutex_lock(&dp->lock);
	dp->quit = true;
	pthread_mutex_unlock(&dp->lock);
	(void)!eventfd_write(dp->wake, 1);
	pthread_join(dp->thread, NULL);
	pthread_mutex_destroy(&dp->lock);
	pthread_cond_destroy(&dp->cond);
}

void dp_pause(struct dataplane *dp)
{
	if (dp->pauses++)
		return;
	atomic_store(&dp->pause_asked, 1);
	(void)!eventfd_write(dp->wake, 1);
	wait_standing(dp);
}

void dp_let_go(struct dataplane *dp)
{
	const struct timespec step = {0, 20000};
	int64_t by = now_ms() + LET_GO_MS;

	atomic_store(&dp->letting_go, true);
	(void)!eventfd_write(dp->wake, 1);
	while (!dp->pauses && !atomic_load(&dp->drained) && now_ms() < by)
		ppoll(NULL, 0, &step, NULL);
	dp_pause(dp);
}

void dp_resume(struct dataplane *dp)
{
	if (--dp->pauses)
		return;
	pthread_mutex_lock(&dp->lock);
	atomic_store(&dp->pause_asked, 0);
	dp->standing = false;
	pthread_mutex_unlock(&dp->lock);
	(void)!eventfd_write(dp->wake, 1);
}

void dp_start(struct dataplane *dp)
{
	dp->pulse = &dp->session->pulse;
	dp->pulse->hz = dp->hz;
	dp->started = true;
	uplink_filter_first(dp);
	dp_resume(dp);
}
