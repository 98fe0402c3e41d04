/* SPDX-License-Identifier: Apache-2.0 */
/* The registers of the Intel 82574L that the model has: offsets in BAR 0, and their bits. */
#ifndef MODEL_82574_REGS_H
#define MODEL_82574_REGS_H

#define CSR_SIZE	0x20000
#define REG(offset)	((offset) / 4)	/* index in card->reg */

#define CTRL		0x0000
#define CTRL_FD		(1u << 0)
#define CTRL_MASTER_OFF	(1u << 2)	/* no new bus requests */
#define CTRL_SLU	(1u << 6)
#define CTRL_SPEED	(3u << 8)
#define CTRL_FRCSPD	(1u << 11)
#define CTRL_FRCDPX	(1u << 12)
#define CTRL_RST	(1u << 26)
#define CTRL_RFCE	(1u << 27)
#define CTRL_TFCE	(1u << 28)
#define CTRL_VME	(1u << 30)
#define CTRL_PHY_RST	(1u << 31)
#define STATUS		0x0008
#define STATUS_FD	(1u << 0)
#define STATUS_LU	(1u << 1)
#define STATUS_TXOFF	(1u << 4)
#define STATUS_SPEED_SHIFT 6
#define STATUS_PHYRA	(1u << 10)
#define STATUS_MASTER	(1u << 19)
#define EEC		0x0010
#define EEC_REQ		(1u << 6)
#define EEC_GNT		(1u << 7)
#define EEC_PRES	(1u << 8)
#define EEC_AUTO_RD	(1u << 9)
#define EEC_SIZE_SHIFT	11
#define EEC_FLUPD	(1u << 19)
#define EERD		0x0014
#define EE_START	(1u << 0)
#define EE_DONE		(1u << 1)
#define CTRL_EXT	0x0018
#define CTRL_EXT_EE_RST	(1u << 13)
#define CTRL_EXT_EIAME	(1u << 24)
#define CTRL_EXT_IAME	(1u << 27)
#define CTRL_EXT_PBA_CLR (1u << 31)
#define FLA		0x001c
#define MDIC		0x0020
#define MDIC_WRITE	(1u << 26)
#define MDIC_READ	(2u << 26)
#define MDIC_OP		(3u << 26)
#define MDIC_READY	(1u << 28)
#define MDIC_INT	(1u << 29)
#define MDIC_ERROR	(1u << 30)
#define FCAL		0x0028
#define FCAH		0x002c
#define FCT		0x0030
#define VET		0x0038

#define ICR		0x00c0
#define ICR_TXDW	(1u << 0)
#define ICR_TXQE	(1u << 1)
#define ICR_LSC		(1u << 2)
#define ICR_RXDMT0	(1u << 4)
#define ICR_RXO		(1u << 6)
#define ICR_RXT0	(1u << 7)
#define ICR_MDAC	(1u << 9)
#define ICR_TXD_LOW	(1u << 15)
#define ICR_SRPD	(1u << 16)
#define ICR_ACK		(1u << 17)
#define ICR_RXQ0	(1u << 20)
#define ICR_TXQ0	(1u << 22)
#define ICR_OTHER	(1u << 24)
#define ICR_ASSERTED	(1u << 31)
#define ICR_QUEUES	(0xfu << 20)
/* What the "other" vector stands for. */
#define ICR_OTHERS	(ICR_LSC | ICR_RXO | ICR_MDAC | ICR_SRPD | ICR_ACK)
#define ITR		0x00c4
#define ICS		0x00c8
#define IMS		0x00d0
#define IMC		0x00d8
#define EIAC		0x00dc
#define IAM		0x00e0
#define IVAR		0x00e4
#define IVAR_ALL_WB	(1u << 31)
#define EITR0		0x00e8
#define INT_MASK	0x01f782d7u	/* causes that the part has */

