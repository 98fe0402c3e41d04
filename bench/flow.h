/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One direction of a stream of numbered frames: made at its sending end, judged at the other. Every
 * byte of a frame follows from the stream's mark, the direction and the number, so what arrives is
 * right, or was damaged, or is not of this stream.
 */
#ifndef BENCH_FLOW_H
#define BENCH_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLOW_FRAME_MAX 1514
#define FLOW_NUMBERS   (1u << 24)	/* the longest stream */

struct flow {
	uint32_t mark;			/* of this stream and direction */
	uint8_t dst[6], src[6];
	uint64_t *seen;			/* a bit a number */
	uint64_t sent, delivered, twice, corrupt, overtaken;
	uint64_t highest;		/* number that was delivered, + 1 */
	int64_t last;			/* the latest delivery, ns; 0: none yet */
	int64_t gap;			/* the largest between two since flow_watch() */
	int64_t steady;			/* no gap above FLOW_STEADY since then */
};

#define FLOW_STEADY 50000000ll		/* ns */

int flow_init(struct flow *f, uint32_t mark, const uint8_t dst[6], const uint8_t src[6]);
void flow_free(struct flow *f);

/* Writes the next frame and returns its length; it counts as sent once flow_sent() is called. */
size_t flow_make(const struct flow *f, uint8_t *frame);
void flow_sent(struct flow *f);

/* A frame was delivered at that time. */
void flow_take(struct flow *f, const uint8_t *frame, size_t len, int64_t now);

/* Gaps count from here on; the one that lasts now counts from its begin. */
void flow_watch(struct flow *f);
/* The largest gap, that which lasts now included. */
int64_t flow_gap(const struct flow *f, int64_t now);
/* Has it run for so many ns without a gap worth the name? */
bool flow_steady(const struct flow *f, int64_t now, int64_t ns);

#endif
