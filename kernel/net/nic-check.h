/* SPDX-License-Identifier: Apache-2.0 */
/* What a driver says of itself is checked before anything is built on it. */
#ifndef KERNEL_NET_NIC_CHECK_H
#define KERNEL_NET_NIC_CHECK_H

#include <vmhi/nic.h>

#include "kernel/lib/err.h"

/* The features that this host knows, and names to the driver; it need not use each of them. */
#define NIC_KNOWN                                                                                  \
	(VMHI_NIC_TX_CSUM | VMHI_NIC_TX_IP_CSUM | VMHI_NIC_RX_CSUM | VMHI_NIC_TX_VLAN |            \
	 VMHI_NIC_RX_VLAN | VMHI_NIC_VLAN_FILTER)

/* 0, or -EINVAL: the table is too short, or lacks an operation; e names it. */
int nic_check_table(const struct vmhi_nic *nic, struct err *e);

/* 0, or -EINVAL: info says what the ABI does not allow, or offers a feature that the host did not
 * name; e names the member. */
int nic_check_info(const struct vmhi_nic_info *info, uint64_t named, struct err *e);

#endif
