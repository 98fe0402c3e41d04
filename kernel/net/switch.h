/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A learning Ethernet switch (IEEE 802.1Q): ports, VLANs, what a port may send, and where a frame
 * goes. Inside it a tag always stands beside the frame (VMHI_PKT_VLAN and vlan), never in it.
 * Data thread only, or while it is paused.
 */
#ifndef KERNEL_NET_SWITCH_H
#define KERNEL_NET_SWITCH_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/net/mactable.h"
#include "kernel/net/pool.h"

#define SWITCH_BATCH	 32
#define SWITCH_PORTS	 256
#define SWITCH_UPLINK	 0	/* the port that the uplinks share */
#define SWITCH_SRC_CACHE 64
#define SWITCH_LEARN_MAX 256	/* addresses learnt at one guest's port */

struct switch_port;

/* Delivers n (at most SWITCH_BATCH) frames. The buffers stay the caller's, unless takes is set. */
typedef void (*switch_output)(struct switch_port *port, struct vmhi_pkt *pkt, uint32_t n);

struct switch_counters {
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
	uint64_t drop_spoof, drop_vlan, drop_rate, drop_nobuf, drop_bad;
};

/* Frames alike: where the last one went, tried first. Addresses as the frame has them. */
struct switch_flow {
	uint64_t w0;		/* the frame's first 8 bytes */
	uint32_t w1;		/* and the next 4 */
	uint32_t generation;	/* of the switch when it was found; 0: none */
	struct switch_port *to;
};

struct switch_port {
	switch_output output;
	void *owner;		/* output()'s */
	uint64_t mac;		/* the only source allowed, as in mac_key(); 0: any */
	struct switch_flow flow;
	struct switch_counters c;
	uint16_t id;
	uint16_t vlan;		/* of untagged frames; 0: VLAN 0, the untagged network */
	bool trunk;		/* tagged frames too, of the member VLANs */
	bool drop_untagged;
	bool inline_tags;	/* output() wants tags in the frame */
	bool takes;		/* output() takes the buffers over */
	bool up;
	uint64_t rate, burst;	/* bytes a second, 0: no limit; bytes */
	uint64_t hz;		/* of the clock */
	uint64_t tokens, filled_at;
	uint32_t learnt;
	uint64_t src_cache[SWITCH_SRC_CACHE];
	uint64_t member[64];	/* VLANs, a bit each; VLAN 0 is the untagged network */
	struct vmhi_pkt stage[SWITCH_BATCH];
	uint32_t staged;
};

struct vswitch {
	struct pool *pool;
	struct switch_port *port[SWITCH_PORTS];
	int top;		/* above the last port there is */
	uint32_t generation;	/* never 0; grows when a cached decision may be wrong */
	bool learnt_guest;	/* a guest's address is new: the uplinks' filters are out of date */
	uint64_t clock;		/* time-stamp counter, once a round */
	struct switch_port *waiting[SWITCH_BATCH];	/* with frames staged, of the batch on its way */
	uint32_t nwaiting;
	struct mactable macs;
};

void switch_init(struct vswitch *s, struct pool *pool);

/* Adds a port whose mac, VLANs and output are set; returns its id or -errno (-EEXIST: the address
 * is another port's; -ENOSPC). The uplinks' port is made with switch_add_uplink(). */
int switch_add(struct vswitch *s, struct switch_port *port);
void switch_add_uplink(struct vswitch *s, struct switch_port *port);
void switch_remove(struct vswitch *s, struct switch_port *port);

/* A port went down or up: what was learnt there is forgotten. */
void switch_set_up(struct vswitch *s, struct switch_port *port, bool up);

/* To be called every few minutes: addresses not seen since the call before last are forgotten. */
void switch_age(struct vswitch *s);

/* rate: bytes a second (0: no limit) at hz ticks of the clock a second. */
void switch_set_rate(struct switch_port *port, uint64_t rate, uint64_t burst, uint64_t hz);

/* Takes n (at most SWITCH_BATCH) frames in from a port, and their buffers over. */
void switch_input(struct vswitch *s, struct switch_port *in, struct vmhi_pkt *pkt, uint32_t n);

/* Addresses behind guests' ports; returns how many there are, and writes at most max. */
uint32_t switch_guest_macs(const struct vswitch *s, uint8_t (*mac)[6], uint32_t max);

/* Enters an address that was seen at the port, as a frame from it would have done. */
void switch_learn(struct vswitch *s, struct switch_port *in, uint64_t key);

/* Puts the tag beside the frame into it, or takes the one in it out and beside it. */
void vlan_insert(struct vmhi_pkt *pkt);
void vlan_strip(struct vmhi_pkt *pkt);

static inline bool vlan_member(const struct switch_port *p, uint16_t vid)
{
	return p->member[vid / 64] >> (vid % 64) & 1;
}

#endif
