// SPDX-License-Identifier: Apache-2.0
/* Subcommands of SLI_CONFIG that make and destroy queues and post scatter lists. */
#include <string.h>

#include "card.h"
#include "mbox.h"

#define EQE_SIZE	4
#define CQE_SIZE	16
#define MQE_SIZE	256
#define RQE_SIZE	8
#define EQE_16_BYTES	0x80000000u
#define CQ_COUNT_BEHIND	3		/* the number of entries is in a word of its own */
#define WQE_64		5		/* log2, less 1, of an entry's bytes */
#define WQE_128		6

/* The least id that is not taken, or SLI_NONE. */
#define FREE_ID(queues, count) __extension__({			\
	uint16_t id_ = 0;					\
	while (id_ < (count) && (queues)[id_].used)		\
		id_++;						\
	id_ < (count) ? id_ : (uint16_t)SLI_NONE;		\
})

static bool power_of_two(uint32_t n)
{
	return n && !(n & (n - 1));
}

/* Pages begin at word first of a payload. */
static bool ring_from(struct ring *r, const struct config *f, size_t first, unsigned int pages,
		      uint32_t page_size, uint32_t entry_size, uint32_t entries)
{
	return pages <= RING_PAGES && f->words >= first + 2 * (size_t)pages &&
	       page_size && power_of_two(entries) &&
	       ring_make(r, f->p + first, pages, page_size, entry_size, entries);
}

uint8_t config_eq_create(struct card *c, struct config *f)
{
	uint32_t entries = 256u << (f->p[2] >> 26 & 7);
	uint16_t id = FREE_ID(c->eq, EQS);
	struct eq q = {.used = true};

	if (f->version > 1 || f->p[1] & EQE_16_BYTES ||
	    !ring_from(&q.ring, f, 5, f->p[0] & 0xffff, SLI_PAGE, EQE_SIZE, entries))
		return CONFIG_ILLEGAL_FIELD;
	if (id == SLI_NONE)
		return CONFIG_FAILED;
	c->eq[id] = q;
	f->p[0] = id;
	return CONFIG_SUCCESS;
}

uint8_t config_cq_create(struct card *c, struct config *f)
{
	uint32_t count = f->p[1] >> 27 & 3, page_size = SLI_PAGE, entries = 256u << count;
	uint16_t id = FREE_ID(c->cq, CQS);
	struct cq q = {.used = true, .eq_id = (uint16_t)(f->p[2] >> 22 & 0xff)};

	if (f->version == 2) {
		q.eq_id = (uint16_t)f->p[2];
		page_size = (f->p[0] >> 16 & 0xff) * SLI_PAGE;
	}
	if (count == CQ_COUNT_BEHIND)
		entries = f->version == 2 ? f->p[3] : 0;
	if (q.eq_id >= EQS || !c->eq[q.eq_id].used ||
	    !ring_from(&q.ring, f, 5, f->p[0] & 0xffff, page_size, CQE_SIZE, entries))
		return CONFIG_ILLEGAL_FIELD;
	if (id == SLI_NONE)
		return CONFIG_FAILED;
	c->cq[id] = q;
	f->p[0] = id;
	return CONFIG_SUCCESS;
}

static bool cq_there(const struct card *c, uint16_t id)
{
	return id < CQS && c->cq[id].used;
}

/* The context of a mailbox queue stands at word at, its pages behind it. */
static uint8_t mq_create(struct card *c, struct config *f, size_t at, uint32_t events)
{
	uint32_t code = f->p[at] >> 16 & 0xf;
	uint16_t id = FREE_ID(c->mq, MQS);
	struct sq q = {.used = true, .version = f->version, .events = events};

	q.cq_id = (uint16_t)(f->version ? f->p[0] >> 16 : f->p[at] >> 22);
	if (!cq_there(c, q.cq_id) || code < 5 || code > 8 ||
	    !ring_from(&q.ring, f, at + 4, f->p[0] & 0xffff, SLI_PAGE, MQE_SIZE, 1u << (code - 1)))
		return CONFIG_ILLEGAL_FIELD;
	if (id == SLI_NONE)
		return CONFIG_FAILED;
	c->mq[id] = q;
	f->p[0] = id;
	return CONFIG_SUCCESS;
}

uint8_t config_mq_create(struct card *c, struct config *f)
{
	return mq_create(c, f, 1, 0);
}

uint8_t config_mq_create_ext(struct card *c, struct config *f)
{
	return mq_create(c, f, 2, f->p[1]);
}

