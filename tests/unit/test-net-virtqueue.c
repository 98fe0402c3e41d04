// SPDX-License-Identifier: Apache-2.0
/* Virtqueues: frames both ways, and everything a guest may put into its rings. */
#include <linux/virtio_net.h>

#include "kernel/net/csum.h"
#include "tests/unit/ring-guest.h"

#define DESC_AT	 0
#define AVAIL_AT 4096
#define USED_AT	 8192

static const struct vq_state fresh;
static struct vring_desc *desc;
static struct vring_avail *avail;
static struct vring_used *used;

static void set_up(uint64_t features)
{
	guest_memory();
	desc = (void *)(base + DESC_AT);
	avail = (void *)(base + AVAIL_AT);
	used = (void *)(base + USED_AT);
	guest_queue(features, desc, avail, used, fresh);
}

static void put_desc(uint16_t i, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
	desc[i] = (struct vring_desc){addr, len, flags, next};
}

static void offer(uint16_t head)
{
	avail->ring[avail->idx % SIZE] = head;
	avail->idx++;
}

static void test_take(void)
{
	static const uint64_t features[] = {0, F_EVENT, F_ORDER, F_ORDER | F_EVENT};
	static const uint32_t lens[] = {14, 15, 31, 32, 60, 64, 65, 100, 128, 129, 700, 1518};

	for (int f = 0; f < 4; f++) {
		set_up(features[f]);
		for (uint16_t i = 0; i < 12; i++) {
			put_desc(i, frame_at(i, lens[i]), lens[i] + VQ_HDR, 0, 0);
			offer(i);
		}
		CU_ASSERT_EQUAL(vq.take(&vq, &pool, pkt, 10), 10);
		CU_ASSERT_EQUAL(vq.take(&vq, &pool, pkt + 10, VQ_BATCH), 2);
		for (uint32_t i = 0; i < 12; i++)
			CU_ASSERT(is_frame(&pkt[i], i, lens[i]));
		CU_ASSERT_EQUAL(used->idx, 12);
		/* in order, one entry stands for a batch, and names its last chain */
		CU_ASSERT_EQUAL(used->ring[0].id, f >= 2 ? 9 : 0);
		CU_ASSERT_EQUAL(pool.nfree, pool.usable - 12);
		CU_ASSERT_EQUAL(vq.take(&vq, &pool, pkt, VQ_BATCH), 0);
		CU_ASSERT(vq.run);
		tear_down();
	}
}

static void test_take_chains(void)
{
	uint64_t at;

	set_up(F_IND);
	/* header alone; split in its middle; one byte each; across the border of two regions */
	at = frame_at(0, 100);
	put_desc(0, at, VQ_HDR, VRING_DESC_F_NEXT, 1);
	put_desc(1, at + VQ_HDR, 100, 0, 0);
	offer(0);
	at = frame_at(1, 100);
	put_desc(2, at, 7, VRING_DESC_F_NEXT, 3);
	put_desc(3, at + 7, 50, VRING_DESC_F_NEXT, 4);
	put_desc(4, at + 57, 55, 0, 0);
	offer(2);
	at = GPA + MEM / 2 - 50;
	memset(base + MEM / 2 - 50, 0, VQ_HDR);
	for (int i = 0; i < 100; i++)
		*(i < 38 ? base + MEM / 2 - 38 + i : mem.region[1].hva + i - 38) = (uint8_t)(2 + i);
	put_desc(5, at, VQ_HDR + 100, 0, 0);
	offer(5);
	/* an indirect table */
	at = frame_at(3, 200);
	((struct vring_desc *)(base + 16384))[0] =
		(struct vring_desc){at, 20, VRING_DESC_F_NEXT, 1};
	((struct vring_desc *)(base + 16384))[1] = (struct vring_desc){at + 20, 192, 0, 0};
	put_desc(6, GPA + 16384, 32, VRING_DESC_F_INDIRECT, 0);
	offer(6);
	CU_ASSERT_EQUAL_FATAL(vq.take(&vq, &pool, pkt, VQ_BATCH), 4);
	CU_ASSERT(is_frame(&pkt[0], 0, 100));
	CU_ASSERT(is_frame(&pkt[1], 1, 100));
	CU_ASSERT(is_frame(&pkt[2], 2, 100));
	CU_ASSERT(is_frame(&pkt[3], 3, 200));
	CU_ASSERT_EQUAL(used->ring[3].id, 6);
	tear_down();
}

