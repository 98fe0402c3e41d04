// SPDX-License-Identifier: Apache-2.0
/* BAR 0: which registers there are, what they hold after reset, and what reading and writing do. */
#include "card.h"

#include <string.h>

/* Plain registers: what reset leaves and what software may change. Others are in the switches. */
static const struct plain {
	uint32_t offset;
	uint16_t count;		/* dwords in a row */
	uint32_t reset, writable;
} plain[] = {
	{CTRL, 1, 0x00000201, 0x7bffffff},
	{STATUS, 1, 0x00080080, 0},
	{EEC, 1, 0, 0x00f0004f},
	{CTRL_EXT, 1, 0, 0x7fffdfff},
	{FLA, 1, 0, 0x3f},
	{FCAL, 1, 0, UINT32_MAX},
	{FCAH, 1, 0, 0xffff},
	{FCT, 1, 0, 0xffff},
	{VET, 1, 0x00008100, 0xffff},
	{ITR, 1, 0, 0xffff},
	{EIAC, 1, 0, 0x01f00000},
	{IAM, 1, 0, UINT32_MAX},
	{IVAR, 1, 0, 0x800fffff},
	{EITR0, VECTORS, 0, 0xffff},
	{RCTL, 1, 0, 0x7efffffe},
	{FCTTV, 1, 0, 0xffff},
	{TCTL, 1, 0x003f00fa, 0x1ffffffe},
	{TIPG, 1, 0x00602008, 0x3fffffff},
	{AIT, 1, 0, 0xffff},
	{LEDCTL, 1, 0x07061302, 0xcfcfcfcf},
	{EXTCNF_CTRL, 1, 0x00000008, 0x0fff0029},
	{EXTCNF_SIZE, 1, 0x00000501, UINT32_MAX},
	{POEMB, 1, 0, 0x0000004e},
	{PBA, 1, PBA_POWER_ON, 0x0000ffff},
	{PBS, 1, 0x00000028, 0xffff},
	{EEMNGCTL, 1, EEMNGCTL_DONE, 0},
	{EEARBC, 1, 0, UINT32_MAX},
	{FLOP, 1, 0, UINT32_MAX},
	{ERT, 1, 0, 0x3fff},
	{FCRTL, 1, 0, 0x8000fff8},
	{FCRTH, 1, 0, 0xfff8},
	{PSRCTL, 1, 0x00040402, 0x3f3f3f7f},
	{RDTR, 1, 0, 0xffff},
	{RADV, 1, 0, 0xffff},
	{RSRPD, 1, 0, 0xfff},
	{RAID, 1, 0, 0xffff},
	{CPUVEC, 1, 0, 0x1f},
	{TIDV, 1, 0, 0xffff},
	{TADV, 1, 0, 0xffff},
	{TARC(0), 1, 0x00000403, 0xffffffff},
	{TARC(1), 1, 0x00000403, 0xffffffff},
	{RXQ(0, Q_BAL), 1, 0, 0xfffffff0},
	{RXQ(0, Q_BAH), 1, 0, UINT32_MAX},
	{RXQ(0, Q_LEN), 1, 0, 0xfff80},
	{RXQ(0, Q_HEAD), 1, 0, 0xffff},
	{RXQ(0, Q_TAIL), 1, 0, 0xffff},
	{RXQ(0, Q_DCTL), 1, 0x00010000, 0x013f3f3f},
	{RXQ(1, Q_BAL), 1, 0, 0xfffffff0},
	{RXQ(1, Q_BAH), 1, 0, UINT32_MAX},
	{RXQ(1, Q_LEN), 1, 0, 0xfff80},
	{RXQ(1, Q_HEAD), 1, 0, 0xffff},
	{RXQ(1, Q_TAIL), 1, 0, 0xffff},
	{RXQ(1, Q_DCTL), 1, 0x00010000, 0x013f3f3f},
	{TXQ(0, Q_BAL), 1, 0, 0xfffffff0},
	{TXQ(0, Q_BAH), 1, 0, UINT32_MAX},
	{TXQ(0, Q_LEN), 1, 0, 0xfff80},
	{TXQ(0, Q_HEAD), 1, 0, 0xffff},
	{TXQ(0, Q_TAIL), 1, 0, 0xffff},
	{TXQ(0, Q_DCTL), 1, 0, 0xff7f3f3f},
	{TXQ(1, Q_BAL), 1, 0, 0xfffffff0},
	{TXQ(1, Q_BAH), 1, 0, UINT32_MAX},
	{TXQ(1, Q_LEN), 1, 0, 0xfff80},
	{TXQ(1, Q_HEAD), 1, 0, 0xffff},
	{TXQ(1, Q_TAIL), 1, 0, 0xffff},
	{TXQ(1, Q_DCTL), 1, 0, 0xff7f3f3f},
	{STATS, (STATS_END - STATS) / 4, 0, 0},
	{RXCSUM, 1, RXCSUM_IPOFL | RXCSUM_TUOFL, 0x000033ff},
	{RFCTL, 1, 0, 0x0007ffff},
	{MTA, 128, 0, UINT32_MAX},
	{RAL(0), 32, 0, UINT32_MAX},
	{VFTA, 128, 0, UINT32_MAX},
	{WUC, 1, 0, 0x1f},
	{WUFC, 1, 0, UINT32_MAX},
	{WUS, 1, 0, UINT32_MAX},
	{MRQC, 1, 0, UINT32_MAX},
	{MANC, 1, 0, UINT32_MAX},
	{IPAV, 1, 0, 0x0001000f},
	{MANC2H, 1, 0, UINT32_MAX},
	{GCR, 1, 0x08000000, UINT32_MAX},
	{GSCL1, 4, 0, UINT32_MAX},
	{FACTPS, 1, 0, 0},
	{SWSM, 1, 0, 0x0000000e},
	{FWSM, 1, 0, 0},
	{GCR2, 1, 0, UINT32_MAX},
	{RETA, 32, 0, UINT32_MAX},
	{RSSRK, 10, 0, UINT32_MAX},
};

