/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The session: what the next worker must know to go on where one died. It lies in memory of the
 * keeper's that every worker of the set maps, pointer-free, and was written by a process that ran
 * vendor code: whoever reads it checks every field (session_load()).
 *
 * Of each connection it holds what the front end's messages led to, in two copies: the one that is
 * not valid is written, then made so by one store. The queues' journals lie beside it: vq_adopt().
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
#define SESSION_REPLY 272

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

/* What was kept of a connection: -1 where there is none. */
struct kept {
	int fd[KEEP_KINDS][KEEP_MEMS];
};

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
	/* That message, and its answer. */
	uint32_t msg_len, reply_len;	/* reply_len 0: it has none */
	uint8_t msg[SESSION_MSG], reply[SESSION_REPLY];
	uint8_t zero2[4];
};

/* session_port.mark */
#define SESSION_WHICH	 3u	/* the valid state: 1 or 2; 0: no message was carried out yet */
#define SESSION_APPLIED	 4u	/* its message may be in the socket still */
#define SESSION_ANSWERED 8u	/* and the answer is sent */

struct session_port {
	uint32_t mark;		/* SESSION_*: one word, so that one store changes all of it */
	uint32_t torn;		/* a part of a message was taken out of the socket */
	struct vq_journal journal[SESSION_RINGS];
	uint64_t mac[SESSION_MACS];	/* addresses learnt there, as in mac_key() */
	uint32_t macs, zero;
	struct session_state state[2];
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
 * Copies the valid state of a connection to out if every field of it can be true of a port with so
 * many rings that offers these features. 1; 0: the connection is new; -EPROTO: it is spoilt.
 */
int session_load(const struct session_port *p, uint32_t rings, uint64_t features,
		 uint64_t protocol, struct session_state *out, struct err *e);

/* Makes s the valid state, and its message one that was carried out. */
void session_store(struct session_port *p, const struct session_state *s);

/* Its answer is sent; it was taken out of the socket. */
static inline void session_answered(struct session_port *p)
{
	__atomic_store_n(&p->mark, p->mark | SESSION_ANSWERED, __ATOMIC_RELEASE);
}

static inline void session_consumed(struct session_port *p)
{
	__atomic_store_n(&p->mark, p->mark & SESSION_WHICH, __ATOMIC_RELEASE);
}

#endif
