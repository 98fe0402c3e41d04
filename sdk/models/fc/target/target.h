/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An N_Port that is an FCP target: it logs in to the fabric, tells the name server, takes logins of
 * initiators and carries their commands to the SCSI target library.
 */
#ifndef MODELS_FC_TARGET_TARGET_H
#define MODELS_FC_TARGET_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vmhi-model/fc-wire.h>
#include <vmhi-model/loop.h>

#include "sdk/models/fc/els.h"
#include "sdk/models/fc/exchange.h"
#include "sdk/models/fc/scsi/scsi.h"
#include "sdk/models/fc/target/fcp.h"

#define SESSIONS 64		/* initiator ports logged in at one time */
#define EXCHANGES 512		/* commands at one time, of all of them */
#define BURST_MAX (128u * 1024)	/* of one XFER_RDY: longer writes take several */

/* An N_Port that has logged in. */
struct session {
	bool used, process;	/* PLOGI; and PRLI */
	uint32_t id;
	uint64_t wwpn;
	size_t frame_size;	/* payload that it takes */
	struct scsi_nexus *nexus;
};

/* A command, from FCP_CMND to FCP_RSP. */
struct exchange {
	struct scsi_task task;	/* first: the library gives it back */
	struct target *target;
	struct session *session;
	struct fc_header h;	/* of FCP_CMND */
	uint16_t rx_id;
	uint8_t seq_id;
	bool bursting;		/* XFER_RDY went out, its data is to come */
	uint32_t length;	/* FCP_DL */
	uint32_t moved, burst_end;	/* write data: what is there, what was asked for */
	uint64_t since_ns;	/* when a frame of it was last seen */
};

/* Frames that wait for room on the wire. */
struct waiting;
struct outq {
	struct fc_wire *wire;
	struct waiting *head, **tail;
	unsigned int waiting;
};

/* What goes wrong because a test asks for it: so many commands, frames or answers still. */
struct switches {
	unsigned int full, busy, check, drop_rsp, drop_data;
	uint8_t key;
	uint16_t asc;
};

struct target {
	struct model_loop *loop;
	struct outq out;
	struct fc_exchanges *x;
	struct scsi_target *scsi;
	uint64_t wwpn, wwnn;
	uint32_t id;			/* 0: not logged in to the fabric */
	unsigned int step;		/* of the way to it, login.c */
	struct model_timer again, watch, relight;
	struct session session[SESSIONS];
	struct exchange *exchange[EXCHANGES];
	uint16_t turn;
	struct switches faults;
};

/* target.c. new: NULL: out of memory. wire() is called once the LUNs are there. */
struct target *target_new(struct model_loop *l, uint64_t wwpn, uint64_t wwnn);
int target_wire(struct target *t, const char *spec, char *why, size_t size);
void target_free(struct target *t);
/* The initiator port of that name sees the LUN, and who was not named so does not. 0; -EINVAL: it is
 * no name; -ENODEV, -ENOMEM: scsi_lu_allow()'s. */
int target_allow(struct target *t, unsigned int lun, const char *name);
struct fc_sender target_sender(struct target *t);
/* A frame off the wire, as fc_wire_ops has it. */
void target_receive(void *target, uint8_t sof, const uint8_t *frame, size_t n, uint8_t eof);

/* outq.c */
void outq_init(struct outq *q);
void outq_send(void *target, uint8_t sof, const uint8_t *frame, size_t n, uint8_t eof);
void outq_ready(struct outq *q);
void outq_flush(struct outq *q);

/* login.c: our own way into the fabric. */
void login_begin(struct target *t);
void login_end(struct target *t);

/* session.c: logins of others. */
void session_request(void *target, const struct fc_sequence *s);
struct session *session_find(struct target *t, uint32_t id);
void session_end(struct session *s);
void session_end_all(struct target *t);
/* Tells an N_Port that it is not logged in (FC-LS-2, LOGO), as one that sends commands must be. */
void session_logo(struct target *t, uint32_t id);
/* What SCSI calls the initiator port: its TransportID, SPC-4 7.6.4.2. */
void session_transport_id(uint8_t id[SCSI_TRANSPORT_ID], uint64_t wwpn);

/* exchanges.c: the table of commands. */
struct exchange *exchange_new(struct target *t, struct session *s, const struct fc_header *h);
struct exchange *exchange_find(struct target *t, uint32_t s_id, uint16_t ox_id);
struct exchange *exchange_of_data(struct target *t, const struct fc_header *h);
void exchange_free(struct exchange *x);

/* command.c: FCP_CMND and FCP_RSP; data.c: what is between. */
extern const struct scsi_ops command_ops;
void command_receive(struct target *t, const struct fc_header *h, const uint8_t *iu, size_t n);
/* What FCP_RSP tells: status, residual and sense, or an RSP_CODE. */
struct answer {
	uint8_t status, flags, code;
	uint32_t residual;
	const uint8_t *sense;
	size_t sense_size;
};
/* To a command; rx_id is FC_ID_NONE when it had no exchange of ours. */
void command_respond(struct target *t, const struct session *s, const struct fc_header *h,
		     uint16_t rx_id, const struct answer *a);
void command_respond_code(struct target *t, const struct session *s, const struct fc_header *h,
			  uint16_t rx_id, uint8_t code);
void data_want(struct scsi_task *task);
void data_receive(struct target *t, const struct fc_header *h, const uint8_t *data, size_t n);
void data_send(struct exchange *x);

/* manage.c */
void manage_tasks(struct target *t, struct session *s, const struct fc_header *h,
		  const uint8_t *iu);
void manage_abort(struct target *t, const struct fc_header *h);

/* control.c: false: there is no such switch. */
bool control_command(void *target, const char *line);
/* True: the command, frame or answer at hand is to suffer it. */
bool control_hits(unsigned int *left);

#endif
