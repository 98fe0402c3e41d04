// SPDX-License-Identifier: Apache-2.0
/* Attach, link, interrupts, statistics: what holds before any special feature is asked for. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/plugin-host/frames.h"
#include "tests/plugin-host/tests.h"

/* The rules by which vmhi-driverd loads a file, or does not. */
static bool test_admission(struct nic *n, const struct expect *x)
{
	CHECK(x->plugin.admitted, "%s", x->plugin.refusal.msg);
	return true;
}

/* Told, and shown in configuration space, ids that its note does not have. */
static bool refuses(struct nic *n, uint16_t vendor, uint16_t device)
{
	struct vmhi_attach at;
	int r;

	n->h->vendor = vendor;
	n->h->device = device;
	host_attach_args(n->h, &at, 0);
	r = n->ops->attach(&host_table, n->h, &at, &n->dev);
	n->h->vendor = n->h->dev->vendor;
	n->h->device = n->h->dev->device;
	CHECK(r == -ENXIO, "attach to %04x:%04x, which its note does not name, answers %d", vendor,
	      device, r);
	CHECK(!host_allocs(n->h), "a refused attach kept memory");
	return true;
}

static bool test_attach(struct nic *n, const struct expect *x)
{
	struct nic_want w = nic_want();
	uint16_t vendor = n->h->vendor, device = n->h->device;

	CHECK(x->plugin.note, "no note that says what it drives");
	while (note_names(x->plugin.note, vendor, device))
		device++;
	if (!refuses(n, vendor, device))
		return false;
	while (note_names(x->plugin.note, vendor, n->h->device))
		vendor++;
	if (!refuses(n, vendor, n->h->device) || !nic_open(n, &w))
		return false;
	CHECK(!n->ops->query(n->dev, VMHI_IF_NIC, 0x7fff), "it has a NIC interface of version 32767");
	CHECK(!x->has_mac || !memcmp(n->info.mac, x->mac, 6),
	      "MAC %02x:%02x:%02x:%02x:%02x:%02x is not the card's", n->info.mac[0],
	      n->info.mac[1], n->info.mac[2], n->info.mac[3], n->info.mac[4], n->info.mac[5]);
	return nic_close(n);
}

/* What info does not allow is refused, and nothing is left behind. */
static bool test_refuse(struct nic *n, const struct expect *x)
{
	struct nic_want w = nic_want();
	struct vmhi_nic_conf c;
	uint32_t before;
	void *q;
	int r;

	if (!nic_open(n, &w))
		return false;
	CHECK(n->nic->configure(n->dev, &n->conf) == -EBUSY, "it is configured under its queues");
	if (!nic_stop_queues(n))
		return false;
	c = n->conf;
	c.mtu = n->info.mtu_max + 1;
	CHECK(n->nic->configure(n->dev, &c) == -EINVAL, "an MTU over mtu_max is taken");
	c = n->conf;
	c.features = 1ull << 63;
	CHECK(n->nic->configure(n->dev, &c) == -EINVAL, "a feature not offered is taken");
	c = n->conf;
	c.rx_room = 3000;
	CHECK(n->nic->configure(n->dev, &c) == -EINVAL, "rx_room 3000 is taken");
	c = n->conf;
	c.rx_queues = n->info.rx_queues + 1;
	CHECK(n->nic->configure(n->dev, &c) == -EINVAL, "more queues than there are are taken");
	r = n->nic->configure(n->dev, &n->conf);
	CHECK(!r, "the right configuration is refused: %d", r);
	before = host_allocs(n->h);
	CHECK(n->nic->queue(n->dev, VMHI_QUEUE_RX, 7, 256, VMHI_NO_VEC, &q) == -EINVAL,
	      "queue 7 can be made");
	CHECK(n->nic->queue(n->dev, VMHI_QUEUE_RX, 0, 100, VMHI_NO_VEC, &q) == -EINVAL,
	      "a depth of 100 is taken");
	CHECK(n->nic->queue(n->dev, VMHI_QUEUE_RX, 0, 2 * n->info.depth_max, VMHI_NO_VEC, &q) ==
		      -EINVAL, "twice the largest depth is taken");
	CHECK(n->nic->queue(n->dev, 2, 0, 256, VMHI_NO_VEC, &q) == -EINVAL, "kind 2 is taken");
	CHECK(host_allocs(n->h) == before, "a refused queue kept memory");
	n->conf.tx_queues = n->conf.rx_queues = 0;
	return nic_close(n);
}

