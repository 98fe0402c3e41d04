// SPDX-License-Identifier: Apache-2.0
#include "tests/plugin-host/plugin.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/admission/admission.h"
#include "kernel/admission/table.h"

/* A refusal is a test's failure; only what keeps the file from being judged is an error here. */
static int judge(struct plugin *p, const char *path, struct err *e)
{
	const struct admission_policy anyone = {.min = ADMISSION_COMMUNITY};
	struct admission_report *report = NULL;
	int fd = admission_seal(path, e), r;

	if (fd < 0)
		return fd;
	r = admission_check(fd, &anyone, &report, &p->refusal);
	close(fd);
	if (r && r != -EACCES) {
		*e = p->refusal;
		return r;
	}
	p->admitted = !r;
	p->note = admission_note(report);	/* stays for as long as the program */
	return 0;
}

/* By its own path and not from the copy that was judged: debuggers look for its symbols there. */
int plugin_load(struct plugin *p, const char *path, struct err *e)
{
	char full[4096];
	void *so;
	int r;

	if (!realpath(path, full))
		return err_set(e, -errno, "%s: %s", path, strerror(errno));
	r = judge(p, full, e);
	if (r)
		return r;
	so = dlopen(full, RTLD_NOW | RTLD_LOCAL);
	if (!so)
		return err_set(e, -ENOEXEC, "it does not load: %s", dlerror());
	p->ops = dlsym(so, "vmhi_driver");
	if (!p->ops)
		return err_set(e, -ENOEXEC, "%s: no symbol vmhi_driver", path);
	return driver_table_check(p->ops, e);
}

int plugin_fits(const struct plugin *p, struct vmhi_host_context *h, struct err *e)
{
	static struct vmhi_param param[NOTE_PARAM_MAX];

	if (!p->note)
		return 0;
	if (p->note->needs != NOTE_NEEDS_PCI)
		return err_set(e, -EINVAL, "driver %s needs no device, and is not tested by this",
			       p->note->name);
	if (!note_names(p->note, h->vendor, h->device))
		return err_set(e, -ENXIO, "%s: driver %s is not for %04x:%04x; \"vmhi driver "
			       "inspect\" says what it is for", h->dev->name, p->note->name,
			       h->vendor, h->device);
	for (unsigned int i = 0; i < p->note->nparam; i++)
		param[i].value = p->note->param[i].def;
	h->param = param;
	h->nparam = p->note->nparam;
	return 0;
}
