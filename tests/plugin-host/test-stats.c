// SPDX-License-Identifier: Apache-2.0
/* The driver's counters against what was sent and what arrived. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/plugin-host/frames.h"
#include "tests/plugin-host/tests.h"

#define COUNTERS (VMHI_STAT_TX_ERR + 1)

static const char *const names[COUNTERS] = {
	"RX_PACKETS", "RX_BYTES", "TX_PACKETS", "TX_BYTES", "RX_MULTICAST", "RX_BROADCAST",
	"TX_MULTICAST", "TX_BROADCAST", "RX_NO_BUFFER", "RX_CRC_ERR", "RX_LENGTH_ERR", "RX_ERR",
	"TX_ERR"};

static bool must(uint32_t i)
{
	return i <= VMHI_STAT_TX_BYTES;
}

/* Right, or 0 where a driver need not count. */
static bool counts(const struct nic *n, const uint64_t *v)
{
	for (uint32_t i = 0; i < COUNTERS; i++)
		if (v[i] != n->want[i] && (must(i) || v[i]))
			return false;
	return true;
}

/* What came a second ago is counted: asks until it is right, or should be. */
static bool judge(struct nic *n, const struct expect *x, uint32_t *uncounted)
{
	uint64_t v[COUNTERS], end = host_clock() + 1500000000ull;
	int r;

	do {
		nic_poll(n);
		r = n->nic->stats(n->dev, v, COUNTERS);
		CHECK(r >= COUNTERS, "stats answers %d", r);
		if (x->multicast_twice)
			v[VMHI_STAT_RX_MULTICAST] /= 2;
	} while (!counts(n, v) && host_clock() < end && !usleep(10000));
	for (uint32_t i = 0; i < COUNTERS; i++) {
		if (!must(i) && !v[i] && n->want[i])
			*uncounted |= 1u << i;
		else
			CHECK(v[i] == n->want[i], "%s is %lu, not %lu", names[i], (long)v[i],
			      (long)n->want[i]);
	}
	return true;
}

/* The end of a test: skipped, if the driver leaves some of it uncounted. */
static bool close_counted(struct nic *n, uint32_t uncounted)
{
	char list[120] = "";

	if (!nic_close(n))
		return false;
	for (uint32_t i = 0; i < COUNTERS; i++)
		if (uncounted & 1u << i)
			snprintf(list + strlen(list), sizeof(list) - strlen(list), " %s", names[i]);
	return !uncounted || lacking(n, "the driver does not count%s", list);
}

static bool test_stats(struct nic *n, const struct expect *x)
{
	static const uint8_t mc[1][6] = {{1, 0, 0x5e, 1, 2, 3}}, bc[6] = {255, 255, 255, 255, 255, 255};
	struct nic_want w = nic_want();
	uint32_t uncounted = 0;
	uint8_t f[2000];

	memset(n->want, 0, sizeof(n->want));
	if (!nic_open(n, &w) || !nic_filter(n, 0, &n->info.mac, 1, mc, 1, NULL))
		return false;
	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < 100; i++) {
			uint32_t nseg = 1 + i % (n->info.tx_segs < 4 ? n->info.tx_segs : 4);

			frame_plain(f, i % 3 == 0 ? mc[0] : i % 3 == 1 ? bc : n->info.mac, 0x88b6,
				    60 + 13 * i);
			if (!nic_send(n, 0, f, 60 + 13 * i, NULL, nseg) ||
			    !peer_inject(n, f, 14, 60 + 14 * i, 1 + i % 3))
				return false;
		}
		if (!nic_drain(n) || !judge(n, x, &uncounted))
			return false;
		nic_forget_inbox(n);
		/* what was counted outlives the queues */
		if (round == 1 && (!nic_stop_queues(n) || !nic_configure(n, &w) ||
				   !nic_filter(n, 0, &n->info.mac, 1, mc, 1, NULL)))
			return false;
	}
	return close_counted(n, uncounted);
}

/* Waits until a counter is up by so much, a second and a half at most; by how much each is. */
static void grown(struct nic *n, const uint64_t *before, uint32_t stat, uint64_t by, uint64_t *up)
{
	uint64_t end = host_clock() + 1500000000ull;

	do {
		nic_poll(n);
		n->nic->stats(n->dev, up, COUNTERS);
		for (uint32_t i = 0; i < COUNTERS; i++)
			up[i] -= before[i];
	} while (up[stat] < by && host_clock() < end && !usleep(10000));
}

