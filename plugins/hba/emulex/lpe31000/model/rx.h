/* SPDX-License-Identifier: Apache-2.0 */
/* Frames from the wire: to the exchange they belong to, or into receive queues. */
#ifndef LPE31000_RX_H
#define LPE31000_RX_H

#include <stddef.h>
#include <stdint.h>

struct card;

/* From the wire. */
void rx_frame(void *card, uint8_t sof, const uint8_t *frame, size_t n, uint8_t eof);
/* The host posted receive buffers: frames that waited for one go on. */
void rx_resume(struct card *c);
/* Drops what waits. */
void rx_drop(struct card *c);

#endif
