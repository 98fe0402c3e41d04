// SPDX-License-Identifier: Apache-2.0
/* The EEPROM: its words, reading and writing them, and what the card loads from it. */
#include "card.h"

#include <string.h>

#define W_SUBSYSTEM_ID	0x0b
#define W_SUBSYSTEM_VENDOR 0x0c
#define W_DEVICE_ID	0x0d
#define W_CHECKSUM	0x3f
#define CHECKSUM	0xbaba

void nvm_init(struct card *c)
{
	uint16_t sum = 0;

	memset(c->nvm, 0xff, sizeof(c->nvm));
	memset(c->nvm, 0, 2 * W_CHECKSUM);
	for (int i = 0; i < 3; i++)
		c->nvm[i] = (uint16_t)(c->mac[2 * i] | c->mac[2 * i + 1] << 8);
	c->nvm[W_SUBSYSTEM_ID] = card_pci.subsystem_id;
	c->nvm[W_SUBSYSTEM_VENDOR] = card_pci.subsystem_vendor_id;
	c->nvm[W_DEVICE_ID] = card_pci.device_id;
	for (int i = 0; i < W_CHECKSUM; i++)
		sum = (uint16_t)(sum + c->nvm[i]);
	c->nvm[W_CHECKSUM] = (uint16_t)(CHECKSUM - sum);
}

/* After a reset, and when CTRL_EXT.EE_RST asks for it. */
void nvm_load(struct card *c)
{
	*reg(c, RAL(0)) = c->nvm[0] | (uint32_t)c->nvm[1] << 16;
	*reg(c, RAH(0)) = c->nvm[2] | RAH_AV;
	*reg(c, EEC) = EEC_PRES | EEC_AUTO_RD | 2u << EEC_SIZE_SHIFT;
	*reg(c, EEMNGCTL) |= EEMNGCTL_DONE;
	*reg(c, EERD) = *reg(c, EEWR) = EE_DONE;	/* no access is under way */
}

/* EERD or EEWR was written: the access is done at once. */
void nvm_command(struct card *c, uint32_t offset, uint32_t v)
{
	uint32_t word = v >> 2 & 0x3fff;

	v &= ~EE_DONE;
	if (v & EE_START) {
		v = (v & ~EE_START) | EE_DONE;
		if (offset == EERD)
			v = (v & 0xffff) |
			    (uint32_t)(word < NVM_WORDS ? c->nvm[word] : 0xffff) << 16;
		else if (word < NVM_WORDS)
			c->nvm[word] = (uint16_t)(v >> 16);
	}
	*reg(c, offset) = v;
}
