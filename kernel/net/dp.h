/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of struct dataplane: guests' ports, uplinks, and the data thread that polls them. */
#ifndef KERNEL_NET_DP_H
#define KERNEL_NET_DP_H

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "kernel/lib/log.h"
#include "kernel/net/dataplane.h"
#include "kernel/net/switch.h"
#include "kernel/net/vhost-user.h"

#define DP_UPLINKS 16
#define DP_PENDING 256
#define DP_BATCH   SWITCH_BATCH

/* How long nobody may connect to a port whose front end stopped everybody for some ms. */
#define PORT_BAR_SECONDS 60

/* A guest's port. */
struct guest_port {
	struct switch_port sp;		/* first: it is what output() gets */
	struct dataplane *dp;
	struct dp_port_conf conf;
	struct vhost_user_port vu_port;
	struct log_limit limit;
	struct vhost_user *vu;		/* NULL: no front end */
	uint32_t rx_queues;		/* that run, from the first on */
	uint64_t held_until;		/* clock: not polled before, or until the uplink has room */
	uint64_t full_since;		/* clock: port_room() found none; 0: it did */
	uint64_t barred_until;		/* tsc: no front end is let in before */
	uint64_t ring_errors, bad;	/* bad: of queues since set up anew */
	struct vq vq[VHOST_USER_RINGS];
	struct gso gso;			/* last: 64 KiB */
};

struct uplink;
struct uplink_ops {
	switch_output output;		/* gets the port that the uplink carries, its owner */
	bool takes;			/* as in struct switch_port */
	/* Brings in what came, and completes what went; false: nothing did. */
	bool (*poll)(struct uplink *u);
	/* Asks for a wake-up; true: there is work already. */
	bool (*arm)(struct uplink *u);
	void (*free)(struct uplink *u);
};

/* Two counters, a as it was when b moved last, and how many looks ago that was. */
struct uplink_pace {
	uint64_t a, b;
	unsigned int looks;
};

/* What uplink-watch.c saw at its last look, and how often in a row it looked odd. */
struct uplink_watch {
	uint64_t done, handed, taken, received;
	struct uplink_pace sending, receiving;
	unsigned int tx_still, no_link, flood;
};

struct uplink {
	const struct uplink_ops *ops;
	struct dataplane *dp;
	char name[DP_NAME_MAX];
	uint8_t kind;			/* DP_KIND_* */
	bool up, inline_tags;
	bool wakes;			/* it can wake a sleeping thread */
	struct switch_port *sp;		/* whose frames it carries: the team's if it is the active
					   uplink; NULL: what it receives is dropped */
	struct switch_counters c;
	/* A driver's port. */
	const struct vmhi_nic *nic;
	void *dev, *tx, *rx;
	struct vmhi_nic_info info;
	uint64_t features;
	uint32_t depth, posted, sent;	/* sent: not yet done */
	uint64_t taken;			/* good frames that it handed over, all together */
	bool failed;			/* it broke the rules: not called any more */
	bool reported;			/* and that was said */
	const char *why;		/* a driver failed */
	struct uplink_watch watch;
	struct vmhi_pkt pending[DP_PENDING];
	uint32_t npending;
	/* A tap or a passt socket. */
	int fd;
	uint64_t poll_at;		/* clock: not read before, it had nothing */
	struct passt *passt;
};

/* Asleep: everyone is armed, and only uplinks are looked at now and then. */
enum dp_nap {
	NAP_NONE,
	NAP_LOOK,	/* one of them cannot wake the data thread */
	NAP_LONG,
};