/* Frames that are refused, while the queue goes on: too short, too long, offloads not offered. */
static void test_take_bad_frames(void)
{
	struct virtio_net_hdr *h;

	set_up(0);
	put_desc(0, frame_at(0, 60), VQ_HDR + 13, 0, 0);
	put_desc(1, frame_at(1, 1600), VQ_HDR + 1519, 0, 0);
	put_desc(2, frame_at(2, 60), VQ_HDR + 60, 0, 0);
	h = (void *)(base + BUF_AT + 2 * 4096);
	h->gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	put_desc(3, frame_at(3, 60), VQ_HDR + 60, 0, 0);
	h = (void *)(base + BUF_AT + 3 * 4096);
	h->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	put_desc(4, frame_at(4, 60), VQ_HDR + 60, 0, 0);
	for (uint16_t i = 0; i < 5; i++)
		offer(i);
	CU_ASSERT_EQUAL(vq.take(&vq, &pool, pkt, VQ_BATCH), 1);
	CU_ASSERT(is_frame(&pkt[0], 4, 60));
	CU_ASSERT_EQUAL(vq.bad, 4);
	CU_ASSERT_EQUAL(used->idx, 5);
	CU_ASSERT(vq.run);
	CU_ASSERT_EQUAL(pool.nfree, pool.usable - 1);
	tear_down();
}

static void test_take_csum(void)
{
	static const struct { uint16_t start, offset; bool good; } c[] = {
		{34, 16, true}, {34, 24, true}, {34, 25, false}, {13, 6, false},
		{0xffff, 0xffff, false}, {60, 0, false}, {58, 0, true},
	};

	set_up(F_CSUM);
	for (uint16_t i = 0; i < 7; i++) {
		struct virtio_net_hdr *h = (void *)(base + BUF_AT + i * 4096u);

		put_desc(i, frame_at(i, 60), VQ_HDR + 60, 0, 0);
		h->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		h->csum_start = c[i].start;
		h->csum_offset = c[i].offset;
		offer(i);
		CU_ASSERT_EQUAL(vq.take(&vq, &pool, pkt, 1), c[i].good);
		if (c[i].good)
			CU_ASSERT(pkt[0].flags == VMHI_PKT_CSUM && pkt[0].l4_off == c[i].start);
	}
	tear_down();
}

/* What stops the queue. Each case sets up descriptors and offers one chain. */
static void hostile_loop(void)
{
	put_desc(0, frame_at(0, 60), 16, VRING_DESC_F_NEXT, 1);
	put_desc(1, frame_at(1, 60), 16, VRING_DESC_F_NEXT, 0);
	offer(0);
}

static void hostile_self(void)
{
	put_desc(0, frame_at(0, 60), 16, VRING_DESC_F_NEXT, 0);
	offer(0);
}

static void hostile_head(void)
{
	offer(SIZE);
}

static void hostile_next(void)
{
	put_desc(0, frame_at(0, 60), 16, VRING_DESC_F_NEXT, SIZE);
	offer(0);
}

static void hostile_length(void)
{
	put_desc(0, GPA + MEM - 100, 200, 0, 0);
	offer(0);
}

static void hostile_address(void)
{
	put_desc(0, 0x1000, 100, 0, 0);
	offer(0);
}

static void hostile_wrap(void)
{
	put_desc(0, ~0ull - 10, 100, 0, 0);
	offer(0);
}

static void hostile_jump(void)
{
	avail->idx = SIZE + 1;
}

static void hostile_direction(void)
{
	put_desc(0, frame_at(0, 60), 100, VRING_DESC_F_WRITE, 0);
	offer(0);
}

static void hostile_empty(void)
{
	put_desc(0, frame_at(0, 60), 0, 0, 0);
	offer(0);
}

static void hostile_short(void)
{
	put_desc(0, frame_at(0, 60), 11, 0, 0);
	offer(0);
}

