// SPDX-License-Identifier: Apache-2.0
/* Receiving: the far end sends, and every byte and flag is judged. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/plugin-host/frames.h"
#include "tests/plugin-host/tests.h"

static bool same(const struct frame *g, const uint8_t *f, uint32_t len)
{
	CHECK(g->len == len, "a frame of %u bytes arrived as %u", len, g->len);
	CHECK(!g->err, "a good frame of %u bytes has err %u", len, g->err);
	for (uint32_t i = 0; i < len; i++)
		CHECK(g->data[i] == f[i], "byte %u of a frame of %u is %02x, not %02x", i, len,
		      g->data[i], f[i]);
	return true;
}

static bool sizes(struct nic *n, uint32_t from, uint32_t to, uint32_t step)
{
	uint8_t f[NIC_FRAME];

	for (uint32_t len = from; len <= to; len += step) {
		uint32_t nseg = (len + n->conf.rx_room - 1) / n->conf.rx_room;
		struct frame *g;

		frame_plain(f, n->info.mac, 0x88b6, len);
		g = peer_exchange(n, f, 14, len);
		if (!g || !same(g, f, len))
			return false;
		CHECK(g->nseg <= nseg + 1, "a frame of %u bytes has %u segments", len, g->nseg);
		CHECK(!(g->flags & ~(VMHI_PKT_MORE | VMHI_PKT_HASH)), "a plain frame has flags %x",
		      g->flags);
	}
	return true;
}

static bool test_sizes(struct nic *n, const struct expect *x)
{
	struct nic_want w = nic_want();

	return nic_open(n, &w) && sizes(n, 60, 1514, 61) && sizes(n, 1514, 1514, 1) && nic_close(n);
}

/* Several buffers a frame, and one that holds it all. */
static bool test_jumbo(struct nic *n, const struct expect *x)
{
	struct nic_want w = nic_want();

	w.mtu = 9000;
	for (w.room = 2048; w.room <= 16384; w.room *= 2) {
		if (!nic_open(n, &w) || !sizes(n, 1514, 9014, 500) || !sizes(n, 9014, 9014, 1) ||
		    !nic_close(n))
			return false;
	}
	return true;
}

/* Longer than the MTU: dropped, or handed over as an error; good ones after it are whole. */
static bool test_oversize(struct nic *n, const struct expect *x)
{
	static const uint32_t mtus[] = {1000, 1500, 4000, 9000};
	struct nic_want w = nic_want();
	uint8_t f[NIC_FRAME];

	for (int i = 0; i < 4 && mtus[i] <= n->info.mtu_max; i++) {
		w.mtu = mtus[i];
		if (!nic_open(n, &w))
			return false;
		for (uint32_t len = w.mtu + 100; len < 16000; len += 2900) {
			frame_plain(f, n->info.mac, 0x88b6, len);
			nic_forget_inbox(n);
			if (!peer_inject(n, f, 14, len, 2))
				return false;
			for (uint32_t k = 0; k < n->ninbox; k++)
				CHECK(n->inbox[k].err == VMHI_PKT_ERR_LENGTH,
				      "%u bytes at MTU %u have err %u", len, w.mtu, n->inbox[k].err);
			if (!sizes(n, w.mtu + 14, w.mtu + 14, 1))
				return false;
		}
		if (!nic_close(n))
			return false;
	}
	return true;
}

static void wait_ms(struct nic *n, uint32_t ms)
{
	for (uint64_t end = host_clock() + ms * 1000000ull; host_clock() < end; nic_poll(n))
		usleep(100);
}