struct dataplane {
	struct pool pool;
	struct switch_port team;	/* the uplinks as the switch sees them */
	struct uplink *active;
	struct guest_port *port[SWITCH_PORTS];
	struct uplink *uplink[DP_UPLINKS];
	uint32_t nports, nuplinks;
	struct guest_port *polled;	/* whose frames are on their way */
	bool congested;			/* the active uplink's ring is full */
	uint64_t moved_at;		/* clock: a packet came last, or the start */
	enum dp_nap nap;
	bool trouble;			/* something for the control thread to look at */
	struct dp_stats stats;
	uint64_t hz;			/* of the time-stamp counter */
	/* Between the threads. */
	atomic_int pause_asked;
	atomic_bool letting_go, drained; /* no guest is polled any more; and no frame is on its way */
	bool standing, quit;
	int pauses;
	pthread_t thread;
	timer_t ticks;
	int ticks_error;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	int epfd, wake, news;		/* news: eventfd to the control thread */
	struct session_pulse *pulse, no_pulse;	/* the latter before dp_start() */
	bool nudge;			/* queues whose guests are to be notified */
	uint64_t save_at;		/* clock: counters are written to the session */
	/* Control thread. */
	struct event_loop *loop;
	struct event *news_event;
	struct dp_conf conf;
	struct session *session, *own_session;	/* own: nobody goes on after us */
	bool started;
	int age_timer, vlan_timer;	/* 0: does not run */
	struct vswitch sw;
};

static inline uint64_t dp_tsc(void)
{
	return __builtin_ia32_rdtsc();
}

/* thread.c */
int dp_thread_start(struct dataplane *dp, struct err *e);
void dp_thread_stop(struct dataplane *dp);
/* Adds a descriptor that wakes the data thread: at each edge, so nobody has to read it. */
int dp_watch(struct dataplane *dp, int fd, bool on);

/* port.c */
/*
 * Frames of the port polled now wait for the uplink: it is left alone for a while. No longer, for a
 * ring that stands still (PAUSE frames) must not keep guests from each other.
 */
void port_hold(struct dataplane *dp);
static inline bool port_held(const struct guest_port *p)
{
	return p->dp->congested && p->dp->sw.clock < p->held_until;
}
bool port_poll(struct guest_port *p);
/* The next segments of a frame that is being cut (p->gso); false: they have to wait. */
bool port_cut(struct guest_port *p);
/*
 * For an uplink that can wait: how many buffers the guest that a frame to mac goes to has, of which
 * the frame needs so many. 0: to be waited for, which is so for a while only, and while there is no
 * other guest, who would wait too. UINT32_MAX: no reason to wait.
 */
uint32_t port_room(struct dataplane *dp, const uint8_t *mac, uint32_t need);
void port_review(struct guest_port *p);
struct guest_port *port_find(const struct dataplane *dp, const char *name);
void port_init_queues(struct guest_port *p);
void port_hang_up(struct guest_port *p, const char *why);

/* port-session.c: what a port has in the session */
int port_session(struct guest_port *p, struct err *e);
int port_keep(void *arg, uint32_t kind, uint32_t index, int fd);
int port_report(void *arg, const struct session_report *q, int fd, struct err *e);
/* Counters and learnt addresses go into the session; what was there of this port's comes back. */
void port_save_counters(struct dataplane *dp);
void port_save_macs(struct dataplane *dp);
struct session_count *port_count(const struct guest_port *p);
/* Notifies guests of rings that go on in this process. Data thread. */
void port_nudge_all(struct dataplane *dp);

/* uplink.c: the team, and the filters of its drivers */
struct uplink *uplink_new(struct dataplane *dp, const char *name, int kind, struct err *e);
int uplink_join(struct uplink *u, struct err *e);
void uplink_elect(struct dataplane *dp);
void uplink_filter(struct dataplane *dp);
/* The same when packets begin to flow: the cards' tables of VLANs, which are long, come later. */
void uplink_filter_first(struct dataplane *dp);
/* Lets u carry the frames of a port of the switch. Data thread paused. */
void uplink_carry(struct uplink *u, struct switch_port *sp);
/* Takes frames in from u: drops them if it carries those of no port. */
void uplink_input(struct uplink *u, struct vmhi_pkt *pkt, uint32_t n);

/* uplink-driver.c, uplink-tap.c, uplink-passt.c */
extern const struct uplink_ops uplink_driver_ops, uplink_tap_ops, uplink_passt_ops;
int passt_new(struct uplink *u);

/* dataplane.c */
int dp_check_name(const struct dataplane *dp, const char *name, struct err *e);

#endif
