/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of packets when they do not come back: parameter "mode". */
#ifndef MODES_H
#define MODES_H

#include <stdbool.h>

#include "queue.h"

#define SCRAP 16384u	/* bytes of a segment that are copied away at most */

#define MODE_LOOP     0	/* what transmit queue n sends, receive queue n receives */
#define MODE_DROP     1	/* what is sent is gone */
#define MODE_GENERATE 2	/* receive queues always have packets; what is sent is gone */

struct null {
	struct dev dev;		/* first: the queues know this much only */
	struct vmhi_nic nic;	/* the operations of the mode */
	uint32_t frame_len;
	uint8_t frame[64];	/* how each generated frame begins; zeros follow */
	uint8_t scrap[SCRAP];
};

/* dst: destination MAC of generated frames, as a number. copy: what does not come back is copied
 * away first. */
void modes_init(struct null *null, uint32_t mode, uint32_t frame_len, uint64_t dst, bool copy);

#endif
