// SPDX-License-Identifier: Apache-2.0
#include "kernel/cli/session.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/cli/client.h"
#include "kernel/cli/set.h"
#include "kernel/lib/fdpass.h"
#include "kernel/lib/paths.h"

/* Removes the files of the folder, which is flat. */
static void empty_dir(const char *path)
{
	struct dirent *de;
	DIR *d = opendir(path);

	while (d && (de = readdir(d)))
		if (strcmp(de->d_name, ".") && strcmp(de->d_name, "..") &&
		    strcmp(de->d_name, "lock"))
			unlinkat(dirfd(d), de->d_name, 0);
	if (d)
		closedir(d);
}

int session_open(struct session *s, const struct vm_config *cfg, json_t *vm, struct err *e)
{
	char lock[96];
	int r;

	memset(s, 0, sizeof(*s));
	s->cfg = cfg;
	s->vm = vm;
	s->lock = s->alive[0] = s->alive[1] = -1;
	r = client_path("vms", cfg->name, NULL, s->dir, sizeof(s->dir), e);
	if (!r)
		r = path_make_dirs(s->dir, e);
	if (r)
		return r;
	snprintf(lock, sizeof(lock), "%s/lock", s->dir);
	s->lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (s->lock < 0)
		return err_set(e, -errno, "%s: cannot be made: %s", lock, strerror(errno));
	if (flock(s->lock, LOCK_EX | LOCK_NB) < 0) {
		close(s->lock);
		s->lock = -1;
		return err_set(e, -EBUSY, "VM \"%s\" is running already: stop it, or give this one "
			       "another name", cfg->name);
	}
	/* What a predecessor left that was killed; its programs died with it. */
	empty_dir(s->dir);
	return 0;
}

/* QEMU's name for the format: as configured, else by the file's ending. Never by its content: a
 * guest could write another format's header into its raw disk. */
static const char *disk_format(const struct vm_disk *d)
{
	static const char *const known[][2] = {{".qcow2", "qcow2"}, {".raw", "raw"},
					       {".vmdk", "vmdk"}, {".vdi", "vdi"},
					       {".vhdx", "vhdx"}, {".vhd", "vpc"}};
	size_t n = strlen(d->image);

	if (d->format)
		return d->format;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t k = strlen(known[i][0]);

		if (n > k && !strcmp(d->image + n - k, known[i][0]))
			return known[i][1];
	}
	return NULL;
}

int session_check_disks(const struct vm_config *cfg, struct err *e)
{
	for (unsigned int i = 0; i < cfg->ndisks; i++) {
		const struct vm_disk *d = &cfg->disks[i];

		if (!d->image)
			continue;
		if (access(d->image, d->readonly ? R_OK : R_OK | W_OK) < 0)
			return err_set(e, -errno, "disk %s: cannot be opened%s: %s", d->image,
				       d->readonly ? "" : " for writing", strerror(errno));
		if (!disk_format(d))
			return err_set(e, -EINVAL, "disk %s: its name does not tell its format: "
				       "add \"format\", as \"raw\" or \"qcow2\"", d->image);
	}
	return 0;
}