/* The host's memory runs out at each place in turn: -ENOMEM, nothing kept, and then it works. */
static bool test_no_memory(struct nic *n, const struct expect *x)
{
	struct vmhi_nic_conf c = {.size = sizeof(c), .mtu = 1500, .rx_room = 2048,
				  .event_vec = VMHI_NO_VEC, .tx_queues = 1, .rx_queues = 1};
	struct nic_want w = nic_want();
	struct vmhi_attach at;
	uint32_t before;
	void *q;
	int r;

	host_attach_args(n->h, &at, VMHI_ATTACH_WARM);
	for (int i = 0; i <= HOST_PIECES; i++) {
		n->h->fail_alloc = i;
		r = n->ops->attach(&host_table, n->h, &at, &n->dev);
		if (!r)
			break;
		CHECK(r == -ENOMEM && !host_allocs(n->h), "attach without memory answers %d", r);
	}
	n->h->fail_alloc = -1;
	CHECK(!r, "attach: error %d", r);
	if (!nic_identify(n))
		return false;
	r = n->nic->configure(n->dev, &c);
	CHECK(!r, "configure: error %d", r);
	for (uint32_t kind = 0; kind < 2; kind++) {
		before = host_allocs(n->h);
		for (int i = 0; i <= HOST_PIECES; i++) {
			n->h->fail_alloc = i;
			r = n->nic->queue(n->dev, kind, 0, n->info.depth_min, VMHI_NO_VEC,
					  &q);
			if (!r)
				break;
			CHECK(r == -ENOMEM && host_allocs(n->h) == before,
			      "queue without memory answers %d", r);
		}
		n->h->fail_alloc = -1;
		CHECK(!r, "no queue: error %d", r);
		n->nic->queue_free(q);
	}
	if (!nic_detach(n))
		return false;
	CHECK(!host_allocs(n->h), "memory is left");
	return nic_open(n, &w) && nic_close(n);
}

/*
 * A card that answers nonsense: attach ends within its 10 s, one way or the other. All ones is what a
 * card that is not there answers.
 */
static bool test_nonsense(struct nic *n, const struct expect *x)
{
	struct nic_want w = nic_want();
	struct vmhi_attach at;
	uint64_t start;
	int r;

	host_attach_args(n->h, &at, 0);
	for (uint32_t i = 0; i < 8; i++) {
		n->h->lie = i < 2 ? HOST_LIE_ONES + i : HOST_LIE_RANDOM;
		start = host_clock();
		r = n->ops->attach(&host_table, n->h, &at, &n->dev);
		if (!r) {
			n->ops->quiesce(n->dev);
			n->ops->detach(n->dev);
		}
		n->h->lie = 0;
		CHECK(r < 0 || i, "attach to a card that answers all ones works");
		CHECK(host_clock() - start < 10000000000ull, "attach took over 10 s");
		CHECK(!host_allocs(n->h), "memory is left");
	}
	return nic_open(n, &w) && nic_close(n);
}

static bool test_link(struct nic *n, const struct expect *x)
{
	struct nic_want w = nic_want();

	w.flags = 0;
	if (!nic_open(n, &w))
		return false;
	CHECK(!x->speed || n->speed == x->speed, "speed %u", n->speed);
	/* the first state told may be up, before negotiation takes it down: let that end */
	for (uint64_t end = host_clock() + 1000000000ull; host_clock() < end; nic_poll(n))
		usleep(1000);
	CHECK(nic_wait_link(n, true, NIC_LINK_MS), "the link went down, and did not come back");
	return peer_clear(n) && nic_close(n);
}

