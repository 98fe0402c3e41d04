// SPDX-License-Identifier: Apache-2.0
/*
 * How many packets a second a NIC plugin sends, or forwards, over VFIO on one busy thread: the
 * plugin's counterpart of testpmd's txonly and io. The host is that of tests/plugin-host.
 *
 *   cardrate ADDRESS PLUGIN tx|forward SECONDS
 *
 * Prints one line a second: what the card says it sent.
 */
#include <dlfcn.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vmhi/nic.h>

#include "kernel/lib/log.h"
#include "tests/plugin-host/host.h"

#define DEPTH 512u
#define BATCH 32u
#define BUFS  1024u
#define ROOM  2048u
#define FRAME 60u

struct port {
	struct vmhi_host_context h;
	const struct vmhi_driver_ops *ops;
	const struct vmhi_nic *nic;
	void *dev, *tx, *rx;
	struct vmhi_mem mem;
	uint64_t idle[BUFS];	/* cookies: offsets into mem */
	uint32_t nidle;
	bool link;
};

static struct port port;

static void need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "cardrate: %s\n", what);
	exit(1);
}

static void describe(const struct port *p, uint64_t cookie, uint32_t len, struct vmhi_pkt *pkt)
{
	*pkt = (struct vmhi_pkt){.iova = p->mem.iova + cookie, .cookie = cookie, .len = len,
				 .va = (uintptr_t)p->mem.va + cookie, .room = ROOM,
				 .nseg = len ? 1 : 0};
}

static void reap(struct port *p)
{
	p->nidle += p->nic->tx_done(p->tx, p->idle + p->nidle, 2 * BATCH);
}

static void send_batch(struct port *p)
{
	struct vmhi_pkt pkt[BATCH];
	uint32_t n = p->nidle < BATCH ? p->nidle : BATCH;

	for (uint32_t i = 0; i < n; i++)
		describe(p, p->idle[p->nidle - 1 - i], FRAME, &pkt[i]);
	p->nidle -= p->nic->tx(p->tx, pkt, n);
	reap(p);
}

static void fill(struct port *p)
{
	struct vmhi_pkt pkt[BATCH];

	if (p->nidle < BATCH)
		return;
	for (uint32_t i = 0; i < BATCH; i++)
		describe(p, p->idle[p->nidle - 1 - i], 0, &pkt[i]);
	p->nidle -= p->nic->rx_post(p->rx, pkt, BATCH);
}

static void forward(struct port *p)
{
	struct vmhi_pkt pkt[BATCH];
	uint32_t n = p->nic->rx(p->rx, pkt, BATCH), sent = 0;

	for (uint32_t i = 0; i < n; i++)
		pkt[i].flags = 0;
	if (n)
		sent = p->nic->tx(p->tx, pkt, n);
	while (sent < n)	/* as testpmd does: what the ring does not take is dropped */
		p->idle[p->nidle++] = pkt[sent++].cookie;
	reap(p);
	fill(p);
}

static void events(struct port *p)
{
	struct vmhi_event ev = {.type = VMHI_EV_TIMER};
	int id;

	while ((id = host_timer_due(&p->h)) >= 0) {
		ev.index = (uint32_t)id;
		p->ops->event(p->dev, &ev);
	}
	for (uint32_t i = 0; i < p->h.nevent; i++)
		if (p->h.event[i].type == VMHI_EV_LINK)
			p->link = p->h.event[i].arg[0];
	p->h.nevent = 0;
}

static void bring_up(struct port *p)
{
	struct vmhi_nic_conf c = {.size = sizeof(c), .mtu = 1500, .rx_room = ROOM,
				  .event_vec = VMHI_NO_VEC, .tx_queues = 1, .rx_queues = 1};
	struct vmhi_attach at;

	host_attach_args(&p->h, &at, 0);
	need(!p->ops->attach(&host_table, &p->h, &at, &p->dev), "attach fails");
	p->nic = p->ops->query(p->dev, VMHI_IF_NIC, 1);
	need(p->nic && !p->nic->configure(p->dev, &c), "no configuration");
	need(!p->nic->queue(p->dev, VMHI_QUEUE_RX, 0, DEPTH, VMHI_NO_VEC, &p->rx) &&
		     !p->nic->queue(p->dev, VMHI_QUEUE_TX, 0, DEPTH, VMHI_NO_VEC, &p->tx) &&
		     !p->nic->queue_start(p->rx) && !p->nic->queue_start(p->tx), "no queues");
	need(!host_dma(&p->h, BUFS * ROOM, &p->mem), "no memory");
	memset(p->mem.va, 0x5a, p->mem.len);
	for (uint32_t i = 0; i < BUFS; i++) {
		uint8_t *b = (uint8_t *)p->mem.va + i * ROOM;

		memset(b, 0xff, 6);
		memcpy(b + 6, (const uint8_t[8]){2, 0, 0, 0, 0, 1, 0x88, 0xb6}, 8);
		p->idle[p->nidle++] = (uint64_t)i * ROOM;
	}
	for (uint32_t i = 0; i + BATCH < DEPTH; i += BATCH)
		fill(p);
	need(!p->ops->start(p->dev), "start fails");
	for (int i = 0; i < 5000 && !p->link; i++, usleep(1000))
		events(p);
	need(p->link, "no link in 5 s");
}

static void measure(struct port *p, void (*work)(struct port *p), unsigned int seconds)
{
	uint64_t v[VMHI_STAT_TX_PACKETS + 1], last = 0, start = host_clock(), now;

	for (unsigned int s = 0; s <= seconds; s++) {
		do {
			for (int i = 0; i < 200; i++)
				work(p);
			now = host_clock();
		} while (now - start < 1000000000);
		p->nic->stats(p->dev, v, VMHI_STAT_TX_PACKETS + 1);
		if (s)	/* the first second warms up */
			printf("%.0f\n", (double)(v[VMHI_STAT_TX_PACKETS] - last) * 1e9 /
						 (double)(now - start));
		last = v[VMHI_STAT_TX_PACKETS];
		start = now;
		events(p);
	}
}

int main(int argc, char **argv)
{
	struct port *p = &port;
	cpu_set_t last;
	struct err e;
	void *so;

	need(argc == 5, "use: cardrate ADDRESS PLUGIN tx|forward SECONDS");
	log_init("cardrate", NULL);
	CPU_ZERO(&last);
	CPU_SET((int)sysconf(_SC_NPROCESSORS_ONLN) - 1, &last);
	sched_setaffinity(0, sizeof(last), &last);
	so = dlopen(argv[2], RTLD_NOW | RTLD_LOCAL);
	p->ops = so ? dlsym(so, "vmhi_driver") : NULL;
	need(p->ops, "that is no plugin");
	p->h.fail_alloc = -1;
	p->h.huge = true;
	need(!host_open(&p->h, argv[1], false, &e), "that device cannot be opened");
	bring_up(p);
	measure(p, strcmp(argv[3], "tx") ? forward : send_batch, (unsigned int)atoi(argv[4]));
	p->nic->queue_stop(p->tx);
	p->nic->queue_stop(p->rx);
	p->ops->quiesce(p->dev);
	host_close(&p->h);
	return 0;
}
