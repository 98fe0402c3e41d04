// SPDX-License-Identifier: Apache-2.0
/* Mailbox commands that ask what the port is and what it counts. */
#include <string.h>

#include "card.h"
#include "mbox.h"
#include "text.h"

#define FEATURES		(FEATURE_NPIV | FEATURE_FCP_INITIATOR)

/* READ_CONFIG */
#define LINK_TYPE_FC		0x40u
#define LINK_DATA_VALID		0x100u
#define TOPOLOGY_FC		0x01u		/* point to point or loop, as it turns out */
#define SPEEDS_4_8_16		0x2c0u

#define SPARM_BYTES		112
#define RECEIVE_SIZE		2048		/* of our frames' payload */

uint16_t mbox_nothing(struct card *c, uint32_t *w)
{
	return MBX_SUCCESS;
}

/* World-wide names stand in memory as on the fibre, byte by byte. */
static void put_name(uint32_t *w, const uint8_t *name)
{
	for (int i = 0; i < 2; i++)
		w[i] = name[4 * i] | (uint32_t)name[4 * i + 1] << 8 |
		       (uint32_t)name[4 * i + 2] << 16 | (uint32_t)name[4 * i + 3] << 24;
}

uint16_t mbox_read_nvparms(struct card *c, uint32_t *w)
{
	put_name(w + 5, c->wwpn);
	put_name(w + 7, c->wwnn);
	return MBX_SUCCESS;
}

uint16_t mbox_read_config(struct card *c, uint32_t *w)
{
	memset(w + 1, 0, 18 * sizeof(*w));
	w[2] = TOPOLOGY_FC << 24 | LINK_DATA_VALID | LINK_TYPE_FC;
	w[4] = 2000;				/* E_D_TOV, ms */
	w[6] = 10000;				/* R_A_TOV, ms */
	w[9] = SPEEDS_4_8_16;
	w[12] = XRIS << 16;
	w[13] = RPIS << 16;
	w[14] = VPIS << 16;
	w[15] = VFIS << 16;
	w[16] = FCFIS << 16;
	w[17] = (uint32_t)EQS << 16 | RQS;
	w[18] = (uint32_t)CQS << 16 | WQS;
	return MBX_SUCCESS;
}

/* Vital product data (PCI 2.2, appendix I): a name, then keywords. */
static size_t vpd(uint8_t *p)
{
	static const struct {
		char key[3];
		const char *text;
	} words[] = {
		{"PN", TEXT_MODEL}, {"SN", TEXT_SERIAL}, {"V1", TEXT_DESCRIPTION},
		{"V2", TEXT_MODEL}, {"V3", "T2:1"}, {"V4", "1"},
	};
	size_t n = 3, section;

	p[0] = 0x82;
	p[1] = (uint8_t)strlen(TEXT_DESCRIPTION);
	p[2] = 0;
	memcpy(p + n, TEXT_DESCRIPTION, p[1]);
	n += p[1];
	p[n] = 0x90;
	section = n + 3;
	n = section;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		p[n] = (uint8_t)words[i].key[0];
		p[n + 1] = (uint8_t)words[i].key[1];
		p[n + 2] = (uint8_t)strlen(words[i].text);
		memcpy(p + n + 3, words[i].text, p[n + 2]);
		n += 3u + p[n + 2];
	}
	p[section - 2] = (uint8_t)(n - section);
	p[section - 1] = (uint8_t)((n - section) >> 8);
	p[n] = 0x78;
	return n + 1;
}

uint16_t mbox_read_rev(struct card *c, uint32_t *w)
{
	uint32_t room = w[48] & 0xffffff;
	uint64_t at = w[49] | (uint64_t)w[50] << 32;
	bool wanted = w[1] & 1u << 29;
	uint8_t data[512] = {0};
	size_t n = vpd(data);

	w[1] = (w[1] & 1u << 29) | 4u << 16;	/* SLI level 4, not FCoE */
	w[2] = 0xc;				/* of the chip */
	w[3] = w[5] = 0;
	w[6] = 0x20200920;			/* feature level; FC-PH 20 to 9 */
	w[8] = w[13] = 0x00b00001;
	text_put(w + 9, 4, TEXT_FIRMWARE);
	text_put(w + 14, 4, TEXT_FIRMWARE);
	w[51] = 0;
	if (!wanted)
		return MBX_SUCCESS;
	if (n > room)
		n = room;
	w[51] = (uint32_t)n;
	return model_dma_write(c->model, at, data, n) ? MBX_DMA_ERROR : MBX_SUCCESS;
}

/* Common and class service parameters as of FC-LS, login: what FLOGI and PLOGI will carry. */
static void service_parameters(const struct card *c, uint8_t p[SPARM_BYTES])
{
	memset(p, 0, SPARM_BYTES);
	p[0] = 0x20;				/* highest and lowest FC-PH version */
	p[1] = 0x09;
	fc_put16(p + 2, 8);			/* buffer-to-buffer credit */
	fc_put16(p + 4, 0x8800);		/* continuously increasing offset; alternate credit */
	fc_put16(p + 6, RECEIVE_SIZE);
	fc_put16(p + 8, 0xff);			/* concurrent sequences */
	fc_put16(p + 10, 0x1f);			/* relative offset by category */
	fc_put32(p + 12, 2000);			/* E_D_TOV */
	memcpy(p + 16, c->wwpn, 8);
	memcpy(p + 24, c->wwnn, 8);
	fc_put16(p + 64, 0x8800);		/* class 3 is valid, in order */
	fc_put16(p + 70, RECEIVE_SIZE);
	fc_put16(p + 72, 0xff);			/* concurrent sequences of class 3 */
	fc_put16(p + 76, 1);			/* open sequences of an exchange */
}

uint16_t mbox_read_sparm(struct card *c, uint32_t *w)
{
	struct mbox_bde b = mbox_bde(w + 3);
	uint8_t p[SPARM_BYTES];

	if ((w[6] & 0xffff) >= VPIS)
		return MBX_INVALID_VPI;
	service_parameters(c, p);
	if (b.length < sizeof(p))
		return MBX_ILLEGAL_SIZE;
	return model_dma_write(c->model, b.address, p, sizeof(p)) ? MBX_DMA_ERROR : MBX_SUCCESS;
}

uint16_t mbox_request_features(struct card *c, uint32_t *w)
{
	w[3] = w[2] & FEATURES;
	if (!(w[1] & 1))			/* not only a question */
		c->features = w[3];
	return MBX_SUCCESS;
}

/* Regions of the flash are not programmed, and there is no optical module to read. */
uint16_t mbox_dump(struct card *c, uint32_t *w)
{
	return MBX_NO_REGION;
}

uint16_t mbox_read_lnk_stat(struct card *c, uint32_t *w)
{
	memset(w + 1, 0, 23 * sizeof(*w));
	w[2] = c->counts.link_failures;
	w[4] = c->counts.link_failures;		/* each was a loss of signal */
	w[7] = (uint32_t)fc_wire_counts(c->wire)->crc_errors;
	return MBX_SUCCESS;
}

uint16_t mbox_read_status(struct card *c, uint32_t *w)
{
	const struct fc_wire_counts *n = fc_wire_counts(c->wire);

	memset(w + 1, 0, 18 * sizeof(*w));
	w[3] = (uint32_t)(c->counts.bytes_sent >> 10);
	w[4] = (uint32_t)(c->counts.bytes_received >> 10);
	w[5] = (uint32_t)n->sent;
	w[6] = (uint32_t)n->received;
	w[9] = c->counts.exchanges;
	w[13] = c->counts.dropped_no_buffer;
	return MBX_SUCCESS;
}
