// SPDX-License-Identifier: Apache-2.0
#include "bench/flow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HEADER 26	/* Ethernet header, mark, number */

int flow_init(struct flow *f, uint32_t mark, const uint8_t dst[6], const uint8_t src[6])
{
	*f = (struct flow){.mark = mark};
	memcpy(f->dst, dst, 6);
	memcpy(f->src, src, 6);
	f->seen = calloc(FLOW_NUMBERS / 64, sizeof(*f->seen));
	return f->seen ? 0 : -ENOMEM;
}

void flow_free(struct flow *f)
{
	free(f->seen);
}

/* Lengths go through all from 60 to 1514. */
static size_t length_of(uint64_t number)
{
	return 60 + number * 397 % (FLOW_FRAME_MAX - 60 + 1);
}

static size_t write_frame(const struct flow *f, uint64_t number, uint8_t *frame)
{
	size_t len = length_of(number);
	uint64_t v = (number + 1) * 0x9e3779b97f4a7c15ull ^ f->mark;

	memcpy(frame, f->dst, 6);
	memcpy(frame + 6, f->src, 6);
	frame[12] = 0x88;	/* for local experiments, IEEE 802 clause 9.2.4 */
	frame[13] = 0xb5;
	memcpy(frame + 14, &f->mark, 4);
	memcpy(frame + 18, &number, 8);
	for (size_t i = HEADER; i < len; i++) {
		v ^= v << 13;
		v ^= v >> 7;
		v ^= v << 17;
		frame[i] = (uint8_t)v;
	}
	return len;
}

size_t flow_make(const struct flow *f, uint8_t *frame)
{
	return write_frame(f, f->sent, frame);
}

void flow_sent(struct flow *f)
{
	f->sent++;
}

static bool is_right(const struct flow *f, const uint8_t *frame, size_t len, uint64_t *number)
{
	uint8_t want[FLOW_FRAME_MAX];

	if (len < HEADER)
		return false;
	memcpy(number, frame + 18, 8);
	if (*number >= f->sent || len != length_of(*number))
		return false;
	write_frame(f, *number, want);
	return !memcmp(frame, want, len);
}

void flow_take(struct flow *f, const uint8_t *frame, size_t len, int64_t now)
{
	uint64_t number, bit;

	if (!is_right(f, frame, len, &number)) {
		f->corrupt++;
		return;
	}
	bit = 1ull << number % 64;
	if (f->seen[number / 64] & bit) {
		f->twice++;
		return;
	}
	f->seen[number / 64] |= bit;
	f->delivered++;
	if (number < f->highest)
		f->overtaken++;
	else
		f->highest = number + 1;
	if (!f->last || now - f->last > FLOW_STEADY)
		f->steady = now;
	if (f->last && now - f->last > f->gap)
		f->gap = now - f->last;
	f->last = now;
}

void flow_watch(struct flow *f)
{
	f->gap = 0;
}

int64_t flow_gap(const struct flow *f, int64_t now)
{
	return now - f->last > f->gap ? now - f->last : f->gap;
}

bool flow_steady(const struct flow *f, int64_t now, int64_t ns)
{
	return f->last && now - f->last < FLOW_STEADY && now - f->steady >= ns;
}
