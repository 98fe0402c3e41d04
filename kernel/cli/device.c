// SPDX-License-Identifier: Apache-2.0
/* vmhi device list | bind | unbind: PCI devices and models of them, and who drives them. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/bus/sysfs.h"
#include "kernel/cli/cli.h"
#include "kernel/cli/client.h"

/* The set that has it, and what that had to do for it. */
static void add_user(json_t *row, json_t *set, const json_t *dev)
{
	json_object_set(row, "set", set);
	json_object_set(row, "restarts", json_object_get(dev, "restarts"));
	json_object_set(row, "cause", json_object_get(dev, "cause"));
}

/* The row of that device; one without an address on the PCI bus, as a model's, gets one here. */
static json_t *row_of(json_t *rows, const json_t *dev)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
		if (json_equal(json_object_get(row, "address"), json_object_get(dev, "name")))
			return row;
	row = json_pack("{s:O,s:O,s:b}", "address", json_object_get(dev, "name"), "id",
			json_object_get(dev, "id"), "bindable", 0);
	json_array_append_new(rows, row);
	return row;
}

/* Which running set has the device, if one has. */
static void add_users(json_t *rows)
{
	struct err e;
	json_t *names = client_running("sets", &e), *name, *dev;
	size_t i, k;

	json_array_foreach(names, i, name) {
		json_t *ans = client_ask("sets", json_string_value(name),
					 json_pack("{s:s}", "op", "devices"), NULL, &e);

		json_array_foreach(json_object_get(ans, "devices"), k, dev)
			add_user(row_of(rows, dev), name, dev);
		json_decref(ans);
	}
	json_decref(names);
}

static int list(bool as_json)
{
	static const char *const columns[] = {"address:ADDRESS", "id:ID", "class:CLASS",
					      "group:GROUP", "driver:DRIVER",
					      "bindable:BINDABLE", "set:SET",
					      "restarts:RESTARTS", "cause:CAUSE", NULL};
	struct pci_info *info = NULL;
	json_t *rows = json_array();
	unsigned int n = 0;
	struct err e;

	if (sysfs_list(&info, &n, &e)) {
		json_decref(rows);
		return client_fail(&e);
	}
	for (unsigned int i = 0; i < n; i++) {
		char id[16], class[8];
		json_t *row;

		snprintf(id, sizeof(id), "%04x:%04x", info[i].vendor, info[i].device);
		snprintf(class, sizeof(class), "%04x", info[i].class >> 8 & 0xffff);
		row = json_pack("{s:s,s:s,s:s,s:b}", "address", info[i].address, "id", id, "class",
				class, "bindable", info[i].bindable);
		if (info[i].group >= 0)
			json_object_set_new(row, "group", json_integer(info[i].group));
		if (*info[i].driver)
			json_object_set_new(row, "driver", json_string(info[i].driver));
		json_array_append_new(rows, row);
	}
	free(info);
	add_users(rows);
	client_table(rows, columns, as_json);
	json_decref(rows);
	return 0;
}

int cmd_device(int argc, char **argv)
{
	bool as_json = client_wants_json(&argc, argv);
	struct err e;

	if (argc == 2 && !strcmp(argv[1], "list"))
		return list(as_json);
	if (argc == 3 && !strcmp(argv[1], "bind"))
		return sysfs_bind(argv[2], &e) ? client_fail(&e) : 0;
	if (argc == 3 && !strcmp(argv[1], "unbind"))
		return sysfs_unbind(argv[2], &e) ? client_fail(&e) : 0;
	fputs("usage: vmhi device list [--json]\n"
	      "       vmhi device bind|unbind ADDRESS      as 0000:04:00.0\n", stderr);
	return 2;
}