#define RCTL		0x0100
#define RCTL_EN		(1u << 1)
#define RCTL_SBP	(1u << 2)
#define RCTL_UPE	(1u << 3)
#define RCTL_MPE	(1u << 4)
#define RCTL_LPE	(1u << 5)
#define RCTL_LBM	(3u << 6)
#define RCTL_LBM_MAC	(1u << 6)
#define RCTL_RDMTS_SHIFT 8
#define RCTL_DTYP	(3u << 10)
#define RCTL_MO_SHIFT	12
#define RCTL_BAM	(1u << 15)
#define RCTL_BSIZE_SHIFT 16
#define RCTL_VFE	(1u << 18)
#define RCTL_CFIEN	(1u << 19)
#define RCTL_CFI	(1u << 20)
#define RCTL_PMCF	(1u << 23)
#define RCTL_BSEX	(1u << 25)
#define RCTL_SECRC	(1u << 26)
#define RCTL_FLXBUF_SHIFT 27
#define FCTTV		0x0170
#define TCTL		0x0400
#define TCTL_EN		(1u << 1)
#define TCTL_PSP	(1u << 3)
#define TIPG		0x0410
#define AIT		0x0458
#define LEDCTL		0x0e00
#define EXTCNF_CTRL	0x0f00
#define EXTCNF_MDIO_SW	(1u << 5)
#define EXTCNF_SIZE	0x0f08
#define POEMB		0x0f10
#define PBA		0x1000
#define PBA_POWER_ON	0x00140014	/* KiB: 20 for reception, 20 for transmission */
#define PBS		0x1008
#define EEMNGCTL	0x1010
#define EEMNGCTL_DONE	(1u << 18)
#define EEARBC		0x1024
#define EEWR		0x102c
#define FLOP		0x103c

#define ERT		0x2008
#define FCRTL		0x2160
#define FCRTL_XONE	(1u << 31)
#define FCRTH		0x2168
#define PSRCTL		0x2170
#define RXQ(q, r)	(0x2800 + 0x100 * (q) + (r))
#define TXQ(q, r)	(0x3800 + 0x100 * (q) + (r))
#define Q_BAL		0x00
#define Q_BAH		0x04
#define Q_LEN		0x08
#define Q_HEAD		0x10
#define Q_TAIL		0x18
#define Q_DCTL		0x28
#define RDTR		0x2820
#define RDTR_FPD	(1u << 31)
#define RADV		0x282c
#define RSRPD		0x2c00
#define RAID		0x2c08
#define CPUVEC		0x2c10
#define TIDV		0x3820
#define TIDV_FPD	(1u << 31)
#define TADV		0x382c
#define TARC(q)		(0x3840 + 0x100 * (q))
#define TARC_ENABLE	(1u << 10)

#define STATS		0x4000
#define STATS_END	0x4128
#define S_CRCERRS	0x4000
#define S_RXERRC	0x400c
#define S_MPC		0x4010
#define S_ECOL		0x4018
#define S_RLEC		0x4040
#define S_XONRXC	0x4048
#define S_XONTXC	0x404c
#define S_XOFFRXC	0x4050
#define S_XOFFTXC	0x4054
#define S_PRC64		0x405c
#define S_GPRC		0x4074
#define S_BPRC		0x4078
#define S_MPRC		0x407c
#define S_GPTC		0x4080
#define S_GORCL		0x4088
#define S_GORCH		0x408c
#define S_GOTCL		0x4090
#define S_GOTCH		0x4094
#define S_RNBC		0x40a0
#define S_RUC		0x40a4
#define S_ROC		0x40ac
#define S_TORL		0x40c0
#define S_TORH		0x40c4
#define S_TOTL		0x40c8
#define S_TOTH		0x40cc
#define S_TPR		0x40d0
#define S_TPT		0x40d4
#define S_PTC64		0x40d8
#define S_MPTC		0x40f0
#define S_BPTC		0x40f4
#define S_TSCTC		0x40f8
#define S_IAC		0x4100
#define S_ICRXOC	0x4124

#define RXCSUM		0x5000
#define RXCSUM_PCSS	0xffu
#define RXCSUM_IPOFL	(1u << 8)
#define RXCSUM_TUOFL	(1u << 9)
#define RXCSUM_PCSD	(1u << 13)
#define RFCTL		0x5008
#define RFCTL_EXSTEN	(1u << 15)
#define MTA		0x5200
#define RAL(n)		(0x5400 + 8 * (n))
#define RAH(n)		(0x5404 + 8 * (n))
#define RAH_AV		(1u << 31)
#define VFTA		0x5600
#define WUC		0x5800
#define WUFC		0x5808
#define WUS		0x5810
#define MRQC		0x5818
#define MRQC_TCP4	(1u << 16)
#define MRQC_IP4	(1u << 17)
#define MRQC_IP6	(1u << 20)
#define MRQC_TCP6	(1u << 21)
#define MANC		0x5820
#define IPAV		0x5838
#define MANC2H		0x5860
#define GCR		0x5b00
#define GSCL1		0x5b10
#define FACTPS		0x5b30
#define SWSM		0x5b50
#define SWSM_SMBI	(1u << 0)
#define SWSM_SWESMBI	(1u << 1)
#define FWSM		0x5b54
#define GCR2		0x5b64
#define PBACL		0x5b68
#define RETA		0x5c00
#define RSSRK		0x5c80

#endif
