// SPDX-License-Identifier: Apache-2.0
/* The link: light on the fibre, the host's wish for it, and the events between. */
#include "card.h"
#include "mbox.h"
#include "queue.h"
#include "rx.h"
#include "tx.h"

#define EVENT_CODE_FC	0x10		/* in an entry; and the bit of MQ_CREATE_EXT that asks for it */
#define EVENT_TYPE_LINK	0x1
#define EVENT_ASYNC	0x40000000u
#define ATTENTION_UP	0x01
#define ATTENTION_DOWN	0x02
#define TOPOLOGY_P2P	0x01
#define PORT_TYPE_FC	0x40
#define SPEED_16G	0x10		/* in the event */
#define SPEED_16G_TOP	0x80		/* in READ_TOPOLOGY */
#define LOGICAL_SPEED	1600		/* in units of 10 Mbit/s */
#define TOP_LINK_UP	0x80000000u
#define RA_TOV_MAX_S	3600u

static void post_attention(struct card *c)
{
	uint32_t cqe[4] = {
		(c->link_up ? (uint32_t)SPEED_16G << 24 : 0) | TOPOLOGY_P2P << 16 |
			(c->link_up ? ATTENTION_UP : ATTENTION_DOWN) << 8 | PORT_TYPE_FC,
		c->link_up ? (uint32_t)LOGICAL_SPEED << 16 : 0,
		c->event_tag,
		EVENT_ASYNC | EVENT_TYPE_LINK << 16 | EVENT_CODE_FC << 8,
	};

	for (unsigned int i = 0; i < MQS; i++)
		if (c->mq[i].used && c->mq[i].events & 1u << EVENT_CODE_FC)
			cq_post(c, c->mq[i].cq_id, cqe);
}

static void set_link(struct card *c, bool up)
{
	if (c->link_up == up)
		return;
	c->link_up = up;
	c->event_tag++;
	if (!up) {
		c->counts.link_failures++;
		tx_drop(c);
		rx_drop(c);
		for (unsigned int i = 0; i < RPIS; i++)
			c->rpi[i].suspended = c->rpi[i].registered;
	}
	post_attention(c);
}

void link_wire(void *card, bool up)
{
	struct card *c = card;

	set_link(c, up && c->link_wanted);
}

static void set_light(struct card *c)
{
	fc_wire_set_light(c->wire, c->link_wanted && !c->cable_pulled);
}

void link_cable(struct card *c, bool plugged)
{
	c->cable_pulled = !plugged;
	set_light(c);
}

void link_reset(struct card *c)
{
	c->link_wanted = c->link_up = false;
	fc_wire_set_light(c->wire, false);
}

/* A link that is up already is initialized anew: it goes down first. */
uint16_t mbox_init_link(struct card *c, uint32_t *w)
{
	set_link(c, false);
	fc_wire_set_light(c->wire, false);
	c->link_wanted = true;
	set_light(c);
	return MBX_SUCCESS;
}

uint16_t mbox_down_link(struct card *c, uint32_t *w)
{
	c->link_wanted = false;
	fc_wire_set_light(c->wire, false);
	set_link(c, false);
	return MBX_SUCCESS;
}

/* Here R_A_TOV is in seconds, unlike the timers beside it; 0 is for the port's own. */
uint16_t mbox_config_link(struct card *c, uint32_t *w)
{
	c->ra_tov_ms = (w[6] < RA_TOV_MAX_S ? w[6] : RA_TOV_MAX_S) * 1000;
	return MBX_SUCCESS;
}

uint16_t mbox_read_topology(struct card *c, uint32_t *w)
{
	w[1] = c->event_tag;
	w[2] = c->link_up ? ATTENTION_UP : ATTENTION_DOWN;
	w[3] = TOPOLOGY_P2P;
	w[7] = 0;
	w[8] = c->link_up ? TOP_LINK_UP | SPEED_16G_TOP << 8 : 0;
	return MBX_SUCCESS;
}
