/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A back end of a port for the harnesses that feed one: its queues, its pool of buffers, and what a
 * port does for it. The arg of a port is where the harness keeps its struct vhost_user.
 */
#ifndef TESTS_FUZZ_BACK_END_H
#define TESTS_FUZZ_BACK_END_H

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "kernel/lib/log.h"
#include "kernel/net/vhost-user.h"

#define PAIRS 2

static struct vq vq[2 * PAIRS];
static struct pool pool;
static int depth;	/* pauses that were not resumed */

static inline void fuzz_pause(void *arg)
{
	depth++;
}

static inline void fuzz_resume(void *arg)
{
	if (--depth < 0)
		abort();
}

static inline int fuzz_watch(void *arg, int fd, bool on)
{
	return fcntl(fd, F_GETFD) < 0 ? -1 : 0;
}

static inline void fuzz_gone(void *arg, const char *why)
{
	struct vhost_user **v = arg;

	vhost_user_free(*v);
	*v = NULL;
}

static struct log_limit fuzz_limit;

#define FUZZ_PORT(v, state)                                                                        \
	{.arg = (v), .name = "fuzz", .limit = &fuzz_limit, .mtu = 1500, .pairs = PAIRS, .vq = vq,  \
	 .mac = {2, 0, 0, 0, 0, 1}, .pause = fuzz_pause, .resume = fuzz_resume,                    \
	 .watch = fuzz_watch, .gone = fuzz_gone, .session = (state)}

static inline void fuzz_pool(int level)
{
	uint8_t *room = aligned_alloc(64, 1u << 18);

	log_set_level(level);
	if (!room || pool_init(&pool, room, 0, 1u << 18, 1500) || guestmem_guard())
		abort();
}

/* Takes from the queues that run, or gives them a frame. */
static inline void poll_queues(void)
{
	struct vmhi_pkt pkt[VQ_BATCH];
	uint32_t n;

	for (int i = 0; i < 2 * PAIRS; i++) {
		if (!vq[i].run)
			continue;
		if (i % 2) {
			n = vq[i].take(&vq[i], &pool, pkt, VQ_BATCH);
		} else {
			n = 1;
			pool_describe(&pool, pool.free[--pool.nfree], 60, 1, &pkt[0]);
			pkt[0].len = 60;
			vq[i].give(&vq[i], pkt, 1);
		}
		pool_put(&pool, pkt, n);
	}
}

#endif