static void indirect(uint64_t addr, uint32_t len, uint16_t flags)
{
	put_desc(0, addr, len, (uint16_t)(VRING_DESC_F_INDIRECT | flags), 1);
	offer(0);
}

static void hostile_ind_length(void)
{
	indirect(GPA + 16384, 24, 0);
}

static void hostile_ind_empty(void)
{
	indirect(GPA + 16384, 0, 0);
}

static void hostile_ind_huge(void)
{
	indirect(GPA + 16384, 0xfffffff0, 0);
}

static void hostile_ind_outside(void)
{
	indirect(GPA + MEM - 16, 32, 0);
}

static void hostile_ind_chained(void)
{
	indirect(GPA + 16384, 16, VRING_DESC_F_NEXT);
}

static void hostile_ind_nested(void)
{
	struct vring_desc *t = (void *)(base + 16384);

	t[0] = (struct vring_desc){GPA + 16384, 16, VRING_DESC_F_INDIRECT, 0};
	indirect(GPA + 16384, 16, 0);
}

static void hostile_ind_loop(void)
{
	struct vring_desc *t = (void *)(base + 16384);

	t[0] = (struct vring_desc){GPA + BUF_AT, 16, VRING_DESC_F_NEXT, 1};
	t[1] = (struct vring_desc){GPA + BUF_AT, 16, VRING_DESC_F_NEXT, 0};
	indirect(GPA + 16384, 32, 0);
}

static void hostile_ind_next(void)
{
	struct vring_desc *t = (void *)(base + 16384);

	t[0] = (struct vring_desc){GPA + BUF_AT, 16, VRING_DESC_F_NEXT, 2};
	indirect(GPA + 16384, 32, 0);
}

static void (*const hostile[])(void) = {
	hostile_loop, hostile_self, hostile_head, hostile_next, hostile_length, hostile_address,
	hostile_wrap, hostile_jump, hostile_direction, hostile_empty, hostile_short,
	hostile_ind_length, hostile_ind_empty, hostile_ind_huge, hostile_ind_outside,
	hostile_ind_chained, hostile_ind_nested, hostile_ind_loop, hostile_ind_next,
};
#define HOSTILE (sizeof(hostile) / sizeof(hostile[0]))

static void test_hostile_take(void)
{
	for (size_t i = 0; i < HOSTILE; i++) {
		bool trouble = false;

		set_up(F_IND);
		vq.trouble = &trouble;
		hostile[i]();
		CU_ASSERT_EQUAL(vq.take(&vq, &pool, pkt, VQ_BATCH), 0);
		CU_ASSERT(!vq.run && vq.broken && trouble);
		CU_ASSERT_EQUAL(used->idx, 0);
		CU_ASSERT_EQUAL(pool.nfree, pool.usable);
		tear_down();
	}
}

/* The same chains offered for receiving: the direction is wrong, or the rest is. */
static void test_hostile_give(void)
{
	for (size_t i = 0; i < HOSTILE; i++) {
		uint8_t data[64] = {0};

		set_up(F_IND | F_MRG);
		hostile[i]();
		for (uint16_t d = 0; d < SIZE; d++)
			if (!(desc[d].flags & VRING_DESC_F_INDIRECT))
				desc[d].flags ^= VRING_DESC_F_WRITE;
		pkt[0] = (struct vmhi_pkt){.va = (uintptr_t)data, .len = 60};
		CU_ASSERT_EQUAL(vq.give(&vq, pkt, 1), 0);
		CU_ASSERT(!vq.run && vq.broken);
		CU_ASSERT_EQUAL(used->idx, 0);
		tear_down();
	}
}

