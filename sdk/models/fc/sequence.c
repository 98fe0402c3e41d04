// SPDX-License-Identifier: Apache-2.0
/* Sequences: cut into frames on the way out, put together on the way in. */
#include "exchange.h"

#include <stdlib.h>
#include <string.h>

#define PIECES 16	/* sequences under way at once; the oldest gives way to one more */

void fc_sequence_send(const struct fc_sender *out, const struct fc_header *h, const void *payload,
		      size_t n, size_t max_payload)
{
	const uint32_t at_end = FC_FCTL_END_SEQ | FC_FCTL_LAST_SEQ | FC_FCTL_SEQ_INITIATIVE;
	const uint8_t *p = payload;
	struct fc_header fh = *h;
	uint8_t frame[FC_FRAME_MAX];
	bool first = true;
	size_t len;

	max_payload = max_payload / 4 * 4;
	if (!max_payload || max_payload > FC_PAYLOAD_MAX)
		max_payload = FC_PAYLOAD_MAX;
	do {
		size_t fill;

		len = n < max_payload ? n : max_payload;
		n -= len;
		fill = -len & 3;
		fh.f_ctl = n ? h->f_ctl & ~at_end : h->f_ctl | (uint32_t)fill;
		fc_header_put(frame, &fh);
		if (len)
			memcpy(frame + FC_HEADER_SIZE, p, len);
		memset(frame + FC_HEADER_SIZE + len, 0, fill);
		out->send(out->dev, first ? FC_SOF_I3 : FC_SOF_N3, frame,
			  FC_HEADER_SIZE + len + fill,
			  !n && h->f_ctl & FC_FCTL_END_SEQ ? FC_EOF_T : FC_EOF_N);
		p += len;
		fh.seq_cnt++;
		if (h->f_ctl & FC_FCTL_REL_OFFSET)
			fh.parameter += (uint32_t)len;
		first = false;
	} while (n);
}

struct piece {
	struct fc_header h;	/* of the first frame */
	uint16_t next_cnt;
	uint64_t age;
	uint8_t *buf;		/* NULL: free */
	size_t n, room;
};

struct fc_assembly {
	struct piece piece[PIECES];
	uint64_t clock;
	uint8_t *whole;		/* what the last add() gave away */
};

struct fc_assembly *fc_assembly_new(void)
{
	return calloc(1, sizeof(struct fc_assembly));
}

static void forget(struct piece *p)
{
	free(p->buf);
	memset(p, 0, sizeof(*p));
}

void fc_assembly_reset(struct fc_assembly *a)
{
	for (int i = 0; i < PIECES; i++)
		forget(&a->piece[i]);
}

void fc_assembly_free(struct fc_assembly *a)
{
	if (!a)
		return;
	fc_assembly_reset(a);
	free(a->whole);
	free(a);
}

static bool same_sequence(const struct fc_header *a, const struct fc_header *b)
{
	return a->s_id == b->s_id && a->d_id == b->d_id && a->ox_id == b->ox_id &&
	       a->seq_id == b->seq_id && a->r_ctl == b->r_ctl;
}

static struct piece *find(struct fc_assembly *a, const struct fc_header *h)
{
	for (int i = 0; i < PIECES; i++)
		if (a->piece[i].buf && same_sequence(&a->piece[i].h, h))
			return &a->piece[i];
	return NULL;
}

static struct piece *oldest(struct fc_assembly *a)
{
	struct piece *p = &a->piece[0];

	for (int i = 1; i < PIECES; i++)
		if (a->piece[i].age < p->age)
			p = &a->piece[i];
	forget(p);
	return p;
}

static bool append(struct piece *p, const uint8_t *payload, size_t n)
{
	if (!p->buf || p->n + n > p->room) {
		size_t room = p->room ? p->room * 2 : 2 * FC_PAYLOAD_MAX;
		uint8_t *buf = room <= FC_SEQUENCE_MAX * 2 ? realloc(p->buf, room) : NULL;

		if (!buf)
			return false;
		p->buf = buf;
		p->room = room;
	}
	if (p->n + n > FC_SEQUENCE_MAX)
		return false;
	memcpy(p->buf + p->n, payload, n);
	p->n += n;
	p->next_cnt++;
	return true;
}

bool fc_assembly_add(struct fc_assembly *a, const struct fc_header *h, const uint8_t *payload,
		     size_t n, struct fc_sequence *s)
{
	struct piece *p = find(a, h);
	bool last = h->f_ctl & FC_FCTL_END_SEQ;

	if (p && p->next_cnt != h->seq_cnt) {	/* a frame is missing, or a new one under its name */
		forget(p);
		p = NULL;
	}
	if (!p) {
		if (h->seq_cnt)
			return false;
		if (last) {
			*s = (struct fc_sequence){.h = *h, .payload = payload, .n = n};
			return true;
		}
		p = oldest(a);
		p->h = *h;
	}
	p->age = ++a->clock;
	if (!append(p, payload, n)) {
		forget(p);
		return false;
	}
	if (!last)
		return false;
	free(a->whole);
	a->whole = p->buf;
	*s = (struct fc_sequence){.h = p->h, .payload = a->whole, .n = p->n};
	memset(p, 0, sizeof(*p));
	return true;
}
