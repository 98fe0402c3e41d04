/* SPDX-License-Identifier: Apache-2.0 */
/* An Intel 82574L: its state, and what its parts ask of one another. */
#ifndef MODEL_82574_CARD_H
#define MODEL_82574_CARD_H

#include <vmhi-model/model.h>
#include <vmhi-model/wire.h>

#include "regs.h"

#define QUEUES		2
#define VECTORS		5
#define DESC_SIZE	16
#define NVM_WORDS	256	/* a 4 Kbit EEPROM */
#define TX_MAX		(300 * 1024)	/* the most that one TSO packet may be in memory */

/* What a context descriptor leaves behind. */
struct tx_context {
	uint8_t ip_start, ip_offset, l4_start, l4_offset, header_len;
	uint16_t ip_end, l4_end, mss;
	uint32_t payload_len;
	bool tcp, ipv4;
};

struct tx_queue {
	struct tx_context context[2];	/* [1]: for segmentation */
	bool begun;		/* a packet's first descriptor was seen */
	bool broken;		/* and some of it could not be read: it is not sent */
	uint32_t first;		/* its command bits; options and tag beside */
	uint8_t options;
	uint16_t tag;
	uint8_t *data;
	uint32_t len;
};

/* A frame waiting for the wire, or for receive descriptors. */
struct frame {
	struct frame *next;
	uint32_t len;
	bool inexact;		/* passed by hash or promiscuous mode */
	bool counted;		/* as one that found no buffer */
	uint8_t data[];
};

struct frame_list {
	struct frame *first, **end;
	uint32_t bytes;
};

struct card {
	struct model_loop *loop;
	struct model *model;
	struct model_wire *wire;
	uint8_t mac[6];

	uint32_t reg[CSR_SIZE / 4];
	uint32_t io_address;
	unsigned int unknown;		/* accesses to registers that are not modelled */
	unsigned int split;		/* frames that packet split would have taken */

	uint16_t nvm[NVM_WORDS];

	uint16_t phy[32];
	uint16_t phy_page;
	bool phy_link;			/* negotiated with the far end */
	struct model_timer negotiation;

	uint32_t waiting;		/* queue causes that a delay timer holds back */
	struct model_timer rx_delay, rx_absolute, tx_delay, tx_absolute;
	struct throttle {
		struct card *card;
		unsigned int vector;
		uint64_t open_ns;	/* the next message not before this */
		struct model_timer timer;
	} throttle[VECTORS];

	struct tx_queue tx[QUEUES];
	struct frame_list out, in;
	bool paused;			/* XOFF sent, XON not yet */

	struct {
		uint32_t hung;		/* a bit for each transmit queue */
		uint32_t send, receive;	/* frames that are still to be spoiled */
		uint32_t counter;	/* of the latter */
	} fault;
};

static inline uint32_t *reg(struct card *c, uint32_t offset)
{
	return &c->reg[REG(offset)];
}

/* card.c */
void card_reset(struct card *c);
void card_mac_reset(struct card *c);
bool card_may_dma(struct card *c);
void card_free(struct card *c);
extern const struct model_pci card_pci;
extern const struct model_ops card_ops;

/* registers.c: BAR 0, a dword at a time */
void registers_reset(struct card *c);
uint32_t register_read(struct card *c, uint32_t offset);
void register_write(struct card *c, uint32_t offset, uint32_t v);

/* nvm.c */
void nvm_init(struct card *c);
void nvm_load(struct card *c);
void nvm_command(struct card *c, uint32_t offset, uint32_t v);

/* phy.c */
void phy_init(struct card *c);
void phy_reset(struct card *c);
void phy_mdic(struct card *c, uint32_t v);
/* Something that the link depends on has changed. */
void link_update(struct card *c);
void link_cable(void *card, bool up);
bool link_up(struct card *c);

/* irq.c */
void irq_init(struct card *c);
void irq_reset(struct card *c);
void irq_cause(struct card *c, uint32_t causes);
uint32_t irq_read_icr(struct card *c);
void irq_write_icr(struct card *c, uint32_t v);
void irq_write_ims(struct card *c, uint32_t v);
void irq_config_changed(struct card *c);

/* delay.c: interrupts of the queues, now or after the delay timers */
void delay_init(struct card *c);
void delay_reset(struct card *c);
void delay_rx(struct card *c, unsigned int queue);
void delay_tx(struct card *c, unsigned int queue, bool ide);
void delay_flush_rx(struct card *c);
void delay_flush_tx(struct card *c);

/* tx.c, segment.c */
void tx_reset(struct card *c);
void tx_run(struct card *c);
void tx_wire_ready(void *card);
/* One packet whole in q->data: offloads, then frames out. */
void segment_send(struct card *c, struct tx_queue *q);
/* A frame as it goes on the wire; tag < 0: none to insert. */
void tx_frame(struct card *c, const uint8_t *frame, uint32_t n, int tag);

/* rx.c */
void rx_reset(struct card *c);
void rx_wire(void *card, const uint8_t *frame, size_t n);
void rx_run(struct card *c);
void rx_disabled(struct card *c);

/* fault.c: is this frame lost to a fault? It is counted then. */
bool fault_command(void *card, const char *line);
bool fault_tx(struct card *c);
bool fault_rx(struct card *c);

/* filter.c */
bool filter_accepts(struct card *c, const uint8_t *frame, uint32_t n, bool *inexact);

/* parse.c: where the headers of a frame are, and whether their checksums are right */
struct packet {
	uint32_t l3, l4;		/* offsets, 0: not known */
	uint32_t end;			/* of the IP packet */
	bool ipv4, ipv6, fragment;
	uint8_t protocol;
};
void parse(const uint8_t *frame, uint32_t n, uint16_t vlan_type, struct packet *p);
uint32_t sum_bytes(const uint8_t *p, uint32_t n, uint32_t sum);
uint16_t sum_fold(uint32_t sum);
bool ip_sum_ok(const uint8_t *frame, const struct packet *p);
bool l4_sum_ok(const uint8_t *frame, const struct packet *p);

/* rss.c */
struct rss_result {
	uint32_t hash;
	uint8_t type;
	uint8_t queue;
};
struct rss_result rss_hash(struct card *c, const uint8_t *frame, const struct packet *p);

/* stats.c */
void stats_add(struct card *c, uint32_t counter, uint32_t n);
void stats_add64(struct card *c, uint32_t low, uint32_t n);
uint32_t stats_read(struct card *c, uint32_t offset);
/* bytes with FCS; base: S_PRC64 or S_PTC64 */
void stats_size(struct card *c, uint32_t base, uint32_t bytes);

struct frame *frame_new(const uint8_t *data, uint32_t n);
void list_init(struct frame_list *l);
void list_add(struct frame_list *l, struct frame *f);
struct frame *list_take(struct frame_list *l);
void list_drop(struct frame_list *l);

static inline uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static inline void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

#endif
