// SPDX-License-Identifier: Apache-2.0
/* Rings in the host's memory, and words read from and written to it. */
#include "ring.h"

#include <endian.h>

#include "card.h"

#define WORDS_AT_ONCE	64

bool ring_make(struct ring *r, const uint32_t *page_words, unsigned int pages, uint32_t page_size,
	       uint32_t entry_size, uint32_t entries)
{
	if (!pages || pages > RING_PAGES || !entries ||
	    (uint64_t)entry_size * entries > (uint64_t)page_size * pages)
		return false;
	*r = (struct ring){.page_size = page_size, .entry_size = entry_size, .entries = entries};
	for (unsigned int i = 0; i < pages; i++) {
		r->page[i] = page_words[2 * i] | (uint64_t)page_words[2 * i + 1] << 32;
		if (r->page[i] % SLI_PAGE)
			return false;
	}
	return true;
}

uint64_t ring_address(const struct ring *r)
{
	uint32_t at = r->index * r->entry_size;

	return r->page[at / r->page_size] + at % r->page_size;
}

void ring_advance(struct ring *r)
{
	r->index = (r->index + 1) % r->entries;
}

int words_read(struct card *c, uint64_t address, uint32_t *words, size_t n)
{
	int r = model_dma_read(c->model, address, words, n * 4);

	for (size_t i = 0; !r && i < n; i++)
		words[i] = le32toh(words[i]);
	return r;
}

int words_write(struct card *c, uint64_t address, const uint32_t *words, size_t n)
{
	uint32_t le[WORDS_AT_ONCE];

	while (n) {
		size_t part = n < WORDS_AT_ONCE ? n : WORDS_AT_ONCE;
		int r;

		for (size_t i = 0; i < part; i++)
			le[i] = htole32(words[i]);
		r = model_dma_write(c->model, address, le, part * 4);
		if (r)
			return r;
		words += part;
		address += part * 4;
		n -= part;
	}
	return 0;
}
