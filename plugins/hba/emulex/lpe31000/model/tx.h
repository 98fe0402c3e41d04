/* SPDX-License-Identifier: Apache-2.0 */
/* Frames on their way to the wire. */
#ifndef LPE31000_TX_H
#define LPE31000_TX_H

#include <stddef.h>
#include <stdint.h>

#include <vmhi-model/fc.h>

struct card;

/*
 * Sends a frame whose header is whole but for the fill bits of F_CTL; waits in order when the far
 * end has no credit. 0; -ENOLINK: no light, the frame is gone; -EMSGSIZE; -ENOMEM.
 */
int tx_send(struct card *c, const struct fc_header *h, const void *payload, size_t n);
/*
 * Sends a sequence as frames of at most frame_max bytes: h is the first frame's header, END_SEQ and
 * SEQ_INITIATIVE (if h has it) go with the last. Stops at the first error.
 */
int tx_sequence(struct card *c, const struct fc_header *h, const uint8_t *payload, size_t n,
		size_t frame_max);
/* Drops what waits: the link is gone. */
void tx_drop(struct card *c);
/* From the wire: there is credit again. */
void tx_ready(void *card);

#endif
