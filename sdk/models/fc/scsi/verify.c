// SPDX-License-Identifier: Apache-2.0
/* Comparing with what is on the medium: VERIFY, WRITE AND VERIFY, COMPARE AND WRITE (SBC-3 5). */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

enum { BYTCHK_NONE, BYTCHK_ALL, BYTCHK_RESERVED, BYTCHK_ONE };

static unsigned int bytchk(const struct scsi_task *t)
{
	return t->cdb[1] >> 1 & 3;
}

/* Whether the medium holds those blocks; else the task has been told where they differ. */
static bool same(struct scsi_task *t, uint64_t lba, const uint8_t *data, size_t n)
{
	uint8_t block[4096];
	size_t size = t->lu->store.block_size;

	for (size_t at = 0; at < n; at += size) {
		size_t k = 0;
		int r = store_read(&t->lu->store, lba + at / size, block, size);

		if (medium_failed(t, r, false))
			return false;
		if (!memcmp(block, data + at, size))
			continue;
		while (block[k] == data[at + k])
			k++;
		sense_check(t, SCSI_MISCOMPARE, ASC_MISCOMPARE);
		sense_information(t, at + k);
		return false;
	}
	return true;
}

/* That the blocks can be read, which is all there is to verify without data to compare with. */
static void readable(struct scsi_task *t, struct extent e)
{
	uint8_t block[4096];

	for (; e.blocks; e.blocks--, e.lba++)
		if (medium_failed(t, store_read(&t->lu->store, e.lba, block,
						t->lu->store.block_size), false))
			return;
}

void cmd_verify(struct scsi_task *t)
{
	uint32_t size = t->lu->store.block_size;
	struct extent e;

	if (bytchk(t) == BYTCHK_RESERVED) {
		sense_cdb_field(t, 1, 2);
		return;
	}
	if (!extent_transfer(t, &e))
		return;
	if (bytchk(t) == BYTCHK_NONE)
		readable(t, e);
	else
		task_want(t, bytchk(t) == BYTCHK_ALL || !e.blocks ? e.blocks * size : size);
}

void finish_verify(struct scsi_task *t)
{
	size_t size = t->lu->store.block_size;
	struct extent e;

	extent_check(t, &e);
	if (bytchk(t) == BYTCHK_ALL) {
		same(t, e.lba, t->data, t->data_size);
		return;
	}
	for (uint32_t i = 0; i < e.blocks; i++) {
		if (same(t, e.lba + i, t->data, size))
			continue;
		/* The offset is one in all that was compared, not in the one block sent. */
		t->why.information += (uint64_t)i * size;
		return;
	}
}

void cmd_write_verify(struct scsi_task *t)
{
	if (bytchk(t) > BYTCHK_ALL)
		sense_cdb_field(t, 1, 2);
	else
		cmd_write(t);
}

/* BYTCHK 0 lets the device choose how to verify; it compares, too. */
void finish_write_verify(struct scsi_task *t)
{
	struct extent e;

	extent_check(t, &e);
	if (!medium_failed(t, store_write(&t->lu->store, e.lba, t->data, t->data_size, true), true))
		same(t, e.lba, t->data, t->data_size);
}

/* SBC-3 5.3: half of the data is compared, and if all of it is there, the other half written. */
static struct extent caw_extent(const struct scsi_task *t)
{
	return (struct extent){get_be(t->cdb + 2, 8), t->cdb[13]};
}

void cmd_compare_write(struct scsi_task *t)
{
	struct extent e = caw_extent(t);
	uint64_t blocks = t->lu->store.blocks;

	if (e.lba > blocks || e.blocks > blocks - e.lba) {
		sense_check(t, SCSI_ILLEGAL_REQUEST, ASC_LBA_RANGE);
		sense_information(t, e.lba < blocks ? blocks : e.lba);
		return;
	}
	/* 256 do not fit in the field, and nothing compared must not look like success. */
	if (!e.blocks && t->out_size)
		sense_cdb_field(t, 13, -1);
	else
		task_want(t, 2 * e.blocks * t->lu->store.block_size);
}

void finish_compare_write(struct scsi_task *t)
{
	struct extent e = caw_extent(t);
	size_t half = t->data_size / 2;

	if (!same(t, e.lba, t->data, half))
		return;
	medium_failed(t, store_write(&t->lu->store, e.lba, t->data + half, half, fua(t)), true);
}
