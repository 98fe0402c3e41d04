/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenVMHI driver ABI, class NIC, version 1: an Ethernet port (IEEE 802.3).
 *
 * The driver owns its hardware rings and no buffer: every packet buffer is the host's, comes with
 * its address for the CPU and for the device, and goes back by its cookie.
 *
 * Order of control calls after attach(): info, configure, queue (each), queue_start (each), start;
 * filter and stats at any time after configure. To configure anew: queue_stop and queue_free all
 * first. At the end: queue_stop, queue_free, quiesce, detach.
 *
 * From configure to the first filter a port receives broadcast and its own address (info), of every
 * VLAN.
 *
 * Several receive queues: the device chooses the queue of each frame, by a function that is the
 * driver's affair. While the same queues run, the frames of one flow (equal tag, IP addresses,
 * protocol and TCP or UDP ports; fragments not counted) come in one queue and in the wire's order;
 * of many flows, every queue that runs gets some; what is not IP comes in queue 0. A frame for a
 * queue that does not run is lost, or comes in one that does. vmhi-driverd makes one queue of each
 * kind.
 *
 * Limits are those of core.h: 12 s for bringing a port up, all calls together, 12 s for taking it
 * down, 5 s for a control call in between.
 */
#ifndef VMHI_NIC_H
#define VMHI_NIC_H

#include <vmhi/core.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * One segment of a packet: a cache line, never changes. A packet is nseg elements in a row, all
 * but the last with VMHI_PKT_MORE. What is said of the whole packet stands in its first element;
 * there nseg counts the elements of the packet (when sending 1 to vmhi_nic_info.tx_segs).
 */
struct vmhi_pkt {
	uint64_t iova;		/* of the buffer, for the device; packet bytes begin at data_off */
	uint64_t va;		/* the same for the CPU */
	uint64_t cookie;	/* the host's; the driver gives it back and knows nothing of it */
	uint32_t len;		/* bytes of packet in this segment, without FCS; rx_post: 0 */
	uint32_t room;		/* bytes of the buffer from iova on */
	uint32_t flags;		/* VMHI_PKT_* */
	uint32_t hash;		/* received, with VMHI_PKT_HASH: a number of the device's, the same
				   for all frames of a flow while the same queues run. A driver
				   need not give it; vmhi-driverd does not look at it */
	uint16_t vlan;		/* IEEE 802.1Q tag control information, if VMHI_PKT_VLAN */
	uint16_t mss;		/* send, with VMHI_PKT_TSO: payload bytes of each segment */
	uint16_t l3_off;	/* send, with a checksum flag: bytes before the IP header */
	uint16_t l4_off;	/* send, with VMHI_PKT_CSUM: bytes before the TCP or UDP header, where
				   summing starts (virtio's csum_start) */
	uint16_t csum_off;	/* send: from l4_off to the 16-bit checksum (virtio's csum_offset) */
	uint16_t data_off;	/* from iova to the first byte of packet; rx_post: 0 */
	uint16_t nseg;
	uint16_t err;		/* received: VMHI_PKT_ERR_*, 0 for a good packet */
	uint16_t hdr_len;	/* send, with VMHI_PKT_TSO: bytes of all headers, Ethernet to TCP */
	uint16_t zero[3];
};

/* Flags of a packet */
#define VMHI_PKT_MORE	   0x0001u	/* the next element belongs to this packet */
#define VMHI_PKT_VLAN	   0x0002u	/* send: insert this tag; received: it was stripped */
#define VMHI_PKT_IPV4	   0x0004u	/* what the packet is: set by the host when it asks for a */
#define VMHI_PKT_IPV6	   0x0008u	/* checksum; received: set where the device tells, or not */
#define VMHI_PKT_TCP	   0x0010u
#define VMHI_PKT_UDP	   0x0020u
/* Send: complete the TCP or UDP checksum. The field holds the pseudo-header's sum (RFC 9293 3.1,
 * RFC 768), so that the sum from l4_off to the end of the packet is what belongs into it. */
