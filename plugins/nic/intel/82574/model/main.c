// SPDX-License-Identifier: Apache-2.0
/*
 * 82574-model: an Intel 82574L network card as a program.
 *
 *   82574-model (--socket PATH | --proxy PATH|FD --qtest PATH [--vtd BUS:SLOT.FUNCTION])
 *               [--faults PATH] --wire dgram:LOCAL,REMOTE|tap:NAME|none
 *               [--mac 02:00:00:00:00:01]
 *
 * SIGUSR1 pulls the cable, SIGUSR2 plugs it in, SIGTERM and SIGINT end the program.
 */
#include "card.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vmhi-model/main.h>

struct program {
	struct card card;
	const char *wire;
};

static int set_wire(void *dev, const char *text)
{
	struct program *p = dev;

	p->wire = text;
	return 0;
}

static int set_mac(void *dev, const char *text)
{
	struct program *p = dev;
	unsigned int b[6];
	int end = 0;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
		   &end) != 6 || text[end] || b[0] & 1)
		return -EINVAL;
	for (int i = 0; i < 6; i++)
		p->card.mac[i] = (uint8_t)b[i];
	return 0;
}

static const struct model_option options[] = {
	{"wire", "dgram:LOCAL,REMOTE|tap:NAME|none", true, set_wire},
	{"mac", "02:00:00:00:00:01", false, set_mac},
	{NULL, NULL, false, NULL},
};

static struct model *start(void *dev, struct model_loop *l)
{
	static const struct model_wire_ops wire_ops = {
		.receive = rx_wire,
		.link = link_cable,
		.ready = tx_wire_ready,
	};
	struct program *p = dev;
	struct card *c = &p->card;
	char why[256];

	list_init(&c->in);
	list_init(&c->out);
	irq_init(c);
	delay_init(c);
	phy_init(c);
	nvm_init(c);
	c->loop = l;
	c->model = model_new(l, &card_pci, &card_ops, c);
	if (!c->model || model_add_pm_cap(c->model, 0xc8) || model_add_pcie_cap(c->model, 0xe0)) {
		model_log("cannot make the card: %s", strerror(errno));
		model_free(c->model);
		return NULL;
	}
	c->wire = model_wire_open(l, p->wire, &wire_ops, c, why, sizeof(why));
	if (!c->wire) {
		model_log("%s", why);
		model_free(c->model);
		return NULL;
	}
	card_reset(c);
	return c->model;
}

static void on_signal(void *dev, int signo)
{
	struct program *p = dev;

	model_wire_set_link(p->card.wire, signo == SIGUSR2);
}

static void stop(void *dev)
{
	struct program *p = dev;

	card_free(&p->card);
	model_wire_close(p->card.wire);
}

int main(int argc, char **argv)
{
	static const struct model_program program = {
		.name = "82574-model",
		.options = options,
		.start = start,
		.signal = on_signal,
		.stop = stop,
	};
	struct program *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return 1;
	memcpy(p->card.mac, "\x02\x00\x00\x82\x57\x4c", 6);
	r = model_main(&program, p, argc, argv);
	free(p);
	return r;
}
