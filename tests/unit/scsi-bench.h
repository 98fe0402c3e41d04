/* SPDX-License-Identifier: Apache-2.0 */
/* A SCSI target with LUN 0 (64 blocks of 512 bytes) and two initiators, for unit tests. */
#ifndef TESTS_SCSI_BENCH_H
#define TESTS_SCSI_BENCH_H

#include "sdk/models/fc/scsi/scsi.h"

#define BLOCKS 64

/* A task that may be in the air; result fields as its end left them. */
struct bench_task {
	struct scsi_task t;
	bool wants, done, aborted;
};

struct bench {
	struct scsi_target *target;
	struct scsi_nexus *a, *b;
	char path[64], reservations[80];
	uint8_t data[1 << 17];	/* of the last answer */
	uint32_t n;
	uint8_t key;		/* and its sense: with the field or the information if it has one */
	uint16_t asc;
	bool has_field, has_information;
	uint16_t field;
	uint64_t information;
};

/* Unit attentions of power on have been taken. */
void bench_up(struct bench *b);
void bench_down(struct bench *b);
/* The target is ended and started again, on the same files. */
void bench_restart(struct bench *b);
/* Runs a command that is over at once; gives its status. out is the data it takes. */
uint8_t bench_run(struct bench *b, struct scsi_nexus *n, const uint8_t *cdb, uint32_t room,
		  const void *out, uint32_t out_size);
void bench_start(struct bench_task *k, struct scsi_nexus *n, const uint8_t *cdb, uint8_t attribute,
		 uint32_t out_size);

#define RUN(b, n, room, out, out_size, ...)                                                        \
	bench_run(b, n, (const uint8_t[SCSI_CDB_MAX]){__VA_ARGS__}, room, out, out_size)
#define ASK(b, n, room, ...) RUN(b, n, room, NULL, 0, __VA_ARGS__)

#endif
