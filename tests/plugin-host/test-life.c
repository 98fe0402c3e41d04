// SPDX-License-Identifier: Apache-2.0
/* Attach, link, interrupts, statistics: what holds before any special feature is asked for. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/plugin-host/frames.h"
#include "tests/plugin-host/tests.h"

static bool test_attach(struct nic *n, const struct expect *x)
{
	struct nic_want w = nic_want();
	struct vmhi_attach at;
	void *dev;
	int r;

	host_attach_args(n->h, &at, 0);
	at.device ^= 0xffff;
	r = n->ops->attach(&host_table, n->h, &at, &dev);
	CHECK(r == -ENXIO, "attach to another device answers %d", r);
	CHECK(!host_allocs(n->h), "a refused attach kept memory");
	if (!nic_open(n, &w))
		return false;
	CHECK(!n->ops->query(n->dev, VMHI_IF_NIC, 0x7fff), "it has a NIC interface of version 32767");
	CHECK(!x->has_mac || !memcmp(n->info.mac, x->mac, 6),
	      "MAC %02x:%02x:%02x:%02x:%02x:%02x is not the card's", n->info.mac[0],
	      n->info.mac[1], n->info.mac[2], n->info.mac[3], n->info.mac[4], n->info.mac[5]);
	CHECK(n->info.tx_queues && n->info.rx_queues && n->info.tx_segs && n->info.mtu_max >= 1500,
	      "info is not sound");
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
	for (int i = 0; i < 20; i++) {
		n->h->fail_alloc = i;
		r = n->ops->attach(&host_table, n->h, &at, &n->dev);
		if (!r)
			break;
		CHECK(r == -ENOMEM && !host_allocs(n->h), "attach without memory answers %d", r);
	}
	n->nic = n->ops->query(n->dev, VMHI_IF_NIC, 1);
	n->h->fail_alloc = -1;
	CHECK(!r && !n->nic->configure(n->dev, &c), "no configuration: error %d", r);
	for (uint32_t kind = 0; kind < 2; kind++) {
		before = host_allocs(n->h);
		for (int i = 0; i < 20; i++) {
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
	CHECK(!n->ops->quiesce(n->dev), "quiesce fails");
	n->ops->detach(n->dev);
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
	bool can;

	w.flags = 0;
	if (!nic_open(n, &w))
		return false;
	CHECK(n->speed == 1000, "speed %u", n->speed);
	/* the first state told may be up, before negotiation takes it down: let that end */
	for (uint64_t end = host_clock() + 1000000000ull; host_clock() < end; nic_poll(n))
		usleep(1000);
	CHECK(n->link, "no link a second later");
	if (!peer_pull_cable(n, 1000, &can))
		return false;
	if (can) {
		CHECK(nic_wait_link(n, false, 3000), "the cable is out, and no link event came");
		CHECK(nic_wait_link(n, true, 5000), "the cable is back, and no link event came");
	}
	return peer_clear(n) && nic_close(n);
}

/* Without vectors the driver looks by timer. */
static bool test_link_polled(struct nic *n, const struct expect *x)
{
	struct nic_want w = nic_want();
	bool can;

	w.flags = 0;
	w.polled = true;
	if (!nic_open(n, &w) || !peer_pull_cable(n, 1500, &can))
		return false;
	if (can) {
		CHECK(nic_wait_link(n, false, 3000), "the cable is out, and no link event came");
		CHECK(nic_wait_link(n, true, 5000), "the cable is back, and no link event came");
	}
	return peer_clear(n) && nic_close(n);
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

	if (n->h->nvec < NIC_VECTORS)
		return lacking(n, "the card has %u vectors, not %u", n->h->nvec, NIC_VECTORS);
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

/* Each queue wakes its own vector, and no other's. */
static bool test_vectors(struct nic *n, const struct expect *x)
{
	struct ip_frame f = {.proto = IPPROTO_TCP_, .saddr = 0x0a000001, .payload = 20};
	struct nic_want w = nic_want();
	uint8_t b[200];
	uint32_t len;

	if (n->h->nvec < NIC_VECTORS)
		return lacking(n, "the card has %u vectors, not %u", n->h->nvec, NIC_VECTORS);
	w.rx_queues = w.tx_queues = 2;
	if (!nic_open(n, &w) || !peer_clear(n))
		return false;
	memcpy(f.dst, n->info.mac, 6);
	for (f.daddr = 1; !(frame_hash(&f) & 1); f.daddr++)
		;	/* a flow of queue 1 */
	len = frame_ip(b, &f);
	for (int i = 0; i < 4; i++)
		if (!go_idle(n, i & 1 ? n->rxq[i / 2] : n->txq[i / 2]))
			return false;
	usleep(20000);
	for (uint32_t v = 0; v < n->h->nvec; v++)
		host_irq_taken(n->h, v);	/* of what happened before anyone asked */
	for (int i = 0; i < 4; i++)
		if (!go_idle(n, i & 1 ? n->rxq[i / 2] : n->txq[i / 2]))
			return false;
	if (!nic_send(n, 1, (uint8_t[64]){2, 0, 0, 0, 0, 1}, 64, NULL, 1))
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

static bool test_stats(struct nic *n, const struct expect *x)
{
	static const char *const name[] = {
		"RX_PACKETS", "RX_BYTES", "TX_PACKETS", "TX_BYTES", "RX_MULTICAST",
		"RX_BROADCAST", "TX_MULTICAST", "TX_BROADCAST", "RX_NO_BUFFER", "RX_CRC_ERR",
		"RX_LENGTH_ERR", "RX_ERR", "TX_ERR"};
	static const uint8_t mc[1][6] = {{1, 0, 0x5e, 1, 2, 3}}, bc[6] = {255, 255, 255, 255, 255, 255};
	struct nic_want w = nic_want();
	uint64_t v[VMHI_STAT_TX_ERR + 1];
	uint8_t f[2000];

	memset(n->want, 0, sizeof(n->want));
	if (!nic_open(n, &w) || !nic_filter(n, 0, &n->info.mac, 1, mc, 1, NULL))
		return false;
	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < 100; i++) {
			frame_plain(f, i % 3 == 0 ? mc[0] : i % 3 == 1 ? bc : n->info.mac, 0x88b6,
				    60 + 13 * i);
			if (!nic_send(n, 0, f, 60 + 13 * i, NULL, 1 + i % 4))
				return false;
			if (!peer_inject(n, f, 14, 60 + 14 * i, 1 + i % 3))
				return false;
		}
		if (!nic_drain(n))
			return false;
		n->nic->stats(n->dev, v, VMHI_STAT_TX_ERR + 1);
		if (x->multicast_twice)
			v[VMHI_STAT_RX_MULTICAST] /= 2;
		for (int i = 0; i <= VMHI_STAT_TX_ERR; i++)
			CHECK(v[i] == n->want[i], "%s is %lu, not %lu, in round %u", name[i],
			      (long)v[i], (long)n->want[i], round);
		nic_forget_inbox(n);
		/* what was counted outlives the queues */
		if (round == 1 && (!nic_stop_queues(n) || !nic_configure(n, &w) ||
				   !nic_filter(n, 0, &n->info.mac, 1, mc, 1, NULL)))
			return false;
	}
	return nic_close(n);
}

