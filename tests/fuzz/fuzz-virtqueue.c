// SPDX-License-Identifier: Apache-2.0
/*
 * Descriptor walking, of split and packed rings: the input is the guest's memory, rings included,
 * and the order in which frames are taken and given. Byte 0: features; 1: rounds; then descriptors,
 * both other parts of the rings, the journal that a dead process left, and buffers. Memory beyond
 * the input repeats it.
 */
#include <linux/virtio_net.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/net/copy.h"
#include "kernel/net/virtqueue.h"

#define MEM  32768u
#define GPA  0x1000u
#define SIZE 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct guestmem mem;
static struct pool pool;
static uint8_t *room;
static uint8_t *all;	/* the memory of all regions, as they lie in their file */

static void set_up(void)
{
	int fd = memfd_create("fuzz", 0);

	/* three regions: two that meet, and one far away */
	if (fd < 0 || ftruncate(fd, MEM) || guestmem_add(&mem, GPA, MEM / 2, 0, fd, 0, NULL) ||
	    guestmem_add(&mem, GPA + MEM / 2, MEM / 4, MEM, fd, MEM / 2, NULL) ||
	    guestmem_add(&mem, 1ull << 40, MEM / 4, 1ull << 40, fd, MEM / 4 * 3, NULL))
		abort();
	all = mmap(NULL, MEM, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (all == MAP_FAILED)
		abort();
	close(fd);
	room = aligned_alloc(64, 1u << 18);
	if (!room || pool_init(&pool, room, 0, 1u << 18, 1500))
		abort();
}

/* Every frame must lie in its buffer and be as long as it may be. */
static void check(const struct vq *vq, const struct vmhi_pkt *pkt, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (pkt[i].len < 14 || pkt[i].len > vq->frame_max ||
		    pool_number(&pool, pkt[i].cookie) >= pool.count ||
		    ((pkt[i].flags & VMHI_PKT_CSUM) &&
		     pkt[i].l4_off + pkt[i].csum_off + 2u > pkt[i].len))
			abort();
}

/*
 * A frame that is to be cut: every segment lies in its buffer, says how long it is, and goes on where
 * the one before ended.
 */
static void check_cut(const struct vq *vq)
{
	uint32_t payload = vq->gso->len - vq->gso->hdr_len, off = vq->gso->l3_off;
	struct vmhi_pkt pkt[VQ_BATCH];

	while (vq->gso->len) {
		uint32_t n = gso_cut(vq->gso, &pool, pkt, VQ_BATCH);

		check(vq, pkt, n);
		for (uint32_t i = 0; i < n; i++) {
			const uint8_t *ip = (const uint8_t *)(uintptr_t)pkt[i].va + off;

			if (__builtin_bswap16(load16(ip + 2)) != pkt[i].len - off ||
			    pkt[i].len <= vq->gso->hdr_len ||
			    payload < pkt[i].len - vq->gso->hdr_len)
				abort();
			payload -= pkt[i].len - vq->gso->hdr_len;
		}
		pool_put(&pool, pkt, n);
	}
	if (payload)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct gso gso;
	static const uint64_t bit[] = {28, 29, 35, 15, 0, 34};
	struct vq vq = {.call_fd = -1, .frame_max = 1518, .gso = &gso};
	struct vmhi_pkt pkt[VQ_BATCH];
	uint64_t features = 1ull << 32 | 1ull << VIRTIO_NET_F_GUEST_CSUM |
			    1ull << VIRTIO_NET_F_HOST_TSO4;
	struct vq_state begin = {0x8000, 0x8000};
	struct vq_journal dead;
	uint32_t got = 0;
	uint8_t *m;

	if (n < 3)
		return 0;
	if (!room)
		set_up();
	m = mem.region[0].hva;
	for (uint32_t i = 0; i < MEM; i += (uint32_t)(n - 2))
		memcpy(all + i, data + 2, n - 2 < MEM - i ? n - 2 : MEM - i);
	for (int i = 0; i < 6; i++)
		features |= (uint64_t)(data[0] >> i & 1) << bit[i];
	vq_set_features(&vq, features);
	if (!vq.packed)
		begin = (struct vq_state){0};
	if (vq_start(&vq, &mem, m, m + 256, m + 320, SIZE, begin))
		abort();
	memcpy(&dead, m + 512, sizeof(dead));
	if (data[0] & 128 && vq_adopt(&vq, &mem, m, m + 256, m + 320, SIZE, &dead))
		return 0;
	vq.run = true;
	for (int i = 0; i < 1 + (data[1] & 3) && vq.run; i++) {
		if (data[1] >> (4 + i) & 1) {
			got = vq.take(&vq, &pool, pkt, 1 + (data[1] & 31));
			check(&vq, pkt, got);
			if (gso.len)
				check_cut(&vq);
		} else {
			got = 1;
			pool_describe(&pool, pool.free[--pool.nfree], 60, 1, &pkt[0]);
			pkt[0].len = 14 + data[1] * 5u;
			pkt[0].flags = data[0] & 64 ? VMHI_PKT_CSUM : 0;
			if (vq.give(&vq, pkt, 1) > 1)
				abort();
		}
		pool_put(&pool, pkt, got);
	}
	if (pool.nfree != pool.count)
		abort();
	return 0;
}
