// SPDX-License-Identifier: Apache-2.0
/* What passes the card's filters. */
#include <errno.h>
#include <string.h>

#include "tests/plugin-host/frames.h"
#include "tests/plugin-host/tests.h"

#define UNICAST 256u	/* addresses; of a larger table only a part is filled */

static const uint8_t (*const none)[6];

/* Does a frame to dst arrive? vid 0: untagged */
static bool passes(struct nic *n, const uint8_t *dst, uint16_t vid, bool want)
{
	uint8_t f[64];
	uint32_t len = 60;

	frame_plain(f, dst, 0x88b6, len);
	if (vid)
		len = frame_tag(f, len, vid);
	nic_forget_inbox(n);
	/* its answer comes after the frame, on the same wire */
	if (!peer_inject(n, f, len, len, 1))
		return false;
	CHECK(n->ninbox == want, "a frame to %02x:%02x:%02x:%02x:%02x:%02x, VLAN %u, %s", dst[0],
	      dst[1], dst[2], dst[3], dst[4], dst[5], vid,
	      want ? "did not pass" : "passed, and should not");
	return true;
}

static void address(uint8_t *mac, uint32_t i)
{
	memcpy(mac, (const uint8_t[6]){0x02, 0x11, (uint8_t)(i * 17), (uint8_t)(i >> 8), 0x33,
				       (uint8_t)i}, 6);
}

static bool test_unicast(struct nic *n, const struct expect *x)
{
	static const uint8_t bc[6] = {255, 255, 255, 255, 255, 255};
	struct nic_want w = nic_want();
	struct vmhi_nic_filter f = {.size = sizeof(f)};
	uint32_t many = n->info.uc_max < UNICAST - 1 ? n->info.uc_max : UNICAST - 1;
	uint8_t uc[UNICAST][6];

	for (uint32_t i = 0; i < UNICAST; i++)
		address(uc[i], i);
	if (!nic_open(n, &w) || !passes(n, n->info.mac, 0, true) || !passes(n, uc[0], 0, false) ||
	    !passes(n, bc, 0, true))
		return false;
	if (!nic_filter(n, 0, (const uint8_t(*)[6])uc, many, none, 0, NULL))
		return false;
	for (uint32_t i = 0; i <= many; i++)
		if (!passes(n, uc[i], 0, i < many))
			return false;
	if (!passes(n, n->info.mac, 0, false))
		return false;
	if (many < UNICAST - 1) {
		f.nuc = many + 1;
		f.uc = (const uint8_t(*)[6])uc + 1;
		CHECK(n->nic->filter(n->dev, &f) == -ENOSPC, "one address too many is taken");
	}
	return passes(n, uc[0], 0, true) && passes(n, uc[many], 0, false) &&
	       nic_filter(n, 0, none, 0, none, 0, NULL) && passes(n, uc[0], 0, false) &&
	       passes(n, bc, 0, true) && nic_close(n);
}

static bool test_multicast(struct nic *n, const struct expect *x)
{
	struct nic_want w = nic_want();
	uint8_t mc[40][6];

	for (uint32_t i = 0; i < 40; i++)
		memcpy(mc[i], (const uint8_t[6]){1, 0, 0x5e, 0, (uint8_t)(i * 37), (uint8_t)(i * 5)}, 6);
	if (!nic_open(n, &w) || !passes(n, mc[3], 0, false))
		return false;
	if (!nic_filter(n, 0, &n->info.mac, 1, (const uint8_t(*)[6])mc, 39, NULL))
		return false;
	for (uint32_t i = 0; i < 39; i++)
		if (!passes(n, mc[i], 0, true))
			return false;
	return nic_filter(n, VMHI_FILTER_ALLMULTI, &n->info.mac, 1, none, 0, NULL) &&
	       passes(n, mc[39], 0, true) && passes(n, (const uint8_t[6]){2, 9, 9, 9, 9, 9}, 0, false) &&
	       nic_filter(n, 0, &n->info.mac, 1, none, 0, NULL) && passes(n, mc[39], 0, false) &&
	       nic_close(n);
}

static bool test_promiscuous(struct nic *n, const struct expect *x)
{
	static const uint8_t other[6] = {2, 9, 9, 9, 9, 9}, mc[6] = {1, 0, 0x5e, 9, 9, 9};
	struct nic_want w = nic_want();
	uint64_t vlan[64] = {0};

	w.features = n->info.features & VMHI_NIC_VLAN_FILTER;
	if (!nic_open(n, &w) ||
	    !nic_filter(n, VMHI_FILTER_PROMISC, none, 0, none, 0, w.features ? vlan : NULL))
		return false;
	return passes(n, other, 0, true) && passes(n, mc, 0, true) && passes(n, other, 77, true) &&
	       nic_filter(n, 0, &n->info.mac, 1, none, 0, NULL) && passes(n, other, 0, false) &&
	       passes(n, mc, 0, false) && passes(n, n->info.mac, 0, true) && nic_close(n);
}

static bool test_vlan(struct nic *n, const struct expect *x)
{
	static const uint16_t in[] = {1, 31, 32, 63, 64, 1000, 4094}, out[] = {2, 33, 65, 999, 4093};
	struct nic_want w = nic_want();
	uint64_t vlan[64] = {0};

	for (int i = 0; i < 7; i++)
		vlan[in[i] / 64] |= 1ull << in[i] % 64;
	for (int strip = 0; strip < 2; strip++) {
		w.features = VMHI_NIC_VLAN_FILTER | (strip ? VMHI_NIC_RX_VLAN : 0);
		if (!nic_open(n, &w) || !passes(n, n->info.mac, out[0], true) ||
		    !nic_filter(n, 0, &n->info.mac, 1, none, 0, vlan))
			return false;
		for (int i = 0; i < 7; i++)
			if (!passes(n, n->info.mac, in[i], true))
				return false;
		for (int i = 0; i < 5; i++)
			if (!passes(n, n->info.mac, out[i], false))
				return false;
		if (!passes(n, n->info.mac, 0, true) ||
		    !nic_filter(n, 0, &n->info.mac, 1, none, 0, NULL) ||
		    !passes(n, n->info.mac, out[1], true) || !nic_close(n))
			return false;
	}
	return true;
}

const struct nic_test filter_tests[] = {
	{"filter-unicast", test_unicast, WIRE},
	{"filter-multicast", test_multicast, WIRE},
	{"filter-promiscuous", test_promiscuous, WIRE},
	{"filter-vlan", test_vlan, WIRE},
	{0},
};
