// SPDX-License-Identifier: Apache-2.0
/* The modes in which packets do not come back: dropped, or made up. */
#include "modes.h"

void *memset(void *at, int c, size_t n);

static void make_frame(struct null *null, uint64_t dst)
{
	static const uint8_t rest[8] = {0x02, 0x76, 0x6d, 0x68, 0x69, 0x00, 0x88, 0xb5};

	/* Ethernet header with an EtherType for local experiments (IEEE 802 clause 9.2.4) */
	for (int i = 0; i < 6; i++)
		null->frame[i] = (uint8_t)(dst >> (40 - 8 * i));
	memcpy(null->frame + 6, rest, sizeof(rest));
}

static uint32_t drop_tx(void *queue, const struct vmhi_pkt *pkt, uint32_t n)
{
	return queue_sent(queue, pkt, n);
}

/* The same with one copy of each segment, as a card's or a cable's would be. */
static uint32_t copy_tx(void *queue, const struct vmhi_pkt *pkt, uint32_t n)
{
	struct queue *q = queue;
	uint8_t *to = ((struct null *)q->dev)->scrap;

	n = queue_sent(q, pkt, n);
	for (uint32_t i = 0; i < n; i++)
		queue_copy(to, (uint8_t *)(uintptr_t)pkt[i].va + pkt[i].data_off,
			   pkt[i].len < SCRAP ? pkt[i].len : SCRAP);
	return n;
}

/* Into the buffers posted last, which are the likeliest to be in the processor's caches. */
static uint32_t generate(struct queue *q, struct vmhi_pkt *pkt, uint32_t n)
{
	const struct null *null = (const struct null *)q->dev;
	uint32_t len = null->frame_len, posted = q->put - q->take, mask = q->mask, put;
	const struct posted *ring = q->posted;

	n = n < posted ? n : posted;
	put = q->put -= n;
	for (uint32_t i = 0; i < n; i++) {
		uint8_t *va;

		queue_describe(&pkt[i], &ring[(put + i) & mask]);
		va = (uint8_t *)(uintptr_t)pkt[i].va;
		__builtin_memcpy(va, null->frame, 64);	/* the room is never less */
		if (len > 64)
			memset(va + 64, 0, len - 64);
		pkt[i].len = len;
	}
	queue_count(&q->packets, n);
	queue_count(&q->bytes, (uint64_t)n * len);
	return n;
}

static uint32_t generate_rx(void *queue, struct vmhi_pkt *pkt, uint32_t n)
{
	struct queue *q = queue;

	return q->running ? generate(q, pkt, n) : nic_ops.rx(q, pkt, n);
}

static int generate_arm(void *queue)
{
	struct queue *q = queue;

	return q->put != q->take;
}

void modes_init(struct null *null, uint32_t mode, uint32_t frame_len, uint64_t dst, bool copy)
{
	null->nic = nic_ops;
	if (mode != MODE_LOOP)
		null->nic.tx = copy ? copy_tx : drop_tx;
	if (mode == MODE_GENERATE) {
		null->nic.rx = generate_rx;
		null->nic.arm = generate_arm;
	}
	null->frame_len = frame_len;
	make_frame(null, dst);
}
