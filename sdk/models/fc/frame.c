// SPDX-License-Identifier: Apache-2.0
/* The frame header (FC-FS-3, Frame_Header) to and from its 24 bytes. */
#include <vmhi-model/fc.h>

void fc_header_get(struct fc_header *h, const uint8_t *frame)
{
	h->r_ctl = frame[0];
	h->d_id = fc_get24(frame + 1);
	h->cs_ctl = frame[4];
	h->s_id = fc_get24(frame + 5);
	h->type = frame[8];
	h->f_ctl = fc_get24(frame + 9);
	h->seq_id = frame[12];
	h->df_ctl = frame[13];
	h->seq_cnt = fc_get16(frame + 14);
	h->ox_id = fc_get16(frame + 16);
	h->rx_id = fc_get16(frame + 18);
	h->parameter = fc_get32(frame + 20);
}

void fc_header_put(uint8_t *frame, const struct fc_header *h)
{
	frame[0] = h->r_ctl;
	fc_put24(frame + 1, h->d_id);
	frame[4] = h->cs_ctl;
	fc_put24(frame + 5, h->s_id);
	frame[8] = h->type;
	fc_put24(frame + 9, h->f_ctl);
	frame[12] = h->seq_id;
	frame[13] = h->df_ctl;
	fc_put16(frame + 14, h->seq_cnt);
	fc_put16(frame + 16, h->ox_id);
	fc_put16(frame + 18, h->rx_id);
	fc_put32(frame + 20, h->parameter);
}
