/* SPDX-License-Identifier: Apache-2.0 */
/* The fabric on an Ethernet wire: an FCoE forwarder (FCF). What fcoe.c and enode.c share. */
#ifndef SDK_MODELS_FC_FCOE_H
#define SDK_MODELS_FC_FCOE_H

#include <vmhi-model/wire.h>

#include "fabric.h"
#include "fip.h"

#define FKA_PERIOD_MS	8000u	/* advertisements, and keep-alives of those logged in */
#define ASKED_MAX	8	/* FIP logins of an ENode that are not answered yet */

struct fcoe {
	struct fabric *f;
	struct model_wire *wire;
	uint8_t mac[6];
	struct enode *enodes;
	struct model_timer advertise;
};

/* A network card that logs in over Ethernet: a port of the fabric while it does. */
struct enode {
	struct enode *next;
	struct fcoe *fcoe;
	struct port *port;
	uint8_t mac[6];
	uint64_t heard_ns;
	bool dark;			/* may not log in: a fault switch */
	struct {
		uint8_t type;		/* FIP_FLOGI, ...; 0: none */
		uint16_t ox_id;
	} asked[ASKED_MAX];
	unsigned int turn;		/* whose place the next one takes */
	struct model_timer relight;
};

/* fcoe.c: an FCF on a model_wire_open() wire; NULL with *why a line of text. */
struct fcoe *fcoe_open(struct fabric *f, const char *wire, char *why, size_t why_size);
/* Before fabric_free(). NULL is let be. */
void fcoe_close(struct fcoe *e);
/* An Ethernet frame of 14 bytes or more came. */
void fcoe_receive(void *fcoe, const uint8_t *in, size_t size);

/* enode.c: the ENode of that address; NULL: it is not known. */
struct enode *enode_find(const struct fcoe *e, const uint8_t mac[6]);
/* A login, or its end, in a FIP frame. */
void enode_els(struct fcoe *e, const struct fip *f);
/* An FC frame in an FCoE frame. */
void enode_frame(struct fcoe *e, const uint8_t *in, size_t size);
/* Those not heard of for 2.5 periods are logged out. */
void enodes_expire(struct fcoe *e, uint64_t now_ns);
void enode_free(struct enode *n);

#endif