/* Without vectors the driver looks by timer. */
static bool test_link_polled(struct nic *n, const struct expect *x)
{
	struct nic_want w = nic_want();

	w.flags = 0;
	w.polled = true;
	return nic_open(n, &w) && peer_clear(n) && nic_close(n);
}

/* Out for long enough that a driver which looks once a second sees it. */
static bool cable(struct nic *n, bool polled)
{
	struct nic_want w = nic_want();

	w.flags = 0;
	w.polled = polled;
	if (!nic_open(n, &w) || !peer_pull_cable(n, 2000))
		return false;
	CHECK(nic_wait_link(n, false, 3000), "the cable is out, and no link event came");
	CHECK(nic_wait_link(n, true, NIC_LINK_MS), "the cable is back, and no link event came");
	return peer_clear(n) && nic_close(n);
}

static bool test_cable(struct nic *n, const struct expect *x)
{
	return cable(n, false);
}

static bool test_cable_polled(struct nic *n, const struct expect *x)
{
	return cable(n, true);
}

/* A driver that takes over does not disturb the link: no event but up, and frames at once. */
static bool test_warm(struct nic *n, const struct expect *x)
{
	struct nic_want w = nic_want();

	for (int i = 0; i < 3; i++) {
		n->link_downs = 0;
		if (!nic_open(n, &w) || !peer_clear(n))
			return false;
		for (uint64_t end = host_clock() + 700000000ull; host_clock() < end; nic_poll(n))
			usleep(1000);
		CHECK(!n->link_downs && n->link, "the link went down in a warm start");
		if (!nic_close(n))
			return false;
	}
	return true;
}

static bool sleep_on(struct nic *n, uint32_t vec, int ms)
{
	struct pollfd p = {.fd = n->h->irq[vec], .events = POLLIN};

	return poll(&p, 1, ms) == 1 && host_irq_taken(n->h, vec);
}

static int arm(struct nic *n, void *q)
{
	int r;

	n->h->queue_call = "arm";
	r = n->nic->arm(q);
	n->h->queue_call = NULL;
	return r;
}

/* Arms until nothing is there, as a worker does before it sleeps. */
static bool go_idle(struct nic *n, void *q)
{
	for (int i = 0; i < 100; i++) {
		if (arm(n, q) == 0)
			return true;
		nic_poll(n);
	}
	return failed("arm says for ever that there is work");
}

/* One request to the far end; its answer must come by interrupt, the rest of the loop asleep. */
static bool ping_asleep(struct nic *n, uint32_t round)
{
	struct peer_msg m = {.dst = {2, 0, 0, 0, 0, 1}, .type = {0x88, 0xb5}, .op = PEER_CLEAR,
			     .magic = PEER_MAGIC, .seq = ++n->seq};

	n->answer.op = 0;
	if (!go_idle(n, n->rxq[0]))
		return false;
	if (!nic_send(n, 0, (uint8_t *)&m, 64, NULL, 1))
		return false;
	for (int wakes = 0; wakes < 5 && !n->answer.op; wakes++) {
		CHECK(sleep_on(n, n->rx_vec[0], 2000), "no receive interrupt in round %u", round);
		nic_poll(n);
		if (!n->answer.op && !go_idle(n, n->rxq[0]))
			return false;
	}
	CHECK(n->answer.op, "five interrupts and no frame in round %u", round);
	return true;
}

