// SPDX-License-Identifier: Apache-2.0
/* How mailbox commands arrive, which there are, and how their end is told. */
#include "mbox.h"

#include "card.h"
#include "queue.h"

#define MCQE_CONSUMED	0x08000000u
#define MCQE_COMPLETED	0x10000000u
/* Completion status of an entry: why its command has no success in its own status. */
#define MCQE_INVALID	0x2
#define MCQE_NO_ROOM	0x3
#define MCQE_DMA_FAILED	0x5

#define BMBX_CQE	256	/* the completion lies behind the command */

static const struct {
	uint8_t code;
	mbox_fn *run;
} commands[] = {
	{MBX_READ_NVPARMS, mbox_read_nvparms},
	{MBX_INIT_LINK, mbox_init_link},
	{MBX_DOWN_LINK, mbox_down_link},
	{MBX_CONFIG_LINK, mbox_config_link},
	{MBX_READ_CONFIG, mbox_read_config},
	{MBX_READ_STATUS, mbox_read_status},
	{MBX_READ_REV, mbox_read_rev},
	{MBX_READ_LNK_STAT, mbox_read_lnk_stat},
	{MBX_UNREG_RPI, mbox_unreg_rpi},
	{MBX_DUMP, mbox_dump},
	{MBX_UNREG_D_ID, mbox_unreg_d_id},
	{MBX_HEARTBEAT, mbox_nothing},
	{MBX_READ_SPARM64, mbox_read_sparm},
	{MBX_REG_RPI, mbox_reg_rpi},
	{MBX_READ_TOPOLOGY, mbox_read_topology},
	{MBX_REG_VPI, mbox_reg_vpi},
	{MBX_UNREG_VPI, mbox_unreg_vpi},
	{MBX_SLI_CONFIG, mbox_sli_config},
	{MBX_REQUEST_FEATURES, mbox_request_features},
	{MBX_RESUME_RPI, mbox_resume_rpi},
	{MBX_REG_VFI, mbox_reg_vfi},
	{MBX_REG_FCFI, mbox_reg_fcfi},
	{MBX_UNREG_VFI, mbox_unreg_vfi},
	{MBX_UNREG_FCFI, mbox_unreg_fcfi},
	{MBX_INIT_VFI, mbox_init_vfi},
	{MBX_INIT_VPI, mbox_init_vpi},
};

static uint16_t run(struct card *c, uint32_t *w)
{
	uint8_t code = (uint8_t)(w[0] >> 8);

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (commands[i].code == code)
			return commands[i].run(c, w);
	if (c->unknown++ < UNKNOWN_LOGGED)
		model_log("mailbox command 0x%02x is not modelled", code);
	return MBX_UNSUPPORTED;
}

void mbox_execute(struct card *c, uint32_t *w)
{
	uint16_t status = run(c, w);

	w[0] = (w[0] & 0xffff) | (uint32_t)status << 16;
}

/* The completion of an executed command: its tags and what became of it. */
static void complete(const uint32_t *w, uint32_t cqe[4])
{
	uint16_t status = (uint16_t)(w[0] >> 16);

	cqe[0] = status == MBX_SUCCESS ? 0 : status == MBX_NO_RESOURCES ? MCQE_NO_ROOM :
		 status == MBX_DMA_ERROR ? MCQE_DMA_FAILED : MCQE_INVALID;
	/* Only SLI_CONFIG has a tag. */
	cqe[1] = (w[0] >> 8 & 0xff) == MBX_SLI_CONFIG ? w[3] : 0;
	cqe[2] = (w[0] >> 8 & 0xff) == MBX_SLI_CONFIG ? w[4] : 0;
	cqe[3] = MCQE_CONSUMED | MCQE_COMPLETED;
}

static void bmbx_run(struct card *c)
{
	uint32_t w[MBX_WORDS], cqe[4];
	uint64_t at = c->bmbx;

	if (words_read(c, at, w, MBX_WORDS))
		return;		/* a DMA fault, which the log has; nothing can be answered */
	mbox_execute(c, w);
	complete(w, cqe);
	cqe[3] |= CQE_VALID;
	if (!words_write(c, at, w, MBX_WORDS))
		words_write(c, at + BMBX_CQE, cqe, 4);
}

/* Bits 63 to 34 of the address come with HIGH, bits 33 to 4 without; it is 16-byte aligned. */
void bmbx_write(struct card *c, uint32_t v)
{
	if (v & BMBX_HIGH) {
		c->bmbx = (c->bmbx & 0x3ffffffffull) | (uint64_t)(v & ~3u) << 32;
		return;
	}
	c->bmbx = (c->bmbx & ~0x3ffffffffull) | (uint64_t)(v & ~3u) << 2;
	if (card_ready(c))
		bmbx_run(c);
}

void mq_run(struct card *c, struct sq *q)
{
	while (q->used && q->ring.waiting) {
		uint64_t at = ring_address(&q->ring);
		uint32_t w[MBX_WORDS], cqe[4];

		ring_advance(&q->ring);
		q->ring.waiting--;
		if (words_read(c, at, w, MBX_WORDS))
			continue;
		mbox_execute(c, w);
		complete(w, cqe);
		if (!q->used || words_write(c, at, w, MBX_WORDS))
			continue;	/* the command took the queue away, or a DMA fault */
		cq_post(c, q->cq_id, cqe);
	}
}
