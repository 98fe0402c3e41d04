// SPDX-License-Identifier: Apache-2.0
/* Packed virtqueues: frames both ways, everything a guest may put into them, and who goes on. */
#include <linux/virtio_net.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "tests/unit/ring-guest.h"

#define TABLE_AT 16384u
#define F_PACKED (1ull << 34)
#define NEXT	 VRING_DESC_F_NEXT
#define WRITE	 VRING_DESC_F_WRITE
#define INDIRECT VRING_DESC_F_INDIRECT
#define AVAIL	 0x80u
#define USED	 0x8000u

static const struct vq_state fresh = {0x8000, 0x8000};

static struct vring_packed_desc *ring;
static struct vring_packed_desc_event *driver, *device;
static uint32_t put_at, got_at;		/* places that the guest filled, and saw used, of all laps */

static void set_up(uint64_t features)
{
	guest_memory();
	ring = (void *)base;
	driver = (void *)(base + 4096);
	device = (void *)(base + 8192);
	put_at = got_at = 0;
	guest_queue(F_PACKED | features, ring, driver, device, fresh);
}

/* Fills the next place, with the bits that make it available in its lap. */
static void put(uint64_t addr, uint32_t len, uint16_t id, uint32_t flags)
{
	flags |= put_at / SIZE % 2 ? USED : AVAIL;
	ring[put_at++ % SIZE] = (struct vring_packed_desc){addr, len, id, (uint16_t)flags};
}

/* Whether the place that the guest looks at is used, with this id; it goes on behind it. */
static bool got(uint16_t id, uint32_t len, uint32_t skip)
{
	const struct vring_packed_desc *d = &ring[got_at % SIZE];
	uint32_t both = got_at / SIZE % 2 ? 0 : AVAIL | USED;

	if ((d->flags & (AVAIL | USED)) != both || d->id != id || d->len != len)
		return false;
	got_at += skip;
	return true;
}

static bool nothing_used(void)
{
	return (ring[got_at % SIZE].flags & (AVAIL | USED)) !=
	       (got_at / SIZE % 2 ? 0 : AVAIL | USED);
}

static void drop(uint32_t n)
{
	pool_put(&pool, pkt, n);
}

/* Several laps of frames of every length: wrap counters on both sides keep step. */
static void test_take(void)
{
	static const uint64_t features[] = {0, F_EVENT, F_ORDER, F_ORDER | F_EVENT};
	static const uint32_t lens[] = {14, 15, 31, 32, 60, 64, 65, 100, 128, 129, 700, 1518};

	for (int f = 0; f < 4; f++) {
		set_up(features[f]);
		for (int round = 0; round < 20; round++) {
			for (uint16_t i = 0; i < 12; i++)
				put(frame_at(i, lens[i]), lens[i] + VQ_HDR, 100 + i, 0);
			CU_ASSERT_EQUAL_FATAL(vq.take(&vq, &pool, pkt, 10), 10);
			CU_ASSERT_EQUAL_FATAL(vq.take(&vq, &pool, pkt + 10, VQ_BATCH), 2);
			for (uint32_t i = 0; i < 12; i++)
				CU_ASSERT(is_frame(&pkt[i], i, lens[i]));
			/* in order, one entry stands for a batch, and names its last chain */
			for (uint16_t i = 0; f < 2 && i < 12; i++)
				CU_ASSERT(got(100 + i, 0, 1));
			if (f >= 2)
				CU_ASSERT(got(109, 0, 10) && got(111, 0, 2));
			CU_ASSERT_EQUAL(pool.nfree, pool.usable - 12);
			CU_ASSERT_EQUAL(vq.take(&vq, &pool, pkt + 12, VQ_BATCH - 12), 0);
			drop(12);
		}
		CU_ASSERT(vq.run);
		tear_down();
	}
}

