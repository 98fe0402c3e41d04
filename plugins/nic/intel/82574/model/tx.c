// SPDX-License-Identifier: Apache-2.0
/* Transmission: the rings' descriptors, gathered into packets; frames onto the wire. */
#include "card.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FCS 4

#define CMD_EOP		(1u << 24)
#define CMD_IFCS	(1u << 25)
#define CMD_RS		(1u << 27)
#define CMD_DEXT	(1u << 29)
#define CMD_IDE		(1u << 31)
#define DTYP(d)		((d) >> 20 & 15)

struct frame *frame_new(const uint8_t *data, uint32_t n)
{
	struct frame *f = malloc(sizeof(*f) + n + FCS);

	if (!f)
		return NULL;
	memset(f, 0, sizeof(*f));
	f->len = n;
	if (data)
		memcpy(f->data, data, n);
	return f;
}

void list_init(struct frame_list *l)
{
	*l = (struct frame_list){.end = &l->first};
}

void list_add(struct frame_list *l, struct frame *f)
{
	f->next = NULL;
	*l->end = f;
	l->end = &f->next;
	l->bytes += f->len;
}

struct frame *list_take(struct frame_list *l)
{
	struct frame *f = l->first;

	if (!f)
		return NULL;
	l->first = f->next;
	if (!l->first)
		l->end = &l->first;
	l->bytes -= f->len;
	return f;
}

void list_drop(struct frame_list *l)
{
	while (l->first)
		free(list_take(l));
}

static void count_sent(struct card *c, const uint8_t *f, uint32_t n)
{
	stats_add(c, S_TPT, 1);
	stats_add(c, S_GPTC, 1);
	stats_add64(c, S_TOTL, n + FCS);
	stats_add64(c, S_GOTCL, n + FCS);
	stats_size(c, S_PTC64, n + FCS);
	if (get32(f) == UINT32_MAX && get16(f + 4) == 0xffff)
		stats_add(c, S_BPTC, 1);
	else if (f[0] & 1)
		stats_add(c, S_MPTC, 1);
}

/* Puts waiting frames on the wire; false while the far end is full. */
static bool flush(struct card *c)
{
	while (c->out.first) {
		struct frame *f = c->out.first;

		if (model_wire_send(c->wire, f->data, f->len) == -EAGAIN)
			return false;
		free(list_take(&c->out));
	}
	return true;
}

void tx_frame(struct card *c, const uint8_t *frame, uint32_t n, int tag)
{
	uint32_t len = n + (tag >= 0 ? 4 : 0), padded = len;
	struct frame *f;

	if (n < 14 || len > MODEL_FRAME_MAX || fault_tx(c))
		return;
	if (*reg(c, TCTL) & TCTL_PSP && padded < 60)
		padded = 60;
	f = frame_new(NULL, padded);
	if (!f)
		return;
	memset(f->data, 0, padded);
	if (tag >= 0) {
		memcpy(f->data, frame, 12);
		put16(f->data + 12, *reg(c, VET) & 0xffff);
		put16(f->data + 14, (uint32_t)tag);
		memcpy(f->data + 16, frame + 12, n - 12);
	} else {
		memcpy(f->data, frame, n);
	}
	count_sent(c, f->data, padded);
	if ((*reg(c, RCTL) & RCTL_LBM) == RCTL_LBM_MAC) {
		rx_wire(c, f->data, padded);
		free(f);
		return;
	}
	list_add(&c->out, f);
	flush(c);
}

static void context(struct tx_queue *q, const uint32_t d[4])
{
	struct tx_context *x = &q->context[d[2] >> 26 & 1];

	*x = (struct tx_context){
		.ip_start = (uint8_t)d[0],
		.ip_offset = (uint8_t)(d[0] >> 8),
		.ip_end = (uint16_t)(d[0] >> 16),
		.l4_start = (uint8_t)d[1],
		.l4_offset = (uint8_t)(d[1] >> 8),
		.l4_end = (uint16_t)(d[1] >> 16),
		.payload_len = d[2] & 0xfffff,
		.tcp = d[2] >> 24 & 1,
		.ipv4 = d[2] >> 25 & 1,
		.header_len = (uint8_t)(d[3] >> 8),
		.mss = (uint16_t)(d[3] >> 16),
	};
}

