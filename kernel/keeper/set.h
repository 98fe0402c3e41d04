/* SPDX-License-Identifier: Apache-2.0 */
/* A device set as the keeper holds it, and what its files do for each other. */
#ifndef KERNEL_KEEPER_SET_H
#define KERNEL_KEEPER_SET_H

#include <stdbool.h>
#include <sys/types.h>

#include "kernel/bus/bus.h"
#include "kernel/bus/dma-pool.h"
#include "kernel/keeper/child.h"
#include "kernel/keeper/config.h"
#include "kernel/lib/control.h"
#include "kernel/lib/event.h"
#include "kernel/lib/log.h"
#include "kernel/lib/rundir.h"
#include "kernel/net/session.h"

struct port {
	struct port *next;
	struct set *set;
	struct dp_port_conf conf;
	char socket[SOCKET_MAX];
	int listener;
	int conn;		/* a duplicate of the front end's connection, or -1 */
	struct kept kept;	/* and of what came over it */
	struct event *ev;
	int timer;		/* no connection could be taken: tries again; 0: none runs */
	bool told;		/* the log has it */
	struct log_limit limit;	/* of what its front ends bring about there */
};

/* One take-over. */
struct restart {
	int64_t at;		/* seconds since 1970 */
	uint32_t us;		/* from when it was noticed until packets flowed again */
	bool planned;
	char cause[200];
};

#define RESTARTS_KEPT 16
struct restarts {
	uint32_t total;		/* those not planned */
	uint32_t n;		/* in last[], the newest at (n - 1) % RESTARTS_KEPT */
	struct restart last[RESTARTS_KEPT];
	int64_t when[RESTART_LIMIT_MAX];	/* ms, of the last ones: for the limit */
	int64_t noticed_us;
	int timer;		/* a worker is replaced when it fires; 0: none is dead */
	bool busy;		/* it is being replaced */
	uint32_t quick;		/* how many in a row died soon */
	bool cold;		/* the next take-over resets the devices */
	char cause[200];
};

/* What was last seen of the life of the worker that serves. */
struct pulse {
	int timer;
	int64_t cpu_ms, asked_at;
	bool late;
};

struct replace;

struct set {
	struct set_config cfg;
	struct event_loop *loop;
	char dir[RUNDIR_MAX];	/* RUN_DIR/sets/NAME */
	int lock;		/* on it */
	int driver;		/* sealed copy, or -1 */
	struct driver_note *note;
	enum admission_level level;
	struct vmhi_param param[CHAN_PARAMS];
	struct bus bus;
	struct event *ev_dev[BUS_DEVICES_MAX];
	int vector[BUS_DEVICES_MAX][BUS_VECTORS_MAX];
	struct dma_pool pool;
	struct session *session;
	int session_fd;
	struct child *child;	/* the worker that serves, or served last */
	struct child *spare;	/* takes over when it dies; NULL: there is none */
	int spare_timer;	/* another one will be made; 0: no timer runs */
	struct restarts restarts;
	struct pulse pulse;
	struct replace *replace;	/* of the driver: the one under way, or the last */
	struct port *ports;
	int uplink_fd;		/* tap or passt, or -1 */
	pid_t passt;
	int passt_fd;		/* pidfd */
	struct event *ev_passt, *ev_signal, *ev_exit;
	struct control_server *control;
	bool running;		/* it has been ready; a worker that dies is replaced */
	bool stopping;
	bool failed;		/* no worker is there, nor will be */
	bool namespaces;	/* a worker got its own: no other runs without them */
	int status;		/* to exit with */
};

/* driver.c: a driver's file that this host admits and that is of use to the set. */
struct admitted {
	int fd;			/* sealed copy */
	struct driver_note *note;
	enum admission_level level;
	struct vmhi_param param[CHAN_PARAMS];
};
/* Touches nothing but what it is given, so it may run on a thread of its own. */
int driver_admit(const struct set_config *cfg, const char *path, struct admitted *a, struct err *e);
void driver_drop(struct admitted *a);
/* Is it a driver for this device? */
int driver_fits(const struct driver_note *note, const struct bus_device *d, struct err *e);

