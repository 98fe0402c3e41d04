// SPDX-License-Identifier: Apache-2.0
/*
 * Drives a vhost-user network back end as fast as it can, touching nothing but rings and headers:
 * echo (what is sent comes back), sink (sends only) or source (receives only). Prints packets and
 * its own busy cycles, so that one can see which side was the slower one.
 */
#include <errno.h>
#include <immintrin.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/ring.h"
#include "kernel/lib/fdpass.h"

#define RING_SIZE 256
#define AVAIL	  (1u << VRING_PACKED_DESC_F_AVAIL)
#define USED	  (1u << VRING_PACKED_DESC_F_USED)

/* Bytes of a frame: with the FCS, which rings do not carry, 4 more. */
static uint32_t frame = 60;

/* A stretch short enough to be left alone by the scheduler now and then, even on a busy machine. */
#define WINDOW (1ull << 22)

static volatile sig_atomic_t enough;	/* SIGTERM: the seconds are over */

static void on_term(int sig)
{
	enough = 1;
}

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
		*bad += buffers != 1 || e->len < RING_HDR + frame;
		make_available(q, (uint16_t)(q->avail_idx + i), id);
	}
	q->used_idx = (uint16_t)(q->used_idx + n);
	if (n)
		publish(q, n);
	return n;
}

/* The last 8 bytes of a packed descriptor change at once: len, id, flags. */
static uint64_t *word(const struct ring_queue *q, uint16_t at)
{
	return (uint64_t *)((uint8_t *)&q->packed[at & (q->size - 1)] + 8);
}

static void packed_put(struct ring_queue *q, uint16_t id, uint32_t len, uint16_t flags)
{
	struct vring_packed_desc *d = &q->packed[q->avail_idx & (q->size - 1)];
	uint64_t gpa = q->buf_gpa + (uint64_t)id * RING_STRIDE;

	flags |= q->avail_idx & q->size ? USED : AVAIL;
	if (d->addr != gpa)
		d->addr = gpa;
	__atomic_store_n(word(q, q->avail_idx), len | (uint64_t)id << 32 | (uint64_t)flags << 48,
			 __ATOMIC_RELEASE);
	q->avail_idx++;
}

/* The next used descriptor: its last 8 bytes into *w. */
static bool packed_get(const struct ring_queue *q, uint64_t *w)
{
	uint64_t both = q->used_idx & q->size ? 0 : (uint64_t)(AVAIL | USED) << 48;

	*w = __atomic_load_n(word(q, q->used_idx), __ATOMIC_ACQUIRE);
	return (*w & (uint64_t)(AVAIL | USED) << 48) == both;
}

/* The lines that a batch comes back in, and goes out again: read one after the other they are slow. */
static void packed_fetch(const struct ring_queue *q)
{
	for (uint16_t i = 4; i < 32; i += 4)
		__asm__ volatile("prefetchw %0" : : "m"(*(char *)word(q, q->used_idx + i)));
}

/* In order, a used descriptor stands for all up to its id, which are those of the places. */
static uint16_t packed_send_again(struct ring_queue *q, bool in_order)
{
	uint16_t n = 0, mask = q->size - 1;
	uint64_t w;

	if (packed_get(q, &w))
		packed_fetch(q);
	while (n < q->size && packed_get(q, &w)) {
		uint16_t id = (uint16_t)(w >> 32) & mask;
		uint16_t many = in_order ? ((id - q->used_idx) & mask) + 1 : 1;

		q->used_idx += many;
		for (n += many; many; many--) {
			uint16_t this = (id - (many - 1)) & mask;

			memset(q->buf + (uint32_t)this * RING_STRIDE, 0, RING_HDR);
			packed_put(q, this, RING_HDR + frame, 0);
		}
	}
	return n;
}

static uint16_t packed_receive(struct ring_queue *q, uint64_t *bad)
{
	uint16_t n = 0, mask = q->size - 1, buffers;
	uint16_t id[RING_SIZE];
	uint64_t w;

	if (packed_get(q, &w))
		packed_fetch(q);
	for (; n < q->size && packed_get(q, &w); n++, q->used_idx++) {
		id[n] = (uint16_t)(w >> 32) & mask;
		__builtin_prefetch(q->buf + id[n] * RING_STRIDE);
		*bad += (uint32_t)w < RING_HDR + frame;
	}
	for (uint16_t i = 0; i < n; i++) {
		memcpy(&buffers, q->buf + id[i] * RING_STRIDE + 10, 2);
		*bad += buffers != 1;
		packed_put(q, id[i], 2048, VRING_DESC_F_WRITE);
	}
	return n;
}