static void gather(struct card *c, struct tx_queue *q, uint64_t from, uint32_t n)
{
	uint8_t *data;

	if (q->broken || !n)
		return;
	data = n > TX_MAX - q->len ? NULL : realloc(q->data, q->len + n);
	if (!data || model_dma_read(c->model, from, data + q->len, n))
		q->broken = true;
	if (data)
		q->data = data;
	if (!q->broken)
		q->len += n;
}

static void data(struct card *c, struct tx_queue *q, const uint32_t d[4])
{
	bool extended = d[2] & CMD_DEXT;

	if (!q->begun) {
		q->begun = true;
		q->broken = false;
		q->len = 0;
		q->first = d[2];
		q->options = extended ? (uint8_t)(d[3] >> 8) : 0;
		q->tag = 0;
	}
	gather(c, q, (uint64_t)d[1] << 32 | d[0], d[2] & (extended ? 0xfffffu : 0xffffu));
	if (!(d[2] & CMD_EOP))
		return;
	/* The tag and a legacy descriptor's checksum fields are the last one's. */
	q->first = (q->first & 0x00ffffff) | ((q->first | d[2]) & 0xff000000);
	q->tag = (uint16_t)(d[3] >> 16);
	if (!extended) {
		q->first = (q->first & 0xff00ffff) | (d[2] & 0x00ff0000);
		q->options = (uint8_t)(d[3] >> 8);
	}
	q->begun = false;
	if (!(q->first & CMD_IFCS) && q->len >= FCS)
		q->len -= FCS;	/* software brought its own */
	if (!q->broken)
		segment_send(c, q);
}

static bool enabled(struct card *c, unsigned int n)
{
	return !(c->fault.hung & 1u << n) && *reg(c, TCTL) & TCTL_EN && *reg(c, TARC(n)) & TARC_ENABLE && card_may_dma(c) &&
	       (link_up(c) || (*reg(c, RCTL) & RCTL_LBM) == RCTL_LBM_MAC);
}

/* One descriptor; false when the ring cannot be reached. */
static bool one_descriptor(struct card *c, unsigned int n, uint32_t head)
{
	struct tx_queue *q = &c->tx[n];
	uint64_t at = ((uint64_t)*reg(c, TXQ(n, Q_BAH)) << 32 | *reg(c, TXQ(n, Q_BAL))) +
		      (uint64_t)head * DESC_SIZE;
	uint32_t d[4];

	if (model_dma_read(c->model, at, d, sizeof(d)))
		return false;
	if (d[2] & CMD_DEXT && DTYP(d[2]) == 0)
		context(q, d);
	else
		data(c, q, d);
	if (d[2] & CMD_RS) {
		uint8_t done = (uint8_t)(d[3] | 1);

		if (model_dma_write(c->model, at + 12, &done, 1))
			return false;
		delay_tx(c, n, d[2] & CMD_IDE);
	}
	return true;
}

static void low_water(struct card *c, unsigned int n, uint32_t left)
{
	uint32_t line = (*reg(c, TXQ(n, Q_DCTL)) >> 25) * 8;

	if (line && left == line)
		irq_cause(c, ICR_TXD_LOW);
}

static void run_queue(struct card *c, unsigned int n)
{
	uint32_t *head = reg(c, TXQ(n, Q_HEAD)), *tail = reg(c, TXQ(n, Q_TAIL));
	uint32_t size = (*reg(c, TXQ(n, Q_LEN)) & 0xfff80) / DESC_SIZE;

	if (!enabled(c, n) || *head >= size || *tail >= size || *head == *tail)
		return;
	while (*head != *tail && flush(c)) {
		uint32_t at = *head;

		*head = at + 1 >= size ? 0 : at + 1;
		if (!one_descriptor(c, n, at)) {
			*head = at;
			return;
		}
		low_water(c, n, (*tail + size - *head) % size);
	}
	if (*head == *tail)
		irq_cause(c, ICR_TXQE);
}

void tx_run(struct card *c)
{
	for (unsigned int n = 0; n < QUEUES; n++)
		run_queue(c, n);
}

void tx_wire_ready(void *card)
{
	struct card *c = card;

	if (flush(c))
		tx_run(c);
}

void tx_reset(struct card *c)
{
	list_drop(&c->out);
	for (unsigned int n = 0; n < QUEUES; n++) {
		free(c->tx[n].data);
		memset(&c->tx[n], 0, sizeof(c->tx[n]));
	}
}
