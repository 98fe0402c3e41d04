// SPDX-License-Identifier: Apache-2.0
/* Mailbox commands that register a fabric, the host's own ports, and the remote ones. */
#include <string.h>

#include "card.h"
#include "mbox.h"

#define CLASS3_SIZE	70	/* in service parameters: what class 3 may carry in a frame */
#define FRAME_LEAST	256
#define FRAME_DEFAULT	2048
#define REG_UPDATE	0x20000000u
#define VPI_UPDATE	0x01000000u
#define VFI_HAS_VPI	0x10000000u

/* Which kind an index is that UNREG_ and RESUME_ commands name, in bits 31 and 30. */
enum index_kind { INDEX_RPI, INDEX_VPI, INDEX_VFI, INDEX_FCFI };

static enum index_kind index_kind(uint32_t w)
{
	return w >> 30;
}

static void get_name(uint8_t *name, const uint32_t *w)
{
	for (int i = 0; i < 8; i++)
		name[i] = (uint8_t)(w[i / 4] >> i % 4 * 8);
}

uint16_t mbox_init_vfi(struct card *c, uint32_t *w)
{
	uint16_t vfi = (uint16_t)w[1], vpi = (uint16_t)(w[2] >> 16);

	if (vfi >= VFIS || (w[2] & 0xffff) >= FCFIS)
		return MBX_FAILURE;
	if (c->vfi[vfi].initialized)
		return MBX_VFI_IN_USE;
	if (w[1] & VFI_HAS_VPI) {
		if (vpi >= VPIS)
			return MBX_INVALID_VPI;
		c->vpi[vpi].initialized = true;
		c->vpi[vpi].vfi = vfi;
	}
	c->vfi[vfi].initialized = true;
	return MBX_SUCCESS;
}

uint16_t mbox_reg_vfi(struct card *c, uint32_t *w)
{
	uint16_t vfi = (uint16_t)w[1], vpi = (uint16_t)(w[2] >> 16);
	struct vpi *v;

	if (vfi >= VFIS || (w[2] & 0xffff) >= FCFIS || !c->fcfi[w[2] & 0xffff].registered)
		return MBX_FAILURE;
	if (c->vfi[vfi].registered && !(w[1] & REG_UPDATE))
		return MBX_VFI_IN_USE;
	if (w[1] & VFI_HAS_VPI) {
		if (vpi >= VPIS)
			return MBX_INVALID_VPI;
		v = &c->vpi[vpi];
		v->initialized = v->registered = true;
		v->vfi = vfi;
		v->nport_id = w[10] & 0xffffff;
		get_name(v->wwpn, w + 3);
		c->vfi[vfi].vpi = vpi;
	}
	c->vfi[vfi].initialized = c->vfi[vfi].registered = true;
	return MBX_SUCCESS;
}

/* Unregistering what is not registered succeeds: drivers do it to begin from a known state. */
uint16_t mbox_unreg_vfi(struct card *c, uint32_t *w)
{
	uint16_t vfi = (uint16_t)w[2];

	if (vfi >= VFIS)
		return MBX_FAILURE;
	for (unsigned int i = 0; i < VPIS; i++)
		if (c->vpi[i].vfi == vfi)
			c->vpi[i].registered = false;
	c->vfi[vfi] = (struct vfi){0};
	return MBX_SUCCESS;
}

uint16_t mbox_init_vpi(struct card *c, uint32_t *w)
{
	uint16_t vpi = (uint16_t)w[1], vfi = (uint16_t)(w[1] >> 16);

	if (vpi >= VPIS)
		return MBX_INVALID_VPI;
	if (vfi >= VFIS || (vpi && !(c->features & FEATURE_NPIV)))
		return MBX_FAILURE;
	c->vpi[vpi] = (struct vpi){.initialized = true, .vfi = vfi};
	return MBX_SUCCESS;
}

uint16_t mbox_reg_vpi(struct card *c, uint32_t *w)
{
	uint16_t vpi = (uint16_t)w[6], vfi = (uint16_t)(w[6] >> 16);
	struct vpi *v;

	if (vpi >= VPIS || !c->vpi[vpi].initialized)
		return MBX_INVALID_VPI;
	v = &c->vpi[vpi];
	if (vfi >= VFIS || !c->vfi[vfi].registered || (v->registered && !(w[2] & VPI_UPDATE)))
		return MBX_FAILURE;
	v->registered = true;
	v->vfi = vfi;
	v->nport_id = w[2] & 0xffffff;
	get_name(v->wwpn, w + 3);
	return MBX_SUCCESS;
}

uint16_t mbox_unreg_vpi(struct card *c, uint32_t *w)
{
	uint16_t index = (uint16_t)w[2];

	if (index_kind(w[2]) == INDEX_VFI) {
		for (unsigned int i = 0; i < VPIS; i++)
			if (c->vpi[i].vfi == index)
				c->vpi[i] = (struct vpi){0};
		return MBX_SUCCESS;
	}
	if (index >= VPIS)
		return MBX_INVALID_VPI;
	c->vpi[index] = (struct vpi){0};
	return MBX_SUCCESS;
}

