// SPDX-License-Identifier: Apache-2.0
/*
 * 82574-model: an Intel 82574L network card as a program.
 *
 *   82574-model --socket PATH --wire dgram:LOCAL,REMOTE|tap:NAME|none [--mac 02:00:00:00:00:01]
 *               [--faults PATH]
 *
 * SIGUSR1 pulls the cable, SIGUSR2 plugs it in, SIGTERM and SIGINT end the program.
 */
#include "card.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct options {
	const char *socket, *wire, *faults;
	uint8_t mac[6];
};

static int signals = -1;

static int parse_mac(const char *text, uint8_t mac[6])
{
	unsigned int b[6];
	int end = 0;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
		   &end) != 6 || text[end] || b[0] & 1)
		return -EINVAL;
	for (int i = 0; i < 6; i++)
		mac[i] = (uint8_t)b[i];
	return 0;
}

static int usage(const char *why, const char *what)
{
	fprintf(stderr, "82574-model: %s%s; use --socket PATH --wire dgram:LOCAL,REMOTE|tap:NAME|"
		"none [--mac 02:00:00:00:00:01] [--faults PATH]\n", why, what);
	return 2;
}

static int read_options(int argc, char **argv, struct options *o)
{
	static const struct option known[] = {
		{"socket", required_argument, NULL, 's'},
		{"wire", required_argument, NULL, 'w'},
		{"mac", required_argument, NULL, 'm'},
		{"faults", required_argument, NULL, 'f'},
		{NULL, 0, NULL, 0},
	};
	int k;

	opterr = 0;
	while ((k = getopt_long(argc, argv, "", known, NULL)) >= 0) {
		if (k == 's')
			o->socket = optarg;
		else if (k == 'w')
			o->wire = optarg;
		else if (k == 'f')
			o->faults = optarg;
		else if (k != 'm')
			return usage("not an option or without its value: ", argv[optind - 1]);
		else if (parse_mac(optarg, o->mac))
			return usage("not a unicast MAC address: ", optarg);
	}
	if (optind < argc)
		return usage("not understood: ", argv[optind]);
	if (!o->socket || !o->wire)
		return usage("missing: ", o->socket ? "--wire" : "--socket");
	return 0;
}

static void on_signal(void *arg, short revents)
{
	struct card *c = arg;
	struct signalfd_siginfo info;

	if (read(signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGUSR1 || info.ssi_signo == SIGUSR2)
		model_wire_set_link(c->wire, info.ssi_signo == SIGUSR2);
	else
		model_loop_stop(c->loop);
}

static int watch_signals(struct card *c)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return signals < 0 ? -errno : model_loop_add(c->loop, signals, POLLIN, on_signal, c);
}

static int make_card(struct card *c, const struct options *o)
{
	static const struct model_wire_ops wire_ops = {
		.receive = rx_wire,
		.link = link_cable,
		.ready = tx_wire_ready,
	};
	char why[256];

	list_init(&c->in);
	list_init(&c->out);
	memcpy(c->mac, o->mac, 6);
	irq_init(c);
	delay_init(c);
	phy_init(c);
	nvm_init(c);
	c->loop = model_loop_new();
	c->model = c->loop ? model_new(c->loop, &card_pci, &card_ops, c) : NULL;
	if (!c->model || model_add_pm_cap(c->model, 0xc8) || model_add_pcie_cap(c->model, 0xe0))
		return usage("cannot make the card: ", strerror(errno));
	c->wire = model_wire_open(c->loop, o->wire, &wire_ops, c, why, sizeof(why));
	if (!c->wire) {
		model_log("%s", why);
		return 1;
	}
	card_reset(c);
	return 0;
}

int main(int argc, char **argv)
{
	struct options o = {.mac = {0x02, 0x00, 0x00, 0x82, 0x57, 0x4c}};
	struct card *c = calloc(1, sizeof(*c));
	int r = read_options(argc, argv, &o);

	model_log_name("82574-model");
	if (!c || r)
		return c ? r : 1;
	r = make_card(c, &o);
	if (r)
		return r;
	r = watch_signals(c);
	if (!r)
		r = model_listen(c->model, o.socket);
	if (r) {
		model_log("cannot serve %s: %s; choose a path that is free and writable", o.socket,
			  strerror(-r));
		return 1;
	}
	r = o.faults ? model_faults_listen(c->model, o.faults) : 0;
	if (r) {
		model_log("cannot take faults at %s: %s", o.faults, strerror(-r));
		return 1;
	}
	r = model_loop_run(c->loop);
	model_free(c->model);
	card_free(c);
	model_wire_close(c->wire);
	model_loop_free(c->loop);
	close(signals);
	free(c);
	return r ? 1 : 0;
}
