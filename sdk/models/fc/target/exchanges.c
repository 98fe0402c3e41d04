// SPDX-License-Identifier: Apache-2.0
/* The table of commands under way. An RX_ID is the place in it, and above it a count. */
#include "target.h"

#include <stdlib.h>

/* NULL: there are too many, or no memory. */
struct exchange *exchange_new(struct target *t, struct session *s, const struct fc_header *h)
{
	struct exchange *x;

	for (unsigned int i = 0; i < EXCHANGES; i++) {
		if (++t->turn == FC_ID_NONE)
			t->turn = 0;
		if (t->exchange[t->turn % EXCHANGES])
			continue;
		x = calloc(1, sizeof(*x));
		if (!x)
			return NULL;
		x->target = t;
		x->session = s;
		x->h = *h;
		x->rx_id = t->turn;
		x->task.nexus = s->nexus;
		t->exchange[t->turn % EXCHANGES] = x;
		return x;
	}
	return NULL;
}

struct exchange *exchange_find(struct target *t, uint32_t s_id, uint16_t ox_id)
{
	for (unsigned int i = 0; i < EXCHANGES; i++) {
		struct exchange *x = t->exchange[i];

		if (x && x->h.s_id == s_id && x->h.ox_id == ox_id)
			return x;
	}
	return NULL;
}

/* That of a frame that names it by both ids, as every frame after the first has to. */
struct exchange *exchange_of_data(struct target *t, const struct fc_header *h)
{
	struct exchange *x = t->exchange[h->rx_id % EXCHANGES];

	if (!x || x->rx_id != h->rx_id || x->h.s_id != h->s_id || x->h.ox_id != h->ox_id)
		return NULL;
	return x;
}

void exchange_free(struct exchange *x)
{
	scsi_release(&x->task);
	x->target->exchange[x->rx_id % EXCHANGES] = NULL;
	free(x);
}
