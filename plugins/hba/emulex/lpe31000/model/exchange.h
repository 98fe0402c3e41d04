/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the port and those who run exchanges on it: how a work queue entry is handed over, how an
 * exchange gets its frames, and how it ends. els.c runs ELS and CT requests, fcp.c FCP commands,
 * abort.c takes any of them back.
 */
#ifndef LPE31000_EXCHANGE_H
#define LPE31000_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vmhi-model/fc.h>

#include "sli4.h"

struct card;
struct exchange;

/* A work queue entry as the host wrote it, words in the CPU's order. Copied: it stays as it was. */
struct wqe {
	uint32_t word[32];
	unsigned int words;		/* 16 or 32 */
	uint16_t wq_id;			/* the queue it came on */
};

static inline uint16_t wqe_xri(const struct wqe *w)
{
	return (uint16_t)w->word[6];
}

/* An RPI, VPI, VFI or FCFI, as wqe_context_type() says. */
static inline uint16_t wqe_context(const struct wqe *w)
{
	return (uint16_t)(w->word[6] >> 16);
}

enum wqe_context_type { WQE_CT_RPI, WQE_CT_VPI, WQE_CT_VFI, WQE_CT_FCFI };

static inline enum wqe_context_type wqe_context_type(const struct wqe *w)
{
	return w->word[7] >> 2 & 3;
}

static inline uint8_t wqe_command(const struct wqe *w)
{
	return (uint8_t)(w->word[7] >> 8);
}

/* Seconds; 0: the port does not time the exchange. */
static inline uint8_t wqe_timeout(const struct wqe *w)
{
	return (uint8_t)(w->word[7] >> 24);
}

static inline uint16_t wqe_request_tag(const struct wqe *w)
{
	return (uint16_t)w->word[9];
}

/* What a completion queue entry says of a work queue entry that is done. */
struct completion {
	uint8_t status;			/* WCQE_* */
	uint8_t hw_status;		/* WCQE_HW_*, with WCQE_SUCCESS */
	uint32_t placed;		/* bytes that came, or went */
	uint32_t parameter;		/* LOCAL_* with WCQE_LOCAL_REJECT; else by status */
	bool busy;			/* XB: the exchange lives on until an XRI_ABORTED entry */
};

/* The one who runs an exchange. Called on the model's thread, as everything here is. */
struct exchange_ops {
	/* A frame of the far end for this exchange, not a basic link service. n: its payload
	 * without fill bytes. */
	void (*receive)(struct card *c, struct exchange *x, const struct fc_header *h,
			const uint8_t *payload, size_t n);
	/* The wire has room again after it had none. NULL: does not care. */
	void (*ready)(struct card *c, struct exchange *x);
	/* The exchange is over or taken back: give up what hangs on x->data and x's timers. Must
	 * not complete the entry and must not send. NULL: nothing hangs on it. */
	void (*release)(struct card *c, struct exchange *x);
};

/* An exchange that this port originated. There is one of these for every XRI; OX_ID is the XRI. */
struct exchange {
	const struct exchange_ops *ops;	/* NULL: no exchange */
	void *data;			/* of whoever runs it */
	uint16_t xri;
	uint16_t rx_id;			/* FC_ID_NONE until the far end gave one */
	uint32_t s_id, d_id;
	uint16_t rpi;			/* SLI_NONE: not addressed by an RPI */
	uint16_t vpi;
	uint16_t frame_max;		/* payload bytes of a frame that the far end takes */
	uint16_t wq_id, request_tag;	/* where the entry came from that it completes */
	uint32_t abort_tag;		/* of that entry: its word 8 */
	bool pending;			/* that entry is not completed yet */
	uint8_t seq_id;			/* of our next sequence */
	void *abort;			/* abort.c's: an ABTS is out, or is to be */
	uint64_t sgl[2];		/* pages of its scatter list (POST_SGL_PAGES), 0: none */
};

/* One entry of a scatter list. */
struct sge {
	uint64_t address;
	uint32_t offset;		/* where in the transfer it belongs */
	uint32_t length;
	uint8_t type;			/* SGE_* */
	bool last;
};

