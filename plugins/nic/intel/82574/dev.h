/* SPDX-License-Identifier: Apache-2.0 */
/* The state of one 82574L and what the files of this driver offer each other. */
#ifndef I82574_DEV_H
#define I82574_DEV_H

#include <stddef.h>
#include <vmhi/core.h>
#include <vmhi/nic.h>

#include "82574.h"

#define QUEUES	    2u		/* of each kind */
#define DEPTH_MIN   64u
#define DEPTH_MAX   4096u
#define TX_SEGS	    40u		/* 64 KiB in pieces of 2 KiB, and headers */
#define TX_DATA_MAX 16384u	/* of one descriptor: below the 20 KiB that the card has to send */
#define MTU_MAX	    9000u
#define FRAME_EXTRA 18u		/* Ethernet header and one tag */
#define NSTATS	    (VMHI_STAT_TX_ERR + 1)
#define FEATURES    (VMHI_NIC_TX_CSUM | VMHI_NIC_TX_IP_CSUM | VMHI_NIC_RX_CSUM |                   \
		     VMHI_NIC_TX_VLAN | VMHI_NIC_RX_VLAN | VMHI_NIC_VLAN_FILTER |                  \
		     VMHI_NIC_TX_TSO4)

#define USEC 1000ull
#define MSEC 1000000ull
#define SEC  1000000000ull

/* Our timers */
#define TIMER_LINK  0u		/* only without a vector for events */
#define TIMER_STATS 1u
#define TIMER_WATCH 2u
#define WATCH_EVERY (500 * MSEC)
#define WATCH_IDLE  (1 * SEC)

struct queue;

struct dev {
	const struct vmhi_host *host;
	vmhi_hc hc;
	struct vmhi_mem mem;		/* that this lies in */
	uint32_t gone;			/* set by forget() from any thread; see is_gone() */
	uint32_t warm;
	uint32_t nvec;
	uint8_t mac[6];
	uint32_t configured, started;
	uint32_t link;			/* STATUS bits last told to the host; ~0: none yet */
	uint32_t ivar;
	uint32_t rctl;			/* what configure() and filter() want, without EN */
	uint32_t naddr;			/* receive address registers that hold one */
	uint32_t mta[MTA_REGS];		/* what the card has */
	uint32_t vfta[VFTA_REGS];	/* likewise, once vfta_known */
	uint32_t vfta_known;
	struct vmhi_nic_conf conf;
	struct queue *tx[QUEUES], *rx[QUEUES];
	uint64_t stat[NSTATS];
	uint64_t tx_bytes;		/* of queues that were freed */
};

/* What the host is told with VMHI_EV_FAULT */
#define FAULT_TX_HUNG 1u

struct tx_slot {
	uint64_t cookie;		/* valid where eop is set */
	uint32_t eop;
	uint32_t len;			/* of the frames that it becomes, with their tags */
};

struct rx_slot {
	uint64_t iova, va, cookie;
	uint32_t room;
	uint32_t zero;
};

/*
 * A ring. head and tail count descriptors and never wrap to the ring's size: head is the oldest
 * that the host has not got back, tail the next to fill.
 */
struct queue {
	struct dev *dev;
	struct vmhi_mem mem;		/* this, and the slots */
	struct vmhi_mem ring;
	uint32_t kind, idx;
	uint32_t mask;			/* size - 1 */
	uint32_t irq;			/* its bit of ICR, IMS, IMC */
	uint32_t vec;
	uint32_t running;
	uint32_t head, tail;
	union {
		struct {
			struct tx_desc *desc;
			struct tx_slot *slot;
			uint32_t *report;	/* descriptors with RS, in order */
			uint32_t report_head, report_tail;
			uint32_t done;		/* the card is through with all before it */
			uint32_t given;		/* tail, as the control thread may read it */
			struct {
				uint32_t given, head, looks;
			} watch;		/* what tx_watch() saw */
			uint64_t bytes;		/* given to the card; read by stats_get() */
			uint32_t reuse;		/* may a context serve several packets? */
			uint64_t ctx_addr;	/* the context the card has */
			uint32_t ctx_cmd;
			uint32_t soft_tag;	/* put tags in by ourselves: see put_tag() */
			uint32_t header_room;	/* for that, beside each descriptor: bytes */
			struct vmhi_mem header;	/* va 0: not made yet */
		} tx;
		struct {
			struct rx_desc *desc;
			struct rx_slot *slot;
			uint32_t frame_max;	/* without FCS */
			uint32_t segs_max;	/* buffers that such a frame takes */
			uint32_t cut;		/* inside a frame that is longer */
			uint32_t vlan, csum;	/* features that were acknowledged */
		} rx;
	};
};

static inline uint32_t rd(const struct dev *d, uint32_t reg)
{
	return d->host->rd32(d->hc, 0, reg);
}

static inline void wr(const struct dev *d, uint32_t reg, uint32_t v)
{
	d->host->wr32(d->hc, 0, reg, v);
}

static inline int is_gone(const struct dev *d)
{
	return (int)__atomic_load_n(&d->gone, __ATOMIC_RELAXED);
}

/* hw.c */
void say(const struct dev *d, uint32_t level, const char *text, uint32_t val);
int wait_bits(const struct dev *d, uint32_t reg, uint32_t mask, uint32_t want, uint32_t tries,
	      uint64_t ns);
int hw_reset(struct dev *d);
int hw_read_mac(struct dev *d);
int hw_quiet(struct dev *d);
void hw_finish_frames(struct dev *d);

/* link.c */
int link_start(struct dev *d);
void link_check(struct dev *d);

/* irq.c */
int irq_route(struct dev *d, uint32_t shift, uint32_t vec);
void irq_start(struct dev *d);
void irq_event(struct dev *d, const struct vmhi_event *ev);

/* filter.c */
void filter_init(struct dev *d);
void filter_default(struct dev *d);
int filter_set(void *dev, const struct vmhi_nic_filter *f);

/* stats.c */
void stats_clear(struct dev *d);
void stats_collect(struct dev *d);
int stats_get(void *dev, uint64_t *v, uint32_t n);

/* rx.c */
void rx_configure(struct dev *d);
void rx_enable(struct dev *d);
int rx_start(struct queue *q);
int rx_stop(struct queue *q);
uint32_t rx_post(void *queue, const struct vmhi_pkt *pkt, uint32_t n);
uint32_t rx_take(void *queue, struct vmhi_pkt *pkt, uint32_t n);
int rx_ready(const struct queue *q);

/* tx.c */
void tx_configure(struct dev *d);
int tx_start(struct queue *q);
int tx_stop(struct queue *q);
uint32_t tx_send(void *queue, const struct vmhi_pkt *pkt, uint32_t n);
uint32_t tx_done(void *queue, uint64_t *cookie, uint32_t n);
int tx_ready(const struct queue *q);

/* watch.c */
void tx_watch(struct dev *d);

/* queue.c */
extern const struct vmhi_nic nic_ops;

#endif
