// SPDX-License-Identifier: Apache-2.0
/*
 * What is on the fabric's Ethernet wire is hostile: FIP and FCoE frames from anybody. Input: records
 * of two bytes of length and a frame of that length; a CRC of zeros is made right, since no fuzzer
 * finds one.
 */
#include <stdlib.h>
#include <string.h>
#include <vmhi-model/model.h>
#include <zlib.h>

#include "sdk/models/fc/fabric/fcoe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A line for each hostile record would be in nobody's interest. */
void model_log(const char *fmt, ...)
{
}

static void check(int ok)
{
	if (!ok)
		abort();
}

static void make_crc_right(uint8_t *frame, size_t n)
{
	uint8_t *tail = frame + n - FCOE_TRAILER_SIZE;
	uint32_t crc;

	if (n < FCOE_HEADER_SIZE + FCOE_TRAILER_SIZE || fc_get16(frame + 12) != ETHERTYPE_FCOE ||
	    fc_get32(tail))
		return;
	crc = (uint32_t)crc32(0, frame + FCOE_HEADER_SIZE,
			      (uInt)(n - FCOE_HEADER_SIZE - FCOE_TRAILER_SIZE));
	for (int i = 0; i < 4; i++)
		tail[i] = (uint8_t)(crc >> 8 * i);
}

/* A copy of its own, so that reading past its end is seen. */
static void receive(struct fcoe *e, const uint8_t *bytes, size_t n)
{
	uint8_t *frame;

	if (n < 14)
		return;
	frame = malloc(n);
	check(frame != NULL);
	memcpy(frame, bytes, n);
	make_crc_right(frame, n);
	fcoe_receive(e, frame, n);
	free(frame);
}

/* Every ENode is a port, and no other port is one. */
static void check_ports(const struct fcoe *e)
{
	unsigned int ports = 0, enodes = 0;

	for (int i = 0; i < PORTS_MAX; i++)
		ports += e->f->port[i] != NULL;
	for (const struct enode *n = e->enodes; n; n = n->next) {
		check(n->port->link == n && e->f->port[n->port->number] == n->port);
		enodes++;
	}
	check(ports == enodes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct model_loop *loop = model_loop_new();
	struct fabric *f = fabric_new(loop);
	char why[128];
	struct fcoe *e = fcoe_open(f, "none", why, sizeof(why));

	check(e != NULL);
	for (int k = 0; k < 128 && size >= 2; k++) {
		size_t n = (size_t)data[0] << 8 | data[1];

		if (n > size - 2)
			n = size - 2;
		receive(e, data + 2, n);
		check_ports(e);
		model_loop_once(loop, 0);
		data += 2 + n;
		size -= 2 + n;
	}
	enodes_expire(e, UINT64_MAX);
	check(!e->enodes);
	fcoe_close(e);
	fabric_free(f);
	model_loop_free(loop);
	return 0;
}
