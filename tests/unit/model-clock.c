// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/model-clock.h"

static uint64_t now_ns;

/* No two timers are due at once. */
uint64_t model_now_ns(void)
{
	return now_ns += 1000;
}

void clock_turn(struct model_loop *l, unsigned int ms)
{
	model_loop_once(l, 0);
	now_ns += ms * 1000000ull;
}
