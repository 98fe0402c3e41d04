// SPDX-License-Identifier: Apache-2.0
#include "kernel/vm/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "kernel/lib/json.h"
#include "kernel/lib/paths.h"
#include "kernel/vm/layout.h"

/* A copy of an optional string; *out stays NULL when it is absent. */
static int get_text(const json_t *obj, const char *where, const char *key, bool required,
		    char **out, struct err *e)
{
	const char *s = NULL;
	int r = json_get_string(obj, where, key, required, &s, e);

	if (r || !s)
		return r;
	*out = strdup(s);
	return *out ? 0 : err_set(e, -ENOMEM, "%s: no memory", where);
}

static int get_socket(const json_t *obj, const char *where, char **out, struct err *e)
{
	int r = get_text(obj, where, "vhost-user", false, out, e);

	if (!r && *out && strlen(*out) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		r = err_set(e, -EINVAL, "%s: \"vhost-user\" is longer than a socket's path may be",
			    where);
	return r;
}

static int check_format(const char *where, const struct vm_disk *d, struct err *e)
{
	if (d->format && !d->image)
		return err_set(e, -EINVAL, "%s: \"format\" needs \"image\"", where);
	if (d->format && strspn(d->format, "abcdefghijklmnopqrstuvwxyz0123456789-") !=
				 strlen(d->format))
		return err_set(e, -EINVAL, "%s: \"format\" must be a name such as qcow2 or raw",
			       where);
	return 0;
}

static int parse_disk(const json_t *obj, const char *where, bool resolved, struct vm_disk *d,
		      struct err *e)
{
	static const char *const all[] = {"vhost-user", "readonly", "image", "format", NULL};
	static const char *const few[] = {"vhost-user", "readonly", NULL};
	int r = json_known_keys(obj, where, resolved ? few : all, e);

	if (!r)
		r = get_text(obj, where, "image", false, &d->image, e);
	if (!r)
		r = get_text(obj, where, "format", false, &d->format, e);
	if (!r)
		r = get_socket(obj, where, &d->vhost_user, e);
	if (!r)
		r = json_get_bool(obj, where, "readonly", &d->readonly, e);
	if (!r && !d->image == !d->vhost_user)
		r = err_set(e, -EINVAL, resolved ? "%s: key \"vhost-user\" is missing" :
			    "%s: give one of \"image\" and \"vhost-user\"", where);
	return r ? r : check_format(where, d, e);
}

static int get_mac(const json_t *obj, const char *where, struct vm_net *n, struct err *e)
{
	const char *text = NULL;
	int r = json_get_string(obj, where, "mac", false, &text, e);

	if (r || !text)
		return r;
	if (parse_mac(text, n->mac))
		return err_set(e, -EINVAL, "%s: \"mac\" must look like 52:54:00:12:34:56", where);
	if (n->mac[0] & 1)
		return err_set(e, -EINVAL, "%s: \"mac\" is a multicast address", where);
	n->has_mac = true;
	return 0;
}

static int get_u16(const json_t *obj, const char *where, const char *key, uint16_t min,
		   uint16_t max, uint16_t *out, struct err *e)
{
	uint64_t v = *out;
	int r = json_get_uint(obj, where, key, false, min, max, &v, e);

	*out = (uint16_t)v;
	return r;
}

static int parse_net(const json_t *obj, const char *where, bool resolved, struct vm_net *n,
		     struct err *e)
{
	static const char *const all[] = {"vhost-user", "mac", "mtu", "queues", "set", "vlan",
					  NULL};
	static const char *const few[] = {"vhost-user", "mac", "mtu", "queues", NULL};
	int r = json_known_keys(obj, where, resolved ? few : all, e);

	n->queues = 1;
	if (!r)
		r = get_text(obj, where, "set", false, &n->set, e);
	if (!r && n->set)
		r = path_check_name("set", n->set, e) ? err_prefix(e, "%s", where) : 0;
	if (!r)
		r = get_socket(obj, where, &n->vhost_user, e);
	if (!r)
		r = get_mac(obj, where, n, e);
	if (!r)
		r = get_u16(obj, where, "vlan", 1, 4094, &n->vlan, e);
	if (!r)
		r = get_u16(obj, where, "mtu", 68, 65521, &n->mtu, e);
	if (!r)
		r = get_u16(obj, where, "queues", 1, 64, &n->queues, e);
	if (!r && resolved && !n->vhost_user)
		r = err_set(e, -EINVAL, "%s: key \"vhost-user\" is missing", where);
	if (!r && n->set && n->vhost_user)
		r = err_set(e, -EINVAL, "%s: give only one of \"set\" and \"vhost-user\"", where);
	if (!r && n->vlan && !n->set)
		r = err_set(e, -EINVAL, "%s: \"vlan\" needs \"set\"", where);
	return r;
}

/* The array under key, checked: NULL when absent (or *r set). */
static const json_t *get_list(const json_t *obj, const char *where, const char *key, size_t max,
			      int *r, struct err *e)
{
	const json_t *list = json_object_get(obj, key), *item;
	size_t i;

	*r = 0;
	if (!list)
		return NULL;
	if (!json_is_array(list) || json_array_size(list) > max) {
		*r = err_set(e, -EINVAL, "%s: \"%s\" must be a list of at most %zu objects", where,
			     key, max);
		return NULL;
	}
	json_array_foreach(list, i, item) {
		if (json_is_object(item))
			continue;
		*r = err_set(e, -EINVAL, "%s: %s[%zu] must be an object", where, key, i);
		return NULL;
	}
	return list;
}

static int parse_disks(const json_t *obj, const char *where, bool resolved, struct vm_config *c,
		       struct err *e)
{
	int r;
	const json_t *list = get_list(obj, where, "disks", VM_DISKS_MAX, &r, e);
	size_t n = json_array_size(list);

	if (!n)
		return r;
	c->disks = calloc(n, sizeof(*c->disks));
	if (!c->disks)
		return err_set(e, -ENOMEM, "%s: no memory", where);
	c->ndisks = (unsigned int)n;
	for (size_t i = 0; i < n && !r; i++) {
		char at[256];

		snprintf(at, sizeof(at), "%s: disks[%zu]", where, i);
		r = parse_disk(json_array_get(list, i), at, resolved, &c->disks[i], e);
	}
	return r;
}

static int parse_nets(const json_t *obj, const char *where, bool resolved, struct vm_config *c,
		      struct err *e)
{
	int r;
	const json_t *list = get_list(obj, where, "nets", VM_NETS_MAX, &r, e);
	size_t n = json_array_size(list);

	if (!n)
		return r;
	c->nets = calloc(n, sizeof(*c->nets));
	if (!c->nets)
		return err_set(e, -ENOMEM, "%s: no memory", where);
	c->nnets = (unsigned int)n;
	for (size_t i = 0; i < n && !r; i++) {
		char at[256];

		snprintf(at, sizeof(at), "%s: nets[%zu]", where, i);
		r = parse_net(json_array_get(list, i), at, resolved, &c->nets[i], e);
	}
	return r;
}

static int get_memory(const json_t *obj, const char *where, struct vm_config *c, struct err *e)
{
	int r = json_get_size(obj, where, "memory", false, &c->memory, e);

	if (r)
		return r;
	if (c->memory < RAM_MIN || c->memory > RAM_MAX || c->memory % (1 << 20))
		return err_set(e, -EINVAL,
			       "%s: \"memory\" must be whole MiB, from %lluM to %lluG", where,
			       RAM_MIN >> 20, RAM_MAX >> 30);
	return 0;
}

static int get_console(const json_t *obj, const char *where, struct vm_config *c, struct err *e)
{
	const char *text = "serial";
	int r = json_get_string(obj, where, "console", false, &text, e);

	if (r)
		return r;
	if (!strcmp(text, "virtio"))
		c->console = VM_CONSOLE_VIRTIO;
	else if (strcmp(text, "serial"))
		return err_set(e, -EINVAL, "%s: \"console\" must be \"serial\" or \"virtio\"",
			       where);
	return 0;
}

static int get_boot(const json_t *obj, const char *where, bool resolved, struct vm_config *c,
		    struct err *e)
{
	/* vmhi finds a kernel for a VM that boots from its disk. */
	int r = get_text(obj, where, "kernel", resolved || !c->ndisks, &c->kernel, e);

	if (!r)
		r = get_text(obj, where, "initrd", false, &c->initrd, e);
	if (!r)
		r = get_text(obj, where, "cmdline", false, &c->cmdline, e);
	if (!r && !c->cmdline && !(c->cmdline = strdup("")))
		r = err_set(e, -ENOMEM, "%s: no memory", where);
	if (!r && strlen(c->cmdline) >= BOOT_CMDLINE_MAX)
		r = err_set(e, -EINVAL, "%s: \"cmdline\" is longer than %u bytes", where,
			    BOOT_CMDLINE_MAX - 1);
	if (!r && c->initrd && !c->kernel)
		r = err_set(e, -EINVAL, "%s: \"initrd\" needs \"kernel\"", where);
	return r;
}

static int parse(const json_t *obj, const char *where, bool resolved, struct vm_config *c,
		 struct err *e)
{
	static const char *const keys[] = {"name", "cpus", "memory", "kernel", "initrd",
					   "cmdline", "disks", "nets", "rng", "console", NULL};
	uint64_t cpus = 1;
	int r = json_known_keys(obj, where, keys, e);

	c->memory = 512ULL << 20;
	if (!r)
		r = get_text(obj, where, "name", true, &c->name, e);
	if (!r)
		r = path_check_name("VM", c->name, e) ? err_prefix(e, "%s", where) : 0;
	if (!r)
		r = json_get_uint(obj, where, "cpus", false, 1, VM_CPUS_MAX, &cpus, e);
	c->cpus = (unsigned int)cpus;
	if (!r)
		r = get_memory(obj, where, c, e);
	if (!r)
		r = parse_disks(obj, where, resolved, c, e);
	if (!r)
		r = parse_nets(obj, where, resolved, c, e);
	if (!r)
		r = get_boot(obj, where, resolved, c, e);
	if (!r)
		r = json_get_bool(obj, where, "rng", &c->rng, e);
	if (!r)
		r = get_console(obj, where, c, e);
	return r;
}

struct vm_config *vm_config_parse(const json_t *obj, const char *where, bool resolved,
				  struct err *e)
{
	struct vm_config *c = calloc(1, sizeof(*c));

	if (!c) {
		err_set(e, -ENOMEM, "%s: no memory", where);
		return NULL;
	}
	if (parse(obj, where, resolved, c, e)) {
		vm_config_free(c);
		return NULL;
	}
	return c;
}

static json_t *read_fd(const char *source, struct err *e)
{
	char path[64], *end;
	long fd = strtol(source + 3, &end, 10);

	if (*end || end == source + 3 || fd < 0 || fd > 1 << 20) {
		err_set(e, -EINVAL, "%s: not a descriptor: give fd:N", source);
		return NULL;
	}
	if (lseek((int)fd, 0, SEEK_SET) < 0) {
		err_set(e, -errno, "%s: not an open file: %s", source, strerror(errno));
		return NULL;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%ld", fd);
	return json_read_file(path, e);
}

struct vm_config *vm_config_read(const char *source, bool resolved, struct err *e)
{
	json_t *obj = strncmp(source, "fd:", 3) ? json_read_file(source, e) : read_fd(source, e);
	struct vm_config *c;

	if (!obj)
		return NULL;
	c = vm_config_parse(obj, source, resolved, e);
	json_decref(obj);
	return c;
}

void vm_config_free(struct vm_config *c)
{
	if (!c)
		return;
	for (unsigned int i = 0; i < c->ndisks; i++) {
		free(c->disks[i].image);
		free(c->disks[i].format);
		free(c->disks[i].vhost_user);
	}
	for (unsigned int i = 0; i < c->nnets; i++) {
		free(c->nets[i].set);
		free(c->nets[i].vhost_user);
	}
	free(c->disks);
	free(c->nets);
	free(c->name);
	free(c->kernel);
	free(c->initrd);
	free(c->cmdline);
	free(c);
}
