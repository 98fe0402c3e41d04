// SPDX-License-Identifier: Apache-2.0
/* MODE SENSE, and the mode pages there are (SPC-4 6.13 and 7.5, SBC-3 6.5). */
#include "internal.h"

#include <string.h>

#define CHANGEABLE 1
#define DEFAULT 2
#define SAVED 3
#define ALL_PAGES 0x3f

/* Values of a page: as they are, as masks of what may be changed, or as after a reset. */
static size_t caching(const struct scsi_lu *lu, uint8_t control, uint8_t *p)
{
	bool wce = control == CHANGEABLE || control == DEFAULT || lu->wce;

	p[0] = 0x08;
	p[1] = 18;
	p[2] = wce ? 0x04 : 0;
	return 20;
}

static size_t control_page(const struct scsi_lu *lu, uint8_t control, uint8_t *p)
{
	bool set = control == CHANGEABLE, now = control != DEFAULT;

	p[0] = 0x0a;
	p[1] = 10;
	p[2] = set || (now && lu->d_sense) ? 0x04 : 0;
	p[4] = set || (now && lu->swp) ? 0x08 : 0;
	if (set)
		return 12;
	p[3] = 0x10;			/* unrestricted reordering */
	put_be(p + 8, 2, 0xffff);	/* busy: no limit is known */
	return 12;
}

/* No failure is predicted, so DEXCPT is 1 and stays so. */
static size_t exceptions(const struct scsi_lu *lu, uint8_t control, uint8_t *p)
{
	p[0] = 0x1c;
	p[1] = 10;
	p[2] = control == CHANGEABLE ? 0 : 0x08;
	return 12;
}

static const struct {
	uint8_t code;
	size_t (*fn)(const struct scsi_lu *lu, uint8_t control, uint8_t *p);
} pages[] = {{0x08, caching}, {0x0a, control_page}, {0x1c, exceptions}};

#define PAGES (sizeof(pages) / sizeof(pages[0]))

/* One page, or all, at out: how many bytes; 0: there is no such page. */
size_t mode_page(const struct scsi_lu *lu, uint8_t code, uint8_t control, uint8_t *out)
{
	size_t n = 0;

	for (unsigned int i = 0; i < PAGES; i++)
		if (code == ALL_PAGES || code == pages[i].code)
			n += pages[i].fn(lu, control, out + n);
	return n;
}

/* The block descriptor, short or (LLBAA) long: SBC-3 6.5.2. */
static size_t block_descriptor(const struct scsi_lu *lu, bool lengthy, uint8_t *p)
{
	uint64_t blocks = lu->store.blocks;

	if (lengthy) {
		put_be(p, 8, blocks);
		put_be(p + 12, 4, lu->store.block_size);
		return 16;
	}
	put_be(p, 4, blocks > UINT32_MAX ? UINT32_MAX : blocks);
	put_be(p + 5, 3, lu->store.block_size);
	return 8;
}

static void put_header(const struct scsi_lu *lu, uint8_t *p, bool ten, size_t n, size_t descriptor)
{
	/* WP, and DPOFUA: those bits of a CDB are served */
	uint8_t specific = (uint8_t)((lu->read_only || lu->swp ? 0x80 : 0) | 0x10);

	if (ten) {
		put_be(p, 2, n - 2);
		p[3] = specific;
		p[4] = descriptor == 16;	/* LONGLBA */
		put_be(p + 6, 2, descriptor);
	} else {
		p[0] = (uint8_t)(n - 1);
		p[2] = specific;
		p[3] = (uint8_t)descriptor;
	}
}

void cmd_mode_sense(struct scsi_task *t)
{
	bool ten = t->cdb[0] == 0x5a, lengthy = ten && t->cdb[1] & 0x10;
	uint32_t allocation_length = ten ? (uint32_t)get_be(t->cdb + 7, 2) : t->cdb[4];
	uint8_t control = t->cdb[2] >> 6, code = t->cdb[2] & 0x3f, subpage = t->cdb[3];
	uint8_t out[128] = {0}, *p;
	size_t header = ten ? 8 : 4, descriptor = 0, n;

	if (control == SAVED) {
		sense_check(t, SCSI_ILLEGAL_REQUEST, ASC_NO_SAVING);
		return;
	}
	if (!(t->cdb[1] & 0x08))	/* DBD */
		descriptor = block_descriptor(t->lu, lengthy, out + header);
	n = mode_page(t->lu, code, control, out + header + descriptor);
	if (!n || (subpage && subpage != 0xff)) {
		sense_cdb_field(t, n ? 3 : 2, n ? 7 : 5);
		return;
	}
	n += header + descriptor;
	put_header(t->lu, out, ten, n, descriptor);
	p = task_reply(t, n, allocation_length);
	if (p)
		memcpy(p, out, n);
}