static bool test_interrupts(struct nic *n, const struct expect *x)
{
	struct nic_want w = nic_want();
	int extra = 0;

	if (!n->h->nvec)
		return lacking(n, "the card has no interrupt vectors");
	if (!nic_open(n, &w) || !peer_clear(n))
		return false;
	host_irq_taken(n->h, n->rx_vec[0]);
	host_irq_taken(n->h, n->tx_vec[0]);
	for (uint32_t i = 0; i < 200; i++)
		if (!ping_asleep(n, i))
			return false;
	/* not armed: silence */
	for (int i = 0; i < 20; i++) {
		if (!peer_clear(n))
			return false;
		extra += host_irq_taken(n->h, n->rx_vec[0]);
	}
	CHECK(extra <= 1, "%d receive interrupts while none was asked for", extra);
	for (uint32_t i = 0; i < 50; i++) {
		if (!nic_drain(n) || !go_idle(n, n->txq[0]))
			return false;
		if (!nic_send(n, 0, (uint8_t[64]){2, 0, 0, 0, 0, 1}, 64, NULL, 1))
			return false;
		CHECK(sleep_on(n, n->tx_vec[0], 2000), "no transmit interrupt in round %u", i);
	}
	return nic_close(n);
}

/* A flow that comes in receive queue 1, for as long as both run. */
static uint32_t flow_of_queue_1(struct nic *n, uint8_t *b)
{
	struct ip_frame f = {.proto = IPPROTO_TCP_, .saddr = 0x0a000001, .payload = 20};

	memcpy(f.dst, n->info.mac, 6);
	for (f.daddr = 1; f.daddr <= 64; f.daddr++) {
		uint32_t len = frame_ip(b, &f);
		struct frame *g = peer_exchange(n, b, len, len);

		if (g && g->queue == 1)
			return len;
	}
	failed("of 64 flows none comes in queue 1");
	return 0;
}

static bool all_idle(struct nic *n)
{
	for (int i = 0; i < 4; i++)
		if (!go_idle(n, i & 1 ? n->rxq[i / 2] : n->txq[i / 2]))
			return false;
	return true;
}

/* Each queue wakes its own vector, and no other's. */
static bool test_vectors(struct nic *n, const struct expect *x)
{
	struct nic_want w = nic_want();
	uint8_t b[200];
	uint32_t len;

	if (n->h->nvec < NIC_VECTORS)
		return lacking(n, "the card has %u vectors, not %u", n->h->nvec, NIC_VECTORS);
	w.rx_queues = w.tx_queues = 2;
	if (!nic_open(n, &w) || !peer_clear(n))
		return false;
	len = flow_of_queue_1(n, b);
	if (!len || !all_idle(n))
		return false;
	nic_forget_inbox(n);
	usleep(20000);
	for (uint32_t v = 0; v < n->h->nvec; v++)
		host_irq_taken(n->h, v);	/* of what happened before anyone asked */
	if (!all_idle(n) || !nic_send(n, 1, (uint8_t[64]){2, 0, 0, 0, 0, 1}, 64, NULL, 1))
		return false;
	CHECK(sleep_on(n, n->tx_vec[1], 2000), "no interrupt of transmit queue 1");
	CHECK(!host_irq_taken(n->h, n->tx_vec[0]), "transmit queue 0 woke for queue 1");
	/* the request leaves through queue 0, its answer arrives in queue 0, the flow in queue 1 */
	if (!peer_inject(n, b, len, len, 1))
		return false;
	CHECK(sleep_on(n, n->rx_vec[1], 2000), "no interrupt of receive queue 1");
	CHECK(sleep_on(n, n->rx_vec[0], 2000), "no interrupt of receive queue 0");
	CHECK(sleep_on(n, n->tx_vec[0], 2000), "no interrupt of transmit queue 0");
	CHECK(n->ninbox == 1 && n->inbox[0].queue == 1, "the flow is not in queue 1");
	return nic_close(n);
}

const struct nic_test life_tests[] = {
	{"admission", test_admission, ALONE},
	{"attach", test_attach, ALONE},
	{"refuse", test_refuse, ALONE},
	{"no-memory", test_no_memory, ALONE},
	{"nonsense", test_nonsense, ALONE},
	{"link", test_link, WIRE},
	{"link-polled", test_link_polled, WIRE},
	{"cable", test_cable, WIRE},
	{"cable-polled", test_cable_polled, WIRE},
	{"warm", test_warm, WIRE},
	{"interrupts", test_interrupts, WIRE},
	{"vectors", test_vectors, WIRE},
	{0},
};
