// SPDX-License-Identifier: Apache-2.0
/* The exchanges that this port originated: one for each XRI that the host may use. */
#include "exchange.h"

#include <errno.h>
#include <string.h>

#include "card.h"
#include "queue.h"
#include "tx.h"

#define CQE_EXCHANGE_BUSY	0x10000000u
#define ELS_FRAME_MAX		2048	/* to a port whose parameters are not known yet */
#define SGE_WORDS		4
#define SGES_IN_PAGE		(SLI_PAGE / 4 / SGE_WORDS)

static void post_done(struct card *c, uint16_t wq_id, uint16_t tag, const struct completion *done)
{
	const struct sq *q = &c->wq[wq_id];
	uint32_t cqe[4] = {
		(uint32_t)tag << 16 | (uint32_t)done->status << 8 | done->hw_status,
		done->placed, done->parameter,
		(done->busy ? CQE_EXCHANGE_BUSY : 0) | CQE_WQE_DONE << 16 | (q->ring.index & 0xffff),
	};

	if (q->used)
		cq_post(c, q->cq_id, cqe);
}

void wqe_complete(struct card *c, const struct wqe *w, const struct completion *done)
{
	post_done(c, w->wq_id, wqe_request_tag(w), done);
}

void wqe_reject(struct card *c, const struct wqe *w, uint32_t local)
{
	wqe_complete(c, w, &(struct completion){.status = WCQE_LOCAL_REJECT, .parameter = local});
}

static bool is_fcp(uint8_t command)
{
	return command == WQE_FCP_IREAD64 || command == WQE_FCP_IWRITE64 ||
	       command == WQE_FCP_ICMND64;
}

/* Fills in where an entry's exchange goes. 0, or a LOCAL_* that says why it goes nowhere. */
static uint32_t route(struct card *c, const struct wqe *w, struct exchange *x)
{
	uint16_t id = wqe_context(w);
	const struct rpi *p;

	x->rpi = x->vpi = SLI_NONE;
	x->frame_max = ELS_FRAME_MAX;
	switch (wqe_context_type(w)) {
	case WQE_CT_RPI:
		p = rpi_find(c, id);
		if (!p)
			return LOCAL_INVALID_RPI;
		if (p->suspended && is_fcp(wqe_command(w)))
			return LOCAL_RPI_SUSPENDED;
		x->rpi = id;
		x->vpi = p->vpi;
		x->d_id = p->nport_id;
		x->frame_max = p->frame_max;
		break;
	case WQE_CT_VPI:
		if (id >= VPIS)
			return LOCAL_INVALID_VPI;
		x->vpi = id;
		break;
	case WQE_CT_VFI:
		if (id >= VFIS)
			return LOCAL_ILLEGAL_FIELD;
		x->vpi = c->vfi[id].vpi;
		break;
	case WQE_CT_FCFI:
		if (id >= FCFIS)
			return LOCAL_ILLEGAL_FIELD;
		x->vpi = 0;
		break;
	}
	x->s_id = c->vpi[x->vpi].nport_id;
	return 0;
}

struct exchange *exchange_begin(struct card *c, const struct wqe *w, const struct exchange_ops *ops)
{
	uint16_t xri = wqe_xri(w);
	struct exchange next = {.xri = xri, .rx_id = FC_ID_NONE, .pending = true};
	struct exchange *x = xri < XRIS ? &c->xri[xri] : NULL;
	uint32_t why = !x ? LOCAL_NO_XRI : x->ops ? LOCAL_ILLEGAL_FIELD :
		       !c->link_up ? LOCAL_LINK_DOWN : route(c, w, &next);

	if (why) {
		wqe_reject(c, w, why);
		return NULL;
	}
	memcpy(next.sgl, x->sgl, sizeof(next.sgl));
	next.ops = ops;
	next.wq_id = w->wq_id;
	next.request_tag = wqe_request_tag(w);
	next.abort_tag = w->word[8];
	*x = next;
	c->counts.exchanges++;
	return x;
}

struct exchange *exchange_find(struct card *c, uint16_t xri)
{
	return xri < XRIS && c->xri[xri].ops ? &c->xri[xri] : NULL;
}

void exchange_complete(struct card *c, struct exchange *x, const struct completion *done)
{
	if (x->pending)
		post_done(c, x->wq_id, x->request_tag, done);
	x->pending = false;
	if (!done->busy)
		exchange_end(c, x);
}

void exchange_end(struct card *c, struct exchange *x)
{
	if (x->abort)
		abort_release(c, x);
	if (x->ops->release)
		x->ops->release(c, x);
	x->ops = NULL;
	x->data = NULL;
	x->pending = false;
}

void exchange_post_aborted(struct card *c, struct exchange *x, uint8_t status, uint32_t parameter,
			   uint32_t flags)
{
	const struct sq *q = &c->wq[x->wq_id];
	uint32_t cqe[4] = {
		(uint32_t)status << 8, parameter, (uint32_t)x->rx_id << 16 | x->xri,
		flags | CQE_XRI_ABORTED << 16,
	};

	if (q->used)
		cq_post(c, q->cq_id, cqe);
}

int exchange_send(struct card *c, struct exchange *x, const struct fc_header *h,
		  const void *payload, size_t n)
{
	struct fc_header header = *h;

	header.d_id = x->d_id;
	header.s_id = x->s_id;
	header.ox_id = x->xri;
	header.rx_id = x->rx_id;
	return tx_send(c, &header, payload, n);
}

int sgl_entry(struct card *c, const struct exchange *x, unsigned int i, struct sge *e)
{
	uint32_t w[SGE_WORDS];

	if (i >= 2 * SGES_IN_PAGE || !x->sgl[i / SGES_IN_PAGE])
		return -ERANGE;
	if (words_read(c, x->sgl[i / SGES_IN_PAGE] + i % SGES_IN_PAGE * sizeof(w), w, SGE_WORDS))
		return -EFAULT;
	*e = (struct sge){
		.address = (uint64_t)w[0] << 32 | w[1],
		.offset = w[2] & 0x7ffffff,
		.type = w[2] >> 27 & 0xf,
		.last = w[2] >> 31,
		.length = w[3],
	};
	return 0;
}
