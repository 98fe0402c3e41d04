/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A SCSI target device whose logical units are files: SPC-4 and SBC-3, whatever the transport. The
 * transport hands over commands and carries data, status and sense; it owns every struct scsi_task.
 *
 * One thread. No function here waits for the initiator; all of them may wait for the file system,
 * since LUNs are read and written in place with pread(2) and pwrite(2).
 */
#ifndef MODELS_FC_SCSI_H
#define MODELS_FC_SCSI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCSI_CDB_MAX 16
#define SCSI_SENSE_MAX 32
#define SCSI_TRANSPORT_ID 24	/* bytes of a TransportID, SPC-4 7.6.4 (all transports but iSCSI) */
#define SCSI_TRANSFER_MAX (4u << 20)	/* bytes, of one command */
#define SCSI_LUNS 256
#define SCSI_PORTS 4

/* Status codes, SAM-5 5.3.1. */
#define SCSI_GOOD 0x00
#define SCSI_CHECK_CONDITION 0x02
#define SCSI_BUSY 0x08
#define SCSI_RESERVATION_CONFLICT 0x18
#define SCSI_TASK_SET_FULL 0x28

/* Sense keys, SPC-4 4.5.6. */
#define SCSI_NO_SENSE 0x0
#define SCSI_NOT_READY 0x2
#define SCSI_MEDIUM_ERROR 0x3
#define SCSI_HARDWARE_ERROR 0x4
#define SCSI_ILLEGAL_REQUEST 0x5
#define SCSI_UNIT_ATTENTION 0x6
#define SCSI_DATA_PROTECT 0x7
#define SCSI_ABORTED_COMMAND 0xb
#define SCSI_MISCOMPARE 0xe

/* Task attributes, SAM-5 8.9; ACA is not served (NORMACA is 0). */
#define SCSI_SIMPLE 0
#define SCSI_HEAD_OF_QUEUE 1
#define SCSI_ORDERED 2

struct scsi_target;
struct scsi_nexus;	/* an initiator port and one of our ports, SAM-5 4.4 */
struct scsi_lu;
struct scsi_command;

/* What a CHECK CONDITION says, before it is written in one of the two formats of SPC-4 4.5. */
struct scsi_sense {
	uint8_t key;
	uint16_t asc;		/* ASC << 8 | ASCQ */
	bool has_information, has_field, in_cdb;
	int8_t bit;		/* of the field's first byte; -1: not said */
	uint16_t byte;
	uint64_t information;
};

struct scsi_task {
	/* The transport fills these in; the rest is zero at scsi_submit(). */
	struct scsi_nexus *nexus;
	uint8_t lun[8];			/* SAM-5 4.7 */
	uint8_t cdb[SCSI_CDB_MAX];
	uint8_t attribute;
	uint32_t in_room, out_size;	/* bytes that the initiator takes, and has */

	/* The answer. Data-in is data[0..data_size); total is what it was before in_room cut it. */
	uint8_t status;
	uint8_t sense_size, sense[SCSI_SENSE_MAX];
	uint8_t *data;
	uint32_t data_size, total;

	/* The library's. */
	struct scsi_lu *lu;
	const struct scsi_command *command;
	struct scsi_sense why;
	struct scsi_task *prev, *next;
	uint32_t allocated;
	bool queued, started, wants_data;
};

struct scsi_ops {
	/* The command wants data_size bytes at data (at most out_size): then scsi_data_out(). */
	void (*want_data)(struct scsi_task *t);
	/* status, sense and data-in are there. The task is the transport's: scsi_release() ends it. */
	void (*done)(struct scsi_task *t);
	/* Ended by another nexus or a reset: it is not answered. As after done(). */
	void (*aborted)(struct scsi_task *t);
};

struct scsi_config {
	uint8_t protocol;		/* PROTOCOL IDENTIFIER, SPC-4 7.6.1: 0 for FCP */
	uint16_t transport_version;	/* version descriptor, SPC-4 6.6.2 */
	uint8_t node_name[8];		/* NAA name; LUNs' identifiers and serial numbers come from it */
	unsigned int ports;		/* 1 to SCSI_PORTS */
	uint8_t port_name[SCSI_PORTS][8];	/* relative target port 1, 2, ... */
};

struct scsi_lu_config {
	unsigned int number;	/* below SCSI_LUNS */
	const char *path;	/* a file of whole blocks; what is over is not seen */
	const char *reservations;	/* where APTPL keeps them; NULL: it is not served */
	uint32_t block_size;	/* 512 or 4096 */
	bool read_only;
};

/* NULL: out of memory. ops and arg outlive the target. */
struct scsi_target *scsi_target_new(const struct scsi_config *c, const struct scsi_ops *ops);
/* No task may be left. */
void scsi_target_free(struct scsi_target *s);

/* 0, or -errno and in why one line that says what is wrong with which file. */
int scsi_lu_add(struct scsi_target *s, const struct scsi_lu_config *c, char *why, size_t size);
/*
 * From the first call on, LUN number is there for the initiator ports that were named and for no
 * other. Nexuses that are there hear that the LUNs have changed, as they do of a new one. -ENODEV: no
 * such LUN; -ENOMEM: it names 64 already.
 */
int scsi_lu_allow(struct scsi_target *s, unsigned int number,
		  const uint8_t initiator[SCSI_TRANSPORT_ID]);

/*
 * The nexus of that initiator port with our port (1 to n): good until scsi_nexus_lost(). Whoever asks
 * for it again after that gets it back with its registrations and unit attentions, unless there were
 * too many others by then and it had registered nowhere. NULL: there are too many.
 */
struct scsi_nexus *scsi_nexus_get(struct scsi_target *s, const uint8_t initiator[SCSI_TRANSPORT_ID],
				  uint16_t port);
/* I_T NEXUS LOSS, SAM-5 6.3.4: its tasks are aborted (and reported so); the nexus is not used again. */
void scsi_nexus_lost(struct scsi_nexus *n);

/* One of the three operations is called for it, from inside or later. */
void scsi_submit(struct scsi_task *t);
/* What want_data() asked for is in t->data. */
void scsi_data_out(struct scsi_task *t);
/* Frees what the answer took. */
void scsi_release(struct scsi_task *t);

/*
 * Task management, SAM-5 7. Tasks that end so are reported with aborted(), but for scsi_abort(),
 * whose task the transport named itself. -ENODEV: INCORRECT LOGICAL UNIT NUMBER.
 */
void scsi_abort(struct scsi_task *t);
int scsi_abort_task_set(struct scsi_nexus *n, const uint8_t lun[8]);
int scsi_clear_task_set(struct scsi_nexus *n, const uint8_t lun[8]);
int scsi_lun_reset(struct scsi_nexus *n, const uint8_t lun[8]);
void scsi_target_reset(struct scsi_nexus *n);

/* For a transport that refuses a command by itself: CHECK CONDITION with this sense, fixed format. */
void scsi_refuse(struct scsi_task *t, uint8_t key, uint16_t asc);

#endif
