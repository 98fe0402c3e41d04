/* SPDX-License-Identifier: Apache-2.0 */
/* The Ethernet cable of a model: frames without FCS to and from a tap, a socket or nothing. */
#ifndef VMHI_MODEL_WIRE_H
#define VMHI_MODEL_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vmhi-model/loop.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MODEL_FRAME_MAX 16384

struct model_wire;

struct model_wire_ops {
	/* A frame came, 14 to MODEL_FRAME_MAX bytes. */
	void (*receive)(void *dev, const uint8_t *frame, size_t n);
	/* Optional: the cable was plugged in or pulled. */
	void (*link)(void *dev, bool up);
	/* Optional: after model_wire_send() said -EAGAIN, it may be tried again. */
	void (*ready)(void *dev);
};

/*
 * spec: "dgram:LOCAL,REMOTE" (unix datagram sockets, one frame each, as QEMU's -netdev dgram and
 * another model speak), "tap:NAME", or "none" (no cable). NULL with *why a line of text.
 */
struct model_wire *model_wire_open(struct model_loop *l, const char *spec,
				   const struct model_wire_ops *ops, void *dev, char *why,
				   size_t why_size);
void model_wire_close(struct model_wire *w);

/*
 * 0: sent, or lost because nobody is there to hear. -EAGAIN: the far end is full; keep the frame
 * until ready() is called. -EMSGSIZE. -ENOLINK: the cable is pulled.
 */
int model_wire_send(struct model_wire *w, const void *frame, size_t n);

/* Stops and resumes reading, as a pause frame does to the far end. */
void model_wire_pause(struct model_wire *w, bool pause);

bool model_wire_up(const struct model_wire *w);
/* Pulls the cable or plugs it in; "none" stays down. */
void model_wire_set_link(struct model_wire *w, bool up);

#ifdef __cplusplus
}
#endif

#endif