/* A guest that fills the ring to its last place. */
static void test_full_ring(void)
{
	set_up(0);
	for (int lap = 0; lap < 3; lap++) {
		for (uint16_t i = 0; i < SIZE; i++)
			put(frame_at(i % 8, 60), 72, i, 0);
		for (uint16_t i = 0; i < SIZE / VQ_BATCH; i++) {
			CU_ASSERT_EQUAL(vq.take(&vq, &pool, pkt, VQ_BATCH), VQ_BATCH);
			drop(VQ_BATCH);
		}
		CU_ASSERT_EQUAL(vq.take(&vq, &pool, pkt, VQ_BATCH), 0);
		for (uint16_t i = 0; i < SIZE; i++)
			CU_ASSERT(got(i, 0, 1));
	}
	tear_down();
}

static void test_take_chains(void)
{
	struct vring_packed_desc *t;
	uint64_t at;

	for (int order = 0; order < 2; order++) {
		set_up(F_IND | (order ? F_ORDER : 0));
		/* header alone; in pieces, round the ring's end; across two regions; a table */
		for (uint32_t i = 0; i < SIZE - 3; i++) {
			put(frame_at(0, 60), 72, 1, 0);
			CU_ASSERT_EQUAL_FATAL(vq.take(&vq, &pool, pkt, 1), 1);
			CU_ASSERT(got(1, 0, 1));
			drop(1);
		}
		at = frame_at(0, 100);
		put(at, VQ_HDR, 0, NEXT);
		put(at + VQ_HDR, 100, 10, 0);
		at = frame_at(1, 100);
		put(at, 7, 0, NEXT);
		put(at + 7, 50, 0, NEXT);
		put(at + 57, 55, 11, 0);
		at = GPA + MEM / 2 - 50;
		memset(base + MEM / 2 - 50, 0, VQ_HDR);
		for (int i = 0; i < 100; i++)
			*(i < 38 ? base + MEM / 2 - 38 + i : mem.region[1].hva + i - 38) =
				(uint8_t)(2 + i);
		put(at, VQ_HDR + 100, 12, 0);
		at = frame_at(3, 200);
		t = (void *)(base + TABLE_AT);
		t[0] = (struct vring_packed_desc){at, 20, 77, 0};
		t[1] = (struct vring_packed_desc){at + 20, 192, 78, 0};
		put(GPA + TABLE_AT, 32, 13, INDIRECT);
		put(frame_at(4, 60), 72, 14, 0);
		CU_ASSERT_EQUAL_FATAL(vq.take(&vq, &pool, pkt, VQ_BATCH), 5);
		CU_ASSERT(is_frame(&pkt[0], 0, 100) && is_frame(&pkt[1], 1, 100));
		CU_ASSERT(is_frame(&pkt[2], 2, 100) && is_frame(&pkt[3], 3, 200));
		CU_ASSERT(is_frame(&pkt[4], 4, 60));
		CU_ASSERT(order ? got(14, 0, 8)
				: got(10, 0, 2) && got(11, 0, 3) && got(12, 0, 1) &&
				  got(13, 0, 1) && got(14, 0, 1));
		CU_ASSERT(nothing_used() && put_at == got_at);
		CU_ASSERT_EQUAL(vq_state(&vq).avail, put_at % SIZE);	/* second lap: no bit */
		drop(5);
		tear_down();
	}
}

/* Frames that are refused, while the queue goes on: too short, too long, offloads not offered. */
static void test_take_bad_frames(void)
{
	set_up(0);
	put(frame_at(0, 60), VQ_HDR + 13, 0, 0);
	put(frame_at(1, 1600), VQ_HDR + 1519, 1, 0);
	put(frame_at(2, 60), 72, 2, 0);
	((struct virtio_net_hdr *)(base + BUF_AT + 8192))->gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	put(frame_at(3, 60), 72, 3, 0);
	((struct virtio_net_hdr *)(base + BUF_AT + 12288))->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	put(frame_at(4, 60), 72, 4, 0);
	CU_ASSERT_EQUAL(vq.take(&vq, &pool, pkt, VQ_BATCH), 1);
	CU_ASSERT(is_frame(&pkt[0], 4, 60));
	CU_ASSERT_EQUAL(vq.bad, 4);
	for (uint16_t i = 0; i < 5; i++)
		CU_ASSERT(got(i, 0, 1));
	CU_ASSERT(vq.run);
	CU_ASSERT_EQUAL(pool.nfree, pool.usable - 1);
	drop(1);
	tear_down();
}

