/* SPDX-License-Identifier: Apache-2.0 */
/* VM.json, parsed and checked. Shared by vmhi, which resolves images and sets, and vmhi-vm. */
#ifndef KERNEL_VM_CONFIG_H
#define KERNEL_VM_CONFIG_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel/lib/err.h"

#define VM_CPUS_MAX  64
#define VM_DISKS_MAX 16
#define VM_NETS_MAX  16

struct vm_disk {
	char *image, *format;	/* or */
	char *vhost_user;
	bool readonly;
};

struct vm_net {
	char *set;		/* or vhost_user; neither: a set of the VM's own */
	char *vhost_user;
	bool has_mac;
	uint8_t mac[6];
	uint16_t vlan;		/* 0: untagged */
	uint16_t mtu;		/* 0: not told to the guest */
	uint16_t queues;	/* queue pairs, at least 1 */
};

enum vm_console { VM_CONSOLE_SERIAL, VM_CONSOLE_VIRTIO };

struct vm_config {
	char *name;
	unsigned int cpus;
	uint64_t memory;	/* bytes */
	char *kernel, *initrd, *cmdline;	/* initrd may be NULL; cmdline is "" if not given */
	struct vm_disk *disks;
	unsigned int ndisks;
	struct vm_net *nets;
	unsigned int nnets;
	bool rng;
	enum vm_console console;
};

/*
 * Reads the object; where names it in errors (a file name). With resolved, what only vmhi can
 * resolve ("image", "format", "set", "vlan") is refused. NULL with *e worded.
 */
struct vm_config *vm_config_parse(const json_t *obj, const char *where, bool resolved,
				  struct err *e);

/* From a file, or "fd:N" (read from its beginning). */
struct vm_config *vm_config_read(const char *source, bool resolved, struct err *e);

void vm_config_free(struct vm_config *c);

#endif
