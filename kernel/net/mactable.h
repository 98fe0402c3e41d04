/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which port an Ethernet address was last seen at: a table of fixed size, by (VLAN, address).
 * Fixed entries are those of ports that were given an address; they are never learnt away, aged or
 * pushed out.
 */
#ifndef KERNEL_NET_MACTABLE_H
#define KERNEL_NET_MACTABLE_H

#include <stdbool.h>
#include <stdint.h>

#define MACTABLE_SETS 1024
#define MACTABLE_WAYS 4
#define MACTABLE_NONE 0xffff

struct macentry {
	uint64_t key;		/* mac_key(); 0: empty */
	uint16_t port;
	uint16_t age;		/* aging rounds since it was refreshed */
	bool fixed;
};

struct mactable {
	struct macentry set[MACTABLE_SETS][MACTABLE_WAYS];
};

/* mac: the address as loaded from the frame, in the low 48 bits. */
static inline uint64_t mac_key(uint64_t mac, uint16_t vid)
{
	return mac | (uint64_t)vid << 48;
}

static inline uint32_t mac_hash(uint64_t key)
{
	return (uint32_t)((key * 0x9e3779b97f4a7c15ull) >> 40);
}

static inline struct macentry *mactable_find(struct mactable *t, uint64_t key)
{
	struct macentry *e = t->set[mac_hash(key) % MACTABLE_SETS];

	for (int i = 0; i < MACTABLE_WAYS; i++)
		if (e[i].key == key)
			return &e[i];
	return (struct macentry *)0;
}

/*
 * Enters or moves an address. Returns the port it was at before, MACTABLE_NONE if it was not
 * there; *evicted becomes the port of the entry that had to go for it, or MACTABLE_NONE. A fixed
 * entry stays as it is, and a set full of them takes nothing: then *full is set.
 */
uint16_t mactable_learn(struct mactable *t, uint64_t key, uint16_t port, bool fixed,
			struct macentry *evicted, bool *full);

/* Forgets every entry of the port that was learnt, and the fixed ones too if asked. */
void mactable_forget(struct mactable *t, uint16_t port, bool fixed);

#endif
