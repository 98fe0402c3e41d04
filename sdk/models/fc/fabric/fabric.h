/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Fibre Channel switch as a program: F_Ports, the logins behind them, the services at the
 * well-known addresses, zones, and what goes wrong when a test asks for it.
 */
#ifndef SDK_MODELS_FC_FABRIC_H
#define SDK_MODELS_FC_FABRIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <vmhi-model/fc-wire.h>
#include <vmhi-model/loop.h>

#include "../els.h"
#include "../exchange.h"

#define PORTS_MAX	64	/* F_Ports; a port's number is the area of its addresses, less one */
#define NPORTS_MAX	64	/* N_Ports behind one: FLOGI and FDISCs */
#define DOMAIN		0x010000u
#define FABRIC_WWNN	0x1000564d48490000ull	/* NAA 1; "VMHI" */
#define SERVICE_WWPN	0x2000564d48490000ull	/* the low byte is the address's */
#define F_PORT_WWPN	0x2100564d48490000ull	/* the low byte is the port's number */

#define FC4_TYPES_SIZE		32
#define FC4_FEATURES_SIZE	128

struct fabric;
struct port;

/* What has logged in, and what it has registered with the name server. */
struct nport {
	struct port *port;
	uint32_t id;
	struct fc_login login;
	uint64_t wwnn;		/* as registered; that of the login at first */
	size_t frame_size;	/* payload that it takes from the services */
	bool directory;		/* logged in to the name server */
	bool management;
	uint8_t scr;		/* FC_SCR_*: registered for state changes */
	uint8_t port_type;
	uint32_t classes;
	uint8_t fc4_types[FC4_TYPES_SIZE], fc4_features[FC4_FEATURES_SIZE];
	char port_symbol[256], node_symbol[256];	/* length, then text without an end */
};

#define FC_SCR_NONE	0
#define FC_SCR_FABRIC	1	/* what the fabric detects */
#define FC_SCR_N_PORT	2	/* what N_Ports report */
#define FC_SCR_FULL	3

/* A frame that waits: for room, or for its time. */
struct waiting {
	struct waiting *next;
	uint64_t due_ns, since_ns;
	uint8_t sof, eof;
	bool corrupt;
	uint16_t n;
	uint8_t frame[];
};

enum fault_kind { FAULT_DROP, FAULT_DELAY, FAULT_CORRUPT, FAULT_KINDS };

struct fault {
	unsigned int left;	/* frames still to suffer it */
	int what;		/* FRAME_*: only these */
	unsigned int delay_ms;
};

/* How a port's frames leave: 0, -EAGAIN, or another error when the frame is lost. */
struct port_ops {
	int (*send)(struct port *p, uint8_t sof, const uint8_t *frame, size_t n, uint8_t eof,
		    bool corrupt);
	void (*pause)(struct port *p, bool pause);
	/* Off; after ms (0: not by itself) on again. */
	void (*light)(struct port *p, bool on, unsigned int ms);
};

struct port {
	struct fabric *f;
	unsigned int number;
	const struct port_ops *ops;
	char name[108];
	struct fc_wire *wire;		/* of a port that is one */
	void *link;			/* of another kind of port */
	struct fc_exchanges *x;
	struct nport *nport[NPORTS_MAX];	/* by AL_PA; 0 is FLOGI's */
	struct waiting *head, **tail;
	unsigned int waiting;
	struct port *stopped_by;	/* paused until that one's queue is shorter */
	struct model_timer drain;
	struct fault fault[FAULT_KINDS];
	struct model_timer relight;
};

struct zone;

/* A change that those who registered are to be told of; its N_Port may be gone by then. */
struct change {
	uint32_t id;
	uint64_t wwpn;
	bool by_nport;		/* an N_Port reported it */
};

#define CHANGES_MAX 32		/* beyond: the whole fabric changed */

struct fabric {
	struct model_loop *loop;
	struct port *port[PORTS_MAX];
	struct zone *zones;
	struct change change[CHANGES_MAX];
	unsigned int changes;
	bool all_changed;
	struct model_timer tell;	/* state changes are due */
	FILE *pcap;
	uint64_t discarded;
};

/* fabric.c: life. NULL: out of memory. */
struct fabric *fabric_new(struct model_loop *l);
void fabric_free(struct fabric *f);
/* A port in a free place; NULL with *why a line of text. */
struct port *fabric_add_port(struct fabric *f, const struct port_ops *ops, const char *name,
			     char *why, size_t why_size);
/* Logs out all that is behind it and frees it. */
void fabric_remove_port(struct port *p);
/* Frames of the fabric's own to what is behind p. */
struct fc_sender fabric_sender(struct port *p);
/* An F_Port that listens on the unix socket at path. */
struct port *fabric_listen(struct fabric *f, const char *path, char *why, size_t why_size);
/* The same on a connected socket of packets; it is the fabric's unless NULL comes back. */
struct port *fabric_adopt(struct fabric *f, int sock, char *why, size_t why_size);

/* queue.c: frames on their way out of a port. from: the port that they came in by, or NULL. */
void port_send(struct port *p, struct port *from, uint8_t sof, const uint8_t *frame, size_t n,
	       uint8_t eof);
void port_init(struct port *p);
/* There is room again. */
void port_ready(struct port *p);
/* Forgets what waits. */
void port_flush(struct port *p);

/* route.c: a frame came in by p. */
void fabric_receive(struct port *p, uint8_t sof, const uint8_t *frame, size_t n, uint8_t eof);
struct nport *fabric_find(const struct fabric *f, uint32_t id);
struct nport *fabric_find_wwpn(const struct fabric *f, uint64_t wwpn);
/* The next N_Port by address; NULL to begin, NULL at the end. */
struct nport *fabric_next(const struct fabric *f, const struct nport *n);

/* login.c: FLOGI, FDISC and LOGO; and the end of a link. */
void login_request(struct port *p, const struct fc_sequence *s);
void login_end(struct nport *n);
void login_end_all(struct port *p);

/* services.c: requests to the well-known addresses. */
void services_request(void *dev, const struct fc_sequence *s);

/* changes.c: those who registered and may see it are told of it soon (RSCN). */
void changes_add(struct fabric *f, uint32_t id, uint64_t wwpn, bool by_nport);
void changes_add_all(struct fabric *f);
void changes_tell(void *fabric);

/* names.c: the name server; also GPSC of the configuration server. */
void names_request(struct port *p, struct nport *from, const struct fc_sequence *s);
bool names_has_type(const struct nport *n, uint8_t type);

/* zone.c: false and *why when the text is no zone. */
bool zone_add(struct fabric *f, const char *name, const char *members, char *why, size_t why_size);
bool zone_remove(struct fabric *f, const char *name);
void zone_free_all(struct fabric *f);
/* No zones: everybody sees everybody. */
bool zone_allows(const struct fabric *f, uint64_t a, uint64_t b);

/* faults.c: the switches. */
enum frame_kind { FRAME_ANY, FRAME_ELS, FRAME_CT, FRAME_BLS, FRAME_CMND, FRAME_XFER_RDY, FRAME_DATA,
		  FRAME_RSP };
bool fault_hits(struct port *p, enum fault_kind kind, const uint8_t *frame);
/* One line of the control socket; false: not understood. */
bool fault_command(void *fabric, const char *line);

/* capture.c */
int capture_open(struct fabric *f, const char *path);
void capture_frame(struct fabric *f, uint8_t sof, const uint8_t *frame, size_t n, uint8_t eof);

#endif
