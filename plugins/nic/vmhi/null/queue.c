// SPDX-License-Identifier: Apache-2.0
/*
 * The NIC class of a port without hardware. A real driver has descriptor rings and doorbells in
 * place of these rings; the order of things and what is owed to the host are the same.
 */
#include "queue.h"

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memset(void *at, int c, size_t n);

static uint32_t load(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static void store(uint32_t *p, uint32_t v)
{
	__atomic_store_n(p, v, __ATOMIC_RELEASE);
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static int nic_info(void *d, struct vmhi_nic_info *info)
{
	static const uint8_t mac[6] = {0x02, 0x76, 0x6d, 0x68, 0x69, 0x00};

	info->features = 0;
	info->tx_queues = info->rx_queues = QUEUES;
	info->depth_min = DEPTH_MIN;
	info->depth_max = DEPTH_MAX;
	info->tx_segs = 16;
	info->uc_max = 1024;
	info->mtu_max = 9000;
	memcpy(info->mac, mac, sizeof(mac));
	return 0;
}

static int nic_configure(void *d, const struct vmhi_nic_conf *conf)
{
	struct dev *dev = d;

	if (conf->size < sizeof(*conf) || conf->mtu < 68 || conf->mtu > 9000 || conf->features ||
	    conf->tx_queues > QUEUES || conf->rx_queues > QUEUES)
		return -VMHI_EINVAL;
	dev->conf = *conf;
	return 0;
}

/* One piece of memory holds the queue and its rings. */
static int nic_queue(void *d, uint32_t kind, uint32_t idx, uint32_t depth, uint32_t vec, void **out)
{
	struct dev *dev = d;
	uint64_t head = (sizeof(struct queue) + 63) & ~63ull;
	uint64_t per = kind == VMHI_QUEUE_TX ? sizeof(uint64_t) : 2 * sizeof(struct vmhi_pkt);
	struct vmhi_mem mem;
	struct queue *q, **slot;
	int r;

	if (kind > VMHI_QUEUE_RX || depth < DEPTH_MIN || depth > DEPTH_MAX || (depth & (depth - 1)))
		return -VMHI_EINVAL;
	if (idx >= (kind == VMHI_QUEUE_TX ? dev->conf.tx_queues : dev->conf.rx_queues))
		return -VMHI_EINVAL;
	slot = kind == VMHI_QUEUE_TX ? &dev->tx[idx] : &dev->rx[idx];
	if (*slot)
		return -VMHI_EBUSY;
	r = dev->host->dma_alloc(dev->hc, head + depth * per, 0, 0, 0, &mem);
	if (r)
		return r;
	q = mem.va;
	q->dev = dev;
	q->mem = mem;
	q->kind = kind;
	q->idx = idx;
	q->mask = depth - 1;
	q->cookie = (uint64_t *)((uint8_t *)mem.va + head);
	q->posted_pkt = (struct vmhi_pkt *)((uint8_t *)mem.va + head);
	q->ready_pkt = q->posted_pkt + depth;
	*slot = q;
	*out = q;
	return 0;
}

static int nic_queue_start(void *queue)
{
	struct queue *q = queue;

	q->running = 1;
	return 0;
}

static int nic_queue_stop(void *queue)
{
	struct queue *q = queue;

	q->running = 0;
	return 0;
}

static void nic_queue_free(void *queue)
{
	struct queue *q = queue;
	struct dev *dev = q->dev;

	*(q->kind == VMHI_QUEUE_TX ? &dev->tx[q->idx] : &dev->rx[q->idx]) = NULL;
	dev->host->dma_free(dev->hc, q->mem.handle);
}

/*
 * What comes back is an answer to its sender: the two addresses change places, unless the frame
 * went to a group, which cannot send.
 */
static void turn_round(uint8_t *va)
{
	uint64_t head, dst, src;
	uint32_t tail;

	if (va[0] & 1)
		return;
	memcpy(&head, va, sizeof(head));
	memcpy(&tail, va + 8, sizeof(tail));
	dst = head & 0xffffffffffff;
	src = head >> 48 | (uint64_t)tail << 16;
	head = src | dst << 48;
	tail = (uint32_t)(dst >> 16);
	memcpy(va, &head, sizeof(head));
	memcpy(va + 8, &tail, sizeof(tail));
}

/* Copies one packet into one posted buffer, as the receiving end of a cable would. */
static int deliver(struct queue *rx, const struct vmhi_pkt *pkt, uint32_t posted_end)
{
	uint32_t at = rx->posted.take, put = rx->ready.put, len = 0;
	struct vmhi_pkt *to = &rx->ready_pkt[put & rx->mask];
	const struct vmhi_pkt *buf = &rx->posted_pkt[at & rx->mask];
	uint8_t *va = (uint8_t *)(uintptr_t)buf->va;

	if (at == posted_end)
		return 0;
	for (uint32_t s = 0; s < pkt->nseg; s++) {
		if (len + pkt[s].len > buf->room)
			return 0;
		memcpy(va + len, (uint8_t *)(uintptr_t)pkt[s].va + pkt[s].data_off, pkt[s].len);
		len += pkt[s].len;
	}
	if (len >= 14)
		turn_round(va);
	*to = *buf;
	to->len = len;
	to->nseg = 1;
	store(&rx->posted.take, at + 1);
	store(&rx->ready.put, put + 1);
	rx->packets++;
	rx->bytes += len;
	return 1;
}

static uint32_t nic_tx(void *queue, const struct vmhi_pkt *pkt, uint32_t n)
{
	struct queue *q = queue, *rx = q->idx < QUEUES ? q->dev->rx[q->idx] : NULL;
	uint32_t put = q->ready.put, room = q->mask + 1 - (put - load(&q->ready.take));
	uint32_t i = 0, posted_end = 0;
	uint64_t bytes = 0;

	if (q->dev->mode != MODE_LOOP || (rx && !rx->running))
		rx = NULL;
	if (rx)
		posted_end = load(&rx->posted.put);
	for (; i < n && room; room--) {
		q->cookie[put++ & q->mask] = pkt[i].cookie;
		if (rx && !deliver(rx, &pkt[i], posted_end))
			rx->lost++;
		for (uint32_t s = 0; s < pkt[i].nseg; s++)
			bytes += pkt[i + s].len;
		i += pkt[i].nseg;
	}
	q->packets += put - q->ready.put;
	q->bytes += bytes;
	store(&q->ready.put, put);
	return i;
}

static uint32_t nic_tx_done(void *queue, uint64_t *cookie, uint32_t n)
{
	struct queue *q = queue;
	uint32_t take = q->ready.take;

	n = least(n, load(&q->ready.put) - take);
	for (uint32_t i = 0; i < n; i++)
		cookie[i] = q->cookie[take++ & q->mask];
	store(&q->ready.take, take);
	return n;
}

static uint32_t nic_rx_post(void *queue, const struct vmhi_pkt *pkt, uint32_t n)
{
	struct queue *q = queue;
	uint32_t put = q->posted.put;
	/* A buffer counts until rx() has given it back, so ready never runs over. */
	uint32_t room = q->mask + 1 - (put - load(&q->posted.take)) -
			(load(&q->ready.put) - q->ready.take);

	n = least(n, room);
	for (uint32_t i = 0; i < n; i++)
		q->posted_pkt[put++ & q->mask] = pkt[i];
	store(&q->posted.put, put);
	return n;
}

static void make_frame(const struct dev *dev, uint8_t *va)
{
	static const uint8_t rest[8] = {0x02, 0x76, 0x6d, 0x68, 0x69, 0x00, 0x88, 0xb5};

	/* Ethernet header with an EtherType for local experiments (IEEE 802 clause 9.2.4) */
	for (int i = 0; i < 6; i++)
		va[i] = (uint8_t)(dev->frame_dst >> (40 - 8 * i));
	memcpy(va + 6, rest, sizeof(rest));
	memset(va + 14, 0, dev->frame_len - 14);
}

static uint32_t generate(struct queue *q, struct vmhi_pkt *pkt, uint32_t n)
{
	uint32_t take = q->posted.take;

	n = least(n, load(&q->posted.put) - take);
	for (uint32_t i = 0; i < n; i++) {
		pkt[i] = q->posted_pkt[take++ & q->mask];
		make_frame(q->dev, (uint8_t *)(uintptr_t)pkt[i].va);
		pkt[i].len = q->dev->frame_len;
		pkt[i].nseg = 1;
	}
	store(&q->posted.take, take);
	q->packets += n;
	q->bytes += (uint64_t)n * q->dev->frame_len;
	return n;
}

/* After queue_stop: what was posted goes back unused. */
static uint32_t cancel(struct queue *q, struct vmhi_pkt *pkt, uint32_t n)
{
	uint32_t take = q->posted.take;

	n = least(n, load(&q->posted.put) - take);
	for (uint32_t i = 0; i < n; i++) {
		pkt[i] = q->posted_pkt[take++ & q->mask];
		pkt[i].nseg = 1;
		pkt[i].flags = VMHI_PKT_CANCELLED;
	}
	store(&q->posted.take, take);
	return n;
}

static uint32_t nic_rx(void *queue, struct vmhi_pkt *pkt, uint32_t n)
{
	struct queue *q = queue;
	uint32_t take = q->ready.take, got = least(n, load(&q->ready.put) - take);

	for (uint32_t i = 0; i < got; i++)
		pkt[i] = q->ready_pkt[take++ & q->mask];
	store(&q->ready.take, take);
	if (got)
		return got;
	if (!q->running)
		return cancel(q, pkt, n);
	return q->dev->mode == MODE_GENERATE ? generate(q, pkt, n) : 0;
}

static int nic_arm(void *queue)
{
	struct queue *q = queue;

	if (q->kind == VMHI_QUEUE_RX && q->dev->mode == MODE_GENERATE)
		return load(&q->posted.put) != q->posted.take;
	return load(&q->ready.put) != q->ready.take;
}

static int nic_filter(void *d, const struct vmhi_nic_filter *f)
{
	return f->nuc > 1024 ? -VMHI_ENOSPC : 0; /* nothing arrives that was not sent to us */
}

static int nic_stats(void *d, uint64_t *v, uint32_t n)
{
	struct dev *dev = d;
	uint64_t s[VMHI_STAT_TX_ERR + 1] = {0};

	for (int i = 0; i < QUEUES; i++) {
		if (dev->rx[i]) {
			s[VMHI_STAT_RX_PACKETS] += dev->rx[i]->packets;
			s[VMHI_STAT_RX_BYTES] += dev->rx[i]->bytes;
			s[VMHI_STAT_RX_NO_BUFFER] += dev->rx[i]->lost;
		}
		if (dev->tx[i]) {
			s[VMHI_STAT_TX_PACKETS] += dev->tx[i]->packets;
			s[VMHI_STAT_TX_BYTES] += dev->tx[i]->bytes;
		}
	}
	for (uint32_t i = 0; i < n; i++)
		v[i] = i <= VMHI_STAT_TX_ERR ? s[i] : 0;
	return VMHI_STAT_TX_ERR + 1;
}

const struct vmhi_nic nic_ops = {
	.h = {sizeof(nic_ops), VMHI_IF_NIC, 1},
	.info = nic_info,
	.configure = nic_configure,
	.queue = nic_queue,
	.queue_start = nic_queue_start,
	.queue_stop = nic_queue_stop,
	.queue_free = nic_queue_free,
	.tx = nic_tx,
	.tx_done = nic_tx_done,
	.rx_post = nic_rx_post,
	.rx = nic_rx,
	.arm = nic_arm,
	.filter = nic_filter,
	.stats = nic_stats,
};
