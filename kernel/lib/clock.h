/* SPDX-License-Identifier: Apache-2.0 */
/* The clock of time-outs: it only goes on, whatever is done to the time of day. */
#ifndef KERNEL_LIB_CLOCK_H
#define KERNEL_LIB_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static inline int64_t now_ms(void)
{
	return now_us() / 1000;
}

#endif
