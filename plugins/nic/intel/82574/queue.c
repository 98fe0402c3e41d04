// SPDX-License-Identifier: Apache-2.0
/* The NIC class: what the port can do, its configuration, and the life of its queues. */
#include "dev.h"

#define TSO_NEEDS (VMHI_NIC_TX_CSUM | VMHI_NIC_TX_IP_CSUM)

void *memcpy(void *restrict to, const void *restrict from, size_t n);

static int nic_info(void *dev, struct vmhi_nic_info *info)
{
	struct dev *d = dev;

	if (info->size < sizeof(*info))
		return -VMHI_EINVAL;
	info->zero = 0;
	info->features &= FEATURES;
	info->tx_queues = info->rx_queues = QUEUES;
	info->depth_min = DEPTH_MIN;
	info->depth_max = DEPTH_MAX;
	info->tx_segs = TX_SEGS;
	info->uc_max = RAR_USED;
	info->mtu_max = MTU_MAX;
	memcpy(info->mac, d->mac, sizeof(d->mac));
	for (unsigned int i = 0; i < sizeof(info->zero2); i++)
		info->zero2[i] = 0;
	return 0;
}

static int nic_configure(void *dev, const struct vmhi_nic_conf *c)
{
	struct dev *d = dev;
	int r;

	if (is_gone(d))
		return -VMHI_ENODEV;
	for (uint32_t i = 0; i < QUEUES; i++)
		if (d->tx[i] || d->rx[i])
			return -VMHI_EBUSY;
	if (c->size < sizeof(*c) || c->mtu < 68 || c->mtu > MTU_MAX || (c->features & ~FEATURES) ||
	    c->tx_queues > QUEUES || c->rx_queues > QUEUES)
		return -VMHI_EINVAL;
	if ((c->features & VMHI_NIC_TX_TSO4) && (c->features & TSO_NEEDS) != TSO_NEEDS)
		return -VMHI_EINVAL;
	if (c->rx_room != 2048 && c->rx_room != 4096 && c->rx_room != 8192 && c->rx_room != 16384)
		return -VMHI_EINVAL;
	r = irq_route(d, IVAR_OTHER, c->event_vec);
	if (r)
		return r;
	d->conf = *c;
	rx_configure(d);
	tx_configure(d);
	filter_default(d);
	rx_enable(d);
	d->configured = 1;
	return 0;
}

static uint64_t round64(uint64_t v)
{
	return (v + 63) & ~63ull;
}

/* Places of the slots behind the queue, in one piece of memory; returns its size. */
static uint64_t lay_out(struct queue *q, uint32_t kind, uint32_t depth, uint8_t *base)
{
	uint64_t at = round64(sizeof(*q));

	if (kind == VMHI_QUEUE_TX) {
		if (q)
			q->tx.slot = (struct tx_slot *)(void *)(base + at);
		at += round64(depth * sizeof(struct tx_slot));
		if (q)
			q->tx.report = (uint32_t *)(void *)(base + at);
		return at + depth * sizeof(uint32_t);
	}
	if (q)
		q->rx.slot = (struct rx_slot *)(void *)(base + at);
	return at + depth * sizeof(struct rx_slot);
}

static int make_queue(struct dev *d, uint32_t kind, uint32_t depth, struct queue **out)
{
	struct vmhi_mem mem, ring;
	struct queue *q;
	int r;

	r = d->host->dma_alloc(d->hc, lay_out(NULL, kind, depth, NULL), 0, 0, 0, &mem);
	if (r)
		return r;
	r = d->host->dma_alloc(d->hc, depth * 16ull, 0, 0, 0, &ring);
	if (r) {
		d->host->dma_free(d->hc, mem.handle);
		return r;
	}
	q = mem.va;
	lay_out(q, kind, depth, mem.va);
	q->mem = mem;
	q->ring = ring;
	q->mask = depth - 1;
	if (kind == VMHI_QUEUE_TX)
		q->tx.desc = ring.va;
	else
		q->rx.desc = ring.va;
	*out = q;
	return 0;
}

