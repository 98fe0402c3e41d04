// SPDX-License-Identifier: Apache-2.0
/*
 * The NIC class of a port without hardware. A real driver has descriptor rings and doorbells in
 * place of these rings; the order of things and what is owed to the host are the same.
 */
#include "queue.h"

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

	if (info->size < sizeof(*info))
		return -VMHI_EINVAL;
	info->features = 0;
	info->tx_queues = info->rx_queues = QUEUES;
	info->depth_min = DEPTH_MIN;
	info->depth_max = DEPTH_MAX;
	info->tx_segs = 16;
	info->uc_max = UC_MAX;
	info->mtu_max = MTU_MAX;
	memcpy(info->mac, mac, sizeof(mac));
	return 0;
}

static int nic_configure(void *d, const struct vmhi_nic_conf *conf)
{
	struct dev *dev = d;

	if (conf->size < sizeof(*conf) || conf->mtu < 68 || conf->mtu > MTU_MAX || conf->features ||
	    conf->tx_queues > QUEUES || conf->rx_queues > QUEUES)
		return -VMHI_EINVAL;
	if (conf->rx_room < 2048 || conf->rx_room > 16384 || (conf->rx_room & (conf->rx_room - 1)))
		return -VMHI_EINVAL;
	for (int i = 0; i < QUEUES; i++)
		if (dev->tx[i] || dev->rx[i])
			return -VMHI_EBUSY;
	dev->conf = *conf;
	return 0;
}

/* One piece of memory holds the queue and its rings. */
static int nic_queue(void *d, uint32_t kind, uint32_t idx, uint32_t depth, uint32_t vec, void **out)
{
	struct dev *dev = d;
	uint64_t head = (sizeof(struct queue) + 63) & ~63ull;
	uint64_t per = kind == VMHI_QUEUE_TX ? sizeof(uint64_t) : sizeof(struct posted);
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
	q->posted = (struct posted *)((uint8_t *)mem.va + head);
	*slot = q;
	*out = q;
	return 0;
}

static int nic_queue_start(void *queue)
{
	struct queue *q = queue;

	if (dev_is_gone(q->dev))
		return -VMHI_ENODEV;
	q->running = 1;
	return 0;
}

static int nic_queue_stop(void *queue)
{
	struct queue *q = queue;

	q->running = 0;
	return 0;
}

