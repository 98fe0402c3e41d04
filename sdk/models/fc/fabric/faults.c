// SPDX-License-Identifier: Apache-2.0
/* What a fabric may suffer: frames lost, late or damaged, links that bounce, zones that change. */
#include "fabric.h"

#include <string.h>

#include <vmhi-model/model.h>

#define MS_MAX 60000

static const char *const kinds[] = {
	[FRAME_ANY] = "any", [FRAME_ELS] = "els", [FRAME_CT] = "ct", [FRAME_BLS] = "bls",
	[FRAME_CMND] = "cmnd", [FRAME_XFER_RDY] = "xfer-rdy", [FRAME_DATA] = "data",
	[FRAME_RSP] = "rsp",
};

static int kind_of(const uint8_t *frame)
{
	uint8_t r_ctl = frame[0], type = frame[8];

	if (r_ctl == FC_RCTL_ELS_REQUEST || r_ctl == FC_RCTL_ELS_REPLY)
		return FRAME_ELS;
	if ((r_ctl & 0xf0) == FC_RCTL_BLS_NOP)
		return FRAME_BLS;
	if (type == FC_TYPE_CT)
		return FRAME_CT;
	if (type != FC_TYPE_FCP)
		return FRAME_ANY;
	switch (r_ctl) {
	case FC_RCTL_DATA_UNSOLICITED_CMD:
		return FRAME_CMND;
	case FC_RCTL_DATA_DESCRIPTOR:
		return FRAME_XFER_RDY;
	case FC_RCTL_DATA_SOLICITED:
		return FRAME_DATA;
	case FC_RCTL_DATA_CMD_STATUS:
		return FRAME_RSP;
	}
	return FRAME_ANY;
}

bool fault_hits(struct port *p, enum fault_kind kind, const uint8_t *frame)
{
	struct fault *t = &p->fault[kind];

	if (!t->left || (t->what != FRAME_ANY && t->what != kind_of(frame)))
		return false;
	t->left--;
	return true;
}

static int kind_named(const char *name)
{
	for (int i = 0; i < (int)(sizeof(kinds) / sizeof(kinds[0])); i++)
		if (!strcmp(kinds[i], name))
			return i;
	return -1;
}

static struct port *port_at(struct fabric *f, unsigned int i)
{
	return i < PORTS_MAX ? f->port[i] : NULL;
}

static bool set_fault(struct port *p, enum fault_kind kind, const struct fault *t)
{
	if (!p || t->what < 0 || t->delay_ms > MS_MAX)
		return false;
	p->fault[kind] = *t;
	return true;
}

/* "drop PORT N [KIND]", "corrupt PORT N [KIND]", "delay PORT MS N [KIND]" */
static bool frame_command(struct fabric *f, const char *line)
{
	struct fault t = {0};
	char kind[16] = "any";
	unsigned int port;

	if (sscanf(line, "drop %u %u %15s", &port, &t.left, kind) >= 2) {
		t.what = kind_named(kind);
		return set_fault(port_at(f, port), FAULT_DROP, &t);
	}
	if (sscanf(line, "corrupt %u %u %15s", &port, &t.left, kind) >= 2) {
		t.what = kind_named(kind);
		return set_fault(port_at(f, port), FAULT_CORRUPT, &t);
	}
	if (sscanf(line, "delay %u %u %u %15s", &port, &t.delay_ms, &t.left, kind) >= 3) {
		t.what = kind_named(kind);
		return set_fault(port_at(f, port), FAULT_DELAY, &t);
	}
	return false;
}

/* "bounce PORT MS", "light PORT on|off" */
static bool light_command(struct fabric *f, const char *line)
{
	unsigned int port, ms = 0;
	char how[4] = "";
	struct port *p;
	bool on;

	if (sscanf(line, "bounce %u %u", &port, &ms) != 2 &&
	    (sscanf(line, "light %u %3s", &port, how) != 2 || (strcmp(how, "on") && strcmp(how, "off"))))
		return false;
	p = port_at(f, port);
	on = !strcmp(how, "on");
	if (!p || ms > MS_MAX || (!how[0] && !ms))
		return false;
	p->ops->light(p, on, ms);
	return true;
}

/* "zone add NAME WWPN;WWPN...", "zone remove NAME" */
static bool zone_command(struct fabric *f, const char *line)
{
	char name[64], members[1024], why[128];

	if (sscanf(line, "zone remove %63s", name) == 1)
		return zone_remove(f, name);
	if (sscanf(line, "zone add %63s %1023s", name, members) != 2)
		return false;
	if (zone_add(f, name, members, why, sizeof(why)))
		return true;
	model_log("%s", why);
	return false;
}

bool fault_command(void *fabric, const char *line)
{
	struct fabric *f = fabric;

	if (!strcmp(line, "clear")) {
		for (int i = 0; i < PORTS_MAX; i++)
			if (f->port[i])
				memset(f->port[i]->fault, 0, sizeof(f->port[i]->fault));
		return true;
	}
	return frame_command(f, line) || light_command(f, line) || zone_command(f, line);
}
