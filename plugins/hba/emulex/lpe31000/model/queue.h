/* SPDX-License-Identifier: Apache-2.0 */
/* Event and completion queues: entries that the port writes, and the interrupts that follow. */
#ifndef LPE31000_QUEUE_H
#define LPE31000_QUEUE_H

#include <stdint.h>

struct card;

/* An entry of four words for a completion queue, its valid bit set here. Without that queue, or
 * room in it, the entry is lost and the log says so. */
void cq_post(struct card *c, uint16_t cq_id, const uint32_t word[4]);

/* The doorbells, as written. */
void doorbell_eqcq(struct card *c, uint32_t v);
void doorbell_wq(struct card *c, uint32_t v);
void doorbell_rq(struct card *c, uint32_t v);
void doorbell_mq(struct card *c, uint32_t v);

#endif
