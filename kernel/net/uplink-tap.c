// SPDX-License-Identifier: Apache-2.0
/*
 * An uplink through a tap device: one frame a system call, a virtio-net header before each. It
 * stands in the buffer's headroom, so that plain read() and write() move both.
 */
#include <errno.h>
#include <linux/virtio_net.h>
#include <string.h>
#include <unistd.h>

#include "kernel/net/copy.h"
#include "kernel/net/csum.h"
#include "kernel/net/dp.h"

static void tap_output(struct switch_port *sp, struct vmhi_pkt *pkt, uint32_t n)
{
	struct uplink *u = sp->owner;

	for (uint32_t i = 0; i < n; i++) {
		struct virtio_net_hdr_v1 hdr = {.num_buffers = 1};
		uint8_t *at = (uint8_t *)(uintptr_t)pkt[i].va + pkt[i].data_off - sizeof(hdr);

		if (pkt[i].flags & VMHI_PKT_CSUM) {
			hdr.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
			hdr.csum_start = pkt[i].l4_off;
			hdr.csum_offset = pkt[i].csum_off;
		}
		memcpy(at, &hdr, sizeof(hdr));
		if (write(u->fd, at, sizeof(hdr) + pkt[i].len) < 0) {
			u->c.drop_nobuf++;
			continue;
		}
		u->c.tx_packets++;
		u->c.tx_bytes += pkt[i].len;
		u->dp->stats.packets++;
	}
}

/* One frame into a new buffer; false: there is none. */
static bool tap_read(struct uplink *u, struct vmhi_pkt *pkt)
{
	struct pool *pool = &u->dp->pool;
	struct virtio_net_hdr_v1 hdr;
	uint8_t *at;
	ssize_t n;

	if (!pool->nfree)
		return false;
	pool_describe(pool, pool_top(pool)[-1], 0, 1, pkt);
	at = (uint8_t *)(uintptr_t)pkt->va - sizeof(hdr);
	n = read(u->fd, at, sizeof(hdr) + pool->room);
	if (n < (ssize_t)sizeof(hdr) + 14)
		return false;
	memcpy(&hdr, at, sizeof(hdr));
	pkt->len = (uint32_t)n - sizeof(hdr);
	if (hdr.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM &&
	    hdr.csum_start >= 14 && (uint32_t)hdr.csum_start + hdr.csum_offset + 2 <= pkt->len) {
		pkt->flags = VMHI_PKT_CSUM;
		pkt->l4_off = hdr.csum_start;
		pkt->csum_off = hdr.csum_offset;
	} else if (hdr.flags & VIRTIO_NET_HDR_F_DATA_VALID) {
		pkt->flags = VMHI_PKT_CSUM_OK;
	}
	pool->nfree--;
	return true;
}

static bool tap_poll(struct uplink *u)
{
	struct vmhi_pkt pkt[DP_BATCH];
	uint32_t n = 0;

	if (u->dp->sw.clock < u->poll_at)
		return false;
	while (n < DP_BATCH && tap_read(u, &pkt[n]))
		n++;
	if (n < DP_BATCH)	/* a system call each round would slow the guests down */
		u->poll_at = u->dp->sw.clock + u->dp->hz / 100000;
	if (n)
		uplink_input(u, pkt, n);
	return n;
}

/* Whether it has frames right now: an edge that came before this is not seen again. */
static bool tap_arm(struct uplink *u)
{
	u->poll_at = 0;
	return tap_poll(u);
}

static void tap_free(struct uplink *u)
{
	close(u->fd);
}

const struct uplink_ops uplink_tap_ops = {
	.output = tap_output,
	.poll = tap_poll,
	.arm = tap_arm,
	.free = tap_free,
};