#define NPLAIN (sizeof(plain) / sizeof(plain[0]))
_Static_assert(NPLAIN < 255, "the index is of bytes");

static const struct plain *find(uint32_t offset)
{
	static uint8_t index[CSR_SIZE / 4];	/* into plain, plus one; filled at first use */

	for (size_t i = 0; !index[REG(RSSRK)] && i < NPLAIN; i++)
		memset(index + REG(plain[i].offset), (int)i + 1, plain[i].count);
	return index[REG(offset)] ? &plain[index[REG(offset)] - 1] : NULL;
}

void registers_reset(struct card *c)
{
	memset(c->reg, 0, sizeof(c->reg));
	for (size_t i = 0; i < NPLAIN; i++)
		for (uint32_t k = 0; k < plain[i].count; k++)
			c->reg[REG(plain[i].offset) + k] = plain[i].reset;
}

/* The places where older cards of the family had some of the registers still lead to them. */
static uint32_t unalias(uint32_t offset)
{
	static const struct {
		uint16_t from, to, bytes;
	} alias[] = {
		{CTRL + 4, CTRL, 4},
		{0x0040, RAL(0), 0x80},
		{0x0108, RDTR, 4},
		{0x0110, RXQ(0, Q_BAL), 12},
		{0x0120, RXQ(0, Q_HEAD), 4},
		{0x0128, RXQ(0, Q_TAIL), 4},
		{0x0160, FCRTH, 4},
		{0x0168, FCRTL, 4},
		{0x0200, MTA, 0x200},
		{0x0420, TXQ(0, Q_BAL), 12},
		{0x0430, TXQ(0, Q_HEAD), 4},
		{0x0438, TXQ(0, Q_TAIL), 4},
		{0x0440, TIDV, 4},
		{0x0600, VFTA, 0x200},
	};

	for (size_t i = 0; offset < 0x0800 && i < sizeof(alias) / sizeof(alias[0]); i++)
		if (offset >= alias[i].from && offset - alias[i].from < alias[i].bytes)
			return alias[i].to + (offset - alias[i].from);
	return offset;
}

