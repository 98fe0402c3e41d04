// SPDX-License-Identifier: Apache-2.0
/* vmhi: finds the command and hands over to it. */
#include <stdio.h>
#include <string.h>

#include "kernel/cli/cli.h"

static const struct {
	const char *name;
	int (*fn)(int argc, char **argv);
	const char *what;
} commands[] = {
	{"run", cmd_run, "start a VM, from VM.json or a disk image"},
	{"vm", cmd_vm, "list VMs; their console, power button, end"},
	{"set", cmd_set, "list, start and stop device sets"},
	{"device", cmd_device, "list PCI devices; give them to vfio-pci and back"},
	{"driver", cmd_driver, "inspect, list, sign and begin drivers"},
	{"port", cmd_port, "list the ports of sets, with their counters"},
};

static void usage(FILE *f)
{
	fputs("usage: vmhi COMMAND [ARGUMENT...]\n\n", f);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(f, "  %-8s %s\n", commands[i].name, commands[i].what);
	fputs("\n\"vmhi COMMAND\" alone says how that one is used; vmhi(1) has all of it.\n", f);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--version")) {
		puts("vmhi " VERSION);
		return 0;
	}
	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help"))) {
		usage(stdout);
		return 0;
	}
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].fn(argc - 1, argv + 1);
	if (argc > 1)
		fprintf(stderr, "vmhi: no command \"%s\"\n", argv[1]);
	usage(stderr);
	return 2;
}
