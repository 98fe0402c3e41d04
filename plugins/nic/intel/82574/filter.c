// SPDX-License-Identifier: Apache-2.0
/* What is received: addresses, multicast hash, VLANs, promiscuous. */
#include "dev.h"

static void set_address(struct dev *d, uint32_t i, const uint8_t *mac)
{
	wr(d, R_RAH(i), 0);
	if (!mac)
		return;
	wr(d, R_RAL(i), mac[0] | (uint32_t)mac[1] << 8 | (uint32_t)mac[2] << 16 |
				(uint32_t)mac[3] << 24);
	wr(d, R_RAH(i), mac[4] | (uint32_t)mac[5] << 8 | RAH_AV);
}

static void set_addresses(struct dev *d, const uint8_t (*uc)[6], uint32_t n)
{
	for (uint32_t i = 0; i < n || i < d->naddr; i++)
		set_address(d, i, i < n ? uc[i] : NULL);
	d->naddr = n;
}

/*
 * The 12 highest bits of the address, as it is sent, choose one of 4096 bits. Only what changes is
 * written: a write to a card behind a socket costs microseconds.
 */
static void set_multicast(struct dev *d, const uint8_t (*mc)[6], uint32_t n)
{
	uint32_t mta[MTA_REGS] = {0};

	for (uint32_t i = 0; i < n; i++) {
		uint32_t hash = (uint32_t)mc[i][4] >> 4 | (uint32_t)mc[i][5] << 4;

		mta[hash >> 5] |= 1u << (hash & 31);
	}
	for (uint32_t i = 0; i < MTA_REGS; i++) {
		if (mta[i] != d->mta[i])
			wr(d, R_MTA(i), mta[i]);
		d->mta[i] = mta[i];
	}
}

/* The table counts only with RCTL.VFE, so nobody has written it before the first time. */
static void set_vlans(struct dev *d, const uint64_t *vlan)
{
	for (uint32_t i = 0; vlan && i < VFTA_REGS; i++) {
		uint32_t v = (uint32_t)(vlan[i / 2] >> (i % 2 * 32));

		if (!d->vfta_known || v != d->vfta[i])
			wr(d, R_VFTA(i), v);
		d->vfta[i] = v;
	}
	if (vlan)
		d->vfta_known = 1;
}

/* After a reset, which leaves the tables as chance or the last driver had them. */
void filter_init(struct dev *d)
{
	for (uint32_t i = 0; i < RAR_TOTAL; i++)
		set_address(d, i, NULL);
	for (uint32_t i = 0; i < MTA_REGS; i++)
		wr(d, R_MTA(i), 0);
}

/* Before the host says otherwise: broadcast and the card's own address. */
void filter_default(struct dev *d)
{
	set_addresses(d, (const uint8_t (*)[6])d->mac, 1);
	set_multicast(d, NULL, 0);
	d->rctl &= ~(RCTL_UPE | RCTL_MPE | RCTL_VFE);
}

static int check(const struct dev *d, const struct vmhi_nic_filter *f)
{
	if (f->size < sizeof(*f) || (f->flags & ~(VMHI_FILTER_PROMISC | VMHI_FILTER_ALLMULTI)))
		return -VMHI_EINVAL;
	if ((f->nuc && !f->uc) || (f->nmc && !f->mc))
		return -VMHI_EINVAL;
	if (f->vlan && !(d->conf.features & VMHI_NIC_VLAN_FILTER))
		return -VMHI_EINVAL;
	if (f->flags & VMHI_FILTER_PROMISC)
		return 0;	/* the table does not matter */
	if (f->nuc > RAR_USED)
		return -VMHI_ENOSPC;
	for (uint32_t i = 0; i < f->nuc; i++)
		if (f->uc[i][0] & 1)
			return -VMHI_EINVAL;
	return 0;
}

int filter_set(void *dev, const struct vmhi_nic_filter *f)
{
	struct dev *d = dev;
	int r = check(d, f);

	if (is_gone(d))
		return -VMHI_ENODEV;
	if (!d->configured)
		return -VMHI_EINVAL;
	if (r)
		return r;
	/* in promiscuous mode the list may be longer than the table, and does not matter */
	set_addresses(d, f->uc, f->nuc < RAR_USED ? f->nuc : RAR_USED);
	set_multicast(d, f->mc, f->nmc);
	set_vlans(d, f->vlan);
	d->rctl &= ~(RCTL_UPE | RCTL_MPE | RCTL_VFE);
	if (f->flags & VMHI_FILTER_PROMISC)
		d->rctl |= RCTL_UPE | RCTL_MPE;
	else if (f->vlan)
		d->rctl |= RCTL_VFE;
	if (f->flags & VMHI_FILTER_ALLMULTI)
		d->rctl |= RCTL_MPE;
	rx_enable(d);
	return 0;
}
