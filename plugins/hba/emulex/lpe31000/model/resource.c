// SPDX-License-Identifier: Apache-2.0
/* The ids that the host manages: remote ports, virtual ports, fabrics. */
#include <string.h>

#include "card.h"

struct rpi *rpi_find(struct card *c, uint16_t id)
{
	return id < RPIS && c->rpi[id].registered ? &c->rpi[id] : NULL;
}

struct vpi *vpi_find(struct card *c, uint16_t id)
{
	return id < VPIS && c->vpi[id].registered ? &c->vpi[id] : NULL;
}

void resource_abort_rpi(struct card *c, uint16_t rpi)
{
	for (unsigned int i = 0; i < XRIS; i++)
		if (c->xri[i].ops && c->xri[i].rpi == rpi)
			abort_local(c, &c->xri[i], LOCAL_RPI_SUSPENDED);
}

void resource_reset(struct card *c)
{
	memset(c->rpi, 0, sizeof(c->rpi));
	memset(c->vpi, 0, sizeof(c->vpi));
	memset(c->vfi, 0, sizeof(c->vfi));
	memset(c->fcfi, 0, sizeof(c->fcfi));
}
