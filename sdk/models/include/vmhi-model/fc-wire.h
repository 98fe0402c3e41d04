/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fibre of a model: frames, whole and in order, and light. Underneath is a unix socket of
 * packets (SOCK_SEQPACKET); a full one is what a lack of BB_Credit is on a real fibre.
 *
 * One packet: SOF, EOF, kind, 0; then, for kind 0 (a frame), header, payload and CRC as on the
 * fibre; for kind 1 (light) one byte more, 1 or 0. Each end says first whether it is lit.
 *
 * All calls and callbacks are on the loop's thread; none blocks.
 */
#ifndef VMHI_MODEL_FC_WIRE_H
#define VMHI_MODEL_FC_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vmhi-model/fc.h>
#include <vmhi-model/loop.h>

#ifdef __cplusplus
extern "C" {
#endif

struct fc_wire;

/* Callbacks come from the loop, never from inside a call below. They may make any of those calls
 * but fc_wire_close(). */
struct fc_wire_ops {
	/* A frame with a good CRC came: header and payload, n = 24 to FC_FRAME_MAX, a multiple of
	 * 4; fill bytes are in it and counted in F_CTL. */
	void (*receive)(void *dev, uint8_t sof, const uint8_t *frame, size_t n, uint8_t eof);
	/* The link came (both ends are lit) or went. Every loss is told, even one that is over by
	 * then. */
	void (*link)(void *dev, bool up);
	/* Optional. After fc_wire_send() said -EAGAIN: there is room again. */
	void (*ready)(void *dev);
};

/*
 * spec: "fc:PATH" plugs into the port that listens there, and again whenever it comes back;
 * "fc-listen:PATH" is a port that another plugs into, one at a time (a stale socket is replaced);
 * "none" is no fibre. Our light is on. NULL with *why a line of text. What ops and dev point to,
 * and the loop, must outlive the wire.
 */
struct fc_wire *fc_wire_open(struct model_loop *l, const char *spec, const struct fc_wire_ops *ops,
			     void *dev, char *why, size_t why_size);
/* The same on a connected SOCK_SEQPACKET socket, which becomes the wire's; when the far end has
 * gone, the link stays down. NULL with errno ENOMEM, ENOSPC or EEXIST (the loop): then sock is
 * still the caller's. */
struct fc_wire *fc_wire_adopt(struct model_loop *l, int sock, const struct fc_wire_ops *ops,
			      void *dev);
/* Closes its sockets and removes the one at "fc-listen:"'s path. NULL is let be. */
void fc_wire_close(struct fc_wire *w);

/*
 * Sends a frame of n bytes, header and payload; the CRC is added here. 0; -EMSGSIZE when n is
 * below 24, above FC_FRAME_MAX or no multiple of 4; -ENOLINK; -EAGAIN when the far end is full:
 * keep the frame until ready() is called.
 */
int fc_wire_send(struct fc_wire *w, uint8_t sof, const void *frame, size_t n, uint8_t eof);

/* Both ends lit, right now: link() may be yet to come. */
bool fc_wire_up(const struct fc_wire *w);
/* Our laser. Off is link down at both ends. */
void fc_wire_set_light(struct fc_wire *w, bool on);
/* Stops and resumes taking frames, as withheld R_RDYs do. The far end's light is not seen either. */
void fc_wire_pause(struct fc_wire *w, bool pause);
/* A fault switch: the next n frames sent have a bit turned behind the CRC's back. */
void fc_wire_corrupt(struct fc_wire *w, unsigned int n);

struct fc_wire_counts {
	uint64_t sent, received;	/* good frames */
	uint64_t crc_errors;		/* discarded */
	uint64_t malformed;		/* packets that are no frame and no light: discarded */
};

const struct fc_wire_counts *fc_wire_counts(const struct fc_wire *w);

#ifdef __cplusplus
}
#endif

#endif
