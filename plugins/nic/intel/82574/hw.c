// SPDX-License-Identifier: Apache-2.0
/* The card as a whole: reset, EEPROM, and bringing it to silence. */
#include "dev.h"

void say(const struct dev *d, uint32_t level, const char *text, uint32_t val)
{
	uint64_t v = val;
	uint32_t len = 0;

	while (text[len])
		len++;
	d->host->log(d->hc, level, text, len, &v, 1);
}

/* Reads reg until the bits of mask are as in want. Bounded: tries times ns. */
int wait_bits(const struct dev *d, uint32_t reg, uint32_t mask, uint32_t want, uint32_t tries,
	      uint64_t ns)
{
	while (tries--) {
		if (is_gone(d))
			return -VMHI_ENODEV;
		if ((rd(d, reg) & mask) == want)
			return 0;
		if (d->host->wait(d->hc, ns))
			return -VMHI_ENODEV;
	}
	return -VMHI_ETIMEDOUT;
}

/*
 * Waits for frames that an engine had begun when it was switched off: the largest takes 73 us at
 * 1000 Mbit/s and 7.3 ms at 10, and 20 KiB of FIFO then go over the bus in a fraction of one.
 */
void hw_finish_frames(struct dev *d)
{
	uint32_t s = rd(d, R_STATUS), speed = s >> STATUS_SPEED_SHIFT & 3;

	d->host->wait(d->hc, !(s & STATUS_LU) || speed >= 2 ? MSEC : speed ? 2 * MSEC : 10 * MSEC);
}

static void engines_off(struct dev *d)
{
	wr(d, R_IMC, ~0u);
	wr(d, R_RCTL, 0);
	wr(d, R_TCTL, rd(d, R_TCTL) & ~TCTL_EN);
}

/* 0 when the card says that no request of its own is pending. Only a reset ends this state. */
static int master_off(struct dev *d)
{
	wr(d, R_CTRL, rd(d, R_CTRL) | CTRL_GIO_MD);
	return wait_bits(d, R_STATUS, STATUS_GIO_ME, 0, 800, 100 * USEC);
}

/*
 * Silences interrupts and DMA. The queues' switches are left as a reset leaves them: other drivers
 * count on it, and QEMU 7.2's card resets none of this.
 */
int hw_quiet(struct dev *d)
{
	int r;

	engines_off(d);
	hw_finish_frames(d);
	r = master_off(d);
	for (uint32_t i = 0; i < QUEUES; i++)
		wr(d, R_TARC(i), rd(d, R_TARC(i)) | TARC_ENABLE);
	return r;
}

/* The MDIO bus is shared with the management firmware; a reset hands it back to that. */
static int own_mdio(struct dev *d)
{
	uint32_t v = rd(d, R_EXTCNF_CTRL);

	for (int i = 0; i < 10; i++) {
		wr(d, R_EXTCNF_CTRL, v | EXTCNF_SW_OWNS);
		v = rd(d, R_EXTCNF_CTRL);
		if (v & EXTCNF_SW_OWNS)
			return 0;
		if (d->host->wait(d->hc, 2 * MSEC))
			return -VMHI_ENODEV;
	}
	return -VMHI_ETIMEDOUT;
}

/*
 * Bits that the datasheet and its specification update want set or clear on every 82574L, and those
 * that a reset leaves as they are on QEMU 7.2's.
 */
static void set_fixed_bits(struct dev *d)
{
	wr(d, R_CTRL, rd(d, R_CTRL) & ~(CTRL_MBZ29 | CTRL_RFCE | CTRL_TFCE | CTRL_VME));
	wr(d, R_CTRL_EXT,
	   (rd(d, R_CTRL_EXT) & ~(CTRL_EXT_MBZ23 | CTRL_EXT_IAME | CTRL_EXT_SPD_BYPS)) |
		   CTRL_EXT_MB1_22 | CTRL_EXT_EIAME | CTRL_EXT_PBA_SUP | CTRL_EXT_DRV_LOAD);
	wr(d, R_GCR, rd(d, R_GCR) | GCR_MB1_22);
	wr(d, R_GCR2, rd(d, R_GCR2) | GCR2_ERRATUM);
	for (uint32_t i = 0; i < QUEUES; i++)
		wr(d, R_TXDCTL(i), TXDCTL_MB1_22 | TXDCTL_GRAN);
	wr(d, R_TARC(0), (rd(d, R_TARC(0)) & ~(TARC_MBZ30_27 | TARC_ENABLE)) | TARC_MB1_26);
	wr(d, R_TARC(1), rd(d, R_TARC(1)) & ~TARC_ENABLE);
}

