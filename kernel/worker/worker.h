/* SPDX-License-Identifier: Apache-2.0 */
/* The worker: one process with one driver, its devices, and the data path that they feed. */
#ifndef KERNEL_WORKER_WORKER_H
#define KERNEL_WORKER_WORKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <vmhi/core.h>
#include <vmhi/nic.h>

#include "kernel/bus/bus.h"
#include "kernel/bus/ring.h"
#include "kernel/lib/confine.h"
#include "kernel/lib/event.h"
#include "kernel/net/dataplane.h"
#include "kernel/net/session.h"
#include "kernel/worker/channel.h"

#define WORKER_TIMERS	 16
#define WORKER_WINDOWS	 16
#define WORKER_RAISED	 32

struct worker;

/* A part of a BAR that is mapped here. */
struct window {
	uint32_t bar;
	uint64_t off, len;
	char *va;
};

struct device_timer {
	struct vmhi_host_context *dev;
	uint32_t index;
	int id;			/* of the event loop; 0: not running */
};

struct device_vector {
	struct vmhi_host_context *dev;
	uint32_t index;
	int fd;
	struct event *ev;
};

/* One device, and the host's side of it: what the ABI calls the host context. */
struct vmhi_host_context {
	struct worker *w;
	uint32_t index;
	struct chan_device info;
	struct window win[WORKER_WINDOWS];
	uint32_t nwin;
	struct reg_client regs;		/* ring NULL: every BAR is mapped, or there is none */
	int lost_fd;			/* eventfd: its ring is dead */
	struct event *ev_lost;
	struct device_vector vec[BUS_VECTORS_MAX];
	uint32_t nvec;			/* as many as were wired */
	struct device_timer timer[WORKER_TIMERS];
	struct vmhi_event raised[WORKER_RAISED];
	uint32_t nraised;
	int raised_id;			/* the loop's timer that hands them on */
	atomic_bool gone;
	atomic_uint log_second, log_lines;
	void *dev;			/* the driver's */
	bool attached;
	int uplink;			/* number of the data path's, or -1 */
};

struct worker {
	struct event_loop *loop;
	const struct vmhi_driver_ops *ops;
	struct chan_pool pool;
	char *pool_va;
	struct vmhi_host_context *device[BUS_DEVICES_MAX];
	uint32_t ndevice;
	struct dataplane *dp;
	struct kept kept;		/* for the port that is resumed next */
	bool quit, fault;
	int listener;		/* of denied system calls, from CMD_SANDBOX to its answer */
};

/* host.c: the functions a driver is given. */
extern const struct vmhi_host worker_host;
/* May a line about the driver be shown? Counted a second, for each device. */
bool host_log_allowed(struct vmhi_host_context *d);

/* device.c: a device from the keeper's description to a running uplink, and back. */
int device_add(struct worker *w, const struct chan_device *info, struct err *e);
int device_area(struct worker *w, const struct chan_area *a, int fd, struct err *e);
int device_vectors(struct worker *w, const struct chan_vectors *v, const int *fds, int n,
		   struct err *e);
int device_ring(struct worker *w, uint32_t index, int memfd, int kick, int answer, struct err *e);
/* Tells the driver, once it is attached. */
void device_event(struct vmhi_host_context *d, const struct vmhi_event *ev);
int device_attach_all(struct worker *w, uint32_t flags, struct err *e);
int device_start_all(struct worker *w, struct err *e);
void device_gone(struct worker *w, uint32_t index);
/* Stops and detaches all; the data path is freed in between. */
void device_stop_all(struct worker *w);

/* registers.c */
uint32_t register_read(struct vmhi_host_context *d, uint32_t bar, uint64_t off);
void register_write(struct vmhi_host_context *d, uint32_t bar, uint64_t off, uint32_t value);

/*
 * sandbox.c: gives up files, capabilities and all system calls but those of calls.c; files only
 * within mounts of its own. The listener that tells of denied calls, which is the keeper's, or
 * -errno.
 */
int sandbox_enter(bool own_mounts, struct err *e);

/* crash.c: from here on a crash is told, with its place in the loaded file that inside lies in. */
void crash_watch(const void *inside);

/* calls.c */
extern const struct confine_list worker_calls[];
extern const size_t worker_calls_lists;

/* Ends the worker: the keeper is told why, and goes on with another one. */
void worker_fault(struct worker *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A request to the keeper: body in, body out, both len bytes. The keeper's error if it refuses. */
int worker_request(enum chan_request type, void *body, size_t len);
int worker_request_fd(enum chan_request type, void *body, size_t len, int fd);

#endif
