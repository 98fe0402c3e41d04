// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/fc-initiator.h"
#include "tests/unit/cunit.h"
#include "tests/unit/model-clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void send_frame(void *dev, uint8_t sof, const uint8_t *frame, size_t n, uint8_t eof)
{
	struct initiator *i = dev;
	int r;

	/* Answers find room; it is the test itself that sends more than the wire holds. */
	while ((r = fc_wire_send(i->wire, sof, frame, n, eof)) == -EAGAIN)
		clock_turn(i->loop, 0);
	CU_ASSERT_EQUAL_FATAL(r, 0);
}

static struct fc_sender sender(struct initiator *i)
{
	return (struct fc_sender){.send = send_frame, .dev = i};
}

/* The fabric's part: it gives the address and knows everybody. */
static void on_request(void *dev, const struct fc_sequence *s)
{
	struct initiator *i = dev;
	struct fc_login l = {.command = FC_ELS_LS_ACC, .features = FC_LOGIN_F_PORT, .wwpn = 1,
			     .wwnn = 1, .frame_size = 2112, .class3_size = 2112};
	struct fc_ct ct = {.gs_type = FC_CT_DIRECTORY, .gs_subtype = FC_CT_NAME_SERVER,
			   .command = FC_CT_ACCEPT};
	struct fc_header h = s->h;
	uint8_t payload[FC_LOGIN_SIZE];

	if (s->h.type == FC_TYPE_CT) {
		i->registered++;
		fc_ct_put(payload, &ct);
		fc_exchange_reply(i->x, &h, payload, FC_CT_SIZE, 0);
	} else if (s->payload[0] == FC_ELS_LOGO) {
		i->logos++;
		fc_exchange_ls_acc(i->x, &h);
	} else {
		i->flogis += s->payload[0] == FC_ELS_FLOGI;
		h.s_id = TARGET_ID;
		fc_login_put(payload, &l);
		fc_exchange_reply(i->x, &h, payload, sizeof(payload), 0);
	}
}

static void on_data(struct initiator *i, const struct fc_header *h, const uint8_t *p, size_t n)
{
	if (!i->data_frames++)
		CU_ASSERT_EQUAL(h->seq_cnt, 0);
	CU_ASSERT_EQUAL(h->parameter, i->data_n);
	CU_ASSERT_FATAL(h->parameter + n <= sizeof(i->data));
	memcpy(i->data + h->parameter, p, n);
	i->data_n += n;
}

static void on_frame(void *dev, uint8_t sof, const uint8_t *frame, size_t n, uint8_t eof)
{
	struct initiator *i = dev;
	const uint8_t *p = frame + FC_HEADER_SIZE;
	struct fc_header h;

	(void)sof;
	(void)eof;
	fc_header_get(&h, frame);
	if (fc_exchanges_receive(i->x, frame, n) || h.ox_id != i->ox_id)
		return;
	n -= FC_HEADER_SIZE + (h.f_ctl & FC_FCTL_FILL);
	CU_ASSERT(h.s_id == TARGET_ID && h.d_id == INITIATOR_ID);
	i->rx_id = h.rx_id;
	if (h.r_ctl == FC_RCTL_DATA_DESCRIPTOR) {
		CU_ASSERT(n == 12 && h.f_ctl & FC_FCTL_SEQ_INITIATIVE);
		i->burst_at = fc_get32(p);
		i->burst_n = fc_get32(p + 4);
		i->bursts++;
	} else if (h.r_ctl == FC_RCTL_DATA_SOLICITED) {
		on_data(i, &h, p, n);
	} else if (h.r_ctl == FC_RCTL_DATA_CMD_STATUS) {
		CU_ASSERT_FATAL(n >= 24 && n <= sizeof(i->rsp) && h.f_ctl & FC_FCTL_LAST_SEQ);
		memcpy(i->rsp, p, n);
		i->rsp_n = n;
		i->answered = true;
	}
	i->accepted |= h.r_ctl == FC_RCTL_BLS_ACC;
	i->rejected |= h.r_ctl == FC_RCTL_BLS_RJT;
}

