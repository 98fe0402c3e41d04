/* SPDX-License-Identifier: Apache-2.0 */
/* The host of a NIC driver that needs no device, for programs that measure the data path alone. */
#ifndef BENCH_NULLHOST_H
#define BENCH_NULLHOST_H

#include <stdint.h>

#include "kernel/net/dataplane.h"

/* The null driver's parameters, in its note's order. */
struct nullhost_params {
	const char *mode;	/* loop, drop or generate */
	uint64_t frame_len, frame_dst, copy;
};

/* Attaches a driver to dp, which there is one of, as its next uplink, with link. Ends the process
 * with a line if it cannot. */
void nullhost_attach(struct dataplane *dp, const char *name, const char *plugin,
		     const struct nullhost_params *params);

/* len bytes of packet memory; huge pages if they can be had. Ends the process if there is none. */
struct dp_pool_mem nullhost_memory(uint64_t len);

/* Says what went wrong, and ends the process. */
void nullhost_die(const char *what);

#endif
