// SPDX-License-Identifier: Apache-2.0
/* The PHY and the link. */
#include "dev.h"

static int phy_op(struct dev *d, uint32_t op)
{
	uint32_t v = 0;
	int r;

	wr(d, R_MDIC, op | MDIC_PHY1);
	r = wait_bits(d, R_MDIC, MDIC_READY, MDIC_READY, 200, 50 * USEC);
	if (!r)
		v = rd(d, R_MDIC);
	if (!r && !(v & MDIC_ERROR))
		return (int)(v & 0xffff);
	return r == -VMHI_ENODEV ? r : -VMHI_EIO;
}

static int phy_read(struct dev *d, uint32_t reg)
{
	return phy_op(d, MDIC_READ | MDIC_REG(reg));
}

static int phy_write(struct dev *d, uint32_t reg, uint32_t v)
{
	int r = phy_op(d, MDIC_WRITE | MDIC_REG(reg) | v);

	return r < 0 ? r : 0;
}

/* Offers all that the card can do but pause frames: a port that is full drops, and counts it. */
static int negotiate(struct dev *d)
{
	int anar = phy_read(d, PHY_ANAR), gbcr = phy_read(d, PHY_1000T);
	int bmcr = phy_read(d, PHY_BMCR), r;

	if (anar < 0 || gbcr < 0 || bmcr < 0)
		return anar < 0 ? anar : gbcr < 0 ? gbcr : bmcr;
	r = phy_write(d, PHY_ANAR, ((uint32_t)anar & ~ANAR_MASK) | ANAR_ALL);
	if (!r)
		r = phy_write(d, PHY_1000T, ((uint32_t)gbcr & ~GBCR_HD) | GBCR_FD);
	if (!r)
		r = phy_write(d, PHY_BMCR,
			      ((uint32_t)bmcr & ~BMCR_PDOWN) | BMCR_ANE | BMCR_RESTART);
	return r;
}

/* A warm start leaves the PHY alone, so that its peer sees nothing of it. */
int link_start(struct dev *d)
{
	uint32_t ctrl = rd(d, R_CTRL) & ~(CTRL_FRCSPD | CTRL_FRCDPX);
	int r;

	wr(d, R_CTRL, ctrl | CTRL_SLU);
	if (d->warm)
		return 0;
	r = negotiate(d);
	if (r)
		say(d, VMHI_LOG_ERROR, "the PHY does not answer; MDIC:", rd(d, R_MDIC));
	return r;
}

void link_check(struct dev *d)
{
	static const uint16_t speed[4] = {10, 100, 1000, 1000};
	uint32_t s = rd(d, R_STATUS);
	struct vmhi_event ev = {.type = VMHI_EV_LINK};

	if (s == ~0u)
		return;
	s &= STATUS_LU | STATUS_FD | (3u << STATUS_SPEED_SHIFT);
	if (!(s & STATUS_LU))
		s = 0;
	if (s == d->link)
		return;
	d->link = s;
	if (s) {
		ev.arg[0] = 1;
		ev.arg[1] = speed[(s >> STATUS_SPEED_SHIFT) & 3];
		ev.arg[2] = s & STATUS_FD;
	}
	d->host->raise(d->hc, &ev);
}