static void on_link(void *dev, bool up)
{
	struct initiator *i = dev;

	i->ups += up;
	i->downs += !up;
}

static const struct fc_wire_ops wire_ops = {.receive = on_frame, .link = on_link};

void initiator_settle(struct initiator *i)
{
	for (int n = 0; n < 20; n++)
		clock_turn(i->loop, 0);
}

bool initiator_wait(struct initiator *i, const bool *what)
{
	for (int n = 0; n < 2000 && !*what; n++)
		clock_turn(i->loop, 1);
	return *what;
}

void initiator_up(struct initiator *i)
{
	struct fc_exchanges_ops ops = {.request = on_request};
	struct scsi_lu_config lu = {.block_size = 512};
	char why[256] = "", spec[80];
	int fd;

	memset(i, 0, sizeof(*i));
	strcpy(i->lun, "/tmp/vmhi-fct-lun-XXXXXX");
	fd = mkstemp(i->lun);
	CU_ASSERT_FATAL(fd >= 0 && ftruncate(fd, LUN_BLOCKS * 512) == 0);
	close(fd);
	snprintf(i->path, sizeof(i->path), "/tmp/vmhi-fct-%d", (int)getpid());
	i->loop = model_loop_new();
	CU_ASSERT_FATAL(i->loop != NULL);
	i->target = target_new(i->loop, 0x2001000000000001ull, 0x2000000000000001ull);
	CU_ASSERT_FATAL(i->target != NULL);
	lu.path = i->lun;
	CU_ASSERT_EQUAL_FATAL(scsi_lu_add(i->target->scsi, &lu, why, sizeof(why)), 0);
	ops.out = sender(i);
	i->x = fc_exchanges_new(i->loop, &ops);
	snprintf(spec, sizeof(spec), "fc-listen:%s", i->path);
	i->wire = fc_wire_open(i->loop, spec, &wire_ops, i, why, sizeof(why));
	CU_ASSERT_FATAL(i->x && i->wire);
	snprintf(spec, sizeof(spec), "fc:%s", i->path);
	CU_ASSERT_EQUAL_FATAL(target_wire(i->target, spec, why, sizeof(why)), 0);
	for (int n = 0; n < 2000 && i->registered < 4; n++)
		clock_turn(i->loop, 1);
	initiator_settle(i);
	CU_ASSERT(i->registered == 4 && i->flogis == 1 && i->target->id == TARGET_ID);
}

void initiator_down(struct initiator *i)
{
	target_free(i->target);
	fc_wire_close(i->wire);
	fc_exchanges_free(i->x);
	model_loop_free(i->loop);
	unlink(i->lun);
}

static void on_reply(void *arg, int status, const struct fc_sequence *reply)
{
	struct initiator *i = arg;

	i->els_status = status;
	i->els_n = reply ? reply->n : 0;
	if (i->els_n > sizeof(i->els))
		i->els_n = sizeof(i->els);
	if (reply)
		memcpy(i->els, reply->payload, i->els_n);
	i->answered = true;
}

uint8_t initiator_els(struct initiator *i, const void *payload, size_t n)
{
	const struct fc_request r = {
		.s_id = INITIATOR_ID, .d_id = TARGET_ID, .r_ctl = FC_RCTL_ELS_REQUEST,
		.type = FC_TYPE_ELS, .payload = payload, .n = n, .done = on_reply, .arg = i,
	};

	i->answered = false;
	memset(i->els, 0, sizeof(i->els));
	CU_ASSERT(fc_exchange_originate(i->x, &r) >= 0);
	initiator_wait(i, &i->answered);
	return i->els[0];
}

