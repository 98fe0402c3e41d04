/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's file: judged as vmhi-driverd does before it loads one, then loaded. */
#ifndef PLUGIN_HOST_PLUGIN_H
#define PLUGIN_HOST_PLUGIN_H

#include "kernel/admission/note.h"
#include "tests/plugin-host/host.h"

struct plugin {
	const struct vmhi_driver_ops *ops;
	bool admitted;
	struct err refusal;		/* why it is not */
	const struct driver_note *note;	/* NULL: it has no sound one */
};

/* Loads it, admitted or not. An error: that cannot be, or its table is not one. */
int plugin_load(struct plugin *p, const char *path, struct err *e);

/* Is the device one that the note names? And gives the host the note's parameters, as they are when
 * no operator sets them. */
int plugin_fits(const struct plugin *p, struct vmhi_host_context *h, struct err *e);

#endif
