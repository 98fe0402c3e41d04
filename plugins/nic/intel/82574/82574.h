/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intel 82574L: the registers, bits and descriptors that this driver uses, by the names of the
 * public "Intel 82574 GbE Controller Family Datasheet" (chapters 7 and 10).
 */
#ifndef I82574_REGS_H
#define I82574_REGS_H

#include <stdint.h>

/* General, chapter 10.2.2 */
#define R_CTRL	      0x00000u
#define R_STATUS      0x00008u
#define R_EECD	      0x00010u
#define R_EERD	      0x00014u
#define R_CTRL_EXT    0x00018u
#define R_MDIC	      0x00020u
#define R_FCAL	      0x00028u
#define R_FCAH	      0x0002cu
#define R_FCT	      0x00030u
#define R_FCTTV	      0x00170u
#define R_EXTCNF_CTRL 0x00f00u
#define R_PBA	      0x01000u
#define R_GCR	      0x05b00u
#define R_GCR2	      0x05b64u

#define CTRL_FD		0x00000001u
#define CTRL_GIO_MD	0x00000004u	/* GIO Master Disable: no new DMA */
#define CTRL_ASDE	0x00000020u
#define CTRL_SLU	0x00000040u
#define CTRL_FRCSPD	0x00000800u
#define CTRL_FRCDPX	0x00001000u
#define CTRL_RST	0x04000000u
#define CTRL_RFCE	0x08000000u
#define CTRL_TFCE	0x10000000u
#define CTRL_MBZ29	0x20000000u	/* must be written as 0 */
#define CTRL_VME	0x40000000u

#define STATUS_FD	   0x00000001u
#define STATUS_LU	   0x00000002u
#define STATUS_SPEED_SHIFT 6
#define STATUS_GIO_ME	   0x00080000u	/* GIO Master Enable status: DMA may be going on */

#define EECD_AUTO_RD 0x00000200u
#define EERD_START   0x00000001u
#define EERD_DONE    0x00000002u
#define EERD_ADDR(a) ((uint32_t)(a) << 2)
#define EERD_DATA(v) ((v) >> 16)

#define NVM_WORDS 0x40u			/* covered by the checksum */
#define NVM_SUM	  0xbabau

#define CTRL_EXT_SPD_BYPS 0x00008000u	/* the speed is CTRL's, not what was negotiated */
#define CTRL_EXT_MB1_22	  0x00400000u	/* must be written as 1 */
#define CTRL_EXT_MBZ23	  0x00800000u	/* must be written as 0 */
#define CTRL_EXT_EIAME	  0x01000000u	/* an MSI-X message masks what IAM names of its cause */
#define CTRL_EXT_IAME	  0x08000000u	/* reading ICR masks what IAM names: not wanted */
#define CTRL_EXT_DRV_LOAD 0x10000000u
#define CTRL_EXT_PBA_SUP  0x80000000u	/* MSI-X pending bits */

#define MDIC_READ	 0x08000000u
#define MDIC_WRITE	 0x04000000u
#define MDIC_READY	 0x10000000u
#define MDIC_ERROR	 0x40000000u
#define MDIC_REG(r)	 ((uint32_t)(r) << 16)
#define MDIC_PHY1	 (1u << 21)
#define EXTCNF_SW_OWNS	 0x00000020u	/* software may use the MDIO bus */

#define PBA_20K	      20u		/* of 40 KiB for receiving, the rest for sending */
#define GCR_MB1_22    0x00400000u
#define GCR2_ERRATUM  0x00000001u	/* specification update: PCI Express completion erratum */

/* PHY, IEEE 802.3 clause 22 */
#define PHY_BMCR      0
#define PHY_ANAR      4
#define PHY_1000T     9
#define BMCR_RESTART  0x0200u
#define BMCR_ANE      0x1000u
#define BMCR_PDOWN    0x0800u
#define ANAR_ALL      0x01e1u		/* 10 and 100 Mbit/s, no pause */
#define ANAR_MASK     0x0de1u
#define GBCR_FD	      0x0200u
#define GBCR_HD	      0x0100u

