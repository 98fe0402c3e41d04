// SPDX-License-Identifier: Apache-2.0
/*
 * fc-fabric: a Fibre Channel switch as a program.
 *
 *   fc-fabric [--port PATH[,PATH...]] [--fcoe WIRE] [--zone "NAME WWPN;WWPN..."]... [--control PATH]
 *             [--pcap FILE]
 *
 * Each PATH becomes an F_Port, a unix socket that a card or a target plugs into. On WIRE, an Ethernet
 * cable as model_wire_open() takes it, the fabric is an FCoE forwarder. SIGTERM and SIGINT end the
 * program.
 */
#include "fcoe.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

#include <vmhi-model/commands.h>
#include <vmhi-model/model.h>

#include "../program.h"

struct program {
	struct fabric *f;
	struct fcoe *fcoe;
	struct model_commands *control;
};

static int usage(const char *why, const char *what)
{
	model_log("%s%s; use [--port PATH[,PATH...]] [--fcoe WIRE] [--zone \"NAME WWPN;WWPN...\"]... "
		  "[--control PATH] [--pcap FILE]", why, what);
	return 2;
}

static int add_ports(struct fabric *f, char *paths)
{
	char *rest = paths, *path, why[256];

	while ((path = strsep(&rest, ","))) {
		if (!*path)
			return usage("an empty path in --port ", paths);
		if (!fabric_listen(f, path, why, sizeof(why))) {
			model_log("%s", why);
			return 1;
		}
	}
	return 0;
}

static int add_zone(struct fabric *f, const char *text)
{
	char name[64], members[4096], why[256];

	if (sscanf(text, "%63s %4095s", name, members) != 2)
		return usage("no zone: ", text);
	if (zone_add(f, name, members, why, sizeof(why)))
		return 0;
	model_log("%s", why);
	return 2;
}

static int report(const char *what, const char *path, int r)
{
	if (r)
		model_log("%s %s: %s", what, path, strerror(-r));
	return r ? 1 : 0;
}

static int add_fcoe(struct program *p, const char *wire)
{
	char why[256];

	if (p->fcoe)
		return usage("a second --fcoe ", wire);
	p->fcoe = fcoe_open(p->f, wire, why, sizeof(why));
	if (p->fcoe)
		return 0;
	model_log("%s", why);
	return 1;
}

static int apply(struct program *p, int k, const char *last)
{
	switch (k) {
	case 'p':
		return add_ports(p->f, optarg);
	case 'e':
		return add_fcoe(p, optarg);
	case 'z':
		return add_zone(p->f, optarg);
	case 'c':
		if (p->control)
			return usage("a second --control ", optarg);
		return report("--control", optarg,
			      model_commands_listen(p->f->loop, optarg, fault_command, p->f,
						    &p->control));
	case 'd':
		if (p->f->pcap)
			return usage("a second --pcap ", optarg);
		return report("--pcap", optarg, capture_open(p->f, optarg));
	}
	return usage("not an option or without its value: ", last);
}

static int configure(struct program *p, int argc, char **argv)
{
	static const struct option known[] = {
		{"port", required_argument, NULL, 'p'},
		{"fcoe", required_argument, NULL, 'e'},
		{"zone", required_argument, NULL, 'z'},
		{"control", required_argument, NULL, 'c'},
		{"pcap", required_argument, NULL, 'd'},
		{NULL, 0, NULL, 0},
	};
	int k, r;

	opterr = 0;
	while ((k = getopt_long(argc, argv, "", known, NULL)) >= 0) {
		r = apply(p, k, argv[optind - 1]);
		if (r)
			return r;
	}
	if (optind < argc)
		return usage("not understood: ", argv[optind]);
	return p->f->port[0] || p->fcoe ? 0 : usage("missing: ", "--port or --fcoe");
}

int main(int argc, char **argv)
{
	struct model_loop *l = model_loop_new();
	struct program p = {.f = l ? fabric_new(l) : NULL};
	int r = 1;

	model_log_name("fc-fabric");
	if (p.f)
		r = configure(&p, argc, argv);
	else
		model_log("out of memory");
	if (!r)
		r = fc_program_run(l);
	model_commands_close(p.control);
	fcoe_close(p.fcoe);
	fabric_free(p.f);
	model_loop_free(l);
	return r;
}
