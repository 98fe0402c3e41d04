// SPDX-License-Identifier: Apache-2.0
/* Stopping: queues, the device, and a device that is gone. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/plugin-host/frames.h"
#include "tests/plugin-host/tests.h"

/* What is on its way when the queue stops comes back as well, link or no link. */
static bool stop_while_sending(struct nic *n, uint32_t q)
{
	uint8_t f[100];

	frame_plain(f, (const uint8_t[6]){2, 0, 0, 0, 0, 1}, 0x88b6, sizeof(f));
	for (int i = 0; i < 16; i++)
		if (!nic_send(n, q, f, sizeof(f), NULL, 1))
			return false;
	if (!nic_queue_stop(n, VMHI_QUEUE_TX, q))
		return false;
	CHECK(!n->tx_inflight, "%u packets did not come back", n->tx_inflight);
	return nic_queue_start(n, VMHI_QUEUE_TX, q);
}

/* All buffers come back, once each, and the queue works after it is started again. */
static bool test_queues(struct nic *n, const struct expect *x)
{
	struct nic_want w = nic_want();

	w.tx_queues = nic_some(n->info.tx_queues);
	w.rx_queues = nic_some(n->info.rx_queues);
	if (!nic_open(n, &w))
		return false;
	for (uint32_t round = 0; round < 5; round++) {
		uint32_t q = round % w.rx_queues, held;

		nic_poll(n);
		held = n->nposted[q];
		CHECK(held >= n->depth / 2, "queue %u took %u buffers of %u", q, held, n->depth);
		n->ncancelled = 0;
		if (!nic_queue_stop(n, VMHI_QUEUE_RX, q))
			return false;
		CHECK(n->ncancelled == held, "%u of %u buffers came back CANCELLED", n->ncancelled,
		      held);
		if (q && !n->alone && !peer_clear(n))	/* the other one runs on */
			return false;
		if (!nic_queue_start(n, VMHI_QUEUE_RX, q) ||
		    !stop_while_sending(n, round % w.tx_queues) ||
		    !(n->alone || peer_clear(n)))
			return false;
	}
	return nic_close(n);
}

/* A stopped receive queue is not written to, whatever arrives; started again it works. */
static bool test_stopped(struct nic *n, const struct expect *x)
{
	struct nic_want w = nic_want();
	uint8_t f[64];

	w.rx_queues = 2;
	if (!nic_open(n, &w) || !nic_queue_stop(n, VMHI_QUEUE_RX, 1))
		return false;
	memset(n->buf[1].va, 0x5a, n->buf[1].len);
	for (uint32_t i = 0; i < 64; i++) {
		struct ip_frame ip = {.proto = IPPROTO_TCP_, .sport = (uint16_t)i, .saddr = i};
		uint32_t len, before = n->ninbox;

		memcpy(ip.dst, n->info.mac, 6);
		len = frame_ip(f, &ip);
		if (i == 32) {
			for (uint64_t b = 0; b < n->buf[1].len; b++)
				CHECK(((uint8_t *)n->buf[1].va)[b] == 0x5a,
				      "the stopped queue's memory changed");
			if (!nic_queue_start(n, VMHI_QUEUE_RX, 1))
				return false;
		}
		if (i < 32 ? !peer_inject(n, f, len, 60, 1) : !peer_exchange(n, f, len, 60))
			return false;
		CHECK(i >= 32 || n->ninbox <= before + 1, "one frame came twice");
	}
	return nic_close(n);
}

/* Packets that cannot leave come back too. */
static bool test_unplugged(struct nic *n, const struct expect *x)
{
	struct nic_want w = nic_want();

	w.flags = 0;
	if (!nic_open(n, &w) || !peer_pull_cable(n, 1500))
		return false;
	CHECK(nic_wait_link(n, false, 3000), "the cable is out, and no link event came");
	if (!stop_while_sending(n, 0))
		return false;
	CHECK(nic_wait_link(n, true, NIC_LINK_MS), "the cable is back, and no link event came");
	return peer_clear(n) && nic_close(n);
}

/* The plugin that held them is no more. */
static void forget_buffers(struct nic *n)
{
	memset(n->posted, 0, sizeof(n->posted));
	memset(n->nposted, 0, sizeof(n->nposted));
	memset(n->tx_busy, 0, sizeof(n->tx_busy));
	n->tx_inflight = 0;
}

static bool still(struct nic *n)
{
	for (uint64_t i = 0; i < HOST_DMA_BYTES; i++)
		CHECK(n->h->dma[i] == 0x5a, "memory changed after quiesce, at %lx", (long)i);
	for (uint32_t i = 0; i < n->h->nvec; i++)
		CHECK(!host_irq_taken(n->h, i), "vector %u fired after quiesce", i);
	return true;
}

/*
 * After quiesce there is no DMA and no interrupt, whatever the wire brings: 20 frames are asked for
 * just before the queues stop.
 */