/* What stops the queue. Each case offers one chain; w is what a receive queue's buffers must have. */
static void hostile_loop(uint32_t w)
{
	for (uint32_t i = 0; i < SIZE; i++)	/* it never ends */
		put(frame_at(0, 60), 4, 0, NEXT | w);
}

static void hostile_length(uint32_t w)
{
	put(GPA + MEM - 100, 200, 0, w);
}

static void hostile_address(uint32_t w)
{
	put(0x1000, 100, 0, w);
}

static void hostile_wrap(uint32_t w)
{
	put(~0ull - 10, 100, 0, w);
}

static void hostile_direction(uint32_t w)
{
	put(frame_at(0, 60), 100, 0, w ^ WRITE);
}

static void hostile_mixed(uint32_t w)
{
	put(frame_at(0, 60), VQ_HDR, 0, NEXT | w);
	put(frame_at(1, 60), 60, 0, w ^ WRITE);
}

static void hostile_empty(uint32_t w)
{
	put(frame_at(0, 60), 0, 0, w);
}

static void hostile_short(uint32_t w)
{
	put(frame_at(0, 60), 11, 0, w);
}

static void table(uint16_t i, uint64_t addr, uint32_t len, uint32_t flags)
{
	((struct vring_packed_desc *)(base + TABLE_AT))[i] =
		(struct vring_packed_desc){addr, len, 0, (uint16_t)flags};
}

static void hostile_ind_length(uint32_t w)
{
	put(GPA + TABLE_AT, 24, 0, INDIRECT);
}

static void hostile_ind_empty(uint32_t w)
{
	put(GPA + TABLE_AT, 0, 0, INDIRECT);
}

static void hostile_ind_huge(uint32_t w)
{
	put(GPA + TABLE_AT, 0xfffffff0, 0, INDIRECT);
}

static void hostile_ind_outside(uint32_t w)
{
	put(GPA + MEM - 16, 32, 0, INDIRECT);
}

static void hostile_ind_chained(uint32_t w)
{
	table(0, GPA + BUF_AT, 100, w);
	put(GPA + TABLE_AT, 16, 0, INDIRECT | NEXT);
	put(frame_at(0, 60), 100, 0, w);
}

static void hostile_ind_at_end(uint32_t w)
{
	table(0, GPA + BUF_AT, 100, w);
	put(frame_at(0, 60), 100, 0, NEXT | w);
	put(GPA + TABLE_AT, 16, 0, INDIRECT);
}

static void hostile_ind_nested(uint32_t w)
{
	table(0, GPA + TABLE_AT, 16, INDIRECT | w);
	put(GPA + TABLE_AT, 16, 0, INDIRECT);
}

static void hostile_ind_direction(uint32_t w)
{
	table(0, GPA + BUF_AT, 16, w);
	table(1, GPA + BUF_AT, 100, w ^ WRITE);
	put(GPA + TABLE_AT, 32, 0, INDIRECT);
}

static void hostile_ind_address(uint32_t w)
{
	table(0, GPA + BUF_AT, 16, w);
	table(1, 0x1000, 100, w);
	put(GPA + TABLE_AT, 32, 0, INDIRECT);
}

static void hostile_ind_many(uint32_t w)
{
	for (uint16_t i = 0; i < 300; i++)	/* more descriptors than a frame may have */
		table(i, GPA + BUF_AT, i ? 0 : VQ_HDR, w);
	put(GPA + TABLE_AT, 300 * 16, 0, INDIRECT);
}

