/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The data path of one device set: an Ethernet switch between vhost-user ports and uplinks, run by
 * one data thread. This is all that the worker sees of it; it knows nothing of keeper, bus or
 * paths.
 *
 * Every call is made on the control thread (the one that runs control_loop). Calls that change
 * what the data thread uses let it come to a batch boundary first and return when it is done.
 * Names are unique among ports and uplinks together.
 *
 * System calls made from the end of dp_new() to that of dp_stop(): kernel/worker/calls.c.
 *
 * The data thread uses SIGURG, and the process gets a handler for it and for SIGBUS.
 */
#ifndef KERNEL_NET_DATAPLANE_H
#define KERNEL_NET_DATAPLANE_H

#include <stdbool.h>
#include <stdint.h>
#include <vmhi/nic.h>

#include "kernel/lib/err.h"
#include "kernel/lib/event.h"

struct dataplane;
struct session;
struct session_report;
struct kept;

/* Packet buffers: one piece of memory, contiguous for the device. The caller keeps it mapped. */
struct dp_pool_mem {
	void *va;		/* 64-byte aligned */
	uint64_t iova;		/* for the device; 0 where there is none */
	uint64_t len;		/* bytes; dp_pool_len() says how many are enough */
};

struct dp_conf {
	struct dp_pool_mem mem;
	uint32_t mtu;		/* 68 to 16000; 0: 1500. Of every uplink; the most of any port */
	/*
	 * The front end of a port hung up, or was thrown out: why is one line. The socket was shut
	 * down and closed; the port can be connected again. May be NULL.
	 */
	void (*port_gone)(void *arg, const char *port, const char *why);
	/* A driver broke the rules of its class, or does no work: it is not called any more, and its
	 * device is to be fenced before the dataplane is freed. May be NULL. */
	void (*uplink_failed)(void *arg, const char *uplink, const char *why);
	void *arg;
	/*
	 * For another process that goes on when this one dies: memory that both map; who keeps the
	 * descriptors of a port's connection (kind and index: KEEP_*; fd -1: none any more; -errno);
	 * and who does session_take() for it. All NULL: nobody does.
	 */
	struct session *session;
	int (*keep)(void *arg, const char *port, uint32_t kind, uint32_t index, int fd);
	int (*report)(void *arg, const char *port, const struct session_report *q, int fd,
		      struct err *e);
};

/* Bytes of buffer memory for this MTU and so many driver uplinks. */
uint64_t dp_pool_len(uint32_t mtu, uint32_t uplinks);

/* Makes the switch and the data thread, which stands still until dp_start(). */
struct dataplane *dp_new(struct event_loop *control_loop, const struct dp_conf *conf,
			 struct err *e);

/*
 * The data thread stands still from now on, every port is disconnected, every buffer is taken back
 * from the drivers (queue_stop, queue_free). The caller then quiesces and detaches them. For a
 * process that is about to end, and whose sandbox lets no thread end.
 */
void dp_stop(struct dataplane *dp);

/* The same, and ends the thread and frees all. */
void dp_free(struct dataplane *dp);

void dp_start(struct dataplane *dp);
/* Returns when the data thread stands at a batch boundary. Calls nest. */
void dp_pause(struct dataplane *dp);
void dp_resume(struct dataplane *dp);
/*
 * For good: takes nothing more from guests, waits until their frames are sent, 20 ms at most, and
 * then pauses. What comes in is delivered until then.
 */
void dp_let_go(struct dataplane *dp);

/* To be called once a second: finds drivers that do no work (uplink_failed). */
void dp_check(struct dataplane *dp);

/* A vector that may wake queues, and the eventfd that it signals. */
struct dp_vector {
	uint32_t vec;
	int fd;			/* stays the caller's; must be open until dp_free() */
};

struct dp_uplink_conf {
	uint32_t event_vec;	/* for vmhi_nic_conf: VMHI_NO_VEC, or one not in vec[] */
	uint32_t nvec;		/* 0: the queues are polled without end */
	const struct dp_vector *vec;
	uint32_t depth;		/* of queues, in segments; 0: 512, within what the driver allows */
};

/*
 * Uplinks: the first is the active one; when its link goes down the next with link takes over.
 * Each returns the uplink's number, from 0, or -errno.
 *
 * A driver's port: calls info, configure, queue, queue_start and filter; the caller calls start()
 * afterwards. Its link is down until VMHI_EV_LINK says otherwise.
 */