#define VMHI_PKT_CSUM	   0x0040u
#define VMHI_PKT_IP_CSUM   0x0080u	/* send: write the IPv4 header checksum (RFC 791 3.1) */
/* Received: what the device has checked. Neither _OK nor _BAD: it has not. */
#define VMHI_PKT_CSUM_OK   0x0100u
#define VMHI_PKT_CSUM_BAD  0x0200u
#define VMHI_PKT_IP_OK	   0x0400u
#define VMHI_PKT_IP_BAD	   0x0800u
#define VMHI_PKT_HASH	   0x1000u
#define VMHI_PKT_CANCELLED 0x2000u	/* a posted buffer that comes back unused (queue_stop) */
/*
 * Send: cut this packet into TCP segments (VMHI_NIC_TX_TSO4). The host sets
 *  - IPV4, TCP, CSUM and IP_CSUM with it, and l3_off, l4_off and csum_off (16) as for these;
 *  - hdr_len: l4_off and the TCP header with its options, at most 255. The headers are all in the
 *    first element; payload follows, at least one byte, there or in the next ones;
 *  - mss: 64 at least, and with the IPv4 and TCP headers within the MTU (hdr_len - l3_off + mss);
 *    l3_off is 14, or 18 where the packet itself holds a tag;
 *  - in the packet: the IPv4 total length of the whole, at most 65535; no fragment; the IPv4 header
 *    checksum as 0; in the TCP checksum the pseudo-header's sum without the TCP length, which each
 *    segment has another of.
 * The device sends segments of mss bytes of payload, the last of what is left, each with all
 * headers: IPv4 total length and checksum its own, identification counting up from the packet's;
 * TCP sequence number counting up, FIN and PSH in the last only, checksum its own. CWR is not set,
 * nor is URG. A tag (VMHI_PKT_VLAN) goes into each. The driver may write to the hdr_len bytes of
 * the buffer, not to the array (const), for devices that want some field otherwise. Counters count
 * the segments, tx_done() the packet.
 */
#define VMHI_PKT_TSO	   0x4000u

/* err of a received packet: it is handed over all the same, to be counted */
#define VMHI_PKT_ERR_CRC    1		/* bad FCS, alignment or symbol */
#define VMHI_PKT_ERR_LENGTH 2		/* longer than the MTU allows, or cut off */
#define VMHI_PKT_ERR_OTHER  3

/* Features: the host says in info which it knows, the driver which of these it can do, and
 * configure acknowledges a subset. All other bits are 0: the host refuses a driver that offers one
 * that it did not name, so a newer driver runs on an older host with what that one knows. */
#define VMHI_NIC_TX_CSUM     0x0001ull	/* VMHI_PKT_CSUM on packets sent: TCP and UDP over IPv4 */
#define VMHI_NIC_TX_IP_CSUM  0x0002ull	/* VMHI_PKT_IP_CSUM on packets sent */
#define VMHI_NIC_RX_CSUM     0x0004ull	/* checks IPv4 headers, TCP and UDP over IPv4; need not
					   with IP options, or with a tag that is not stripped */
#define VMHI_NIC_TX_VLAN     0x0008ull	/* VMHI_PKT_VLAN on packets sent */
#define VMHI_NIC_RX_VLAN     0x0010ull	/* strips the tag of received packets into .vlan */
#define VMHI_NIC_VLAN_FILTER 0x0020ull	/* receives only the VLANs given to filter() */
#define VMHI_NIC_TX_TSO4     0x0040ull	/* VMHI_PKT_TSO on packets sent: TCP over IPv4. Offered and
					   acknowledged only with TX_CSUM and TX_IP_CSUM */

struct vmhi_nic_info {
	uint32_t size;			/* set by the host; the driver fills what fits */
	uint32_t zero;
	uint64_t features;		/* VMHI_NIC_*: the host sets those that it knows, the driver
					   leaves those of them that it can do */
	uint32_t tx_queues, rx_queues;	/* how many can be made; at least 1 each */
	uint32_t depth_min, depth_max;	/* of a queue, in segments: powers of two */
	uint32_t tx_segs;		/* most elements of a packet to send; at least 1, and with
					   TX_TSO4 at least 18: 64 KiB in pieces of 4 KiB */
	uint32_t uc_max;		/* unicast addresses that filter() can hold; at least 1 */
	uint32_t mtu_max;		/* largest packet: bytes without Ethernet header, tag, FCS;
					   at least 1500 (IEEE 802.3, 3.2.7) */
	uint8_t mac[6];			/* the address burnt in */
	uint8_t zero2[6];
};

