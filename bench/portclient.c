// SPDX-License-Identifier: Apache-2.0
/*
 * Front ends of many ports at once, in one thread: split rings, each port's sender sending all the
 * time to an address behind the uplink, and taking what comes back; or all of them idle. Prints
 * packets and its own busy cycles. Port i is the socket DIR/p<i>, with the address that ends in i.
 */
#include <immintrin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/ring.h"
#include "kernel/lib/fdpass.h"

#define PORTS_MAX 128
#define RING_SIZE 256
#define FRAME	  60

static struct ring_client port[PORTS_MAX];
static uint64_t sent, received, busy_cycles, bad;

static uint16_t take_used(struct ring_queue *q)
{
	uint16_t n = (uint16_t)(__atomic_load_n(&q->used->idx, __ATOMIC_ACQUIRE) - q->used_idx);

	q->used_idx = (uint16_t)(q->used_idx + n);
	return n;
}

static void publish(struct ring_queue *q, uint16_t n)
{
	q->avail_idx = (uint16_t)(q->avail_idx + n);
	__atomic_store_n(&q->avail->idx, q->avail_idx, __ATOMIC_RELEASE);
}

/* Whether the back end gave buffers back in the order in which it got them, as ours does. */
static bool in_order(const struct ring_queue *q, uint16_t n)
{
	uint16_t last = (uint16_t)(q->used_idx - 1) & (RING_SIZE - 1);

	return !n || q->used->ring[last].id == last;
}

/* Sends again what was sent, and gives back what was received; false: there was nothing. */
static bool serve(struct ring_client *c)
{
	uint16_t n = take_used(&c->tx), m;

	for (uint16_t i = 0; i < n; i++)
		memset(c->tx.buf + (uint16_t)(c->tx.avail_idx + i) % RING_SIZE * RING_STRIDE, 0,
		       RING_HDR);
	if (n)
		publish(&c->tx, n);
	m = take_used(&c->rx);
	for (uint16_t i = 0; i < m; i++) {
		uint16_t at = (uint16_t)(c->rx.avail_idx + i) % RING_SIZE, buffers;

		memcpy(&buffers, c->rx.buf + at * RING_STRIDE + 10, 2);
		bad += buffers != 1;
	}
	if (m)
		publish(&c->rx, m);
	bad += !in_order(&c->tx, n) + !in_order(&c->rx, m);
	sent += n;
	received += m;
	return n || m;
}

static void kick(const struct ring_queue *q)
{
	uint64_t one = 1;

	if (!(__atomic_load_n(&q->used->flags, __ATOMIC_RELAXED) & VRING_USED_F_NO_NOTIFY))
		(void)!write(q->kick, &one, 8);
}

static void fill(struct ring_client *c, int i)
{
	const uint8_t head[14] = {0x02, 0, 0, 0, 0, 0x99, 0x52, 0x54, 0, 0x12, 0x34, (uint8_t)i,
				  0x88, 0xb5};

	for (uint16_t k = 0; k < RING_SIZE; k++) {
		uint8_t *p = c->tx.buf + (uint32_t)k * RING_STRIDE;

		memset(p, 0, RING_HDR + FRAME);
		memcpy(p + RING_HDR, head, sizeof(head));
		c->tx.desc[k].len = RING_HDR + FRAME;
	}
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void drive(int ports, double seconds)
{
	double end = now() + seconds;
	uint64_t turn = 0;

	for (int i = 0; i < ports; i++) {
		port[i].rx.avail->flags = port[i].tx.avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
		publish(&port[i].rx, RING_SIZE);
		publish(&port[i].tx, RING_SIZE);
	}
	while (++turn % 64 || now() < end) {
		for (int i = 0; i < ports; i++) {
			uint64_t start = __builtin_ia32_rdtsc();

			if (serve(&port[i]))
				busy_cycles += __builtin_ia32_rdtsc() - start;
			else
				_mm_pause();
			if (!(turn % 256))
				kick(&port[i].tx);
		}
	}
}

static int open_port(const char *dir, int i)
{
	const uint64_t features = RING_VERSION_1 | RING_MERGEABLE;
	char path[256];
	int r;

	snprintf(path, sizeof(path), "%s/p%d", dir, i);
	r = ring_open(&port[i], unix_connect(path), features, RING_SIZE);
	if (r)
		return r;
	fill(&port[i], i);
	return ring_start(&port[i]);
}

int main(int argc, char **argv)
{
	int ports = argc < 4 ? 0 : atoi(argv[2]);

	if (ports < 1 || ports > PORTS_MAX) {
		fprintf(stderr, "usage: portclient DIR PORTS SECONDS [idle]\n");
		return 2;
	}
	for (int i = 0; i < ports; i++) {
		int r = open_port(argv[1], i);

		if (r) {
			fprintf(stderr, "portclient: port %d: %s\n", i, strerror(-r));
			return 1;
		}
	}
	puts("ready");
	fflush(stdout);
	if (argc > 4) {
		for (int i = 0; i < ports; i++)
			publish(&port[i].rx, RING_SIZE);	/* as a guest does when it starts */
		usleep((useconds_t)(atof(argv[3]) * 1e6));
	} else {
		drive(ports, atof(argv[3]));
	}
	printf("sent %lu received %lu cycles_per_packet %.2f bad %lu\n", sent, received,
	       received ? (double)busy_cycles / (double)received : 0.0, bad);
	return bad ? 1 : 0;
}
