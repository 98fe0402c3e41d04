/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vhost-user back end of one port: a state machine over a connected socket (the QEMU project's
 * "vhost-user protocol"). It owns the front end's memory and descriptors, and starts and stops the
 * port's virtqueues. Control thread only.
 */
#ifndef KERNEL_NET_VHOST_USER_H
#define KERNEL_NET_VHOST_USER_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel/lib/err.h"
#include "kernel/lib/event.h"
#include "kernel/lib/log.h"
#include "kernel/net/guestmem.h"
#include "kernel/net/session.h"
#include "kernel/net/virtqueue.h"

#define VHOST_USER_PAIRS 8
#define VHOST_USER_RINGS (2 * VHOST_USER_PAIRS)

struct vhost_user_ring {
	uint64_t desc, avail, used;	/* the front end's addresses */
	uint16_t size;
	struct vq_state base;		/* where it stood when it was stopped */
	int kick, call, error;		/* eventfds or -1 */
	bool have_addr, kicked, enabled;
	bool started;			/* the virtqueue is attached to the rings */
	bool adopt;			/* it ran in another process, and goes on from the journal */
};

/* What the port does for its back end. */
struct vhost_user_port {
	void *arg;
	const char *name;		/* for the log */
	struct log_limit *limit;	/* of what its front ends bring about there */
	uint8_t mac[6];
	uint16_t mtu;
	uint32_t pairs;
	int eventfd;			/* one, to tell others by */
	struct vq *vq;			/* 2 * pairs: 2n is received from by the guest */
	void (*pause)(void *arg);	/* the data thread stands still from here */
	void (*resume)(void *arg);	/* to here; rings may have changed */
	/* A kick of a transmit queue is there (on), or about to be closed. -errno: no such file. */
	int (*watch)(void *arg, int fd, bool on);
	void (*gone)(void *arg, const char *why);	/* frees the back end */
	/*
	 * Gives a descriptor (-1: none any more) to who keeps it for the next process, under its
	 * KEEP_* kind and index; -errno. NULL: nobody does.
	 */
	int (*keep)(void *arg, uint32_t kind, uint32_t index, int fd);
	/* Holds what a message led to, as session_take() does, and like that; NULL: nobody does. */
	int (*report)(void *arg, const struct session_report *q, int fd, struct err *e);
	struct session_port *session;	/* what that process needs beside it */
};

struct vhost_user {
	const struct vhost_user_port *port;
	struct event *event;
	int sock;
	uint64_t features, protocol;	/* acknowledged */
	bool owned, set_features;
	struct guestmem mem;
	struct vhost_user_ring ring[VHOST_USER_RINGS];
	void *inflight;
	uint64_t inflight_len;
	uint32_t inflight_rings, inflight_size, inflight_kept;
	bool kept[KEEP_MEMS];		/* which descriptors of memory are with the keeper */
	/* The message that is coming in. */
	bool torn;			/* it cannot be seen whole: it is taken out as it comes */
	uint8_t in[SESSION_MSG];
	uint32_t have;
	int fds[8];
	int nfds;
};

/*
 * Takes over the socket, unless it fails. With kept, a connection that another process had: goes on
 * from kept->conn and port->session, and takes the descriptors that it needs (their places become -1).
 */
struct vhost_user *vhost_user_new(struct event_loop *l, int sock,
				  const struct vhost_user_port *port, struct kept *kept,
				  struct err *e);

/* Stops the rings, closes all and frees. */
void vhost_user_free(struct vhost_user *v);

#endif
