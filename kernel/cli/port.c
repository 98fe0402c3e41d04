// SPDX-License-Identifier: Apache-2.0
/* vmhi port list: the ports of the sets that run, with their counters. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel/cli/cli.h"
#include "kernel/cli/client.h"

static int add_rows(json_t *rows, const char *set, struct err *e)
{
	json_t *ans = client_ask("sets", set, json_pack("{s:s}", "op", "ports"), NULL, e);
	json_t *list = json_object_get(ans, "ports"), *row;
	size_t i;

	if (!ans)
		return -1;
	json_array_foreach(list, i, row) {
		json_object_set_new(row, "set", json_string(set));
		json_array_append(rows, row);
	}
	json_decref(ans);
	return 0;
}

static int list(const char *set, bool as_json)
{
	static const char *const columns[] = {
		"set:SET", "name:PORT", "kind:KIND", "up:UP", "rx_packets:RX-PKTS",
		"rx_bytes:RX-BYTES", "tx_packets:TX-PKTS", "tx_bytes:TX-BYTES",
		"drops.spoof:SPOOF", "drops.vlan:VLAN", "drops.rate:RATE", "drops.nobuf:NOBUF",
		"ring_errors:RING-ERR", NULL};
	struct err e;
	json_t *names, *rows = json_array(), *name;
	int failed = 0;
	size_t i;

	if (set && add_rows(rows, set, &e))
		return client_fail(&e);
	names = set ? json_array() : client_running("sets", &e);
	if (!names)
		return client_fail(&e);
	/* One that ended meanwhile has no ports to show. */
	json_array_foreach(names, i, name)
		if (add_rows(rows, json_string_value(name), &e) && e.code != -ENOENT &&
		    e.code != -ECONNREFUSED)
			failed |= client_fail(&e);
	client_table(rows, columns, as_json);
	json_decref(rows);
	json_decref(names);
	return failed;
}

int cmd_port(int argc, char **argv)
{
	bool as_json = client_wants_json(&argc, argv);

	if ((argc == 2 || argc == 3) && !strcmp(argv[1], "list"))
		return list(argv[2], as_json);
	fputs("usage: vmhi port list [SET] [--json]\n", stderr);
	return 2;
}