/*
 * Begins an exchange for a work queue entry: takes its XRI, tag and remote port. NULL when it may
 * not: then the entry has been completed with the reason, and there is nothing left to do.
 * The address of the far end is that of the entry's RPI when its context is one; the caller of a
 * request to an address of its own overwrites d_id and s_id.
 */
struct exchange *exchange_begin(struct card *c, const struct wqe *w, const struct exchange_ops *ops);
/* The exchange of an XRI, NULL when there is none. */
struct exchange *exchange_find(struct card *c, uint16_t xri);
/*
 * Completes x's entry (if it is not yet). Without done->busy the exchange ends here: release() is
 * called and the XRI is free. With it, the exchange stays until exchange_end().
 */
void exchange_complete(struct card *c, struct exchange *x, const struct completion *done);
/* Ends x without a word to the host: release() is called, the XRI is free. */
void exchange_end(struct card *c, struct exchange *x);
/* The XRI_ABORTED entry, on the completion queue of x's work queue; then call exchange_end(). */
void exchange_post_aborted(struct card *c, struct exchange *x, uint8_t status, uint32_t parameter,
			   uint32_t flags /* XRI_ABORTED_* */);

/* Completes an entry that has, or got, no exchange. */
void wqe_complete(struct card *c, const struct wqe *w, const struct completion *done);
/* The same with WCQE_LOCAL_REJECT and a LOCAL_*. */
void wqe_reject(struct card *c, const struct wqe *w, uint32_t local);

/*
 * Sends one frame of x. The caller fills r_ctl, type, f_ctl (without fill bits), seq_id, df_ctl,
 * seq_cnt and parameter; addresses and exchange ids are put from x. Padded here, SOF and EOF are
 * chosen by seq_cnt and END_SEQUENCE. Frames wait in order when the far end has no credit.
 * 0; -ENOLINK: no light, the frame is gone; -EMSGSIZE; -ENOMEM.
 */
int exchange_send(struct card *c, struct exchange *x, const struct fc_header *h,
		  const void *payload, size_t n);
/* Bytes that wait for credit: who has much to send stops above CARD_SEND_HIGH until ready(). */
size_t card_send_waiting(const struct card *c);
#define CARD_SEND_HIGH	(64 * 1024)

/* Entry number i of x's posted scatter list. 0; -EFAULT: it cannot be read; -ERANGE: beyond its
 * pages. */
int sgl_entry(struct card *c, const struct exchange *x, unsigned int i, struct sge *e);

/* Work queue entries by command. Each takes its entry whole: it completes or begins an exchange. */
void els_request(struct card *c, const struct wqe *w);		/* els.c */
void gen_request(struct card *c, const struct wqe *w);
void fcp_command(struct card *c, const struct wqe *w);		/* fcp.c: IREAD64, IWRITE64, ICMND64 */
void abort_request(struct card *c, const struct wqe *w);	/* abort.c: ABORT_XRI */

/* Gives x up: its entry completes with *why and XB, and the far end gets an ABTS (two, if it does not
 * answer the first). An XRI_ABORTED entry follows; x may be gone when this returns. Nothing happens
 * to an exchange that was given up before. */
void abort_exchange(struct card *c, struct exchange *x, const struct completion *why);
/* A BA_ACC or BA_RJT for an ABTS of ours (x->abort is set). */
void abort_answered(struct card *c, struct exchange *x, const struct fc_header *h,
		    const uint8_t *payload, size_t n);
/* The ABTS, or what came before it, was refused by P_RJT, F_RJT and their like. */
void abort_refused(struct card *c, struct exchange *x, uint8_t status, uint32_t parameter);
/* Takes x back on the port's own account (its RPI is going): no ABTS, the entry completes with
 * WCQE_LOCAL_REJECT and this LOCAL_*. */
void abort_local(struct card *c, struct exchange *x, uint32_t local);
/* exchange_end() calls this when x->abort is set: give it up, timers too. */
void abort_release(struct card *c, struct exchange *x);

#endif