static bool test_quiesce(struct nic *n, const struct expect *x)
{
	struct peer_msg m = {.dst = {2, 0, 0, 0, 0, 1}, .type = {0x88, 0xb5}, .op = PEER_INJECT,
			     .magic = PEER_MAGIC, .arg = {20, 1000}, .len = 14};
	struct nic_want w = nic_want();
	int r;

	if (!nic_open(n, &w))
		return false;
	frame_plain(m.data, n->info.mac, 0x88b6, 14);
	if (!nic_send(n, 0, (uint8_t *)&m, sizeof(m) - PEER_CHUNK + 64, NULL, 1) ||
	    !nic_drain(n) || !nic_stop_queues(n))
		return false;
	r = n->ops->quiesce(n->dev);
	CHECK(!r, "quiesce: error %d", r);
	for (uint32_t i = 0; i < n->h->nvec; i++)
		host_irq_taken(n->h, i);
	/* the plugin's own state is in that memory too; nothing of it runs from here on */
	memset(n->h->dma, 0x5a, HOST_DMA_BYTES);
	usleep(300000);
	if (!still(n))
		return false;
	memset(n->h->alloc, 0, sizeof(n->h->alloc));
	forget_buffers(n);
	/* what the wire held back goes to the next driver, not into the next test */
	return nic_open(n, &w) && peer_clear(n) && nic_close(n);
}

/* Everything that a driver may leave behind: filters far from what they are after attach. */
static bool leave_filters(struct nic *n, const struct nic_want *w)
{
	static const uint8_t uc[2][6] = {{2, 0, 0, 0, 9, 9}, {2, 0, 0, 0, 9, 8}};
	static const uint8_t mc[1][6] = {{1, 0, 0x5e, 1, 2, 3}};
	static const uint64_t vlan[64] = {1 << 5};

	return nic_filter(n, VMHI_FILTER_PROMISC, uc, 2, mc, 1, NULL) &&
	       nic_filter(n, 0, uc, 2, mc, 1, w->features & VMHI_NIC_VLAN_FILTER ? vlan : NULL);
}

/* Of frames to those addresses, none gets through any more; one to the port's own does. */
static bool filters_are_new(struct nic *n)
{
	static const uint8_t dst[4][6] = {{2, 0, 0, 0, 9, 9}, {2, 0, 0, 0, 9, 8},
					  {1, 0, 0x5e, 1, 2, 3}};
	uint8_t f[14];

	nic_forget_inbox(n);
	for (int i = 0; i < 4; i++) {
		frame_plain(f, i < 3 ? dst[i] : n->info.mac, 0x88b6, sizeof(f));
		if (!peer_inject(n, f, sizeof(f), 100, 1))
			return false;
	}
	CHECK(n->ninbox == 1, "%u frames of 4 passed, not that to the port's address alone",
	      n->ninbox);
	nic_forget_inbox(n);
	return true;
}

/* The host's part of a driver's death: Bus Master off and on again, its memory kept from reuse. */
static bool die(struct nic *n, struct vmhi_mem *old)
{
	struct err e;
	int r = bus_master(n->h->dev, false, &e);

	CHECK(!r, "%s", e.msg);
	*old = n->buf[0];
	memset(old->va, 0x5a, old->len);
	memset(n->h->alloc, 0, sizeof(n->h->alloc));
	n->h->alloc[0] = (struct host_alloc){
		0, (uint64_t)((uint8_t *)old->va - n->h->dma) + old->len};
	memset(n->h->timer, 0, sizeof(n->h->timer));
	forget_buffers(n);
	n->link_downs = 0;
	r = bus_master(n->h->dev, true, &e);
	CHECK(!r, "%s", e.msg);
	return true;
}

/*
 * The driver died with its queues running: its host fences the card and starts another one. That
 * one works at once, the link stays up, what it receives is what it was told, and what the dead one
 * had posted is not touched any more. Guests wait for it: how long is told.
 */
static bool test_takeover(struct nic *n, const struct expect *x)
{
	struct nic_want w = nic_want();
	uint64_t ns = 0;
	struct vmhi_mem old = {0};

	for (int round = 0; round < 8; round++) {
		w.features = round & 1 ? n->info.features : 0;
		w.flags = round ? VMHI_ATTACH_WARM : 0;
		if (!nic_open(n, &w) || !peer_clear(n) || !leave_filters(n, &w) || !die(n, &old))
			return false;
		w.features = 0;
		w.flags = VMHI_ATTACH_WARM;
		if (!nic_open(n, &w) || !peer_clear(n))
			return false;
		CHECK(!n->link_downs, "the link went down");
		CHECK(!x->has_mac || !memcmp(n->info.mac, x->mac, 6), "the MAC is another one");
		CHECK(!x->sleep_ms || n->up.wait_ns <= x->sleep_ms * 1000000ull, "it slept %lu us",
		      (long)n->up.wait_ns / 1000);
		ns += n->up.ns;
		if (!filters_are_new(n))
			return false;
		for (uint64_t i = 0; i < old.len; i++)
			CHECK(((uint8_t *)old.va)[i] == 0x5a, "the dead driver's buffer changed");
		n->h->alloc[0].len = 0;
		if (!nic_close(n))
			return false;
	}
	printf("    a warm attach to start: %lu register reads, %lu writes, %.1f ms asleep, "
	       "%.1f ms in all on average\n", (long)n->up.reads, (long)n->up.writes,
	       (double)n->up.wait_ns / 1e6, (double)ns / 8e6);
	return true;
}