/* More than there are buffers: what does not arrive later was counted as lost. */
static bool test_no_buffer(struct nic *n, const struct expect *x)
{
	struct peer_msg m = {.dst = {2, 0, 0, 0, 0, 1}, .type = {0x88, 0xb5}, .op = PEER_INJECT,
			     .magic = PEER_MAGIC, .arg = {0, 100}, .len = 14};
	uint64_t v[VMHI_STAT_TX_ERR + 1], lost, end;
	struct nic_want w = nic_want();
	uint32_t sent, came;

	w.depth = 64;
	if (!nic_open(n, &w) || !peer_clear(n))
		return false;
	frame_plain(m.data, n->info.mac, 0x88b6, 14);
	m.arg[0] = 3 * n->depth;
	sent = m.arg[0] + 1;	/* and the answer */
	n->answer.op = 0;
	n->hold = true;
	if (!nic_send(n, 0, (uint8_t *)&m, PEER_HEAD + 64, NULL, 1))
		return false;
	wait_ms(n, 300);
	CHECK(n->ninbox && n->ninbox <= n->depth, "%u frames in a ring of %u", n->ninbox, n->depth);
	n->hold = false;
	nic_post_all(n, 0);
	end = host_clock() + 2000000000ull;
	do {
		wait_ms(n, 100);
		n->nic->stats(n->dev, v, VMHI_STAT_TX_ERR + 1);
		lost = v[VMHI_STAT_RX_NO_BUFFER];
		came = n->ninbox + !!n->answer.op;
	} while (came + lost != sent && host_clock() < end);
	if (came < sent && !lost)
		return nic_close(n) && lacking(n, "the driver does not count RX_NO_BUFFER");
	CHECK(came + lost == sent, "%u frames arrived and %lu are counted as lost, of %u", came,
	      (long)lost, sent);
	return peer_clear(n) && nic_close(n);
}

static struct ip_frame flow(struct nic *n, uint32_t i)
{
	struct ip_frame f = {.proto = i & 1 ? IPPROTO_TCP_ : IPPROTO_UDP_,
			     .options = i & 2 ? 4 : 0, .vid = i & 4 ? 9 : 0,
			     .sport = (uint16_t)(1000 + i), .dport = 80,
			     .saddr = 0x0a000100 + i * 2654435761u, .daddr = 0x0a000001, .payload = 20 + 17 * i};

	memcpy(f.dst, n->info.mac, 6);
	return f;
}

/* Of all that is asked about: how much the device has judged, and where it must. */
struct judged {
	uint32_t asked, checked;
};

/* What is said of a checksum: the right thing, or nothing where the device need not judge. */
static bool sum_told(const struct frame *g, uint32_t ok, uint32_t bad, bool is_bad, bool must,
		     const char *what, struct judged *all)
{
	uint32_t told = g->flags & (ok | bad);

	all->asked++;
	all->checked += !!told;
	CHECK(told == (is_bad ? bad : ok) || (!told && !must), "flags %x: %s checksum is %s",
	      g->flags, what, is_bad ? "wrong" : "right");
	return true;
}

static bool sums_judged(struct nic *n, uint32_t i, bool bad_l4, bool bad_ip, struct judged *all)
{
	struct ip_frame f = flow(n, i);
	uint8_t b[2048];
	uint32_t len = frame_ip(b, &f), kind = i & 1 ? VMHI_PKT_TCP : VMHI_PKT_UDP, told;
	bool must = !f.options && !f.vid;
	struct frame *g;

	if (bad_l4)
		b[len - 1] ^= 0x55;
	if (bad_ip)
		b[f.l3_off + 10] ^= 0x55;
	g = peer_exchange(n, b, len, len);
	if (!g || !same(g, b, len))
		return false;
	told = g->flags & (VMHI_PKT_TCP | VMHI_PKT_UDP);
	CHECK((!told || told == kind) && !(g->flags & VMHI_PKT_IPV6),
	      "flags %x of a packet of protocol %u", g->flags, f.proto);
	/* what is said of the payload behind a wrong IP header does not matter */
	return sum_told(g, VMHI_PKT_IP_OK, VMHI_PKT_IP_BAD, bad_ip, must, "the IP header's", all) &&
	       (bad_ip || sum_told(g, VMHI_PKT_CSUM_OK, VMHI_PKT_CSUM_BAD, bad_l4, must,
				   i & 1 ? "TCP's" : "UDP's", all));
}

/* What has no checksum, or only a part of one, is not called wrong: UDP's 0, a fragment. */
static bool sums_absent(struct nic *n, uint32_t i, bool fragment)
{
	struct ip_frame f = flow(n, i & ~1u);	/* UDP */
	uint8_t b[2048];
	uint32_t len;
	struct frame *g;

	f.fragment = fragment;
	len = frame_ip(b, &f);
	if (fragment)
		b[len - 1] ^= 0x55;
	else
		b[f.l4_off + 6] = b[f.l4_off + 7] = 0;
	g = peer_exchange(n, b, len, len);
	if (!g || !same(g, b, len))
		return false;
	CHECK(!(g->flags & VMHI_PKT_IP_BAD), "flags %x: the IP header's checksum is right", g->flags);
	CHECK(!(g->flags & VMHI_PKT_CSUM_BAD), "flags %x for %s", g->flags,
	      fragment ? "a fragment" : "UDP without a checksum");
	CHECK(!fragment || !(g->flags & VMHI_PKT_CSUM_OK), "flags %x for a fragment", g->flags);
	return true;
}

