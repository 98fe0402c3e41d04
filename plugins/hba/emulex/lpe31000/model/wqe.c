// SPDX-License-Identifier: Apache-2.0
/* Work queues: entries of the host, taken in order and handed to whom they concern. */
#include "wqe.h"

#include <stdlib.h>

#include "card.h"
#include "queue.h"

#define WQE_CONSUMED	0x80u		/* word 11: tell when this entry was taken */
#define WQE_DBDE	0x4000u		/* word 10: the payload's descriptor is in words 0 to 2 */
#define ELS_SP		0x01000000u	/* word 4: S_ID is there */

static void dispatch(struct card *c, const struct wqe *w)
{
	switch (wqe_command(w)) {
	case WQE_ELS_REQUEST64:
		els_request(c, w);
		break;
	case WQE_GEN_REQUEST64:
		gen_request(c, w);
		break;
	case WQE_XMIT_ELS_RSP64:
		reply_els(c, w);
		break;
	case WQE_XMIT_BLS_RSP64:
		reply_bls(c, w);
		break;
	case WQE_XMIT_SEQUENCE64:
		reply_sequence(c, w);
		break;
	case WQE_FCP_IREAD64:
	case WQE_FCP_IWRITE64:
	case WQE_FCP_ICMND64:
		fcp_command(c, w);
		break;
	case WQE_ABORT_XRI:
		abort_request(c, w);
		break;
	default:
		if (c->unknown++ < UNKNOWN_LOGGED)
			model_log("work queue command 0x%02x is not modelled", wqe_command(w));
		wqe_reject(c, w, LOCAL_ILLEGAL_COMMAND);
	}
}

static void post_release(struct card *c, const struct sq *q, uint16_t id, uint32_t index)
{
	uint32_t cqe[4] = {0, 0, (uint32_t)id << 16 | index, CQE_WQE_RELEASE << 16};

	cq_post(c, q->cq_id, cqe);
}

void wq_run(struct card *c, struct sq *q)
{
	uint16_t id = (uint16_t)(q - c->wq);

	while (q->used && q->ring.waiting) {
		struct wqe w = {.wq_id = id, .words = q->ring.entry_size / 4};
		uint32_t index = q->ring.index;
		int r = words_read(c, ring_address(&q->ring), w.word, w.words);

		ring_advance(&q->ring);
		q->ring.waiting--;
		if (r)
			continue;	/* a DMA fault, which the log has: whose entry it was is unknown */
		dispatch(c, &w);
		if (w.word[11] & WQE_CONSUMED)
			post_release(c, q, id, index);
	}
}

/* The first n bytes that an exchange's scatter list describes. 0, or a LOCAL_*. */
static uint32_t gather(struct card *c, uint16_t xri, uint8_t *to, uint32_t n,
		       unsigned int *first_after)
{
	unsigned int i = 0;
	struct sge e;

	for (uint32_t at = 0; at < n; i++) {
		uint32_t part;

		if (xri >= XRIS || sgl_entry(c, &c->xri[xri], i, &e))
			return LOCAL_NO_RESOURCES;
		part = e.length < n - at ? e.length : n - at;
		if (to && model_dma_read(c->model, e.address, to + at, part))
			return LOCAL_TX_DMA_FAILED;
		at += part;
		if (e.last && at < n)
			return LOCAL_ILLEGAL_LENGTH;
	}
	if (first_after)
		*first_after = i;
	return 0;
}

static uint32_t fetch(struct card *c, const struct wqe *w, uint8_t *to, uint32_t n,
		      unsigned int *first_after)
{
	uint64_t at = w->word[1] | (uint64_t)w->word[2] << 32;
	uint32_t length = w->word[0] & 0xffffff;

	if (!(w->word[10] & WQE_DBDE))
		return gather(c, wqe_xri(w), to, n, first_after);
	if (w->word[0] >> 24 != BDE_64 || length < n)
		return LOCAL_ILLEGAL_LENGTH;
	if (model_dma_read(c->model, at, to, n))
		return LOCAL_TX_DMA_FAILED;
	/* The scatter list has the request as well, and where its answer goes behind that. */
	return first_after ? gather(c, wqe_xri(w), NULL, n, first_after) : 0;
}

uint8_t *wqe_payload(struct card *c, const struct wqe *w, uint32_t n, unsigned int *first_after,
		     uint32_t *local)
{
	uint8_t *p;

	if (!n || n > WQE_PAYLOAD_MAX) {
		*local = LOCAL_ILLEGAL_LENGTH;
		return NULL;
	}
	p = malloc(n);
	*local = p ? fetch(c, w, p, n, first_after) : LOCAL_NO_RESOURCES;
	if (*local) {
		free(p);
		return NULL;
	}
	return p;
}

uint32_t wqe_s_id(const struct card *c, const struct wqe *w, uint16_t vpi)
{
	if (w->word[4] & ELS_SP)
		return w->word[4] & 0xffffff;
	return vpi < VPIS ? c->vpi[vpi].nport_id : 0;
}