int dp_uplink_driver(struct dataplane *dp, const char *name, const struct vmhi_nic *nic, void *dev,
		     const struct dp_uplink_conf *conf, struct err *e);

/* What the driver raised: VMHI_EV_LINK counts, all else is ignored. */
void dp_uplink_event(struct dataplane *dp, int uplink, const struct vmhi_event *ev);

#define DP_UPLINK_TAP	0	/* a tap device: IFF_NO_PI, IFF_VNET_HDR, 12-byte header */
#define DP_UPLINK_PASST 1	/* a connected stream socket of passt: 32-bit length, frame */
int dp_uplink_fd(struct dataplane *dp, const char *name, int fd, int kind, struct err *e);

#define DP_NAME_MAX  33		/* with its final 0 */
#define DP_TRUNK_MAX 64

struct dp_port_conf {
	char name[DP_NAME_MAX];
	uint8_t mac[6];		/* all 0: any source address may be used, and is learnt */
	uint16_t vlan;		/* access VLAN, 1 to 4094; 0: none */
	uint16_t ntrunk;	/* above 0: a trunk of these VLANs, sent and received tagged; then
				   vlan is the one of untagged frames, or 0: those are dropped */
	uint16_t trunk[DP_TRUNK_MAX];
	uint64_t rate;		/* bytes per second that the guest may send; 0: no limit */
	uint64_t burst;		/* bytes; 0: 10 ms of rate, 64 KiB at least */
	uint32_t mtu;		/* told to the guest; 0: the set's */
	uint32_t queue_pairs;	/* 1 to 8; 0: 1 */
	uint32_t slot;		/* its own one of the session's, if there is one */
};

int dp_port_add(struct dataplane *dp, const struct dp_port_conf *conf, struct err *e);
int dp_port_del(struct dataplane *dp, const char *name);

/*
 * Gives the port a connected vhost-user front end. The socket is the dataplane's from then on,
 * unless an error is returned: -ENOENT no such port, -EBUSY connected already, -EAGAIN
 * barred for a minute, since a front end tried to block the data thread.
 */
int dp_port_connect(struct dataplane *dp, const char *name, int sock, struct err *e);

/*
 * The same with a connection that another process served before it died: goes on where kept->conn
 * and the session say. Descriptors that it takes out of kept become -1. -EPROTO: the session is spoilt.
 */
int dp_port_resume(struct dataplane *dp, const char *name, int sock, struct kept *kept,
		   struct err *e);

#define DP_KIND_PORT   0	/* vhost-user */
#define DP_KIND_DRIVER 1
#define DP_KIND_TAP    2
#define DP_KIND_PASST  3

/* Counters since the port was made. "rx" is what the switch receives from it. */
struct dp_port_stats {
	char name[DP_NAME_MAX];
	uint8_t kind;		/* DP_KIND_* */
	/* No bool: this comes from a worker, and any byte may be in it. Not 0: yes. */
	uint8_t connected;	/* a front end is there; uplinks: always */
	uint8_t up;		/* the guest's queues run; uplinks: link */
	uint8_t active;		/* uplinks: carries the traffic now */
	uint8_t mac[6];
	uint16_t vlan;
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
	uint64_t drop_spoof;	/* source address is not the port's */
	uint64_t drop_vlan;	/* tag not allowed there */
	uint64_t drop_rate;	/* over the rate */
	uint64_t drop_nobuf;	/* to it: the guest gave no buffer, or the ring was full */
	uint64_t drop_bad;	/* malformed, too long, or with an offload that was not offered */
	uint64_t ring_errors;	/* queues stopped for what the guest put there */
};

/* Ports and uplinks by number from 0; -ENOENT behind the last. */
int dp_port_stats(struct dataplane *dp, unsigned int i, struct dp_port_stats *out);

/* What the data thread did. Busy: the rounds of polling that moved at least one packet. */
struct dp_stats {
	uint64_t busy_cycles;	/* of the time-stamp counter */
	uint64_t busy_rounds, rounds;
	uint64_t sleeps;
	uint64_t packets;	/* handed to a port or an uplink */
	uint32_t buffers, buffers_free;
};
void dp_stats(struct dataplane *dp, struct dp_stats *out);

#endif
