// SPDX-License-Identifier: Apache-2.0
/* The entropy device: random bytes of the host's kernel, at a bounded rate. */
#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "kernel/vm/virtio.h"
#include "kernel/vm/virtqueue.h"
#include "kernel/vm/vm.h"

#define RNG_QUEUE_SIZE 64
#define RNG_CHUNK      256u	/* of one request; getrandom(2) gives that much without a pause */
#define RNG_PERIOD_MS  10
#define RNG_BUDGET     32u	/* requests a period: at most 800 kB/s */

struct rng {
	struct virtio_device dev;	/* first */
	struct virtq ring;
	unsigned int budget;
	int timer;			/* 0: none */
};

static void serve(struct rng *g)
{
	struct virtio_queue *q = &g->dev.queues[0];
	struct virtq_chain c;
	int r = 0;

	while (g->budget && (r = virtq_pop(&g->ring, &c)) > 0) {
		uint8_t bytes[RNG_CHUNK];
		ssize_t n = getrandom(bytes, sizeof(bytes), GRND_NONBLOCK);

		g->budget--;
		virtq_push(&g->ring, &c,
			   n > 0 ? (uint32_t)virtq_write(&c, 0, bytes, (size_t)n) : 0);
	}
	if (virtq_interrupt_wanted(&g->ring))
		virtio_queue_interrupt(q);
	if (r < 0)
		virtio_queue_broken(q, g->ring.broken);
}

/* The period's end: whatever was held back is served from the new budget. */
static void refill(void *arg)
{
	struct rng *g = arg;

	pthread_mutex_lock(&g->dev.vm->lock);
	g->timer = 0;
	if (!g->budget && g->dev.started)
		virtio_queue_again(&g->dev.queues[0]);
	g->budget = RNG_BUDGET;
	pthread_mutex_unlock(&g->dev.vm->lock);
}

static void kick(struct virtio_queue *q)
{
	struct rng *g = (struct rng *)q->dev;

	if (!g->timer) {
		int id = event_timer(g->dev.vm->loop, RNG_PERIOD_MS, refill, g);

		g->timer = id > 0 ? id : 0;
	}
	serve(g);
}

static int start(struct virtio_device *dev, struct err *e)
{
	struct rng *g = (struct rng *)dev;

	virtq_init(&g->ring, &dev->queues[0]);
	return 0;
}

static void stop(struct virtio_device *dev)
{
}

static void destroy(struct virtio_device *dev)
{
	struct rng *g = (struct rng *)dev;

	if (g->timer)
		event_timer_cancel(dev->vm->loop, g->timer);
	free(g);
}

static const struct virtio_ops ops = {
	.start = start,
	.stop = stop,
	.kick = kick,
	.destroy = destroy,
};

struct virtio_device *virtio_rng_new(struct vm *vm, struct err *e)
{
	const struct virtio_kind kind = {
		.type = VIRTIO_ID_RNG,
		.class_code = 0x00ff00,
		.ops = &ops,
		.offered = (1ULL << VIRTIO_F_VERSION_1) | (1ULL << VIRTIO_RING_F_INDIRECT_DESC) |
			   (1ULL << VIRTIO_RING_F_EVENT_IDX),
		.nqueues = 1,
		.queue_max = RNG_QUEUE_SIZE,
	};
	struct rng *g = calloc(1, sizeof(*g));

	if (!g) {
		err_set(e, -ENOMEM, "rng: out of memory");
		return NULL;
	}
	g->dev.vm = vm;
	strcpy(g->dev.name, "rng");
	g->budget = RNG_BUDGET;
	if (virtio_pci_add(&g->dev, &kind, e)) {
		free(g);
		return NULL;
	}
	return &g->dev;
}