#define VMHI_NO_VEC 0xffffffffu

struct vmhi_nic_conf {
	uint32_t size;
	uint32_t mtu;			/* 68 to mtu_max */
	uint64_t features;		/* acknowledged: a subset of those offered */
	uint32_t rx_room;		/* room of every buffer to be posted: 2048, 4096, 8192 or
					   16384; a longer packet takes several */
	uint32_t event_vec;		/* vector for all that is no queue's (link), sent as
					   VMHI_EV_IRQ; no queue has the same. VMHI_NO_VEC: the
					   driver looks by timer, each second at least */
	uint32_t tx_queues, rx_queues;	/* how many of each will be made */
};

#define VMHI_QUEUE_TX 0u
#define VMHI_QUEUE_RX 1u

/* vmhi_nic_filter.flags */
#define VMHI_FILTER_PROMISC  0x1u	/* every frame, whatever its destination and tag */
#define VMHI_FILTER_ALLMULTI 0x2u	/* every multicast frame */

/* What a port shall receive besides broadcast: the whole of it at each call. */
struct vmhi_nic_filter {
	uint32_t size;
	uint32_t flags;
	uint32_t nuc, nmc;		/* addresses in uc, in mc */
	const uint8_t (*uc)[6];
	const uint8_t (*mc)[6];
	const uint64_t *vlan;		/* 64 words: bit n % 64 of word n / 64 set: VLAN n is wanted.
					   A null pointer: all VLANs. Untagged frames always pass */
};

/*
 * Statistics, by their place in the array: 64-bit counts since attach(), which never run backwards,
 * whatever queues are freed and made meanwhile. Words as in RFC 2863 and RFC 3635. Appended to,
 * never changed. They may lag by a second. Every driver counts the first four; another may stay 0.
 */
#define VMHI_STAT_RX_PACKETS	0	/* good frames */
#define VMHI_STAT_RX_BYTES	1	/* of these, Ethernet header, tag and payload, without FCS */
#define VMHI_STAT_TX_PACKETS	2
#define VMHI_STAT_TX_BYTES	3
#define VMHI_STAT_RX_MULTICAST	4
#define VMHI_STAT_RX_BROADCAST	5
#define VMHI_STAT_TX_MULTICAST	6
#define VMHI_STAT_TX_BROADCAST	7
#define VMHI_STAT_RX_NO_BUFFER	8	/* lost: no buffer was posted, or the FIFO ran over */
#define VMHI_STAT_RX_CRC_ERR	9
#define VMHI_STAT_RX_LENGTH_ERR 10	/* under 64 bytes, or over the largest */
#define VMHI_STAT_RX_ERR	11	/* every other receive error */
#define VMHI_STAT_TX_ERR	12	/* frames not sent: collisions, no carrier */

/*
 * The class interface: vmhi_driver_ops.query(dev, VMHI_IF_NIC, 1). Every operation is required.
 * Any that returns int may say -ENODEV after forget(), and -EIO or -ETIMEDOUT when the device does
 * not do what it must, if it has to touch the device. An error up to start() means that the device
 * is taken down: queues that were made are freed, then quiesce and detach.
 */
struct vmhi_nic {
	struct vmhi_tab h;

	/*
	 * Says what the port can do: fills what lies within info->size, and leaves that as it is.
	 * The same at each call. Control; does not block, so attach() reads from the device what
	 * is told here. -EINVAL: size is too short for this driver.
	 */
	int (*info)(void *dev, struct vmhi_nic_info *info);

	/* Sets the port up, while no queue exists. Control; may block. -EINVAL for what info does
	 * not allow; -EBUSY when there are queues; -ENOMEM. */
	int (*configure)(void *dev, const struct vmhi_nic_conf *conf);

