// SPDX-License-Identifier: Apache-2.0
/* Statistics: the card's counters are cleared as they are read, so they are summed up here. */
#include "dev.h"

struct counter {
	uint32_t reg;
	uint32_t stat;
};

static const struct counter counters[] = {
	{S_GPRC, VMHI_STAT_RX_PACKETS},
	{S_GPTC, VMHI_STAT_TX_PACKETS},
	{S_MPRC, VMHI_STAT_RX_MULTICAST},
	{S_BPRC, VMHI_STAT_RX_BROADCAST},
	{S_MPTC, VMHI_STAT_TX_MULTICAST},
	{S_BPTC, VMHI_STAT_TX_BROADCAST},
	{S_MPC, VMHI_STAT_RX_NO_BUFFER},
	{S_CRCERRS, VMHI_STAT_RX_CRC_ERR},
	{S_RUC, VMHI_STAT_RX_LENGTH_ERR},
	{S_RFC, VMHI_STAT_RX_LENGTH_ERR},
	{S_ROC, VMHI_STAT_RX_LENGTH_ERR},
	{S_RJC, VMHI_STAT_RX_LENGTH_ERR},
	{S_ALGNERRC, VMHI_STAT_RX_ERR},
	{S_RXERRC, VMHI_STAT_RX_ERR},
	{S_ECOL, VMHI_STAT_TX_ERR},
	{S_TNCRS, VMHI_STAT_TX_ERR},
};

#define NCOUNTERS (sizeof(counters) / sizeof(counters[0]))

static uint64_t rd64(struct dev *d, uint32_t low)
{
	uint64_t v = rd(d, low);

	return v | (uint64_t)rd(d, low + 4) << 32;
}

void stats_collect(struct dev *d)
{
	/* A card that fell off the bus answers all ones, which are no counts. */
	if (is_gone(d) || rd(d, R_STATUS) == ~0u)
		return;
	for (uint32_t i = 0; i < NCOUNTERS; i++) {
		uint32_t v = rd(d, counters[i].reg);

		d->stat[counters[i].stat] += v;
		/* GORC counts each frame's FCS too */
		if (counters[i].reg == S_GPRC)
			d->stat[VMHI_STAT_RX_BYTES] += rd64(d, S_GORCL) - 4ull * v;
	}
}

/*
 * Counters may outlive a reset (QEMU 7.2's do). In a hurry the totals tell: no frame came or went
 * since the reset, or these two were not touched by it.
 */
void stats_clear(struct dev *d)
{
	if (!d->warm || rd(d, S_TPR) || rd(d, S_TPT))
		stats_collect(d);
	for (uint32_t i = 0; i < NSTATS; i++)
		d->stat[i] = 0;
}

/*
 * Octets sent are counted by the queues: the datasheet's counter (GOTC) has the FCS in it, that of
 * QEMU 7.2's card has not, and nothing tells which it is.
 */
static uint64_t sent_bytes(const struct dev *d)
{
	uint64_t bytes = d->tx_bytes;

	for (uint32_t i = 0; i < QUEUES; i++)
		if (d->tx[i])
			bytes += __atomic_load_n(&d->tx[i]->tx.bytes, __ATOMIC_RELAXED);
	return bytes;
}

int stats_get(void *dev, uint64_t *v, uint32_t n)
{
	struct dev *d = dev;

	stats_collect(d);
	d->stat[VMHI_STAT_TX_BYTES] = sent_bytes(d);
	for (uint32_t i = 0; i < n; i++)
		v[i] = i < NSTATS ? d->stat[i] : 0;
	return NSTATS;
}
