// SPDX-License-Identifier: Apache-2.0
/* Which frames the MAC takes: addresses, the multicast hash, VLANs. */
#include "card.h"

#include <string.h>

static bool exact(struct card *c, const uint8_t *mac)
{
	for (int i = 0; i < 16; i++) {
		uint32_t lo = *reg(c, RAL(i)), hi = *reg(c, RAH(i));

		if (hi & RAH_AV && mac[0] == (lo & 0xff) && mac[1] == (lo >> 8 & 0xff) &&
		    mac[2] == (lo >> 16 & 0xff) && mac[3] == lo >> 24 &&
		    mac[4] == (hi & 0xff) && mac[5] == (hi >> 8 & 0xff))
			return true;
	}
	return false;
}

static bool hashed(struct card *c, const uint8_t *mac)
{
	static const uint8_t shift[4] = {4, 3, 2, 0};
	uint32_t s = shift[*reg(c, RCTL) >> RCTL_MO_SHIFT & 3];
	uint32_t h = ((uint32_t)mac[5] << 8 | mac[4]) >> s & 0xfff;

	return *reg(c, MTA + h / 32 * 4) >> h % 32 & 1;
}

static bool address_ok(struct card *c, const uint8_t *mac, bool *inexact)
{
	static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	uint32_t rctl = *reg(c, RCTL);

	*inexact = false;
	if (exact(c, mac))
		return true;
	if (!memcmp(mac, broadcast, 6) && rctl & RCTL_BAM)
		return true;
	*inexact = true;
	if (mac[0] & 1)
		return rctl & RCTL_MPE || hashed(c, mac);
	return rctl & RCTL_UPE;
}

static bool vlan_ok(struct card *c, const uint8_t *frame, uint32_t n)
{
	uint32_t rctl = *reg(c, RCTL);
	uint16_t tag;

	if (!(rctl & RCTL_VFE) || n < 18 || get16(frame + 12) != (*reg(c, VET) & 0xffff))
		return true;
	tag = get16(frame + 14);
	if (rctl & RCTL_CFIEN && !(tag >> 12 & 1) != !(rctl & RCTL_CFI))
		return false;
	return *reg(c, VFTA + (tag & 0xfff) / 32 * 4) >> tag % 32 & 1;
}

bool filter_accepts(struct card *c, const uint8_t *frame, uint32_t n, bool *inexact)
{
	return address_ok(c, frame, inexact) && vlan_ok(c, frame, n);
}
