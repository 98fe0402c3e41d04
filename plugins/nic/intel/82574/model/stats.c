// SPDX-License-Identifier: Apache-2.0
/* The statistics registers: they stick at their end and are cleared by reading. */
#include "card.h"

void stats_add(struct card *c, uint32_t counter, uint32_t n)
{
	uint32_t *r = reg(c, counter);

	*r = *r + n < *r ? UINT32_MAX : *r + n;
}

void stats_add64(struct card *c, uint32_t low, uint32_t n)
{
	uint32_t *lo = reg(c, low), *hi = reg(c, low + 4);
	uint64_t v = ((uint64_t)*hi << 32 | *lo) + n;

	*lo = (uint32_t)v;
	*hi = (uint32_t)(v >> 32);
}

uint32_t stats_read(struct card *c, uint32_t offset)
{
	uint32_t v = *reg(c, offset);

	switch (offset) {
	case S_GORCL:
	case S_GOTCL:
	case S_TORL:
	case S_TOTL:
		return v;	/* the pair is cleared with its upper half */
	case S_GORCH:
	case S_GOTCH:
	case S_TORH:
	case S_TOTH:
		*reg(c, offset - 4) = 0;
		break;
	}
	*reg(c, offset) = 0;
	return v;
}

void stats_size(struct card *c, uint32_t base, uint32_t bytes)
{
	static const uint16_t upto[5] = {64, 127, 255, 511, 1023};
	uint32_t i = 0;

	while (i < 5 && bytes > upto[i])
		i++;
	stats_add(c, base + 4 * i, 1);
}
