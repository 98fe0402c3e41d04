/* SPDX-License-Identifier: Apache-2.0 */
/* A device set as the keeper holds it, and what its files do for each other. */
#ifndef KERNEL_KEEPER_SET_H
#define KERNEL_KEEPER_SET_H

#include <stdbool.h>
#include <sys/types.h>

#include "kernel/bus/bus.h"
#include "kernel/bus/dma-pool.h"
#include "kernel/bus/ring.h"
#include "kernel/keeper/config.h"
#include "kernel/lib/control.h"
#include "kernel/lib/event.h"
#include "kernel/lib/rundir.h"
#include "kernel/worker/channel.h"

/* The system calls that a worker tried and may not make. */
struct notified {
	unsigned int count;
	unsigned char named[64];	/* bits: those that the log names already */
};

/* The worker process. */
struct child {
	pid_t pid;		/* 0: none */
	int pidfd;		/* readable once it has ended */
	int command, request;	/* our ends of the two channels */
	int listener;		/* tells of denied system calls; -1: not yet */
	struct notified denied;
	bool own_mounts;	/* it runs in a mount namespace of its own */
	char fate[128];		/* how it ended; "" while it lives */
	struct event *ev_end, *ev_request, *ev_denied;
};

struct port {
	struct port *next;
	struct set *set;
	struct dp_port_conf conf;
	char socket[SOCKET_MAX];
	int listener;
	int conn;		/* a duplicate of the front end's connection, or -1 */
	struct event *ev;
};

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
	struct reg_server ring[BUS_DEVICES_MAX];
	struct event *ev_ring[BUS_DEVICES_MAX], *ev_dev[BUS_DEVICES_MAX];
	int vector[BUS_DEVICES_MAX][BUS_VECTORS_MAX];
	struct dma_pool pool;
	struct child child;
	struct port *ports;
	pid_t passt;
	int passt_fd;		/* pidfd */
	struct event *ev_passt, *ev_signal, *ev_exit;
	struct control_server *control;
	bool stopping;
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

/* child.c */
int child_start(struct set *s, struct err *e);
/*
 * Commands the worker and waits for its answer, serving its requests and register rings meanwhile.
 * out takes the answer's body if it is outlen bytes long. A worker that does not answer in time is
 * killed.
 */
int child_call(struct set *s, enum chan_command cmd, const void *body, size_t len, const int *fds,
	       int nfd, void *out, size_t outlen, struct err *e);
/* Kills it if it lives still and waits for it; a set that runs ends with it. why "": as it died. */
void child_end(struct set *s, const char *why);
#define CHILD_LIES "the worker does not keep to the protocol: killed"

/*
 * notify.c: denied system calls of the worker's. notify_open() watches child.listener; notify_serve()
 * answers one that is there.
 */
int notify_open(struct set *s, struct err *e);
void notify_serve(struct set *s);
void notify_close(struct child *c);

/* request.c: answers one request of the worker's. */
void request_serve(struct set *s);

/* devices.c: opens what the configuration names, hands it to the worker, watches it. */
int devices_open(struct set *s, struct err *e);
int devices_give(struct set *s, struct err *e);
void devices_fence(struct set *s);
void devices_close(struct set *s);

/* ports.c */
struct port *set_port_find(struct set *s, const char *name);
int set_port_add(struct set *s, const struct set_port *p, struct err *e);
int set_port_del(struct set *s, const char *name, struct err *e);
void set_port_gone(struct set *s, const char *name, const char *why);
void ports_close(struct set *s);

/* uplink.c: a tap or passt, if the configuration wants one. */
int uplink_open(struct set *s, struct err *e);
void uplink_close(struct set *s);

/* control.c */
int control_open(struct set *s, struct err *e);

#endif
