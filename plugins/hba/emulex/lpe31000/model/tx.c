// SPDX-License-Identifier: Apache-2.0
/* Frames on their way to the wire. */
#include "tx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "card.h"

struct out_frame {
	struct out_frame *next;
	size_t size;
	uint8_t sof, eof;
	uint8_t bytes[];
};

static int keep(struct card *c, uint8_t sof, const uint8_t *frame, size_t n, uint8_t eof)
{
	struct out_frame *f = malloc(sizeof(*f) + n);

	if (!f)
		return -ENOMEM;
	*f = (struct out_frame){.size = n, .sof = sof, .eof = eof};
	memcpy(f->bytes, frame, n);
	*c->out_end = f;
	c->out_end = &f->next;
	c->out_bytes += n;
	return 0;
}

static void take_first(struct card *c)
{
	struct out_frame *f = c->out;

	c->out = f->next;
	if (!c->out)
		c->out_end = &c->out;
	c->out_bytes -= f->size;
	free(f);
}

int tx_send(struct card *c, const struct fc_header *h, const void *payload, size_t n)
{
	uint8_t frame[FC_FRAME_MAX] = {0}, eof, sof;
	struct fc_header header = *h;
	size_t size = FC_HEADER_SIZE + ((n + 3) & ~(size_t)3);
	int r;

	if (n > FC_PAYLOAD_MAX)
		return -EMSGSIZE;
	if (!c->link_up)
		return -ENOLINK;
	header.f_ctl = (h->f_ctl & ~FC_FCTL_FILL) | (uint32_t)(-n & 3);
	fc_header_put(frame, &header);
	if (n)
		memcpy(frame + FC_HEADER_SIZE, payload, n);
	sof = h->seq_cnt ? FC_SOF_N3 : FC_SOF_I3;
	eof = h->f_ctl & FC_FCTL_END_SEQ ? FC_EOF_T : FC_EOF_N;
	r = c->out ? -EAGAIN : fc_wire_send(c->wire, sof, frame, size, eof);
	if (r == -EAGAIN)
		r = keep(c, sof, frame, size, eof);
	if (!r)
		c->counts.bytes_sent += n;
	return r;
}

int tx_sequence(struct card *c, const struct fc_header *h, const uint8_t *payload, size_t n,
		size_t frame_max)
{
	const uint32_t at_end = FC_FCTL_END_SEQ | (h->f_ctl & FC_FCTL_SEQ_INITIATIVE);
	struct fc_header header = *h;
	size_t at = 0, part;
	int r;

	do {
		part = n - at < frame_max ? n - at : frame_max;
		header.f_ctl = at + part == n ? h->f_ctl | at_end : h->f_ctl & ~at_end;
		r = tx_send(c, &header, payload + at, part);
		header.seq_cnt++;
		at += part;
	} while (!r && at < n);
	return r;
}

void tx_drop(struct card *c)
{
	while (c->out)
		take_first(c);
}

void tx_ready(void *card)
{
	struct card *c = card;

	while (c->out) {
		struct out_frame *f = c->out;

		if (fc_wire_send(c->wire, f->sof, f->bytes, f->size, f->eof) == -EAGAIN)
			return;
		take_first(c);
	}
	for (unsigned int i = 0; i < XRIS; i++)
		if (c->xri[i].ops && c->xri[i].ops->ready)
			c->xri[i].ops->ready(c, &c->xri[i]);
}

size_t card_send_waiting(const struct card *c)
{
	return c->out_bytes;
}
