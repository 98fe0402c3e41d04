/* SPDX-License-Identifier: Apache-2.0 */
/* Work queues: entries of the host, taken in order and handed to whom they concern. */
#ifndef LPE31000_WQE_H
#define LPE31000_WQE_H

#include "exchange.h"

struct sq;

/* What the host posted to a work queue. */
void wq_run(struct card *c, struct sq *q);

/* reply.c: entries that send a sequence and are done with that. */
void reply_els(struct card *c, const struct wqe *w);
void reply_bls(struct card *c, const struct wqe *w);
void reply_sequence(struct card *c, const struct wqe *w);

#define WQE_PAYLOAD_MAX	65536

/*
 * The request or reply of an entry, from the buffer in its first words or from the scatter list of
 * its XRI; free() it. *first_after (may be NULL) is the entry of that list behind it. NULL: *local
 * is the LOCAL_* that says why.
 */
uint8_t *wqe_payload(struct card *c, const struct wqe *w, uint32_t n, unsigned int *first_after,
		     uint32_t *local);
/* S_ID of an ELS entry: what it says, else that of its virtual port. */
uint32_t wqe_s_id(const struct card *c, const struct wqe *w, uint16_t vpi);

#endif
