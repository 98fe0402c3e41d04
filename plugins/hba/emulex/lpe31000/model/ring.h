/* SPDX-License-Identifier: Apache-2.0 */
/* Rings in the host's memory, and words read from and written to it. */
#ifndef LPE31000_RING_H
#define LPE31000_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct card;

#define RING_PAGES	8

struct ring {
	uint64_t page[RING_PAGES];
	uint32_t page_size, entry_size, entries;
	uint32_t index;			/* the next that we read, or write */
	uint32_t waiting;		/* written by one side and not yet taken by the other */
};

/*
 * A ring of so many entries in pages whose addresses are low and high words at page_words. False:
 * pages that are none, not aligned, or too few for the entries.
 */
bool ring_make(struct ring *r, const uint32_t *page_words, unsigned int pages, uint32_t page_size,
	       uint32_t entry_size, uint32_t entries);
/* Where the entry at index is. */
uint64_t ring_address(const struct ring *r);
void ring_advance(struct ring *r);

/* Words of the host's memory are little-endian. 0, or a negative errno of model_dma_read(). */
int words_read(struct card *c, uint64_t address, uint32_t *words, size_t n);
int words_write(struct card *c, uint64_t address, const uint32_t *words, size_t n);

#endif
