// SPDX-License-Identifier: Apache-2.0
/*
 * FCP commands (FCP-4): an IREAD64, IWRITE64 or ICMND64 entry becomes an exchange that begins with
 * its FCP_CMND and ends with the FCP_RSP, of which the host hears only when it says more than
 * "all moved, all well".
 */
#include "fcp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CMND_MIN		32u
#define CMND_MAX		(CMND_MIN + 256u)	/* the longest CDB, and a length for each way */
#define RSP_MIN			24u
#define RSP_FLAGS		10
#define RSP_STATUS		11
#define RSP_CONFIRM		0x10u		/* FCP_CONF_REQ */

/* The work queue entry: what exchange.h does not tell of all of them alike. */
#define BDE_FLAGS(w)		((w)->word[0] >> 24)
#define BDE_LENGTH(w)		((w)->word[0] & 0xffffff)
#define BDE_ADDRESS(w)		((uint64_t)(w)->word[2] << 32 | (w)->word[1])
#define FCP_TOTAL(w)		((w)->word[4])
#define FCP_FIRST_BURST(w)	((w)->word[5])
#define FCP_DIF(w)		((w)->word[7] & 3)
#define FCP_LIST_ELSEWHERE	0x0800u		/* word 10, XBL: the BDE tells of the list */
#define FCP_HIGH_LOGIN		0x1000u		/* HLM: the entry has the address of the far end */
#define FCP_COMMAND_BDE		0x4000u		/* DBDE: the BDE tells of the command */

static void stop_timer(struct fcp *f)
{
	model_timer_cancel(f->card->loop, &f->timer);
}

static uint32_t moved(const struct fcp *f)
{
	return f->moved > UINT32_MAX ? UINT32_MAX : (uint32_t)f->moved;
}

void fcp_fail(struct card *c, struct fcp *f, uint32_t local)
{
	struct completion done = {.status = WCQE_LOCAL_REJECT, .parameter = local,
				  .placed = moved(f)};

	stop_timer(f);
	abort_exchange(c, f->x, &done);
}

static void out_of_time(void *arg)
{
	struct fcp *f = arg;

	if (f->x->pending)
		fcp_fail(f->card, f, LOCAL_SEQUENCE_TIMEOUT);
}

/* FCP_CONF: the target wants to know that its response came, and ends the exchange then. */
static void confirm(struct card *c, struct exchange *x)
{
	struct fc_header h = {
		.r_ctl = FC_RCTL_DATA_SOLICITED_CTL, .type = FC_TYPE_FCP, .seq_id = x->seq_id++,
		.f_ctl = FC_FCTL_LAST_SEQ | FC_FCTL_END_SEQ,
	};

	/* Without light the target has lost the exchange as well. */
	exchange_send(c, x, &h, NULL, 0);
}

/* Puts the response into the host's buffer for it and tells so in *done. */
static void deliver(struct card *c, struct fcp *f, const uint8_t *rsp, uint32_t n,
		    struct completion *done)
{
	struct sge e;

	done->status = WCQE_LOCAL_REJECT;
	done->parameter = LOCAL_RX_DMA_FAILED;
	if (scatter_entry(c, &f->scatter, SCATTER_RESPONSE, &e))
		return;
	done->status = WCQE_FCP_RSP_FAILURE;
	if (n > e.length) {
		done->status = WCQE_FCP_RSP_TRUNCATED;
		n = e.length;
	}
	if (model_dma_write(c->model, e.address, rsp, n))
		done->status = WCQE_LOCAL_REJECT;
	else
		done->parameter = n;
}

static void response(struct card *c, struct fcp *f, const struct fc_header *h, const uint8_t *rsp,
		     size_t n)
{
	struct completion done = {.status = WCQE_SUCCESS, .placed = moved(f)};

	if (n < RSP_MIN || !(h->f_ctl & FC_FCTL_END_SEQ)) {
		fcp_fail(c, f, LOCAL_ILLEGAL_FRAME);
		return;
	}
	if (rsp[RSP_FLAGS] & ~RSP_CONFIRM || rsp[RSP_STATUS] || f->moved != f->length)
		deliver(c, f, rsp, (uint32_t)n, &done);
	if (rsp[RSP_FLAGS] & RSP_CONFIRM)
		confirm(c, f->x);
	exchange_complete(c, f->x, &done);
}

static void receive(struct card *c, struct exchange *x, const struct fc_header *h,
		    const uint8_t *payload, size_t n)
{
	struct fcp *f = x->data;

	if (!x->pending)
		return;		/* given up: the host may use the buffers for something else */
	switch (h->r_ctl) {
	case FC_RCTL_DATA_SOLICITED:
		fcp_data_in(c, f, h, payload, n);
		break;
	case FC_RCTL_DATA_DESCRIPTOR:
		fcp_transfer_ready(c, f, payload, n);
		break;
	case FC_RCTL_DATA_CMD_STATUS:
		response(c, f, h, payload, n);
		break;
	default:
		fcp_fail(c, f, LOCAL_ILLEGAL_FRAME);
	}
}

static void ready(struct card *c, struct exchange *x)
{
	const struct rpi *p = rpi_find(c, x->rpi);

	/* After a link that went, another port may have the address until the host resumes. */
	if (x->pending && p && !p->suspended)
		fcp_burst_send(c, x->data);
}

