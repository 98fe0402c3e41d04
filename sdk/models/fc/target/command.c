// SPDX-License-Identifier: Apache-2.0
/* A command's first and last sequence: FCP_CMND to the SCSI target, its answer as FCP_RSP. */
#include "target.h"

#include <string.h>

#include <vmhi-model/model.h>

#define ASC_MESSAGE_ERROR 0x4900	/* INVALID MESSAGE ERROR: a wrong task attribute */

void command_respond(struct target *t, const struct session *s, const struct fc_header *h,
		     uint16_t rx_id, const struct answer *a)
{
	uint8_t iu[FCP_RSP_SIZE + FCP_RSP_INFO_SIZE + SCSI_SENSE_MAX] = {0};
	const struct fc_sender out = target_sender(t);
	const struct fc_header fh = {
		.r_ctl = FC_RCTL_DATA_CMD_STATUS, .d_id = h->s_id, .s_id = h->d_id,
		.type = FC_TYPE_FCP, .ox_id = h->ox_id, .rx_id = rx_id, .seq_id = 0xff,
		.f_ctl = FC_FCTL_RESPONDER | FC_FCTL_LAST_SEQ | FC_FCTL_END_SEQ,
	};
	size_t n = FCP_RSP_SIZE;

	if (control_hits(&t->faults.drop_rsp))
		return;
	iu[FCP_RSP_FLAGS] = a->flags;
	iu[FCP_RSP_STATUS] = a->status;
	fc_put32(iu + FCP_RSP_RESID, a->residual);
	if (a->flags & FCP_RSP_LEN_VALID) {
		fc_put32(iu + FCP_RSP_RSP_LEN, FCP_RSP_INFO_SIZE);
		iu[n + 3] = a->code;
		n += FCP_RSP_INFO_SIZE;
	}
	if (a->sense_size) {
		iu[FCP_RSP_FLAGS] |= FCP_SNS_LEN_VALID;
		fc_put32(iu + FCP_RSP_SNS_LEN, (uint32_t)a->sense_size);
		memcpy(iu + n, a->sense, a->sense_size);
		n += a->sense_size;
	}
	fc_sequence_send(&out, &fh, iu, n, s->frame_size);
}

void command_respond_code(struct target *t, const struct session *s, const struct fc_header *h,
			  uint16_t rx_id, uint8_t code)
{
	const struct answer a = {.flags = FCP_RSP_LEN_VALID, .code = code};

	command_respond(t, s, h, rx_id, &a);
}

/* FCP-4 9.5: a residual is what FCP_DL and the command's own length differ by. */
static void done(struct scsi_task *task)
{
	struct exchange *x = (struct exchange *)task;
	struct answer a = {.status = task->status};

	if (task->total > x->length) {
		a.flags = FCP_RESID_OVER;
		a.residual = task->total - x->length;
	} else if (task->total < x->length) {
		a.flags = FCP_RESID_UNDER;
		a.residual = x->length - task->total;
	}
	if (task->status == SCSI_CHECK_CONDITION) {
		a.sense = task->sense;
		a.sense_size = task->sense_size;
	}
	if (task->data_size)
		data_send(x);
	command_respond(x->target, x->session, &x->h, x->rx_id, &a);
	exchange_free(x);
}

static void aborted(struct scsi_task *task)
{
	exchange_free((struct exchange *)task);
}

const struct scsi_ops command_ops = {.want_data = data_want, .done = done, .aborted = aborted};

/* True: a switch has answered it. */
static bool switched(struct exchange *x)
{
	struct switches *f = &x->target->faults;

	if (control_hits(&f->full))
		x->task.status = SCSI_TASK_SET_FULL;
	else if (control_hits(&f->busy))
		x->task.status = SCSI_BUSY;
	else if (control_hits(&f->check))
		scsi_refuse(&x->task, f->key, f->asc);
	else
		return false;
	done(&x->task);
	return true;
}

static uint8_t attribute(uint8_t code)
{
	return code == FCP_HEAD_OF_QUEUE ? SCSI_HEAD_OF_QUEUE :
	       code == FCP_ORDERED ? SCSI_ORDERED : SCSI_SIMPLE;
}

static void begin(struct target *t, struct session *s, const struct fc_header *h,
		  const uint8_t *iu, uint32_t length)
{
	static const struct answer busy = {.status = SCSI_BUSY};
	uint8_t code = iu[FCP_CMND_ATTRIBUTE] & 7, direction = iu[FCP_CMND_DIRECTION];
	struct exchange *x = exchange_new(t, s, h);

	if (!x) {
		command_respond(t, s, h, FC_ID_NONE, &busy);
		return;
	}
	x->length = length;
	memcpy(x->task.lun, iu, 8);
	memcpy(x->task.cdb, iu + FCP_CMND_CDB, SCSI_CDB_MAX);
	x->task.attribute = attribute(code);
	x->task.in_room = direction & FCP_RDDATA ? length : 0;
	x->task.out_size = direction & FCP_WRDATA ? length : 0;
	if (switched(x))
		return;
	if (code == 3 || code == FCP_ACA || code > FCP_UNTAGGED) {
		scsi_refuse(&x->task, SCSI_ILLEGAL_REQUEST, ASC_MESSAGE_ERROR);
		done(&x->task);
		return;
	}
	scsi_submit(&x->task);
}

/* FCP-4 9.1 */
void command_receive(struct target *t, const struct fc_header *h, const uint8_t *iu, size_t n)
{
	struct session *s = session_find(t, h->s_id);
	size_t more;

	if (!s || !s->process) {
		session_logo(t, h->s_id);
		return;
	}
	if (!(h->f_ctl & FC_FCTL_END_SEQ) || exchange_find(t, h->s_id, h->ox_id))
		return;		/* in pieces, or its ids are in use: it is no command of ours */
	more = n >= FCP_CMND_SIZE ? iu[FCP_CMND_DIRECTION] & 0xfcu : 0;
	if (n < FCP_CMND_SIZE + more ||
	    (iu[FCP_CMND_DIRECTION] & (FCP_RDDATA | FCP_WRDATA)) == (FCP_RDDATA | FCP_WRDATA))
		command_respond_code(t, s, h, FC_ID_NONE, FCP_CMND_INVALID);
	else if (iu[FCP_CMND_MANAGE])
		manage_tasks(t, s, h, iu);
	else
		begin(t, s, h, iu, fc_get32(iu + FCP_CMND_DL + more));
}
