// SPDX-License-Identifier: Apache-2.0
/* Reservations that are to outlast a loss of power (APTPL, SPC-4 5.12.5): a small text file. */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int print(const struct scsi_lu *lu, FILE *f)
{
	const struct reservations *pr = &lu->pr;
	/* Without APTPL the next power on finds nothing. */
	unsigned int n = pr->aptpl ? pr->count : 0;

	fprintf(f, "reservations 1 generation %u type %u holder %u count %u\n", pr->generation,
		pr->aptpl ? pr->type : 0, pr->holder, n);
	for (unsigned int i = 0; i < n; i++) {
		for (unsigned int k = 0; k < SCSI_TRANSPORT_ID; k++)
			fprintf(f, "%02x", pr->list[i].initiator[k]);
		fprintf(f, " %u %016llx\n", pr->list[i].port,
			(unsigned long long)pr->list[i].key);
	}
	return fflush(f) || ferror(f) || fsync(fileno(f)) ? -EIO : 0;
}

/* A whole new file takes the old one's place, so that one of them is there at any time. */
int pr_save(const struct scsi_lu *lu)
{
	char path[4096];
	FILE *f;
	int r;

	if (snprintf(path, sizeof(path), "%s.new", lu->pr_path) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	f = fopen(path, "we");
	if (!f)
		return -errno;
	r = print(lu, f);
	fclose(f);
	if (!r && rename(path, lu->pr_path) < 0)
		r = -errno;
	if (r)
		unlink(path);
	return r;
}

static bool read_registration(FILE *f, struct scsi_lu *lu)
{
	uint8_t initiator[SCSI_TRANSPORT_ID];
	unsigned long long key;
	unsigned int port, byte;

	for (unsigned int k = 0; k < SCSI_TRANSPORT_ID; k++) {
		if (fscanf(f, "%2x", &byte) != 1)
			return false;
		initiator[k] = (uint8_t)byte;
	}
	return fscanf(f, " %5u %16llx", &port, &key) == 2 && port &&
	       port <= lu->target->config.ports && key &&
	       pr_add(lu, initiator, (uint16_t)port, key);
}

static bool scan(FILE *f, struct scsi_lu *lu)
{
	unsigned int generation, type, holder, n;

	if (fscanf(f, "reservations 1 generation %u type %u holder %u count %u", &generation,
		   &type, &holder, &n) != 4 || n > REGISTRATIONS)
		return false;
	if (type && (type > 8 || !(0x01ea >> type & 1) || holder >= n))
		return false;
	lu->pr = (struct reservations){.generation = generation, .aptpl = n > 0,
				       .type = (uint8_t)type, .holder = holder};
	while (n--)
		if (!read_registration(f, lu))
			return false;
	return true;
}

int pr_load(struct scsi_lu *lu, char *why, size_t size)
{
	FILE *f = fopen(lu->pr_path, "re");
	bool good;

	if (!f && errno == ENOENT)
		return 0;
	if (!f) {
		snprintf(why, size, "%s: cannot open: %s", lu->pr_path, strerror(errno));
		return -errno;
	}
	good = scan(f, lu);
	fclose(f);
	if (!good)
		snprintf(why, size, "%s: no reservations of this program; remove it to go on",
			 lu->pr_path);
	return good ? 0 : -EINVAL;
}