/* Interrupts, 10.2.4 */
#define R_ICR	  0x000c0u
#define R_ICS	  0x000c8u
#define R_IMS	  0x000d0u
#define R_IMC	  0x000d8u
#define R_IAM	  0x000e0u
#define R_IVAR	  0x000e4u
#define R_EIAC	  0x000dcu
#define R_EITR(n) (0x000e8u + 4u * (n))

#define INT_LSC	    0x00000004u
#define INT_RXQ(n)  (0x00100000u << (n))
#define INT_TXQ(n)  (0x00400000u << (n))
#define INT_OTHER   0x01000000u
#define INT_QUEUES  0x00f00000u

#define VECTORS	    5u
#define IVAR_RX(n)  (4u * (n))		/* bit of a cause's field: vector in 3 bits, then valid */
#define IVAR_TX(n)  (8u + 4u * (n))
#define IVAR_OTHER  16u
#define IVAR_VALID  0x8u

/* Receiving, 10.2.5 */
#define R_RCTL	    0x00100u
#define R_RDBAL(n)  (0x02800u + 0x100u * (n))
#define R_RDBAH(n)  (0x02804u + 0x100u * (n))
#define R_RDLEN(n)  (0x02808u + 0x100u * (n))
#define R_RDH(n)    (0x02810u + 0x100u * (n))
#define R_RDT(n)    (0x02818u + 0x100u * (n))
#define R_RDTR	    0x02820u
#define R_RXDCTL(n) (0x02828u + 0x100u * (n))
#define R_RADV	    0x0282cu
#define R_RXCSUM    0x05000u
#define R_RFCTL	    0x05008u
#define R_MTA(n)    (0x05200u + 4u * (n))
#define R_RAL(n)    (0x05400u + 8u * (n))
#define R_RAH(n)    (0x05404u + 8u * (n))
#define R_VFTA(n)   (0x05600u + 4u * (n))
#define R_MRQC	    0x05818u
#define R_RETA(n)   (0x05c00u + 4u * (n))
#define R_RSSRK(n)  (0x05c80u + 4u * (n))

#define RCTL_EN	     0x00000002u
#define RCTL_UPE     0x00000008u
#define RCTL_MPE     0x00000010u
#define RCTL_LPE     0x00000020u
#define RCTL_BAM     0x00008000u
#define RCTL_BSIZE_SHIFT 16
#define RCTL_VFE     0x00040000u
#define RCTL_BSEX    0x02000000u
#define RCTL_SECRC   0x04000000u

#define RXDCTL_GRAN  0x01000000u
#define RXCSUM_IPOFL 0x00000100u
#define RXCSUM_TUOFL 0x00000200u
#define RXCSUM_PCSD  0x00002000u	/* the descriptor holds the RSS hash, not a checksum */
#define RFCTL_NFSW_DIS 0x00000040u
#define RFCTL_NFSR_DIS 0x00000080u
#define RFCTL_ACK_DIS  0x00001000u
#define RFCTL_EXSTEN   0x00008000u
#define MRQC_2Q	     0x00000001u
#define MRQC_FIELDS  0x00330000u	/* TCP/IPv4, IPv4, IPv6, TCP/IPv6 */
#define RETA_QUEUE1  0x80u
#define RAH_AV	     0x80000000u
#define MTA_REGS     128u
#define VFTA_REGS    128u
#define RAR_TOTAL    16u
#define RAR_USED     15u		/* the last may be the management firmware's */

/* Sending, 10.2.6 */
#define R_TCTL	    0x00400u
#define R_TIPG	    0x00410u
#define R_TDBAL(n)  (0x03800u + 0x100u * (n))
#define R_TDBAH(n)  (0x03804u + 0x100u * (n))
#define R_TDLEN(n)  (0x03808u + 0x100u * (n))
#define R_TDH(n)    (0x03810u + 0x100u * (n))
#define R_TDT(n)    (0x03818u + 0x100u * (n))
#define R_TIDV	    0x03820u
#define R_TXDCTL(n) (0x03828u + 0x100u * (n))
#define R_TADV	    0x0382cu
#define R_TARC(n)   (0x03840u + 0x100u * (n))

