/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the next worker must know to go on where one died, pointer-free. It comes from a process that
 * ran vendor code, so whoever reads it checks every field.
 *
 * What a front end's messages led to is held by the keeper (struct session_conn), where no stray
 * store of a driver reaches it. What changes with each batch of packets lies in memory that every
 * worker of the set maps (struct session): where queues stand, addresses, counters.
 */
#ifndef KERNEL_NET_SESSION_H
#define KERNEL_NET_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/lib/err.h"
#include "kernel/net/guestmem.h"
#include "kernel/net/switch.h"
#include "kernel/net/virtqueue.h"

#define SESSION_PORTS 256
#define SESSION_RINGS 16
#define SESSION_MACS  64
#define SESSION_UPLINKS 16
#define SESSION_MSG   (12 + 512)	/* the longest message that is understood */
#define SESSION_REPLY (12 + 268)	/* the longest answer: of GET_CONFIG */

/* Descriptors of a connection that the keeper holds for the next worker, by kind and index. */
enum keep_kind {
	KEEP_MEM,		/* memory: any of twice the slots, so that a new table fits beside */
	KEEP_KICK,		/* by ring */
	KEEP_CALL,
	KEEP_ERROR,
	KEEP_INFLIGHT,		/* 0 or 1 */
	KEEP_KINDS,
};
#define KEEP_MEMS (2 * GUESTMEM_SLOTS)
/* How many indices a kind has. */
static inline uint32_t keep_count(uint32_t kind)
{
	return kind == KEEP_MEM ? KEEP_MEMS : kind == KEEP_INFLIGHT ? 2 : SESSION_RINGS;
}

struct session_ring {
	uint64_t desc, used, avail;	/* the front end's addresses */
	uint16_t size;
	uint16_t at_avail, at_used;	/* struct vq_state; counts while the ring is not started */
	uint8_t have_addr, kicked, enabled, started;
	uint8_t zero[6];
};

struct session_region {
	uint64_t gpa, size, uaddr, off;
	uint32_t kept, zero;		/* index of its descriptor (KEEP_MEM) */
};

/* What a connection's messages led to, up to and with the last one that was carried out. */
struct session_state {
	uint64_t features, protocol;
	uint8_t owned, set_features, inflight, zero;	/* inflight: 1 + index of its descriptor */
	uint32_t inflight_rings, inflight_size;
	uint32_t regions;
	struct session_ring ring[SESSION_RINGS];
	struct session_region region[GUESTMEM_SLOTS];
};

/* What is held of a connection. */
struct session_conn {
	uint32_t valid;		/* 1: a message was carried out, and state says what came of it */
	uint32_t torn;		/* 1: a part of a message was taken out of the socket */
	struct session_state state;
};

/* Beside it, every descriptor: -1 where there is none. */
struct kept {
	int fd[KEEP_KINDS][KEEP_MEMS];
	struct session_conn conn;
};

/* A message was carried out; it is in the socket still, and not answered. */
struct session_report {
	uint32_t torn;		/* 1: it is not yet, but a part of it will be taken out now */
	uint32_t len;		/* what to take out of the socket; 0: that was done */
	uint32_t fds_min, fds_max;	/* descriptors that come with it */
	uint32_t request;	/* its number, for words */
	uint32_t reply_len;	/* 0: it has no answer */
	uint8_t reply[SESSION_REPLY];
	struct session_state state;
};

struct session_port {
	struct vq_journal journal[SESSION_RINGS];
	uint64_t mac[SESSION_MACS];	/* addresses learnt there, as in mac_key() */
	uint32_t macs, zero;
};

/* Signs of life of the thread that polls: when its last round began, and whether it sleeps. */
struct session_pulse {
	uint64_t clock;		/* of the time-stamp counter */
	uint64_t hz;
	uint32_t asleep;
	uint32_t zero[11];
};

/* What was counted up to a millisecond ago; ports by slot. */
struct session_count {
	struct switch_counters c;
	uint64_t ring_errors, bad;
};

struct session {
	struct session_pulse pulse;
	struct session_count uplink_count[SESSION_UPLINKS], port_count[SESSION_PORTS];
	struct session_port port[SESSION_PORTS];
};

/*
 * Copies the state of a connection to out if every field of it can be true of a port with so many
 * rings that offers these features. 1; 0: the connection is new; -EPROTO: it is spoilt.
 */
int session_load(const struct session_conn *c, uint32_t rings, uint64_t features,
		 uint64_t protocol, struct session_state *out, struct err *e);

/*
 * Holds what is reported (c may be a null pointer: nobody does), sends the answer, with a descriptor
 * or -1, and takes the message out of the socket. All of it, seen from a process that dies while it
 * asks another for this: so the next one neither does nor answers a message twice. Does not block.
 * -errno: the connection is of no more use.
 */
int session_take(struct session_conn *c, int sock, const struct session_report *q, int fd,
		 struct err *e);

#endif