static void (*const hostile[])(uint32_t w) = {
	hostile_loop, hostile_length, hostile_address, hostile_wrap, hostile_direction,
	hostile_mixed, hostile_empty, hostile_short, hostile_ind_length, hostile_ind_empty,
	hostile_ind_huge, hostile_ind_outside, hostile_ind_chained, hostile_ind_at_end,
	hostile_ind_nested, hostile_ind_direction, hostile_ind_address, hostile_ind_many,
};
#define HOSTILE (sizeof(hostile) / sizeof(hostile[0]))

static void test_hostile(void)
{
	static uint8_t data[2048];

	for (size_t i = 0; i < 2 * HOSTILE; i++) {
		uint32_t write = i % 2 ? WRITE : 0;
		bool trouble = false;

		set_up(F_IND | F_MRG);
		vq.trouble = &trouble;
		hostile[i / 2](write);
		pkt[0] = (struct vmhi_pkt){.va = (uintptr_t)data, .len = 1500};
		CU_ASSERT_EQUAL(write ? vq.give(&vq, pkt, 1) : vq.take(&vq, &pool, pkt, VQ_BATCH), 0);
		if (vq.run || !vq.broken || !trouble)
			fprintf(stderr, "hostile case %zu (%s) was let through\n", i / 2,
				write ? "receive" : "transmit");
		CU_ASSERT(!vq.run && vq.broken && trouble);
		CU_ASSERT(nothing_used());
		CU_ASSERT_EQUAL(pool.nfree, pool.usable);
		tear_down();
	}
	set_up(0);	/* tables that were not negotiated */
	table(0, frame_at(0, 60), 72, 0);
	put(GPA + TABLE_AT, 16, 0, INDIRECT);
	CU_ASSERT_EQUAL(vq.take(&vq, &pool, pkt, VQ_BATCH), 0);
	CU_ASSERT(!vq.run);
	tear_down();
}

/* Flags that claim all places to be available for ever: never more than what was asked for. */
static void test_liar(void)
{
	set_up(0);
	for (int i = 0; i < 100; i++) {
		put_at = i % 4 * SIZE;	/* any lap */
		for (uint16_t d = 0; d < SIZE; d++)
			put(frame_at(0, 60), 72, d, 0);
		uint32_t n = vq.take(&vq, &pool, pkt, VQ_BATCH);

		CU_ASSERT(n <= VQ_BATCH);
		drop(n);
	}
	CU_ASSERT_EQUAL(pool.nfree, pool.usable);
	tear_down();
}

/* Good frames before a bad chain are taken all the same. */
static void test_good_then_hostile(void)
{
	set_up(0);
	put(frame_at(1, 60), 72, 1, 0);
	put(0x1000, 72, 2, 0);
	CU_ASSERT_EQUAL(vq.take(&vq, &pool, pkt, VQ_BATCH), 1);
	CU_ASSERT(is_frame(&pkt[0], 1, 60));
	CU_ASSERT(got(1, 0, 1) && nothing_used());
	CU_ASSERT(!vq.run);
	tear_down();
}

static void put_room(uint16_t n, uint32_t len)
{
	for (uint16_t i = 0; i < n; i++)
		put(GPA + BUF_AT + i * 4096u, len, 200 + i, WRITE);
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

	for (int f = 0; f < 3; f++) {
		set_up(F_MRG | (f == 1 ? F_EVENT : f == 2 ? F_ORDER : 0));
		for (int round = 0; round < 10; round++) {
			put_room(20, 2048);
			make_frames(data, VQ_BATCH, 60);
			CU_ASSERT_EQUAL(vq.give(&vq, pkt, VQ_BATCH), 20);
			for (uint32_t i = 0; i < 20; i++) {
				CU_ASSERT(got((uint16_t)(200 + i), 72, 1));
				CU_ASSERT_EQUAL(header(i)->num_buffers, 1);
				CU_ASSERT(!memcmp(header(i) + 1, data + i * 2048, 60));
			}
			CU_ASSERT(nothing_used());
		}
		CU_ASSERT_EQUAL(vq.give(&vq, pkt, 1), 0);
		CU_ASSERT(vq.run);
		tear_down();
	}
}

