/* SPDX-License-Identifier: Apache-2.0 */
/* The Internet checksum (RFC 1071), for frames whose checksum nobody further down completes. */
#ifndef KERNEL_NET_CSUM_H
#define KERNEL_NET_CSUM_H

#include <vmhi/nic.h>

/*
 * The ones' complement sum of n bytes and of s, which is such a sum or some added up: as the 16 bits
 * that are stored, complemented, in a checksum field.
 */
uint16_t csum_sum(const uint8_t *p, uint32_t n, uint64_t s);

/* Completes a frame's checksum (VMHI_PKT_CSUM: l4_off, csum_off) and takes the flag away. */
void csum_complete(struct vmhi_pkt *pkt);

/*
 * Whether a driver that offers VMHI_NIC_TX_CSUM can complete it: TCP or UDP over IPv4. If so, sets
 * l3_off and the flags that say what the frame is.
 */
int csum_describe(struct vmhi_pkt *pkt);

#endif