/* bringup.c: from an empty worker to packets that flow */
/* One that gets as far as can be without touching a device: the rest of it are its orders. */
struct child *child_prepare(struct set *s, int driver, const struct driver_note *note,
			    const struct vmhi_param *param, struct err *e);
/*
 * Makes c, which is settled, the set's worker: its driver is attached, uplinks, ports and
 * connections are given to it. warm: the devices are as another worker left them, fenced.
 */
int put_to_work(struct set *s, struct child *c, bool warm, struct err *e);

/* spare.c */
void spare_prepare(struct set *s);
/* It died while it waited: another one is made, after a while. */
void spare_lost(struct set *s);
void spare_drop(struct set *s);

/* replace.c */
/* Begins to replace the driver by another, which is trial_ms on trial. */
int replace_begin(struct set *s, const char *path, uint32_t trial_ms, struct err *e);
/* How far that is, or what became of the last one; null: there was none. */
json_t *replace_status(const struct set *s);
void replace_free(struct set *s);

/* recover.c */
/* The set's worker has died: its place is taken, or the set is given up. */
void recover_later(struct set *s);
/*
 * A take-over that is wanted: next was prepared and is settled, with whatever driver. 0: it serves
 * now. Else e says why not, next is gone, and the set goes on with its own driver.
 */
int recover_planned(struct set *s, struct child *next, const char *cause, struct err *e);

/* pulse.c: from now on, watches whether the worker that serves hangs. */
int pulse_start(struct set *s, struct err *e);
/* Ends it if its data thread hangs; when to look again, in ms. For who waits for its answer. */
int64_t pulse_look(struct child *c);
/* Another one serves. */
void pulse_anew(struct set *s);

/* calls.c: gives up what neither the keeper nor what it starts needs. */
int keeper_confine(struct err *e);

/* devices.c: opens what the configuration names, hands it to the worker, watches it. */
int devices_open(struct set *s, struct err *e);
int devices_order(struct child *c, const struct driver_note *note, const struct vmhi_param *param,
		  struct err *e);
void devices_fence(struct set *s);
int devices_bus_master(struct set *s, struct err *e);
/* The last resort against a device that stays stuck: a reset that costs the link. */
int devices_reset(struct set *s, struct err *e);
/* Each worker's register rings. quiet: nobody listens to them any more. */
int devices_rings(struct child *c, struct err *e);
void devices_rings_quiet(struct child *c);
void devices_rings_free(struct child *c);
void devices_close(struct set *s);

/* ports.c */
struct port *set_port_find(struct set *s, const char *name);
int set_port_add(struct set *s, const struct set_port *p, struct err *e);
int set_port_del(struct set *s, const char *name, struct err *e);
void set_port_gone(struct set *s, const char *name, const char *why);
void ports_close(struct set *s);
/* Gives the ports and their connections to another worker. */
int ports_replay(struct set *s, struct child *c, struct err *e);
/* The worker is dead, and another one will come: what it cannot be told now is applied then. */
bool set_restarts(const struct set *s);
/* No worker serves them any more: every front end sees its connection end, and no other gets in. */
void ports_fail(struct set *s);

/* connection.c: what a port's connection must not lose */
void kept_init(struct kept *k);
void kept_close(struct kept *k);
/* As the worker asks: takes the descriptor over (-1: forgets the one it has). */
int kept_put(struct port *p, uint32_t kind, uint32_t index, int fd);
/* Gives a port's connection to another worker. */
int replay_connection(struct child *c, struct port *p, struct err *e);

/* uplink.c: a tap or passt, if the configuration wants one. */
int uplink_open(struct set *s, struct err *e);
int uplink_give(struct set *s, struct child *c, struct err *e);
void uplink_close(struct set *s);

/* control.c */
int control_open(struct set *s, struct err *e);

#endif
