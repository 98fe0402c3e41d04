// SPDX-License-Identifier: Apache-2.0
/* The clock of a model's timers. By itself, so that a test can link another one in its place. */
#include <vmhi-model/loop.h>

#include <time.h>

uint64_t model_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}
