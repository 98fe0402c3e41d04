// SPDX-License-Identifier: Apache-2.0
/*
 * lpe31000-model: one port of an Emulex LPe31000 as a program.
 *
 *   lpe31000-model (--socket PATH | --proxy PATH|FD --qtest PATH) --wire fc:PATH|fc-listen:PATH|none
 *                  [--wwpn 10:00:00:10:9b:00:00:01] [--wwnn 20:00:00:10:9b:00:00:01] [--faults PATH]
 *
 * SIGUSR1 takes the fibre's light away, SIGUSR2 gives it back.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vmhi-model/main.h>

#include "card.h"
#include "rx.h"
#include "tx.h"

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

static int parse_name(const char *text, uint8_t name[8])
{
	unsigned int b[8];
	int end = 0;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4],
		   &b[5], &b[6], &b[7], &end) != 8 || text[end])
		return -EINVAL;
	for (int i = 0; i < 8; i++)
		name[i] = (uint8_t)b[i];
	return 0;
}

static int set_wwpn(void *dev, const char *text)
{
	return parse_name(text, ((struct program *)dev)->card.wwpn);
}

static int set_wwnn(void *dev, const char *text)
{
	return parse_name(text, ((struct program *)dev)->card.wwnn);
}

static const struct model_option options[] = {
	{"wire", "fc:PATH|fc-listen:PATH|none", true, set_wire},
	{"wwpn", "10:00:00:10:9b:00:00:01", false, set_wwpn},
	{"wwnn", "20:00:00:10:9b:00:00:01", false, set_wwnn},
	{NULL, NULL, false, NULL},
};

static struct model *start(void *dev, struct model_loop *l)
{
	static const struct fc_wire_ops wire_ops = {
		.receive = rx_frame,
		.link = link_wire,
		.ready = tx_ready,
	};
	struct program *p = dev;
	struct card *c = &p->card;
	char why[256];

	c->loop = l;
	c->wire = fc_wire_open(l, p->wire, &wire_ops, c, why, sizeof(why));
	if (!c->wire) {
		model_log("%s", why);
		return NULL;
	}
	c->model = model_new(l, &card_pci, &card_ops, c);
	if (!c->model || card_init(c)) {
		model_log("cannot make the card: %s", strerror(errno));
		model_free(c->model);
		fc_wire_close(c->wire);
		return NULL;
	}
	link_reset(c);
	return c->model;
}

static void on_signal(void *dev, int signo)
{
	struct program *p = dev;

	link_cable(&p->card, signo == SIGUSR2);
}

static void stop(void *dev)
{
	struct program *p = dev;

	card_free(&p->card);
	fc_wire_close(p->card.wire);
}

int main(int argc, char **argv)
{
	static const struct model_program program = {
		.name = "lpe31000-model",
		.options = options,
		.start = start,
		.signal = on_signal,
		.stop = stop,
	};
	struct program *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return 1;
	memcpy(p->card.wwpn, "\x10\x00\x00\x10\x9b\x00\x00\x01", 8);
	memcpy(p->card.wwnn, "\x20\x00\x00\x10\x9b\x00\x00\x01", 8);
	r = model_main(&program, p, argc, argv);
	free(p);
	return r;
}
