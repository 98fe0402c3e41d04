/* SPDX-License-Identifier: Apache-2.0 */
/* N_Ports for tests of the fabric: each on a port of one switch, all in one loop. */
#ifndef TESTS_FC_CLIENT_H
#define TESTS_FC_CLIENT_H

#include <string.h>
#include <sys/socket.h>
#include <vmhi-model/model.h>

#include "sdk/models/fc/fabric/fabric.h"
#include "tests/unit/cunit.h"

struct client {
	struct fc_wire *w;
	struct port *port;
	struct fc_exchanges *x;
	uint32_t id;
	uint64_t wwpn;
	unsigned int ups, downs;
	unsigned int answers, frames, rscns;	/* frames: neither answers nor requests */
	int status;
	struct fc_header h;			/* of the last answer or frame */
	uint8_t payload[FC_SEQUENCE_MAX], rscn[256];
	size_t n, rscn_n;
};

struct net {
	struct model_loop *loop;
	struct fabric *f;
	struct client c[4];
};

/* Nothing is logged in yet. */
void net_start(struct net *n, int clients);
void net_stop(struct net *n);
/* Until nothing happens any more, and then so many ms of the clock, which stands still otherwise. */
void net_run(struct net *n, unsigned int ms);

/* Sends a request and runs until it is answered; the status. */
int client_ask(struct net *n, struct client *c, uint32_t s_id, uint32_t d_id, uint8_t type,
	       const void *payload, size_t len);
/* The command code of the answer: FC_ELS_LS_ACC or FC_ELS_LS_RJT. */
int client_login(struct net *n, struct client *c, uint8_t command, uint32_t s_id, uint32_t d_id,
		 uint64_t wwpn);
/* FLOGI, PLOGI to the name server, SCR, RFT_ID and RFF_ID for FCP. */
void client_join(struct net *n, struct client *c, uint64_t wwpn);
/* FC_CT_ACCEPT or FC_CT_REJECT, or negative when nothing came; the answer is in c->payload. */
int client_ct(struct net *n, struct client *c, uint16_t command, const void *args, size_t len);
struct fc_sender client_sender(struct client *c);
int client_frame(struct client *c, uint32_t s_id, uint32_t d_id, uint8_t sof, size_t len);

#endif
