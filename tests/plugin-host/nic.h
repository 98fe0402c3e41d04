/* SPDX-License-Identifier: Apache-2.0 */
/* A NIC under test: attached, configured, its queues polled, and the far end of its wire. */
#ifndef PLUGIN_HOST_NIC_H
#define PLUGIN_HOST_NIC_H

#include <stdbool.h>
#include <vmhi/nic.h>

#include "tests/plugin-host/host.h"
#include "tests/plugin-host/peer.h"

#define NIC_QUEUES  2
#define NIC_VECTORS (1 + 2 * NIC_QUEUES)	/* as many as all that may have their own */
#define NIC_LINK_MS 15000u	/* for two ends to negotiate */
#define NIC_BUFS    1024u	/* to receive into, of one queue, at most */
#define NIC_INBOX   1024u
#define NIC_FRAME   16384u
#define NIC_TXBUFS  512u
#define NIC_SEGS    40u		/* of a packet to send, at most */
#define NIC_FEATURES                                                                               \
	(VMHI_NIC_TX_CSUM | VMHI_NIC_TX_IP_CSUM | VMHI_NIC_RX_CSUM | VMHI_NIC_TX_VLAN |            \
	 VMHI_NIC_RX_VLAN | VMHI_NIC_VLAN_FILTER | VMHI_NIC_TX_TSO4)

/* A frame received */
struct frame {
	uint32_t len, flags, hash, queue;
	uint16_t vlan, err, nseg;
	uint8_t *data;
};

/* How a test wants the port; nic_conf() has the defaults */
struct nic_want {
	uint32_t flags;			/* VMHI_ATTACH_* */
	uint64_t features;
	uint32_t mtu, room, tx_queues, rx_queues, depth;
	bool polled;			/* no vectors */
};

struct nic {
	struct vmhi_host_context *h;
	const struct vmhi_driver_ops *ops;
	const struct vmhi_nic *nic;
	void *dev;
	struct vmhi_nic_info info;
	struct vmhi_nic_conf conf;
	uint32_t depth;
	void *txq[NIC_QUEUES], *rxq[NIC_QUEUES];
	uint32_t event_vec, tx_vec[NIC_QUEUES], rx_vec[NIC_QUEUES];
	bool rx_running[NIC_QUEUES];
	bool link;
	uint32_t speed, link_ups, link_downs;
	bool fault;				/* the plugin raised VMHI_EV_FAULT */
	struct vmhi_mem buf[NIC_QUEUES];	/* receive buffers: cookie is queue << 16 | number */
	bool posted[NIC_QUEUES][NIC_BUFS];
	uint32_t nposted[NIC_QUEUES], ncancelled;
	bool hold;				/* nic_poll() posts no buffers */
	bool alone;				/* nobody answers on the wire, and no link is waited for */
	char lacks[160];			/* what the test needs and is not there */
	struct vmhi_mem txbuf;			/* NIC_TXBUFS of 16 KiB */
	bool tx_busy[NIC_TXBUFS];
	uint32_t tx_next, tx_inflight;
	struct frame inbox[NIC_INBOX];
	uint32_t ninbox;
	struct peer_msg answer;			/* of the far end; op 0: none yet */
	uint32_t seq;
	/* from attach() to the end of start() */
	struct nic_cost {
		uint64_t reads, writes, wait_ns, ns;
	} up;
	/* what the plugin's statistics must say */
	uint64_t want[VMHI_STAT_TX_ERR + 1];
};

/* As many queues as there are, of NIC_QUEUES that a test would like. */
static inline uint32_t nic_some(uint32_t there)
{
	return there < NIC_QUEUES ? there : NIC_QUEUES;
}

/* One line of what went wrong, and false. The test's functions return it. */
bool failed(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
#define CHECK(cond, ...)                                                                           \
	do {                                                                                       \
		if (!(cond))                                                                       \
			return failed(__VA_ARGS__);                                                \
	} while (0)

/* Says what the test needs and the driver or its device has not, and false: that is no failure. */
bool lacking(struct nic *n, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

struct nic_want nic_want(void);
/* Attaches the driver to ask what it can do; the tests find it in n->info from their begin. */
bool nic_ask(struct nic *n);
/* Of an attached driver: its interface and what it says of the port, both judged. */
bool nic_identify(struct nic *n);
bool nic_detach(struct nic *n);
bool nic_open(struct nic *n, const struct nic_want *w);
bool nic_configure(struct nic *n, const struct nic_want *w);	/* queues, and starts them */
bool nic_stop_queues(struct nic *n);				/* and frees them */
bool nic_close(struct nic *n);

bool nic_queue_start(struct nic *n, uint32_t kind, uint32_t idx);
/* Stops it, collects every cookie, and sees that each came once. */
bool nic_queue_stop(struct nic *n, uint32_t kind, uint32_t idx);
void nic_post_all(struct nic *n, uint32_t idx);

/* One round: events, completions, received frames, buffers posted anew. */
void nic_poll(struct nic *n);
/* Events and timers only. */
void nic_events(struct nic *n);
/* Rounds until fn is true; false after ms. */
bool nic_until(struct nic *n, bool (*fn)(struct nic *n), uint32_t ms);
bool nic_wait_link(struct nic *n, bool up, uint32_t ms);

/* Sends a frame from nseg segments of about the same size, or from as many as the driver takes;
 * like: flags and offsets, or NULL. */
bool nic_send(struct nic *n, uint32_t queue, const uint8_t *data, uint32_t len,
	      const struct vmhi_pkt *like, uint32_t nseg);
/* The same from memory of the test's own, which the plugin may write to; not counted in want. */
bool nic_send_from(struct nic *n, uint32_t queue, const struct vmhi_mem *mem, uint32_t len,
		   const struct vmhi_pkt *like, uint32_t nseg);
bool nic_drain(struct nic *n);	/* all that was sent came back */
void nic_forget_inbox(struct nic *n);

bool nic_filter(struct nic *n, uint32_t flags, const uint8_t (*uc)[6], uint32_t nuc,
		const uint8_t (*mc)[6], uint32_t nmc, const uint64_t *vlan);

/* The far end */
bool peer_clear(struct nic *n);
bool peer_inject(struct nic *n, const uint8_t *data, uint32_t dlen, uint32_t len, uint32_t count);
/* Frame i of those that the far end got: its length in *len, its bytes in data (NIC_FRAME) */
bool peer_frame(struct nic *n, uint32_t i, uint8_t *data, uint32_t *len);
bool peer_count(struct nic *n, uint32_t *count);
/* One frame, sent to the card: what came for it, or NULL with a word why. */
struct frame *peer_exchange(struct nic *n, const uint8_t *data, uint32_t dlen, uint32_t len);
/* Out for ms, soon. Closes the port, and is lacking(), where the far end cannot. */
bool peer_pull_cable(struct nic *n, uint32_t ms);
/* A fault of the card's model, and returns when it is there. The same where there is no model. */
bool peer_break(struct nic *n, const char *command);

#endif
