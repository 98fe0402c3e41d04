// SPDX-License-Identifier: Apache-2.0
/*
 * A hostile fibre, and a hostile host, at the LPe31000 model's exchanges. The input is a list of
 * steps: commands, aborts, work queue entries and scatter list entries of any bytes, frames of the
 * far end, credit that goes and comes, light that goes and comes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/hba/emulex/lpe31000/model/rx.h"
#include "plugins/hba/emulex/lpe31000/model/tx.h"
#include "tests/fuzz/input.h"
#include "tests/unit/lpe-fcp.h"

#define RINGS		0x40000u	/* receive queues, in the fake's memory */
#define BUFFERS		0x50000u
#define BUFFER_SIZE	2048u
#define BUFFER_COUNT	8u
#define STEPS		64		/* so that all completions are kept */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
	struct fake *f;
	unsigned int posted;		/* work queue entries */
	bool paused;
};

static void hand_over(struct run *r, struct wqe *w)
{
	w->wq_id = FAKE_WQ;
	r->posted++;
	if (wqe_command(w) == WQE_ABORT_XRI)
		abort_request(&r->f->c, w);
	else
		fcp_command(&r->f->c, w);
}

static void step_command(struct run *r, struct input *in)
{
	static const uint8_t command[] = {WQE_FCP_IREAD64, WQE_FCP_IWRITE64, WQE_FCP_ICMND64,
					  WQE_FCP_IWRITE64};
	uint8_t b[4];
	struct wqe w;

	take(in, b, sizeof(b));
	w = fcp_wqe(command[b[0] & 3], b[1] & 15, fc_get16(b + 2) * 4u);
	w.word[5] = b[0] & 0x80 ? w.word[4] / 2 : 0;
	if (b[0] & 0x40)
		fcp_one_part(r->f, b[1] & 15, w.word[4]);
	hand_over(r, &w);
}

static void step_entry(struct run *r, struct input *in)
{
	struct wqe w = {.words = take8(in) & 1 ? 16 : 32};

	take(in, w.word, w.words * 4);
	hand_over(r, &w);
}

static void step_abort(struct run *r, struct input *in)
{
	uint8_t b[3];
	struct wqe w = {.words = 16, .word = {[7] = WQE_ABORT_XRI << 8}};

	take(in, b, sizeof(b));
	w.word[3] = (uint32_t)(b[0] & 7) << 8 | b[1];
	w.word[8] = b[2];
	hand_over(r, &w);
}

static void step_frame(struct run *r, struct input *in)
{
	uint8_t kind = take8(in), frame[FC_FRAME_MAX];
	size_t n = FC_HEADER_SIZE + (take8(in) * 8u + (kind & 4)) % (FC_PAYLOAD_MAX + 4);
	struct fc_header h;

	take(in, frame, FC_HEADER_SIZE);
	take(in, frame + FC_HEADER_SIZE, n - FC_HEADER_SIZE);
	fc_header_get(&h, frame);
	if (kind & 1) {
		h.d_id = FAKE_HOST_ID;
		h.s_id = FAKE_FAR_ID;
		h.ox_id &= 15;
		h.f_ctl |= FC_FCTL_RESPONDER;
		fc_header_put(frame, &h);
	}
	rx_frame(&r->f->c, FC_SOF_I3, frame, n, kind & 2 ? FC_EOF_N : FC_EOF_T);
}

static void step_sge(struct run *r, struct input *in)
{
	uint8_t b[2];

	take(in, b, sizeof(b));
	take(in, fake_at(r->f, LIST(b[0] & 15) + b[1] % 8 * 16), 16);
}

static void step_fibre(struct run *r, struct input *in)
{
	struct card *c = &r->f->c;
	uint8_t what = take8(in);

	if (what & 1) {
		r->paused = !r->paused;
		fc_wire_pause(r->f->far, r->paused);
	}
	if (what & 2) {
		c->link_up = !c->link_up;
		tx_drop(c);
		rx_drop(c);
	}
	for (int i = 0; what & 4 && i < 4; i++)
		model_loop_once(c->loop, 0);
}

static void receive_queues(struct fake *f)
{
	struct card *c = &f->c;

	for (unsigned int q = 0; q < 2; q++) {
		uint32_t ring = RINGS + q * SLI_PAGE;

		c->rq[q] = (struct sq){.used = true, .cq_id = FAKE_CQ, .buffer_size = BUFFER_SIZE};
		c->rq[q].ring = (struct ring){.page = {fake_address(ring)}, .page_size = SLI_PAGE,
					      .entry_size = 8, .entries = BUFFER_COUNT,
					      .waiting = BUFFER_COUNT};
		for (unsigned int i = 0; i < BUFFER_COUNT; i++) {
			uint64_t at = fake_address(BUFFERS + (q * BUFFER_COUNT + i) * BUFFER_SIZE);
			uint32_t rqe[2] = {(uint32_t)(at >> 32), (uint32_t)at};

			memcpy(fake_at(f, ring + 8 * i), rqe, 8);
		}
	}
	c->fcfi[0].registered = true;
	for (int i = 1; i < RQ_FILTERS; i++)
		c->fcfi[0].filter[i].rq_id = SLI_NONE;
}

/* Each entry of the host completes once at most, and each busy exchange is told of once. */
static void check(const struct run *r)
{
	const struct fake *f = r->f;
	unsigned int done = 0, busy = 0, aborted = 0;

	for (unsigned int i = 0; i < f->entries; i++) {
		const uint32_t *e = f->entry[i];

		done += entry_code(e) == CQE_WQE_DONE;
		busy += entry_code(e) == CQE_WQE_DONE && e[3] & ENTRY_BUSY;
		aborted += entry_code(e) == CQE_XRI_ABORTED;
	}
	if (done > r->posted || aborted > busy || f->entries > FAKE_KEPT)
		abort();
	/* Every exchange may have an ABTS or a confirmation waiting beside a burst. */
	if (card_send_waiting(&f->c) > CARD_SEND_HIGH + (STEPS + 1) * FC_FRAME_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const step[])(struct run *r, struct input *in) = {
		step_command, step_entry, step_abort, step_frame, step_frame, step_frame,
		step_sge, step_fibre,
	};
	struct run r = {.f = fcp_start(2048)};
	struct input in = {data, size};

	receive_queues(r.f);
	for (int i = 0; i < STEPS && in.left; i++)
		step[take8(&in) & 7](&r, &in);
	check(&r);
	fake_stop(r.f);
	return 0;
}
