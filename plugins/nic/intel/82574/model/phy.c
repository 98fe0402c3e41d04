// SPDX-License-Identifier: Apache-2.0
/* The PHY behind MDIC, and the link: negotiation with whatever the cable leads to. */
#include "card.h"

#define PHY_ADDRESS	1
#define NEGOTIATION_NS	30000000ull

#define P_CONTROL	0
#define P_CONTROL_RESET	(1u << 15)
#define P_CONTROL_LOOP	(1u << 14)
#define P_CONTROL_DOWN	(1u << 11)
#define P_CONTROL_AGAIN	(1u << 9)
#define P_STATUS	1
#define P_STATUS_LINK	(1u << 2)
#define P_STATUS_DONE	(1u << 5)
#define P_ID1		2
#define P_ID2		3
#define P_ADVERTISE	4
#define P_PARTNER	5
#define P_EXPANSION	6
#define P_GIG_CONTROL	9
#define P_GIG_STATUS	10
#define P_EXT_STATUS	15
#define P_SPECIFIC	16
#define P_SPECIFIC_STATUS 17
#define P_PAGE		22
#define P_PAGE_ALL	31

static void set_registers(struct card *c)
{
	uint16_t up = c->phy_link;

	c->phy[P_STATUS] = (uint16_t)(0x7949 | (up ? P_STATUS_DONE : 0));
	c->phy[P_PARTNER] = up ? 0xcde1 : 0;
	c->phy[P_EXPANSION] = up ? 0x000f : 0x0004;
	c->phy[P_GIG_STATUS] = up ? 0x7c00 : 0;
	c->phy[P_SPECIFIC_STATUS] = up ? 0xac00 : 0;
}

static void negotiated(void *arg)
{
	struct card *c = arg;

	c->phy_link = true;
	set_registers(c);
	link_update(c);
}

static bool may_negotiate(struct card *c)
{
	return c->wire && model_wire_up(c->wire) && !(c->phy[P_CONTROL] & P_CONTROL_DOWN);
}

static void negotiate(struct card *c)
{
	c->phy_link = false;
	set_registers(c);
	link_update(c);
	model_timer_cancel(c->loop, &c->negotiation);
	if (may_negotiate(c))
		model_timer_set(c->loop, &c->negotiation, NEGOTIATION_NS);
}

void phy_init(struct card *c)
{
	c->negotiation = (struct model_timer){.fn = negotiated, .arg = c};
}

void phy_reset(struct card *c)
{
	c->phy_page = 0;
	c->phy[P_CONTROL] = 0x1140;
	c->phy[P_ID1] = 0x0141;
	c->phy[P_ID2] = 0x0cb1;
	c->phy[P_ADVERTISE] = 0x0de1;
	c->phy[P_GIG_CONTROL] = 0x0e00;
	c->phy[P_EXT_STATUS] = 0x3000;
	c->phy[P_SPECIFIC] = 0x0868;
	negotiate(c);
}

static uint16_t phy_read(struct card *c, uint32_t r)
{
	uint16_t v = c->phy[r];

	if (r == P_PAGE || r == P_PAGE_ALL)
		return c->phy_page;
	if (r > P_EXT_STATUS && c->phy_page)
		return 0;
	/* The link bit latches low: one read shows that it was down, the next how it is. */
	if (r == P_STATUS && c->phy_link)
		c->phy[P_STATUS] |= P_STATUS_LINK;
	return v;
}

static void phy_write(struct card *c, uint32_t r, uint16_t v)
{
	uint16_t was = c->phy[r];

	switch (r) {
	case P_CONTROL:
		c->phy[r] = v & (uint16_t) ~(P_CONTROL_RESET | P_CONTROL_AGAIN);
		if (v & P_CONTROL_RESET)
			phy_reset(c);
		else if (v & P_CONTROL_AGAIN || (v ^ was) & P_CONTROL_DOWN)
			negotiate(c);
		break;
	case P_PAGE:
	case P_PAGE_ALL:
		c->phy_page = v;
		break;
	case P_ADVERTISE:
	case P_GIG_CONTROL:
		c->phy[r] = v;
		break;
	default:
		if (r >= P_SPECIFIC && r != P_SPECIFIC_STATUS && !c->phy_page)
			c->phy[r] = v;
	}
}

void phy_mdic(struct card *c, uint32_t v)
{
	uint32_t r = v >> 16 & 31, address = v >> 21 & 31, op = v & MDIC_OP;

	v &= ~(MDIC_READY | MDIC_ERROR | 1u << 31);
	if (op == MDIC_READ && address == PHY_ADDRESS)
		v = (v & 0xffff0000) | phy_read(c, r);
	else if (op == MDIC_WRITE && address == PHY_ADDRESS)
		phy_write(c, r, (uint16_t)v);
	else
		v |= MDIC_ERROR;
	*reg(c, MDIC) = v | MDIC_READY;
	if (v & MDIC_INT)
		irq_cause(c, ICR_MDAC);
}

bool link_up(struct card *c)
{
	return *reg(c, STATUS) & STATUS_LU;
}

/* The MAC follows the PHY once software has said "set link up". */
void link_update(struct card *c)
{
	uint32_t ctrl = *reg(c, CTRL), *status = reg(c, STATUS), was = *status;
	uint32_t speed = ctrl & CTRL_FRCSPD ? (ctrl & CTRL_SPEED) >> 8 : 2;
	bool up = c->phy_link && ctrl & CTRL_SLU;

	*status &= ~(STATUS_LU | STATUS_FD | 3u << STATUS_SPEED_SHIFT);
	if (!(ctrl & CTRL_FRCDPX) || ctrl & CTRL_FD)
		*status |= STATUS_FD;
	*status |= speed << STATUS_SPEED_SHIFT;
	if (up)
		*status |= STATUS_LU;
	if ((was ^ *status) & STATUS_LU)
		irq_cause(c, ICR_LSC);
	if (up)
		tx_run(c);
}

void link_cable(void *card, bool up)
{
	negotiate(card);
}
