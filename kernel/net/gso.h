/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A frame of more TCP payload than fits into the MTU, which the guest leaves to us to cut (VIRTIO
 * 1.2, 5.1.6.2, VIRTIO_NET_HDR_GSO_TCPV4). It is copied whole and marked used like any other; then
 * its segments go their way as ordinary frames, a batch each time that the port is polled, so that
 * it takes no more of the data thread's time than they would have. Data thread only, or while it is
 * paused.
 */
#ifndef KERNEL_NET_GSO_H
#define KERNEL_NET_GSO_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/net/pool.h"

#define GSO_MAX (18 + 65535u)	/* Ethernet header, tag, and the longest IPv4 packet (RFC 791) */

struct gso {
	uint32_t len;		/* of the frame; 0: there is none */
	uint32_t at;		/* where the payload goes on that is not cut yet */
	uint16_t l3_off, l4_off;
	uint16_t hdr_len;	/* Ethernet to TCP */
	uint16_t mss;
	uint8_t data[GSO_MAX];	/* the headers are those of the next segment */
};

/* What the guest says of the frame (struct virtio_net_hdr). */
struct gso_hdr {
	uint16_t mss, csum_start, csum_offset;
};

/*
 * Looks at len bytes (14 at least) in g->data, a frame of a port whose frames have at most
 * frame_max bytes, tag included. True: it is TCP over IPv4, can be cut, and waits for gso_cut().
 * The guest is believed nothing: lengths are those of the frame's own headers.
 */
bool gso_accept(struct gso *g, uint32_t len, const struct gso_hdr *h, uint32_t frame_max);

/*
 * Cuts the next segments, at most max, into buffers of the pool as far as there are some; returns
 * how many. Each has its own IPv4 header, and its TCP checksum left open (VMHI_PKT_CSUM). After the
 * last g->len is 0.
 */
uint32_t gso_cut(struct gso *g, struct pool *pool, struct vmhi_pkt *pkt, uint32_t max);

#endif
