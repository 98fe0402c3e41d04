// SPDX-License-Identifier: Apache-2.0
/* Subcommands of SLI_CONFIG that ask what the port is and can. */
#include <string.h>

#include "card.h"
#include "mbox.h"
#include "text.h"

/* QUERY_FW_CONFIG */
#define MODE_FC_INITIATOR	0x40
/* GET_FUNCTION_CONFIG: a resource descriptor */
#define RESOURCE_FCFCOE		0x43
#define RESOURCE_BYTES		88
/* GET_SLI4_PARAMETERS: what a queue may be made of */
#define PAGES_4K		(1u << 16)	/* page sizes */
#define QUEUE_VERSION(n)		((uint32_t)(n) << 14)
#define ENTRY_SIZE(bits)	((uint32_t)(bits) << 8)
#define SGE_LENGTH_MAX		0x80000000u

uint8_t config_nop(struct card *c, struct config *f)
{
	return CONFIG_SUCCESS;
}

uint8_t config_attributes(struct card *c, struct config *f)
{
	uint32_t *p = f->p;

	memset(p, 0, f->words * 4);
	text_put(p, 8, TEXT_FIRMWARE);
	text_put(p + 8, 8, "OpenVMHI");
	text_put(p + 24, 8, TEXT_MODEL);
	text_put(p + 32, 16, TEXT_DESCRIPTION);
	text_put(p + 48, 8, TEXT_SERIAL);
	text_put(p + 64, 8, TEXT_FIRMWARE);
	text_put(p + 72, 8, TEXT_FIRMWARE);
	text_put(p + 96, 8, TEXT_FIRMWARE);
	p[109] = 1u << 24;			/* ports of the adapter */
	p[111] = 1u << 30;			/* link type FC, link number 0 */
	p[125] = card_pci.vendor_id | (uint32_t)card_pci.device_id << 16;
	p[126] = card_pci.subsystem_vendor_id | (uint32_t)card_pci.subsystem_id << 16;
	return CONFIG_SUCCESS;
}

uint8_t config_fw_config(struct card *c, struct config *f)
{
	memset(f->p, 0, f->words * 4);
	f->p[3] = MODE_FC_INITIATOR;		/* of the function */
	f->p[4] = MODE_FC_INITIATOR;		/* of its only protocol */
	f->p[32] = CQS;
	f->p[34] = EQS;
	return CONFIG_SUCCESS;
}

uint8_t config_port_name(struct card *c, struct config *f)
{
	f->p[0] = '0' | '1' << 8 | '2' << 16 | (uint32_t)'3' << 24;	/* of four ports */
	return CONFIG_SUCCESS;
}

uint8_t config_function(struct card *c, struct config *f)
{
	uint32_t *d = f->p + 1;

	memset(f->p, 0, f->words * 4);
	f->p[0] = 1;				/* descriptors that follow */
	d[0] = RESOURCE_FCFCOE | RESOURCE_BYTES << 8;
	d[2] = RPIS | XRIS << 16;
	d[3] = WQS | RQS << 16;
	d[4] = CQS | VPIS << 16;
	d[5] = FCFIS | VFIS << 16;
	d[13] = (uint32_t)EQS << 16;
	return CONFIG_SUCCESS;
}

/* Not offered: extents, header templates, NVMe, T10 DIF, autovalid entries, embedded commands. */
uint8_t config_parameters(struct card *c, struct config *f)
{
	uint32_t *p = f->p;

	memset(p, 0, f->words * 4);
	p[1] = model_config(c->model, CFG_SLI_INTF);
	p[2] = RING_PAGES | PAGES_4K | ENTRY_SIZE(1);
	p[3] = 0x1f;				/* entries by powers of two: 256 to 4096 */
	p[4] = RING_PAGES | PAGES_4K | ENTRY_SIZE(1) | QUEUE_VERSION(2);
	p[5] = 0x1f;
	p[6] = RING_PAGES | PAGES_4K | QUEUE_VERSION(1);
	p[7] = 0xf;
	p[8] = RING_PAGES | PAGES_4K | ENTRY_SIZE(3) | QUEUE_VERSION(1);	/* 64 and 128 bytes */
	p[9] = 0xffff;
	p[10] = RING_PAGES | PAGES_4K | ENTRY_SIZE(1) | QUEUE_VERSION(1);
	p[11] = 0x1000;
	p[13] = SGE_LENGTH_MAX;
	p[14] = 2 | 1u << 8;			/* pages of an exchange's list, and their size */
	p[15] = 128;				/* least receive buffer */
	p[16] = 65535;				/* largest */
	p[17] = XRIS | RPIS << 16;
	p[18] = VPIS | VFIS << 16;
	return CONFIG_SUCCESS;
}

/* Delays make fewer interrupts; here every event interrupts at once, which is no delay. */
uint8_t config_eq_delay(struct card *c, struct config *f)
{
	uint32_t count = f->p[0];

	if (!count || count > (f->words - 1) / 3)
		return CONFIG_ILLEGAL_FIELD;
	for (uint32_t i = 0; i < count; i++)
		if (f->p[1 + 3 * i] >= EQS || !c->eq[f->p[1 + 3 * i]].used)
			return CONFIG_ILLEGAL_FIELD;
	return CONFIG_SUCCESS;
}

uint8_t config_function_reset(struct card *c, struct config *f)
{
	card_port_reset(c);
	return CONFIG_SUCCESS;
}