uint8_t initiator_plogi(struct initiator *i)
{
	const struct fc_login l = {
		.command = FC_ELS_PLOGI, .features = FC_LOGIN_CIRO, .frame_size = 2048,
		.class3_size = 2048, .wwpn = INITIATOR_WWPN, .wwnn = 2,
	};
	uint8_t payload[FC_LOGIN_SIZE];

	fc_login_put(payload, &l);
	return initiator_els(i, payload, sizeof(payload));
}

uint8_t initiator_prli(struct initiator *i, uint8_t type)
{
	const uint8_t payload[20] = {FC_ELS_PRLI, 16, 0, 20, type, 0, 0x20, 0, [19] = 0x22};

	return initiator_els(i, payload, sizeof(payload));
}

void initiator_login(struct initiator *i)
{
	CU_ASSERT_EQUAL(initiator_plogi(i), FC_ELS_LS_ACC);
	CU_ASSERT_EQUAL(initiator_prli(i, FC_TYPE_FCP), FC_ELS_LS_ACC);
}

static void send_fcp(struct initiator *i, const struct fc_header *of, const void *p, size_t n)
{
	const struct fc_sender out = sender(i);
	struct fc_header h = *of;

	h.s_id = INITIATOR_ID;
	h.d_id = TARGET_ID;
	h.ox_id = i->ox_id;
	fc_sequence_send(&out, &h, p, n, 2048);
}

void initiator_command(struct initiator *i, const uint8_t *iu, size_t n)
{
	const struct fc_header h = {
		.r_ctl = FC_RCTL_DATA_UNSOLICITED_CMD, .type = FC_TYPE_FCP, .rx_id = FC_ID_NONE,
		.f_ctl = FC_FCTL_FIRST_SEQ | FC_FCTL_END_SEQ | FC_FCTL_SEQ_INITIATIVE,
	};

	i->ox_id++;
	i->data_n = i->data_frames = i->bursts = 0;
	i->answered = i->accepted = i->rejected = false;
	memset(i->rsp, 0, sizeof(i->rsp));
	send_fcp(i, &h, iu, n);
}

void initiator_data(struct initiator *i, uint32_t offset, const void *p, size_t n, uint16_t seq_cnt,
		    bool last)
{
	const struct fc_header h = {
		.r_ctl = FC_RCTL_DATA_SOLICITED, .type = FC_TYPE_FCP, .rx_id = i->rx_id,
		.f_ctl = FC_FCTL_REL_OFFSET | (last ? FC_FCTL_END_SEQ : 0), .parameter = offset,
		.seq_cnt = seq_cnt,
	};

	send_fcp(i, &h, p, n);
}

void initiator_abort(struct initiator *i, uint16_t ox_id)
{
	const struct fc_header h = {
		.r_ctl = FC_RCTL_BLS_ABTS, .type = FC_TYPE_BLS, .rx_id = FC_ID_NONE,
		.f_ctl = FC_FCTL_END_SEQ | FC_FCTL_SEQ_INITIATIVE,
	};

	i->ox_id = ox_id;
	i->accepted = i->rejected = false;
	send_fcp(i, &h, NULL, 0);
	initiator_settle(i);
}

uint8_t initiator_run(struct initiator *i, uint8_t lun, const uint8_t *cdb, uint8_t direction,
		      uint32_t length, const uint8_t *out)
{
	uint8_t iu[FCP_CMND_SIZE] = {0, lun, [FCP_CMND_DIRECTION] = direction};
	unsigned int bursts = 0;

	memcpy(iu + FCP_CMND_CDB, cdb, SCSI_CDB_MAX);
	fc_put32(iu + FCP_CMND_DL, length);
	initiator_command(i, iu, sizeof(iu));
	for (int n = 0; n < 2000 && !i->answered; n++) {
		clock_turn(i->loop, 1);
		if (i->bursts != bursts) {
			bursts = i->bursts;
			initiator_data(i, i->burst_at, out + i->burst_at, i->burst_n, 0, true);
		}
	}
	return i->answered ? i->rsp[FCP_RSP_STATUS] : 0xff;
}