#define TCTL_EN	      0x00000002u
#define TCTL_PSP      0x00000008u
#define TCTL_CT_COLD  0x003ffff0u	/* both fields */
#define TCTL_CT_15    0x000000f0u
#define TCTL_COLD_63  0x0003f000u
#define TCTL_RTLC     0x01000000u
#define TIPG_COPPER   0x00602008u
#define TXDCTL_GRAN   0x01000000u
#define TXDCTL_MB1_22 0x00400000u
#define TARC_ENABLE   0x00000400u
#define TARC_MB1_26   0x04000000u
#define TARC_MBZ30_27 0x78000000u

/* Statistics, 10.2.7: cleared by reading; of 64-bit ones the low half is read first */
#define S_CRCERRS  0x04000u
#define S_ALGNERRC 0x04004u
#define S_RXERRC   0x0400cu
#define S_MPC	   0x04010u
#define S_ECOL	   0x04018u
#define S_LATECOL  0x04020u
#define S_TNCRS	   0x04034u
#define S_CEXTERR  0x0403cu
#define S_GPRC	   0x04074u
#define S_BPRC	   0x04078u
#define S_MPRC	   0x0407cu
#define S_GPTC	   0x04080u
#define S_GORCL	   0x04088u
#define S_GORCH	   0x0408cu
#define S_GOTCL	   0x04090u
#define S_GOTCH	   0x04094u
#define S_RUC	   0x040a4u
#define S_RFC	   0x040a8u
#define S_ROC	   0x040acu
#define S_RJC	   0x040b0u
#define S_TORL	   0x040c0u
#define S_TORH	   0x040c4u
#define S_TOTL	   0x040c8u
#define S_TOTH	   0x040ccu
#define S_TPR	   0x040d0u
#define S_TPT	   0x040d4u
#define S_MPTC	   0x040f0u
#define S_BPTC	   0x040f4u

/* Extended receive descriptor, 7.1.5: as it is given to the card, and as the card writes it */
struct rx_desc {
	union {
		uint64_t addr;
		struct {
			uint32_t mrq;
			uint32_t hash;
		} wb;
	} lo;
	uint32_t status;	/* must be 0 when given */
	uint16_t len;
	uint16_t vlan;
};

#define RXD_DD	  0x00000001u
#define RXD_EOP	  0x00000002u
#define RXD_IXSM  0x00000004u
#define RXD_VP	  0x00000008u
#define RXD_UDPCS 0x00000010u
#define RXD_TCPCS 0x00000020u
#define RXD_IPCS  0x00000040u
#define RXD_CE	  0x01000000u
#define RXD_SE	  0x02000000u
#define RXD_SEQ	  0x04000000u
#define RXD_CXE	  0x10000000u
#define RXD_TCPE  0x20000000u
#define RXD_IPE	  0x40000000u
#define RXD_RXE	  0x80000000u
#define RXD_FRAME_ERR (RXD_CE | RXD_SE | RXD_SEQ | RXD_CXE | RXD_RXE)
#define MRQ_TYPE  0x0000000fu

/* Transmit descriptors, 7.2.6: data (addr, cmd_len, opts), or context in the same 16 bytes */
struct tx_desc {
	uint64_t addr;		/* context: IPCSS, IPCSO, IPCSE, TUCSS, TUCSO, TUCSE */
	uint32_t cmd_len;
	uint32_t opts;		/* status 0-7, POPTS 8-15, VLAN tag 16-31 */
};

#define TXD_LEN_MAX   0x000fffffu
#define TXD_DTYP_DATA 0x00100000u
#define TXD_EOP	      0x01000000u
#define TXD_IFCS      0x02000000u
#define TXD_RS	      0x08000000u
#define TXD_DEXT      0x20000000u
#define TXD_VLE	      0x40000000u
#define TXC_TCP	      0x01000000u
#define TXC_IPV4      0x02000000u
#define TXD_TSE	      0x04000000u	/* segment: in the context and in each data descriptor */
#define TXC_HDRLEN(n) ((uint32_t)(n) << 8)
#define TXC_MSS(n)    ((uint32_t)(n) << 16)
#define TXD_IXSM      0x00000100u
#define TXD_TXSM      0x00000200u
#define TXD_DD	      0x00000001u

#endif
