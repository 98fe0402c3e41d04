/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sequences and exchanges of link services (ELS) and generic services (CT), for whoever is an
 * N_Port or answers at a well-known address. FCP's exchanges are their owner's; it sends its
 * sequences with fc_sequence_send() too.
 *
 * All of it is on the loop's thread; nothing blocks.
 */
#ifndef SDK_MODELS_FC_EXCHANGE_H
#define SDK_MODELS_FC_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vmhi-model/fc.h>
#include <vmhi-model/loop.h>

#define FC_SEQUENCE_MAX	65536	/* bytes of an ELS or CT sequence that comes in pieces */
#define FC_R_A_TOV_MS	10000u
#define FC_E_D_TOV_MS	2000u

/* A whole sequence as it came. */
struct fc_sequence {
	struct fc_header h;	/* of its first frame */
	const uint8_t *payload;	/* without fill bytes; until the callback returns */
	size_t n;
};

/* Where frames go: one after the other, in order. What cannot be sent is lost, as class 3 has it. */
struct fc_sender {
	void (*send)(void *dev, uint8_t sof, const uint8_t *frame, size_t n, uint8_t eof);
	void *dev;
};

/*
 * Sends a sequence of any length in frames of at most max_payload bytes (a multiple of 4, at most
 * FC_PAYLOAD_MAX; 0 is that). h is the first frame's header. Its F_CTL is the last frame's but for
 * the fill bytes; END_SEQ, LAST_SEQ and SEQ_INITIATIVE are kept from the others. With REL_OFFSET
 * the parameter grows from frame to frame. n = 0 is one frame of a header only.
 */
void fc_sequence_send(const struct fc_sender *out, const struct fc_header *h, const void *payload,
		      size_t n, size_t max_payload);

struct fc_exchanges;

struct fc_exchanges_ops {
	struct fc_sender out;
	/* An ELS or CT request came; fc_exchange_reply() answers, now or later. dev is out's. */
	void (*request)(void *dev, const struct fc_sequence *s);
};

/* NULL: out of memory. ops is copied. */
struct fc_exchanges *fc_exchanges_new(struct model_loop *l, const struct fc_exchanges_ops *ops);
/* No done() is called. NULL is let be. */
void fc_exchanges_free(struct fc_exchanges *x);
/* The link went: every exchange of ours ends with -ECANCELED, what came in pieces is forgotten. */
void fc_exchanges_reset(struct fc_exchanges *x);

/*
 * Takes a frame of n >= FC_HEADER_SIZE bytes off the wire. True: it was ELS, CT, or a reject of
 * what we sent, and is dealt with. False: it is the caller's (FCP, BLS), or a stray.
 */
bool fc_exchanges_receive(struct fc_exchanges *x, const uint8_t *frame, size_t n);

/* A request of ours. */
struct fc_request {
	uint32_t s_id, d_id;
	uint8_t r_ctl, type;	/* FC_RCTL_ELS_REQUEST, FC_TYPE_ELS; or ..UNSOLICITED_CTL, CT */
	const void *payload;
	size_t n, max_payload;
	unsigned int timeout_ms;	/* 0: 2 * R_A_TOV, as FC-LS-2 asks */
	/* Once, from the loop: 0 and the answer (LS_ACC, LS_RJT and CT rejects are answers);
	 * -ETIMEDOUT; -ECANCELED after a reset; -EHOSTUNREACH when the fabric or the far port
	 * rejected the frame. reply is NULL with an error. */
	void (*done)(void *arg, int status, const struct fc_sequence *reply);
	void *arg;
};

/* The OX_ID, or -ENOSPC when too many are open. */
int fc_exchange_originate(struct fc_exchanges *x, const struct fc_request *r);

/* The answer to an ELS or CT request, which ends the exchange. */
void fc_exchange_reply(struct fc_exchanges *x, const struct fc_header *request,
		       const void *payload, size_t n, size_t max_payload);
/* FC-LS-2, LS_RJT: reason and explanation are FC_LS_RJT_* and FC_LS_EXPLAIN_*. */
void fc_exchange_ls_rjt(struct fc_exchanges *x, const struct fc_header *request, uint8_t reason,
			uint8_t explanation);
/* LS_ACC of nothing but its code, as LOGO, SCR and RRQ have it. */
void fc_exchange_ls_acc(struct fc_exchanges *x, const struct fc_header *request);

/* FC-FS-3, BA_ACC and BA_RJT: the answers to an ABTS of a whole exchange. */
void fc_bls_accept(const struct fc_sender *out, const struct fc_header *abts, uint16_t rx_id);
void fc_bls_reject(const struct fc_sender *out, const struct fc_header *abts, uint8_t reason,
		   uint8_t explanation);

/* sequence.c: puts sequences together that come in pieces. */
struct fc_assembly;

struct fc_assembly *fc_assembly_new(void);
void fc_assembly_free(struct fc_assembly *a);
void fc_assembly_reset(struct fc_assembly *a);
/* True: with this frame a sequence is whole, in *s until the next call. */
bool fc_assembly_add(struct fc_assembly *a, const struct fc_header *h, const uint8_t *payload,
		     size_t n, struct fc_sequence *s);

#endif
