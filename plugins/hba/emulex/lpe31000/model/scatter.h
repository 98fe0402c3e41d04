/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where in the host's memory an FCP exchange has its command, its response and its data: a scatter
 * list. Entry 0 is the command, entry 1 the response, the data are the entries from 2 to one that
 * is marked as the last. The list is in the pages posted for the XRI, or where the work queue entry
 * says; a list segment pointer continues it elsewhere.
 */
#ifndef LPE31000_SCATTER_H
#define LPE31000_SCATTER_H

#include "exchange.h"

/* More entries than any list has that describes SCATTER_DATA_MAX in pages. */
#define SCATTER_ENTRIES_MAX	(SCATTER_DATA_MAX / SLI_PAGE + 512)
#define SCATTER_DATA_MAX	(1u << 27)	/* as far as an entry's offset reaches */

enum scatter_entry { SCATTER_COMMAND, SCATTER_RESPONSE, SCATTER_DATA };

struct scatter {
	uint64_t first;			/* the list's address */
	uint64_t second;		/* the page that continues it, 0: none */
	uint32_t first_bytes;
	/* How far it was read. */
	uint64_t at, then;
	uint32_t left;			/* bytes of entries from at on */
	uint32_t walked;
	bool begun;			/* now holds data */
	struct sge now;
};

/* The pages that were posted for x's XRI. */
void scatter_posted(struct scatter *s, const struct exchange *x);
/* A list of that many bytes at an address. */
void scatter_at(struct scatter *s, uint64_t address, uint32_t bytes);

/*
 * All three: 0; -ERANGE: the list ends before; -EFAULT: it, or what it points to, cannot be reached;
 * -EINVAL: an entry of a type that data has not, or of an offset that is not where the one before
 * it ends.
 */
/* The entry of the command or the response. */
int scatter_entry(struct card *c, struct scatter *s, enum scatter_entry which, struct sge *e);
/* Data of the host at an offset of the transfer, to and from. Cheap when offsets ascend. */
int scatter_read(struct card *c, struct scatter *s, uint32_t offset, void *to, uint32_t n);
int scatter_write(struct card *c, struct scatter *s, uint32_t offset, const void *from, uint32_t n);

#endif
