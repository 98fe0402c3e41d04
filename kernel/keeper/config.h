/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of a device set: CONFIG_DIR/sets/NAME.json, read strictly. */
#ifndef KERNEL_KEEPER_CONFIG_H
#define KERNEL_KEEPER_CONFIG_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel/admission/admission.h"
#include "kernel/bus/bus.h"
#include "kernel/lib/err.h"
#include "kernel/net/dataplane.h"

#define SET_PORTS_MAX 64
#define SET_PATH_MAX  4096
#define RESTART_LIMIT_MAX 64
#define SOCKET_MAX    108	/* of sockaddr_un, with its final 0 */

struct set_device {
	bool vfio_user;
	char at[SOCKET_MAX];		/* PCI address, or socket */
};

struct set_port {
	struct dp_port_conf conf;
	char socket[SOCKET_MAX];	/* "": the set's own folder */
};

struct set_config {
	char name[33];
	char driver[SET_PATH_MAX];	/* "": none */
	json_t *params;			/* an object, or NULL */
	uint32_t ndev;
	struct set_device dev[BUS_DEVICES_MAX];
	char tap[16];			/* "": none */
	bool passt;
	uint32_t mtu;
	/* So many restarts of the worker within so many seconds, and no more; 0: without limit. */
	uint32_t restart_limit, restart_seconds;
	enum admission_level acceptance; /* the set's own minimum */
	uint32_t nports;
	struct set_port port[SET_PORTS_MAX];
};

/* spec: a path, or "fd:N". */
int config_read(const char *spec, struct set_config *out, struct err *e);
int config_parse(const json_t *obj, const char *where, struct set_config *out, struct err *e);
void config_free(struct set_config *c);

/* One port; extra names a further key to allow, or is NULL. */
int config_port(const json_t *obj, const char *where, const char *extra, struct set_port *out,
		struct err *e);

/* The values for a driver's parameters, in the note's order, defaults for those not given. */
int config_params(const struct set_config *c, const struct driver_note *note,
		  struct vmhi_param *out, struct err *e);

#endif
