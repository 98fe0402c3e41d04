// SPDX-License-Identifier: Apache-2.0
/* Task management: by FCP_CMND's flags (FCP-4 9.1.2.5), and one task by ABTS (FCP-4 12.3). */
#include "target.h"

void manage_tasks(struct target *t, struct session *s, const struct fc_header *h,
		  const uint8_t *iu)
{
	uint8_t code = FCP_MANAGED;
	int r = 0;

	switch (iu[FCP_CMND_MANAGE]) {
	case FCP_ABORT_TASK_SET:
		r = scsi_abort_task_set(s->nexus, iu);
		break;
	case FCP_CLEAR_TASK_SET:
		r = scsi_clear_task_set(s->nexus, iu);
		break;
	case FCP_LUN_RESET:
		r = scsi_lun_reset(s->nexus, iu);
		break;
	case FCP_TARGET_RESET:
		scsi_target_reset(s->nexus);
		break;
	case FCP_CLEAR_ACA:
		code = FCP_MANAGE_REJECTED;	/* NORMACA is 0: there is none */
		break;
	default:
		code = FCP_CMND_INVALID;	/* none that is known, or several */
	}
	command_respond_code(t, s, h, FC_ID_NONE, r ? FCP_WRONG_LUN : code);
}

void manage_abort(struct target *t, const struct fc_header *h)
{
	struct exchange *x = exchange_find(t, h->s_id, h->ox_id);
	const struct fc_sender out = target_sender(t);
	uint16_t rx_id;

	if (!x || (h->rx_id != FC_ID_NONE && h->rx_id != x->rx_id)) {
		fc_bls_reject(&out, h, FC_BA_RJT_LOGICAL_ERROR, FC_BA_EXPLAIN_INVALID_OX_RX);
		return;
	}
	rx_id = x->rx_id;
	scsi_abort(&x->task);
	exchange_free(x);
	fc_bls_accept(&out, h, rx_id);
}