static void fill(struct ring_client *c)
{
	bool packed = c->features & RING_PACKED;

	static const uint8_t head[14] = {0x02, 0, 0, 0, 0, 0x99, 0x52, 0x54, 0,
					 0x12, 0x34, 0x01, 0x88, 0xb5};

	for (uint16_t i = 0; i < RING_SIZE; i++) {
		uint8_t *p = c->tx.buf + (uint32_t)i * RING_STRIDE;

		memset(p, 0, RING_HDR + frame);
		memcpy(p + RING_HDR, head, sizeof(head));
		if (!packed)
			c->tx.desc[i].len = RING_HDR + frame;
	}
	if (packed)
		c->rx.driver_event->flags = c->tx.driver_event->flags =
			VRING_PACKED_EVENT_FLAG_DISABLE;
	else
		c->rx.avail->flags = c->tx.avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
}

/* The first buffers, all of them. */
static void begin(struct ring_client *c, bool sends)
{
	if (!(c->features & RING_PACKED)) {
		if (sends)
			publish(&c->tx, RING_SIZE);
		publish(&c->rx, RING_SIZE);
		return;
	}
	for (uint16_t i = 0; i < RING_SIZE; i++) {
		if (sends)
			packed_put(&c->tx, i, RING_HDR + frame, 0);
		packed_put(&c->rx, i, 2048, VRING_DESC_F_WRITE);
	}
}

static void kick(const struct ring_queue *q, bool packed)
{
	uint64_t one = 1;
	bool quiet = packed ? __atomic_load_n(&q->device_event->flags, __ATOMIC_RELAXED) ==
				      VRING_PACKED_EVENT_FLAG_DISABLE
			    : __atomic_load_n(&q->used->flags, __ATOMIC_RELAXED) &
				      VRING_USED_F_NO_NOTIFY;

	if (!quiet)
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
	bool in_order = c->features & RING_IN_ORDER, packed = c->features & RING_PACKED;
	double end = now() + seconds;
	uint64_t turn = 0;

	begin(c, sends);
	while (++turn % 4096 || (now() < end && !enough)) {
		uint64_t start = __builtin_ia32_rdtsc();
		uint16_t sent = 0, got = 0;

		if (sends)
			sent = packed ? packed_send_again(&c->tx, in_order)
				      : send_again(&c->tx, in_order);
		if (receives)
			got = packed ? packed_receive(&c->rx, bad) : receive(&c->rx, bad);

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
			kick(&c->tx, packed);
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

/* What follows the seconds: a frame's bytes, packed, in-order. */
static uint64_t options(char **arg)
{
	uint64_t features = RING_VERSION_1 | RING_MERGEABLE;

	for (; *arg; arg++) {
		if (!strcmp(*arg, "packed"))
			features |= RING_PACKED;
		else if (!strcmp(*arg, "in-order"))
			features |= RING_IN_ORDER;
		else
			frame = (uint32_t)atoi(*arg);
	}
	return frame >= 60 && frame <= 2000 ? features : 0;
}

int main(int argc, char **argv)
{
	struct totals t = {0};
	struct ring_client c = {0};
	uint64_t bad = 0, features = argc < 4 ? 0 : options(argv + 4);
	bool sends, receives;
	int r;

	if (!features) {
		fprintf(stderr, "usage: ringclient SOCKET echo|sink|source SECONDS [FRAME_BYTES] "
				"[packed] [in-order]\n");
		return 2;
	}
	signal(SIGTERM, on_term);
	sends = strcmp(argv[2], "source");
	receives = strcmp(argv[2], "sink");
	r = ring_open(&c, connect_to(argv[1]), features, RING_SIZE);
	if (!r && (features & ~c.features)) {
		fprintf(stderr, "ringclient: %s: back end without features 0x%lx\n", argv[1],
			features & ~c.features);
		return 1;
	}
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