uint8_t config_wq_create(struct card *c, struct config *f)
{
	struct sq q = {.used = true, .version = f->version, .cq_id = (uint16_t)(f->p[0] >> 16)};
	uint32_t pages = f->p[0] & 0xff, page_size = SLI_PAGE, size = WQE_64, entries;
	size_t first = 1;
	uint16_t id = FREE_ID(c->wq, WQS);

	if (f->version) {
		page_size = (f->p[1] & 0xff) * SLI_PAGE;
		size = f->p[1] >> 8 & 0xf;
		entries = f->p[1] >> 16;
		first = 3;
	} else {
		entries = pages * SLI_PAGE / 64;
	}
	if (!cq_there(c, q.cq_id) || (size != WQE_64 && size != WQE_128) ||
	    !ring_from(&q.ring, f, first, pages, page_size, 2u << size, entries))
		return CONFIG_ILLEGAL_FIELD;
	if (id == SLI_NONE)
		return CONFIG_FAILED;
	c->wq[id] = q;
	memset(f->p, 0, (f->version ? 5 : 3) * sizeof(*f->p));
	f->p[0] = id;
	f->p[f->version ? 2 : 1] = REG_WQ_DOORBELL;
	return CONFIG_SUCCESS;
}

/* Receive queues come in pairs of neighbouring ids: headers, then data. */
uint8_t config_rq_create(struct card *c, struct config *f)
{
	struct sq q = {.used = true, .version = f->version, .cq_id = (uint16_t)(f->p[3] >> 16)};
	uint32_t entries, size;
	uint16_t id = FREE_ID(c->rq, RQS);

	if (f->version) {
		entries = f->p[1] >> 16;
		size = f->p[4];
	} else {
		entries = 1u << (f->p[1] >> 16 & 0xf);
		size = f->p[3] & 0xffff;
	}
	if (!cq_there(c, q.cq_id) || !size || size > UINT16_MAX ||
	    !ring_from(&q.ring, f, 5, f->p[0] & 0xffff, SLI_PAGE, RQE_SIZE, entries))
		return CONFIG_ILLEGAL_FIELD;
	if (id == SLI_NONE)
		return CONFIG_FAILED;
	q.buffer_size = (uint16_t)size;
	c->rq[id] = q;
	memset(f->p, 0, 3 * sizeof(*f->p));
	f->p[0] = id;
	f->p[1] = REG_RQ_DOORBELL;
	return CONFIG_SUCCESS;
}

/* A queue that others point to may go: what they would post is lost then, and logged. */
uint8_t config_eq_destroy(struct card *c, struct config *f)
{
	uint32_t id = f->p[0] & 0xffff;

	if (id >= EQS || !c->eq[id].used)
		return CONFIG_ILLEGAL_FIELD;
	c->eq[id] = (struct eq){0};
	return CONFIG_SUCCESS;
}

uint8_t config_cq_destroy(struct card *c, struct config *f)
{
	uint32_t id = f->p[0] & 0xffff;

	if (id >= CQS || !c->cq[id].used)
		return CONFIG_ILLEGAL_FIELD;
	c->cq[id] = (struct cq){0};
	return CONFIG_SUCCESS;
}

static uint8_t destroy(struct sq *queues, unsigned int count, uint32_t id)
{
	if (id >= count || !queues[id].used)
		return CONFIG_ILLEGAL_FIELD;
	queues[id] = (struct sq){0};
	return CONFIG_SUCCESS;
}

uint8_t config_mq_destroy(struct card *c, struct config *f)
{
	return destroy(c->mq, MQS, f->p[0] & 0xffff);
}

/* What a work queue's entries began ends with it: nobody could be told. */
uint8_t config_wq_destroy(struct card *c, struct config *f)
{
	uint32_t id = f->p[0] & 0xffff;
	uint8_t status = destroy(c->wq, WQS, id);

	for (unsigned int i = 0; status == CONFIG_SUCCESS && i < XRIS; i++)
		if (c->xri[i].ops && c->xri[i].wq_id == id)
			exchange_end(c, &c->xri[i]);
	return status;
}

uint8_t config_rq_destroy(struct card *c, struct config *f)
{
	return destroy(c->rq, RQS, f->p[0] & 0xffff);
}

uint8_t config_post_sgl(struct card *c, struct config *f)
{
	uint32_t xri = f->p[0] & 0xffff, count = f->p[0] >> 16;
	const uint32_t *pair = f->p + 1;

	if (!count || count > (f->words - 1) / 4 || xri + count > XRIS)
		return CONFIG_ILLEGAL_FIELD;
	for (uint32_t i = 0; i < count; i++, pair += 4)
		for (int k = 0; k < 2; k++)
			c->xri[xri + i].sgl[k] = pair[2 * k] | (uint64_t)pair[2 * k + 1] << 32;
	return CONFIG_SUCCESS;
}

uint8_t config_remove_sgl(struct card *c, struct config *f)
{
	uint32_t xri = f->p[0] & 0xffff, count = f->p[0] >> 16;

	if (!count || xri + count > XRIS)
		return CONFIG_ILLEGAL_FIELD;
	for (uint32_t i = 0; i < count; i++)
		memset(c->xri[xri + i].sgl, 0, sizeof(c->xri[xri + i].sgl));
	return CONFIG_SUCCESS;
}
