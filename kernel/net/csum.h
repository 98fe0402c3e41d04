/* SPDX-License-Identifier: Apache-2.0 */
/* The Internet checksum (RFC 1071), for frames whose checksum nobody further down completes. */
#ifndef KERNEL_NET_CSUM_H
#define KERNEL_NET_CSUM_H

#include <vmhi/nic.h>

/* Completes a frame's checksum (VMHI_PKT_CSUM: l4_off, csum_off) and takes the flag away. */
void csum_complete(struct vmhi_pkt *pkt);

/*
 * Whether a driver that offers VMHI_NIC_TX_CSUM can complete it: TCP or UDP over IPv4. If so, sets
 * l3_off and the flags that say what the frame is.
 */
int csum_describe(struct vmhi_pkt *pkt);

#endif
