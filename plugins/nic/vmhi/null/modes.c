// SPDX-License-Identifier: Apache-2.0
/* The modes in which packets do not come back: dropped, or made up. */
#include "modes.h"

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n);
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

static uint32_t generate(struct queue *q, struct vmhi_pkt *pkt, uint32_t n)
{
	const struct null *null = (const struct null *)q->dev;
	uint32_t len = null->frame_len, posted = q->put - q->take;

	n = queue_take(q, pkt, n < posted ? n : posted);
	for (uint32_t i = 0; i < n; i++) {
		uint8_t *va = (uint8_t *)(uintptr_t)pkt[i].va;

		__builtin_memcpy(va, null->frame, 64);	/* the room is never less */
		if (len > 64)
			memset(va + 64, 0, len - 64);
		pkt[i].len = len;
		pkt[i].nseg = 1;
	}
	q->fill = q->take;
	q->packets += n;
	q->bytes += (uint64_t)n * len;
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

void modes_init(struct null *null, uint32_t mode, uint32_t frame_len, uint64_t dst)
{
	null->nic = nic_ops;
	if (mode != MODE_LOOP)
		null->nic.tx = drop_tx;
	if (mode == MODE_GENERATE) {
		null->nic.rx = generate_rx;
		null->nic.arm = generate_arm;
	}
	null->frame_len = frame_len;
	make_frame(null, dst);
}
