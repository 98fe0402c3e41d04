/* SPDX-License-Identifier: Apache-2.0 */
/* A worker process, as the keeper holds it: the one that serves, or a spare. */
#ifndef KERNEL_KEEPER_CHILD_H
#define KERNEL_KEEPER_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "kernel/bus/bus.h"
#include "kernel/bus/ring.h"
#include "kernel/lib/event.h"
#include "kernel/worker/channel.h"

struct set;

/* A command that is sent once those before it are answered. */
struct order {
	struct order *next;
	enum chan_command cmd;
	int nfd, fd[FDPASS_MAX];	/* the set's: not closed here */
	size_t len;
	unsigned char body[];
};

/* The system calls that a worker tried and may not make. */
struct notified {
	unsigned int count;
	unsigned char named[64];	/* bits: those that the log names already */
};

#define SAID_LINE 960

/* Its standard output and error, on their way to the log. */
struct said {
	int fd;			/* our end of the pipe; -1: closed */
	struct event *ev;	/* NULL: nothing is read now */
	int rest;		/* timer: it is read again after that; 0: not running */
	int64_t since;		/* ms: when the second began that these are of */
	uint32_t lines, bytes;
	uint32_t left_out;	/* lines that the log does not have, and was not told of */
	bool full;		/* the log takes no more of it */
	size_t len;
	char line[SAID_LINE + 1];
};

struct child {
	struct set *set;
	pid_t pid;		/* 0: it has ended */
	pid_t corpse;		/* it was killed, and is not dead yet; 0: it is */
	bool orphan;		/* a corpse that nobody knows any more */
	int pidfd;		/* readable once it has ended */
	int command, request;	/* our ends of the two channels */
	int listener;		/* tells of denied system calls; -1: not yet */
	struct notified denied;
	struct said said;
	bool own_mounts;	/* it runs in a mount namespace of its own */
	char fate[200];		/* how it ended; "" while it lives */
	char reason[160];	/* its own word on why it ends; "" if it has said none */
	struct order *orders;	/* the first one is being carried out */
	int late;		/* timer: it takes too long; 0: none */
	int64_t pinged;		/* since when it owes the answer to a ping; 0: it does not */
	bool quiet;		/* what it answers wakes nobody: see child_ping() */
	struct reg_server ring[BUS_DEVICES_MAX];
	struct event *ev_end, *ev_request, *ev_command, *ev_denied, *ev_ring[BUS_DEVICES_MAX];
};

/* Starts one that has been told nothing yet. NULL: e says why. */
struct child *child_new(struct set *s, struct err *e);
/* Ends it if it lives, and frees all: a corpse once it is buried. */
void child_free(struct child *c);

/*
 * Commands it and waits for the answer, serving requests and register rings meanwhile. out takes
 * the answer's body if it is outlen bytes long. One that does not answer in time is killed.
 */
int child_call(struct child *c, enum chan_command cmd, const void *body, size_t len, const int *fds,
	       int nfd, void *out, size_t outlen, struct err *e);
/*
 * Kills it if it lives still and waits for it, for a fifth of a second at most. why "": as it died.
 * Of the one that serves, the devices are fenced before, and it is replaced as soon as it is dead
 * and the event loop runs again.
 */
void child_end(struct child *c, const char *why);
/* The same of one that stands still and touches nothing any more: its death is not waited for. */
void child_retire(struct child *c, const char *why);
#define CHILD_LIES "the worker does not keep to the protocol: killed"

/* order.c: commands that nobody waits for. */
int child_order(struct child *c, enum chan_command cmd, const void *body, size_t len,
		const int *fds, int nfd, struct err *e);
/* Waits until all are carried out. */
int child_settle(struct child *c, struct err *e);
/*
 * Asks for a sign of life: see pinged. From the first time on its answers wait for child_listen(),
 * which whoever pings calls before: one is not worth waking up for.
 */
void child_ping(struct child *c);
/* m came unasked: the answer to an order or a ping. false: to neither. */
bool child_answered(struct child *c, struct chan_msg *m);
/* Takes what answers are there. */
void child_listen(struct child *c);
void child_drop_orders(struct child *c);

/*
 * notify.c: denied system calls of its. notify_open() watches for them on the listener, which is the
 * child's from then on; notify_serve() answers one that is there.
 */
int notify_open(struct child *c, int listener, struct err *e);
void notify_serve(struct child *c);
void notify_close(struct child *c);

/*
 * said.c: its words in the log. said_open() answers the end that becomes its standard output and error.
 * The event loop listens; a caller that keeps it from running polls said_fd() (-1: not now) and calls
 * said_listen(). said_close() takes what is left, of one that is dead, and may be called again.
 */
int said_open(struct child *c, int *worker_end, struct err *e);
int said_fd(const struct child *c);
void said_listen(struct child *c);
void said_close(struct child *c);

/* request.c: answers one request of its. */
void request_serve(struct child *c);

#endif