static int start_disk(struct session *s, unsigned int i, const char *path, struct err *e)
{
	const struct vm_disk *d = &s->cfg->disks[i];
	const char *format = disk_format(d);
	char log[128], sock[104], blockdev[2 * PATH_MAX], *text;
	char export[] = "type=vhost-user-blk,id=e,node-name=d,addr.type=fd,addr.str=3,writable=off";
	char *argv[] = {"qemu-storage-daemon", "--blockdev", blockdev, "--export", export, NULL};
	json_t *opts;
	int fd, r;

	if (!d->readonly)
		strcpy(strstr(export, "off"), "on");
	opts = json_pack("{s:s,s:s,s:b,s:{s:s,s:s,s:b}}", "driver", format, "node-name", "d",
			 "read-only", d->readonly, "file", "driver", "file", "filename", path,
			 "read-only", d->readonly);
	text = json_dumps(opts, JSON_COMPACT);
	json_decref(opts);
	snprintf(blockdev, sizeof(blockdev), "%s", text ? text : "");
	free(text);
	snprintf(sock, sizeof(sock), "%s/disk%u", s->dir, i);
	snprintf(log, sizeof(log), "%s/disk%u.log", s->dir, i);
	fd = unix_listen(sock, 1);
	if (fd < 0)
		return err_set(e, fd, "%s: cannot be made: %s", sock, strerror(-fd));
	r = child_start(&s->disks[i], "qemu-storage-daemon (package qemu-utils or "
			"qemu-system-common)", argv, &(struct child_fd){fd, 3}, 1, log, e);
	close(fd);
	json_array_set_new(json_object_get(s->vm, "disks"), i,
			   json_pack("{s:s,s:b}", "vhost-user", sock, "readonly", d->readonly));
	return r;
}

int session_disks(struct session *s, struct err *e)
{
	char path[PATH_MAX];
	int r = 0;

	for (unsigned int i = 0; i < s->cfg->ndisks && !r; i++) {
		if (!s->cfg->disks[i].image)
			continue;
		if (!realpath(s->cfg->disks[i].image, path))
			return err_set(e, -errno, "disk %s: %s", s->cfg->disks[i].image,
				       strerror(errno));
		r = start_disk(s, i, path, e);
	}
	return r;
}

/* A set of the VM's own, with the user's network behind it; it ends with this process. */
static int start_own_set(struct session *s, struct err *e)
{
	char config[32], log[128], program[PATH_MAX];
	char *argv[] = {program, "--config", "fd:3", "--ready-fd", "4", "--exit-with-fd", "5",
			NULL};
	int ready[2] = {-1, -1}, fd, r;
	json_t *j;

	snprintf(s->set, sizeof(s->set), "vm-%.30s", s->cfg->name);
	r = path_program("vmhi-driverd", program, sizeof(program), e);
	if (r)
		return r;
	fd = memfd_create("set.json", MFD_CLOEXEC);
	if (fd < 0 || pipe2(ready, O_CLOEXEC) < 0 || pipe2(s->alive, O_CLOEXEC) < 0)
		return err_set(e, -errno, "no descriptor for the VM's set: %s", strerror(errno));
	j = json_pack("{s:s,s:b}", "name", s->set, "passt", 1);
	r = json_dumpfd(j, fd, JSON_COMPACT);
	json_decref(j);
	snprintf(config, sizeof(config), "fd:3");
	snprintf(log, sizeof(log), "%s/set.log", s->dir);
	if (!r) {
		struct child_fd fds[] = {{fd, 3}, {ready[1], 4}, {s->alive[0], 5}};

		r = child_start(&s->keeper, "vmhi-driverd", argv, fds, 3, log, e);
	}
	close(fd);
	close(ready[1]);
	if (!r)
		r = set_wait_ready(&s->keeper, ready[0], log, e);
	close(ready[0]);
	return r;
}

static void mac_text(const uint8_t mac[6], char out[18])
{
	snprintf(out, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
		 mac[5]);
}

/* An address that stays the same for a name: FNV-1a into QEMU's locally known prefix. */
static void net_mac(const struct session *s, unsigned int i, char out[18])
{
	uint32_t h = 2166136261u;
	uint8_t mac[6] = {0x52, 0x54, 0};

	if (s->cfg->nets[i].has_mac) {
		mac_text(s->cfg->nets[i].mac, out);
		return;
	}
	for (const char *c = s->cfg->name; *c; c++)
		h = (h ^ (uint8_t)*c) * 16777619u;
	h += i;
	mac[3] = (uint8_t)(h >> 16);
	mac[4] = (uint8_t)(h >> 8);
	mac[5] = (uint8_t)h;
	mac_text(mac, out);
}

