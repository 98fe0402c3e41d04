// SPDX-License-Identifier: Apache-2.0
/*
 * Drives a vhost-user network back end as fast as it can, touching nothing but rings and headers:
 * echo (what is sent comes back), sink (sends only) or source (receives only). Prints packets and
 * its own busy cycles, so that one can see which side was the slower one.
 */
#include <errno.h>
#include <immintrin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/ring.h"
#include "kernel/lib/fdpass.h"

#define RING_SIZE 256
#define FRAME	  60	/* with the FCS, which rings do not carry, the 64 of "64-byte packets" */

/* A stretch short enough to be left alone by the scheduler now and then, even on a busy machine. */
#define WINDOW (1ull << 22)

struct totals {
	uint64_t sent, received, busy_cycles, busy_packets;
	uint64_t window_start, window_packets, best;	/* most packets in one window */
};

static uint16_t used_new(const struct ring_queue *q)
{
	return (uint16_t)(__atomic_load_n(&q->used->idx, __ATOMIC_ACQUIRE) - q->used_idx);
}

static void publish(struct ring_queue *q, uint16_t n)
{
	q->avail_idx = (uint16_t)(q->avail_idx + n);
	__atomic_store_n(&q->avail->idx, q->avail_idx, __ATOMIC_RELEASE);
}

/* Descriptors name the same buffers for ever; only their order may change. */
static void make_available(struct ring_queue *q, uint16_t at, uint16_t id)
{
	uint16_t *slot = &q->avail->ring[at & (q->size - 1)];

	if (*slot != id)
		*slot = id;
}

/* Sends again what came back from the transmit queue: a new header, the same frame. */
static uint16_t send_again(struct ring_queue *q, bool in_order)
{
	uint16_t n = used_new(q), mask = q->size - 1;

	for (uint16_t i = 0; i < n; i++) {
		uint16_t id = in_order ? (uint16_t)(q->used_idx + i) & mask
				       : (uint16_t)q->used->ring[(q->used_idx + i) & mask].id & mask;
		uint8_t *hdr = q->buf + (uint32_t)id * RING_STRIDE;

		memset(hdr, 0, RING_HDR);
		make_available(q, (uint16_t)(q->avail_idx + i), id);
	}
	q->used_idx = (uint16_t)(q->used_idx + n);
	if (n)
		publish(q, n);
	return n;
}

/* Reads the headers of what was received, and gives the buffers back. */
static uint16_t receive(struct ring_queue *q, uint64_t *bad)
{
	uint16_t n = used_new(q), mask = q->size - 1;

	for (uint16_t i = 0; i < n; i++)
		__builtin_prefetch(q->buf + (q->used->ring[(q->used_idx + i) & mask].id & mask) *
						    RING_STRIDE);
	for (uint16_t i = 0; i < n; i++) {
		const struct vring_used_elem *e = &q->used->ring[(q->used_idx + i) & mask];
		uint16_t id = (uint16_t)e->id & mask, buffers;

		memcpy(&buffers, q->buf + id * RING_STRIDE + 10, 2);
		*bad += buffers != 1 || e->len < RING_HDR + FRAME;
		make_available(q, (uint16_t)(q->avail_idx + i), id);
	}
	q->used_idx = (uint16_t)(q->used_idx + n);
	if (n)
		publish(q, n);
	return n;
}

static void fill(struct ring_client *c)
{
	static const uint8_t head[14] = {0x02, 0, 0, 0, 0, 0x99, 0x52, 0x54, 0,
					 0x12, 0x34, 0x01, 0x88, 0xb5};

	for (uint16_t i = 0; i < RING_SIZE; i++) {
		uint8_t *p = c->tx.buf + (uint32_t)i * RING_STRIDE;

		memset(p, 0, RING_HDR + FRAME);
		memcpy(p + RING_HDR, head, sizeof(head));
		c->tx.desc[i].len = RING_HDR + FRAME;
	}
	c->rx.avail->flags = c->tx.avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
}

static void kick(const struct ring_queue *q)
{
	uint64_t one = 1;

	if (!(__atomic_load_n(&q->used->flags, __ATOMIC_RELAXED) & VRING_USED_F_NO_NOTIFY))
		(void)!write(q->kick, &one, 8);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Packets of the cell: those that came back, or that were taken. */
static void count_window(struct totals *t, uint64_t now_tsc, uint64_t packets)
{
	if (now_tsc - t->window_start < WINDOW)
		return;
	/* a window that ended late was interrupted */
	if (now_tsc - t->window_start < WINDOW + WINDOW / 64 &&
	    packets - t->window_packets > t->best)
		t->best = packets - t->window_packets;
	t->window_start = now_tsc;
	t->window_packets = packets;
}

static void drive(struct ring_client *c, bool sends, bool receives, double seconds,
		  struct totals *t, uint64_t *bad)
{
	bool in_order = c->features & RING_IN_ORDER;
	double end = now() + seconds;
	uint64_t turn = 0;

	if (sends)
		publish(&c->tx, RING_SIZE);
	publish(&c->rx, RING_SIZE);
	while (++turn % 4096 || now() < end) {
		uint64_t start = __builtin_ia32_rdtsc();
		uint16_t sent = sends ? send_again(&c->tx, in_order) : 0;
		uint16_t got = receives ? receive(&c->rx, bad) : 0;

		if (sent || got) {
			t->busy_cycles += __builtin_ia32_rdtsc() - start;
			t->busy_packets += sends && receives ? got : sent + got;
			t->sent += sent;
			t->received += got;
		} else {
			for (int i = 0; i < 8; i++)
				_mm_pause();
		}
		count_window(t, start, receives ? t->received : t->sent);
		if (sends && !(turn % 256))
			kick(&c->tx);
	}
}

static int connect_to(const char *path)
{
	int sock = -1;

	for (int i = 0; i < 100; i++) {
		sock = unix_connect(path);
		if (sock >= 0)
			break;
		usleep(50000);
	}
	return sock;
}

int main(int argc, char **argv)
{
	struct totals t = {0};
	struct ring_client c = {0};
	uint64_t bad = 0, features = RING_VERSION_1 | RING_MERGEABLE;
	bool sends, receives;
	int r;

	if (argc < 4) {
		fprintf(stderr, "usage: ringclient SOCKET echo|sink|source SECONDS [in-order]\n");
		return 2;
	}
	if (argc > 4)
		features |= RING_IN_ORDER;
	sends = strcmp(argv[2], "source");
	receives = strcmp(argv[2], "sink");
	r = ring_open(&c, connect_to(argv[1]), features, RING_SIZE);
	if (!r) {
		fill(&c);
		r = ring_start(&c);
	}
	if (r) {
		fprintf(stderr, "ringclient: %s: %s\n", argv[1], strerror(-r));
		return 1;
	}
	drive(&c, sends, receives, atof(argv[3]), &t, &bad);
	printf("sent %lu received %lu cycles_per_packet %.2f bad %lu best_window %.2f features 0x%lx\n",
	       t.sent, t.received,
	       t.busy_packets ? (double)t.busy_cycles / (double)t.busy_packets : 0.0, bad,
	       t.best ? (double)WINDOW / (double)t.best : 0.0, c.features);
	ring_close(&c);
	return bad ? 1 : 0;
}
