// SPDX-License-Identifier: Apache-2.0
/*
 * fc-target: a Fibre Channel disk array as a program.
 *
 *   fc-target --wire fc:PATH --wwpn NAME --wwnn NAME --lun N=FILE[,OPTION...]... [--control PATH]
 *
 * Options of a LUN: ro, block=4096, mask=NAME (the initiator ports that see it; none named: all),
 * reservations=FILE (where APTPL keeps them). SIGTERM and SIGINT end the program.
 */
#include "target.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vmhi-model/commands.h>
#include <vmhi-model/model.h>

#include "sdk/models/fc/name.h"
#include "sdk/models/fc/program.h"

#define LUN_OPTIONS_MAX 256	/* --lun given so often */

struct options {
	const char *wire, *control;
	uint64_t wwpn, wwnn;
	char *lun[LUN_OPTIONS_MAX];
	unsigned int luns;
};

static int usage(const char *why, const char *what)
{
	model_log("%s%s; use --wire fc:PATH --wwpn NAME --wwnn NAME "
		  "--lun N=FILE[,ro][,block=4096][,reservations=FILE][,mask=NAME]... "
		  "[--control PATH]", why, what);
	return 2;
}

static bool lun_option(struct scsi_lu_config *c, const char **masks, unsigned int *n, char *word)
{
	if (!strcmp(word, "ro"))
		c->read_only = true;
	else if (!strcmp(word, "block=512") || !strcmp(word, "block=4096"))
		c->block_size = (uint32_t)atoi(word + 6);
	else if (!strncmp(word, "reservations=", 13))
		c->reservations = word + 13;
	else if (!strncmp(word, "mask=", 5) && *n < LUN_OPTIONS_MAX)
		masks[(*n)++] = word + 5;
	else
		return false;
	return true;
}

static int add_lun(struct target *t, char *text)
{
	struct scsi_lu_config c = {.block_size = 512};
	const char *masks[LUN_OPTIONS_MAX];
	char *rest = text, *word, why[512];
	unsigned int n = 0;
	int at = 0;

	if (sscanf(text, "%u=%n", &c.number, &at) != 1 || !at)
		return usage("no LUN, N=FILE: ", text);
	rest += at;
	c.path = strsep(&rest, ",");
	while ((word = strsep(&rest, ",")))
		if (!lun_option(&c, masks, &n, word))
			return usage("no option of a LUN: ", word);
	if (scsi_lu_add(t->scsi, &c, why, sizeof(why))) {
		model_log("%s", why);
		return 1;
	}
	for (unsigned int i = 0; i < n; i++)
		if (target_allow(t, c.number, masks[i]))
			return usage("no port name of 16 hex digits, or too many: ", masks[i]);
	return 0;
}

static int apply(struct options *o, int k)
{
	if (k == 'w')
		o->wire = optarg;
	else if (k == 'c')
		o->control = optarg;
	else if (k == 'p' && !fc_name_parse(optarg, &o->wwpn))
		return usage("no name of 16 hex digits: ", optarg);
	else if (k == 'n' && !fc_name_parse(optarg, &o->wwnn))
		return usage("no name of 16 hex digits: ", optarg);
	else if (k == 'l' && o->luns == LUN_OPTIONS_MAX)
		return usage("too many: --lun ", optarg);
	else if (k == 'l')
		o->lun[o->luns++] = optarg;
	return 0;
}

static int read_options(int argc, char **argv, struct options *o)
{
	static const struct option known[] = {
		{"wire", required_argument, NULL, 'w'}, {"wwpn", required_argument, NULL, 'p'},
		{"wwnn", required_argument, NULL, 'n'}, {"lun", required_argument, NULL, 'l'},
		{"control", required_argument, NULL, 'c'}, {NULL, 0, NULL, 0},
	};
	int k, r;

	opterr = 0;
	while ((k = getopt_long(argc, argv, "", known, NULL)) >= 0) {
		if (k == '?')
			return usage("not an option or without its value: ", argv[optind - 1]);
		r = apply(o, k);
		if (r)
			return r;
	}
	if (optind < argc)
		return usage("not understood: ", argv[optind]);
	if (!o->wire || !o->wwpn || !o->wwnn)
		return usage("missing: ", !o->wire ? "--wire" : o->wwpn ? "--wwnn" : "--wwpn");
	return 0;
}

static int start(struct target *t, const struct options *o, struct model_commands **control)
{
	char why[256];
	int r = 0;

	for (unsigned int i = 0; i < o->luns && !r; i++)
		r = add_lun(t, o->lun[i]);
	if (r)
		return r;
	if (o->control) {
		r = model_commands_listen(t->loop, o->control, control_command, t, control);
		if (r) {
			model_log("--control %s: %s", o->control, strerror(-r));
			return 1;
		}
	}
	if (target_wire(t, o->wire, why, sizeof(why))) {
		model_log("%s", why);
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct options o = {0};
	struct model_loop *l;
	struct target *t;
	struct model_commands *control = NULL;
	int r;

	model_log_name("fc-target");
	r = read_options(argc, argv, &o);
	if (r)
		return r;
	l = model_loop_new();
	t = l ? target_new(l, o.wwpn, o.wwnn) : NULL;
	r = 1;
	if (t)
		r = start(t, &o, &control);
	else
		model_log("out of memory");
	if (!r)
		r = fc_program_run(l);
	model_commands_close(control);
	if (t)
		target_free(t);
	model_loop_free(l);
	return r;
}
