// SPDX-License-Identifier: Apache-2.0
/* Reading and writing of blocks, and how large the medium is (SBC-3 5). */
#include "internal.h"

#include <errno.h>
#include <string.h>

/* LBA and length of a CDB of any size: SBC-3 5.11 to 5.14 and their likes. */
static struct extent extent_get(const uint8_t *cdb)
{
	switch (cdb[0] >> 5) {
	case 0:	/* six bytes: a length of 0 is 256 */
		return (struct extent){get_be(cdb + 1, 3) & 0x1fffff, cdb[4] ? cdb[4] : 256};
	case 4:
		return (struct extent){get_be(cdb + 2, 8), (uint32_t)get_be(cdb + 10, 4)};
	case 5:
		return (struct extent){get_be(cdb + 2, 4), (uint32_t)get_be(cdb + 6, 4)};
	default:
		return (struct extent){get_be(cdb + 2, 4), (uint32_t)get_be(cdb + 7, 2)};
	}
}

/* False: the task has been told that the medium is not as large. */
bool extent_check(struct scsi_task *t, struct extent *e)
{
	uint64_t blocks = t->lu->store.blocks;

	*e = extent_get(t->cdb);
	if (e->lba <= blocks && e->blocks <= blocks - e->lba)
		return true;
	sense_check(t, SCSI_ILLEGAL_REQUEST, ASC_LBA_RANGE);
	sense_information(t, e->lba < blocks ? blocks : e->lba);
	return false;
}

/* The same for what is carried over at once: MAXIMUM TRANSFER LENGTH counts. */
bool extent_transfer(struct scsi_task *t, struct extent *e)
{
	static const uint8_t length_at[] = {4, 7, 7, 0, 10, 6, 0, 0};

	if (!extent_check(t, e))
		return false;
	if (e->blocks <= SCSI_TRANSFER_MAX / t->lu->store.block_size)
		return true;
	sense_cdb_field(t, length_at[t->cdb[0] >> 5], -1);
	return false;
}

/* What the file system said, for the initiator; true if it was an error. */
bool medium_failed(struct scsi_task *t, int r, bool writing)
{
	if (!r)
		return false;
	if (r == -ENOSPC || r == -EDQUOT)
		sense_check(t, SCSI_DATA_PROTECT, ASC_NO_SPACE);
	else
		sense_check(t, SCSI_MEDIUM_ERROR, writing ? ASC_WRITE_ERROR : ASC_READ_ERROR);
	return true;
}

/* A write that is to be on the medium when it is answered. Six-byte CDBs have no such bit. */
bool fua(const struct scsi_task *t)
{
	return !t->lu->wce || (t->cdb[0] >= 0x20 && t->cdb[1] & 0x08);
}

void cmd_read_capacity10(struct scsi_task *t)
{
	const struct store *s = &t->lu->store;
	uint8_t *p = task_reply(t, 8, 8);

	if (!p)
		return;
	put_be(p, 4, s->blocks - 1 < UINT32_MAX ? s->blocks - 1 : UINT32_MAX);
	put_be(p + 4, 4, s->block_size);
}

void cmd_read_capacity16(struct scsi_task *t)
{
	const struct store *s = &t->lu->store;
	uint8_t *p = task_reply(t, 32, (uint32_t)get_be(t->cdb + 10, 4));

	if (!p)
		return;
	put_be(p, 8, s->blocks - 1);
	put_be(p + 8, 4, s->block_size);
	p[14] = 0xc0;	/* LBPME, LBPRZ */
}

void cmd_read(struct scsi_task *t)
{
	struct extent e;
	size_t n, wanted;

	if (!extent_transfer(t, &e))
		return;
	/* What the initiator has no room for is not read. */
	n = wanted = (size_t)e.blocks * t->lu->store.block_size;
	if (n > t->in_room)
		n = t->in_room;
	if (!task_buffer(t, n) ||
	    medium_failed(t, store_read(&t->lu->store, e.lba, t->data, n), false))
		return;
	t->total = (uint32_t)wanted;
}

void cmd_write(struct scsi_task *t)
{
	struct extent e;

	if (extent_transfer(t, &e))
		task_want(t, e.blocks * t->lu->store.block_size);
}

void finish_write(struct scsi_task *t)
{
	struct extent e = extent_get(t->cdb);

	medium_failed(t, store_write(&t->lu->store, e.lba, t->data, t->data_size, fua(t)), true);
}

/* SBC-3 5.9. */
void finish_or_write(struct scsi_task *t)
{
	struct extent e = extent_get(t->cdb);
	uint8_t block[4096];
	size_t size = t->lu->store.block_size;

	for (uint32_t i = 0; i < e.blocks; i++) {
		uint8_t *p = t->data + i * size;

		if (medium_failed(t, store_read(&t->lu->store, e.lba + i, block, size), false))
			return;
		for (size_t k = 0; k < size; k++)
			p[k] |= block[k];
	}
	finish_write(t);
}

/* SBC-3 5.26: a file is made durable as a whole, and before the answer whatever IMMED says. */
void cmd_synchronize_cache(struct scsi_task *t)
{
	struct extent e;

	if (extent_check(t, &e))
		medium_failed(t, store_sync(&t->lu->store), true);
}

/* SBC-3 5.8: GOOD; CONDITION MET would promise that it fits, and the kernel only takes a hint. */
void cmd_prefetch(struct scsi_task *t)
{
	struct extent e;

	if (!extent_check(t, &e))
		return;
	store_prefetch(&t->lu->store, e.lba,
		       e.blocks ? e.blocks : t->lu->store.blocks - e.lba);
}