static void test_give_merged(void)
{
	static uint8_t data[4 * 2048];

	set_up(F_MRG | F_IND);
	put_room(9, 500);
	make_frames(data, 4, 1200);
	CU_ASSERT_EQUAL(vq.give(&vq, pkt, 4), 3);	/* and nothing of the fourth */
	for (uint16_t i = 0; i < 9; i++)
		CU_ASSERT(got(200 + i, i % 3 < 2 ? 500 : 212, 1));
	CU_ASSERT(nothing_used());
	for (uint32_t i = 0; i < 9; i += 3) {
		CU_ASSERT_EQUAL(header(i)->num_buffers, 3);
		CU_ASSERT(!memcmp(header(i) + 1, data + i / 3 * 2048, 488));
		CU_ASSERT(!memcmp(header(i + 1), data + i / 3 * 2048 + 488, 500));
		CU_ASSERT(!memcmp(header(i + 2), data + i / 3 * 2048 + 988, 212));
	}
	/* chains and tables among them */
	put(GPA + BUF_AT, 300, 0, WRITE | NEXT);
	put(GPA + BUF_AT + 300, 300, 50, WRITE);
	table(0, GPA + BUF_AT + 4096, 100, WRITE);
	table(1, GPA + BUF_AT + 4196, 2000, WRITE);
	put(GPA + TABLE_AT, 32, 51, INDIRECT);
	CU_ASSERT_EQUAL(vq.give(&vq, pkt, 1), 1);
	CU_ASSERT(got(50, 600, 2) && got(51, 612, 1) && nothing_used());
	CU_ASSERT(!memcmp(header(0) + 1, data, 588));
	CU_ASSERT(!memcmp(header(1), data + 588, 612));
	tear_down();
	/* without merging it does not fit, and nothing is taken from the guest */
	set_up(0);
	put_room(10, 500);
	make_frames(data, 1, 1200);
	CU_ASSERT_EQUAL(vq.give(&vq, pkt, 1), 0);
	CU_ASSERT(vq.run && nothing_used());
	make_frames(data, 1, 488);
	CU_ASSERT_EQUAL(vq.give(&vq, pkt, 1), 1);
	CU_ASSERT(got(200, 500, 1));
	tear_down();
}

/* Many frames of many buffers in one batch. */
static void test_give_many(void)
{
	static uint8_t data[VQ_BATCH * 2048];

	set_up(F_MRG);
	for (int round = 0; round < 5; round++) {
		put_room(SIZE, 100);
		make_frames(data, VQ_BATCH, 188);
		CU_ASSERT_EQUAL(vq.give(&vq, pkt, VQ_BATCH), SIZE / 2);
		for (uint16_t i = 0; i < SIZE; i++)
			CU_ASSERT(got(200 + i, 100, 1));
	}
	CU_ASSERT(vq.run);
	tear_down();
}

static void test_arm(void)
{
	set_up(0);
	vq_disarm(&vq);
	CU_ASSERT_EQUAL(device->flags, VRING_PACKED_EVENT_FLAG_DISABLE);
	CU_ASSERT(!vq_arm(&vq));
	CU_ASSERT_EQUAL(device->flags, VRING_PACKED_EVENT_FLAG_ENABLE);
	put(frame_at(0, 60), 72, 0, 0);
	CU_ASSERT(vq_pending(&vq) && vq_arm(&vq));
	tear_down();
}

static bool interrupted(void)
{
	eventfd_t n;

	return !eventfd_read(vq.call_fd, &n);
}

static bool take_interrupts(uint32_t n)
{
	while (n--)
		put(frame_at(0, 60), 72, 0, 0);
	drop(vq.take(&vq, &pool, pkt, VQ_BATCH));
	return interrupted();
}

