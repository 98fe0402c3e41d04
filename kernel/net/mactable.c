// SPDX-License-Identifier: Apache-2.0
#include "kernel/net/mactable.h"

#include <stddef.h>

/* The entry to overwrite: an empty one, else the one that was refreshed longest ago. */
static struct macentry *victim(struct mactable *t, uint64_t key)
{
	struct macentry *e = t->set[mac_hash(key) % MACTABLE_SETS], *v = NULL;

	for (int i = 0; i < MACTABLE_WAYS; i++) {
		if (!e[i].key)
			return &e[i];
		if (!e[i].fixed && (!v || e[i].age > v->age))
			v = &e[i];
	}
	return v;
}

uint16_t mactable_learn(struct mactable *t, uint64_t key, uint16_t port, bool fixed,
			struct macentry *evicted, bool *full)
{
	struct macentry *e = mactable_find(t, key);
	uint16_t before = MACTABLE_NONE;

	evicted->key = 0;
	*full = false;
	if (e) {
		before = e->port;
		if (e->fixed && !fixed)
			return before;
	} else {
		e = victim(t, key);
		if (!e) {
			*full = true;
			return MACTABLE_NONE;
		}
		*evicted = *e;
	}
	*e = (struct macentry){.key = key, .port = port, .fixed = fixed};
	return before;
}

void mactable_forget(struct mactable *t, uint16_t port, bool fixed)
{
	struct macentry *e = &t->set[0][0];

	for (int i = 0; i < MACTABLE_SETS * MACTABLE_WAYS; i++)
		if (e[i].key && e[i].port == port && (fixed || !e[i].fixed))
			e[i].key = 0;
}