static int nic_queue(void *dev, uint32_t kind, uint32_t idx, uint32_t depth, uint32_t vec,
		     void **out)
{
	struct dev *d = dev;
	struct queue *q, **place;
	int r;

	if (is_gone(d))
		return -VMHI_ENODEV;
	if (!d->configured || kind > VMHI_QUEUE_RX || depth < DEPTH_MIN || depth > DEPTH_MAX ||
	    (depth & (depth - 1)))
		return -VMHI_EINVAL;
	if (idx >= (kind == VMHI_QUEUE_TX ? d->conf.tx_queues : d->conf.rx_queues))
		return -VMHI_EINVAL;
	place = kind == VMHI_QUEUE_TX ? &d->tx[idx] : &d->rx[idx];
	if (*place)
		return -VMHI_EBUSY;
	r = irq_route(d, kind == VMHI_QUEUE_TX ? IVAR_TX(idx) : IVAR_RX(idx), vec);
	if (!r)
		r = make_queue(d, kind, depth, &q);
	if (r)
		return r;
	q->dev = d;
	q->kind = kind;
	q->idx = idx;
	q->vec = vec;
	q->irq = kind == VMHI_QUEUE_TX ? INT_TXQ(idx) : INT_RXQ(idx);
	*place = q;
	*out = q;
	return 0;
}

static int nic_queue_start(void *queue)
{
	struct queue *q = queue;

	if (is_gone(q->dev))
		return -VMHI_ENODEV;
	if (q->running)
		return -VMHI_EBUSY;
	return q->kind == VMHI_QUEUE_TX ? tx_start(q) : rx_start(q);
}

static int nic_queue_stop(void *queue)
{
	struct queue *q = queue;

	if (!q->running)
		return 0;
	return q->kind == VMHI_QUEUE_TX ? tx_stop(q) : rx_stop(q);
}

static void nic_queue_free(void *queue)
{
	struct queue *q = queue;
	struct dev *d = q->dev;
	struct vmhi_mem mem = q->mem;

	*(q->kind == VMHI_QUEUE_TX ? &d->tx[q->idx] : &d->rx[q->idx]) = NULL;
	irq_route(d, q->kind == VMHI_QUEUE_TX ? IVAR_TX(q->idx) : IVAR_RX(q->idx), VMHI_NO_VEC);
	if (q->kind == VMHI_QUEUE_TX) {
		d->tx_bytes += q->tx.bytes;
		if (q->tx.header.va)
			d->host->dma_free(d->hc, q->tx.header.handle);
	}
	d->host->dma_free(d->hc, q->ring.handle);
	d->host->dma_free(d->hc, mem.handle);
}

/*
 * The second look is for what came between the first and the write; what comes after it has
 * left its bit in ICR, which interrupts as soon as the write arrives.
 */
static int nic_arm(void *queue)
{
	struct queue *q = queue;
	int (*ready)(const struct queue *q) = q->kind == VMHI_QUEUE_TX ? tx_ready : rx_ready;

	if (ready(q))
		return 1;
	wr(q->dev, R_IMS, q->irq);
	if (!ready(q))
		return 0;
	wr(q->dev, R_IMC, q->irq);
	return 1;
}

const struct vmhi_nic nic_ops = {
	.h = {sizeof(nic_ops), VMHI_IF_NIC, 1},
	.info = nic_info,
	.configure = nic_configure,
	.queue = nic_queue,
	.queue_start = nic_queue_start,
	.queue_stop = nic_queue_stop,
	.queue_free = nic_queue_free,
	.tx = tx_send,
	.tx_done = tx_done,
	.rx_post = rx_post,
	.rx = rx_take,
	.arm = nic_arm,
	.filter = filter_set,
	.stats = stats_get,
};