static void port_name(const struct session *s, unsigned int i, char out[40])
{
	snprintf(out, 40, "%.28s.%u", s->cfg->name, i);
}

static json_t *add_port(struct session *s, unsigned int i, const char *mac, struct err *e)
{
	const struct vm_net *n = &s->cfg->nets[i];
	json_t *req, *ans;
	char port[40];

	port_name(s, i, port);
	req = json_pack("{s:s,s:s,s:s}", "op", "port-add", "name", port, "mac", mac);
	if (n->vlan)
		json_object_set_new(req, "vlan", json_integer(n->vlan));
	if (n->queues > 1)
		json_object_set_new(req, "queues", json_integer(n->queues));
	/* a VM that was killed may have left its port behind on a set that lives on */
	json_decref(client_ask("sets", n->set ? n->set : s->set,
			       json_pack("{s:s,s:s}", "op", "port-del", "name", port), NULL, e));
	ans = client_ask("sets", n->set ? n->set : s->set, req, NULL, e);
	if (ans && n->set)
		s->port_set[i] = n->set;
	if (ans && !json_string_value(json_object_get(ans, "socket"))) {
		json_decref(ans);
		ans = NULL;
		err_set(e, -EPROTO, "set \"%s\" gave no socket for the port", n->set);
	}
	return ans;
}

int session_nets(struct session *s, struct err *e)
{
	for (unsigned int i = 0; i < s->cfg->nnets; i++) {
		const struct vm_net *n = &s->cfg->nets[i];
		json_t *ans, *net;
		char mac[18];
		int r;

		net_mac(s, i, mac);
		if (n->vhost_user)
			continue;
		if (!n->set && !s->keeper.pid && (r = start_own_set(s, e)))
			return r;
		ans = add_port(s, i, mac, e);
		if (!ans)
			return e->code;
		net = json_pack("{s:O,s:s,s:i}", "vhost-user", json_object_get(ans, "socket"),
				"mac", mac, "queues", (int)n->queues);
		if (n->mtu)
			json_object_set_new(net, "mtu", json_integer(n->mtu));
		json_array_set_new(json_object_get(s->vm, "nets"), i, net);
		json_decref(ans);
	}
	return 0;
}

int session_machine(struct session *s, bool stdio, struct err *e)
{
	char program[PATH_MAX], log[128];
	char *argv[] = {program, "--config", "fd:3", stdio ? "--console" : NULL, "stdio", NULL};
	int fd, r = path_program("vmhi-vm", program, sizeof(program), e);

	if (r)
		return r;
	fd = memfd_create("vm.json", MFD_CLOEXEC);
	if (fd < 0 || json_dumpfd(s->vm, fd, JSON_COMPACT) < 0)
		return err_set(e, -EIO, "no descriptor for the VM: %s", strerror(errno));
	snprintf(log, sizeof(log), "%s/vm.log", s->dir);
	r = child_start(&s->machine, "vmhi-vm", argv, &(struct child_fd){fd, 3}, 1,
			stdio ? NULL : log, e);
	close(fd);
	return r;
}

void session_close(struct session *s)
{
	struct err e;

	child_stop(&s->machine, 10000);
	for (unsigned int i = 0; s->cfg && i < s->cfg->nnets; i++) {
		char port[40];

		if (!s->port_set[i])
			continue;
		port_name(s, i, port);
		json_decref(client_ask("sets", s->port_set[i],
				       json_pack("{s:s,s:s}", "op", "port-del", "name", port), NULL,
				       &e));
	}
	child_stop(&s->keeper, 5000);
	for (unsigned int i = 0; i < VM_DISKS_MAX; i++)
		child_stop(&s->disks[i], 5000);
	if (s->lock >= 0) {
		char lock[96];

		empty_dir(s->dir);
		snprintf(lock, sizeof(lock), "%s/lock", s->dir);
		unlink(lock);
		rmdir(s->dir);
		close(s->lock);
	}
}
