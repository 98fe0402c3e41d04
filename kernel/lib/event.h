/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop of every control thread: descriptors and their callbacks, over epoll. One loop
 * belongs to one thread; nothing here is for the data path.
 */
#ifndef KERNEL_LIB_EVENT_H
#define KERNEL_LIB_EVENT_H

#include <stdint.h>

struct event_loop;
struct event;

/* events: EPOLLIN, EPOLLOUT, ... as epoll_wait(2) reports them */
typedef void (*event_fn)(void *arg, uint32_t events);

struct event_loop *event_loop_new(void);
void event_loop_free(struct event_loop *l);

/* Watches fd; the loop does not own it. NULL with errno set when it cannot. */
struct event *event_add(struct event_loop *l, int fd, uint32_t events, event_fn fn, void *arg);
int event_modify(struct event *ev, uint32_t events);

/* Stops watching. Legal inside any callback, also for an event already reported in this round. */
void event_del(struct event *ev);

/*
 * A one-shot timer, ms from now; fires once, then is gone. Cancel with event_timer_cancel()
 * before it fired. Returns an id above 0, or -errno.
 */
int event_timer(struct event_loop *l, uint64_t ms, void (*fn)(void *), void *arg);
void event_timer_cancel(struct event_loop *l, int id);

/* Runs until event_loop_stop(); event_loop_once() waits at most timeout_ms (-1: for ever). */
int event_loop_run(struct event_loop *l);
int event_loop_once(struct event_loop *l, int timeout_ms);
void event_loop_stop(struct event_loop *l);

#endif