/* Told a few times only: a driver that touches what is not there learns of it. */
static void unknown(struct card *c, const char *what, uint32_t offset)
{
	if (c->unknown++ < 16)
		model_log("register 0x%05x, which is not modelled, was %s", offset, what);
}

uint32_t register_read(struct card *c, uint32_t offset)
{
	uint32_t v;

	offset = unalias(offset);
	v = *reg(c, offset);
	if (offset >= STATS && offset < STATS_END)
		return stats_read(c, offset);
	switch (offset) {
	case ICR:
		return irq_read_icr(c);
	case SWSM:
		*reg(c, SWSM) |= SWSM_SMBI;	/* whoever read it as 0 has it */
		return v;
	case ICS:
	case IMC:
		return 0;
	case IMS:
	case EERD:
	case EEWR:
	case MDIC:
	case PBACL:
		return v;
	}
	if (!find(offset))
		unknown(c, "read", offset);
	return v;
}

static void write_ctrl(struct card *c, uint32_t v, uint32_t was)
{
	if (v & CTRL_RST) {
		card_mac_reset(c);
		return;
	}
	if (v & CTRL_PHY_RST && !(was & CTRL_PHY_RST)) {
		*reg(c, STATUS) |= STATUS_PHYRA;
		phy_reset(c);
	}
	*reg(c, STATUS) &= ~STATUS_MASTER;
	if (!(v & CTRL_MASTER_OFF))
		*reg(c, STATUS) |= STATUS_MASTER;
	link_update(c);
	tx_run(c);
	rx_run(c);
}

static void write_eec(struct card *c)
{
	uint32_t *eec = reg(c, EEC);

	*eec &= ~(EEC_GNT | EEC_FLUPD);
	if (*eec & EEC_REQ)
		*eec |= EEC_GNT;
}

/* What follows from a write, once the register holds its new value. */
static void react(struct card *c, uint32_t offset, uint32_t v, uint32_t was)
{
	switch (offset) {
	case CTRL:
		write_ctrl(c, v, was);
		break;
	case EEC:
		write_eec(c);
		break;
	case CTRL_EXT:
		if (v & CTRL_EXT_EE_RST)
			nvm_load(c);
		break;
	case RCTL:
		if (was & RCTL_EN && !(v & RCTL_EN))
			rx_disabled(c);
		rx_run(c);
		break;
	case RXQ(0, Q_TAIL):
	case RXQ(1, Q_TAIL):
		rx_run(c);
		break;
	case TCTL:
	case TARC(0):
	case TARC(1):
	case TXQ(0, Q_TAIL):
	case TXQ(1, Q_TAIL):
		tx_run(c);
		break;
	case RDTR:
		if (v & RDTR_FPD)
			delay_flush_rx(c);
		break;
	case TIDV:
		if (v & TIDV_FPD)
			delay_flush_tx(c);
		break;
	}
}

void register_write(struct card *c, uint32_t offset, uint32_t v)
{
	const struct plain *p;
	uint32_t was;

	offset = unalias(offset);
	was = *reg(c, offset);
	switch (offset) {
	case EERD:
	case EEWR:
		nvm_command(c, offset, v);
		return;
	case MDIC:
		phy_mdic(c, v);
		return;
	case ICR:
		irq_write_icr(c, v);
		return;
	case ICS:
		irq_cause(c, v);
		return;
	case IMS:
		irq_write_ims(c, v);
		return;
	case IMC:
		*reg(c, IMS) &= ~v;
		return;
	case STATUS:
		if (!(v & STATUS_PHYRA))
			*reg(c, STATUS) &= ~STATUS_PHYRA;
		return;
	case SWSM:
		*reg(c, SWSM) = v & 0xf;
		return;
	case PBACL:
		return;
	}
	p = find(offset);
	if (!p) {
		unknown(c, "written", offset);
		return;
	}
	*reg(c, offset) = (was & ~p->writable) | (v & p->writable);
	react(c, offset, v, was);
}