static void release(struct card *c, struct exchange *x)
{
	stop_timer(x->data);
	free(x->data);
	x->data = NULL;
}

static const struct exchange_ops fcp_ops = {
	.receive = receive,
	.ready = ready,
	.release = release,
};

/* 0, or the LOCAL_* of an entry that this port cannot carry out. */
static uint32_t check(const struct wqe *w)
{
	if (wqe_context_type(w) != WQE_CT_RPI)
		return LOCAL_ILLEGAL_FIELD;
	if (FCP_DIF(w) || w->word[10] & FCP_HIGH_LOGIN)
		return LOCAL_UNSUPPORTED;
	if (wqe_command(w) != WQE_FCP_ICMND64 && FCP_TOTAL(w) > SCATTER_DATA_MAX)
		return LOCAL_ILLEGAL_LENGTH;
	return 0;
}

/* Gets the FCP_CMND into iu, as long as *n says then. 0 or a LOCAL_*. */
static uint32_t fetch_command(struct card *c, struct fcp *f, const struct wqe *w, uint8_t *iu,
			      uint32_t *n)
{
	struct sge e = {.address = BDE_ADDRESS(w), .length = BDE_LENGTH(w)};
	uint8_t form = (uint8_t)BDE_FLAGS(w);
	bool told = w->word[10] & FCP_COMMAND_BDE;

	if (told && form != BDE_64)
		return LOCAL_ILLEGAL_FIELD;
	if (!told && form != BDE_IMMEDIATE &&
	     scatter_entry(c, &f->scatter, SCATTER_COMMAND, &e))
		return LOCAL_TX_DMA_FAILED;
	*n = e.length;
	if (*n < CMND_MIN || *n > CMND_MAX)
		return LOCAL_ILLEGAL_LENGTH;
	if (form == BDE_IMMEDIATE) {
		uint32_t at = w->word[1], end = w->words * 4;

		if (at > end || *n > end - at)
			return LOCAL_ILLEGAL_FIELD;
		memcpy(iu, (const uint8_t *)w->word + at, *n);
		return 0;
	}
	return model_dma_read(c->model, e.address, iu, *n) ? LOCAL_TX_DMA_FAILED : 0;
}

static struct fcp *new_command(struct card *c, struct exchange *x, const struct wqe *w)
{
	struct fcp *f = x->data;
	uint8_t command = wqe_command(w);

	*f = (struct fcp){.card = c, .x = x, .timer = {.fn = out_of_time, .arg = f}};
	if (command != WQE_FCP_ICMND64) {
		f->direction = command == WQE_FCP_IREAD64 ? FCP_READ : FCP_WRITE;
		f->length = FCP_TOTAL(w);
	}
	if (w->word[10] & FCP_LIST_ELSEWHERE)
		scatter_at(&f->scatter, BDE_ADDRESS(w), BDE_LENGTH(w));
	else
		scatter_posted(&f->scatter, x);
	return f;
}

/* Sends the FCP_CMND. first_burst: data follow it unasked. 0 or a LOCAL_*. */
static uint32_t send_command(struct card *c, struct exchange *x, const uint8_t *iu, uint32_t n,
			     bool first_burst)
{
	struct fc_header h = {
		.r_ctl = FC_RCTL_DATA_UNSOLICITED_CMD, .type = FC_TYPE_FCP,
		.seq_id = x->seq_id++,
		.f_ctl = FC_FCTL_FIRST_SEQ | FC_FCTL_END_SEQ |
			 (first_burst ? 0 : FC_FCTL_SEQ_INITIATIVE),
	};
	int r = exchange_send(c, x, &h, iu, n);

	if (!r)
		return 0;
	return r == -ENOLINK ? LOCAL_LINK_DOWN :
	       r == -EMSGSIZE ? LOCAL_ILLEGAL_LENGTH : LOCAL_NO_RESOURCES;
}

static void begin(struct card *c, struct fcp *f, const struct wqe *w)
{
	struct completion done = {.status = WCQE_LOCAL_REJECT};
	uint32_t burst = 0, n;
	uint8_t iu[CMND_MAX];

	if (f->direction == FCP_WRITE)
		burst = FCP_FIRST_BURST(w) < f->length ? FCP_FIRST_BURST(w) : f->length;
	done.parameter = fetch_command(c, f, w, iu, &n);
	if (!done.parameter)
		done.parameter = send_command(c, f->x, iu, n, burst);
	if (done.parameter) {
		/* The far end has not heard of it: nothing is to be aborted. */
		exchange_complete(c, f->x, &done);
		return;
	}
	if (wqe_timeout(w))
		model_timer_set(c->loop, &f->timer, wqe_timeout(w) * 1000000000ull);
	if (burst)
		fcp_burst_begin(c, f, 0, burst);
}

void fcp_command(struct card *c, const struct wqe *w)
{
	uint32_t local = check(w);
	struct fcp *f = local ? NULL : malloc(sizeof(*f));
	struct exchange *x;

	if (!f) {
		wqe_reject(c, w, local ? local : LOCAL_NO_RESOURCES);
		return;
	}
	x = exchange_begin(c, w, &fcp_ops);
	if (!x) {
		free(f);
		return;
	}
	x->data = f;
	begin(c, new_command(c, x, w), w);
}
