// SPDX-License-Identifier: Apache-2.0
/* What a test may ask a target to suffer; doc/fc.md has the list. */
#include "target.h"

#include <stdio.h>
#include <string.h>

#include <vmhi-model/model.h>

#define BOUNCE_MAX_MS 600000

bool control_hits(unsigned int *left)
{
	if (!*left)
		return false;
	(*left)--;
	return true;
}

static void light(struct target *t, bool on, unsigned int ms)
{
	model_timer_cancel(t->loop, &t->relight);
	fc_wire_set_light(t->out.wire, on);
	if (ms)
		model_timer_set(t->loop, &t->relight, ms * 1000000ull);
}

static void logo_all(struct target *t)
{
	for (unsigned int i = 0; i < SESSIONS; i++) {
		if (!t->session[i].used)
			continue;
		session_logo(t, t->session[i].id);
		session_end(&t->session[i]);
	}
}

/* "full N" and the like. */
static bool count_command(struct switches *f, const char *line)
{
	struct {
		const char *name;
		unsigned int *left;
	} const known[] = {
		{"full", &f->full}, {"busy", &f->busy}, {"drop-rsp", &f->drop_rsp},
		{"drop-data", &f->drop_data},
	};
	unsigned int n, key, asc;
	char name[16];
	int end = 0;

	if (sscanf(line, "check %x %x %u%n", &key, &asc, &n, &end) == 3 && !line[end] &&
	    key <= 0xf && asc <= 0xffff) {
		f->key = (uint8_t)key;
		f->asc = (uint16_t)asc;
		f->check = n;
		return true;
	}
	if (sscanf(line, "%15s %u%n", name, &n, &end) != 2 || line[end])
		return false;
	for (unsigned int i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!strcmp(known[i].name, name)) {
			*known[i].left = n;
			return true;
		}
	}
	return false;
}

bool control_command(void *target, const char *line)
{
	struct target *t = target;
	unsigned int ms, lun;
	char name[32];
	int end = 0;

	if (!strcmp(line, "vanish"))
		light(t, false, 0);
	else if (!strcmp(line, "back"))
		light(t, true, 0);
	else if (sscanf(line, "bounce %u%n", &ms, &end) == 1 && !line[end] && ms &&
		 ms <= BOUNCE_MAX_MS)
		light(t, false, ms);
	else if (sscanf(line, "allow %u %31s%n", &lun, name, &end) == 2 && !line[end])
		return target_allow(t, lun, name) == 0;
	else if (!strcmp(line, "logo"))
		logo_all(t);
	else if (!strcmp(line, "clear"))
		t->faults = (struct switches){0};
	else
		return count_command(&t->faults, line);
	return true;
}
