// SPDX-License-Identifier: Apache-2.0
#include "kernel/net/nic-check.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#define TSO_SEGS  18u	/* 64 KiB in pieces of 4 KiB, wherever they begin */
#define MTU_LEAST 1500u	/* IEEE 802.3, 3.2.7 */

int nic_check_table(const struct vmhi_nic *nic, struct err *e)
{
	const size_t need = offsetof(struct vmhi_nic, stats) + sizeof(nic->stats);

	if (nic->h.id != VMHI_IF_NIC || nic->h.version != 1)
		return err_set(e, -EINVAL, "the driver's NIC table is interface %u version %u, "
			       "wanted %u version 1", nic->h.id, nic->h.version, VMHI_IF_NIC);
	if (nic->h.size < need)
		return err_set(e, -EINVAL, "the driver's NIC table has %u bytes, version 1 has %zu",
			       nic->h.size, need);

	const struct {
		const char *name;
		bool there;
	} op[] = {
		{"info", nic->info}, {"configure", nic->configure}, {"queue", nic->queue},
		{"queue_start", nic->queue_start}, {"queue_stop", nic->queue_stop},
		{"queue_free", nic->queue_free}, {"tx", nic->tx}, {"tx_done", nic->tx_done},
		{"rx_post", nic->rx_post}, {"rx", nic->rx}, {"arm", nic->arm},
		{"filter", nic->filter}, {"stats", nic->stats},
	};

	for (size_t i = 0; i < sizeof(op) / sizeof(op[0]); i++)
		if (!op[i].there)
			return err_set(e, -EINVAL, "the driver's NIC table has no %s: all %zu "
				       "operations are needed", op[i].name,
				       sizeof(op) / sizeof(op[0]));
	return 0;
}

static bool power_of_two(uint32_t n)
{
	return n && !(n & (n - 1));
}

static int check_tso(const struct vmhi_nic_info *info, struct err *e)
{
	const uint64_t with = VMHI_NIC_TX_CSUM | VMHI_NIC_TX_IP_CSUM;

	if (!(info->features & VMHI_NIC_TX_TSO4))
		return 0;
	if ((info->features & with) != with)
		return err_set(e, -EINVAL, "info: it offers TX_TSO4 without TX_CSUM and TX_IP_CSUM");
	if (info->tx_segs < TSO_SEGS)
		return err_set(e, -EINVAL, "info: tx_segs is %u: with TX_TSO4 at least %u are needed",
			       info->tx_segs, TSO_SEGS);
	return 0;
}

int nic_check_info(const struct vmhi_nic_info *info, uint64_t named, struct err *e)
{
	if (info->features & ~named)
		return err_set(e, -EINVAL, "info: it offers features that this host did "
			       "not name: 0x%llx",
			       (unsigned long long)(info->features & ~named));
	if (!power_of_two(info->depth_min))
		return err_set(e, -EINVAL, "info: depth_min %u is not a power of two",
			       info->depth_min);
	if (!power_of_two(info->depth_max))
		return err_set(e, -EINVAL, "info: depth_max %u is not a power of two",
			       info->depth_max);
	if (info->depth_min > info->depth_max)
		return err_set(e, -EINVAL, "info: depth_min %u is above depth_max %u",
			       info->depth_min, info->depth_max);
	if (!info->tx_queues || !info->rx_queues)
		return err_set(e, -EINVAL, "info: %u transmit and %u receive queues: at least 1 of "
			       "each is needed", info->tx_queues, info->rx_queues);
	if (!info->tx_segs)
		return err_set(e, -EINVAL, "info: tx_segs is 0: at least 1 is needed");
	if (!info->uc_max)
		return err_set(e, -EINVAL, "info: uc_max is 0: at least 1 is needed");
	if (info->mtu_max < MTU_LEAST)
		return err_set(e, -EINVAL, "info: mtu_max is %u: at least %u is needed",
			       info->mtu_max, MTU_LEAST);
	return check_tso(info, e);
}
