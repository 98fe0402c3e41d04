// SPDX-License-Identifier: Apache-2.0
/* A driver's file: admitted by this host, and looked at whether the set can use it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/keeper/set.h"

/* Seals, checks and reads the note. */
static int admit(const struct set_config *cfg, const char *path, struct admitted *a, struct err *e)
{
	struct admission_policy policy = {0};
	struct admission_report *report = NULL;
	int r;

	a->fd = admission_seal(path, e);
	if (a->fd < 0)
		return a->fd;
	r = admission_policy_load(&policy, e);
	if (r)
		return r;
	if (cfg->acceptance > policy.min)
		policy.min = cfg->acceptance;
	r = admission_check(a->fd, &policy, &report, e);
	if (r == 0) {
		a->note = malloc(sizeof(*a->note));
		if (a->note)
			*a->note = *admission_note(report);
		else
			r = err_set(e, -ENOMEM, "no memory for the driver's note");
	}
	if (r == 0)
		a->level = report->level;
	admission_report_free(report);
	admission_policy_free(&policy);
	return r;
}

/* Is it of our class, and do driver and configuration go together? */
static int check_needs(const struct set_config *cfg, const char *path, struct admitted *a,
		       struct err *e)
{
	for (unsigned int i = 0;; i++) {
		if (i == a->note->nclass)
			return err_set(e, -ENOTSUP, "%s: driver %s is of no class that this host "
				       "serves (nic/1)", path, a->note->name);
		if (!strcmp(a->note->class[i].name, "nic") && a->note->class[i].version == 1)
			break;
	}
	if (a->note->needs == NOTE_NEEDS_PCI && !cfg->ndev)
		return err_set(e, -EINVAL, "driver %s needs a PCI device: name one in \"devices\"",
			       a->note->name);
	if (a->note->needs == NOTE_NEEDS_NOTHING && cfg->ndev)
		return err_set(e, -EINVAL, "driver %s drives no device: leave \"devices\" out",
			       a->note->name);
	return config_params(cfg, a->note, a->param, e);
}

int driver_admit(const struct set_config *cfg, const char *path, struct admitted *a, struct err *e)
{
	int r;

	*a = (struct admitted){.fd = -1};
	r = admit(cfg, path, a, e);
	if (r == 0)
		r = check_needs(cfg, path, a, e);
	if (r)
		driver_drop(a);
	return r;
}

void driver_drop(struct admitted *a)
{
	if (a->fd >= 0)
		close(a->fd);
	free(a->note);
	*a = (struct admitted){.fd = -1};
}

int driver_fits(const struct driver_note *note, const struct bus_device *d, struct err *e)
{
	if (note_names(note, d->vendor, d->device))
		return 0;
	return err_set(e, -ENXIO, "%s: driver %s is not for %04x:%04x; \"vmhi driver inspect\" "
		       "says what it is for", d->name, note->name, d->vendor, d->device);
}
