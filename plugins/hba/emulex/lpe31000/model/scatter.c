// SPDX-License-Identifier: Apache-2.0
/* Walks the scatter list of an FCP exchange, an entry at a time, and moves its data. */
#include "scatter.h"

#include <errno.h>
#include <string.h>

#include "card.h"

#define ENTRY_SIZE	16
#define OFFSET_MASK	(SCATTER_DATA_MAX - 1)

void scatter_posted(struct scatter *s, const struct exchange *x)
{
	*s = (struct scatter){.first = x->sgl[0], .second = x->sgl[1],
			      .first_bytes = x->sgl[0] ? SLI_PAGE : 0};
}

void scatter_at(struct scatter *s, uint64_t address, uint32_t bytes)
{
	*s = (struct scatter){.first = address, .first_bytes = bytes};
}

static uint32_t little32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void rewind_to(struct scatter *s, enum scatter_entry which)
{
	uint32_t skip = (uint32_t)which * ENTRY_SIZE;

	s->begun = false;
	s->walked = 0;
	s->at = s->first + skip;
	s->left = s->first_bytes < skip ? 0 : s->first_bytes - skip;
	s->then = s->second;
}

static int next_entry(struct card *c, struct scatter *s, struct sge *e)
{
	uint8_t raw[ENTRY_SIZE];
	uint32_t word;

	if (s->left < ENTRY_SIZE) {
		if (!s->then)
			return -ERANGE;
		s->at = s->then;
		s->left = SLI_PAGE;
		s->then = 0;
	}
	/* Segments that point to one another, and empty entries, have an end here. */
	if (++s->walked > SCATTER_ENTRIES_MAX)
		return -ERANGE;
	if (model_dma_read(c->model, s->at, raw, sizeof(raw)))
		return -EFAULT;
	s->at += ENTRY_SIZE;
	s->left -= ENTRY_SIZE;
	word = little32(raw + 8);
	*e = (struct sge){
		.address = (uint64_t)little32(raw) << 32 | little32(raw + 4),
		.offset = word & OFFSET_MASK,
		.type = word >> 27 & 15,
		.last = word >> 31,
		.length = little32(raw + 12),
	};
	return 0;
}

int scatter_entry(struct card *c, struct scatter *s, enum scatter_entry which, struct sge *e)
{
	rewind_to(s, which);
	return next_entry(c, s, e);
}

/* s->now: the next entry that holds data. */
static int next_data(struct card *c, struct scatter *s)
{
	uint32_t offset = s->begun ? s->now.offset + s->now.length : 0;
	struct sge e;
	int r;

	if (s->begun && s->now.last)
		return -ERANGE;
	for (;;) {
		r = next_entry(c, s, &e);
		if (r)
			return r;
		if (e.type == SGE_LSP) {
			s->at = e.address;
			s->left = e.length;
			s->then = 0;
		} else if (e.type != SGE_SKIP) {
			break;
		} else if (e.last) {
			return -ERANGE;
		}
	}
	if (e.type != SGE_DATA || e.offset != offset || e.length > SCATTER_DATA_MAX - offset)
		return -EINVAL;
	s->now = e;
	s->begun = true;
	return 0;
}

/* Makes s->now the entry that holds the byte at an offset. */
static int seek(struct card *c, struct scatter *s, uint32_t offset)
{
	int r = 0;

	if (!s->begun || offset < s->now.offset) {
		rewind_to(s, SCATTER_DATA);
		r = next_data(c, s);
	}
	while (!r && offset - s->now.offset >= s->now.length)
		r = next_data(c, s);
	if (r)
		s->begun = false;	/* whoever asks again starts at the beginning */
	return r;
}

/* One of to and from is NULL. */
static int move(struct card *c, struct scatter *s, uint32_t offset, uint8_t *to,
		const uint8_t *from, uint32_t n)
{
	while (n) {
		int r = seek(c, s, offset);
		uint32_t skip, part;

		if (r)
			return r;
		skip = offset - s->now.offset;
		part = s->now.length - skip < n ? s->now.length - skip : n;
		r = to ? model_dma_read(c->model, s->now.address + skip, to, part)
		       : model_dma_write(c->model, s->now.address + skip, from, part);
		if (r)
			return -EFAULT;
		offset += part;
		n -= part;
		to = to ? to + part : NULL;
		from = from ? from + part : NULL;
	}
	return 0;
}

int scatter_read(struct card *c, struct scatter *s, uint32_t offset, void *to, uint32_t n)
{
	return move(c, s, offset, to, NULL, n);
}

int scatter_write(struct card *c, struct scatter *s, uint32_t offset, const void *from, uint32_t n)
{
	return move(c, s, offset, NULL, from, n);
}
