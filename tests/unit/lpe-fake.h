/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An LPe31000's exchanges without the port around them: the host's memory is an array, completions
 * are kept, and the far end of a real fibre is played by the test.
 */
#ifndef TESTS_LPE_FAKE_H
#define TESTS_LPE_FAKE_H

#include "plugins/hba/emulex/lpe31000/model/card.h"

#define FAKE_BASE	0x300000000ull	/* above 4 GiB: both halves of an address count */
#define FAKE_SIZE	(4u << 20)
#define FAKE_RPI	5
#define FAKE_WQ		2
#define FAKE_CQ		7
#define FAKE_HOST_ID	0x010100u
#define FAKE_FAR_ID	0x010203u
#define FAKE_KEPT	1024

struct fake_frame {
	struct fc_header h;
	uint8_t sof, eof, data[FC_PAYLOAD_MAX];
	size_t n;			/* with fill bytes */
};

struct fake {
	struct card c;
	struct fc_wire *far;
	uint8_t memory[FAKE_SIZE];
	uint32_t entry[FAKE_KEPT][4];	/* of the completion queue */
	unsigned int entries, entries_read;
	struct fake_frame frame[FAKE_KEPT];	/* that the far end got */
	unsigned int frames, frames_read;
};

/* One card, one fibre, one remote port, logged in; the far end's frames hold frame_max bytes. The
 * memory is as the one before left it. */
struct fake *fake_start(uint16_t frame_max);
void fake_stop(struct fake *f);
/* Lets what is on the fibre arrive. */
void fake_run(struct fake *f);
/* The host's memory at an offset, and the address that the card knows it by. */
uint8_t *fake_at(struct fake *f, uint32_t offset);
uint64_t fake_address(uint32_t offset);

/* The oldest frame or entry that was not asked for yet; NULL: there is none. */
const struct fake_frame *fake_frame(struct fake *f);
const uint32_t *fake_entry(struct fake *f);

/* A frame from the remote port: from the responder of the exchange, ids and fill put here. */
void fake_send(struct fake *f, uint16_t ox_id, const struct fc_header *h, const void *data,
	       size_t n);

/* Entry i of the scatter list at an offset of the memory. type: SGE_* */
void fake_sge(struct fake *f, uint32_t list, unsigned int i, uint64_t address, uint32_t offset,
	      uint32_t length, uint8_t type, bool last);

/* What a completion queue entry says. */
static inline uint8_t entry_code(const uint32_t *e)
{
	return (uint8_t)(e[3] >> 16);
}

static inline uint8_t entry_status(const uint32_t *e)
{
	return (uint8_t)(e[0] >> 8);
}

#define ENTRY_BUSY	0x10000000u	/* XB, in word 3 */

#endif