static void test_interrupts(void)
{
	for (int event = 0; event < 2; event++) {
		set_up(event ? F_EVENT : 0);
		vq.call_fd = eventfd(0, EFD_NONBLOCK);
		driver->flags = VRING_PACKED_EVENT_FLAG_ENABLE;
		CU_ASSERT(take_interrupts(1));
		driver->flags = VRING_PACKED_EVENT_FLAG_DISABLE;
		CU_ASSERT(!take_interrupts(1));
		/* at a place: in this lap, in the next, and behind us */
		driver->flags = VRING_PACKED_EVENT_FLAG_DESC;
		driver->off_wrap = 10 | 0x8000;
		CU_ASSERT_EQUAL(take_interrupts(8), !event);	/* 2 to 9 */
		CU_ASSERT(take_interrupts(1));
		CU_ASSERT_EQUAL(take_interrupts(1), !event);
		driver->off_wrap = 5;	/* the place 5 of the second lap */
		CU_ASSERT_EQUAL(take_interrupts(30), !event);
		CU_ASSERT_EQUAL(take_interrupts(22), !event);	/* to the ring's end */
		CU_ASSERT_EQUAL(take_interrupts(5), !event);
		CU_ASSERT(take_interrupts(3));
		CU_ASSERT_EQUAL(take_interrupts(9), !event);
		close(vq.call_fd);
		tear_down();
	}
}

/* Stopped anywhere, it goes on there, with its wrap counters. */
static void test_state(void)
{
	set_up(0);
	for (uint32_t i = 1; i <= 3 * SIZE; i++) {
		uint16_t place = (uint16_t)(i % SIZE | (i / SIZE % 2 ? 0 : 0x8000));
		struct vq_state at;

		put(frame_at(0, 60), 72, 9, 0);
		CU_ASSERT_EQUAL(vq.take(&vq, &pool, pkt, VQ_BATCH), 1);
		CU_ASSERT(got(9, 0, 1));
		drop(1);
		at = vq_state(&vq);
		CU_ASSERT(at.avail == place && at.used == place);
		memset(&vq.last_avail, 0xaa, sizeof(vq.last_avail));
		CU_ASSERT(!vq_start(&vq, &mem, ring, driver, device, SIZE, at));
	}
	tear_down();
}

static void test_checks(void)
{
	const struct vq_state out = {0x8000 | SIZE, 0x8000}, out2 = {0, SIZE};

	set_up(0);
	CU_ASSERT(vq_start(&vq, &mem, ring, driver, device, 48, fresh) < 0);
	CU_ASSERT(vq_start(&vq, &mem, ring, driver, device, 2048, fresh) < 0);
	CU_ASSERT(vq_start(&vq, &mem, (uint8_t *)ring + 8, driver, device, SIZE, fresh) < 0);
	CU_ASSERT(vq_start(&vq, &mem, ring, (uint8_t *)driver + 2, device, SIZE, fresh) < 0);
	CU_ASSERT(vq_start(&vq, &mem, ring, driver, (uint8_t *)device + 2, SIZE, fresh) < 0);
	CU_ASSERT(vq_start(&vq, &mem, ring, driver, device, SIZE, out) < 0);
	CU_ASSERT(vq_start(&vq, &mem, ring, driver, device, SIZE, out2) < 0);
	tear_down();
}

/*
 * A process that dies at any store of a batch's end: the successor shows the guest all of the batch
 * or takes it again, and nothing twice. The stores are those of the word in the journal, then the
 * marks from the last to the first, then the word again.
 */
