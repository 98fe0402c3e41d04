// SPDX-License-Identifier: Apache-2.0
/* Queues of the host, as lpfc makes them. */
#include <stdlib.h>

#include "tests/unit/lpe-host.h"

#define COMMON	0x01
#define FCOE	0x0c

static void pages(uint32_t *p, uint32_t offset, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		p[2 * i] = (uint32_t)host_address(offset + i * SLI_PAGE);
		p[2 * i + 1] = (uint32_t)(host_address(offset + i * SLI_PAGE) >> 32);
	}
}

static uint32_t made(int status, const uint32_t *p)
{
	if (status)
		abort();
	return p[0] & 0xffff;
}

uint32_t host_eq(struct host *h)
{
	uint32_t p[21] = {1, 1u << 29, 2u << 26};

	pages(p + 5, HOST_EQ, 1);
	return made(host_config(h, COMMON, 0x0d, 0, p, 21), p);
}

uint32_t host_cq(struct host *h, uint32_t eq)
{
	uint32_t p[13] = {4 | 1u << 16, 1u << 31 | 1u << 29 | 2u << 27, eq};

	pages(p + 5, HOST_CQ, 4);
	return made(host_config(h, COMMON, 0x0c, 2, p, 13), p);
}

uint32_t host_mq(struct host *h, uint32_t cq)
{
	uint32_t p[22] = {1 | cq << 16, 1u << 16, 5u << 16, 1u << 31};

	pages(p + 6, HOST_MQ, 1);
	return made(host_config(h, COMMON, 0x5a, 1, p, 22), p);
}

uint32_t host_wq(struct host *h, uint32_t cq)
{
	uint32_t p[17] = {4 | cq << 16, 256u << 16 | 5u << 8 | 1};

	pages(p + 3, HOST_WQ, 4);
	return made(host_config(h, FCOE, 0x01, 1, p, 17), p);
}

uint32_t host_rq(struct host *h, uint32_t cq)
{
	uint32_t id[2];

	for (int i = 0; i < 2; i++) {
		uint32_t p[21] = {1, 512u << 16 | 2u << 8 | 1, 0, cq << 16, i ? 2048 : 128};

		pages(p + 5, HOST_RQ + (uint32_t)i * SLI_PAGE, 1);
		id[i] = made(host_config(h, FCOE, 0x05, 1, p, 21), p);
	}
	if (id[1] != id[0] + 1)
		abort();
	return id[0];
}