/* Empty descriptors cost time and add nothing: a frame may have so many of them, and no more. */
static void test_empty_descriptors(void)
{
	static const struct { uint16_t empty; bool run; } c[] = {{200, true}, {300, false}};
	uint8_t data[64] = {0};
	struct vring_desc *t;

	for (int i = 0; i < 4; i++) {
		uint16_t n = c[i / 2].empty, write = i % 2 ? VRING_DESC_F_WRITE : 0;

		set_up(F_IND | F_MRG);
		t = (void *)(base + 16384);
		for (uint16_t d = 0; d < n; d++)
			t[d] = (struct vring_desc){GPA, 0, write | VRING_DESC_F_NEXT, d + 1};
		t[n] = (struct vring_desc){frame_at(0, 60), VQ_HDR + 60, write, 0};
		indirect(GPA + 16384, (n + 1u) * 16, 0);
		pkt[0] = (struct vmhi_pkt){.va = (uintptr_t)data, .len = 60};
		CU_ASSERT_EQUAL(write ? vq.give(&vq, pkt, 1) : vq.take(&vq, &pool, pkt, 1),
				c[i / 2].run);
		CU_ASSERT_EQUAL(vq.run, c[i / 2].run);
		tear_down();
	}
	/* chains that merge share the frame's allowance: the second is one too many */
	set_up(F_IND | F_MRG);
	t = (void *)(base + 16384);
	for (uint16_t d = 0; d < 200; d++)
		t[d] = (struct vring_desc){GPA + BUF_AT, d ? 0 : VQ_HDR,
					   VRING_DESC_F_WRITE | (d < 199 ? VRING_DESC_F_NEXT : 0),
					   (uint16_t)(d + 1)};
	indirect(GPA + 16384, 200 * 16, 0);
	offer(0);
	pkt[0] = (struct vmhi_pkt){.va = (uintptr_t)data, .len = 60};
	CU_ASSERT_EQUAL(vq.give(&vq, pkt, 1), 0);
	CU_ASSERT(!vq.run);
	tear_down();
}

static void test_indirect_not_negotiated(void)
{
	set_up(0);
	((struct vring_desc *)(base + 16384))[0] =
		(struct vring_desc){frame_at(0, 60), VQ_HDR + 60, 0, 0};
	indirect(GPA + 16384, 16, 0);
	CU_ASSERT_EQUAL(vq.take(&vq, &pool, pkt, VQ_BATCH), 0);
	CU_ASSERT(!vq.run);
	tear_down();
}

/* Good frames before a bad chain are taken all the same. */
static void test_good_then_hostile(void)
{
	set_up(0);
	put_desc(1, frame_at(1, 60), VQ_HDR + 60, 0, 0);
	offer(1);
	put_desc(2, frame_at(2, 60), 16, VRING_DESC_F_NEXT, 2);
	offer(2);
	CU_ASSERT_EQUAL(vq.take(&vq, &pool, pkt, VQ_BATCH), 1);
	CU_ASSERT(is_frame(&pkt[0], 1, 60));
	CU_ASSERT_EQUAL(used->idx, 1);
	CU_ASSERT(!vq.run);
	tear_down();
}

static void offer_room(uint16_t n, uint32_t len)
{
	for (uint16_t i = 0; i < n; i++) {
		put_desc(i, GPA + BUF_AT + i * 4096u, len, VRING_DESC_F_WRITE, 0);
		offer(i);
	}
}

static void make_frames(uint8_t *data, uint32_t n, uint32_t len)
{
	for (uint32_t i = 0; i < n; i++) {
		memset(data + i * 2048, (int)(0x40 + i), len);
		pkt[i] = (struct vmhi_pkt){.va = (uintptr_t)(data + i * 2048), .len = len};
	}
}

static const struct virtio_net_hdr_v1 *header(uint32_t n)
{
	return (const void *)(base + BUF_AT + n * 4096);
}

static void test_give(void)
{
	static uint8_t data[VQ_BATCH * 2048];

	for (int f = 0; f < 2; f++) {
		set_up(f ? F_MRG | F_EVENT : F_MRG);
		offer_room(20, 2048);
		make_frames(data, VQ_BATCH, 60);
		CU_ASSERT_EQUAL(vq.give(&vq, pkt, VQ_BATCH), 20);
		CU_ASSERT_EQUAL(used->idx, 20);
		for (uint32_t i = 0; i < 20; i++) {
			CU_ASSERT_EQUAL(used->ring[i].id, i);
			CU_ASSERT_EQUAL(used->ring[i].len, 72);
			CU_ASSERT_EQUAL(header(i)->num_buffers, 1);
			CU_ASSERT(!memcmp(header(i) + 1, data + i * 2048, 60));
		}
		CU_ASSERT_EQUAL(vq.give(&vq, pkt, 1), 0);
		CU_ASSERT(vq.run);
		tear_down();
	}
}