/* Frames over the largest: each is handed over as an error, or counted as one. */
static bool test_too_long(struct nic *n, const struct expect *x)
{
	static const uint64_t none[COUNTERS];
	struct nic_want w = nic_want();
	uint64_t v[COUNTERS];
	uint8_t f[14];

	if (!nic_open(n, &w))
		return false;
	frame_plain(f, n->info.mac, 0x88b6, sizeof(f));
	if (!peer_inject(n, f, sizeof(f), 1600, 5))
		return false;
	grown(n, none, VMHI_STAT_RX_LENGTH_ERR, 5 - n->ninbox, v);
	for (uint32_t i = 0; i < n->ninbox; i++)
		CHECK(n->inbox[i].err == VMHI_PKT_ERR_LENGTH, "1600 bytes are no error");
	if (!v[VMHI_STAT_RX_LENGTH_ERR] && n->ninbox < 5)
		return close_counted(n, 1u << VMHI_STAT_RX_LENGTH_ERR);
	CHECK(v[VMHI_STAT_RX_LENGTH_ERR] + n->ninbox == 5, "of 5 frames too long %lu were counted",
	      (long)v[VMHI_STAT_RX_LENGTH_ERR]);
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

static bool one_error(struct nic *n, const struct fault *fault, uint32_t *uncounted)
{
	static const uint8_t far_end[6] = {2, 0, 0, 0, 0, 1};
	uint64_t before[COUNTERS], up[COUNTERS];
	bool send = fault->stat == VMHI_STAT_TX_ERR;
	uint8_t f[100];

	frame_plain(f, send ? far_end : n->info.mac, 0x88b6, sizeof(f));
	n->nic->stats(n->dev, before, COUNTERS);
	if (!peer_break(n, fault->command))
		return false;
	for (int i = 0; i < 7 && send; i++)
		if (!nic_send(n, 0, f, sizeof(f), NULL, 1))
			return false;
	if (!send && !peer_inject(n, f, sizeof(f), sizeof(f), 7))
		return false;
	if (!nic_drain(n) || !peer_clear(n))
		return false;
	grown(n, before, fault->stat, 7, up);
	if (!up[fault->stat])
		*uncounted |= 1u << fault->stat;
	for (uint32_t i = VMHI_STAT_RX_NO_BUFFER; i < COUNTERS; i++)
		CHECK(up[i] == (i == fault->stat ? 7 : 0) || (i == fault->stat && !up[i]),
		      "%s: %s went up by %lu", fault->command, names[i], (long)up[i]);
	for (uint32_t i = 0; i < n->ninbox; i++)
		CHECK(n->inbox[i].err, "a frame that was spoiled arrived as a good one");
	nic_forget_inbox(n);
	return true;
}

/* Each error has its counter, and no other moves. */
static bool test_errors(struct nic *n, const struct expect *x)
{
	struct nic_want w = nic_want();
	uint32_t uncounted = 0;

	if (!nic_open(n, &w))
		return false;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (!one_error(n, &faults[i], &uncounted))
			return false;
	return close_counted(n, uncounted);
}

/* Counters never run backwards, also when queues go and come. */
static bool test_steady(struct nic *n, const struct expect *x)
{
	struct nic_want w = nic_want();
	uint64_t v[COUNTERS] = {0}, before[COUNTERS];
	uint8_t f[100];
	int r;

	if (!nic_open(n, &w))
		return false;
	frame_plain(f, (const uint8_t[6]){2, 0, 0, 0, 0, 1}, 0x88b6, sizeof(f));
	for (int round = 0; round < 4; round++) {
		for (int i = 0; i < 16; i++)
			if (!nic_send(n, 0, f, sizeof(f), NULL, 1))
				return false;
		nic_poll(n);
		if (round & 1 && (!nic_stop_queues(n) || !nic_configure(n, &w)))
			return false;
		memcpy(before, v, sizeof(v));
		r = n->nic->stats(n->dev, v, COUNTERS);
		CHECK(r >= COUNTERS, "stats answers %d", r);
		for (uint32_t i = 0; i < COUNTERS; i++)
			CHECK(v[i] >= before[i], "%s ran backwards, from %lu to %lu", names[i],
			      (long)before[i], (long)v[i]);
	}
	return nic_close(n);
}

const struct nic_test stats_tests[] = {
	{"stats-steady", test_steady, ALONE},
	{"stats", test_stats, WIRE},
	{"stats-too-long", test_too_long, WIRE},
	{"stats-errors", test_errors, WIRE},
	{0},
};