static bool has_fault(struct nic *n)
{
	return n->fault;
}

/*
 * A transmit queue that stands still: within 10 s the driver gives the device up, for its host to
 * fence it and start it anew, and packets go out again.
 */
static bool test_hung(struct nic *n, const struct expect *x)
{
	struct nic_want w = nic_want();
	struct vmhi_mem old = {0};
	char command[20];
	uint8_t f[100];
	uint32_t last;

	w.tx_queues = nic_some(n->info.tx_queues);
	last = w.tx_queues - 1;
	snprintf(command, sizeof(command), "tx hang %u", last);
	if (!nic_open(n, &w) || !peer_break(n, command))
		return false;
	frame_plain(f, n->info.mac, 0x88b6, sizeof(f));
	for (int i = 0; i < 5; i++)
		if (!nic_send(n, last, f, sizeof(f), NULL, 1))
			return false;
	CHECK(nic_until(n, has_fault, 10000), "no fault within 10 s");
	if (!die(n, &old))
		return false;
	n->fault = false;
	if (!nic_open(n, &w) || !peer_clear(n) ||
	    !nic_send(n, last, f, sizeof(f), NULL, 1) || !nic_drain(n))
		return false;
	n->h->alloc[0].len = 0;
	return nic_close(n);
}

static void *pull_card(void *arg)
{
	struct nic *n = arg;

	usleep(30000);
	n->h->gone = true;
	n->ops->forget(n->dev);
	return NULL;
}

/* core.h's limits: a control call, and taking a device down */
#define CALL_NS	5000000000ull
#define DOWN_NS 12000000000ull

/* Every call after forget ends within its bound, and gives everything back. */
static bool gone_calls(struct nic *n)
{
	uint64_t v[VMHI_STAT_TX_ERR + 1], t = host_clock();
	struct vmhi_nic_filter f = {.size = sizeof(f)};
	struct vmhi_event ev = {.type = VMHI_EV_IRQ};
	int r;

	nic_poll(n);
	r = n->nic->stats(n->dev, v, VMHI_STAT_TX_ERR + 1);
	CHECK(r > 0 || r == -EIO || r == -ENODEV, "stats answers %d after forget", r);
	CHECK(r < 0 || v[VMHI_STAT_RX_PACKETS] < 1000000, "counters are nonsense after forget");
	r = n->nic->filter(n->dev, &f);
	CHECK(!r || r == -ENODEV, "filter answers %d after forget", r);
	n->ops->event(n->dev, &ev);
	t = host_clock() - t;
	CHECK(t < CALL_NS, "stats, filter and event took %lu ms after forget", (long)(t / 1000000));
	t = host_clock();
	if (!nic_stop_queues(n) || !nic_detach(n))
		return false;
	t = host_clock() - t;
	CHECK(t < DOWN_NS, "taking it down took %lu ms after forget", (long)(t / 1000000));
	return true;
}

static bool test_forget(struct nic *n, const struct expect *x)
{
	struct nic_want w = nic_want();
	pthread_t thread;
	uint8_t f[100];

	if (!nic_open(n, &w))
		return false;
	frame_plain(f, n->info.mac, 0x88b6, sizeof(f));
	pthread_create(&thread, NULL, pull_card, n);
	for (int i = 0; i < 1000000 && !n->h->gone; i++) {
		if (n->tx_inflight < 50 && !nic_send(n, 0, f, sizeof(f), NULL, 1) && !n->h->gone)
			break;
		nic_poll(n);
	}
	pthread_join(thread, NULL);
	if (!gone_calls(n))
		return false;
	n->h->gone = false;
	for (int i = 0; i < NIC_QUEUES; i++)
		host_table.dma_free(n->h, n->buf[i].handle);
	host_table.dma_free(n->h, n->txbuf.handle);
	nic_forget_inbox(n);
	return true;
}

/* Gone in the middle of attach: it ends with an error, soon, and keeps nothing. */
static bool test_forget_attach(struct nic *n, const struct expect *x)
{
	struct vmhi_attach at;
	uint64_t t = host_clock();
	void *dev;
	int r;

	host_attach_args(n->h, &at, 0);
	n->h->gone = true;
	r = n->ops->attach(&host_table, n->h, &at, &dev);
	n->h->gone = false;
	CHECK(r < 0, "attach to a device that is gone works");
	CHECK(host_clock() - t < 10000000000ull, "that took over 10 s");
	return true;
}

const struct nic_test stop_tests[] = {
	{"stop-queues", test_queues, ALONE},
	{"stop-one", test_stopped, WIRE},
	{"stop-unplugged", test_unplugged, WIRE},
	{"quiesce", test_quiesce, WIRE},
	{"takeover", test_takeover, WIRE},
	{"hung", test_hung, WIRE},
	{"forget", test_forget, ALONE},
	{"forget-attach", test_forget_attach, ALONE},
	{0},
};
