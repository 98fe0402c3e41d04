/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The far end of the wire, as plugin-host talks to it: requests and answers are Ethernet frames
 * among the others, so that any card and any wire will do. Numbers are little-endian.
 */
#ifndef PLUGIN_HOST_PEER_H
#define PLUGIN_HOST_PEER_H

#include <stdint.h>

#define PEER_ETHERTYPE 0x88b5	/* for local experiments: IEEE 802, clause 9.2.4 */
#define PEER_MAGIC     0x696d6856u
#define PEER_ANSWER    0x80u
#define PEER_CHUNK     1400u	/* bytes of a frame in one answer */

#define PEER_CLEAR  1u	/* forget the frames received so far */
#define PEER_INJECT 2u	/* send arg[0] times a frame of arg[1] bytes: data, then a pattern */
#define PEER_FETCH  3u	/* of received frame arg[0], the bytes from arg[1] on */
/*
 * The command in data goes to the card's model once that has the answer. If arg[1] is PEER_TELL, a
 * second answer with PEER_DONE there follows once the model has the command, too.
 */
#define PEER_FAULT  5u
#define PEER_TELL   1u
#define PEER_DONE   2u

#define PEER_LINK   4u	/* link down for arg[0] ms, soon after the answer */

struct peer_msg {
	uint8_t dst[6], src[6];
	uint8_t type[2];
	uint8_t op, zero;
	uint32_t magic;
	uint32_t seq;
	/* FETCH's answer: frames received, length of this one; LINK's and FAULT's: 1 if it can
	 * be done */
	uint32_t arg[2];
	uint32_t len;		/* of data */
	uint8_t data[PEER_CHUNK];
} __attribute__((packed));

#define PEER_HEAD (sizeof(struct peer_msg) - PEER_CHUNK)

/* What a frame holds after the bytes that were given. */
static inline uint8_t peer_pattern(uint32_t at)
{
	return (uint8_t)(at * 7 + (at >> 8));
}

#endif