uint16_t mbox_reg_rpi(struct card *c, uint32_t *w)
{
	uint16_t id = (uint16_t)w[1], vpi = (uint16_t)w[6];
	struct mbox_bde b = mbox_bde(w + 3);
	uint8_t sparm[112];
	uint16_t size;

	if (id >= RPIS)
		return MBX_INVALID_RPI;
	if (vpi >= VPIS)
		return MBX_INVALID_VPI;
	if (b.length < sizeof(sparm))
		return MBX_ILLEGAL_SIZE;
	if (c->rpi[id].registered && !(w[2] & REG_UPDATE) &&
	    c->rpi[id].nport_id != (w[2] & 0xffffff))
		return MBX_RPI_REGISTERED;
	if (model_dma_read(c->model, b.address, sparm, sizeof(sparm)))
		return MBX_DMA_ERROR;
	size = fc_get16(sparm + CLASS3_SIZE) & 0xfff;
	if (size < FRAME_LEAST || size > FC_PAYLOAD_MAX)
		size = FRAME_DEFAULT;
	c->rpi[id] = (struct rpi){
		.registered = true,
		.vpi = vpi,
		.nport_id = w[2] & 0xffffff,
		.frame_max = size & ~3u,
	};
	return MBX_SUCCESS;
}

static void unregister_rpi(struct card *c, uint16_t id)
{
	resource_abort_rpi(c, id);
	c->rpi[id] = (struct rpi){0};
}

uint16_t mbox_unreg_rpi(struct card *c, uint32_t *w)
{
	enum index_kind kind = index_kind(w[1]);
	uint16_t index = (uint16_t)w[1];

	if (kind == INDEX_RPI) {
		if (index >= RPIS)
			return MBX_INVALID_RPI;
		if (!c->rpi[index].registered)
			return MBX_RPI_NOT_REGISTERED;
		unregister_rpi(c, index);
		return MBX_SUCCESS;
	}
	for (uint16_t i = 0; i < RPIS; i++)
		if (c->rpi[i].registered &&
		    (kind == INDEX_FCFI || (kind == INDEX_VPI && c->rpi[i].vpi == index) ||
		     (kind == INDEX_VFI && c->vpi[c->rpi[i].vpi].vfi == index)))
			unregister_rpi(c, i);
	return MBX_SUCCESS;
}

uint16_t mbox_unreg_d_id(struct card *c, uint32_t *w)
{
	for (uint16_t i = 0; i < RPIS; i++)
		if (c->rpi[i].registered && c->rpi[i].nport_id == (w[1] & 0xffffff))
			unregister_rpi(c, i);
	return MBX_SUCCESS;
}

/* After a link event remote ports are suspended until the host has seen to each. */
uint16_t mbox_resume_rpi(struct card *c, uint32_t *w)
{
	enum index_kind kind = index_kind(w[1]);
	uint16_t index = (uint16_t)w[1];

	if (kind == INDEX_RPI) {
		if (!rpi_find(c, index))
			return MBX_RPI_NOT_REGISTERED;
		c->rpi[index].suspended = false;
		return MBX_SUCCESS;
	}
	for (uint16_t i = 0; i < RPIS; i++)
		if (kind != INDEX_VPI || c->rpi[i].vpi == index)
			c->rpi[i].suspended = false;
	return MBX_SUCCESS;
}

uint16_t mbox_reg_fcfi(struct card *c, uint32_t *w)
{
	const uint16_t rq[RQ_FILTERS] = {
		(uint16_t)(w[2] >> 16), (uint16_t)w[2], (uint16_t)(w[3] >> 16), (uint16_t)w[3],
	};
	struct fcfi f = {.registered = true};

	if (c->fcfi[0].registered)
		return MBX_NO_RESOURCES;
	for (int i = 0; i < RQ_FILTERS; i++) {
		f.filter[i] = (struct rq_filter){
			.rq_id = rq[i],
			.rctl_mask = (uint8_t)w[4 + i],
			.rctl_match = (uint8_t)(w[4 + i] >> 8),
			.type_mask = (uint8_t)(w[4 + i] >> 16),
			.type_match = (uint8_t)(w[4 + i] >> 24),
		};
		if (rq[i] != SLI_NONE && (rq[i] + 1u >= RQS || !c->rq[rq[i]].used ||
					  !c->rq[rq[i] + 1].used))
			return MBX_FAILURE;
	}
	c->fcfi[0] = f;
	w[1] = w[1] & 0xffff;			/* FCFI 0 */
	return MBX_SUCCESS;
}

uint16_t mbox_unreg_fcfi(struct card *c, uint32_t *w)
{
	if ((w[2] & 0xffff) >= FCFIS || !c->fcfi[w[2] & 0xffff].registered)
		return MBX_FAILURE;
	c->fcfi[w[2] & 0xffff] = (struct fcfi){0};
	return MBX_SUCCESS;
}