/*
 * Before a reset. A warm one follows the host's fence: nothing of the card's is on its way, and it
 * is not asked, since each read of a register may cost a guest a tenth of a millisecond.
 */
static int calm_down(struct dev *d)
{
	int r;

	if (d->warm) {
		wr(d, R_IMC, ~0u);
		return 0;
	}
	engines_off(d);
	hw_finish_frames(d);
	r = master_off(d);
	if (r && r != -VMHI_ENODEV)
		say(d, VMHI_LOG_WARNING, "DMA was still pending at the reset; STATUS:",
		    rd(d, R_STATUS));
	return r == -VMHI_ENODEV ? r : 0;
}

/*
 * A reset of all but the PHY, so the link, if there is one, stays. A warm one leaves PHY and EEPROM
 * alone: of the waits only that for the reset itself is left.
 */
int hw_reset(struct dev *d)
{
	int r = calm_down(d);

	if (r)
		return r;
	r = own_mdio(d);
	if (r == -VMHI_ENODEV)
		return r;
	if (r)
		say(d, VMHI_LOG_WARNING, "the firmware keeps the MDIO bus; EXTCNF_CTRL:",
		    rd(d, R_EXTCNF_CTRL));
	wr(d, R_CTRL, (rd(d, R_CTRL) & ~CTRL_GIO_MD) | CTRL_RST);
	if (d->host->wait(d->hc, 1 * MSEC))
		return -VMHI_ENODEV;
	r = wait_bits(d, R_CTRL, CTRL_RST, 0, 1000, 100 * USEC);
	if (!r)
		r = wait_bits(d, R_EECD, EECD_AUTO_RD, EECD_AUTO_RD, 200, 100 * USEC);
	if (r) {
		say(d, VMHI_LOG_ERROR, "the reset did not end; CTRL:", rd(d, R_CTRL));
		return r == -VMHI_ENODEV ? r : -VMHI_EIO;
	}
	wr(d, R_IMC, ~0u);
	wr(d, R_ICR, ~0u);
	set_fixed_bits(d);
	return 0;
}

static int nvm_read(struct dev *d, uint32_t word, uint16_t *v)
{
	int r;

	wr(d, R_EERD, EERD_ADDR(word) | EERD_START);
	r = wait_bits(d, R_EERD, EERD_DONE, EERD_DONE, 1000, 10 * USEC);
	if (r)
		return r == -VMHI_ENODEV ? r : -VMHI_EIO;
	*v = (uint16_t)EERD_DATA(rd(d, R_EERD));
	return 0;
}

/* The reset loaded the EEPROM's address into the first receive address register. */
static int mac_of_reset(struct dev *d)
{
	uint32_t low = rd(d, R_RAL(0)), high = rd(d, R_RAH(0));

	if (high == ~0u || !(high & RAH_AV) || (low & 1) || !(low | (high & 0xffff)))
		return 0;
	for (uint32_t i = 0; i < 6; i++)
		d->mac[i] = (uint8_t)(i < 4 ? low >> 8 * i : high >> 8 * (i - 4));
	return 1;
}

/* The MAC address is the EEPROM's first three words; the sum over all says if it may be trusted. */
int hw_read_mac(struct dev *d)
{
	uint16_t sum = 0, v = 0;
	int r;

	if (d->warm && mac_of_reset(d))
		return 0;
	/* The card applies the EEPROM's PHY settings now, and neither may be used before. */
	if (d->host->wait(d->hc, 25 * MSEC))
		return -VMHI_ENODEV;
	for (uint32_t i = 0; i < NVM_WORDS; i++) {
		r = nvm_read(d, i, &v);
		if (r) {
			say(d, VMHI_LOG_ERROR, "the EEPROM cannot be read; word:", i);
			return r;
		}
		sum = (uint16_t)(sum + v);
		if (i < 3) {
			d->mac[2 * i] = (uint8_t)v;
			d->mac[2 * i + 1] = (uint8_t)(v >> 8);
		}
	}
	if (sum != NVM_SUM) {
		say(d, VMHI_LOG_ERROR, "the EEPROM's checksum is wrong; sum:", sum);
		return -VMHI_EIO;
	}
	if (d->mac[0] & 1) {
		say(d, VMHI_LOG_ERROR, "the EEPROM's MAC address is a multicast one; byte 0:",
		    d->mac[0]);
		return -VMHI_EIO;
	}
	return 0;
}
