// SPDX-License-Identifier: Apache-2.0
/* Which blocks are mapped, and taking them away: GET LBA STATUS, UNMAP, WRITE SAME (SBC-3 5). */
#include "internal.h"

#include <string.h>

#define STATUS_DESCRIPTORS 64

/* SBC-3 5.4. */
void cmd_get_lba_status(struct scsi_task *t)
{
	uint32_t allocation_length = (uint32_t)get_be(t->cdb + 10, 4);
	uint64_t lba = get_be(t->cdb + 2, 8), blocks = t->lu->store.blocks;
	uint8_t *p;
	size_t n = 8;

	if (lba >= blocks) {
		sense_check(t, SCSI_ILLEGAL_REQUEST, ASC_LBA_RANGE);
		sense_information(t, lba);
		return;
	}
	if (allocation_length < 24) {
		sense_cdb_field(t, 10, -1);
		return;
	}
	p = task_reply(t, 8 + 16 * STATUS_DESCRIPTORS, allocation_length);
	if (!p)
		return;
	for (; lba < blocks && n < 8 + 16 * STATUS_DESCRIPTORS && n < allocation_length; n += 16) {
		bool mapped;
		uint64_t run = store_run(&t->lu->store, lba, &mapped);

		if (run > UINT32_MAX)
			run = UINT32_MAX;
		put_be(p + n, 8, lba);
		put_be(p + n + 8, 4, run);
		p[n + 12] = mapped ? 0 : 1;
		lba += run;
	}
	put_be(p, 4, n - 4);
	if (t->total > n)
		t->total = (uint32_t)n;
}

/* SBC-3 5.28. */
void cmd_unmap(struct scsi_task *t)
{
	uint32_t n = (uint32_t)get_be(t->cdb + 7, 2);

	if (n && n < 8)
		sense_check(t, SCSI_ILLEGAL_REQUEST, ASC_LIST_LENGTH);
	else
		task_want(t, n);
}

/* All of the list is looked at before any block goes; false: the task has been told. */
static bool unmap_valid(struct scsi_task *t, size_t descriptors)
{
	uint64_t sum = 0, blocks = t->lu->store.blocks;

	if (descriptors > UNMAP_DESCRIPTORS) {
		sense_list_field(t, 2, -1);
		return false;
	}
	for (size_t i = 0; i < descriptors; i++) {
		const uint8_t *d = t->data + 8 + 16 * i;
		uint64_t lba = get_be(d, 8), n = get_be(d + 8, 4);

		sum += n;
		if (lba > blocks || n > blocks - lba) {
			sense_check(t, SCSI_ILLEGAL_REQUEST, ASC_LBA_RANGE);
			sense_information(t, lba < blocks ? blocks : lba);
			return false;
		}
		if (sum > UNMAP_BLOCKS) {
			sense_list_field(t, (unsigned int)(8 + 16 * i + 8), -1);
			return false;
		}
	}
	return true;
}

void finish_unmap(struct scsi_task *t)
{
	size_t descriptors;

	if (!t->data_size)
		return;
	descriptors = (size_t)get_be(t->data + 2, 2) / 16;
	if (8 + 16 * descriptors > t->data_size) {
		sense_check(t, SCSI_ILLEGAL_REQUEST, ASC_LIST_LENGTH);
		return;
	}
	if (!unmap_valid(t, descriptors))
		return;
	for (size_t i = 0; i < descriptors; i++) {
		const uint8_t *d = t->data + 8 + 16 * i;

		if (medium_failed(t, store_unmap(&t->lu->store, get_be(d, 8), get_be(d + 8, 4)),
				  true))
			return;
	}
}

/* What WRITE SAME is to cover; WSNZ: no length does not mean to the end of the medium. */
static bool same_extent(struct scsi_task *t, struct extent *e)
{
	if (!extent_check(t, e))
		return false;
	if (e->blocks && e->blocks <= WRITE_SAME_BYTES / t->lu->store.block_size)
		return true;
	sense_cdb_field(t, t->cdb[0] == 0x41 ? 7 : 10, -1);
	return false;
}

static bool is_zero(const uint8_t *p, size_t n)
{
	return !p[0] && !memcmp(p, p + 1, n - 1);
}

/* SBC-3 5.45 and 5.46; NDOB stands for a block of zeros. */
static void write_same(struct scsi_task *t, const uint8_t *block)
{
	static uint8_t many[256 * 1024];
	struct store *s = &t->lu->store;
	uint32_t n, each = (uint32_t)(sizeof(many) / s->block_size);
	struct extent e;
	int r = 0;

	if (!same_extent(t, &e))
		return;
	/* LBPRZ: only zeros may be had by unmapping. */
	if (t->cdb[1] & 0x08 && (!block || is_zero(block, s->block_size))) {
		medium_failed(t, store_unmap(s, e.lba, e.blocks), true);
		return;
	}
	for (uint32_t i = 0; i < each && i < e.blocks; i++) {
		if (block)
			memcpy(many + i * s->block_size, block, s->block_size);
		else
			memset(many + i * s->block_size, 0, s->block_size);
	}
	for (; e.blocks && !r; e.blocks -= n, e.lba += n) {
		n = e.blocks < each ? e.blocks : each;
		r = store_write(s, e.lba, many, (size_t)n * s->block_size, !t->lu->wce);
	}
	medium_failed(t, r, true);
}

void cmd_write_same(struct scsi_task *t)
{
	struct extent e;

	if (!same_extent(t, &e))
		return;
	if (t->cdb[0] == 0x93 && t->cdb[1] & 0x01)
		write_same(t, NULL);
	else
		task_want(t, t->lu->store.block_size);
}

void finish_write_same(struct scsi_task *t)
{
	write_same(t, t->data);
}