static void test_adopt(void)
{
	for (uint32_t died = 0; died <= 7; died++) {
		struct vring_packed_desc before[SIZE], after[SIZE];
		struct vq_journal was;
		uint64_t at;

		set_up(0);
		for (uint32_t i = 0; i < SIZE - 2; i++) {	/* the batch goes round the end */
			put(frame_at(0, 60), 72, 1, 0);
			CU_ASSERT_EQUAL_FATAL(vq.take(&vq, &pool, pkt, 1), 1);
			CU_ASSERT(got(1, 0, 1));
			drop(1);
		}
		put(frame_at(0, 60), 20, 0, NEXT);
		put(frame_at(0, 60) + 20, 52, 1, 0);
		for (uint16_t i = 2; i <= 5; i++)
			put(frame_at(0, 60), 72, i, 0);
		memcpy(before, ring, sizeof(before));
		at = vq.journal->at;
		CU_ASSERT_EQUAL_FATAL(vq.take(&vq, &pool, pkt, VQ_BATCH), 5);
		drop(5);
		memcpy(after, ring, sizeof(after));
		was = *vq.journal;
		/* back to what it was after so many stores */
		memcpy(ring, before, sizeof(before));
		for (uint32_t i = 0; died && i < died - 1 && i < 5; i++) {
			uint32_t entry = 4 - i, place = (SIZE - 2 + (entry ? entry + 1 : 0)) % SIZE;

			ring[place] = after[place];
		}
		if (died == 0)
			was.at = at;
		else if (died < 7)
			was.at = vq_journal_word((uint16_t)(SIZE + 4), SIZE - 2, 5);
		memset(&vq, 0, sizeof(vq));
		vq.call_fd = -1;
		vq.frame_max = 1518;
		vq_set_features(&vq, F_V1 | F_PACKED);
		CU_ASSERT_EQUAL_FATAL(vq_adopt(&vq, &mem, ring, driver, device, SIZE, &was), 0);
		vq.run = true;
		CU_ASSERT_EQUAL(vq.take(&vq, &pool, pkt, VQ_BATCH), died ? 0 : 5);
		drop(died ? 0 : 5);
		CU_ASSERT(got(1, 0, 2));
		for (uint16_t i = 2; i <= 5; i++)
			CU_ASSERT(got(i, 0, 1));
		CU_ASSERT(nothing_used());
		CU_ASSERT_EQUAL(vq_state(&vq).avail, 4);
		CU_ASSERT_EQUAL(vq_state(&vq).used, 4);
		tear_down();
	}
}

/* A journal that lies: refused, or it harms the guest's ring only. */
static void test_adopt_hostile(void)
{
	struct vq_journal was = {.at = vq_journal_word(0, 0, VQ_DONE_MAX + 1)};

	set_up(0);
	CU_ASSERT(vq_adopt(&vq, &mem, ring, driver, device, SIZE, &was) < 0);
	for (uint32_t i = 0; i < VQ_DONE_MAX; i++)
		was.done[i] = (struct vq_done){0xffffffff, 0xffff, 0xfff1};
	was.at = vq_journal_word(0xfffe, 0x1234, VQ_DONE_MAX);
	put_at = (0x1234 & (2 * SIZE - 1)) / SIZE * SIZE;
	for (uint16_t i = 0; i < SIZE; i++)
		put(frame_at(0, 60), 72, i, 0);
	CU_ASSERT_EQUAL(vq_adopt(&vq, &mem, ring, driver, device, SIZE, &was), 0);
	CU_ASSERT(!memcmp(base + SIZE * 16, (uint8_t[16]){0}, 16));
	/* and a split queue, which tells itself where it stands, does not ask it */
	vq_set_features(&vq, 1ull << 32);
	was.at = ~0ull;
	CU_ASSERT_EQUAL(vq_adopt(&vq, &mem, ring, driver, device, SIZE, &was), 0);
	tear_down();
}

static const struct unit_test tests[] = {
	{"takes frames of every length, lap after lap, with each set of features", test_take},
	{"takes a full ring", test_full_ring},
	{"takes chains, indirect tables, buffers across regions", test_take_chains},
	{"refuses bad frames and goes on", test_take_bad_frames},
	{"stops for a hostile queue", test_hostile},
	{"takes no more than a batch of a guest that lies", test_liar},
	{"takes what is good before what is not", test_good_then_hostile},
	{"gives frames", test_give},
	{"merges receive buffers if that was negotiated", test_give_merged},
	{"gives a batch of many buffers", test_give_many},
	{"asks for kicks", test_arm},
	{"interrupts where the guest wants it", test_interrupts},
	{"goes on where it was stopped", test_state},
	{"checks the ring's size, place and state", test_checks},
	{"is adopted from a process that died at any store", test_adopt},
	{"does not believe a dead process", test_adopt_hostile},
};
UNIT_MAIN("packed virtqueue", tests)