static bool test_checksums(struct nic *n, const struct expect *x)
{
	struct nic_want w = nic_want();
	struct judged all = {0};

	w.features = VMHI_NIC_RX_CSUM;
	if (!nic_open(n, &w))
		return false;
	for (uint32_t i = 0; i < 12; i++)
		if (!sums_judged(n, i, false, false, &all) ||
		    !sums_judged(n, i, true, false, &all) ||
		    !sums_judged(n, i, false, true, &all) || !sums_absent(n, i, false) ||
		    !sums_absent(n, i, true))
			return false;
	printf("    with options and tags, the device judged %u of %u checksums\n", all.checked,
	       all.asked);
	return sizes(n, 60, 100, 40) && nic_close(n);
}

/* Flows spread over the queues, each always to the same, with the same hash if it has one. */
static bool test_spread(struct nic *n, const struct expect *x)
{
	struct nic_want w = nic_want();
	struct {
		uint32_t queue, flags, hash;
	} first[32];
	uint32_t per_queue[NIC_QUEUES] = {0};
	uint8_t b[2048];

	w.rx_queues = NIC_QUEUES;
	if (!nic_open(n, &w))
		return false;
	for (uint32_t i = 0; i < 96; i++) {
		struct ip_frame f = flow(n, i % 32);
		uint32_t len = frame_ip(b, &f), flags;
		struct frame *g = peer_exchange(n, b, len, len);

		if (!g || !same(g, b, len))
			return false;
		flags = g->flags & VMHI_PKT_HASH;
		if (i < 32) {
			first[i].queue = g->queue;
			first[i].flags = flags;
			first[i].hash = g->hash;
			per_queue[g->queue]++;
			continue;
		}
		CHECK(g->queue == first[i % 32].queue, "flow %u came in queue %u, then in %u",
		      i % 32, first[i % 32].queue, g->queue);
		CHECK(flags == first[i % 32].flags && (!flags || g->hash == first[i % 32].hash),
		      "flow %u has hash %x, then %x", i % 32, first[i % 32].hash, g->hash);
	}
	CHECK(per_queue[0] && per_queue[1], "of 32 flows %u and %u came in the queues",
	      per_queue[0], per_queue[1]);
	return nic_close(n);
}

static bool test_vlan(struct nic *n, const struct expect *x)
{
	static const uint16_t tci[] = {1, 7, 4094, 0xe007};
	struct nic_want w = nic_want();
	uint8_t plain[2048], tagged[2048];

	for (int strip = 0; strip < 2; strip++) {
		w.features = strip ? VMHI_NIC_RX_VLAN : 0;
		if (!nic_open(n, &w))
			return false;
		for (uint32_t i = 0; i < 12; i++) {
			uint32_t len = 60 + i * 132, tlen;
			struct frame *g;

			frame_plain(plain, n->info.mac, 0x88b6, len);
			memcpy(tagged, plain, len);
			tlen = frame_tag(tagged, len, tci[i % 4]);
			g = peer_exchange(n, tagged, tlen < 1400 ? tlen : 1400, tlen);
			if (!g)
				return false;
			if (len > 1400)	/* the far end fills up with its own pattern */
				memcpy(tagged + 1400, g->data + g->len - (tlen - 1400), tlen - 1400),
				memcpy(plain + 1396, tagged + 1400, tlen - 1400);
			if (!same(g, strip ? plain : tagged, strip ? len : tlen))
				return false;
			CHECK(!!(g->flags & VMHI_PKT_VLAN) == strip, "flags %x", g->flags);
			CHECK(!strip || g->vlan == tci[i % 4], "tag %x", g->vlan);
		}
		if (!nic_close(n))
			return false;
	}
	return true;
}

const struct nic_test receive_tests[] = {
	{"receive-sizes", test_sizes, WIRE},
	{"receive-checksums", test_checksums, WIRE},
	{"receive-spread", test_spread, WIRE},
	{"receive-vlan", test_vlan, WIRE},
	{"receive-jumbo", test_jumbo, WIRE},
	{"receive-oversize", test_oversize, WIRE},
	{"receive-no-buffer", test_no_buffer, WIRE},
	{0},
};
