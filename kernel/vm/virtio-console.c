// SPDX-License-Identifier: Apache-2.0
/* The console device: one port, hvc0, on the byte stream that the serial port would have. */
#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/vm/console.h"
#include "kernel/vm/virtio.h"
#include "kernel/vm/virtqueue.h"
#include "kernel/vm/vm.h"

#define CONSOLE_QUEUE_SIZE 64
#define CONSOLE_CHUNK	   4096u
#define CONSOLE_BUDGET	   65536u	/* output bytes before the main loop's other work */

enum { QUEUE_INPUT, QUEUE_OUTPUT, QUEUES };

struct con {
	struct virtio_device dev;	/* first */
	struct virtq rings[QUEUES];
	struct virtq_chain chain;	/* output that the person's end did not wholly take yet */
	uint64_t chain_done;
	bool chain_held;
};

static void settle(struct con *c, int queue, int r)
{
	if (virtq_interrupt_wanted(&c->rings[queue]))
		virtio_queue_interrupt(&c->dev.queues[queue]);
	if (r < 0)
		virtio_queue_broken(&c->dev.queues[queue], c->rings[queue].broken);
}

/* As much of the chain as there is room for, at most *budget; true when it is done with. */
static bool put_chain(struct con *c, uint64_t *budget)
{
	while (c->chain_done < c->chain.out_len) {
		uint8_t buf[CONSOLE_CHUNK];
		size_t n = virtq_read(&c->chain, c->chain_done, buf, sizeof(buf));
		size_t taken = *budget ? console_output(c->dev.vm->console, buf, n) : 0;

		c->chain_done += taken;
		*budget -= taken < *budget ? taken : *budget;
		if (taken < n)
			return false;
	}
	return true;
}

static void output(struct con *c)
{
	struct virtq *ring = &c->rings[QUEUE_OUTPUT];
	uint64_t budget = CONSOLE_BUDGET;
	int r = 0;

	while (budget && (c->chain_held || (r = virtq_pop(ring, &c->chain)) > 0)) {
		if (!c->chain_held)
			c->chain_done = 0;
		c->chain_held = !put_chain(c, &budget);
		if (c->chain_held)
			break;
		budget--;	/* a chain of nothing is work too */
		virtq_push(ring, &c->chain, 0);
	}
	settle(c, QUEUE_OUTPUT, r);
	if (!budget)
		virtio_queue_again(&c->dev.queues[QUEUE_OUTPUT]);
}

static void output_room(void *arg)
{
	struct con *c = arg;

	if (c->chain_held)
		virtio_queue_again(&c->dev.queues[QUEUE_OUTPUT]);
}

static size_t input(void *arg, const void *data, size_t n)
{
	struct con *c = arg;
	struct virtq *ring = &c->rings[QUEUE_INPUT];
	struct virtq_chain chain;
	size_t done = 0;
	int r = 0;

	if (!c->dev.started || !c->dev.queues[QUEUE_INPUT].enabled)
		return 0;
	for (unsigned int i = 0; done < n && i < CONSOLE_QUEUE_SIZE; i++) {
		size_t part;

		r = virtq_pop(ring, &chain);
		if (r <= 0)
			break;
		part = virtq_write(&chain, 0, (const uint8_t *)data + done, n - done);
		virtq_push(ring, &chain, (uint32_t)part);
		done += part;
	}
	settle(c, QUEUE_INPUT, r);
	return done;
}

static void kick(struct virtio_queue *q)
{
	if (q->index == QUEUE_INPUT)
		console_input_ready(q->dev->vm->console);
	else
		output((struct con *)q->dev);
}

static int start(struct virtio_device *dev, struct err *e)
{
	struct con *c = (struct con *)dev;

	c->chain_held = false;
	for (int i = 0; i < QUEUES; i++)
		virtq_init(&c->rings[i], &dev->queues[i]);
	return 0;
}

static void stop(struct virtio_device *dev)
{
	((struct con *)dev)->chain_held = false;
}

static void destroy(struct virtio_device *dev)
{
	console_set_device(dev->vm->console, NULL, NULL, NULL);
	free(dev);
}

static const struct virtio_ops ops = {
	.start = start,
	.stop = stop,
	.kick = kick,
	.destroy = destroy,
};

struct virtio_device *virtio_console_new(struct vm *vm, struct err *e)
{
	const struct virtio_kind kind = {
		.type = VIRTIO_ID_CONSOLE,
		.class_code = 0x078000,
		.ops = &ops,
		.offered = (1ULL << VIRTIO_F_VERSION_1) | (1ULL << VIRTIO_RING_F_INDIRECT_DESC) |
			   (1ULL << VIRTIO_RING_F_EVENT_IDX),
		.nqueues = QUEUES,
		.queue_max = CONSOLE_QUEUE_SIZE,
	};
	struct con *c = calloc(1, sizeof(*c));

	if (!c) {
		err_set(e, -ENOMEM, "console: out of memory");
		return NULL;
	}
	c->dev.vm = vm;
	strcpy(c->dev.name, "console");
	if (virtio_pci_add(&c->dev, &kind, e)) {
		free(c);
		return NULL;
	}
	console_set_device(vm->console, input, output_room, c);
	return &c->dev;
}
