// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/lpe-fake.h"
#include "tests/unit/lpe-memory.h"
#include "tests/unit/model-clock.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "plugins/hba/emulex/lpe31000/model/queue.h"
#include "plugins/hba/emulex/lpe31000/model/rx.h"
#include "plugins/hba/emulex/lpe31000/model/tx.h"

static struct fake fake;

uint8_t *lpe_memory(uint64_t iova, size_t n)
{
	uint64_t at = iova - FAKE_BASE;

	return iova < FAKE_BASE || at > FAKE_SIZE || n > FAKE_SIZE - at ? NULL : fake.memory + at;
}

void cq_post(struct card *c, uint16_t cq_id, const uint32_t word[4])
{
	struct fake *f = (struct fake *)c;

	if (cq_id != FAKE_CQ)
		abort();
	memcpy(f->entry[f->entries++ % FAKE_KEPT], word, 16);
}

static void on_far_frame(void *dev, uint8_t sof, const uint8_t *frame, size_t n, uint8_t eof)
{
	struct fake *f = dev;
	struct fake_frame *got = &f->frame[f->frames++ % FAKE_KEPT];

	fc_header_get(&got->h, frame);
	got->sof = sof;
	got->eof = eof;
	got->n = n - FC_HEADER_SIZE;
	memcpy(got->data, frame + FC_HEADER_SIZE, got->n);
}

static void on_far_link(void *dev, bool up)
{
}

static void on_link(void *dev, bool up)
{
	((struct card *)dev)->link_up = up;
}

static const struct fc_wire_ops far_ops = {.receive = on_far_frame, .link = on_far_link};
static const struct fc_wire_ops port_ops = {
	.receive = rx_frame, .link = on_link, .ready = tx_ready,
};

static void log_in(struct card *c, uint16_t frame_max)
{
	c->vpi[1].initialized = c->vpi[1].registered = true;
	c->vpi[1].nport_id = FAKE_HOST_ID;
	c->rpi[FAKE_RPI] = (struct rpi){.registered = true, .vpi = 1, .nport_id = FAKE_FAR_ID,
					.frame_max = frame_max};
	c->wq[FAKE_WQ] = (struct sq){.used = true, .cq_id = FAKE_CQ};
}

struct fake *fake_start(uint16_t frame_max)
{
	struct fake *f = &fake;
	int s[2];

	memset(&f->c, 0, sizeof(f->c));
	f->entries = f->entries_read = f->frames = f->frames_read = 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s))
		abort();
	f->c.loop = model_loop_new();
	f->c.out_end = &f->c.out;
	f->c.in_end = &f->c.in;
	f->c.wire = fc_wire_adopt(f->c.loop, s[0], &port_ops, &f->c);
	f->far = fc_wire_adopt(f->c.loop, s[1], &far_ops, f);
	if (!f->c.wire || !f->far)
		abort();
	log_in(&f->c, frame_max);
	fake_run(f);
	return f;
}

void fake_stop(struct fake *f)
{
	for (uint16_t i = 0; i < XRIS; i++)
		if (exchange_find(&f->c, i))
			exchange_end(&f->c, exchange_find(&f->c, i));
	tx_drop(&f->c);
	rx_drop(&f->c);
	fc_wire_close(f->c.wire);
	fc_wire_close(f->far);
	model_loop_free(f->c.loop);
}

void fake_run(struct fake *f)
{
	for (int i = 0; i < 40; i++)
		clock_turn(f->c.loop, 0);
}

uint8_t *fake_at(struct fake *f, uint32_t offset)
{
	return f->memory + offset;
}

uint64_t fake_address(uint32_t offset)
{
	return FAKE_BASE + offset;
}

const struct fake_frame *fake_frame(struct fake *f)
{
	fake_run(f);
	return f->frames_read == f->frames ? NULL : &f->frame[f->frames_read++ % FAKE_KEPT];
}

const uint32_t *fake_entry(struct fake *f)
{
	fake_run(f);
	return f->entries_read == f->entries ? NULL : f->entry[f->entries_read++ % FAKE_KEPT];
}

void fake_send(struct fake *f, uint16_t ox_id, const struct fc_header *h, const void *data,
	       size_t n)
{
	uint8_t frame[FC_FRAME_MAX] = {0};
	struct fc_header out = *h;

	out.d_id = FAKE_HOST_ID;
	out.s_id = FAKE_FAR_ID;
	out.ox_id = ox_id;
	out.f_ctl |= FC_FCTL_RESPONDER | (-n & FC_FCTL_FILL);
	fc_header_put(frame, &out);
	memcpy(frame + FC_HEADER_SIZE, data, n);
	if (fc_wire_send(f->far, out.seq_cnt ? FC_SOF_N3 : FC_SOF_I3, frame,
			 FC_HEADER_SIZE + ((n + 3) & ~(size_t)3),
			 out.f_ctl & FC_FCTL_END_SEQ ? FC_EOF_T : FC_EOF_N))
		abort();
	fake_run(f);
}

static void little32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

void fake_sge(struct fake *f, uint32_t list, unsigned int i, uint64_t address, uint32_t offset,
	      uint32_t length, uint8_t type, bool last)
{
	uint8_t *p = fake_at(f, list + 16 * i);

	little32(p, (uint32_t)(address >> 32));
	little32(p + 4, (uint32_t)address);
	little32(p + 8, offset | (uint32_t)type << 27 | (uint32_t)last << 31);
	little32(p + 12, length);
}
