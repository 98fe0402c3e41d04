// SPDX-License-Identifier: Apache-2.0
/* A command's data (FCP-4 9.3 and 9.4): read data out, write data asked for burst by burst. */
#include "target.h"

#include <string.h>

#include <vmhi-model/loop.h>

static void send(struct exchange *x, uint8_t r_ctl, uint32_t f_ctl, const void *p, size_t n)
{
	const struct fc_sender out = target_sender(x->target);
	const struct fc_header h = {
		.r_ctl = r_ctl, .d_id = x->h.s_id, .s_id = x->h.d_id, .type = FC_TYPE_FCP,
		.f_ctl = FC_FCTL_RESPONDER | FC_FCTL_END_SEQ | f_ctl, .seq_id = x->seq_id++,
		.ox_id = x->h.ox_id, .rx_id = x->rx_id,
	};

	fc_sequence_send(&out, &h, p, n, x->session->frame_size);
}

/* In one sequence, whatever its length. */
void data_send(struct exchange *x)
{
	if (!control_hits(&x->target->faults.drop_data))
		send(x, FC_RCTL_DATA_SOLICITED, FC_FCTL_REL_OFFSET, x->task.data,
		     x->task.data_size);
}

static void ask(struct exchange *x)
{
	uint8_t iu[FCP_XFER_RDY_SIZE] = {0};
	uint32_t n = x->task.data_size - x->moved;

	if (n > BURST_MAX)
		n = BURST_MAX;
	x->burst_end = x->moved + n;
	x->bursting = true;
	x->since_ns = model_now_ns();
	fc_put32(iu, x->moved);
	fc_put32(iu + 4, n);
	send(x, FC_RCTL_DATA_DESCRIPTOR, FC_FCTL_SEQ_INITIATIVE, iu, sizeof(iu));
}

void data_want(struct scsi_task *task)
{
	ask((struct exchange *)task);
}

static void fail(struct exchange *x, uint8_t code)
{
	struct target *t = x->target;
	struct session *s = x->session;
	struct fc_header h = x->h;
	uint16_t rx_id = x->rx_id;

	scsi_abort(&x->task);
	exchange_free(x);
	command_respond_code(t, s, &h, rx_id, code);
}

void data_receive(struct target *t, const struct fc_header *h, const uint8_t *data, size_t n)
{
	struct exchange *x = exchange_of_data(t, h);
	bool last = h->f_ctl & FC_FCTL_END_SEQ;

	if (!x || !x->bursting || !(h->f_ctl & FC_FCTL_REL_OFFSET))
		return;
	x->since_ns = model_now_ns();
	if (h->parameter != x->moved) {
		/* A burst that begins elsewhere is an error; later on a frame was lost, and nothing
		 * is said: the initiator's timers find out, as with any loss in class 3. */
		if (!h->seq_cnt)
			fail(x, FCP_OFFSET_DIFFERS);
		return;
	}
	if (n > x->burst_end - x->moved || (last && n < x->burst_end - x->moved)) {
		fail(x, FCP_BURST_DIFFERS);
		return;
	}
	memcpy(x->task.data + x->moved, data, n);
	x->moved += (uint32_t)n;
	if (!last)
		return;
	if (x->moved < x->task.data_size) {
		ask(x);
		return;
	}
	x->bursting = false;
	scsi_data_out(&x->task);
}
