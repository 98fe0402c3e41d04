// SPDX-License-Identifier: Apache-2.0
/* Sense data: what went wrong, and where in the CDB or the parameter list (SPC-4 4.5). */
#include "internal.h"

#include <string.h>

void sense_check(struct scsi_task *t, uint8_t key, uint16_t asc)
{
	t->status = SCSI_CHECK_CONDITION;
	t->why = (struct scsi_sense){.key = key, .asc = asc};
}

static void field(struct scsi_task *t, uint16_t asc, bool in_cdb, unsigned int byte, int bit)
{
	sense_check(t, SCSI_ILLEGAL_REQUEST, asc);
	t->why.has_field = true;
	t->why.in_cdb = in_cdb;
	t->why.byte = (uint16_t)byte;
	t->why.bit = (int8_t)bit;
}

void sense_cdb_field(struct scsi_task *t, unsigned int byte, int bit)
{
	field(t, ASC_CDB_FIELD, true, byte, bit);
}

void sense_list_field(struct scsi_task *t, unsigned int byte, int bit)
{
	field(t, ASC_LIST_FIELD, false, byte, bit);
}

void sense_information(struct scsi_task *t, uint64_t value)
{
	t->why.has_information = true;
	t->why.information = value;
}

/* The three bytes of SPC-4 4.5.2.4.2: SKSV, C/D, BPV, BIT POINTER, FIELD POINTER. */
static void put_field(const struct scsi_sense *s, uint8_t *out)
{
	out[0] = 0x80 | (s->in_cdb ? 0x40 : 0);
	if (s->bit >= 0)
		out[0] |= (uint8_t)(0x08 | s->bit);
	put_be(out + 1, 2, s->byte);
}

static size_t fixed(const struct scsi_sense *s, uint8_t *out)
{
	out[0] = 0x70;
	out[2] = s->key;
	/* INFORMATION has four bytes here; a larger value is not valid in it (4.5.3). */
	if (s->has_information && s->information <= UINT32_MAX) {
		out[0] |= 0x80;
		put_be(out + 3, 4, s->information);
	}
	out[7] = 10;
	put_be(out + 12, 2, s->asc);
	if (s->has_field)
		put_field(s, out + 15);
	return 18;
}

static size_t with_descriptors(const struct scsi_sense *s, uint8_t *out)
{
	size_t n = 8;

	out[0] = 0x72;
	out[1] = s->key;
	put_be(out + 2, 2, s->asc);
	if (s->has_information) {
		out[n + 1] = 0x0a;
		out[n + 2] = 0x80;
		put_be(out + n + 4, 8, s->information);
		n += 12;
	}
	if (s->has_field) {
		out[n] = 0x02;
		out[n + 1] = 0x06;
		put_field(s, out + n + 4);
		n += 8;
	}
	out[7] = (uint8_t)(n - 8);
	return n;
}

size_t sense_encode(const struct scsi_sense *s, bool descriptors, uint8_t out[SCSI_SENSE_MAX])
{
	memset(out, 0, SCSI_SENSE_MAX);
	return descriptors ? with_descriptors(s, out) : fixed(s, out);
}

void scsi_refuse(struct scsi_task *t, uint8_t key, uint16_t asc)
{
	sense_check(t, key, asc);
	t->data_size = t->total = 0;
	t->sense_size = (uint8_t)sense_encode(&t->why, false, t->sense);
}