	/*
	 * Makes a queue. kind: VMHI_QUEUE_*; idx: from 0, below the number configured; depth: in
	 * segments, a power of two from depth_min to depth_max; vec: the interrupt vector that
	 * wakes its thread, or VMHI_NO_VEC (then arm() is not called). Several queues may have the
	 * same vector: vmhi-driverd does so on a device of one or two. Control; may block. -EINVAL:
	 * one of these is not so; -EBUSY: there is such a queue; -ENOMEM. After an error there is
	 * no queue, and *q is as it was.
	 */
	int (*queue)(void *dev, uint32_t kind, uint32_t idx, uint32_t depth, uint32_t vec,
		     void **q);

	/* Lets the device work on it. Control; may block. -EIO, -ETIMEDOUT: it does not run. */
	int (*queue_start)(void *q);

	/*
	 * When it returns, the device touches no buffer of this queue any more. The cookies still
	 * held then come back through tx_done() and rx() (there with VMHI_PKT_CANCELLED), until
	 * these return 0; the control thread may make these calls, the queue's thread none then.
	 * The queue may be started again after that. Also for a queue that does
	 * not run. Control; may block, one second at most. -EIO, -ETIMEDOUT: the device may still
	 * reach the buffers; the cookies come back and the queue is freed all the same, and the
	 * host fences the device.
	 */
	int (*queue_stop)(void *q);

	/* Frees a stopped queue whose cookies were collected. Control; may block; cannot fail. */
	void (*queue_free)(void *q);

	/*
	 * The five queue calls: on the queue's thread; none of them blocks, allocates or logs. They
	 * come from queue_start to queue_stop, also before start(); tx_done and rx after it too.
	 * depth is the most that a queue holds. The driver may need up to half of it for itself, but
	 * an empty transmit queue takes any packet of tx_segs elements, an empty receive queue the
	 * buffers of the largest packet.
	 *
	 * tx: sends up to n elements, whole packets only, in their order, and returns how many
	 * elements it took: fewer when the ring is full. The array is not kept. Buffers stay as they
	 * are until tx_done() returns their packet. A packet has 14 bytes at least; one under 60
	 * may go out with zeros up to that (IEEE 802.3, 3.2.8). What the device does not send within
	 * 10 s although the link is up is a VMHI_EV_FAULT.
	 */
	uint32_t (*tx)(void *q, const struct vmhi_pkt *pkt, uint32_t n);

	/* Cookies of packets that were sent, at most n: one for each packet, that of its first
	 * element, in any order. Returns how many. The last one sent comes back too, without
	 * another after it. */
	uint32_t (*tx_done)(void *q, uint64_t *cookie, uint32_t n);

	/* Gives up to n empty buffers (iova, va, cookie and room are set, all else 0) to receive
	 * into; returns how many it took. */
	uint32_t (*rx_post)(void *q, const struct vmhi_pkt *pkt, uint32_t n);

	/* Takes received packets: up to n elements, whole packets only; n is at least the number
	 * of buffers of the largest packet: as many as its bytes fill, and one more. Every member of
	 * each element is written. */
	uint32_t (*rx)(void *q, struct vmhi_pkt *pkt, uint32_t n);

	/* Asks for one interrupt on the queue's vector when rx() or tx_done() would return
	 * something. Returns 0; or 1, asking for none, if they would right now. */
	int (*arm)(void *q);

	/*
	 * Sets what is received, in place of all that was set before. -ENOSPC, with nothing
	 * changed, if the table is too small for the unicast addresses: the host asks again, with
	 * PROMISC. -EINVAL: f->size is too short for this driver. More multicast than asked for
	 * may pass, but none if none is asked for. Control; may block, 5 s at most. Also called
	 * while queues run.
	 */
	int (*filter)(void *dev, const struct vmhi_nic_filter *f);

	/* Writes the first n counters, 0 for those that are not counted. Returns how many the
	 * driver knows, 13 or more, or -EIO or -ENODEV, and then v is not used. Control; may block, 5 s at
	 * most. Also called while queues run. vmhi-driverd asks once a second while frames come or
	 * go, and seldom else: counters that wrap in the device are gathered by a timer of the
	 * driver's. It ends a driver whose own account they contradict (nothing sent of what was
	 * said to be, nothing handed over of what came, or a flood that never did). */
	int (*stats)(void *dev, uint64_t *v, uint32_t n);
};

#ifdef __cplusplus
}
#endif

#endif
