/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop of a model: descriptors and timers, one thread. Everything a model does happens in
 * a callback of this loop, so a model needs no lock.
 */
#ifndef VMHI_MODEL_LOOP_H
#define VMHI_MODEL_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MODEL_LOOP_FDS 160

struct model_loop;

/* NULL: out of memory. */
struct model_loop *model_loop_new(void);
/* Last of all: models and wires take their descriptors off the loop when they are freed. */
void model_loop_free(struct model_loop *l);

/*
 * Watches fd for POLLIN, POLLOUT (poll(2)); the loop does not own it. 0; -ENOSPC when it watches
 * MODEL_LOOP_FDS already, -EEXIST when fd is one of them, -EBADF when fd is negative.
 */
int model_loop_add(struct model_loop *l, int fd, short events,
		   void (*fn)(void *arg, short revents), void *arg);
/* Changes what fd is watched for; 0 means nothing for now. */
void model_loop_watch(struct model_loop *l, int fd, short events);
/* Legal inside any callback. */
void model_loop_del(struct model_loop *l, int fd);

/*
 * A timer that its owner keeps; fires once per model_timer_set(). Zero it, fill fn and arg, and it
 * is ready. Setting an armed timer moves it.
 */
struct model_timer {
	void (*fn)(void *arg);
	void *arg;
	uint64_t due_ns;		/* CLOCK_MONOTONIC; the loop's */
	struct model_timer *next;	/* the loop's */
	bool armed;
};

void model_timer_set(struct model_loop *l, struct model_timer *t, uint64_t delay_ns);
void model_timer_cancel(struct model_loop *l, struct model_timer *t);
uint64_t model_now_ns(void);

/* Waits at most timeout_ms (-1: for ever) and runs what is due; 0 or -errno. */
int model_loop_once(struct model_loop *l, int timeout_ms);
/* Runs until model_loop_stop(), which a callback calls: 0 then, or -errno of a failed poll. */
int model_loop_run(struct model_loop *l);
void model_loop_stop(struct model_loop *l);

#ifdef __cplusplus
}
#endif

#endif
