/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The far end of a target's wire, for unit tests: the fabric's few answers, and an initiator that
 * does as it is told, right or wrong.
 */
#ifndef TESTS_FC_INITIATOR_H
#define TESTS_FC_INITIATOR_H

#include "sdk/models/fc/target/target.h"

#define TARGET_ID 0x010200u
#define INITIATOR_ID 0x010100u
#define INITIATOR_WWPN 0x1000000000000001ull
#define LUN_BLOCKS 2048

struct initiator {
	struct model_loop *loop;
	struct target *target;
	struct fc_wire *wire;
	struct fc_exchanges *x;
	char path[64], lun[64];
	unsigned int flogis, registered, logos, ups, downs;

	/* the last ELS answer */
	int els_status;
	uint8_t els[256];
	size_t els_n;

	/* the command at hand: what came for it */
	uint16_t ox_id, rx_id;
	uint8_t data[1 << 20];
	size_t data_n;
	unsigned int data_frames;
	unsigned int bursts;
	uint32_t burst_at, burst_n;
	bool answered, accepted, rejected;	/* by FCP_RSP, BA_ACC, BA_RJT */
	uint8_t rsp[64];
	size_t rsp_n;
};

/* The target is in the "fabric". */
void initiator_up(struct initiator *i);
void initiator_down(struct initiator *i);
/* Runs the loop until *what differs from was, at most two seconds: true if it does. */
bool initiator_wait(struct initiator *i, const bool *what);
/* Until nothing more is to come. */
void initiator_settle(struct initiator *i);
/* An ELS: its answer's first byte, 0 if there was none. */
uint8_t initiator_els(struct initiator *i, const void *payload, size_t n);
/* PLOGI and PRLI. */
void initiator_login(struct initiator *i);
uint8_t initiator_plogi(struct initiator *i);
uint8_t initiator_prli(struct initiator *i, uint8_t type);

/* FCP_CMND of 32 bytes; then what comes is in the fields above. */
void initiator_command(struct initiator *i, const uint8_t *iu, size_t n);
/* One frame of write data, as if it were right. */
void initiator_data(struct initiator *i, uint32_t offset, const void *p, size_t n, uint16_t seq_cnt,
		    bool last);
void initiator_abort(struct initiator *i, uint16_t ox_id);
/* A whole command, its data sent as it is asked for: the status, or 0xff without an FCP_RSP. */
uint8_t initiator_run(struct initiator *i, uint8_t lun, const uint8_t *cdb, uint8_t direction,
		      uint32_t length, const uint8_t *out);

#endif
