// SPDX-License-Identifier: Apache-2.0
/* The target's life, and where frames off the wire go. */
#include "target.h"

#include <errno.h>
#include <stdlib.h>

#include <vmhi-model/model.h>

#include "sdk/models/fc/name.h"

#define WATCH_NS 1000000000ull
/* A write whose data stays away for longer is forgotten; its initiator gave it up before. */
#define STALE_NS (4 * FC_R_A_TOV_MS * 1000000ull)

struct fc_sender target_sender(struct target *t)
{
	return (struct fc_sender){.send = outq_send, .dev = t};
}

/* FCP and its aborts; link and generic services have been dealt with. */
static void fcp_frame(struct target *t, const struct fc_header *h, const uint8_t *payload, size_t n)
{
	size_t fill = h->f_ctl & FC_FCTL_FILL;

	if (h->d_id != t->id || fill > n || h->df_ctl)
		return;
	n -= fill;
	if (h->r_ctl == FC_RCTL_BLS_ABTS)
		manage_abort(t, h);
	else if (h->type != FC_TYPE_FCP)
		return;
	else if (h->r_ctl == FC_RCTL_DATA_UNSOLICITED_CMD)
		command_receive(t, h, payload, n);
	else if (h->r_ctl == FC_RCTL_DATA_SOLICITED)
		data_receive(t, h, payload, n);
}

void target_receive(void *dev, uint8_t sof, const uint8_t *frame, size_t n, uint8_t eof)
{
	struct target *t = dev;
	struct fc_header h;

	if ((sof != FC_SOF_I3 && sof != FC_SOF_N3) || (eof != FC_EOF_N && eof != FC_EOF_T))
		return;		/* class 3 only; a frame marked as damaged */
	if (fc_exchanges_receive(t->x, frame, n))
		return;
	fc_header_get(&h, frame);
	if (t->id)
		fcp_frame(t, &h, frame + FC_HEADER_SIZE, n - FC_HEADER_SIZE);
}

static void on_link(void *dev, bool up)
{
	struct target *t = dev;

	model_log("link %s", up ? "up" : "down");
	login_end(t);
	if (up)
		login_begin(t);
}

static void on_ready(void *dev)
{
	struct target *t = dev;

	outq_ready(&t->out);
}

static const struct fc_wire_ops wire_ops = {
	.receive = target_receive, .link = on_link, .ready = on_ready,
};

static void watch(void *arg)
{
	struct target *t = arg;
	uint64_t now = model_now_ns();

	for (unsigned int i = 0; i < EXCHANGES; i++) {
		struct exchange *x = t->exchange[i];

		if (!x || !x->bursting || now - x->since_ns < STALE_NS)
			continue;
		scsi_abort(&x->task);
		exchange_free(x);
	}
	model_timer_set(t->loop, &t->watch, WATCH_NS);
}

static void relight(void *arg)
{
	struct target *t = arg;

	fc_wire_set_light(t->out.wire, true);
}

struct target *target_new(struct model_loop *l, uint64_t wwpn, uint64_t wwnn)
{
	struct scsi_config config = {.transport_version = 0x0a40, .ports = 1};	/* FCP-4 */
	struct target *t = calloc(1, sizeof(*t));
	struct fc_exchanges_ops ops = {.request = session_request};

	if (!t)
		return NULL;
	t->loop = l;
	t->wwpn = wwpn;
	t->wwnn = wwnn;
	outq_init(&t->out);
	t->watch = (struct model_timer){.fn = watch, .arg = t};
	t->relight = (struct model_timer){.fn = relight, .arg = t};
	fc_put64(config.node_name, wwnn);
	fc_put64(config.port_name[0], wwpn);
	t->scsi = scsi_target_new(&config, &command_ops);
	ops.out = target_sender(t);
	t->x = fc_exchanges_new(l, &ops);
	if (!t->scsi || !t->x) {
		target_free(t);
		return NULL;
	}
	return t;
}

int target_wire(struct target *t, const char *spec, char *why, size_t size)
{
	t->out.wire = fc_wire_open(t->loop, spec, &wire_ops, t, why, size);
	if (!t->out.wire)
		return -1;
	model_timer_set(t->loop, &t->watch, WATCH_NS);
	return 0;
}

int target_allow(struct target *t, unsigned int lun, const char *name)
{
	uint8_t id[SCSI_TRANSPORT_ID];
	uint64_t wwpn;

	if (!fc_name_parse(name, &wwpn))
		return -EINVAL;
	session_transport_id(id, wwpn);
	return scsi_lu_allow(t->scsi, lun, id);
}

void target_free(struct target *t)
{
	login_end(t);
	model_timer_cancel(t->loop, &t->watch);
	model_timer_cancel(t->loop, &t->relight);
	outq_flush(&t->out);
	fc_wire_close(t->out.wire);
	fc_exchanges_free(t->x);
	if (t->scsi)
		scsi_target_free(t->scsi);
	free(t);
}