/* Seven times: the model's command, and the counter that must tell of it. */
static const struct fault {
	const char *command;
	uint32_t stat;
} faults[] = {
	{"tx collisions 7", VMHI_STAT_TX_ERR},
	{"rx crc 7", VMHI_STAT_RX_CRC_ERR},
	{"rx short 7", VMHI_STAT_RX_LENGTH_ERR},
	{"rx symbol 7", VMHI_STAT_RX_ERR},
};

static bool one_error(struct nic *n, const struct fault *fault, bool *can)
{
	static const uint8_t far_end[6] = {2, 0, 0, 0, 0, 1};
	uint64_t before[VMHI_STAT_TX_ERR + 1], v[VMHI_STAT_TX_ERR + 1];
	bool send = fault->stat == VMHI_STAT_TX_ERR;
	uint8_t f[100];

	frame_plain(f, send ? far_end : n->info.mac, 0x88b6, sizeof(f));
	n->nic->stats(n->dev, before, VMHI_STAT_TX_ERR + 1);
	if (!peer_break(n, fault->command, can) || !*can)
		return !*can;
	for (int i = 0; i < 7 && send; i++)
		if (!nic_send(n, 0, f, sizeof(f), NULL, 1))
			return false;
	if (!send && !peer_inject(n, f, sizeof(f), sizeof(f), 7))
		return false;
	if (!nic_drain(n) || !peer_clear(n))
		return false;
	n->nic->stats(n->dev, v, VMHI_STAT_TX_ERR + 1);
	for (uint32_t i = VMHI_STAT_RX_NO_BUFFER; i <= VMHI_STAT_TX_ERR; i++)
		CHECK(v[i] - before[i] == (i == fault->stat ? 7 : 0), "%s: counter %u went up by %lu",
		      fault->command, i, (long)(v[i] - before[i]));
	CHECK(!n->ninbox, "a frame that was spoiled arrived");
	return true;
}

/* Each error has its counter, and no other moves. */
static bool test_errors(struct nic *n, const struct expect *x)
{
	struct nic_want w = nic_want();
	uint64_t v[VMHI_STAT_TX_ERR + 1];
	bool can = true;
	uint8_t f[14];

	if (!nic_open(n, &w))
		return false;
	frame_plain(f, n->info.mac, 0x88b6, sizeof(f));
	if (!peer_inject(n, f, sizeof(f), 1600, 5))
		return false;
	n->nic->stats(n->dev, v, VMHI_STAT_TX_ERR + 1);
	for (uint32_t i = 0; i < n->ninbox; i++)
		CHECK(n->inbox[i].err == VMHI_PKT_ERR_LENGTH, "1600 bytes are no error");
	CHECK(v[VMHI_STAT_RX_LENGTH_ERR] + n->ninbox == 5, "of 5 frames too long %lu were counted",
	      (long)v[VMHI_STAT_RX_LENGTH_ERR]);
	nic_forget_inbox(n);
	for (size_t i = 0; can && i < sizeof(faults) / sizeof(faults[0]); i++)
		if (!one_error(n, &faults[i], &can))
			return false;
	return nic_close(n);
}

const struct nic_test life_tests[] = {
	{"attach", test_attach, ALONE},
	{"refuse", test_refuse, ALONE},
	{"no-memory", test_no_memory, ALONE},
	{"nonsense", test_nonsense, ALONE},
	{"link", test_link, WIRE},
	{"link-polled", test_link_polled, WIRE},
	{"warm", test_warm, WIRE},
	{"interrupts", test_interrupts, WIRE},
	{"vectors", test_vectors, WIRE},
	{"stats", test_stats, WIRE},
	{"stats-errors", test_errors, WIRE},
	{0},
};
