// SPDX-License-Identifier: Apache-2.0
/* Zones: sets of port names. Two N_Ports see each other if a zone holds both. */
#include "fabric.h"

#include <stdlib.h>
#include <string.h>

#include "../name.h"

#define MEMBERS_MAX 64

struct zone {
	struct zone *next;
	char name[64];
	unsigned int members;
	uint64_t wwpn[MEMBERS_MAX];
};

static bool add_members(struct zone *z, const char *members, char *why, size_t why_size)
{
	while (*members) {
		size_t n = strcspn(members, ";");
		char one[32];

		if (n >= sizeof(one) || z->members == MEMBERS_MAX) {
			snprintf(why, why_size, "zone %s: at most %u port names of 16 digits",
				 z->name, MEMBERS_MAX);
			return false;
		}
		memcpy(one, members, n);
		one[n] = 0;
		if (!fc_name_parse(one, &z->wwpn[z->members])) {
			snprintf(why, why_size, "zone %s: \"%s\" is no port name (16 hex digits)",
				 z->name, one);
			return false;
		}
		z->members++;
		members += n + (members[n] == ';');
	}
	return true;
}

bool zone_add(struct fabric *f, const char *name, const char *members, char *why, size_t why_size)
{
	struct zone *z = calloc(1, sizeof(*z));

	if (!z) {
		snprintf(why, why_size, "zone %s: out of memory", name);
		return false;
	}
	snprintf(z->name, sizeof(z->name), "%s", name);
	if (!*name || strlen(name) >= sizeof(z->name)) {
		snprintf(why, why_size, "zone %s: a name has 1 to 63 characters", name);
		free(z);
		return false;
	}
	if (!add_members(z, members, why, why_size)) {
		free(z);
		return false;
	}
	zone_remove(f, name);
	z->next = f->zones;
	f->zones = z;
	changes_add_all(f);
	return true;
}

bool zone_remove(struct fabric *f, const char *name)
{
	for (struct zone **at = &f->zones; *at; at = &(*at)->next) {
		struct zone *z = *at;

		if (!strcmp(z->name, name)) {
			*at = z->next;
			free(z);
			changes_add_all(f);
			return true;
		}
	}
	return false;
}

void zone_free_all(struct fabric *f)
{
	while (f->zones) {
		struct zone *z = f->zones;

		f->zones = z->next;
		free(z);
	}
}

static bool holds(const struct zone *z, uint64_t wwpn)
{
	for (unsigned int i = 0; i < z->members; i++)
		if (z->wwpn[i] == wwpn)
			return true;
	return false;
}

bool zone_allows(const struct fabric *f, uint64_t a, uint64_t b)
{
	if (!f->zones || a == b)
		return true;
	for (const struct zone *z = f->zones; z; z = z->next)
		if (holds(z, a) && holds(z, b))
			return true;
	return false;
}