static void test_give_merged(void)
{
	static uint8_t data[2048];

	set_up(F_MRG);
	offer_room(10, 500);
	make_frames(data, 1, 1200);
	CU_ASSERT_EQUAL(vq.give(&vq, pkt, 1), 1);
	CU_ASSERT_EQUAL(used->idx, 3);
	CU_ASSERT_EQUAL(header(0)->num_buffers, 3);
	CU_ASSERT(used->ring[0].len == 500 && used->ring[1].len == 500 &&
		  used->ring[2].len == 212);
	CU_ASSERT(!memcmp(header(0) + 1, data, 488));
	CU_ASSERT(!memcmp(base + BUF_AT + 4096, data + 488, 500));
	CU_ASSERT(!memcmp(base + BUF_AT + 8192, data + 988, 212));
	tear_down();
	/* without merging it does not fit, and nothing is taken from the guest */
	set_up(0);
	offer_room(10, 500);
	make_frames(data, 1, 1200);
	CU_ASSERT_EQUAL(vq.give(&vq, pkt, 1), 0);
	CU_ASSERT(vq.run && used->idx == 0);
	make_frames(data, 1, 488);
	CU_ASSERT_EQUAL(vq.give(&vq, pkt, 1), 1);
	tear_down();
}

static void test_give_offload(void)
{
	static uint8_t data[2048];

	set_up(F_MRG | F_CSUM);
	offer_room(2, 2048);
	make_frames(data, 1, 60);
	pkt[0].flags = VMHI_PKT_CSUM;
	pkt[0].l4_off = 34;
	pkt[0].csum_off = 16;
	CU_ASSERT_EQUAL(vq.give(&vq, pkt, 1), 1);
	CU_ASSERT_EQUAL(header(0)->flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	CU_ASSERT(header(0)->csum_start == 34 && header(0)->csum_offset == 16);
	pkt[0].flags = VMHI_PKT_CSUM_OK;
	CU_ASSERT_EQUAL(vq.give(&vq, pkt, 1), 1);
	CU_ASSERT_EQUAL(header(1)->flags, VIRTIO_NET_HDR_F_DATA_VALID);
	tear_down();
	/* a guest that did not ask for it gets a checksum that is complete */
	set_up(F_MRG);
	offer_room(1, 2048);
	make_frames(data, 1, 60);
	memset(data + 34, 0, 26);
	data[35] = 1;
	pkt[0].flags = VMHI_PKT_CSUM;
	pkt[0].l4_off = 34;
	pkt[0].csum_off = 16;
	CU_ASSERT_EQUAL(vq.give(&vq, pkt, 1), 1);
	CU_ASSERT_EQUAL(header(0)->flags, 0);
	CU_ASSERT(data[50] == 0xff && data[51] == 0xfe);
	tear_down();
}

static void test_arm(void)
{
	set_up(0);
	vq_disarm(&vq);
	CU_ASSERT_EQUAL(used->flags, VRING_USED_F_NO_NOTIFY);
	CU_ASSERT(!vq_arm(&vq));
	CU_ASSERT_EQUAL(used->flags, 0);
	put_desc(0, frame_at(0, 60), VQ_HDR + 60, 0, 0);
	offer(0);
	CU_ASSERT(vq_arm(&vq));
	tear_down();
	set_up(F_EVENT);
	put_desc(0, frame_at(0, 60), VQ_HDR + 60, 0, 0);
	offer(0);
	CU_ASSERT_EQUAL(vq.take(&vq, &pool, pkt, 1), 1);
	CU_ASSERT(!vq_arm(&vq));
	CU_ASSERT(!memcmp(&used->ring[SIZE], "\1\0", 2));	/* avail_event */
	tear_down();
}

static void test_ring_checks(void)
{
	set_up(0);
	CU_ASSERT(vq_start(&vq, &mem, desc, avail, used, 48, fresh) < 0);
	CU_ASSERT(vq_start(&vq, &mem, desc, avail, used, 2048, fresh) < 0);
	CU_ASSERT(vq_start(&vq, &mem, (uint8_t *)desc + 8, avail, used, 64, fresh) < 0);
	CU_ASSERT(vq_start(&vq, &mem, desc, (uint8_t *)avail + 1, used, 64, fresh) < 0);
	CU_ASSERT(vq_start(&vq, &mem, desc, avail, (uint8_t *)used + 2, 64, fresh) < 0);
	tear_down();
}

static void test_memory(void)
{
	struct err e;
	int fd = memfd_create("guest", 0);

	CU_ASSERT_FATAL(fd >= 0 && !ftruncate(fd, MEM));
	CU_ASSERT(!guestmem_add(&mem, GPA, MEM, GPA, fd, 0, &e));
	CU_ASSERT(guestmem_add(&mem, GPA + MEM - 1, 4096, 0, fd, 0, &e) == -EINVAL);
	CU_ASSERT(guestmem_add(&mem, GPA - 4095, 4096, 0, fd, 0, &e) == -EINVAL);
	CU_ASSERT(guestmem_add(&mem, 0, MEM + 1, 0, fd, 0, &e) == -EINVAL);
	CU_ASSERT(guestmem_add(&mem, 0, 4096, 0, fd, MEM, &e) == -EINVAL);
	CU_ASSERT(guestmem_add(&mem, 0, 4096, 0, fd, ~0ull - 100, &e) == -EINVAL);
	CU_ASSERT(guestmem_add(&mem, ~0ull - 100, 4096, 0, fd, 0, &e) == -EINVAL);
	CU_ASSERT(guestmem_add(&mem, 0, 0, 0, fd, 0, &e) == -EINVAL);
	CU_ASSERT(guestmem_remove(&mem, GPA, MEM, 0, &e) == -ENOENT);
	CU_ASSERT_EQUAL(guestmem_user(&mem, GPA + MEM - 8, 8), mem.region[0].hva + MEM - 8);
	CU_ASSERT_PTR_NULL(guestmem_user(&mem, GPA + MEM - 8, 9));
	CU_ASSERT(!guestmem_remove(&mem, GPA, MEM, GPA, &e) && mem.n == 0);
	close(fd);
}

/* A peer that truncates its memory: zeros are read there, and the memory is known to be lost. */
static void test_truncated(void)
{
	int fd = memfd_create("guest", 0);

	CU_ASSERT_FATAL(fd >= 0 && !ftruncate(fd, MEM) && !guestmem_guard());
	CU_ASSERT_FATAL(!guestmem_add(&mem, GPA, MEM, GPA, fd, 0, NULL));
	mem.region[0].hva[4096] = 1;
	CU_ASSERT_FATAL(!ftruncate(fd, 0));
	CU_ASSERT_EQUAL(((volatile uint8_t *)mem.region[0].hva)[4096], 0);
	CU_ASSERT(mem.lost);
	guestmem_clear(&mem);
	CU_ASSERT(!mem.lost);
	close(fd);
}

static const struct unit_test tests[] = {
	{"takes frames of every length, with each set of features", test_take},
	{"takes chains, indirect tables, buffers across regions", test_take_chains},
	{"refuses bad frames and goes on", test_take_bad_frames},
	{"takes checksum requests that fit the frame", test_take_csum},
	{"stops for a hostile transmit queue", test_hostile_take},
	{"stops for a hostile receive queue", test_hostile_give},
	{"stops for frames of too many descriptors", test_empty_descriptors},
	{"refuses indirect tables that were not negotiated", test_indirect_not_negotiated},
	{"takes what is good before what is not", test_good_then_hostile},
	{"gives frames", test_give},
	{"merges receive buffers if that was negotiated", test_give_merged},
	{"tells the guest about checksums", test_give_offload},
	{"asks for kicks", test_arm},
	{"checks the rings' size and place", test_ring_checks},
	{"checks memory regions", test_memory},
	{"survives memory that is truncated", test_truncated},
};
UNIT_MAIN("virtqueue", tests)