static uint64_t counted(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/* What this queue has counted, a null pointer's nothing. */
static void add_counters(const struct queue *q, uint64_t *to)
{
	if (q && q->kind == VMHI_QUEUE_RX) {
		to[VMHI_STAT_RX_PACKETS] += counted(&q->packets) + counted(&q->filled_packets);
		to[VMHI_STAT_RX_BYTES] += counted(&q->bytes) + counted(&q->filled_bytes);
		to[VMHI_STAT_RX_NO_BUFFER] += counted(&q->lost);
	} else if (q) {
		to[VMHI_STAT_TX_PACKETS] += counted(&q->packets);
		to[VMHI_STAT_TX_BYTES] += counted(&q->bytes);
	}
}

static void nic_queue_free(void *queue)
{
	struct queue *q = queue;
	struct dev *dev = q->dev;

	add_counters(q, dev->total);	/* counters outlive their queue */
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
	__builtin_memcpy(&head, va, sizeof(head));
	__builtin_memcpy(&tail, va + 8, sizeof(tail));
	dst = head & 0xffffffffffff;
	src = head >> 48 | (uint64_t)tail << 16;
	head = src | dst << 48;
	tail = (uint32_t)(dst >> 16);
	__builtin_memcpy(va, &head, sizeof(head));
	__builtin_memcpy(va + 8, &tail, sizeof(tail));
}

/* A packet of several segments; 0: too long. */
static __attribute__((noinline)) uint32_t gather(uint8_t *to, uint32_t room,
						 const struct vmhi_pkt *pkt)
{
	uint32_t len = 0;

	for (uint32_t s = 0; s < pkt->nseg; s++) {
		if (pkt[s].len > room - len)
			return 0;
		queue_copy(to + len, (uint8_t *)(uintptr_t)pkt[s].va + pkt[s].data_off, pkt[s].len);
		len += pkt[s].len;
	}
	return len;
}

/* Copies one packet into a posted buffer, as the receiving end of a cable would; 0: too long. */
static inline uint32_t receive(struct posted *buf, const struct vmhi_pkt *pkt)
{
	uint8_t *va = (uint8_t *)(uintptr_t)buf->va;
	uint32_t len = pkt->len;

	if (pkt->nseg != 1)
		len = gather(va, buf->room, pkt);
	else if (len <= buf->room)
		queue_copy(va, (uint8_t *)(uintptr_t)pkt->va + pkt->data_off, len);
	else
		return 0;
	if (len >= 14)
		turn_round(va);
	buf->len = len;
	return len;
}

/*
 * Lets the buffer posted last be the next to be filled, in place of the one posted first: what was
 * used a moment ago is in the cache, what has waited for a whole ring is not. Short packets do not
 * repay it.
 */
#define WARM_MIN 256
static inline void warm(struct queue *rx, uint32_t fill, uint32_t last)
{
	struct posted *a = &rx->posted[fill & rx->mask], *b = &rx->posted[last & rx->mask];
	struct posted swap = *a;

	*a = *b;
	*b = swap;
}

/* The receive queue that gets what this transmit queue sends, if there is one. */
static struct queue *other_end(const struct queue *q)
{
	struct queue *rx = q->dev->rx[q->idx];

	return rx && rx->running ? rx : NULL;
}

/* Brings n elements, whole packets, to the receive queue; what finds no buffer is lost. */
static void loop(struct queue *rx, const struct vmhi_pkt *pkt, uint32_t n)
{
	uint32_t fill = rx->fill, end = load(&rx->put), last = end, len;
	uint64_t packets = 0, bytes = 0;

	for (uint32_t i = 0; i < n; i += pkt[i].nseg) {
		if (pkt[i].len >= WARM_MIN && last - fill > 1 && last - fill <= rx->mask + 1)
			warm(rx, fill, --last);
		len = fill == end ? 0 : receive(&rx->posted[fill & rx->mask], &pkt[i]);
		if (!len) {
			queue_count(&rx->lost, 1);
			continue;
		}
		fill++;
		packets++;
		bytes += len;
	}
	store(&rx->fill, fill);
	queue_count(&rx->filled_packets, packets);
	queue_count(&rx->filled_bytes, bytes);
}

/* The same where each packet has one element, as nearly all do; 0: that is not so. */
static uint32_t sent_singles(struct queue *q, const struct vmhi_pkt *pkt, uint32_t n)
{
	uint32_t put = q->put, mask = q->mask, more = 0;
	uint64_t bytes = 0, *ring = q->cookie;

	for (uint32_t i = 0; i < n; i++) {
		ring[(put + i) & mask] = pkt[i].cookie;
		more |= pkt[i].flags;
		bytes += pkt[i].len;
	}
	if (more & VMHI_PKT_MORE)
		return 0;
	queue_count(&q->packets, n);
	queue_count(&q->bytes, bytes);
	q->put = put + n;
	return n;
}

uint32_t queue_sent(struct queue *q, const struct vmhi_pkt *pkt, uint32_t n)
{
	uint32_t put = q->put, room = q->mask + 1 - (put - q->take), i = 0;
	uint64_t bytes = 0;

	if (n <= room && sent_singles(q, pkt, n))
		return n;
	for (; i < n && room; room--) {
		uint32_t end = i + pkt[i].nseg;

		q->cookie[put++ & q->mask] = pkt[i].cookie;
		for (; i < end; i++)
			bytes += pkt[i].len;
	}
	queue_count(&q->packets, put - q->put);
	queue_count(&q->bytes, bytes);
	q->put = put;
	return i;
}

static uint32_t nic_tx(void *queue, const struct vmhi_pkt *pkt, uint32_t n)
{
	struct queue *q = queue, *rx = other_end(q);

	n = queue_sent(q, pkt, n);
	if (rx)
		loop(rx, pkt, n);
	return n;
}

static uint32_t nic_tx_done(void *queue, uint64_t *cookie, uint32_t n)
{
	struct queue *q = queue;
	uint32_t take = q->take, first;

	n = least(n, q->put - take);
	first = least(n, q->mask + 1 - (take & q->mask));	/* then the ring begins anew */
	memcpy(cookie, q->cookie + (take & q->mask), first * sizeof(*cookie));
	memcpy(cookie + first, q->cookie, (n - first) * sizeof(*cookie));
	q->take = take + n;
	return n;
}

static uint32_t nic_rx_post(void *queue, const struct vmhi_pkt *pkt, uint32_t n)
{
	struct queue *q = queue;
	struct posted *ring = q->posted;
	uint32_t put = q->put, mask = q->mask;

	n = least(n, mask + 1 - (put - q->take));
	for (uint32_t i = 0; i < n; i++)
		__builtin_memcpy(&ring[(put + i) & mask], &pkt[i], sizeof(*ring));
	store(&q->put, put + n);
	return n;
}

uint32_t queue_take(struct queue *q, struct vmhi_pkt *pkt, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		queue_describe(&pkt[i], &q->posted[q->take++ & q->mask]);
	return n;
}

/* After queue_stop: what was posted goes back unused. */
static uint32_t cancel(struct queue *q, struct vmhi_pkt *pkt, uint32_t n)
{
	n = queue_take(q, pkt, least(n, q->put - q->take));
	for (uint32_t i = 0; i < n; i++)
		pkt[i].flags = VMHI_PKT_CANCELLED;
	q->fill = q->take;
	return n;
}

static uint32_t nic_rx(void *queue, struct vmhi_pkt *pkt, uint32_t n)
{
	struct queue *q = queue;
	uint32_t got = least(n, load(&q->fill) - q->take);

	if (got)
		return queue_take(q, pkt, got);
	return q->running ? 0 : cancel(q, pkt, n);
}

static int nic_arm(void *queue)
{
	struct queue *q = queue;

	if (q->kind == VMHI_QUEUE_TX)
		return q->put != q->take;
	return load(&q->fill) != q->take;
}

static int nic_filter(void *d, const struct vmhi_nic_filter *f)
{
	if (f->size < sizeof(*f))
		return -VMHI_EINVAL;
	if (dev_is_gone(d))
		return -VMHI_ENODEV;
	return f->nuc > UC_MAX ? -VMHI_ENOSPC : 0; /* nothing arrives that was not sent to us */
}

static int nic_stats(void *d, uint64_t *v, uint32_t n)
{
	struct dev *dev = d;
	uint64_t s[VMHI_STAT_TX_ERR + 1];

	memcpy(s, dev->total, sizeof(s));
	for (int i = 0; i < QUEUES; i++) {
		add_counters(dev->rx[i], s);
		add_counters(dev->tx[i], s);
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
